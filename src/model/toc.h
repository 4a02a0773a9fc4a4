/* What a pg_dump archive holds, as `pg_restore --list` tells it, and in which order a restore does it. Pure: running
 * pg_restore is work/load_archive's.
 *
 * toc_parse() takes two listings: the whole one, made with --verbose because only that one says what depends on what,
 * and that of --section=post-data, which says what is restored after the rows. Both have one line for each entry, with
 * the line breaks in names replaced, so that no name and no function body can look like an entry. What is not
 * understood fails; the caller then restores in pg_restore's plain order. */
#ifndef MODEL_TOC_H
#define MODEL_TOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/manifest.h"

enum toc_kind {
	TOC_OTHER,
	TOC_TABLE,
	TOC_CONSTRAINT,  /* primary key, unique, exclusion */
	TOC_INDEX,
	TOC_ATTACH,      /* a partition's index becomes part of its parent's */
	TOC_FOREIGN_KEY,
	TOC_STATISTICS   /* CREATE STATISTICS */
};

#define TOC_NOTHING SIZE_MAX

struct toc_entry {
	long id;
	enum toc_kind kind;
	char *words;     /* the line after the numbers: "INDEX public ix_events_type engine" */
	bool post;       /* restored after the rows */
	size_t *needs;   /* indexes into entries, each once; ids that have no entry are left out */
	size_t need_count;
	size_t table;    /* for TOC_TABLE: index into manifest.tables; TOC_NOTHING for one that has no rows there */
};

struct toc {
	struct toc_entry *entries; /* in the archive's order */
	size_t count;
};

/* ERROR_FAILED with what was not understood; nothing to free then. */
int toc_parse(struct toc *out, const char *listing, const char *post, const struct manifest *manifest,
	struct error *err);
void toc_clear(struct toc *toc);

/* The order. Every entry of post-data is in exactly one of the three lists (indexes into toc.entries, archive order):
 *
 * early: before the rows, on empty tables: foreign keys from or to a large table, and the keys and unique indexes that
 * they refer to. Only where the rows can be loaded by a session whose foreign keys are not checked.
 * builds: one by one, as soon as the rows of their tables are there: keys, indexes and foreign keys of large tables, as
 * far as they are not early.
 * last: all at once when everything else is done. */
struct toc_list {
	size_t *items;
	size_t count;
};
struct toc_plan {
	struct toc_list early, builds, last;
	bool *analyze;   /* for each of manifest.tables: worth its own ANALYZE, and right after its builds */
};
/* bytes: of each table's rows; a table is large from heavy on. Fails if an entry were in no list or in two. */
int toc_plan(struct toc_plan *out, const struct toc *toc, const struct manifest *manifest, uint64_t heavy, bool trusted,
	struct error *err);
void toc_plan_clear(struct toc_plan *plan);
/* "3302;\n…": what pg_restore --use-list reads. */
void toc_write(struct text *out, const struct toc *toc, const struct toc_list *list);

/* The tables (indexes into manifest.tables, at most two of them matter: its own and the one it refers to) whose rows a
 * build has to wait for. Returns their number; out has room for need_count of the entry. */
size_t toc_tables(size_t *out, const struct toc *toc, size_t entry);

#endif
