/* Never two scheduled jobs at once in one store: who takes the turn, and what is said by who does not get it. */
#ifndef WORK_TURN_H
#define WORK_TURN_H

#include <stdbool.h>

#include "base/error.h"
#include "work/run.h"

/* *lock: of scheduled.lock, the caller's to close. ERROR_LOCKED where a job of this deployment runs, and run->told says
 * whether that needs no word: watched by somebody it does, and where the other one hangs. One of another deployment is
 * waited for, up to an hour. */
int turn_take(int *lock, struct run *run, const char *store, bool watched, struct error *err);
/* The store's own lock, which other commands take, too: waited for up to an hour. The run's. */
int turn_store(struct run *run, struct error *err);

#endif
