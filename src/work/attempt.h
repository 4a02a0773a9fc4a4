/* The store's file scheduled.json: what became of the scheduled job (model/attempt.h), replaced by rename at the start
 * and at the end of each run. Read by `cron status`, `system status`, `doctor` and the metrics. */
#ifndef WORK_ATTEMPT_H
#define WORK_ATTEMPT_H

#include "base/error.h"
#include "io/json.h"
#include "model/attempt.h"

/* Of those who read the file to write it again only one at a time: a descriptor to close, -1 where there is no such
 * lock. */
int attempt_lock(const char *store);
/* No file is an attempt that never was. */
int attempt_read(struct attempt *out, const char *store, struct error *err);
/* On a full disk in place of what is there: a failure that cannot be recorded would be told every night. */
int attempt_write(const char *store, const struct attempt *attempt, struct error *err);
/* Whether the run that has begun by attempt, which was read from the store, was killed: it holds scheduled.lock until
 * it has recorded how it ended. */
bool attempt_killed(const struct attempt *attempt, const char *store);
/* As it is in the file; a new reference. */
json_t *attempt_json(const struct attempt *attempt);

#endif
