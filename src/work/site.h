/* Where a restore happens: the deployment's database by name, whether it exists or not, and a connection to another
 * database of the same server from which it can be renamed. Both connections are the caller's thread's. */
#ifndef WORK_SITE_H
#define WORK_SITE_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "model/facts.h"
#include "work/run.h"

struct site {
	char *name;              /* of the deployment's database */
	struct db *maintenance;  /* to the setting maintenance_database, else the first of postgres, template1 that is
	                          * not the deployment's own */
	struct db *present;      /* to the deployment's database; NULL: there is none */
};

/* ERROR_REFUSED, with the setting's name, when no maintenance database can be connected; ERROR_UNREACHABLE when the
 * deployment's database exists and cannot. */
int site_open(struct site *out, struct run *run, struct error *err);
void site_clear(struct site *site);
/* Ends the session in the deployment's database, and with it the engine's lock. */
void site_leave(struct site *site);

/* Is there a database of this name? */
int site_exists(bool *out, struct db *db, const char *name, struct error *err);
/* Everybody else's client sessions in the named database, and its prepared transactions; appends. except (may be
 * NULL) is a connection of ours that does not count. */
int site_sessions(struct sessions *out, struct db *db, const char *name, const struct db *except, struct error *err);

/* name cut, at a character, so that name and suffix fit in an identifier's 63 bytes; owned. */
char *site_name_with(const char *name, const char *suffix);

#endif
