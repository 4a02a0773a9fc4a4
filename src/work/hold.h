/* A hold on the engine's services: while it stands they stay down, whoever took it and whatever became of that process.
 * It is the file held.json in the run folder: {"run", "for", "since", "pid", "born", "ran": [services]}. */
#ifndef WORK_HOLD_H
#define WORK_HOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "io/json.h"

#define HOLD_FILE "held.json"

struct hold {
	char *run;       /* its id; NULL: no hold */
	char *why;       /* "upgrade" */
	time_t since;
	pid_t pid;       /* of the process that took it */
	uint64_t born;   /* the same, see child_born() */
	struct list ran; /* what ran before and runs again afterwards, in the order in which it starts */
};

void hold_clear(struct hold *hold);
/* No file is no hold. A file that cannot be understood is an error: what it meant must not be guessed. */
int hold_read(struct hold *out, const char *directory, struct error *err);
int hold_write(const struct hold *hold, const char *directory, struct error *err);
/* For a runtime without a supervisor: whoever holds, releases or starts them has the lock meanwhile, as a supervisor
 * has it for as long as it lives. Between the look at the hold and the last service that is started lie seconds, in
 * which no run may take the hold and find everything stopped. The folder is made; seconds: how long another is waited
 * for, then ERROR_LOCKED with who it is. The lock ends with *lock. */
int hold_lock(int *lock, const char *directory, double seconds, struct error *err);
int hold_remove(const char *directory, struct error *err);
/* The process that took it is there. */
bool hold_lives(const struct hold *hold);
/* ERROR_REFUSED: the services are held, with what settles it. */
int hold_refuse(const struct hold *hold, struct error *err);
/* ERROR_LOCKED if another run that lives holds them. Else the hold is this run's from now on, and ran stays what a
 * dead run had noted; not written. */
int hold_take(struct hold *hold, const char *run, const char *why, pid_t pid, struct error *err);

#endif
