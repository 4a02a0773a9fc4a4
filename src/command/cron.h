/* The scheduled job, which is also `backup --scheduled`. */
#ifndef COMMAND_CRON_H
#define COMMAND_CRON_H

#include "base/error.h"
#include "work/run.h"

int cron_run(struct run *run, struct error *err);

#endif
