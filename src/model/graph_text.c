#include "model/graph.h"

#include "base/mem.h"

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
