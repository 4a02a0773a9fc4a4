/* Whether pg_dump wrote the same into two archives. It knows of all that a database can hold besides rows, more than
 * the catalog's lines and the digests of a manifest do: comments on extensions, privileges of large objects, casts,
 * servers, the attributes of types, … */
#ifndef WORK_SCHEMA_SAME_H
#define WORK_SCHEMA_SAME_H

#include <stdbool.h>

#include "base/error.h"
#include "work/store.h"

/* Both whole. Their schema.pgdump are compared byte by byte, but for the time that stands in them; not the same is also
 * what another pg_dump or server wrote, and what cannot be read as one. */
int schema_same(bool *same, const struct snapshot_entry *a, const struct snapshot_entry *b, struct error *err);

#endif
