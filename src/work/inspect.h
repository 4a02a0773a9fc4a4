/* What a database looks like, one sorted line per fact. */
#ifndef WORK_INSPECT_H
#define WORK_INSPECT_H

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/graph.h"
#include "model/repair.h"

/* The catalog's facts: what sql/V.catalog states, see sql/README.md. Byte order. */
int inspect_catalog(struct list *lines, struct db *db, struct error *err);
/* What the constraints and indexes of these facts are called, for repair_build(). */
int inspect_names(struct fact_names *out, struct db *db, struct error *err);
/* What the freshness proof compares besides: owners, privileges, comments, functions, triggers, views, options. */
int inspect_other(struct list *lines, struct db *db, struct error *err);

/* The engine's version row. */
enum version_row { VERSION_ONE, VERSION_NO_TABLE, VERSION_NO_ROW, VERSION_SEVERAL };
struct engine_version {
	enum version_row state;
	size_t rows;
	char *service_version, *db_version; /* of the one row; NULL otherwise */
};
int inspect_version(struct engine_version *out, struct db *db, struct error *err);
void engine_version_clear(struct engine_version *version);

/* User tables by name with their sizes and estimated rows, for plans. */
struct table_size {
	char *name;      /* schema-qualified unless public */
	uint64_t bytes;  /* with indexes and TOAST */
	int64_t rows;    /* estimated by the planner's statistics; -1 unknown */
};
struct table_sizes {
	struct table_size *items;
	size_t count;
};
int inspect_sizes(struct table_sizes *out, struct db *db, struct error *err);
void table_sizes_clear(struct table_sizes *sizes);

/* How much of what a down edge declares it would lose now: rows of a table, or values of a column that an upgrade would
 * not compute again. A table or column that is not there loses nothing. */
int inspect_loss(uint64_t *lost, struct db *db, const struct loss *loss, struct error *err);

#endif
