/* A change of the deployment from end to end: the services stop, the database changes, the release that fits is
 * pinned, the services start and are waited for. What `upgrade`, `downgrade` and `restore` do around their work on the
 * database.
 *
 *   cycle_open()      what is pinned, what runs, whether a dead run holds it; the run has the store's lock then
 *   cycle_prepare()   finds all that the new release needs; nothing is stopped yet, so that a wrong release changes
 *                     nothing
 *                     … the question …
 *   cycle_migrate(), cycle_restore(), cycle_undo() or cycle_hold()
 *                     stops the services and changes the database. If that fails the database is as it was, and
 *                     what ran before is started again, which the error says
 *   cycle_finish()    pins the release, starts the services, waits until they are healthy
 *   cycle_clear()
 *
 * Without a runtime (none is configured, or --no-services) the work on the database is all there is to it.
 *
 * A run that is killed leaves the services held. The next one adopts the hold; what it then has to do is decided by
 * model/cycle. */
#ifndef WORK_CYCLE_H
#define WORK_CYCLE_H

#include <stdbool.h>

#include "base/error.h"
#include "io/json.h"
#include "model/cycle.h"
#include "work/change.h"
#include "work/restore.h"
#include "work/run.h"
#include "work/runtime.h"

struct cycle {
	struct run *run;
	const struct releases *releases; /* not owned */
	struct runtime *runtime;         /* NULL: none */
	struct cycle_state state;        /* of the database nothing yet: see cycle_database() */
	char *pinned, *where;            /* as runtime_pinned(), when it was opened */
	struct instances before;         /* when it was opened, afterwards those of cycle_finish() */
	bool holding;                    /* this run does */
	bool unfit;                      /* cycle_finish(): the release would not start, or not become healthy */
	double stopped, down;            /* when it began to, on clock_elapsed(), and for how long services were down */
	bool proves;                     /* for cycle_plan(): the snapshot is restored and compared first, */
	double proof;                    /* which took so many seconds the last time; 0 not known */
	struct list steps;               /* see cycle_plan() */
};

int cycle_open(struct cycle *out, struct run *run, const struct releases *releases, struct error *err);
/* For AUTO() on a struct cycle that is zero or was opened. Holds stay as they are. */
void cycle_clear(struct cycle *cycle);
/* The database's version; NULL or what is none: not known. */
void cycle_database(struct cycle *cycle, const char *version);
/* There is a runtime. */
bool cycle_drives(const struct cycle *cycle);

/* Fills cycle->steps: what it will do to the services. release NULL: the pin stays. */
void cycle_plan(struct cycle *cycle, const char *command, const struct version *release, bool snapshot, bool changes);
int cycle_prepare(struct cycle *cycle, const struct version *release, struct error *err);

/* The change is opened, planned and agreed to; its connection is ended. ERROR_REFUSED also if the guard, asked again,
 * refuses: change->refusals says why. */
int cycle_migrate(struct cycle *cycle, struct change *change, struct error *err);
/* restore_run(), with its plan's refusals asked for again when everything is stopped. */
int cycle_restore(char **kept, struct cycle *cycle, const struct snapshot_entry *entry,
	const struct restore_options *options, struct error *err);
/* restore_undo() */
int cycle_undo(char **kept, struct cycle *cycle, struct error *err);
/* Any other work, with the services stopped; may be nested. */
typedef int cycle_work(struct cycle *cycle, void *context, struct error *err);
int cycle_around(struct cycle *cycle, cycle_work *work, void *context, struct error *err);
/* Once they are stopped: waits, for the lock timeout at most, until their sessions are gone, which end a moment after
 * their processes. Whoever stays is the guard's to name. The second one connects by itself; a database that it cannot
 * connect to has no sessions to wait for. */
int cycle_drain(const struct cycle *cycle, struct db *db, struct error *err);
int cycle_drain_any(const struct cycle *cycle, struct error *err);
/* Stops the services, and no more: what is left to do is cycle_finish()'s. */
int cycle_hold(struct cycle *cycle, struct error *err);

/* Nothing is due, but services are starting: a run that was killed did all but wait for them. Does that. */
int cycle_await(struct cycle *cycle, struct error *err);

/* What cycle_finish() is to do, and how to talk of it. */
struct cycle_end {
	struct version database;       /* that it is at now; 0.0.0: not known */
	const struct version *release; /* to pin; NULL: what is pinned stays */
	const char *what;              /* for the commit of the pinned file: "upgrade 0.0.6 to 0.0.7, snapshot 1234" */
	const char *back;              /* the command that goes back: "downgrade --to 0.2.1"; NULL: there is none */
};
/* ERROR_SERVICES, with that command in the hint, whatever it was; cycle->unfit says whether it speaks against the
 * release: a Docker socket that does not answer, or a file that cannot be written, does not. ERROR_INTERRUPTED while it
 * waited, when all of them are started. */
int cycle_finish(struct cycle *cycle, const struct cycle_end *end, struct error *err);

#endif
