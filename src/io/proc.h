/* Other programs, by argv; never a shell. */
#ifndef IO_PROC_H
#define IO_PROC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct proc {
	const char *const *argv;       /* NULL-terminated; argv[0] is a path, or looked up in PATH */
	const struct list *environment; /* NAME=value: added to ours; NAME: taken out of it; NULL for none */
	const char *user;              /* run as this user (needs root), NULL as we are */
	const char *directory;         /* working directory, NULL: ours ("/" when user is set) */
	double limit;                  /* seconds; then it and what it started get SIGTERM, a little later SIGKILL; what
	                                * it left running is not waited for. 0: none */
	bool group;                    /* lead a process group of its own, out of the terminal's: Ctrl-C reaches it
	                                * through us alone, which interrupt_defer() can put off; what it left running
	                                * is not waited for */
	int *status;                   /* gets its exit status; -1: none, a signal ended it. May be NULL */
	size_t most;                   /* bytes of stdout and stderr to keep: the last, up to twice as many; 0: all */
	const char *output;            /* append stdout and stderr to this file instead of capturing */
};

/* Runs to the end and captures stdout and stderr. *out and *errors (either may be NULL) are owned and
 * filled also when the program failed. A program that cannot be started, that exits other than 0 or dies
 * by a signal is ERROR_FAILED: "pg_dump failed with exit status 1: <last line of its stderr>".
 * When a signal asks us to stop, the program gets SIGTERM and the call fails with ERROR_INTERRUPTED. */
int proc_run(char **out, char **errors, const struct proc *proc, struct error *err);
/* Our environment with the additions, NULL-terminated: an addition replaces ours of the same name, a name alone removes
 * it. The array is owned, its strings are not. */
char **proc_environment(const struct list *extra);
/* Path of a program in PATH, owned, NULL if there is none. */
char *proc_find(const char *name);

#endif
