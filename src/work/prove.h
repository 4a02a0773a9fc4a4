/* Is a snapshot what it promises to be? verify: every digest of the archive. prove: a scratch database is made from it,
 * every row read back and compared, the catalog too, and it is dropped again. Both are recorded beside the archive (see
 * work/store.h). */
#ifndef WORK_PROVE_H
#define WORK_PROVE_H

#include "base/error.h"
#include "work/run.h"
#include "work/store.h"

/* ERROR_CORRUPT when the archive is damaged, ERROR_FAILED when the copy differs. The scratch database is gone at the
 * end, whatever happened; one that a killed run left is dropped by the next. */
int prove_snapshot(struct run *run, const struct snapshot_entry *entry, struct error *err);
/* Verifies by digest the snapshot whose turn it is: the one not looked at for the longest time. *id: which, owned; NULL:
 * there is none. */
int prove_next(char **id, struct run *run, struct error *err);

#endif
