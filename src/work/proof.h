/* The proof that a database still equals a snapshot of it.
 *
 * Sequences and the catalog (with owners, privileges, definitions) are always compared. For the rows and large
 * objects the first of these decides:
 *
 *   the moment    same system identifier, timeline, oid and start of the server; when the snapshot was taken no
 *                 transaction was open (xmin = xmax) and none was prepared, its log was flushed to disk; and no
 *                 transaction has ended since (xmax has not moved); no unlogged table, which a crash would empty
 *   the contents  every row and every large object is read again and its digest compared
 *
 * Whatever moves xmax without changing anything (a rolled-back write, ANALYZE, another database of the server) costs
 * the reading, never a wrong answer. A database that restore made from the snapshot has its own moment, recorded
 * beside the archive.
 *
 * proof_make() asks before the operator is asked; proof_repeat() asks again inside the transaction that changes the
 * database, when all its tables are locked against writes. */
#ifndef WORK_PROOF_H
#define WORK_PROOF_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/facts.h"
#include "work/run.h"
#include "work/store.h"

struct proof {
	bool fresh;
	const char *how;         /* why it is fresh, in words; NULL if it is not */
	struct list differences; /* why it is not, one sentence each */
	struct moment moment; /* nothing was written before it that the proof has not seen; what proof_repeat() compares
				 with */
};
void proof_clear(struct proof *proof);

/* facts: catalog, other and identity of the database, as just read through db. Not being fresh is no failure. */
int proof_make(struct proof *out, struct run *run, struct db *db, const struct snapshot_entry *entry,
	const struct facts *facts, struct error *err);
/* The same without reading a row: *fresh where the moment decides, false also where reading might have. */
int proof_quick(bool *fresh, struct db *db, const struct snapshot_entry *entry, const struct facts *facts,
	struct error *err);
/* Two snapshots hold the same: catalog, sequences, every table's digest, large objects. Where proof_provable() says
 * that there is nothing in the database that no digest covers. */
bool proof_equal(const struct manifest *a, const struct manifest *b);
int proof_provable(bool *out, struct db *db, struct error *err);
/* In db's transaction, with the tables locked: ERROR_REFUSED unless the database is what proof says. */
int proof_repeat(struct db *db, const struct snapshot_entry *entry, const struct proof *proof, struct error *err);

#endif
