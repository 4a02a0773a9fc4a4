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

static bool add_loss(struct graph_edge *edge, const char *table, const char *column, const char *condition)
{
	edge->losses = mem_resize(edge->losses, (edge->loss_count + 1) * sizeof *edge->losses);
	edge->losses[edge->loss_count++] = (struct loss){mem_copy(table), mem_copy(column), mem_copy(condition), NULL};
	return true;
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

/* Cuts text at word and returns what follows it; NULL if nothing does. */
static char *cut_at(char *text, const char *word)
{
	char *at = strstr(text, word);
	if (!at || !at[strlen(word)])
		return NULL;
	*at = '\0';
	return at + strlen(word);
}

/* "table T", "rows T where EXPRESSION", "column T.C", "column T.C where EXPRESSION". */
static bool read_loss(struct graph_edge *edge, char *words)
{
	char *column, *condition = cut_at(words, " where ");
	char *name = strchr(words, ' ');
	if (!name || !name[1] || strchr(name + 1, ' '))
		return false;
	*name++ = '\0';
	if (strcmp(words, "table") == 0)
		return !condition && add_loss(edge, name, NULL, NULL);
	if (strcmp(words, "rows") == 0)
		return condition && add_loss(edge, name, NULL, condition);
	return strcmp(words, "column") == 0 && split_column(name, &column) && add_loss(edge, name, column, condition);
}

/* "column T.C as EXPRESSION" */
static bool read_recomputed(struct graph_edge *edge, char *words)
{
	char *column, *expression = cut_at(words, " as ");
	if (!expression || !text_starts(words, "column ") || !split_column(words + 7, &column))
		return false;
	struct loss *loss = find_loss(edge, words + 7, column);
	if (loss)
		mem_replace(&loss->recomputed, mem_copy(expression));
	return loss != NULL;
}

/* "rows T: WHY", "column T.C: WHY" */
static bool read_destroyed(struct graph_edge *edge, const char *words)
{
	const char *why = strstr(words, ": ");
	if (!why || !why[2] || !(text_starts(words, "rows ") || text_starts(words, "column ")))
		return false;
	list_add(&edge->destroys, words);
	return true;
}

static bool read_declaration(struct graph_edge *edge, char *words)
{
	if (text_starts(words, "loses: "))
		return read_loss(edge, words + strlen("loses: "));
	if (text_starts(words, "recomputes: "))
		return read_recomputed(edge, words + strlen("recomputes: "));
	return text_starts(words, "destroys: ") && read_destroyed(edge, words + strlen("destroys: "));
}

void graph_read_losses(struct graph_edge *edge, struct list *problems)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, edge->sql);
	for (size_t i = 0; i < lines.count && text_starts(lines.items[i], "--"); i++) {
		char *words = lines.items[i] + 2;
		words += strspn(words, " ");
		bool declares = text_starts(words, "loses:") || text_starts(words, "recomputes:") ||
			text_starts(words, "destroys:");
		if (declares && !read_declaration(edge, words))
			list_addf(problems,
				"%s line %zu is none of `loses: table T`, `loses: rows T where EXPRESSION`, `loses: "
				"column T.C`, after the latter `recomputes: column T.C as EXPRESSION`, `destroys: rows "
				"T: WHY`, `destroys: column T.C: WHY`", edge->file, i + 1);
	}
}

void graph_clear_losses(struct graph_edge *edge)
{
	for (size_t i = 0; i < edge->loss_count; i++) {
		mem_free(edge->losses[i].table);
		mem_free(edge->losses[i].column);
		mem_free(edge->losses[i].condition);
		mem_free(edge->losses[i].recomputed);
	}
	mem_free(edge->losses);
	list_clear(&edge->destroys);
}

char *loss_text(const struct loss *loss)
{
	const char *where = loss->condition ? " where " : "", *condition = loss->condition ? loss->condition : "";
	if (loss->column)
		return mem_format("column %s.%s%s%s", loss->table, loss->column, where, condition);
	return mem_format("%s %s%s%s", loss->condition ? "rows" : "table", loss->table, where, condition);
}

void graph_destroyed(struct list *out, const struct graph *graph, const struct graph_path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		const struct graph_edge *down = path->edges[i], *up = graph_edge(graph, down->to, down->from);
		if (up && version_compare(down->from, down->to) > 0)
			list_add_all(out, &up->destroys);
	}
}
