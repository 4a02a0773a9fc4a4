/* The downgrade by snapshot: the newest one at the target version is swapped in. */
#ifndef COMMAND_SWAP_BACK_H
#define COMMAND_SWAP_BACK_H

#include "base/error.h"
#include "model/version.h"
#include "work/change.h"
#include "work/run.h"

/* change is open; its connection is ended on the way. ERROR_REFUSED if there is no such snapshot. */
int swap_back(struct change *change, struct run *run, struct version to, const struct version *release,
	struct error *err);

#endif
