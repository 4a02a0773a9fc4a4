/* Retention: which snapshots go, and why the others stay (model/retention.h decides); databases that a restore put
 * aside and that are over their time go too.
 *
 * Calling order, with the store's lock held: prune_plan(), which only reads and needs no lock for a look; prune_do();
 * prune_plan_clear(). prune_run() is both at once. */
#ifndef WORK_PRUNE_H
#define WORK_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/retention.h"
#include "work/kept.h"
#include "work/run.h"
#include "work/store.h"

struct prune_plan {
	const char *store;                  /* the settings' */
	char *deployment;                   /* NULL: the store has none, so that nothing in it is this deployment's */
	struct retention_rules rules;
	struct list in_use;                 /* database versions that have to stay within reach */
	struct snapshot_list list;
	struct retention_verdict *verdicts; /* one for each of the list */
	bool asked;                         /* the database answered; else there are no databases here */
	struct kept_databases databases;
	struct retention_verdict *asides;   /* one for each of the databases */
	size_t dropped, databases_dropped;  /* how many are to go */
	uint64_t freed;                     /* bytes of the snapshots that are to go */
};

/* A database that does not answer is warned about: then the journal beside the snapshots says what depends on which
 * snapshot, and a full disk that stopped the server can be cleared. ERROR_FAILED where what has to stay within reach
 * cannot be known. */
int prune_plan(struct prune_plan *out, struct run *run, struct error *err);
void prune_plan_clear(struct prune_plan *plan);

struct pruned {
	size_t kept, dropped;    /* snapshots; kept: all files that are there afterwards, of whatever kind */
	uint64_t freed;          /* bytes */
	struct list ids;         /* of those that were dropped */
	struct list databases;   /* that were dropped */
};

/* The store's lock is held. A database that somebody works in stays, with a warning. */
int prune_do(struct pruned *out, struct run *run, const struct prune_plan *plan, struct error *err);
/* By the settings; without any `keep_…` no snapshot is dropped. The store's lock is held. */
int prune_run(struct pruned *out, struct run *run, struct error *err);
void pruned_clear(struct pruned *pruned);

#endif
