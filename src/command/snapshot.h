/* How commands speak of snapshots. */
#ifndef COMMAND_SNAPSHOT_H
#define COMMAND_SNAPSHOT_H

#include <stdint.h>

#include "io/json.h"
#include "work/run.h"
#include "work/store.h"

/* The store, and the deployment's UUID in it (owned, NULL if it has none). */
int snapshot_store(const char **store, char **deployment, struct run *run, struct error *err);
/* Of all tables. */
uint64_t snapshot_rows(const struct manifest *manifest);
uint64_t snapshot_bytes(const struct manifest *manifest);
/* null where everything was read from the database. */
json_t *snapshot_reused_json(const struct manifest *manifest);
/* "12 of 40 chunks (3.4 MB) taken from snapshot 0123456789ab"; owned; NULL where everything was read. */
char *snapshot_reused_text(const struct manifest *manifest);
/* The documented object of one snapshot; the caller's. deployment: the store's own, NULL if it has none. */
json_t *snapshot_json(const struct snapshot_entry *entry, const char *deployment);

#endif
