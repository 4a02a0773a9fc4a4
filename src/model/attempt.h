/* What became of the scheduled job, and what is said of it: a run that goes as it should is silent, a failure is told
 * when it begins and when it becomes another, and once more when it is over. Pure; the file is work/attempt's. */
#ifndef MODEL_ATTEMPT_H
#define MODEL_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"

struct attempt {
	time_t last;           /* attempt that ended, or was killed; 0: never */
	time_t success;        /* the last one that did what it should, be it "unchanged"; 0: never */
	time_t snapshot_at;    /* the last one that made a snapshot; 0: never */
	time_t failing_since;  /* 0: it is not */
	int exit_status;       /* of the last attempt */
	double seconds;        /* that it took */
	uint64_t bytes;        /* of the last snapshot */
	bool unchanged;        /* the last success needed no snapshot */
	char *outcome;         /* "done", "unchanged", "failed", "killed", owned; NULL: never */
	char *snapshot;        /* id of the last snapshot made or found to be the same; NULL */
	char *message;         /* why the last attempt failed; NULL */
	char *hint;            /* what to do about it; NULL */
	char *part;            /* what of it failed: "backup", "prune", "verify", …; NULL */
	char *told;            /* the failure that was told last, without what changes each night; NULL: none */
	char *db_version;      /* of the database, when it was last seen; NULL */
	time_t begun;          /* a run that has not ended; 0: none */
	time_t skipped;        /* when a run last gave way to another one; 0: never */
	char *config;          /* settings file of whoever ran last, for deployments may share a store; NULL */
	uint64_t failures;     /* in a row */
	uint64_t missed;       /* times that it should have run and did not, ever */
	struct list warnings;  /* of the last attempt, those that were told */
};
void attempt_clear(struct attempt *attempt);

/* How one run ended. Nothing is owned. */
struct outcome {
	time_t at;             /* of its start */
	double seconds;
	int exit_status;       /* 0: it did what it should */
	const char *part, *message, *hint; /* of a failure; NULL otherwise */
	bool made;             /* a snapshot: */
	uint64_t bytes;
	const char *snapshot;  /* made, or found to be the same; NULL where it came to neither */
	const char *db_version;
	uint64_t missed;       /* runs since the one before */
	bool ask_again;        /* whoever started it watches: a failure is told whether it is new or not */
};

/* At the start: what a run that was killed left is put down as what it was. True: there was one, and *begun is when it
 * began. */
bool attempt_begin(struct attempt *attempt, time_t now, time_t *begun);
/* At the end. *tell: the failure is to be told. *over: when one began that is over now; 0. */
void attempt_end(struct attempt *attempt, const struct outcome *outcome, bool *tell, time_t *over);
/* A run gives way to the one that has begun and not ended. True: that is to be told, once for each such one, for it has
 * been at it for so long that it must hang, and all that come after would give way to it without a word. */
bool attempt_gave_way(struct attempt *attempt, time_t now);
/* The run's warnings; appends those to *news that the run before did not have, but for what changes each night. tell
 * false: nothing is said of them now, so that those which are new still are news next time. */
void attempt_warned(struct attempt *attempt, const struct list *warnings, bool tell, struct list *news);
/* The failure without what changes from night to night, numbers and ids: two nights' are the same failure when this is.
 * Owned. */
char *attempt_signature(const char *part, int exit_status, const char *message);
/* "anchore-admin's scheduled job failed …": the one sentence of a failure. Owned. */
char *attempt_sentence(const struct attempt *attempt);

#endif
