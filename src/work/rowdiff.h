/* What going back to a snapshot would lose: the rows of the database now against those of the snapshot, table by table.
 */
#ifndef WORK_ROWDIFF_H
#define WORK_ROWDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"
#include "work/run.h"

struct row_difference {
	char *table;
	uint64_t now, then; /* equal numbers: other contents */
	bool is_new;        /* the snapshot has no such table */
	bool is_gone;       /* the database has not, or lacks a column of it */
};
struct row_differences {
	struct row_difference *items; /* only tables that differ; those of the snapshot first, in its order */
	size_t count;
};

/* Reads every row of the database, with run's workers. */
int rowdiff_read(struct row_differences *out, struct run *run, struct db *db, const struct manifest *manifest,
	struct error *err);
void rowdiff_clear(struct row_differences *differences);
/* "table users: 5 rows now, 3 in the snapshot"; owned. */
char *rowdiff_text(const struct row_difference *difference);

#endif
