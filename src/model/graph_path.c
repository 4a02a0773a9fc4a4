#include "model/graph.h"

#include <stdlib.h>

#include "base/mem.h"

/* An edge that goes the wanted way and not past the target. Going both ways on one path could lose rows that a longer
 * straight path keeps. */
static bool is_on_the_way(const struct graph_edge *edge, struct version at, struct version to, int way)
{
	return version_same(edge->from, at) && version_compare(edge->to, edge->from) * way > 0 &&
	       version_compare(to, edge->to) * way >= 0;
}

static size_t node_index(const struct graph *graph, struct version version)
{
	return (size_t)(graph_node(graph, version) - graph->nodes);
}

/* Breadth first; reached_by[node] is the edge that led there, NULL if none did. */
static void search(const struct graph_edge **reached_by, const struct graph *graph, struct version from,
	struct version to)
{
	int way = version_compare(to, from);
	struct version *queue = mem_array(graph->node_count, sizeof *queue);
	size_t head = 0, tail = 0;
	queue[tail++] = from;
	while (head < tail) {
		struct version at = queue[head++];
		for (size_t i = 0; i < graph->edge_count; i++) {
			const struct graph_edge *edge = &graph->edges[i];
			size_t target = node_index(graph, edge->to);
			if (is_on_the_way(edge, at, to, way) && !reached_by[target]) {
				reached_by[target] = edge;
				queue[tail++] = edge->to;
			}
		}
	}
	mem_free(queue);
}

static int check_node(const struct graph *graph, struct version version, struct error *err)
{
	if (graph_node(graph, version))
		return 0;
	error_set(err, ERROR_USAGE, "database version %s is not in the graph", VERSION_TEXT(version));
	error_hint(err, "type `anchore-admin graph show` for the versions that are");
	return ERROR_USAGE;
}

int graph_path(struct graph_path *out, const struct graph *graph, struct version from, struct version to,
	struct error *err)
{
	int code = check_node(graph, from, err);
	if (!code)
		code = check_node(graph, to, err);
	if (code)
		return code;
	const struct graph_edge **reached_by = mem_array(graph->node_count, sizeof *reached_by);
	search(reached_by, graph, from, to);
	struct graph_path path = {mem_array(graph->node_count, sizeof *path.edges), 0};
	struct version at = to;
	while (!version_same(at, from) && reached_by[node_index(graph, at)]) {
		path.edges[path.count] = reached_by[node_index(graph, at)];
		at = path.edges[path.count++]->from;
	}
	mem_free(reached_by);
	if (!version_same(at, from)) {
		graph_path_clear(&path);
		error_set(err, ERROR_REFUSED, "no edges lead from version %s to %s", VERSION_TEXT(from),
			VERSION_TEXT(to));
		return error_hint(err, "type `anchore-admin graph show` for the edges that there are");
	}
	for (size_t i = 0; i < path.count / 2; i++) {
		const struct graph_edge *last = path.edges[path.count - 1 - i];
		path.edges[path.count - 1 - i] = path.edges[i];
		path.edges[i] = last;
	}
	*out = path;
	return 0;
}

void graph_path_clear(struct graph_path *path)
{
	mem_free(path->edges);
	*path = (struct graph_path){NULL, 0};
}
