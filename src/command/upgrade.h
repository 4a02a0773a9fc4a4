/* What `upgrade` and `db upgrade` share. */
#ifndef COMMAND_UPGRADE_H
#define COMMAND_UPGRADE_H

#include <stdbool.h>

#include "base/error.h"
#include "command/target.h"
#include "work/change.h"
#include "work/cycle.h"
#include "work/run.h"

struct upgrade {
	struct change change;
	struct cycle cycle;
	struct target target;
	enum cycle_due due;
};

void upgrade_init(struct upgrade *upgrade, bool dry);
void upgrade_clear(struct upgrade *upgrade);
/* Opens the change, finds where to go (--to, else what the configured engine release needs if that is newer, else the
 * newest version there is SQL for), what is due for that, and plans it. Nothing is planned unless the database has to
 * change. ERROR_USAGE for a target that is unknown or behind. */
int upgrade_prepare(struct upgrade *upgrade, struct run *run, struct error *err);
/* What is due is less than a change of the database: does it, or says that there is nothing to do. */
int upgrade_settle(struct upgrade *upgrade, struct run *run, struct error *err);
/* Before the question: the guard, and whether all is there that the new release needs. */
int upgrade_check(struct upgrade *upgrade, struct run *run, struct error *err);
/* Runs it and says so. */
int upgrade_finish(struct upgrade *upgrade, struct run *run, struct error *err);

#endif
