/* The snapshot that would bring the database back: which one it is, whether it verifies, and the proof that the
 * database still equals it. Fills facts->evidence; what the run needs later (the entry and the proof, for the
 * repetition inside the transaction) is kept here. Reads only. */
#ifndef WORK_EVIDENCE_H
#define WORK_EVIDENCE_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "model/facts.h"
#include "work/proof.h"
#include "work/run.h"
#include "work/store.h"

struct snapshot_proof {
	bool held;                   /* false: --no-snapshot, or there is none; nothing below is filled */
	struct snapshot_entry entry;
	struct proof proof;
};
void snapshot_proof_clear(struct snapshot_proof *held);

/* ERROR_USAGE for --no-snapshot without a reason. That nothing fits is no failure: the guard says so. */
int evidence_gather(struct facts *facts, struct snapshot_proof *out, struct run *run, struct db *db, struct error *err);
/* The newest whole snapshot of database name of this deployment at version, whatever its state; entry->path is NULL if
 * there is none. Owned by the caller. */
int evidence_find(struct snapshot_entry *out, const char *store, const char *name, const char *version,
	struct error *err);
/* Index of the newest whole snapshot of database name of this deployment at version, of any state; -1: none. */
long evidence_newest(const struct snapshot_list *list, const char *deployment, const char *name, const char *version);

#endif
