#include "model/graph.h"

#include <string.h>

#include "base/mem.h"

/* The newest version stands at the top, so that up is up. Edges that skip versions run in lanes to the left of the line
 * of versions, two columns each:
 *
 *     +-o 0.0.4
 *     | |  ^ rewrites  what the upgrade from 0.0.3 does
 *     | o 0.0.3
 *     | |
 *     +-o 0.0.2
 */
enum { COLUMNS = 100, ARROW_COLUMNS = 4, VERB_COLUMNS = 10 };

struct lane {
	size_t low, high; /* nodes */
	size_t column;
};

struct picture {
	const struct graph *graph;
	struct text text;
	struct lane *lanes;
	size_t lane_count;
	size_t width; /* of all lanes, in lanes */
};

/* ---- lanes ---- */

static bool lanes_clash(const struct lane *a, const struct lane *b)
{
	return a->column == b->column && a->low <= b->high && b->low <= a->high;
}

static void add_lane(struct picture *picture, size_t low, size_t high)
{
	struct lane lane = {low, high, 0};
	for (size_t i = 0; i < picture->lane_count; i++)
		if (lanes_clash(&picture->lanes[i], &lane)) {
			lane.column++;
			i = (size_t)-1; /* from the first again */
		}
	picture->lanes = mem_resize(picture->lanes, (picture->lane_count + 1) * sizeof *picture->lanes);
	picture->lanes[picture->lane_count++] = lane;
	if (lane.column >= picture->width)
		picture->width = lane.column + 1;
}

static const struct graph_edge *edge_between(const struct graph *graph, size_t from, size_t to)
{
	return graph_edge(graph, graph->nodes[from].version, graph->nodes[to].version);
}

/* Short ones first: they get the columns next to the line. */
static void add_lanes(struct picture *picture)
{
	const struct graph *graph = picture->graph;
	for (size_t length = 2; length < graph->node_count; length++)
		for (size_t low = 0; low + length < graph->node_count; low++)
			if (edge_between(graph, low, low + length) || edge_between(graph, low + length, low))
				add_lane(picture, low, low + length);
}

/* What stands left of the words: the lanes and the line, which is drawn as mark. is_node: in the row of the node
 * itself, else in the rows below it. */
static char *margin(const struct picture *picture, size_t node, bool is_node, char mark)
{
	size_t line = 2 * picture->width, first = line;
	char *out = mem_format("%*s%c", (int)line, "", mark);
	for (size_t i = 0; i < picture->lane_count; i++) {
		const struct lane *lane = &picture->lanes[i];
		size_t at = line - 2 * (lane->column + 1);
		bool ends = is_node && (lane->low == node || lane->high == node);
		if (ends && at < first)
			first = at;
		if (ends)
			out[at] = '+';
		else if (lane->low < node && lane->high >= node)
			out[at] = '|';
	}
	for (size_t at = first; at < line; at++)
		if (out[at] == ' ')
			out[at] = '-';
	return out;
}

/* ---- rows ---- */

/* The bytes of the verb, which is the first word. */
static int verb_size(const char *words)
{
	return (int)strcspn(words, " ");
}

/* "|  ^ rewrites  images"; a verb that has just been said, in before, is not said again. */
static void add_row(struct picture *picture, size_t node, char line, char arrow, const char *before, const char *words)
{
	AUTO(mem_auto) char *left = margin(picture, node, false, line);
	int size = verb_size(words);
	bool again = before && verb_size(before) == size && strncmp(before, words, (size_t)size) == 0;
	text_addf(&picture->text, "%s  %c %-*.*s %s\n", left, before ? ' ' : arrow, VERB_COLUMNS - 1,
		again ? 0 : size, words, words + size + (words[size] == ' '));
}

/* other: where it comes from or goes to, NULL if that is the version next to the node's. */
static void add_edge(struct picture *picture, size_t node, char line, const struct graph_edge *edge,
	const struct graph_node *other)
{
	AUTO(list_clear) struct list effects = LIST_INIT;
	size_t left = 2 * picture->width + 1 + ARROW_COLUMNS + VERB_COLUMNS;
	if (other)
		list_addf(&effects, "%s %s", edge_goes_up(edge) ? "from" : "to", VERSION_TEXT(other->version));
	edge_effects(&effects, edge, left < COLUMNS ? COLUMNS - left : 0);
	for (size_t i = 0; i < effects.count; i++)
		add_row(picture, node, line, edge_goes_up(edge) ? '^' : 'v', i ? effects.items[i - 1] : NULL,
			effects.items[i]);
}

static void add_missing(struct picture *picture, size_t node, char line, char arrow, size_t from, size_t to)
{
	const struct graph_node *nodes = picture->graph->nodes;
	AUTO(mem_auto) char *words = mem_format("missing there is no %s--%s.sql", VERSION_TEXT(nodes[from].version),
		VERSION_TEXT(nodes[to].version));
	add_row(picture, node, line, arrow, NULL, words);
}

static void add_gap(struct picture *picture, size_t node)
{
	const struct graph *graph = picture->graph;
	const struct graph_edge *up = edge_between(graph, node - 1, node), *down = edge_between(graph, node, node - 1);
	char line = up || down ? '|' : ':';
	if (up)
		add_edge(picture, node, line, up, NULL);
	else
		add_missing(picture, node, line, '^', node - 1, node);
	if (down)
		add_edge(picture, node, line, down, NULL);
	else
		add_missing(picture, node, line, 'v', node, node - 1);
	for (size_t low = node - 1; low-- > 0;) {
		up = edge_between(graph, low, node);
		down = edge_between(graph, node, low);
		if (up)
			add_edge(picture, node, line, up, &graph->nodes[low]);
		if (down)
			add_edge(picture, node, line, down, &graph->nodes[low]);
	}
}

static void add_node(struct picture *picture, size_t node, const struct releases *releases)
{
	struct version version = picture->graph->nodes[node].version;
	AUTO(mem_auto) char *names = releases_ranges(releases, version);
	AUTO(mem_auto) char *left = margin(picture, node, true, 'o');
	text_addf(&picture->text, "%s %-7s  engine %s\n", left, VERSION_TEXT(version),
		*names ? names : "releases unknown");
}

static const char legend[] =
	"\n"
	"^ up  destroys  what no way down gives back, only a snapshot\n"
	"      rewrites  the whole table is written anew\n"
	"      indexes   the whole table is read, to build an index of it\n"
	"      changes   rows of it are inserted, updated or deleted\n"
	"v down\n"
	"      loses     what the older version cannot hold; it is counted, and asked about, before\n";

char *graph_text(const struct graph *graph, const struct releases *releases)
{
	struct picture picture = {.graph = graph, .text = TEXT_INIT};
	add_lanes(&picture);
	for (size_t node = graph->node_count; node-- > 0;) {
		add_node(&picture, node, releases);
		if (node)
			add_gap(&picture, node);
	}
	text_add(&picture.text, legend);
	if (graph->settle.file)
		text_addf(&picture.text, "Every way, up or down, begins with %s.\n", graph->settle.file);
	mem_free(picture.lanes);
	return text_take(&picture.text);
}
