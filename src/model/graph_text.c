#include "model/graph.h"

#include <string.h>

#include "base/mem.h"

static struct loss *find_loss(const struct graph_edge *edge, const char *table, const char *column)
{
	for (size_t i = 0; i < edge->loss_count; i++)
		if (text_same(edge->losses[i].table, table) && text_same(edge->losses[i].column, column))
			return &edge->losses[i];
	return NULL;
}

static void add_loss(struct graph_edge *edge, const char *table, const char *column)
{
	edge->losses = mem_resize(edge->losses, (edge->loss_count + 1) * sizeof *edge->losses);
	edge->losses[edge->loss_count++] = (struct loss){mem_copy(table), mem_copy(column), NULL};
}

/* Splits "table.column" in place; false if a part is missing. */
static bool split_column(char *name, char **column)
{
	char *dot = strchr(name, '.');
	if (!dot || dot == name || !dot[1])
		return false;
	*dot = '\0';
	*column = dot + 1;
	return true;
}

/* "loses: table T", "loses: column T.C", "recomputes: column T.C as EXPRESSION". */
static bool read_declaration(struct graph_edge *edge, char *words)
{
	char *column;
	if (text_starts(words, "loses: table ") && words[13] && !strchr(words + 13, ' ')) {
		add_loss(edge, words + 13, NULL);
		return true;
	}
	if (text_starts(words, "loses: column ") && !strchr(words + 14, ' ') && split_column(words + 14, &column)) {
		add_loss(edge, words + 14, column);
		return true;
	}
	char *as = text_starts(words, "recomputes: column ") ? strstr(words, " as ") : NULL;
	if (!as || !as[4])
		return false;
	*as = '\0';
	struct loss *loss = split_column(words + 19, &column) ? find_loss(edge, words + 19, column) : NULL;
	if (loss)
		mem_replace(&loss->recomputed, mem_copy(as + 4));
	return loss != NULL;
}

void graph_read_losses(struct graph_edge *edge, struct list *problems)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, edge->sql);
	for (size_t i = 0; i < lines.count && text_starts(lines.items[i], "--"); i++) {
		char *words = lines.items[i] + 2;
		words += strspn(words, " ");
		bool declares = text_starts(words, "loses:") || text_starts(words, "recomputes:");
		if (declares && !read_declaration(edge, words))
			list_addf(problems,
				"%s line %zu is not `loses: table T`, `loses: column T.C` or, after the latter, "
				"`recomputes: column T.C as EXPRESSION`", edge->file, i + 1);
	}
}

char *loss_text(const struct loss *loss)
{
	if (loss->column)
		return mem_format("column %s.%s", loss->table, loss->column);
	return mem_format("table %s", loss->table);
}

static bool goes_up(const struct graph_edge *edge)
{
	return version_compare(edge->from, edge->to) < 0;
}

static void add_edges(struct text *text, const struct graph *graph, struct version from)
{
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		if (!version_same(edge->from, from))
			continue;
		text_addf(text, "    %s to %s: %s\n", goes_up(edge) ? "up" : "down", VERSION_TEXT(edge->to),
			edge->file);
		for (size_t j = 0; j < edge->loss_count; j++) {
			AUTO(mem_auto) char *what = loss_text(&edge->losses[j]);
			text_addf(text, "        loses %s%s\n", what,
				edge->losses[j].recomputed ? ", except what an upgrade computes again" : "");
		}
	}
}

char *graph_text(const struct graph *graph, const struct releases *releases)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	for (size_t i = 0; i < graph->node_count; i++) {
		struct version version = graph->nodes[i].version;
		AUTO(mem_auto) char *names = releases_of(releases, version);
		text_addf(&text, "%s  engine %s\n", VERSION_TEXT(version), *names ? names : "releases unknown");
		for (size_t j = 0; j < graph->nodes[i].catalog.shape_count; j++)
			text_addf(&text, "    also the shape %s\n", graph->nodes[i].catalog.shapes[j].name);
		add_edges(&text, graph, version);
	}
	return text_take(&text);
}

char *graph_dot(const struct graph *graph, const struct releases *releases)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	text_add(&text, "digraph versions {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < graph->node_count; i++) {
		struct version version = graph->nodes[i].version;
		AUTO(mem_auto) char *names = releases_of(releases, version);
		text_addf(&text, "\t\"%s\" [label=\"%s\\n%s\"];\n", VERSION_TEXT(version), VERSION_TEXT(version),
			names);
	}
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		text_addf(&text, "\t\"%s\" -> \"%s\"%s;\n", VERSION_TEXT(edge->from), VERSION_TEXT(edge->to),
			goes_up(edge) ? "" : edge->loss_count ? " [style=dashed, label=\"loses rows\"]" :
			" [style=dashed]");
	}
	text_add(&text, "}\n");
	return text_take(&text);
}

/* Every catalog of the graph but one; owned. */
static const struct catalog **other_catalogs(size_t *count, const struct graph *graph, const struct graph_node *but)
{
	const struct catalog **others = mem_array(graph->node_count, sizeof *others);
	*count = 0;
	for (size_t i = 0; i < graph->node_count; i++)
		if (&graph->nodes[i] != but && graph->nodes[i].has_catalog)
			others[(*count)++] = &graph->nodes[i].catalog;
	return others;
}

void graph_compare(struct catalog_result *out, const struct graph *graph, struct version version,
	const struct list *facts)
{
	const struct graph_node *node = graph_node(graph, version);
	if (!node || !node->has_catalog) {
		*out = (struct catalog_result){LIST_INIT, LIST_INIT, LIST_INIT};
		list_addf(&out->blocking, "what a database of version %s looks like is not known",
			VERSION_TEXT(version));
		return;
	}
	size_t count;
	const struct catalog **others = other_catalogs(&count, graph, node);
	catalog_compare(out, &node->catalog, facts, others, count);
	mem_free(others);
}

void graph_guess(struct list *versions, const struct graph *graph, const struct list *facts)
{
	for (size_t i = 0; i < graph->node_count; i++) {
		AUTO(catalog_result_clear) struct catalog_result result;
		graph_compare(&result, graph, graph->nodes[i].version, facts);
		if (!result.blocking.count)
			list_add(versions, VERSION_TEXT(graph->nodes[i].version));
	}
}
