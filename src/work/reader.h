/* Reading a snapshot archive: its chunks of rows and its members, each checked against the manifest. */
#ifndef WORK_READER_H
#define WORK_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/tarball.h"
#include "work/store.h"

/* COPY text: whole rows, each ended by its newline; only a very long value comes as a piece of its own. rows: that end
 * in it. */
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
/* Reads one chunk: checks its SHA-256, decodes, turns columns into rows, adds the rows' digests to *content (may be
 * NULL), calls rows() (may be NULL) for some rows after the other. Memory: the chunk's text. */
int snapshot_read_chunk(const struct snapshot_reader *reader, size_t index, struct content *content,
	snapshot_rows_function *rows, void *context, struct error *err);
/* Copies a member (schema.pgdump) into a file made with 0600, checking its SHA-256. */
int snapshot_extract(const struct snapshot_reader *reader, const char *member, const char *path, struct error *err);

/* For the store and verify. */

/* A small member as a text, NUL-terminated; owned. */
int reader_load(char **out, const struct tarball *tarball, const struct tarball_member *member, struct error *err);
/* SHA-256 of a member against the manifest. */
int reader_check_member(const struct snapshot_reader *reader, size_t index, struct error *err);

#endif
