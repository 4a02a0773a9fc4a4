#include "io/db_private.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/progress.h"

enum { CANCEL_SECONDS = 1, TICK_MS = 200 };

/* The server's or the library's words as one line without its own prefix. */
static char *first_line(const char *message)
{
	static const char *const prefixes[] = {"ERROR:  ", "FATAL:  ", "PANIC:  "};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(message, prefixes[i], strlen(prefixes[i])) == 0)
			message += strlen(prefixes[i]);
	return mem_copy_bytes(message, strcspn(message, "\n"));
}

void db_cancel(struct db *db)
{
	char ignored[256];
	PGcancel *cancel = PQgetCancel(db->conn);
	if (cancel)
		PQcancel(cancel, ignored, sizeof ignored);
	PQfreeCancel(cancel);
}

/* Waits until the connection's socket is ready; a signal to us cancels the statement. Asked once more every now
 * and then, for a server that has not begun the statement yet forgets the request. */
void db_wait_ready(struct db *db, short events)
{
	if (interrupt_signal() && !db->stopped && clock_elapsed() >= db->cancel_at) {
		db->cancel_at = clock_elapsed() + CANCEL_SECONDS;
		db_cancel(db);
	}
	struct pollfd fd = {.fd = PQsocket(db->conn), .events = events};
	poll(&fd, 1, TICK_MS);
	progress_look();
}

/* The next result, NULL at the end. */
PGresult *db_next_result(struct db *db)
{
	int unsent;
	while ((unsent = PQflush(db->conn)) > 0) {
		db_wait_ready(db, POLLIN | POLLOUT);
		if (!PQconsumeInput(db->conn))
			break;
	}
	while (PQisBusy(db->conn)) {
		db_wait_ready(db, POLLIN);
		if (!PQconsumeInput(db->conn))
			break;
	}
	return PQgetResult(db->conn);
}

void db_drain(struct db *db)
{
	PGresult *result;
	while ((result = db_next_result(db))) {
		ExecStatusType status = PQresultStatus(result);
		PQclear(result);
		if (status == PGRES_COPY_IN)
			PQputCopyEnd(db->conn, "given up");
		if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
			char *row;
			while (PQgetCopyData(db->conn, &row, 0) > 0)
				PQfreemem(row);
		}
		if (PQstatus(db->conn) == CONNECTION_BAD)
			return;
	}
}

int db_fail(struct db *db, const PGresult *result, struct error *err)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	const char *detail = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL) : NULL;
	memset(db->sqlstate, 0, sizeof db->sqlstate);
	if (state)
		memcpy(db->sqlstate, state, strnlen(state, 5));
	if (interrupt_signal()) {
		db->stopped = true;
		return interrupt_check(err);
	}
	AUTO(mem_auto) char *line = first_line(said ? said : PQerrorMessage(db->conn));
	if (PQstatus(db->conn) == CONNECTION_BAD || text_starts(db->sqlstate, "57P")) {
		error_set(err, ERROR_UNREACHABLE, "the connection to the database was lost: %s", line);
		return error_hint(err, "look at the server's log, then run the command again");
	}
	if (strcmp(db->sqlstate, "53100") == 0)
		return error_set(err, ERROR_NO_SPACE, "the database server has no space left: %s", line);
	return error_set(err, ERROR_FAILED, "%s%s%s%s", line, detail ? " (" : "", detail ? detail : "",
		detail ? ")" : "");
}

/* Takes all results of what was sent; the last one goes to *last (NULL: not wanted). */
int db_finish(PGresult **last, struct db *db, struct error *err)
{
	PGresult *result, *kept = NULL;
	int rc = 0;
	while ((result = db_next_result(db))) {
		ExecStatusType status = PQresultStatus(result);
		if (rc == 0 && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
			rc = db_fail(db, result, err);
		bool copying = status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
		PQclear(kept);
		kept = result;
		if (copying)
			db_drain(db);
	}
	if (rc == 0 && PQstatus(db->conn) == CONNECTION_BAD)
		rc = db_fail(db, NULL, err);
	if (rc || !last) {
		PQclear(kept);
		return rc;
	}
	*last = kept;
	return 0;
}
