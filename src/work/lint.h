/* Checks of the migrations: of the files alone, and by running them on a scratch database. */
#ifndef WORK_LINT_H
#define WORK_LINT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "work/migrations.h"
#include "work/run.h"

/* What the files alone show: what migrations_load() found, statements that do not parse or must not stand in an edge,
 * releases and declared losses that fit nothing. Adds one sentence per problem. */
void lint_files(struct list *problems, const struct migrations *migrations);

/* The proof, on a scratch database beside the deployment's, made from template0 and dropped at the end: each version's
 * .sql gives its .catalog, each edge leads from the one to the other, and its statements lock, rewrite and index the
 * tables that its .locks file says. With write, .catalog and .locks files that differ are written instead of reported,
 * and named in written. Needs the right to create databases. */
int lint_proof(struct list *problems, struct list *written, const struct migrations *migrations, struct run *run,
	bool write, struct error *err);

#endif
