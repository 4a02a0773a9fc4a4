/* Names that V.sql gives to constraints and indexes. It is written by hand, so words are compared, not layout. */
#include "model/repair_private.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

/* Comments away, one space for any white space, none inside of parentheses. */
char *repair_one_line(const char *schema)
{
	struct text out = TEXT_INIT;
	for (const char *at = schema; *at; at++) {
		if (text_starts(at, "--"))
			at += strcspn(at, "\n");
		if (!*at)
			break;
		char last = out.size ? out.data[out.size - 1] : ' ';
		bool space = isspace((unsigned char)*at);
		if (space && last != ' ' && last != '(')
			text_add(&out, " ");
		if (*at == ')' && last == ' ')
			out.data[--out.size] = '\0';
		if (!space)
			text_addf(&out, "%c", *at);
	}
	return text_take(&out);
}

/* The word that ends before at, quoted or not; owned. */
static char *word_before(const char *start, const char *at)
{
	const char *from = at;
	while (from > start && from[-1] != ' ')
		from--;
	return mem_format("%.*s", (int)(at - from), from);
}

/* Nobody else in the database is called so. */
static bool is_free(const struct repairer *r, const char *name)
{
	for (size_t i = 0; i < r->names->count; i++)
		if (!r->used[i] && strcmp(r->names->items[i].name, name) == 0)
			return false;
	return true;
}

/* "CONSTRAINT name DEFINITION" within "CREATE TABLE table (…);". */
char *repair_constraint_name(const struct repairer *r, const struct schema_fact *fact)
{
	AUTO(mem_auto) char *head = mem_format("CREATE TABLE %.*s (", (int)fact->name_size, fact->name);
	AUTO(mem_auto) char *definition = mem_format(" %s", fact->rest);
	const char *table = r->schema ? strstr(r->schema, head) : NULL;
	const char *end = table ? strstr(table, ");") : NULL;
	const char *at = end ? strstr(table, definition) : NULL;
	if (!at || at > end)
		return mem_copy("");
	AUTO(mem_auto) char *name = word_before(table, at);
	AUTO(mem_auto) char *whole = mem_format("CONSTRAINT %s%s", name, definition);
	if (!text_starts(at - strlen(name) - strlen("CONSTRAINT "), whole) || !is_free(r, name))
		return mem_copy("");
	return mem_format("CONSTRAINT %s ", name);
}

/* "INDEX name ON table (columns)": btree is what is meant where no method is named. */
char *repair_index_name(const struct repairer *r, const struct schema_fact *fact)
{
	const char *columns = strchr(fact->rest, '(');
	if (!r->schema || !columns)
		return mem_copy("");
	AUTO(mem_auto) char *tail = mem_format(" ON %.*s %s;", (int)fact->name_size, fact->name, columns);
	const char *at = strstr(r->schema, tail);
	AUTO(mem_auto) char *name = at ? word_before(r->schema, at) : mem_copy("");
	return *name && is_free(r, name) ? mem_format("%s ", name) : mem_copy("");
}
