/* What `upgrade` and `db upgrade` share. */
#ifndef COMMAND_UPGRADE_H
#define COMMAND_UPGRADE_H

#include <stdbool.h>

#include "base/error.h"
#include "work/change.h"
#include "work/run.h"

/* Opens the change, finds where to go (--to, else what the configured engine release needs if that is newer, else the
 * newest version there is SQL for) and plans it. *needed is false where the database is there already, and nothing is
 * planned then. ERROR_USAGE for a target that is unknown or behind. */
int upgrade_prepare(bool *needed, struct change *change, struct run *run, struct error *err);
/* Runs it and says so. */
int upgrade_finish(struct change *change, struct run *run, struct error *err);

#endif
