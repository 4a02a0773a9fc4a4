#include "model/schema_fact.h"

#include <string.h>

#include "base/mem.h"

static const struct schema_kind kinds[] = {
	{"column", false, true},
	{"constraint", false, false},
	{"domain", true, true},
	{"enum", true, true},
	{"event-trigger", true, true},
	{"extension", true, true},
	{"foreign-table", true, true},
	{"function", true, false},
	{"index", true, false},
	{"materialized-view", true, true},
	{"policy", false, false},
	{"rule", false, false},
	{"schema", true, true},
	{"sequence", true, true},
	{"statistics", true, true},
	{"table", true, true},
	{"trigger", false, false},
	{"type", true, true},
	{"view", true, true},
};

/* Kinds whose name is a table's. */
static const char *const of_table[] = {"constraint", "index", "policy", "rule", "table", "trigger"};

static const char *end_of_name(const char *at, const char **last_dot)
{
	int depth = 0; /* of the parentheses around a function's arguments */
	bool quoted = false;
	*last_dot = NULL;
	for (; *at && (quoted || depth || *at != ' '); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (!quoted && *at == '.' && !depth)
			*last_dot = at;
		else if (!quoted && (*at == '(' || *at == ')'))
			depth += *at == '(' ? 1 : -1;
	}
	return at;
}

static const struct schema_kind *read_kind(const char *line, size_t *size)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		*size = strlen(kinds[i].name);
		if (strncmp(line, kinds[i].name, *size) == 0 && line[*size] == ' ')
			return &kinds[i];
	}
	return NULL;
}

struct schema_fact schema_fact_read(const char *line)
{
	size_t kind_size;
	struct schema_fact fact = {.line = line, .name = line, .rest = line};
	fact.kind = read_kind(line, &kind_size);
	if (!fact.kind)
		return fact;
	const char *last_dot;
	fact.name = line + kind_size + 1;
	const char *end = end_of_name(fact.name, &last_dot);
	fact.name_size = (size_t)(end - fact.name);
	fact.rest = *end ? end + 1 : end;
	if (schema_fact_is(&fact, "column") && last_dot)
		fact.table_size = (size_t)(last_dot - fact.name);
	for (size_t i = 0; i < sizeof of_table / sizeof *of_table; i++)
		if (schema_fact_is(&fact, of_table[i]))
			fact.table_size = fact.name_size;
	return fact;
}

bool schema_fact_is(const struct schema_fact *fact, const char *kind)
{
	return fact->kind && strcmp(fact->kind->name, kind) == 0;
}

bool schema_fact_same_thing(const struct schema_fact *a, const struct schema_fact *b)
{
	return a->kind && a->kind == b->kind && a->kind->single && a->name_size == b->name_size &&
	       memcmp(a->name, b->name, a->name_size) == 0;
}

char *schema_fact_missing(const struct schema_fact *fact)
{
	int table = (int)fact->table_size, name = (int)fact->name_size;
	if (schema_fact_is(fact, "column"))
		return mem_format("table %.*s lacks column %.*s %s", table, fact->name, name - table - 1,
			fact->name + table + 1, fact->rest);
	if (schema_fact_is(fact, "constraint"))
		return mem_format("table %.*s lacks the constraint %s", table, fact->name, fact->rest);
	if (fact->table_size && !schema_fact_is(fact, "table"))
		return mem_format("table %.*s lacks %s %s", table, fact->name, fact->kind->name, fact->rest);
	return mem_format("%s %.*s is missing", fact->kind->name, name, fact->name);
}

char *schema_fact_extra(const struct schema_fact *fact)
{
	int table = (int)fact->table_size, name = (int)fact->name_size;
	if (schema_fact_is(fact, "column"))
		return mem_format("table %.*s has an extra column %.*s %s", table, fact->name, name - table - 1,
			fact->name + table + 1, fact->rest);
	if (fact->table_size && !schema_fact_is(fact, "table"))
		return mem_format("table %.*s has an extra %s %s", table, fact->name, fact->kind->name, fact->rest);
	return mem_format("extra %s %.*s", fact->kind->name, name, fact->name);
}

static const char *or_plain(const char *rest)
{
	return *rest ? rest : "plain";
}

char *schema_fact_changed(const struct schema_fact *wanted, const struct schema_fact *found)
{
	return mem_format("%s %.*s is %s, not %s", wanted->kind->name, (int)wanted->name_size, wanted->name,
		or_plain(found->rest), or_plain(wanted->rest));
}
