/* What a snapshot says of itself: the contents of snapshot.json (known before the first row) and manifest.json
 * (known after the last), as one struct. Pure: reading and writing the JSON is work/archive's. The format is
 * described in anchore-snapshot(5). */
#ifndef MODEL_MANIFEST_H
#define MODEL_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"

enum { MANIFEST_FORMAT = 1 };

/* Order-free digest of a table's rows: the sum modulo 2^128 of XXH3-128 of each row's COPY text without its newline. */
struct content {
	uint64_t rows;
	uint64_t high, low;
};

/* Which database, for "the same database": freshness only. */
struct identity {
	char *system_identifier; /* decimal */
	int64_t timeline;
	char *name;
	int64_t oid;
	char *started;           /* postmaster's start, as the server prints it in UTC */
};

/* What the freshness proof needs besides the digests. */
struct moment {
	char *xid_snapshot;      /* "xmin:xmax:xip,…" as the server prints it */
	int64_t xmin, xmax;
	int64_t prepared;        /* prepared transactions in the server */
	bool durable;            /* WAL was flushed up to the insert position after the snapshot was taken */
};

/* What CREATE DATABASE and the swap must carry over. */
struct properties {
	char *owner, *encoding, *collate, *ctype, *provider, *icu_locale, *tablespace, *comment;
	int64_t connection_limit;
	bool allow_connections, is_template;
	/* "grantee<TAB>privilege<TAB>grantable(t|f)<TAB>grantor", grantee "" for PUBLIC; empty with the default ones */
	struct list privileges;
	bool default_privileges; /* datacl IS NULL */
	struct list settings;    /* "role<TAB>name<TAB>value", role "" for the database itself */
};

/* Pages [first, end) of a table's heap; end 0: to its last one, however many it has. */
struct page_range {
	uint64_t first, end;
};

struct manifest_table {
	char *schema, *name;
	struct list columns;     /* names in COPY order: byte order, generated ones left out */
	struct list floats;      /* those of columns that print floating point: differently before PostgreSQL 12 */
	struct content content;  /* known at the end */
	uint64_t bytes;          /* of COPY text, with newlines; known at the end */
	/* For a later snapshot that builds on this one; see model/reuse.h. */
	int64_t oid, file;       /* file: relfilenode; 0: not recorded */
	char *shape;             /* digest of all that its rows' text depends on besides the rows; NULL: not known */
	struct page_range *ranges; /* what it was read by, in order and without gaps; known at the end */
	size_t range_count;      /* 0: not recorded */
};

struct manifest_sequence {
	char *schema, *name, *last_value; /* decimal */
	bool is_called;
};

struct manifest_member {
	char *name;
	uint64_t size;
	char sha256[65];
	/* Of a chunk, where recorded: */
	bool ranged;             /* the rest is filled */
	uint64_t page;           /* first page of the table's range that its rows are from */
	struct content content;
	uint64_t bytes;          /* of COPY text */
	bool reused;             /* copied from an earlier snapshot */
};

/* What was not read from the database, but taken from an earlier snapshot that held the same. */
struct manifest_reused {
	char *from;              /* its id; NULL: none, everything was read */
	uint64_t chunks, bytes;  /* bytes: as they are in the archive */
};

struct manifest {
	int64_t format;
	char *id;                /* 32 hex digits */
	time_t created;
	char *tool_version, *deployment;
	struct identity identity;
	struct properties properties;
	struct moment moment;
	char *server_version, *client_version;
	int64_t server_number;   /* 150018 */
	char *engine_release, *engine_source; /* NULL unknown; "option", "settings", "table" */
	char *db_version;
	char *sql_commit;        /* NULL: not from a repository */
	struct list catalog;     /* fact lines, see work/inspect */
	struct list other;       /* further facts for the freshness proof */
	struct manifest_table *tables;
	size_t table_count;
	/* known at the end */
	struct manifest_sequence *sequences;
	size_t sequence_count;
	struct content large_objects; /* rows = objects */
	struct manifest_member *members;
	size_t member_count;
	struct manifest_reused reused;
};

void manifest_init(struct manifest *manifest);
void manifest_clear(struct manifest *manifest);
struct manifest_table *manifest_add_table(struct manifest *manifest, const char *schema, const char *name);
struct manifest_sequence *manifest_add_sequence(struct manifest *manifest, const char *schema, const char *name);
struct manifest_member *manifest_add_member(struct manifest *manifest, const char *name, uint64_t size);
/* Notes that a table was read by that range; again for the same one is fine. */
void manifest_add_range(struct manifest_table *table, struct page_range pages);
/* Puts a table's ranges into order. False, and none are left, unless they cover all pages once. */
bool manifest_close_ranges(struct manifest_table *table);
const struct manifest_table *manifest_find_table(const struct manifest *manifest, const char *schema, const char *name);

void identity_clear(struct identity *identity);
void moment_clear(struct moment *moment);
void properties_clear(struct properties *properties);
bool identity_same(const struct identity *a, const struct identity *b); /* system identifier, timeline, oid */
void content_add(struct content *to, const struct content *more);
bool content_same(const struct content *a, const struct content *b);

/* "data/<ordinal>-<name, 40 of [A-Za-z0-9_]>": folder of a table's chunks; ordinals
 * count from 1; owned. */
char *manifest_table_folder(size_t ordinal, const char *name);
/* Takes a chunk's name ("<folder>/<number>.<rows>.zst") apart; ordinals and numbers count from 1. False if it is
 * none. */
bool manifest_read_chunk_name(const char *name, size_t *ordinal, uint64_t *rows);

#endif
