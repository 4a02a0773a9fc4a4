/* What became of the scheduled job: the store's file scheduled.json, replaced by rename at the end of each run. Read by
 * `cron status`, `system status`, `doctor` and the metrics. */
#ifndef WORK_ATTEMPT_H
#define WORK_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

struct attempt {
	time_t last;           /* attempt; 0: never */
	time_t success;        /* the last one that did what it should, be it "unchanged"; 0: never */
	time_t snapshot_at;    /* the last one that made a snapshot; 0: never */
	time_t failing_since;  /* 0: it is not */
	int exit_status;       /* of the last attempt */
	double seconds;        /* that it took */
	uint64_t bytes;        /* of the last snapshot */
	bool unchanged;        /* the last success needed no snapshot */
	char *outcome;         /* "done", "unchanged", "failed", owned; NULL: never */
	char *snapshot;        /* id of the last snapshot made or found to be the same; NULL */
	char *message;         /* why the last attempt failed; NULL */
};

/* No file is an attempt that never was. */
int attempt_read(struct attempt *out, const char *store, struct error *err);
int attempt_write(const char *store, const struct attempt *attempt, struct error *err);
void attempt_clear(struct attempt *attempt);

#endif
