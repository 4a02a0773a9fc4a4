/* The downgrade by snapshot: the newest one at the target version is swapped in. */
#ifndef COMMAND_SWAP_BACK_H
#define COMMAND_SWAP_BACK_H

#include "base/error.h"
#include "command/target.h"
#include "work/change.h"
#include "work/cycle.h"
#include "work/run.h"

/* change is open; its connection is ended on the way. ERROR_REFUSED if there is no such snapshot. */
int swap_back(struct change *change, struct cycle *cycle, struct run *run, const struct target *target,
	struct error *err);

#endif
