#include "model/graph.h"

#include <string.h>

#include "base/mem.h"

bool edge_goes_up(const struct graph_edge *edge)
{
	return version_compare(edge->from, edge->to) < 0;
}

/* Names of one kind: "table" or "tables", "rows of". */
struct group {
	const char *one, *many;
	struct list names;
};

/* "tables a, b +3", with at most this many names; owned. */
static char *group_text(const struct group *group, size_t most)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	const char *kind = group->names.count == 1 ? group->one : group->many;
	for (size_t i = 0; i < group->names.count && i < most; i++)
		text_addf(&text, "%s%s%s", i ? ", " : kind, i || !*kind ? "" : " ", group->names.items[i]);
	if (group->names.count > most)
		text_addf(&text, " +%zu", group->names.count - most);
	return text_take(&text);
}

/* The same with as many names as there is room for. */
static char *group_fit(const struct group *group, size_t room)
{
	size_t most = group->names.count;
	AUTO(mem_auto) char *text = group_text(group, most);
	while (most > 1 && strlen(text) > room)
		mem_replace(&text, group_text(group, --most));
	if (strlen(text) > room && room > 3)
		mem_replace(&text, mem_format("%.*s...", (int)room - 3, text));
	return mem_take(&text);
}

/* Adds "VERB tables a, b; column c" if that fits, else "VERB tables a, b +3", "VERB column c"; empties the groups. */
static void add_effect(struct list *out, const char *verb, struct group *groups, size_t count, size_t room)
{
	AUTO(list_clear) struct list whole = LIST_INIT;
	for (size_t i = 0; i < count; i++)
		if (groups[i].names.count)
			list_give(&whole, group_text(&groups[i], groups[i].names.count));
	AUTO(mem_auto) char *joined = list_join(&whole, "; ");
	bool fits = strlen(joined) <= room;
	if (fits && whole.count)
		list_addf(out, "%s %s", verb, joined);
	for (size_t i = 0; i < count; i++) {
		AUTO(mem_auto) char *cut = group_fit(&groups[i], room);
		if (!fits && groups[i].names.count)
			list_addf(out, "%s %s", verb, cut);
		list_clear(&groups[i].names);
	}
}

static void add_losses(struct list *out, const struct graph_edge *edge, size_t room)
{
	enum { TABLES, ROWS, COLUMNS, VALUES, KINDS };
	struct group groups[KINDS] = {[TABLES] = {"table", "tables", LIST_INIT},
		[ROWS] = {"some rows of", "some rows of", LIST_INIT}, [COLUMNS] = {"column", "columns", LIST_INIT},
		[VALUES] = {"some values of", "some values of", LIST_INIT}};
	for (size_t i = 0; i < edge->loss_count; i++) {
		const struct loss *loss = &edge->losses[i];
		AUTO(mem_auto) char *column = loss->column ? mem_format("%s.%s", loss->table, loss->column) : NULL;
		if (!column)
			list_add_once(&groups[loss->condition ? ROWS : TABLES].names, loss->table);
		else
			list_add_once(&groups[loss->condition || loss->recomputed ? VALUES : COLUMNS].names, column);
	}
	add_effect(out, "loses", groups, KINDS, room);
}

/* "rows T: why", "column T.C: why" */
static void add_destroyed(struct list *out, const struct graph_edge *edge, size_t room)
{
	enum { ROWS, VALUES, KINDS };
	struct group groups[KINDS] = {[ROWS] = {"rows of", "rows of", LIST_INIT},
		[VALUES] = {"values of", "values of", LIST_INIT}};
	for (size_t i = 0; i < edge->destroys.count; i++) {
		const char *item = edge->destroys.items[i], *name = strchr(item, ' ');
		AUTO(mem_auto) char *only = name ? mem_copy_bytes(name + 1, strcspn(name + 1, ":")) : NULL;
		if (only)
			list_add_once(&groups[text_starts(item, "rows ") ? ROWS : VALUES].names, only);
	}
	add_effect(out, "destroys", groups, KINDS, room);
}

static void add_tables(struct list *out, const char *verb, const struct list *tables, size_t room)
{
	struct group group = {"", "", LIST_INIT};
	list_add_all(&group.names, tables);
	add_effect(out, verb, &group, 1, room);
}

void edge_effects(struct list *out, const struct graph_edge *edge, size_t room)
{
	size_t before = out->count;
	add_losses(out, edge, room);
	if (!edge->loss_count && !edge_goes_up(edge))
		list_add(out, "loses nothing");
	add_destroyed(out, edge, room);
	add_tables(out, "rewrites", &edge->rewritten, room);
	add_tables(out, "indexes", &edge->indexed, room);
	add_tables(out, "changes", &edge->changed, room);
	if (!edge->locks)
		list_add(out, "rewrites not known, there is no .locks file");
	else if (out->count == before)
		list_add(out, "changes no row that is there");
}

/* ---- Graphviz ---- */

static void add_quoted(struct text *text, const char *words)
{
	for (; *words; words++)
		text_addf(text, "%s%c", *words == '"' || *words == '\\' ? "\\" : "", *words);
}

enum { LABEL_ROOM = 50 };

/* Dashed goes down, red loses something for good, bold rewrites a table. */
static void add_dot_edge(struct text *text, const struct graph_edge *edge)
{
	AUTO(list_clear) struct list effects = LIST_INIT;
	edge_effects(&effects, edge, LABEL_ROOM);
	text_addf(text, "\t\"%s\" -> \"%s\" [style=\"%s%s\"%s, label=\"", VERSION_TEXT(edge->from),
		VERSION_TEXT(edge->to), edge_goes_up(edge) ? "solid" : "dashed", edge->rewritten.count ? ",bold" : "",
		edge->loss_count || edge->destroys.count ? ", color=red" : "");
	for (size_t i = 0; i < effects.count; i++) {
		text_add(text, i ? "\\n" : "");
		add_quoted(text, effects.items[i]);
	}
	text_add(text, "\"];\n");
}

char *graph_dot(const struct graph *graph, const struct releases *releases)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	text_add(&text, "digraph versions {\n\trankdir=BT;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < graph->node_count; i++) {
		struct version version = graph->nodes[i].version;
		AUTO(mem_auto) char *names = releases_ranges(releases, version);
		text_addf(&text, "\t\"%s\" [label=\"%s%s%s\"];\n", VERSION_TEXT(version), VERSION_TEXT(version),
			*names ? "\\n" : "", names);
	}
	for (size_t i = 0; i < graph->edge_count; i++)
		add_dot_edge(&text, &graph->edges[i]);
	text_add(&text, "}\n");
	return text_take(&text);
}
