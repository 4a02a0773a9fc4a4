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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/reuse.h"
#include "work/inventory.h"
#include "work/run.h"

enum { SCAN_CHUNK = 108 << 20 }; /* bytes of heap: a larger table is split */
/* The same; in the test build ANCHORE_ADMIN_CHUNK says another number. */
uint64_t scan_chunk(void);

struct scan_table {
	size_t id;                   /* the caller's, handed to rows() */
	const struct stock *stock;
	const struct list *columns;
	/* What an earlier snapshot knows of the table; NULL: nothing. Its ranges are asked for with same() when they
	 * still hold, as model/reuse.h proves it: untouched says that all do; otherwise each is looked at. */
	const struct reuse_table *known;
	int64_t since;
	bool untouched;
};

struct scan_sink {
	const char *what; /* is done, as progress says it: "copying" */
	/* COPY text of whole rows, or a piece of one very long row; adds to *count how many rows ended. */
	int (*rows)(void *worker, size_t id, const char *text, size_t size, uint64_t *count, struct error *err);
	/* Before and after the rows of a range of a table's pages, be it without any; end() if nothing failed. A worker
	 * reads one range after the other. May be NULL. */
	void (*begin)(void *worker, size_t id, struct page_range pages);
	int (*end)(void *worker, struct error *err);
	/* A range still holds what is known of it. *taken is to be set when that is taken; else the rows are read. NULL
	 * only where no table has anything known. */
	int (*same)(void *worker, size_t id, const struct reuse_range *range, bool *taken, struct error *err);
	/* Where the server is short of connections, one is left for a program that runs beside the scan. */
	bool spares_one;
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
/* Adds to counts, by the caller's table ids, how many ranges each table is read in. */
void scan_count_ranges(const struct scan *scan, size_t *counts);
/* Makes the workers give up soon. Any thread. */
void scan_stop(struct scan *scan);
/* Waits for the workers and frees the scan; the first failure is the result. When it is that a table was changed
 * behind the snapshot's back, *changed is its name, owned, and the error says so, too. */
int scan_finish(struct scan *scan, char **changed, struct error *err);

#endif
