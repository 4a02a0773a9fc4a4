#include "work/lint.h"

#include <string.h>

#include "base/mem.h"
#include "io/sqltext.h"

static void check_sql(struct list *problems, const char *sql, const char *where)
{
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	AUTO(error_clear) struct error err = ERROR_INIT;
	if (sqltext_split(&script, sql, where, &err))
		list_add(problems, err.message);
	else if (!script.count)
		list_addf(problems, "%s has no statement", where);
	sqltext_check(problems, &script, where);
}

static bool has_table(const struct catalog *catalog, const char *table)
{
	AUTO(mem_auto) char *fact = mem_format("table %s", table);
	return catalog_has(catalog, fact);
}

static bool has_column(const struct catalog *catalog, const char *table, const char *column)
{
	AUTO(mem_auto) char *plain = mem_format("column %s.%s ", table, column);
	AUTO(mem_auto) char *quoted = mem_format("column %s.\"%s\" ", table, column);
	for (size_t i = 0; i < catalog->facts.count; i++)
		if (text_starts(catalog->facts.items[i], plain) || text_starts(catalog->facts.items[i], quoted))
			return true;
	return false;
}

/* A declared loss is of something that the one version has and the other has not, or of what meets a condition; and a
 * table that a down edge takes away is a declared loss, of all its rows or of those that go nowhere else. */
static void check_losses(struct list *problems, const struct graph *graph, const struct graph_edge *edge)
{
	const struct graph_node *from = graph_node(graph, edge->from), *to = graph_node(graph, edge->to);
	if (!from || !to || !from->has_catalog || !to->has_catalog)
		return;
	for (size_t i = 0; i < edge->loss_count; i++) {
		const struct loss *loss = &edge->losses[i];
		AUTO(mem_auto) char *what = loss_text(loss);
		bool before = loss->column ? has_column(&from->catalog, loss->table, loss->column) :
			has_table(&from->catalog, loss->table);
		bool after = loss->column ? has_column(&to->catalog, loss->table, loss->column) :
			has_table(&to->catalog, loss->table);
		if (!before || (after && !loss->condition))
			list_addf(problems, "%s says that it loses %s, which is not what the two catalogs say",
				edge->file, what);
	}
	for (size_t i = 0; i < from->catalog.facts.count; i++) {
		const char *fact = from->catalog.facts.items[i];
		bool declared = !text_starts(fact, "table ") || catalog_has(&to->catalog, fact);
		for (size_t k = 0; !declared && k < edge->loss_count; k++)
			declared = !edge->losses[k].column &&
				strcmp(edge->losses[k].table, fact + strlen("table ")) == 0;
		if (!declared && version_compare(edge->from, edge->to) > 0)
			list_addf(problems, "%s does not say that it loses %s", edge->file, fact);
	}
}

/* Going down is a choice between SQL and snapshot; going up is where information ends. */
static void check_destroys(struct list *problems, const struct graph_edge *edge)
{
	if (edge->destroys.count && version_compare(edge->from, edge->to) > 0)
		list_addf(problems, "%s leads down and declares what it destroys: declare it as `loses:`", edge->file);
}

static void check_releases(struct list *problems, const struct migrations *migrations)
{
	const struct graph *graph = &migrations->graph;
	for (size_t i = 0; i < graph->node_count; i++) {
		struct version release;
		if (!releases_newest(&release, &migrations->releases, graph->nodes[i].version))
			list_addf(problems, "no release in the file releases has version %s",
				VERSION_TEXT(graph->nodes[i].version));
	}
	for (size_t i = 1; i < migrations->releases.count; i++) {
		const struct release *before = &migrations->releases.items[i - 1],
			*item = &migrations->releases.items[i];
		if (version_compare(before->database, item->database) > 0)
			list_addf(problems, "release %s has an older database version than release %s before it",
				VERSION_TEXT(item->release), VERSION_TEXT(before->release));
	}
}

void lint_files(struct list *problems, const struct migrations *migrations)
{
	const struct graph *graph = &migrations->graph;
	list_add_all(problems, &migrations->problems);
	for (size_t i = 0; i < graph->node_count; i++) {
		AUTO(mem_auto) char *file = mem_format("%s.sql", VERSION_TEXT(graph->nodes[i].version));
		check_sql(problems, graph->nodes[i].sql, file);
	}
	for (size_t i = 0; i < graph->edge_count; i++) {
		check_sql(problems, graph->edges[i].sql, graph->edges[i].file);
		check_losses(problems, graph, &graph->edges[i]);
		check_destroys(problems, &graph->edges[i]);
	}
	if (graph->settle.file)
		check_sql(problems, graph->settle.sql, graph->settle.file);
	check_releases(problems, migrations);
}
