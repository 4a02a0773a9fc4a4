/* The migrations that a run uses: the graph, the list of releases, and where both came from. They are read from a
 * folder, or from the same folder as of a ref of the git repository that holds it. */
#ifndef WORK_MIGRATIONS_H
#define WORK_MIGRATIONS_H

#include "base/error.h"
#include "base/text.h"
#include "model/graph.h"
#include "model/version.h"
#include "work/run.h"

struct migrations {
	struct graph graph;
	struct releases releases;
	char *path;          /* the folder */
	char *ref;           /* NULL: read from the folder as it is */
	char *commit;        /* 40 hex digits; NULL: not in a git work tree, or no commit yet (then all is dirty) */
	struct list dirty;   /* "0.0.6--0.0.7.sql (changed)": files that are not as committed; empty with a ref */
	struct list problems; /* what graph_build() and releases_parse() found wrong */
};

/* Reads what the settings name: --migrations, else the folder that was installed with the program;
 * --migrations-ref. Fails if anything is wrong with the files (ERROR_USAGE; ERROR_REFUSED if some are not as
 * committed). */
int migrations_open(struct migrations *out, const struct run *run, struct error *err);
/* The same, but problems are no failure: they are in out->problems, of which migrations_check() makes the failure. */
int migrations_read(struct migrations *out, const struct run *run, struct error *err);
int migrations_check(const struct migrations *migrations, struct error *err);
/* migrations_read() of a folder. */
int migrations_load(struct migrations *out, const char *directory, const char *ref, struct error *err);
void migrations_clear(struct migrations *migrations);

/* What an operator typed for a version: a release ("0.2.4", "v0.2.4") or a database version ("0.0.7").
 * release (may be NULL) is the one typed, else the newest of that database version, else 0.0.0.
 * ERROR_USAGE with the nearest known one in the hint. */
int migrations_target(struct version *database, struct version *release, const struct migrations *migrations,
	const char *typed, struct error *err);

#endif
