/* What the files of the store's own making share. */
#ifndef WORK_STORE_PRIVATE_H
#define WORK_STORE_PRIVATE_H

#include "base/error.h"
#include "work/store.h"

/* One archive, whatever its state; with its sidecar. Fails only when the file cannot be read. */
int store_load(struct snapshot_entry *out, const char *path, struct error *err);
/* Fills what is known besides from the sidecar of entry->path. */
void store_load_state(struct snapshot_entry *entry);

/* Several runs may have something to say of one archive, and not all of them hold the store's lock: a verification
 * takes long and changes nothing else. This one is held for the moment of reading and writing a sidecar alone. Where
 * the file system knows no such lock, it goes on without (-1). */
int store_lock_sidecars(const char *archive);

#endif
