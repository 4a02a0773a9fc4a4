/* What a database holds that a snapshot must hold, as one transaction sees it. Left out: schema anchore_admin, the
 * system's own schemas, temporary tables, and what belongs to an extension. */
#ifndef WORK_INVENTORY_H
#define WORK_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"

/* One ordinary table (leaf partitions are; their parents have no rows). */
struct stock {
	char *schema, *name;
	char *qualified;     /* "schema"."name", as SQL wants it */
	int64_t oid, file;   /* file: relfilenode as of the transaction's snapshot */
	uint64_t pages;      /* of the heap, now */
	uint64_t bytes;      /* heap and TOAST, now */
	struct list columns; /* byte order, generated ones left out */
	struct list floats;  /* of these, the ones that print floating point numbers */
};
struct inventory {
	struct stock *tables; /* by schema and name, byte order */
	size_t count;
	uint64_t bytes;       /* of all tables */
};

/* Within a transaction. ERROR_REFUSED naming a table that the role may not read, or a name that is not UTF-8. */
int inventory_read(struct inventory *out, struct db *db, struct error *err);
void inventory_clear(struct inventory *inventory);
/* NULL if there is none. */
const struct stock *inventory_find(const struct inventory *inventory, const char *schema, const char *name);

/* "schema.name", quoted only where SQL would want it: for people. Owned. */
char *inventory_name(const char *schema, const char *name);
/* "table public.images: 1,000 rows, 12 MB of text in 3 chunks"; owned. */
char *inventory_summary(const struct manifest_table *table, size_t chunks);
/* COPY of a table's rows, of those columns and (where pages is not NULL) of those heap pages. Owned. */
char *inventory_where(const struct page_range *pages); /* the condition alone, with " WHERE"; "" for all pages */
char *inventory_copy(struct db *db, const char *schema, const char *name, const struct list *columns,
	const struct page_range *pages);

/* Sequences do not obey snapshots: these are the values now. Outside a transaction, so that no locks pile up. */
int inventory_sequences(struct manifest_sequence **out, size_t *count, struct db *db, struct error *err);
void inventory_free_sequences(struct manifest_sequence *sequences, size_t count);
/* The large objects: how many, and the sum of the digests of their pieces, as anchore-snapshot(5) describes. */
int inventory_large_objects(struct content *out, struct db *db, struct error *err);

#endif
