/* The scheduled job as a whole: when it runs, what became of it, what there is to show for it. One object for `cron
 * status --json`, the textfile of metrics and the supervisor, so that they cannot differ. */
#ifndef WORK_SCHEDULED_H
#define WORK_SCHEDULED_H

#include "base/error.h"
#include "io/json.h"
#include "work/attempt.h"
#include "work/installed.h"
#include "work/run.h"

struct scheduled {
	struct installed installed;
	struct attempt attempt;
	time_t next;         /* 0: not known */
	uint64_t missed;     /* since the last run */
	bool killed;         /* the run that has begun is no more */
	json_t *snapshots;   /* number of whole ones of this deployment, by database version */
	time_t proven;       /* when one of them was last restored and compared; 0: never */
	size_t damaged;      /* of ours, known to be */
	char *release;       /* "0.2.4", of the setting engine; NULL */
	int upgrade_needed;  /* 1, 0; -1: not known */
};
/* attempt NULL: the store's. */
int scheduled_look(struct scheduled *out, const struct run *run, const struct attempt *attempt, struct error *err);
void scheduled_clear(struct scheduled *scheduled);
/* Why somebody should get up, a sentence each: it fails, it did not run. */
void scheduled_problems(struct list *out, const struct scheduled *scheduled);
/* A new reference. */
json_t *scheduled_json(const struct scheduled *scheduled);

#endif
