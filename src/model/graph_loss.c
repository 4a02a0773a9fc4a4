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
