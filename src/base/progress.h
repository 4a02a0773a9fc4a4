/* How far long work is. On a terminal a bar that comes again five times a second; with --json a JSON line a second;
 * else a plain line a minute, for logs, the first after a minute. With --quiet nothing. All of it goes to stderr.
 *
 * Calling order: progress_start() or progress_start_parts(), progress_add() from any thread and as often as one likes,
 * progress_end(). One work at a time: the next start ends the one before. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* what: "copying"; it must live on, and want no escapes in JSON. rows 0: how many there are is not known. */
void progress_start(const char *what, uint64_t bytes, uint64_t rows);
/* Work that is counted in something else: people are shown the percentage alone. */
void progress_start_parts(const char *what, uint64_t parts);
/* That much more is done: bytes or parts, and rows. */
void progress_add(uint64_t done, uint64_t rows);
/* Nothing more is done, but it is time to say so again: for whoever waits, every now and then. */
void progress_look(void);
/* Takes the bar away; the last JSON line, if there was one before. Harmless without a start. */
void progress_end(void);

struct progress_view;
/* Sees the work as well, five times a second at most, whatever is shown; called by whichever thread works, one at a
 * time, so it must be quick and call nothing of these. view NULL: the work is done. watch NULL: nobody watches. */
typedef void progress_watcher(const struct progress_view *view);
void progress_watch(progress_watcher *watch);

/* A part of the work that has a known weight in the total, but is seen only as text, of a size that nobody knows
 * before. It counts for as much as was seen, but for less than its weight, and for all of it at its end: so the whole
 * never goes back, and is at the total at the end and not before. */
struct progress_share {
	uint64_t weight;
	uint64_t done; /* of weight; 0 at first */
};
void progress_share_add(struct progress_share *share, uint64_t text, uint64_t rows);
void progress_share_end(struct progress_share *share);

/* ---- for progress.c and its tests ---- */

struct progress_view {
	const char *what;
	bool parts;
	uint64_t done, total;      /* done <= total */
	uint64_t rows, rows_total; /* rows_total 0: not known */
	double rate;               /* done per second, lately; 0: not known */
	double seconds;            /* since the start */
};
/* Each owned. "copying  42 %  1.2 GB of 2.9 GB  5,123,000 rows  310 MB/s  6 s left": as many of these as there is room
 * for in so many columns. */
char *progress_bar(const struct progress_view *view, size_t columns);
/* "copying: 42 %, 1.2 GB of 2.9 GB, 5,123,000 rows, 310 MB/s, 6 s left" */
char *progress_sentence(const struct progress_view *view);
char *progress_json(const struct progress_view *view);

/* The rate of the latest looks, not the mean since the start, which tells little of how it goes on. */
enum { PROGRESS_LOOKS = 32 };
struct progress_rate {
	double when[PROGRESS_LOOKS];
	uint64_t done[PROGRESS_LOOKS];
	size_t count; /* of looks ever taken */
};
/* Per second since the oldest look that is still known; 0 at the first. */
double progress_rate_look(struct progress_rate *rate, double now, uint64_t done);

#endif
