/* The textfile for Prometheus' node exporter: written aside and renamed, so that it is never half. */
#ifndef WORK_METRICS_H
#define WORK_METRICS_H

#include "base/error.h"
#include "work/attempt.h"
#include "work/run.h"

/* To the setting metrics_file; without it nothing is done. */
int metrics_write(struct run *run, const struct attempt *attempt, struct error *err);

#endif
