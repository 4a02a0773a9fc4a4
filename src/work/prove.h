/* Is a snapshot what it promises to be? verify: every digest of the archive. prove: a scratch database is made from it,
 * every row read back and compared, the catalog too, and it is dropped again. Both are recorded beside the archive (see
 * work/store.h), be it that it is whole or that it is not; what says nothing about the archive (no space, no right, a
 * server that does not answer, a signal) is not.
 *
 * Nothing but the server's maintenance database is connected to while a scratch database is filled, so the deployment's
 * own is neither locked nor written. What is written beside it moves the server's transaction counter, though, and the
 * next proof of freshness reads every row instead of going by that alone (see work/proof.h). */
#ifndef WORK_PROVE_H
#define WORK_PROVE_H

#include "base/error.h"
#include "work/run.h"
#include "work/store.h"

/* ERROR_CORRUPT when the archive is damaged. */
int prove_digests(struct run *run, const struct snapshot_entry *entry, struct error *err);
/* Quicker: whether the bytes are still those of the manifest. Only damage is recorded. */
int prove_bytes(struct run *run, const struct snapshot_entry *entry, struct error *err);
/* ERROR_CORRUPT when the archive is damaged, ERROR_FAILED when it cannot be restored, when the copy differs, or when
 * its schema is not that of its version; ERROR_REFUSED where the server or the role does not allow it. Takes the
 * store's lock unless the run holds it. The scratch database is gone at the end, whatever happened; one that a killed
 * run left is dropped by the next, and by the next restore. */
int prove_snapshot(struct run *run, const struct snapshot_entry *entry, struct error *err);
/* Verifies by digest the snapshot whose turn it is: of those not known to be damaged the one not looked at for the
 * longest time. *id: which, owned, also of one that turned out to be damaged; NULL: there is none. */
int prove_next(char **id, struct run *run, struct error *err);

#endif
