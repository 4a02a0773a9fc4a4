#include "model/graph.h"

#include "base/mem.h"

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
		*out = (struct catalog_result){.items = NULL};
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
