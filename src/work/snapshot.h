/* Taking and proving snapshots. */
#ifndef WORK_SNAPSHOT_H
#define WORK_SNAPSHOT_H

#include "base/error.h"
#include "work/run.h"
#include "work/store.h"

/* Takes a snapshot of the deployment's database into the store, whose lock the run holds. Writes under a temporary
 * name, syncs, reads all of it back (every SHA-256, every frame decoded, every table's rows and digest), renames.
 * *out is the new entry, the caller's. */
int snapshot_take(struct snapshot_entry *out, struct run *run, struct error *err);

/* Reads the whole archive: every member's SHA-256, every chunk decoded, every table's rows and content digest against
 * the manifest. ERROR_CORRUPT with what is wrong. jobs: threads. */
int snapshot_verify(const struct snapshot_entry *entry, int jobs, struct error *err);
/* Only that the archive's bytes are those of its manifest: headers and the SHA-256 of every member. Enough for what was
 * decoded and compared before it was written. */
int snapshot_verify_bytes(const struct snapshot_entry *entry, int jobs, struct error *err);

#endif
