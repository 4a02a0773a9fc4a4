/* The processes of services: long-lived, each the leader of a process group of its own, dead when we are. (For programs
 * that are run to their end, io/proc.h.) */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

struct child_spec {
	const char *const *argv;        /* NULL-terminated; argv[0] is a path, or looked up in PATH */
	const struct list *environment; /* NAME=value: added to ours; NAME: taken out of it; NULL for none */
	const char *user;               /* NULL: as we are; another one needs root */
	bool quiet;                     /* stderr goes to /dev/null */
};

/* Whoever is left without a parent among our descendants becomes our child (as with PID 1), so that child_reap() and
 * child_strays() see it. */
int child_adopt(struct error *err);
/* Starts it: stdin is /dev/null; stdout and stderr are one pipe, whose end to read from, non-blocking, is *output.
 * Returns when the program runs. What kept it from running is ERROR_FAILED: "cannot start /x: No such file or
 * directory". It gets SIGKILL when the calling thread ends, however that ends. */
int child_start(pid_t *pid, int *output, const struct child_spec *spec, struct error *err);
/* The next that ended: its status; false: none. */
bool child_reap(pid_t *pid, int *status);
/* Goes on as a daemon: in the child *pipe is where to write what the parent shall know, stdin is /dev/null, stdout and
 * stderr are appended to the file log. In the parent *child is its id and *pipe where to read that; there it returns at
 * once. */
int child_detach(pid_t *child, int *pipe, const char *log, struct error *err);
/* "exit status 3", "ended by signal 9 (Killed)"; owned. */
char *child_reason(int status);
/* To the group that pid led, also when it is gone itself. False: nobody is in it; the dead count until they were
 * reaped. Number 0 only asks. */
bool child_signal(pid_t pid, int number);

/* When a process was started, in ticks since the machine's start: with its id it names it for ever; 0: there is
 * none. */
uint64_t child_born(pid_t pid);
/* It is there and no corpse that waits for its parent. */
bool child_alive(pid_t pid);
/* It is there and runs this very program. */
bool child_is_ours(pid_t pid);
/* Processes of one mark: those whose environment has the line `NAME=value`, and of our user or, for root, of any; not
 * we ourselves nor those that we descend from. Ids are appended; the array is owned. */
struct pids {
	pid_t *items;
	size_t count;
};
void child_marked(struct pids *out, const char *line);
void pids_clear(struct pids *pids);

#endif
