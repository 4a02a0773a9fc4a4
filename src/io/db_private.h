/* What the parts of io/db share. This is the one place that includes libpq; only src/io/db*.c include it.
 *
 * db_wire.c waits and takes results, db.c opens connections, db_statement.c and db_copy.c run statements. */
#ifndef IO_DB_PRIVATE_H
#define IO_DB_PRIVATE_H

#include <libpq-fe.h>

#include "io/db.h"

struct db {
	PGconn *conn;
	char sqlstate[6];
	double cancel_at; /* when to ask again, see db_wait_ready() */
	bool stopped;     /* a statement was ended because of a signal: what follows is cleaning up */
	struct list warnings; /* see db_take_warnings() */
	size_t more_warnings; /* that came after them and were only counted */
};

struct db_result {
	PGresult *result;
};

/* Waits until the connection's socket is ready for events (of poll) or a moment has passed. */
void db_wait_ready(struct db *db, short events);
/* The next result of what was sent, NULL at the end. */
PGresult *db_next_result(struct db *db);
/* Takes and drops all results that are left, ending a COPY. */
void db_drain(struct db *db);
/* Fills err from a result, or from the connection when result is NULL. Returns its code. */
int db_fail(struct db *db, const PGresult *result, struct error *err);
/* Takes all results of what was sent; the last one goes to *last (NULL: not wanted). */
int db_finish(PGresult **last, struct db *db, struct error *err);

#endif
