/* A fresh engine database: the schema of a version's node and its one row in table anchore. */
#ifndef WORK_FRESH_H
#define WORK_FRESH_H

#include "base/error.h"
#include "io/db.h"
#include "model/version.h"
#include "work/migrations.h"

/* The release to make: typed, else the newest whose database version has a fresh schema. ERROR_REFUSED, naming those
 * that have one, if the release's has none; ERROR_USAGE for an unknown one. */
int fresh_choose(struct version *release, struct version *database, const struct migrations *migrations,
	const char *typed, struct error *err);
/* Fills an empty database, in one transaction. */
int fresh_create(struct db *db, const struct migrations *migrations, struct version release, struct version database,
	struct error *err);

#endif
