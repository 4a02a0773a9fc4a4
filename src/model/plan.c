#include "model/plan.h"

#include <string.h>

#include "base/mem.h"

void plan_init(struct plan *plan, const char *command)
{
	*plan = (struct plan){.command = command};
}

static void clear_edge(struct plan_edge *edge)
{
	for (size_t i = 0; i < edge->count; i++) {
		mem_free(edge->statements[i].sql);
		mem_free(edge->statements[i].title);
		list_clear(&edge->statements[i].locks);
	}
	mem_free(edge->statements);
	mem_free(edge->file);
}

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->edge_count; i++)
		clear_edge(&plan->edges[i]);
	mem_free(plan->edges);
	for (size_t i = 0; i < plan->loss_count; i++)
		mem_free(plan->losses[i].what);
	mem_free(plan->losses);
	list_clear(&plan->tables);
	list_clear(&plan->destroyed);
	list_clear(&plan->services);
	plan_init(plan, plan->command);
}

struct plan_edge *plan_add_edge(struct plan *plan, const struct graph_edge *edge)
{
	plan->edges = mem_resize(plan->edges, (plan->edge_count + 1) * sizeof *plan->edges);
	struct plan_edge *added = &plan->edges[plan->edge_count++];
	*added = (struct plan_edge){.from = edge->from, .to = edge->to, .file = mem_copy(edge->file)};
	memcpy(added->sha256, edge->sha256, sizeof added->sha256);
	return added;
}

struct plan_edge *plan_add_settle(struct plan *plan, const struct graph_edge *settle)
{
	struct plan_edge *added = plan_add_edge(plan, settle);
	added->from = added->to = plan->from;
	/* Of a fresh database it locks nothing, and what it locks of others depends on what they are. */
	added->locks_known = true;
	return added;
}

void plan_add_statement(struct plan_edge *edge, char *sql, char *title, size_t line)
{
	edge->statements = mem_resize(edge->statements, (edge->count + 1) * sizeof *edge->statements);
	edge->statements[edge->count++] = (struct plan_statement){sql, title, line, LIST_INIT};
}

void plan_add_loss(struct plan *plan, char *what, uint64_t rows)
{
	plan->losses = mem_resize(plan->losses, (plan->loss_count + 1) * sizeof *plan->losses);
	plan->losses[plan->loss_count++] = (struct plan_loss){what, rows};
}

/* ---- locks ---- */

static struct plan_statement *statement_at(struct plan_edge *edge, long long line)
{
	for (size_t i = 0; i < edge->count; i++)
		if (edge->statements[i].line == (size_t)line)
			return &edge->statements[i];
	return NULL;
}

void plan_add_locks(struct plan_edge *edge, const char *locks)
{
	edge->locks_known = locks != NULL;
	AUTO(list_clear) struct list lines = LIST_INIT;
	if (locks)
		list_add_lines(&lines, locks);
	for (size_t i = 0; i < lines.count; i++) {
		char *tab = strchr(lines.items[i], '\t');
		long long line;
		if (!tab)
			continue;
		*tab = '\0';
		struct plan_statement *statement = text_to_number(lines.items[i], 1, 1000000, &line)
			? statement_at(edge, line) : NULL;
		if (statement)
			lock_items(&statement->locks, tab + 1);
	}
}

/* ---- what is touched ---- */

/* PostgreSQL 10 writes a table anew where later servers, and so the .locks files, note a lock alone: for a column with
 * a default. */
static bool server_rewrites_more(const struct facts *facts)
{
	return facts->server_version && text_starts(facts->server_version, "10.");
}

/* Whether it comes with new row versions, a new file or a new index. */
static bool lock_writes(const char *lock, const struct facts *facts)
{
	return lock_kind(lock) != LOCK_IS_OTHER ||
		(server_rewrites_more(facts) && text_starts(lock, "AccessExclusiveLock "));
}

static void touch(struct plan *plan, struct list *written, const struct plan_statement *statement,
	const struct facts *facts)
{
	for (size_t i = 0; i < statement->locks.count; i++) {
		const char *lock = statement->locks.items[i], *table = lock_table(lock);
		if (!facts_table(facts, table))
			continue;
		if (!list_has(&plan->tables, table))
			list_add(&plan->tables, table);
		if (lock_writes(lock, facts) && !list_has(written, table))
			list_add(written, table);
	}
}

void plan_finish(struct plan *plan, const struct facts *facts)
{
	AUTO(list_clear) struct list written = LIST_INIT;
	bool known = true;
	for (size_t i = 0; i < plan->edge_count; i++) {
		known = known && plan->edges[i].locks_known;
		for (size_t k = 0; k < plan->edges[i].count; k++)
			touch(plan, &written, &plan->edges[i].statements[k], facts);
	}
	list_sort(&plan->tables);
	plan->room = 0;
	/* New row versions of every row once, or a new file, and as much again in the log. */
	for (size_t i = 0; i < facts->table_count; i++)
		if (plan->edge_count && (!known || list_has(&written, facts->tables[i].name)))
			plan->room += 2 * facts->tables[i].bytes;
}
