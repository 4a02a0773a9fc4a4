/* What upgrade, downgrade, restore and the launch of the services decide from three facts: the version that the
 * database is at, the release that the services are pinned to, and whether a run that did not end holds them. Pure:
 * work/cycle and work/launch gather the facts and do what is due.
 *
 * The database changes in one transaction, the pin by one rename, the hold by one rename: whatever kills a run, each of
 * the three is as it was or as it is to be, and these functions say what is left to do. */
#ifndef MODEL_CYCLE_H
#define MODEL_CYCLE_H

#include <stdbool.h>

#include "base/text.h"
#include "model/instance.h"
#include "model/version.h"

struct cycle_state {
	bool database_known;
	struct version database;
	bool pinned;            /* something pins a release: */
	struct version release;
	bool needs_known;       /* and the list of releases has it: */
	struct version needs;   /* the database version that it needs */
	bool held;              /* the services are held: by a run that has died, unless it is */
	bool alive;
};

/* The database, seen from the pinned release. */
enum cycle_fit { FIT_UNKNOWN, FIT_SAME, FIT_BEHIND, FIT_AHEAD };
enum cycle_fit cycle_fit(const struct cycle_state *state);

/* Each includes what stands before it. */
enum cycle_due {
	CYCLE_NOTHING,
	CYCLE_RELEASE, /* the services are started: a dead run's hold is all that is left of it */
	CYCLE_REPIN,   /* another release is pinned, with the services stopped */
	CYCLE_CHANGE   /* the database is changed */
};
/* On the way to database version to and to release; NULL: whichever is pinned. */
enum cycle_due cycle_due(const struct cycle_state *state, struct version to, const struct version *release);

/* The release to pin for database version to where nobody named one: the pinned one if it fits, else the newest that
 * does. False: none is known. */
bool cycle_release(struct version *out, const struct cycle_state *state, const struct releases *releases,
	struct version to);

/* The services may run: the pinned release fits the database, or nothing says that it does not. */
bool cycle_may_start(const struct cycle_state *state);

/* ---- at launch ---- */

enum launch {
	LAUNCH_START,
	LAUNCH_UNKNOWN, /* start, but nobody can tell whether the two belong together */
	LAUNCH_LOCKED,  /* a run that lives holds the services */
	LAUNCH_WAIT,    /* another run works on the deployment, and may be the one that upgrades it */
	LAUNCH_UPGRADE,
	LAUNCH_BEHIND,  /* refuse: an upgrade is due */
	LAUNCH_AHEAD,   /* refuse: a downgrade is, or another release */
	LAUNCH_UNSETTLED /* refuse: a dead run left the two apart, and only its operator knows where it was to go */
};
/* busy: another run holds the store's or the engine's lock. */
enum launch launch_decide(const struct cycle_state *state, bool busy, bool automatic);

/* ---- in words ---- */

struct cycle_show {
	const char *command;                /* "upgrade" */
	const struct instances *instances;  /* as they are now */
	const struct cycle_state *state;
	const char *pinned, *where;         /* "0.2.1", "anchore-admin.yaml line 4"; NULL not known */
	const char *release;                /* to be pinned; NULL: nothing is */
	bool snapshot;                      /* one is taken */
	bool proves;                        /* it, or the one that is there, is restored and compared, */
	double proof;                       /* which took so many seconds the last time; 0 not known */
	bool changes;                       /* the database */
	long long seconds;                  /* to wait until they are healthy */
};
/* What happens to the services, one line a step, in order; appends. */
void cycle_steps(struct list *out, const struct cycle_show *show);
/* "catalog, analyzer (3 instances)": the services that are to run, or (wanted false) those that are stopped; in the
 * order in which they start, or reverse. Owned, "" if there are none. */
char *cycle_names(const struct instances *instances, bool wanted, bool reverse);
/* Some instance is to run: it does, or it will be started again. */
bool cycle_any_wanted(const struct instances *instances);

#endif
