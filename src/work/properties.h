/* What belongs to a database but not to its contents: owner, privileges, comment, connection limit, settings of the
 * database and of roles in it. A restored copy gets them in the transaction that swaps it in. They are planned first:
 * what this server or this role would not accept is found out by trying, one statement after the other in a
 * transaction that is rolled back, and reported instead of failing the swap. */
#ifndef WORK_PROPERTIES_H
#define WORK_PROPERTIES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/manifest.h"

/* Adds to *statements what gives the properties to database dbname (new: default privileges, no settings), and to
 * *notes a sentence for each that cannot be carried over. no_owner leaves owner and privileges out. db is connected to
 * another database. The comment is always among the statements, for it replaces the one that says the copy is
 * incomplete. */
int properties_plan(struct list *statements, struct list *notes, struct db *db, const char *dbname,
	const struct properties *properties, bool no_owner, struct error *err);

#endif
