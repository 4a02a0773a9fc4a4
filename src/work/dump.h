/* The parts of taking a snapshot, see snapshot_take(). */
#ifndef WORK_DUMP_H
#define WORK_DUMP_H

#include <stdint.h>

#include "base/error.h"
#include "io/db.h"
#include "io/pgtool.h"
#include "model/manifest.h"
#include "work/earlier.h"
#include "work/inventory.h"
#include "work/run.h"

/* One attempt: a transaction whose snapshot everything is read in. */
struct dump {
	struct run *run;
	const char *store;
	const struct pgtool *tool;
	struct db *db;          /* the transaction is open in it */
	char *snapshot;         /* exported */
	struct inventory inventory;
	struct manifest manifest;
	struct earlier *earlier; /* what an incremental one builds on; NULL: nothing */
	char *columns;          /* which columns there are, by number */
	char *archive;          /* temporary paths in the store */
	char *schema;
	char *changed;          /* what another session changed, so that a new attempt is worth it; NULL */
};

/* Opens the transaction and reads everything but rows: manifest's first half and the inventory. ERROR_REFUSED for
 * what is no engine database. */
int dump_facts(struct dump *dump, struct error *err);
/* pg_dump's archive of everything but the rows, into the file dump->schema. */
int dump_schema(struct dump *dump, struct error *err);
/* Writes the whole archive, synced, to dump->archive. Ends the transaction. */
int dump_archive(struct dump *dump, struct error *err);
/* Whether the catalog is still what dump_facts() read; outside the transaction. Not: dump->changed is set and it
 * fails. */
int dump_check_catalog(struct dump *dump, struct error *err);

#endif
