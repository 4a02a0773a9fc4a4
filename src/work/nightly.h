/* The scheduled job: a snapshot if anything has changed, retention, one older snapshot verified, metrics. It may run
 * for years without anybody looking, so it says nothing while all goes well, tells each failure once when it begins,
 * and keeps what became of it in the store (work/attempt.h).
 *
 *   the wait      a random time up to schedule_jitter, unless somebody watches
 *   the lock      scheduled.lock: never two at once; the second gives way (ERROR_LOCKED) without a word, but
 *                 where the first one hangs, and waits for one of another deployment (work/turn.h). Then the store's
 *                 lock, for which it waits up to an hour: an upgrade or a backup by hand is no reason to lose a night
 *   backup        incremental; none where the newest snapshot is the same (work/unchanged.h)
 *   prune         only after a backup that went well: nothing is dropped while nothing new comes
 *   verify        the snapshot whose turn it is, whatever became of the others
 *
 * A part that fails takes nothing away from the parts before it: the snapshot that was made stays. */
#ifndef WORK_NIGHTLY_H
#define WORK_NIGHTLY_H

#include "base/error.h"
#include "base/text.h"
#include "work/attempt.h"
#include "work/run.h"

struct nightly {
	struct attempt attempt; /* as it is recorded now */
	struct list said;       /* sentences for the operator, besides the error: missed nights, a failure's end */
	char *verified;         /* id of the older snapshot that was verified; NULL */
	size_t dropped;         /* snapshots by retention */
	double seconds;
};
void nightly_clear(struct nightly *nightly);

/* watched: somebody is at the terminal, so there is no wait, and a failure is told whether it is new or not. On
 * failure run->told says whether it was told before. */
int nightly_run(struct nightly *out, struct run *run, bool watched, struct error *err);

#endif
