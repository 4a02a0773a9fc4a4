/* How a scan is cut into tasks. */
#ifndef WORK_SCAN_PLAN_H
#define WORK_SCAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "work/scan.h"

struct scan_task {
	size_t table;                    /* index into tables */
	struct page_range pages;
	uint64_t weight;                 /* its part of the table's bytes on disk, for progress */
	const struct reuse_range *known; /* what these pages held before, if that may still be so; NULL: to be read */
};

/* The tasks that cover all pages of all tables, the largest tables first, so that no worker is left alone with one at
 * the end. split: a table may be several tasks. A table of which something is known keeps the ranges that it was read
 * by then; only the last one, to which tables grow, is cut anew when it is too large to be what it was. Owned. */
struct scan_task *scan_plan(size_t *count, const struct scan_table *tables, size_t table_count, bool split);
uint64_t scan_plan_weight(const struct scan_task *tasks, size_t count); /* of all */

#endif
