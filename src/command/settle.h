/* The database is where it should be, the services are not: a run that was killed left them stopped, or another release
 * of the same database version is wanted. What `upgrade` and `downgrade` do then. */
#ifndef COMMAND_SETTLE_H
#define COMMAND_SETTLE_H

#include "base/error.h"
#include "command/target.h"
#include "work/change.h"
#include "work/cycle.h"
#include "work/run.h"

/* change is open; its connection is ended on the way. Asks, and journals. */
int settle(struct run *run, struct change *change, struct cycle *cycle, const struct target *target, struct error *err);

#endif
