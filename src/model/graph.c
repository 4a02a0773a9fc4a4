#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What the name of a file says. */
struct file_name {
	enum { NAME_FOREIGN, NAME_BAD, NAME_NODE_SQL, NAME_CATALOG, NAME_SHAPES, NAME_EDGE_SQL, NAME_LOCKS,
		NAME_SETTLE } kind;
	struct version from, to; /* of a node: from */
};

static struct file_name read_name(const char *name)
{
	static const char *const endings[] = {".sql", ".catalog", ".shapes", ".locks"};
	struct file_name out = {.kind = NAME_FOREIGN};
	const char *rest;
	bool ours = false;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		ours = ours || text_ends(name, endings[i]);
	if (!ours || *name == '.')
		return out;
	out.kind = strcmp(name, "settle.sql") == 0 ? NAME_SETTLE : NAME_BAD;
	if (!version_read(&out.from, name, &rest))
		return out;
	if (strcmp(rest, ".sql") == 0)
		out.kind = NAME_NODE_SQL;
	else if (strcmp(rest, ".catalog") == 0)
		out.kind = NAME_CATALOG;
	else if (strcmp(rest, ".shapes") == 0)
		out.kind = NAME_SHAPES;
	else if (text_starts(rest, "--") && version_read(&out.to, rest + 2, &rest))
		out.kind = strcmp(rest, ".sql") == 0 ? NAME_EDGE_SQL : strcmp(rest, ".locks") == 0 ? NAME_LOCKS :
			NAME_BAD;
	return out;
}

static struct graph_node *find_node(const struct graph *graph, struct version version)
{
	for (size_t i = 0; i < graph->node_count; i++)
		if (version_same(graph->nodes[i].version, version))
			return &graph->nodes[i];
	return NULL;
}

static struct graph_edge *find_edge(const struct graph *graph, struct version from, struct version to)
{
	for (size_t i = 0; i < graph->edge_count; i++)
		if (version_same(graph->edges[i].from, from) && version_same(graph->edges[i].to, to))
			return &graph->edges[i];
	return NULL;
}

const struct graph_node *graph_node(const struct graph *graph, struct version version)
{
	return find_node(graph, version);
}

const struct graph_edge *graph_edge(const struct graph *graph, struct version from, struct version to)
{
	return find_edge(graph, from, to);
}

bool graph_newest(struct version *out, const struct graph *graph)
{
	if (graph->node_count)
		*out = graph->nodes[graph->node_count - 1].version;
	return graph->node_count > 0;
}

static void add_node(struct graph *graph, struct version version, const char *sql)
{
	graph->nodes = mem_resize(graph->nodes, (graph->node_count + 1) * sizeof *graph->nodes);
	graph->nodes[graph->node_count++] = (struct graph_node){.version = version, .sql = mem_copy(sql),
		.catalog = {.version = version}};
}

static const struct graph_file *find_file(const struct graph_file *files, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

/* Catalog and shapes of one node. */
static void add_catalog(struct graph_node *node, struct list *problems, const struct graph_file *files, size_t count)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *version = mem_copy(VERSION_TEXT(node->version));
	AUTO(mem_auto) char *catalog_name = mem_format("%s.catalog", version);
	AUTO(mem_auto) char *shapes_name = mem_format("%s.shapes", version);
	const struct graph_file *catalog = find_file(files, count, catalog_name);
	const struct graph_file *shapes = find_file(files, count, shapes_name);
	if (!catalog)
		list_addf(problems, "%s is missing", catalog_name);
	else if (catalog_parse(&node->catalog, node->version, catalog->text, shapes ? shapes->text : NULL, version,
		&err))
		list_add(problems, err.message);
	else
		node->has_catalog = true;
}

static void add_edge(struct graph *graph, struct list *problems, const struct graph_file *file, struct file_name name)
{
	if (!find_node(graph, name.from) || !find_node(graph, name.to)) {
		struct version unknown = find_node(graph, name.from) ? name.to : name.from;
		list_addf(problems, "%s leads between versions of which %s has no %s.sql", file->name,
			VERSION_TEXT(unknown), VERSION_TEXT(unknown));
		return;
	}
	if (version_same(name.from, name.to)) {
		list_addf(problems, "%s leads from a version to itself", file->name);
		return;
	}
	if (find_edge(graph, name.from, name.to)) {
		list_addf(problems, "%s is a second edge from %s to %s", file->name, VERSION_TEXT(name.from),
			VERSION_TEXT(name.to));
		return;
	}
	graph->edges = mem_resize(graph->edges, (graph->edge_count + 1) * sizeof *graph->edges);
	struct graph_edge *edge = &graph->edges[graph->edge_count++];
	*edge = (struct graph_edge){.from = name.from, .to = name.to, .file = mem_copy(file->name),
		.sql = mem_copy_bytes(file->text, file->size), .size = file->size};
	graph_read_losses(edge, problems);
}

