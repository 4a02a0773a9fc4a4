/* Retention: which snapshots go, and why the others stay (model/retention.h decides); databases that a restore put
 * aside and that are over their time go too. */
#ifndef WORK_PRUNE_H
#define WORK_PRUNE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "work/run.h"

struct pruned {
	size_t kept, dropped;    /* snapshots */
	uint64_t freed;          /* bytes */
	struct list ids;         /* of those that were dropped */
	struct list databases;   /* that were dropped */
};

/* By the settings; without any `keep_…` nothing is dropped. The store's lock is held. */
int prune_run(struct pruned *out, struct run *run, struct error *err);
void pruned_clear(struct pruned *pruned);

#endif
