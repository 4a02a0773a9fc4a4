/* What became of the scheduled job, in Prometheus' text format: as a textfile for the node exporter, and in the
 * supervisor's /metrics, by one writer. */
#ifndef WORK_METRICS_H
#define WORK_METRICS_H

#include "base/error.h"
#include "base/text.h"
#include "io/json.h"
#include "work/attempt.h"
#include "work/run.h"

/* To the setting metrics_file, aside and renamed, so that it is never half, and readable by everyone (0644), for the
 * exporter is another user; without the setting nothing is done. */
int metrics_write(struct run *run, const struct attempt *attempt, struct error *err);

/* scheduled: the object of work/scheduled.h, or what another run printed of it; NULL adds nothing. */
void metrics_scheduled(struct text *out, const json_t *scheduled);
/* Snapshots by database version, from its object "snapshots". */
void metrics_snapshots(struct text *out, const json_t *versions);

/* # HELP and # TYPE of anchore_admin_NAME; name="value", escaped. */
void metrics_head(struct text *out, const char *name, const char *type, const char *help);
void metrics_label(struct text *out, const char *name, const char *value);

#endif
