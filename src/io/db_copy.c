#include "io/db_private.h"

#include <poll.h>
#include <stdlib.h>

#include "base/interrupt.h"

/* The first result of a COPY that was sent; fails unless it is in the wanted state. */
static int begin_copy(struct db *db, const char *sql, ExecStatusType wanted, struct error *err)
{
	if (!PQsendQuery(db->conn, sql))
		return db_fail(db, NULL, err);
	PGresult *result = db_next_result(db);
	if (result && PQresultStatus(result) == wanted) {
		PQclear(result);
		return 0;
	}
	int rc = db_fail(db, result, err);
	PQclear(result);
	db_drain(db);
	return rc;
}

static int end_copy(struct db *db, uint64_t *rows, struct error *err)
{
	PGresult *result = NULL;
	int rc = db_finish(&result, db, err);
	if (rc)
		return rc;
	if (rows)
		*rows = strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return 0;
}

int db_copy_out(struct db *db, const char *sql, db_row_function *row, void *context, uint64_t *rows, struct error *err)
{
	int rc = begin_copy(db, sql, PGRES_COPY_OUT, err);
	while (!rc) {
		char *bytes = NULL;
		int got = PQgetCopyData(db->conn, &bytes, 1);
		if (got == 0) {
			db_wait_ready(db, POLLIN);
			if (!PQconsumeInput(db->conn))
				rc = db_fail(db, NULL, err);
			continue;
		}
		if (got < 0)
			return end_copy(db, rows, err);
		rc = interrupt_check(err);
		if (!rc)
			rc = row(context, bytes, (size_t)got, err);
		PQfreemem(bytes);
		if (rc) {
			db_cancel(db);
			db_drain(db);
		}
	}
	return rc;
}

int db_copy_in_begin(struct db *db, const char *sql, struct error *err)
{
	return begin_copy(db, sql, PGRES_COPY_IN, err);
}

int db_copy_in_data(struct db *db, const void *bytes, size_t size, struct error *err)
{
	enum { PIECE = 1 << 20 };
	const char *at = bytes;
	while (size) {
		int rc = interrupt_check(err);
		if (rc)
			return rc;
		size_t piece = size < PIECE ? size : PIECE;
		if (PQputCopyData(db->conn, at, (int)piece) != 1) {
			PGresult *result = db_next_result(db);
			rc = db_fail(db, result, err);
			PQclear(result);
			db_drain(db);
			return rc;
		}
		at += piece;
		size -= piece;
	}
	return 0;
}

int db_copy_in_end(struct db *db, uint64_t *rows, struct error *err)
{
	if (PQputCopyEnd(db->conn, NULL) != 1)
		return db_fail(db, NULL, err);
	return end_copy(db, rows, err);
}

