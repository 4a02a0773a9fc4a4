/* Reads every row of many tables by several connections, one thread each, that share one exported snapshot.
 *
 * A worker takes one task after the other: a table, or a range of a large table's pages. Each task is a transaction of
 * its own, so that locks do not pile up: it takes ACCESS SHARE on the table, then compares the file that the table had
 * as of the snapshot with the one it has now. A TRUNCATE or a rewrite in between would otherwise give no rows and no
 * error.
 *
 * Calling order: scan_start(), anything meanwhile, scan_finish(). The exporting transaction must stay open until
 * then. */
#ifndef WORK_SCAN_H
#define WORK_SCAN_H

#include <stddef.h>

#include "base/error.h"
#include "work/inventory.h"
#include "work/run.h"

enum { SCAN_CHUNK = 92 << 20 }; /* bytes of heap: a larger table is split */

struct scan_table {
	size_t id;                   /* the caller's, handed to rows() */
	const struct stock *stock;
	const struct list *columns;
};

struct scan_sink {
	/* COPY text of whole rows, or a piece of one very long row; adds to *count how many rows ended. A worker's rows
	 * of one table come in one run, unless other workers' shares of it end first. */
	int (*rows)(void *worker, size_t id, const char *text, size_t size, uint64_t *count, struct error *err);
	/* After a worker's last row, if nothing failed. May be NULL. */
	int (*end)(void *worker, struct error *err);
	/* A worker is gone, whatever happened: called once for each of the workers announced. May be NULL. */
	void (*gone)(void *worker);
};

/* How many workers a scan of these tables is worth: at most --jobs, at least 1. */
int scan_jobs(const struct run *run, const struct scan_table *tables, size_t count);

struct scan;
/* workers: what rows(), end() and gone() are given, one for each of jobs. tables and workers stay the caller's and must
 * live until scan_finish(). Fails only when not even one connection can be made; then nothing was started. */
int scan_start(struct scan **out, struct run *run, const char *dbname, const char *snapshot,
	const struct scan_table *tables, size_t count, const struct scan_sink *sink, void *const *workers, int jobs,
	struct error *err);
/* Makes the workers give up soon. Any thread. */
void scan_stop(struct scan *scan);
/* Waits for the workers and frees the scan; the first failure is the result. When it is that a table was changed
 * behind the snapshot's back, *changed is its name, owned, and the error says so, too. */
int scan_finish(struct scan *scan, char **changed, struct error *err);

#endif
