/* One line of a catalog taken apart: `KIND NAME REST`. sql/README.md lists the kinds. */
#ifndef MODEL_SCHEMA_FACT_H
#define MODEL_SCHEMA_FACT_H

#include <stdbool.h>
#include <stddef.h>

struct schema_kind {
	const char *name;
	bool harmless; /* an extra one changes nothing that the engine's tables accept or do */
	bool single;   /* one fact per name: a missing and an extra one are one thing that differs */
};

/* All pointers lead into the line. */
struct schema_fact {
	const char *line;
	const struct schema_kind *kind; /* NULL: not a fact */
	const char *name;               /* of a column: table.column; of a constraint or index: its table */
	size_t name_size;
	size_t table_size;              /* length of the part of name that is a table; 0: belongs to none */
	const char *rest;               /* what follows the name */
};

struct schema_fact schema_fact_read(const char *line);
bool schema_fact_is(const struct schema_fact *fact, const char *kind);
/* Both are the one fact of their kind about their name. */
bool schema_fact_same_thing(const struct schema_fact *a, const struct schema_fact *b);
/* For operators: "table images lacks column size bigint", "table images has an extra column x text",
 * "column images.size is integer, not bigint"; owned. */
char *schema_fact_missing(const struct schema_fact *fact);
char *schema_fact_extra(const struct schema_fact *fact);
char *schema_fact_changed(const struct schema_fact *wanted, const struct schema_fact *found);

#endif
