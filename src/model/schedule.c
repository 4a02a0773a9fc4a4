#include "model/schedule.h"

#include <stdlib.h>

#include "base/mem.h"

/* ANALYZE reads a sample: 300 rows for each of the 100 things that it wants to know. */
enum { MOST_ANALYZE = 64 << 20 };

struct state {
	uint64_t left;       /* weight of all that is to be done with the table */
	size_t chunks_left;  /* not loaded */
	size_t builds_left;  /* not built */
	int sharing, alone;  /* builds that run on it */
};

struct build {
	struct task task;
	size_t *tables;      /* whose locks it takes */
	size_t table_count;
	size_t *needs;       /* indexes into builds */
	size_t need_count;
	bool shares;         /* with others of its kind */
	bool all_rows;       /* waits for every table's */
	bool taken, done;
};

struct schedule {
	struct task *chunks;
	size_t chunk_count, next_chunk, chunks_left;
	struct build *builds;
	size_t build_count, running;
	uint64_t weight_left, builds_left;
	struct state *tables;
};

/* ---- what there is to do ---- */

struct order {
	struct task task;
	uint64_t left;
};

static int compare_chunks(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	if (x->left != y->left)
		return x->left < y->left ? 1 : -1;
	return x->task.item < y->task.item ? -1 : x->task.item > y->task.item;
}

static void add_weight(struct schedule *schedule, const struct task *task)
{
	schedule->weight_left += task->weight;
	if (task->kind != TASK_LOAD)
		schedule->builds_left += task->weight;
	if (task->table != TOC_NOTHING)
		schedule->tables[task->table].left += task->weight;
}

/* A chunk weighs its share of its table's text. */
static void add_chunks(struct schedule *schedule, const struct manifest *manifest, const struct schedule_chunk *chunks,
	size_t count)
{
	AUTO(mem_auto) uint64_t *sizes = mem_array(manifest->table_count, sizeof *sizes);
	for (size_t i = 0; i < count; i++)
		sizes[chunks[i].table] += chunks[i].size;
	schedule->chunks = mem_array(count, sizeof *schedule->chunks);
	for (size_t i = 0; i < count; i++) {
		size_t table = chunks[i].table;
		double share = sizes[table] ? (double)chunks[i].size / (double)sizes[table] : 1;
		struct task task = {.kind = TASK_LOAD, .item = i, .table = table,
			.weight = (uint64_t)((double)manifest->tables[table].bytes * share)};
		add_weight(schedule, &task);
		schedule->tables[table].chunks_left++;
		schedule->chunks[i] = task;
	}
	schedule->chunk_count = schedule->chunks_left = count;
}

/* By the work that their tables have left before anything began. */
static void sort_chunks(struct schedule *schedule)
{
	AUTO(mem_auto) struct order *order = mem_array(schedule->chunk_count, sizeof *order);
	for (size_t i = 0; i < schedule->chunk_count; i++)
		order[i] = (struct order){schedule->chunks[i], schedule->tables[schedule->chunks[i].table].left};
	qsort(order, schedule->chunk_count, sizeof *order, compare_chunks);
	for (size_t i = 0; i < schedule->chunk_count; i++)
		schedule->chunks[i] = order[i].task;
}

static void add_build(struct schedule *schedule, const struct manifest *manifest, const struct toc *toc, size_t entry)
{
	const struct toc_entry *of = &toc->entries[entry];
	struct build *build = &schedule->builds[schedule->build_count++];
	build->tables = mem_array(of->need_count, sizeof *build->tables);
	build->table_count = toc_tables(build->tables, toc, entry);
	build->shares = of->kind == TOC_INDEX;
	build->all_rows = of->kind == TOC_FOREIGN_KEY;
	build->task = (struct task){.kind = TASK_BUILD, .item = entry, .table = TOC_NOTHING};
	for (size_t i = 0; i < build->table_count; i++) {
		size_t table = build->tables[i];
		if (build->task.table == TOC_NOTHING ||
			manifest->tables[table].bytes > manifest->tables[build->task.table].bytes)
			build->task.table = table;
		build->task.weight += manifest->tables[table].bytes;
		schedule->tables[table].builds_left++;
	}
	add_weight(schedule, &build->task);
}

