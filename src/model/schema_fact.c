#include "model/schema_fact.h"

#include <string.h>

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
