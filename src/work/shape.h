/* What the text of a table's rows depends on besides the rows: its columns (with their numbers, types and the values
 * that rows older than a column have) and the labels of enums. Two snapshots of one table with the same shape print the
 * same row version alike. */
#ifndef WORK_SHAPE_H
#define WORK_SHAPE_H

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"
#include "work/inventory.h"

/* Fills oid, file and shape of the manifest's tables, which are those of the inventory. Within its transaction. shape
 * is left NULL where nobody can tell: a type that is neither the system's own nor made of such, one that prints the
 * names of other things (regclass), a table that a crash empties, or one whose access method is not heap. */
int shape_read(struct manifest *manifest, const struct inventory *inventory, struct db *db, struct error *err);

#endif
