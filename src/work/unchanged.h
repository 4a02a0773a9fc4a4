/* Whether the newest snapshot is what a new one would be: then the scheduled job takes none.
 *
 * Where no transaction has ended on the server since, that is known without reading a row, in milliseconds
 * (unchanged_look). Otherwise nobody knows before reading, and of the two ways to read, an incremental backup is the
 * cheaper one: it reads only what has changed, and where something has, as it has on almost every night, that was the
 * backup already; comparing first would read every row, and then still take the backup. Where nothing has after all, by
 * the digests and by what pg_dump wrote (unchanged_drop), the older archive is read once more, for of two copies the
 * one that goes must not be the only good one; then the new one goes, and the moment at which the older one was found
 * to be the same is recorded beside it, so that the next night need not read. */
#ifndef WORK_UNCHANGED_H
#define WORK_UNCHANGED_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "work/run.h"
#include "work/store.h"

/* *id: of the newest usable snapshot, if the database provably equals it; else NULL. Owned. *db_version: the
 * database's; owned; NULL where it says none. */
int unchanged_look(char **id, char **db_version, struct run *run, struct db *db, struct error *err);
/* taken is the newest. *id, owned: of the one before, if it holds the same and its bytes are still those that its
 * manifest says, and then taken's archive is gone; else NULL. */
int unchanged_drop(char **id, struct run *run, struct db *db, const struct snapshot_entry *taken, struct error *err);

#endif
