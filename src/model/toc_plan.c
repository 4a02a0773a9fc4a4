#include <string.h>

#include "base/mem.h"
#include "model/toc.h"

enum place { PLACE_LAST, PLACE_EARLY, PLACE_BUILD };

struct planner {
	const struct toc *toc;
	const struct manifest *manifest;
	uint64_t heavy;
	enum place *places;  /* of each entry */
	size_t *seen;        /* of each entry: the number of the search that met it last */
	size_t search;
	size_t *found;       /* what the last search met */
	size_t found_count;
};

/* What a worker, or a session before the rows, can make from the archive's own text alone. */
static bool is_buildable(enum toc_kind kind)
{
	return kind == TOC_CONSTRAINT || kind == TOC_INDEX || kind == TOC_ATTACH || kind == TOC_FOREIGN_KEY;
}

static void meet(struct planner *planner, size_t entry)
{
	if (planner->seen[entry] == planner->search)
		return;
	planner->seen[entry] = planner->search;
	planner->found[planner->found_count++] = entry;
}

/* Collects the entry and all of post-data that it needs and that is not placed before the rows already. False if
 * something of it is not buildable: then it has to wait for pg_restore's own order. Circles end, as nothing is met
 * twice. */
static bool collect(struct planner *planner, size_t entry)
{
	planner->search++;
	planner->found_count = 0;
	meet(planner, entry);
	for (size_t i = 0; i < planner->found_count; i++) {
		const struct toc_entry *at = &planner->toc->entries[planner->found[i]];
		if (!is_buildable(at->kind))
			return false;
		for (size_t j = 0; j < at->need_count; j++)
			if (planner->toc->entries[at->needs[j]].post && planner->places[at->needs[j]] != PLACE_EARLY)
				meet(planner, at->needs[j]);
	}
	return true;
}

static void place(struct planner *planner, enum place place)
{
	for (size_t i = 0; i < planner->found_count; i++)
		planner->places[planner->found[i]] = place;
}

static uint64_t bytes_of(const struct planner *planner, size_t table)
{
	return table == TOC_NOTHING ? 0 : planner->manifest->tables[table].bytes;
}

/* The check of a small table's rows costs less than a foreign key made by itself, which thousands would be. How much a
 * partitioned table's partitions hold is not asked. */
static bool is_worth_it(const struct planner *planner, const struct toc_entry *entry)
{
	for (size_t i = 0; i < entry->need_count; i++) {
		const struct toc_entry *need = &planner->toc->entries[entry->needs[i]];
		if (need->kind == TOC_TABLE &&
			(need->table == TOC_NOTHING || bytes_of(planner, need->table) >= planner->heavy))
			return true;
	}
	return false;
}

static void place_early(struct planner *planner)
{
	for (size_t i = 0; i < planner->toc->count; i++) {
		const struct toc_entry *entry = &planner->toc->entries[i];
		if (entry->post && entry->kind == TOC_FOREIGN_KEY && is_worth_it(planner, entry) &&
			collect(planner, i))
			place(planner, PLACE_EARLY);
	}
}

/* A partitioned table has no rows of its own, and what is done to it locks its partitions: it is left to pg_restore. */
static bool is_heavy(const struct planner *planner, const struct toc_entry *entry)
{
	uint64_t most = 0;
	for (size_t i = 0; i < entry->need_count; i++) {
		const struct toc_entry *need = &planner->toc->entries[entry->needs[i]];
		if (need->kind != TOC_TABLE)
			continue;
		if (need->table == TOC_NOTHING)
			return false;
		if (bytes_of(planner, need->table) > most)
			most = bytes_of(planner, need->table);
	}
	return most && most >= planner->heavy;
}

static void place_builds(struct planner *planner)
{
	for (size_t i = 0; i < planner->toc->count; i++) {
		const struct toc_entry *entry = &planner->toc->entries[i];
		if (entry->post && planner->places[i] == PLACE_LAST && is_buildable(entry->kind) &&
			entry->kind != TOC_ATTACH && is_heavy(planner, entry) && collect(planner, i))
			place(planner, PLACE_BUILD);
	}
}

/* Statistics of expressions want the index or the CREATE STATISTICS they belong to, those of a parent its children's
 * rows: such tables are analyzed at the end. */
static void choose_analyze(const struct planner *planner, bool *analyze)
{
	const struct toc *toc = planner->toc;
	for (size_t i = 0; i < toc->count; i++)
		if (toc->entries[i].table != TOC_NOTHING)
			analyze[toc->entries[i].table] = bytes_of(planner, toc->entries[i].table) >= planner->heavy;
	for (size_t i = 0; i < toc->count; i++) {
		const struct toc_entry *entry = &toc->entries[i];
		bool late = entry->kind == TOC_TABLE || (entry->post && planner->places[i] == PLACE_LAST &&
			entry->kind != TOC_OTHER && entry->kind != TOC_FOREIGN_KEY);
		for (size_t j = 0; late && j < entry->need_count; j++)
			if (toc->entries[entry->needs[j]].table != TOC_NOTHING)
				analyze[toc->entries[entry->needs[j]].table] = false;
	}
}

static void add(struct toc_list *list, size_t room, size_t entry)
{
	if (!list->items)
		list->items = mem_array(room, sizeof *list->items);
	list->items[list->count++] = entry;
}

static int check(const struct toc_plan *plan, const struct toc *toc, struct error *err)
{
	const struct toc_list *lists[] = {&plan->early, &plan->builds, &plan->last};
	AUTO(mem_auto) bool *done = mem_array(toc->count, sizeof *done);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (size_t j = 0; j < lists[i]->count; j++) {
			size_t entry = lists[i]->items[j];
			if (done[entry] || !toc->entries[entry].post)
				return error_set(err, ERROR_FAILED, "entry %ld of the archive is planned twice",
					toc->entries[entry].id);
			done[entry] = true;
		}
	for (size_t i = 0; i < toc->count; i++)
		if (toc->entries[i].post && !done[i])
			return error_set(err, ERROR_FAILED, "entry %ld of the archive is not planned",
				toc->entries[i].id);
	return 0;
}

int toc_plan(struct toc_plan *out, const struct toc *toc, const struct manifest *manifest, uint64_t heavy, bool trusted,
	struct error *err)
{
	AUTO(toc_plan_clear) struct toc_plan plan = {.analyze = mem_array(manifest->table_count, sizeof(bool))};
	AUTO(mem_auto) enum place *places = mem_array(toc->count, sizeof *places);
	AUTO(mem_auto) size_t *seen = mem_array(toc->count, sizeof *seen);
	AUTO(mem_auto) size_t *found = mem_array(toc->count, sizeof *found);
	struct planner planner = {.toc = toc, .manifest = manifest, .heavy = heavy, .places = places, .seen = seen,
		.found = found};
	if (trusted)
		place_early(&planner);
	place_builds(&planner);
	choose_analyze(&planner, plan.analyze);
	struct toc_list *const lists[] = {
		[PLACE_LAST] = &plan.last, [PLACE_EARLY] = &plan.early, [PLACE_BUILD] = &plan.builds};
	for (size_t i = 0; i < toc->count; i++)
		if (toc->entries[i].post)
			add(lists[places[i]], toc->count, i);
	int rc = check(&plan, toc, err);
	if (rc)
		return rc;
	*out = plan;
	plan = (struct toc_plan){0};
	return 0;
}

void toc_plan_clear(struct toc_plan *plan)
{
	mem_free(plan->early.items);
	mem_free(plan->builds.items);
	mem_free(plan->last.items);
	mem_free(plan->analyze);
	*plan = (struct toc_plan){0};
}
