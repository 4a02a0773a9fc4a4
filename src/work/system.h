/* How a deployment is, asked now: the instances that its runtime knows, what the services themselves wrote into the
 * table services, who is connected, and whether the database and the release belong together. Reads only. */
#ifndef WORK_SYSTEM_H
#define WORK_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/facts.h"
#include "model/instance.h"
#include "model/version.h"
#include "work/migrations.h"
#include "work/run.h"

/* The engine's own limits, in seconds: it calls a service down, then orphaned, when it was not heard of for so long. */
enum { SYSTEM_DOWN_AFTER = 300, SYSTEM_ORPHANED_AFTER = 3600 };

/* A row of the table services. */
struct heartbeat {
	char *name, *host, *url, *message; /* url and message may be NULL */
	const char *state;                 /* "up", "down", "orphaned" */
	bool heard;                        /* there is a heartbeat */
	int64_t age;                       /* of it, in seconds */
	bool answers;
	char *answer;                      /* what its address said, or why nothing came; NULL: not asked */
};

struct system {
	char *runtime;               /* "process", "compose"; NULL: none is configured */
	struct instances instances;
	char *held_by, *held_for;    /* run id and "upgrade" of a run that holds the services; NULL: none does */
	time_t held_since;
	bool interrupted;            /* that run is gone, and the database is to be settled */
	char *step;                  /* of that run: "upgrade: 0.0.6--0.0.7.sql, statement 3 of 12"; NULL not known */
	struct heartbeat *heartbeats;
	size_t heartbeat_count;
	bool locked;                 /* the table services is locked by a change: there are no heartbeats */
	struct sessions sessions;    /* that may be the engine's */
	bool version_known;
	struct version version;      /* of the database */
	char *release;               /* "0.2.4"; NULL unknown */
	char *release_from;          /* what says so */
	bool pair_known;             /* the release is one that the migrations know */
	int order;                   /* then: negative where the database is behind what it needs, positive ahead */
	char *proven;                /* id of the snapshot that was last restored and compared; NULL: none was */
	time_t proven_at;
	char *proven_on;             /* version of that server */
	bool store_known;            /* there is a store to look for it */
	char *advice;                /* what is wrong with the pair and what to type; NULL: they belong together */
};

/* Fills it as far as it gets, also when it fails: what the runtime says before the database is asked. *out was
 * zeroed. ask: every address of a heartbeat is asked for its health, and the sessions are read, and the store.
 * ERROR_UNREACHABLE of the database or the runtime, ERROR_REFUSED for a database that has no version. */
int system_look(struct system *out, struct run *run, const struct migrations *migrations, bool ask, struct error *err);
/* Of that only what the runtime says, which needs no database: instances and holds. */
int system_look_at_runtime(struct system *out, struct run *run, struct error *err);
void system_clear(struct system *system);
/* Appends what keeps it from being whole, a sentence each: instances that are not up, services that no host beats for
 * (without a runtime), versions that do not belong together. */
void system_missing(struct list *out, const struct system *system);
/* Of that only the instances. */
void system_missing_instances(struct list *out, const struct system *system);

#endif
