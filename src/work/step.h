/* What a run that changes the deployment does at the moment, for those who watch: the file progress.json in the run
 * folder, which the supervisor shows over HTTP. Written by rename, a few times a second at most while something is
 * copied, without waiting for the disk. One run per process; a step that cannot be written is nobody's failure.
 *
 *   {"run": "…", "command": "upgrade", "step": "0.0.6--0.0.7.sql, statement 3 of 12", "at": "2026-11-23T12:34:56Z",
 *    "what": "copying", "done": 1230000, "total": 2900000, "rows": 5123, "rate": 310000.0, "seconds_left": 5.4}
 *
 * at is when the step began. what to seconds_left are of base/progress, null while nothing is counted. A run that was
 * killed leaves its file; the next one writes its own and takes it away in the end. */
#ifndef WORK_STEP_H
#define WORK_STEP_H

#include "work/run.h"

/* Until then the others do nothing. directory: the run folder, made when it is missing. */
void step_open(const struct run *run, const char *directory);
/* Takes away what a run left that was killed; the caller knows that none lives. */
void step_sweep(const char *directory);
/* The next step. */
void step_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and that so many of total parts are done. what: "statements"; a string that lives on. */
void step_say_part(const char *what, size_t done, size_t total, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Takes the file away. Harmless without step_open(). */
void step_close(void);

#endif
