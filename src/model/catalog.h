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
	char *reason;        /* why a database may look so: the comment under its name; "" if there is none */
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

enum difference_class {
	DIFFERENCE_BLOCKS,  /* the database is not of this version */
	DIFFERENCE_HISTORY, /* part of a shape: how the database came to be, and harmless */
	DIFFERENCE_HARMLESS /* extra, and unknown to every version: the operator's own */
};

/* One thing that is not as the catalog has it. A table that is missing or extra as a whole is one difference. */
struct difference {
	enum difference_class class;
	char *words;
	char *wanted, *found; /* fact lines; NULL: there is none in the catalog, in the database */
	char *shape;          /* history: the shape's name */
	char *of;             /* the other version that has what was found; NULL: none, or never asked */
};

struct catalog_result {
	struct list shapes;   /* names of the shapes that explain differences; empty and nothing blocking: fresh */
	struct list reasons;  /* of these shapes, in the same order */
	struct list blocking, harmless; /* the words of the differences of that class */
	struct difference *items;       /* all of them */
	size_t count;
	/* The database says it is of this version, and has columns, types or sequences of later ones: an upgrade
	 * stopped on the way. first and last: the versions whose parts it has. */
	bool half_upgraded;
	struct version first, last;
};

/* Compares facts (sorted) with expected. others: the catalogs of the other versions, oldest first, so that a part of
 * another version, the trace of a half-finished upgrade, is told from an operator's own. Never fails. */
void catalog_compare(struct catalog_result *out, const struct catalog *expected, const struct list *facts,
	const struct catalog *const *others, size_t other_count);
void catalog_result_clear(struct catalog_result *result);
/* "history", "harmless", "blocks". */
const char *difference_class_name(enum difference_class class);
/* "fresh", or the names of the shapes joined by ", "; owned. Only for a result without blocking differences. */
char *catalog_result_shape(const struct catalog_result *result);
/* "a half-finished upgrade from version 0.0.7: it has parts of 0.0.8 to 0.0.15, and the engine's own upgrade stopped on
 * the way", for a result that is half upgraded; owned. */
char *catalog_result_half(const struct catalog_result *result, struct version from);

#endif