/* A file that belongs to something that is not there. */
static void add_rest(struct graph *graph, struct list *problems, const struct graph_file *file, struct file_name name)
{
	struct graph_edge *edge = find_edge(graph, name.from, name.to);
	if (name.kind == NAME_BAD)
		list_addf(problems, "%s is not named V.sql, V.catalog, V.shapes, A--B.sql, A--B.locks or settle.sql",
			file->name);
	else if (name.kind == NAME_SETTLE && !graph->settle.file)
		graph->settle = (struct graph_edge){.file = mem_copy(file->name),
			.sql = mem_copy_bytes(file->text, file->size), .size = file->size};
	else if ((name.kind == NAME_CATALOG || name.kind == NAME_SHAPES) && !find_node(graph, name.from))
		list_addf(problems, "%s has no %s.sql beside it", file->name, VERSION_TEXT(name.from));
	else if (name.kind == NAME_LOCKS && !edge)
		list_addf(problems, "%s has no edge beside it", file->name);
	else if (name.kind == NAME_LOCKS && !edge->locks) {
		edge->locks = mem_copy(file->text);
		graph_read_locks(edge);
	}
}

static int compare_nodes(const void *a, const void *b)
{
	const struct graph_node *left = a, *right = b;
	return version_compare(left->version, right->version);
}

static int compare_edges(const void *a, const void *b)
{
	const struct graph_edge *left = a, *right = b;
	int order = version_compare(left->from, right->from);
	return order ? order : version_compare(left->to, right->to);
}

/* Every version but the oldest must be reached by an upgrade from it: nothing else brings a database there. */
static void check_reachable(const struct graph *graph, struct list *problems)
{
	for (size_t i = 1; i < graph->node_count; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(graph_path_clear) struct graph_path path = {NULL, 0};
		if (graph_path(&path, graph, graph->nodes[0].version, graph->nodes[i].version, &err))
			list_addf(problems, "no edges lead from %s to %s", VERSION_TEXT(graph->nodes[0].version),
				VERSION_TEXT(graph->nodes[i].version));
	}
}

void graph_build(struct graph *out, struct list *problems, const struct graph_file *files, size_t count)
{
	*out = (struct graph){.nodes = NULL};
	struct file_name *names = mem_array(count, sizeof *names);
	for (size_t i = 0; i < count; i++) {
		names[i] = read_name(files[i].name);
		if (names[i].kind == NAME_NODE_SQL && !find_node(out, names[i].from))
			add_node(out, names[i].from, files[i].text);
	}
	if (out->node_count)
		qsort(out->nodes, out->node_count, sizeof *out->nodes, compare_nodes);
	for (size_t i = 0; i < out->node_count; i++)
		add_catalog(&out->nodes[i], problems, files, count);
	for (size_t i = 0; i < count; i++)
		if (names[i].kind == NAME_EDGE_SQL)
			add_edge(out, problems, &files[i], names[i]);
	if (out->edge_count)
		qsort(out->edges, out->edge_count, sizeof *out->edges, compare_edges);
	for (size_t i = 0; i < count; i++)
		add_rest(out, problems, &files[i], names[i]);
	mem_free(names);
	if (!out->node_count)
		list_add(problems, "there is no V.sql, and so no version at all");
	check_reachable(out, problems);
}

static void edge_clear(struct graph_edge *edge)
{
	mem_free(edge->file);
	mem_free(edge->sql);
	mem_free(edge->locks);
	list_clear(&edge->rewritten);
	list_clear(&edge->indexed);
	list_clear(&edge->changed);
	graph_clear_losses(edge);
}

void graph_clear(struct graph *graph)
{
	for (size_t i = 0; i < graph->node_count; i++) {
		mem_free(graph->nodes[i].sql);
		catalog_clear(&graph->nodes[i].catalog);
	}
	for (size_t i = 0; i < graph->edge_count; i++)
		edge_clear(&graph->edges[i]);
	edge_clear(&graph->settle);
	mem_free(graph->nodes);
	mem_free(graph->edges);
	*graph = (struct graph){.nodes = NULL};
}
