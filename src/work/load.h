/* Filling a new, empty database from a snapshot: tables and types by pg_restore; where the role may, the foreign keys
 * of large tables and what they refer to; then a pool of workers for rows (COPY), the keys and indexes of large tables,
 * their statistics, and reading back what was loaded; large objects, sequences, all that is left by pg_restore, and the
 * other statistics. */
#ifndef WORK_LOAD_H
#define WORK_LOAD_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "io/pgtool.h"
#include "model/manifest.h"
#include "work/reader.h"
#include "work/run.h"

struct load {
	struct run *run;
	const struct manifest *manifest;
	struct snapshot_reader *reader;
	const struct pgtool *tool;
	const char *archive;  /* the extracted schema.pgdump */
	const char *dbname;
	struct db *db;        /* a connection to it */
	bool no_owner;        /* leave owners and privileges of tables and the rest out */
	const char *owner;    /* to whom all belongs then; NULL: to the role that we are */
	struct content *read; /* zeroed, one for each table: is filled with what was read back; NULL: nothing is */
	bool rights_failed;   /* set when it failed because an owner or a privilege is not possible here */
};

/* contents: room for manifest->table_count, zeroed; filled with what was sent and counted by the server. Every chunk's
 * digests are checked on the way. ERROR_CORRUPT for the archive's faults. */
int load_all(struct load *load, struct content *contents, struct error *err);

#endif
