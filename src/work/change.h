/* One change of the database's version by edges, from the lock to the guard: what upgrade and downgrade have in common.
 * Calling order: change_open(), change_plan(), then either show it, or migrate_run() (work/migrate.h); change_clear().
 *
 *   lock    the store's and the engine's, unless it is a dry run
 *   facts   facts_gather()
 *   plan    change_plan(): the edges' statements, their locks, what they lose
 *   guard   in change_plan() too: the snapshot's proof, then every refusal */
#ifndef WORK_CHANGE_H
#define WORK_CHANGE_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "model/facts.h"
#include "model/guard.h"
#include "model/plan.h"
#include "work/evidence.h"
#include "work/migrations.h"
#include "work/run.h"

struct change {
	bool dry;
	struct migrations migrations;
	struct db *db;               /* holds the engine's lock, unless dry */
	struct facts facts;
	struct plan plan;
	struct refusals refusals;
	struct snapshot_proof held;
	struct list warnings;        /* what the edges said when they ran: rows that they could not convert */
	bool stops;                  /* services run, and the run will stop them (work/cycle.h) */
	bool snapshots;              /* where no snapshot is fresh, the run takes one itself */
	bool told;                   /* of the edges whose text was changed */
};

/* For AUTO() on a struct change made by change_init(). Ends the connection, and with it the engine's lock. */
void change_clear(struct change *change);
/* command: "upgrade" or "downgrade"; a string that lives on. */
void change_init(struct change *change, const char *command, bool dry);

int change_open_migrations(struct change *change, const struct run *run, struct error *err);
/* Locks and facts; the migrations are open. */
int change_open(struct change *change, struct run *run, struct error *err);
/* The plan to get to version to, for engine release (NULL: the newest of that version). That no edges lead there is a
 * refusal too. Warns of edges whose text differs from what the journal says was applied. */
int change_plan(struct change *change, struct run *run, struct version to, const struct version *release,
	struct error *err);
/* The same plan again, with the guard in full, once the services are stopped and the snapshot is taken. ERROR_REFUSED
 * if the database is at another version now; what the guard refuses is in change->refusals. */
int change_check_again(struct change *change, struct run *run, struct error *err);
/* Id of the snapshot that the change stands on, borrowed; NULL: none, or the run is yet to take it. */
const char *change_snapshot(const struct change *change);
/* Edges lead from the database's version to that one. destroyed, unless NULL: what they cannot give back, because the
 * upgrade destroyed it; a line each. */
bool change_has_path(struct list *destroyed, const struct change *change, struct version to);
/* The folder of the store if the settings name one, NULL otherwise. */
const char *change_store(const struct run *run);

#endif
