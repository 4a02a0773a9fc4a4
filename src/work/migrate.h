/* Executes a plan: one transaction with every edge, the catalog check after each, the engine's version row and the
 * journal's row. It ends at the new version or it never happened.
 *
 * The change was opened and planned (work/change.h), the guard had no refusal, the operator agreed. Lock waits are
 * bounded by --lock-timeout; a transaction that waited in vain is rolled back and tried again, three times in all.
 *
 * Errors: ERROR_REFUSED something was written after the check, or others hold locks (named); ERROR_UNREACHABLE the
 * connection was lost before COMMIT was sent, nothing changed; ERROR_BETWEEN it was lost while COMMIT ran and could not
 * be made again to look; ERROR_INTERRUPTED rolled back. */
#ifndef WORK_MIGRATE_H
#define WORK_MIGRATE_H

#include "base/error.h"
#include "work/change.h"
#include "work/run.h"

int migrate_run(struct change *change, struct run *run, struct error *err);

#endif
