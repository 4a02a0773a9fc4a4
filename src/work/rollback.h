/* The way back: which of the two it is, and going it without a question, for `upgrade --auto-rollback`. */
#ifndef WORK_ROLLBACK_H
#define WORK_ROLLBACK_H

#include <stdbool.h>

#include "base/error.h"
#include "model/version.h"
#include "work/change.h"
#include "work/cycle.h"
#include "work/run.h"

/* By SQL, which keeps what was written since, where it leads there (*edges is true); but where the upgrade destroyed
 * what no SQL gives back, by the snapshot if there is one. --by and --no-snapshot decide before that; sql: nothing but
 * SQL will do. */
int rollback_choose(bool *edges, const struct change *change, const struct run *run, struct version to, bool sql,
	struct error *err);

/* Back to database version to and to release (NULL: what is pinned stays): as `downgrade` would choose, journaled under
 * a run id of its own. The run holds the store's lock, and the services run, or are held, on the new release. */
int rollback_run(struct cycle *cycle, struct version to, const struct version *release, struct error *err);

#endif
