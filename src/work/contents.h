/* What is in a database now, as a manifest's tables name it: the content digest of every table, the large objects, the
 * sequences. The proof of freshness and restore --deep compare it with the manifest, a downgrade counts what it would
 * lose. */
#ifndef WORK_CONTENTS_H
#define WORK_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"
#include "work/run.h"

/* A table that is missing, or lacks a column, has the content {0, 0, 0} and its mark in missing. */
struct contents {
	struct content *tables;
	bool *missing;
	size_t count;
	struct content large_objects;
	struct manifest_sequence *sequences; /* all of the database, read last */
	size_t sequence_count;
	struct moment moment;
};
/* By several connections on one exported snapshot; moment is that snapshot's. dbname NULL: the deployment's. */
int contents_read(struct contents *out, struct run *run, const char *dbname, const struct manifest *manifest,
	struct error *err);
/* The same on one open connection, inside its own transaction (under its locks). */
int contents_read_in(struct contents *out, struct db *db, const struct manifest *manifest, struct error *err);
void contents_clear(struct contents *contents);

#endif
