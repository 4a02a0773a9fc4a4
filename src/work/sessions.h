/* Who else works in the database, and the lock that the engine itself takes while it creates or upgrades tables:
 * pg_advisory_lock(1, 1), per database, held by the session. */
#ifndef WORK_SESSIONS_H
#define WORK_SESSIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "model/facts.h"

/* Each appends to *out; the caller clears it with sessions_clear(). */

/* Sessions that may be the engine's: every other client of the database but psql, pg_dump, pgAdmin and ourselves. */
int sessions_services(struct sessions *out, struct db *db, struct error *err);
/* Prepared transactions of the database; query holds the name. */
int sessions_prepared(struct sessions *out, struct db *db, struct error *err);
/* Who holds the engine's lock, other than db's session. */
int sessions_holders(struct sessions *out, struct db *db, struct error *err);
/* Who else holds locks on ordinary tables: every lock, or (readers false) only those that LOCK TABLE … IN EXCLUSIVE
 * MODE waits for. */
int sessions_blockers(struct sessions *out, struct db *db, bool readers, struct error *err);
/* Whose transaction in the database has written something and goes on. */
int sessions_writers(struct sessions *out, struct db *db, struct error *err);

/* Takes the engine's lock on db's session: tries, and polls for seconds. ERROR_LOCKED if another anchore-admin holds
 * it, ERROR_REFUSED for anybody else; both name who. It ends with the session. */
int engine_lock(struct db *db, long long seconds, struct error *err);

#endif
