/* Facts of a database that a manifest also has: which one it is, the moment of a transaction's snapshot, and what
 * CREATE DATABASE must be told. */
#ifndef WORK_DATABASE_H
#define WORK_DATABASE_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"

int database_identity(struct identity *out, struct db *db, struct error *err);
/* The moment of the current transaction's snapshot. wait_durable: waits up to 7 s until the log is on disk up to its
 * present end, and says in out->durable whether it is; otherwise that is false. */
int database_moment(struct moment *out, struct db *db, bool wait_durable, struct error *err);
/* Of any database of the server, by name; also from outside. */
int database_properties(struct properties *out, struct db *db, const char *dbname, struct error *err);

#endif
