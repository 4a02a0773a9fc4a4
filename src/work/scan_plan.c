#include "work/scan_plan.h"

#include <stdlib.h>

#include "base/mem.h"

struct plan {
	struct scan_task *tasks;
	size_t count;
	const struct scan_table *tables;
	bool split;
};

uint64_t scan_chunk(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *bytes = getenv("ANCHORE_ADMIN_CHUNK");
	if (bytes)
		return strtoull(bytes, NULL, 10);
#endif
	return SCAN_CHUNK;
}

/* How many shares so many pages of a table are worth; at least 1. */
static uint64_t shares(const struct stock *stock, uint64_t pages)
{
	if (!pages)
		return 1;
	uint64_t bytes = (uint64_t)((double)stock->bytes / (double)stock->pages * (double)pages);
	uint64_t wanted = bytes / scan_chunk() + 1;
	return wanted < pages ? wanted : pages;
}

int scan_jobs(const struct run *run, const struct scan_table *tables, size_t count)
{
	uint64_t tasks = 0, most = (uint64_t)run_jobs(run);
	for (size_t i = 0; i < count; i++)
		tasks += shares(tables[i].stock, tables[i].stock->pages);
	if (tasks > most)
		return (int)most;
	return tasks ? (int)tasks : 1;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct scan_table *x = *(const struct scan_table *const *)a, *y = *(const struct scan_table *const *)b;
	if (x->stock->bytes != y->stock->bytes)
		return x->stock->bytes < y->stock->bytes ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* How many of the table's bytes lie before a page; all of them before its end. */
static uint64_t bytes_before(const struct stock *stock, uint64_t page)
{
	return page < stock->pages ? (uint64_t)((double)stock->bytes / (double)stock->pages * (double)page) :
		stock->bytes;
}

static uint64_t weight(const struct stock *stock, struct page_range pages)
{
	uint64_t before = pages.first ? bytes_before(stock, pages.first) : 0;
	uint64_t until = pages.end ? bytes_before(stock, pages.end) : stock->bytes;
	return until > before ? until - before : 0;
}

static void add(struct plan *plan, size_t table, struct page_range pages, const struct reuse_range *known)
{
	if ((plan->count & (plan->count - 1)) == 0)
		plan->tasks = mem_resize(plan->tasks, (plan->count ? plan->count * 2 : 1) * sizeof *plan->tasks);
	plan->tasks[plan->count++] = (struct scan_task){table, pages, weight(plan->tables[table].stock, pages), known};
}

/* All pages from first on. The last range is open: the table may have grown since it was measured. */
static void add_shares(struct plan *plan, size_t table, uint64_t first)
{
	const struct stock *stock = plan->tables[table].stock;
	uint64_t pages = stock->pages > first ? stock->pages - first : 0, parts = shares(stock, pages);
	if (!plan->split)
		parts = 1;
	uint64_t step = pages / parts + (pages % parts != 0);
	for (uint64_t part = 0; part < parts; part++)
		add(plan, table, (struct page_range){first + part * step,
			part + 1 < parts ? first + (part + 1) * step : 0}, NULL);
}

/* An open range was no larger than a share: one that is now by half has surely got rows. */
static bool has_grown(const struct plan *plan, const struct stock *stock, uint64_t first)
{
	uint64_t pages = stock->pages > first ? stock->pages - first : 0;
	return plan->split && shares(stock, pages - pages / 3) > 1;
}

static void add_known(struct plan *plan, size_t index)
{
	const struct scan_table *table = &plan->tables[index];
	for (size_t i = 0; i < table->known->count; i++) {
		const struct reuse_range *range = &table->known->ranges[i];
		uint64_t first = range->pages.first;
		/* Nothing is left of what lies behind the table's end. */
		bool behind = i > 0 && first >= table->stock->pages;
		if (!table->untouched && (behind || (!range->pages.end && has_grown(plan, table->stock, first)))) {
			add_shares(plan, index, first);
			return;
		}
		add(plan, index, range->pages, range);
	}
}

struct scan_task *scan_plan(size_t *count, const struct scan_table *tables, size_t table_count, bool split)
{
	struct plan plan = {.tables = tables, .split = split};
	AUTO(mem_auto) const struct scan_table **order = mem_array(table_count, sizeof *order);
	for (size_t i = 0; i < table_count; i++)
		order[i] = &tables[i];
	qsort(order, table_count, sizeof *order, compare_sizes);
	for (size_t i = 0; i < table_count; i++) {
		size_t table = (size_t)(order[i] - tables);
		if (tables[table].known && tables[table].known->count)
			add_known(&plan, table);
		else
			add_shares(&plan, table, 0);
	}
	*count = plan.count;
	return plan.tasks;
}

uint64_t scan_plan_weight(const struct scan_task *tasks, size_t count)
{
	uint64_t weight = 0;
	for (size_t i = 0; i < count; i++)
		weight += tasks[i].weight;
	return weight;
}