static struct build *add_of_table(struct schedule *schedule, const struct task *task)
{
	struct build *build = &schedule->builds[schedule->build_count++];
	build->tables = mem_array(1, sizeof *build->tables);
	build->tables[build->table_count++] = task->table;
	build->task = *task;
	add_weight(schedule, task);
	return build;
}

static void add_analyze(struct schedule *schedule, const struct manifest *manifest, size_t table)
{
	uint64_t bytes = manifest->tables[table].bytes;
	add_of_table(schedule, &(struct task){.kind = TASK_ANALYZE, .item = table, .table = table,
		.weight = bytes < MOST_ANALYZE ? bytes : MOST_ANALYZE});
}

/* After the builds: among tasks of equal rank the first is taken, and a key that waits holds up more than a reader. */
static void add_checks(struct schedule *schedule, const struct manifest *manifest, const size_t *parts)
{
	for (size_t table = 0; table < manifest->table_count; table++)
		for (size_t part = 0; part < parts[table]; part++)
			add_of_table(schedule, &(struct task){.kind = TASK_CHECK, .item = table, .table = table,
				.weight = manifest->tables[table].bytes / parts[table], .part = part,
				.parts = parts[table]})->shares = true;
}

static void add_builds(struct schedule *schedule, const struct manifest *manifest, const struct toc *toc,
	const struct toc_plan *plan)
{
	AUTO(mem_auto) size_t *place = mem_array(toc->count, sizeof *place);
	for (size_t i = 0; i < plan->builds.count; i++) {
		add_build(schedule, manifest, toc, plan->builds.items[i]);
		place[plan->builds.items[i]] = i + 1;
	}
	for (size_t i = 0; i < plan->builds.count; i++) {
		const struct toc_entry *of = &toc->entries[plan->builds.items[i]];
		struct build *build = &schedule->builds[i];
		build->needs = mem_array(of->need_count, sizeof *build->needs);
		for (size_t j = 0; j < of->need_count; j++)
			if (place[of->needs[j]])
				build->needs[build->need_count++] = place[of->needs[j]] - 1;
	}
	for (size_t i = 0; i < manifest->table_count; i++)
		if (plan->analyze[i])
			add_analyze(schedule, manifest, i);
}

static size_t most_builds(const struct manifest *manifest, const struct toc_plan *plan, const size_t *parts)
{
	size_t most = plan ? plan->builds.count + manifest->table_count : 0;
	for (size_t i = 0; parts && i < manifest->table_count; i++)
		most += parts[i];
	return most;
}

struct schedule *schedule_new(const struct manifest *manifest, const struct schedule_chunk *chunks, size_t chunk_count,
	const struct toc *toc, const struct toc_plan *plan, const size_t *parts)
{
	struct schedule *schedule = mem_new(sizeof *schedule);
	schedule->tables = mem_array(manifest->table_count, sizeof *schedule->tables);
	schedule->builds = mem_array(most_builds(manifest, plan, parts), sizeof *schedule->builds);
	add_chunks(schedule, manifest, chunks, chunk_count);
	if (toc && plan)
		add_builds(schedule, manifest, toc, plan);
	if (parts)
		add_checks(schedule, manifest, parts);
	sort_chunks(schedule);
	return schedule;
}

void schedule_free(struct schedule *schedule)
{
	if (!schedule)
		return;
	for (size_t i = 0; i < schedule->build_count; i++) {
		mem_free(schedule->builds[i].tables);
		mem_free(schedule->builds[i].needs);
	}
	mem_free(schedule->builds);
	mem_free(schedule->chunks);
	mem_free(schedule->tables);
	mem_free(schedule);
}

/* ---- what comes next ---- */

