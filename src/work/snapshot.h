/* Taking and proving snapshots. */
#ifndef WORK_SNAPSHOT_H
#define WORK_SNAPSHOT_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "work/run.h"
#include "work/store.h"

/* Takes a snapshot of the deployment's database into the store, whose lock the run holds. Writes under a temporary
 * name, syncs, reads all of it back (every SHA-256, every frame decoded, every table's rows and digest), renames.
 * *out is the new entry, the caller's. */
int snapshot_take(struct snapshot_entry *out, struct run *run, struct error *err);

/* Reads the whole archive: every member's SHA-256, every chunk decoded, every table's rows and content digest against
 * the manifest. ERROR_CORRUPT with what is wrong. jobs: threads. */
int snapshot_verify(const struct snapshot_entry *entry, int jobs, struct error *err);

/* One decoded chunk of rows: calls row() with COPY text of whole rows (many rows per call, newline-terminated), having
 * checked the frame's checksum. */
typedef int snapshot_rows_function(void *context, const char *text, size_t size, uint64_t rows, struct error *err);

struct snapshot_reader;
/* Opens an archive whose entry is whole, having checked its headers; entry must outlive the reader. A reader may be
 * used by several threads. */
int snapshot_open(struct snapshot_reader **out, const struct snapshot_entry *entry, struct error *err);
void snapshot_close(struct snapshot_reader *reader);
void snapshot_reader_auto(struct snapshot_reader **reader);
/* Chunks of all tables, in archive order. */
size_t snapshot_chunks(const struct snapshot_reader *reader);
struct snapshot_chunk {
	size_t table;     /* index into manifest.tables */
	size_t member;    /* index into manifest.members */
	uint64_t rows;    /* as its name says */
	uint64_t size;    /* compressed */
};
struct snapshot_chunk snapshot_chunk(const struct snapshot_reader *reader, size_t index);
/* Reads one chunk: checks its SHA-256, decodes, turns columns into rows, adds the rows' digests to *content, calls
 * rows() with the COPY text. Memory: the chunk's text twice. */
int snapshot_read_chunk(const struct snapshot_reader *reader, size_t index, struct content *content,
	snapshot_rows_function *rows, void *context, struct error *err);
/* Copies a member (schema.pgdump) into a file made with 0600, checking its SHA-256. */
int snapshot_extract(const struct snapshot_reader *reader, const char *member, const char *path, struct error *err);

/* Reads tables' rows from a database and computes their content digests, as the manifest's tables name them, with
 * jobs connections on one exported snapshot. The results are in *out (array of manifest->table_count, owned) and
 * *large_objects. A table or column that is missing gives the content {0,0,0} and its index in missing[].
 * moment (may be NULL) is that of the exported snapshot. Used by the freshness proof and by restore --deep. */
struct contents {
	struct content *tables;
	bool *missing;
	size_t count;
	struct content large_objects;
	struct manifest_sequence *sequences; /* all of the database, read last */
	size_t sequence_count;
	struct moment moment;
};
int contents_read(struct contents *out, struct run *run, const char *dbname, const struct manifest *manifest,
	struct error *err);
/* The same on one open connection, inside its own transaction (under its locks). */
int contents_read_in(struct contents *out, struct db *db, const struct manifest *manifest, struct error *err);
void contents_clear(struct contents *contents);

/* Facts of a database that the manifest also has; used by backup, proof, restore and swap. */
int database_identity(struct identity *out, struct db *db, struct error *err);
int database_moment(struct moment *out, struct db *db, bool wait_durable, struct error *err);
int database_properties(struct properties *out, struct db *db, const char *dbname, struct error *err);

#endif
