/* What a service writes: to LOG_DIR/NAME.log, which becomes NAME.log.1 … NAME.log.5 when it is over 10 MB, and line by
 * line to the supervisor's stdout as "[service:NAME] line". Neither may stop anything: what cannot be written is
 * counted and said once. */
#ifndef WORK_SERVICELOG_H
#define WORK_SERVICELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { SERVICELOG_MOST_BYTES = 10000000, SERVICELOG_KEPT = 5 };

struct servicelog {
	char *name;
	char *path;
	int fd;              /* -1: not open */
	uint64_t size;       /* of the file */
	uint64_t lost;       /* bytes that could not be written since it was said */
	double said;         /* when, clock_supervised() */
	struct text line;    /* begun and not ended, for stdout */
	bool echo;           /* to stdout */
	uint64_t unseen;     /* lines that stdout did not take */
};

/* Opens nothing yet. */
void servicelog_init(struct servicelog *log, const char *directory, const char *name, bool echo);
void servicelog_write(struct servicelog *log, const char *bytes, size_t size);
/* The file of that name may be another one by now: it was renamed by somebody else. */
void servicelog_reopen(struct servicelog *log);
/* The end of the process: a last line without newline is a line. */
void servicelog_end(struct servicelog *log);
void servicelog_clear(struct servicelog *log);

/* The last lines of a service's files, oldest first, each without its newline. No file: none. */
int servicelog_tail(struct list *out, const char *directory, const char *name, size_t lines, struct error *err);

#endif