static bool table_is_free(const struct schedule *schedule, const struct build *build, size_t table)
{
	const struct state *state = &schedule->tables[table];
	if (state->chunks_left || state->alone || (state->sharing && !build->shares))
		return false;
	return build->task.kind != TASK_ANALYZE || !state->builds_left;
}

static bool is_ready(const struct schedule *schedule, const struct build *build)
{
	if (build->taken || (build->all_rows && schedule->chunks_left))
		return false;
	for (size_t i = 0; i < build->need_count; i++)
		if (!schedule->builds[build->needs[i]].done)
			return false;
	for (size_t i = 0; i < build->table_count; i++)
		if (!table_is_free(schedule, build, build->tables[i]))
			return false;
	return true;
}

static uint64_t rank(const struct schedule *schedule, const struct task *task)
{
	return task->table == TOC_NOTHING ? 0 : schedule->tables[task->table].left;
}

static struct build *best_build(struct schedule *schedule)
{
	struct build *best = NULL;
	for (size_t i = 0; i < schedule->build_count; i++) {
		struct build *build = &schedule->builds[i];
		if (is_ready(schedule, build) &&
			(!best || rank(schedule, &build->task) > rank(schedule, &best->task)))
			best = build;
	}
	return best;
}

/* As large a part of the workers as the task is of what is left, rounded; one is the connection itself. */
static int helpers(const struct schedule *schedule, const struct task *task, int workers)
{
	double part = schedule->weight_left ? (double)task->weight / (double)schedule->weight_left : 1;
	int whole = (int)((double)workers * part + 0.5);
	return whole > 1 ? whole - 1 : 0;
}

static void occupy(struct schedule *schedule, const struct build *build, int by)
{
	for (size_t i = 0; i < build->table_count; i++) {
		struct state *state = &schedule->tables[build->tables[i]];
		*(build->shares ? &state->sharing : &state->alone) += by;
	}
}

enum schedule_answer schedule_take(struct task *out, struct schedule *schedule, int workers)
{
	struct build *build = best_build(schedule);
	const struct task *chunk =
		schedule->next_chunk < schedule->chunk_count ? &schedule->chunks[schedule->next_chunk] : NULL;
	if (!build && !chunk)
		return schedule->running ? SCHEDULE_WAIT : SCHEDULE_END;
	schedule->running++;
	if (chunk && (!build || rank(schedule, chunk) >= rank(schedule, &build->task))) {
		*out = *chunk;
		schedule->next_chunk++;
		return SCHEDULE_TASK;
	}
	build->taken = true;
	occupy(schedule, build, 1);
	*out = build->task;
	out->helpers = helpers(schedule, out, workers);
	return SCHEDULE_TASK;
}

static struct build *find_build(struct schedule *schedule, const struct task *task)
{
	for (size_t i = 0; i < schedule->build_count; i++) {
		const struct task *of = &schedule->builds[i].task;
		if (of->kind == task->kind && of->item == task->item && of->part == task->part)
			return &schedule->builds[i];
	}
	abort();
}

void schedule_done(struct schedule *schedule, const struct task *task)
{
	schedule->running--;
	schedule->weight_left -= task->weight;
	if (task->table != TOC_NOTHING)
		schedule->tables[task->table].left -= task->weight;
	if (task->kind == TASK_LOAD) {
		schedule->chunks_left--;
		schedule->tables[task->table].chunks_left--;
		return;
	}
	struct build *build = find_build(schedule, task);
	schedule->builds_left -= task->weight;
	build->done = true;
	occupy(schedule, build, -1);
	for (size_t i = 0; task->kind == TASK_BUILD && i < build->table_count; i++)
		schedule->tables[build->tables[i]].builds_left--;
}

size_t schedule_chunks_left(const struct schedule *schedule)
{
	return schedule->chunks_left;
}

uint64_t schedule_builds_left(const struct schedule *schedule)
{
	return schedule->builds_left;
}

size_t schedule_tasks(const struct schedule *schedule)
{
	return schedule->chunk_count + schedule->build_count;
}
