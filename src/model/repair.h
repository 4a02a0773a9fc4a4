/* The SQL that brings a schema into line with its version's catalog. Pure: it is shown to the operator, never run.
 *
 * Every difference that blocks or is history becomes one or more statements, in an order in which they can run in one
 * transaction: what is in the way is dropped, then types, sequences, tables, columns, keys, indexes and foreign keys
 * are made. A statement keeps every value or stops with an error. One that may lose data comes last and never as
 * something that runs: repair_script() prints it as a comment. Facts carry no names of constraints and indexes, and a
 * name is needed to drop one: work/inspect reads them. */
#ifndef MODEL_REPAIR_H
#define MODEL_REPAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "model/catalog.h"

struct fact_name {
	char *fact;
	char *name; /* quoted as SQL quotes it */
};
struct fact_names {
	struct fact_name *items; /* in byte order of the facts, of every constraint and index */
	size_t count;
};
void fact_names_clear(struct fact_names *names);

struct repair_statement {
	char *sql;     /* with its semicolon; NULL: none is known, and note says for what */
	char *note;    /* for the operator; NULL: nothing to say */
	bool destroys; /* it may lose data: the operator decides */
};
struct repair {
	struct repair_statement *items;
	size_t count;
};

/* facts: the database's, that result was made from. schema: text of V.sql, from which what is made gets the name that
 * the engine gave it, or NULL. For a half-upgraded database there is no repair, and nothing is added. */
void repair_build(struct repair *out, const struct catalog *expected, const struct catalog_result *result,
	const struct list *facts, const struct fact_names *names, const char *schema);
void repair_clear(struct repair *repair);
/* "BEGIN; … COMMIT;" for psql, each on lines of its own; owned. */
char *repair_script(const struct repair *repair);

#endif
