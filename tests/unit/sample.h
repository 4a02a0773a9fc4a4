/* A small snapshot archive made without a server, and archives that are wrong in one way. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <time.h>

#include "model/manifest.h"

enum sample_fault {
	SAMPLE_RIGHT,
	SAMPLE_FUTURE,       /* format 2 */
	SAMPLE_NO_MANIFEST,  /* ends before it */
	SAMPLE_LESS_ROWS,    /* the chunk holds fewer rows than its name and the manifest say */
	SAMPLE_OTHER_ROW,    /* the rows do not have the digest, although every SHA-256 is right */
	SAMPLE_OTHER_SHA,    /* a member does not have its SHA-256 */
	SAMPLE_MISPLACED,    /* a chunk in the folder of no table */
	SAMPLE_OTHER_FOLDER, /* a chunk in a folder that is not its table's */
	SAMPLE_UNLISTED,     /* a member that the manifest does not list */
	SAMPLE_OTHER_FRAME   /* the headers are not those that the manifest proves */
};

/* Everything of the first half, two tables, one of them without rows. */
void sample_manifest(struct manifest *manifest, const char *id, const char *deployment, time_t created);
/* Writes the archive; the manifest gets its second half. */
void sample_archive(const char *path, struct manifest *manifest, enum sample_fault fault);

#endif
