/* What the files of the store's own making share. */
#ifndef WORK_STORE_PRIVATE_H
#define WORK_STORE_PRIVATE_H

#include "base/error.h"
#include "work/store.h"

/* One archive, whatever its state; with its sidecar. Fails only when the file cannot be read. */
int store_load(struct snapshot_entry *out, const char *path, struct error *err);
/* Fills pinned and copies from the sidecar of entry->path. */
void store_load_state(struct snapshot_entry *entry);

#endif
