/* Before the services are started: does the database fit the release that they are of? The engine upgrades its
 * database at launch, not atomically, without a snapshot and without a word; so nothing starts on a database that is
 * not its own.
 *
 *   not up yet       is waited for, for --timeout
 *   empty            start: a fresh engine makes its own schema
 *   fits             start; a hold that a run has left which died in between is taken away
 *   behind           ERROR_REFUSED with `anchore-admin upgrade --to …`; or, with --auto-upgrade or the setting
 *                    upgrade_at_launch: auto, a snapshot is taken and the database upgraded under the guard
 *   ahead            ERROR_REFUSED with `anchore-admin downgrade --to …` and the snapshot that fits
 *   being changed    by another host's launch, or by an operator: is waited for, then looked at again
 *   held             ERROR_LOCKED while the run that holds them lives; ERROR_REFUSED if it died and left database and
 *                    release apart
 *
 * A database of which nobody can tell starts, with a warning. */
#ifndef WORK_LAUNCH_H
#define WORK_LAUNCH_H

#include "base/error.h"
#include "work/run.h"

/* Blocks; ERROR_INTERRUPTED on a signal. 0: start. No lock is held afterwards. */
int launch_check(struct run *run, struct error *err);

#endif
