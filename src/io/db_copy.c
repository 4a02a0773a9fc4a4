#include "io/db_private.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"

enum { STREAM_ROOM = 128 << 10 };

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

/* Where libpq puts rows one after the other: a copy of its own for each (PQgetCopyData) costs more than all that is
 * done with it. Past the room come only the rows that are longer, piece by piece. */
struct stream {
	char *room;
	size_t size;  /* bytes in it */
	size_t whole; /* of them, those of whole rows */
	db_rows_function *rows;
	void *context;
};

/* What is whole is handed over; the beginning of the next row moves to the front. */
static int hand_over(struct stream *stream, struct error *err)
{
	size_t size = stream->whole ? stream->whole : stream->size;
	int rc = interrupt_check(err);
	if (!rc && size)
		rc = stream->rows(stream->context, stream->room, size, err);
	memmove(stream->room, stream->room + size, stream->size - size);
	stream->size -= size;
	stream->whole = 0;
	return rc;
}

/* Takes what libpq has; *ended when the server said that it was all, or failed. */
static int take(bool *ended, struct stream *stream, struct db *db, struct error *err)
{
	for (;;) {
		/* A row that does not fit comes in pieces: only a newline ends it, and COPY escapes all others. */
		int got = PQgetlineAsync(db->conn, stream->room + stream->size, (int)(STREAM_ROOM - stream->size));
		if (got <= 0) {
			*ended = got < 0;
			return got < 0 ? hand_over(stream, err) : 0;
		}
		stream->size += (size_t)got;
		if (stream->room[stream->size - 1] == '\n')
			stream->whole = stream->size;
		if (stream->size == STREAM_ROOM) {
			int rc = hand_over(stream, err);
			if (rc)
				return rc;
		}
	}
}

int db_copy_out(struct db *db, const char *sql, db_rows_function *rows, void *context, uint64_t *count,
	struct error *err)
{
	AUTO(mem_auto) char *room = mem_new(STREAM_ROOM);
	struct stream stream = {.room = room, .rows = rows, .context = context};
	bool ended = false;
	int rc = begin_copy(db, sql, PGRES_COPY_OUT, err);
	if (rc)
		return rc;
	while (!rc && !ended) {
		rc = take(&ended, &stream, db, err);
		if (rc || ended)
			break;
		db_wait_ready(db, POLLIN);
		if (!PQconsumeInput(db->conn))
			return db_fail(db, NULL, err);
	}
	if (!rc)
		return end_copy(db, count, err);
	db_cancel(db);
	db_drain(db);
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

