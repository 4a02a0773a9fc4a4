/* The earlier snapshot that an incremental backup builds on: ranges of rows that still hold are taken from its archive,
 * every frame checked against its manifest on the way. */
#ifndef WORK_EARLIER_H
#define WORK_EARLIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/manifest.h"
#include "model/reuse.h"
#include "work/rows.h"

struct earlier;

/* The newest whole snapshot of the store that now, the first half of a new manifest, can build on. *out is NULL when
 * there is none; a note says why. The archive stays open: it may be removed meanwhile. */
int earlier_find(struct earlier **out, const char *store, const struct manifest *now, struct error *err);
void earlier_close(struct earlier *earlier); /* accepts NULL */
const struct reuse *earlier_reuse(const struct earlier *earlier);
const char *earlier_id(const struct earlier *earlier);

/* The chunks of a range of table (of the new manifest), in an owned array whose frames are the caller's: as many as the
 * range has, or one without rows. *whole is false, with a warning, when the archive does not have them as its manifest
 * says; then there are none. The frames of a range that would take much memory are checked, but left out. Any
 * thread. */
int earlier_load(struct chunk **out, bool *whole, const struct earlier *earlier, size_t table,
	const struct reuse_range *range, struct error *err);
/* The frame of the range's chunk of that index, if it was left out, is read and checked again; for there is no way back
 * once a part of a range was taken, this fails where it is no longer whole. Any thread. */
int earlier_again(struct chunk *chunk, const struct earlier *earlier, const struct reuse_range *range, size_t index,
	struct error *err);

/* schema.pgdump, the caller's (text_clear), where it would come out the same again; else *taken is false. So it is,
 * with a warning, when the archive does not have it as its manifest says. The sequences' values in it may be old ones:
 * those of the manifest count, see anchore-snapshot(5). */
int earlier_schema(struct text *out, char sha256[65], bool *taken, const struct earlier *earlier, struct error *err);

#endif
