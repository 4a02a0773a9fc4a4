/* The database that a restore fills, before it has a name that anybody uses: `<name>_incoming_<run id>`, with a comment
 * that says what it is. A run that dies leaves it behind; the next one drops it. */
#ifndef WORK_INCOMING_H
#define WORK_INCOMING_H

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"
#include "work/run.h"

/* The name that this run uses for the deployment's database; owned. */
char *incoming_name(const char *name, const struct run *run);
/* Drops what dead runs left for this deployment's database. The store's lock is held. What cannot be dropped is
 * only warned about. */
int incoming_sweep(struct db *maintenance, struct run *run, const char *name, struct error *err);
/* The role if it exists and we may act as it, else NULL; owned. */
int incoming_owner(char **out, struct db *maintenance, const char *role, struct error *err);
/* Creates it from template0 as the snapshot's database was: encoding, locale; in tablespace if there is one of that
 * name; for owner unless NULL. */
int incoming_create(struct db *maintenance, const char *incoming, const struct manifest *manifest,
	const char *tablespace, const char *owner, struct error *err);
/* After a failure: ends what is left of our sessions in it and drops it. Warns where it cannot. */
void incoming_drop(struct run *run, const struct db *maintenance, const char *incoming);

#endif
