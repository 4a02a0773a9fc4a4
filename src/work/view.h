/* What the supervisor tells the world about the deployment: one value that its event loop fills and that its HTTP
 * answers are made from (work/status_*.c). Pointers are owned by whoever filled it; NULL where not known. */
#ifndef WORK_VIEW_H
#define WORK_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "io/json.h"
#include "model/instance.h"

struct view {
	struct instances instances;
	char *host;          /* of this machine */
	char *db_version;    /* "0.0.7" */
	char *code_version;  /* "0.2.4" */
	time_t versions_at;  /* when the two were read; 0 never */
	json_t *upgrade_needed; /* whether the release wants a newer database version; JSON's null: it has no answer */
	json_t *snapshots;   /* as `snapshot list --json` has them; NULL not known */
	json_t *scheduled;   /* as `cron status --json` has it; NULL not known */
	/* A run that holds the services; all NULL while none does. */
	char *held_by;       /* run id */
	char *held_for;      /* "upgrade" */
	time_t held_since;
	bool interrupted;    /* the process of that run is gone, and the hold is not ended */
	json_t *progress;    /* its run/progress.json: {"run", "command", "step", "at", "what", "done", "total",
	                      * "rows", "rate", "seconds_left"}; NULL: none */
	char *step;          /* of the same, in words: "upgrade: 0.0.6--0.0.7.sql, statement 3 of 12" */
	time_t started;      /* of the supervisor */
	char *url;           /* of its answers over HTTP; NULL: nowhere */
	double seconds;      /* for how long it has run, by its own clock */
};

void view_clear(struct view *view);
/* As `service status --json` shows it: without the snapshots, which are many. A new reference. */
json_t *view_json(const struct view *view);
/* Its list of instances alone, and back; what is not understood is left out. */
json_t *instances_json(const struct instances *instances);
void instances_from_json(struct instances *out, const json_t *array);

#endif
