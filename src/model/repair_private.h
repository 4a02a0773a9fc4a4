/* Shared by repair*.c only. */
#ifndef MODEL_REPAIR_PRIVATE_H
#define MODEL_REPAIR_PRIVATE_H

#include "model/repair.h"
#include "model/schema_fact.h"

/* The order of the script. */
enum repair_phase {
	PHASE_DROP_HOOKS,   /* triggers, rules, policies */
	PHASE_DROP_FOREIGN, /* foreign keys stand on other keys */
	PHASE_DROP_KEYS,
	PHASE_TYPES,
	PHASE_SEQUENCES,
	PHASE_TABLES,
	PHASE_COLUMNS,
	PHASE_FILL,         /* NOT NULL of columns that were made empty */
	PHASE_COUNTERS,     /* where sequences go on */
	PHASE_KEYS,
	PHASE_INDEXES,
	PHASE_FOREIGN,
	PHASE_DESTROYS,
	PHASE_COUNT
};

struct repairer {
	const struct catalog *expected;
	const struct catalog_result *result;
	const struct list *facts;
	const struct fact_names *names;
	bool *used;          /* by index into names: has been dropped or is kept */
	char *schema;        /* V.sql in one line, see repair_name.c; NULL */
	struct repair phases[PHASE_COUNT];
};

/* sql and note are owned from now on; either may be NULL. */
void repair_add(struct repairer *r, enum repair_phase phase, char *sql, char *note);
/* A statement that may lose data. */
void repair_add_destroying(struct repairer *r, char *sql, char *note);
/* SQL of a piece of a fact: escapes undone; owned. */
char *repair_sql(const char *piece, size_t size);
/* The name of a constraint or index with this fact that was not used yet, which then is; NULL: there is none. */
const char *repair_take_name(struct repairer *r, const char *fact);
bool repair_wants(const struct difference *difference);

/* repair_column.c: every difference of columns, one ALTER TABLE per table. */
void repair_columns(struct repairer *r);
/* "name type COLLATE … NOT NULL DEFAULT …" for CREATE TABLE; owned. */
char *repair_column_definition(const struct schema_fact *fact);

/* repair_key.c: constraints and indexes. */
void repair_drop_keys(struct repairer *r);
/* Drops the foreign keys that stand on a key of the table of a fact, or, where column is not NULL, that have to do with
 * this column of it, and makes them again at the end: PostgreSQL does not touch what they stand on. */
void repair_set_aside_foreign(struct repairer *r, const struct schema_fact *of, const char *column);
void repair_make_key(struct repairer *r, const struct schema_fact *fact);

/* repair_type.c: enums and sequences. */
void repair_type(struct repairer *r, const struct difference *difference);
void repair_sequence(struct repairer *r, const struct difference *difference);

/* repair_name.c */
char *repair_one_line(const char *schema);
/* "CONSTRAINT name ", "name ", or "" where none is known; owned. */
char *repair_constraint_name(const struct repairer *r, const struct schema_fact *fact);
char *repair_index_name(const struct repairer *r, const struct schema_fact *fact);

#endif
