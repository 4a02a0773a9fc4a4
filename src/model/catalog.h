/* What a database of one version must look like, and how a database compares with it.
 *
 * A fact is one line: `KIND NAME REST`, for instance
 *     column catalog_image.analyzed_at integer
 * as work/inspect.h reads them from a database and sql/V.catalog states them (sql/README.md has the list of
 * kinds). A catalog is the sorted list of a version's facts and its other legitimate shapes: named sets of
 * lines that are there (+) or missing (-) against the list. */
#ifndef MODEL_CATALOG_H
#define MODEL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/version.h"

struct shape {
	char *name;
	struct list missing; /* '-' lines, sorted */
	struct list extra;   /* '+' lines, sorted */
};

struct catalog {
	struct version version;
	struct list facts; /* in byte order */
	struct shape *shapes;
	size_t shape_count;
};

/* text: the lines of V.catalog; shapes: of V.shapes, or NULL. where names the source in errors. Fails with
 * ERROR_USAGE on unsorted or repeated lines, an unknown kind, a shape that does not fit the catalog. */
int catalog_parse(struct catalog *out, struct version version, const char *text, const char *shapes, const char *where,
	struct error *err);
void catalog_clear(struct catalog *catalog);
bool catalog_has(const struct catalog *catalog, const char *fact);

struct catalog_result {
	struct list shapes;   /* names of the shapes that explain differences; empty and nothing blocking: fresh */
	struct list blocking; /* in words, one difference each: the database is not of this version */
	struct list harmless; /* in words: what is extra and unknown to every version */
};

/* Compares facts (sorted) with expected. others: the catalogs of the other versions, so that a table of another
 * version, the trace of a half-finished upgrade, is told from an operator's own. Never fails. */
void catalog_compare(struct catalog_result *out, const struct catalog *expected, const struct list *facts,
	const struct catalog *const *others, size_t other_count);
void catalog_result_clear(struct catalog_result *result);
/* "fresh", or the names of the shapes joined by ", "; owned. Only for a result without blocking differences. */
char *catalog_result_shape(const struct catalog_result *result);

#endif
