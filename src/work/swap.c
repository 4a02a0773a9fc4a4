#include "work/swap.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "model/facts.h"
#include "work/site.h"

/* Nobody waits for us longer than this while we hold a database's lock. */
static const char LOCK_TIMEOUT[] = "SET LOCAL lock_timeout = '2s'";
/* The database must not come back in part after a crash: its rows were loaded without waiting for the log, and this
 * commit flushes all of it. */
static const char DURABLE[] = "SET LOCAL synchronous_commit = on";

static int in_use(const struct swap *swap, const struct sessions *sessions, struct error *err)
{
	if (!sessions->count) {
		error_set(err, ERROR_REFUSED, "database %s is in use again and again", swap->name);
		return error_hint(err, "stop all anchore-engine services, then run the command again");
	}
	AUTO(mem_auto) char *who = sessions_text(sessions);
	error_set(err, ERROR_REFUSED, "database %s is in use: %s", swap->kept ? swap->name : swap->incoming, who);
	if (sessions->items[0].pid == 0)
		return error_hint(err,
			"end it with `COMMIT PREPARED '%s'` or `ROLLBACK PREPARED '%s'`, then run the command "
			"again",
			sessions->items[0].query, sessions->items[0].query);
	return error_hint(err, "stop all anchore-engine services and end these sessions, then run the command again");
}

static int look(struct sessions *sessions, struct db *maintenance, const struct swap *swap, const struct db *except,
	struct error *err)
{
	int rc = site_sessions(sessions, maintenance, swap->incoming, except, err);
	if (!rc && swap->kept)
		rc = site_sessions(sessions, maintenance, swap->name, except, err);
	return rc;
}

int swap_check(struct db *maintenance, const struct swap *swap, const struct db *except, struct error *err)
{
	AUTO(sessions_clear) struct sessions sessions = {NULL, 0};
	int rc = look(&sessions, maintenance, swap, except, err);
	return !rc && sessions.count ? in_use(swap, &sessions, err) : rc;
}

static int rename_database(struct db *db, const char *from, const char *to, struct error *err)
{
	AUTO(mem_auto) char *old = db_identifier(db, from), *new = db_identifier(db, to);
	return db_execf(db, err, "ALTER DATABASE %s RENAME TO %s", old, new);
}

static int keep_present(struct db *db, const struct swap *swap, struct error *err)
{
	int rc = fault_point("swap-keep", err);
	if (!rc)
		rc = rename_database(db, swap->name, swap->kept, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *kept = db_identifier(db, swap->kept), *comment = db_literal(db, swap->kept_comment);
	return db_execf(db, err, "COMMENT ON DATABASE %s IS %s", kept, comment);
}

static int own_xid(int64_t *xid, struct db *db, struct error *err)
{
	AUTO(mem_auto) char *text = NULL;
	int rc = db_scalar(&text, db, "SELECT txid_current()", 0, NULL, err);
	if (!rc && text)
		*xid = strtoll(text, NULL, 10);
	return rc;
}

/* Everything between BEGIN and COMMIT. */
static int transaction(struct db *db, const struct swap *swap, struct error *err)
{
	int64_t xid = 0;
	int rc = db_exec(db, LOCK_TIMEOUT, err);
	if (!rc)
		rc = db_exec(db, DURABLE, err);
	if (!rc)
		rc = own_xid(&xid, db, err);
	for (size_t i = 0; !rc && swap->statements && i < swap->statements->count; i++)
		rc = db_exec(db, swap->statements->items[i], err);
	if (!rc && swap->kept)
		rc = keep_present(db, swap, err);
	if (!rc)
		rc = fault_point("swap-rename", err);
	if (!rc)
		rc = rename_database(db, swap->incoming, swap->name, err);
	if (!rc && swap->before_commit)
		rc = swap->before_commit(swap->context, xid, err);
	return rc ? rc : fault_point("swap-commit", err);
}

static int commit(struct db *db, const struct swap *swap, struct error *err)
{
	int rc = db_exec(db, "COMMIT", err);
	if (rc != ERROR_UNREACHABLE)
		return rc;
	error_set(err, ERROR_BETWEEN, "the server went away while database %s was being swapped in", swap->name);
	return error_hint(err, "look which one is there with `anchore-admin db status` when the server is back");
}

/* *again: somebody was in the way. */
static int attempt(bool *again, struct db *db, const struct swap *swap, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = fault_point("swap-begin", err);
	if (!rc)
		rc = db_exec(db, "BEGIN", err);
	if (rc)
		return rc;
	rc = transaction(db, swap, &why);
	if (!rc)
		return commit(db, swap, err);
	/* 55006: the database is in use; 55P03: its lock is. */
	const char *state = db_sqlstate(db);
	*again = rc == ERROR_FAILED && (strcmp(state, "55006") == 0 || strcmp(state, "55P03") == 0);
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	db_exec(db, "ROLLBACK", &ignored);
	return error_move(err, &why);
}

int swap_run(struct db *maintenance, const struct swap *swap, struct error *err)
{
	double end = clock_elapsed() + (double)swap->seconds;
	for (;;) {
		AUTO(sessions_clear) struct sessions sessions = {NULL, 0};
		bool again = false;
		/* Asking first is cheaper for everybody than a RENAME that waits, with the lock held, for sessions to
		 * end. */
		int rc = look(&sessions, maintenance, swap, NULL, err);
		if (rc)
			return rc;
		if (!sessions.count) {
			interrupt_defer(true);
			rc = attempt(&again, maintenance, swap, err);
			interrupt_defer(false);
			if (!rc || !again)
				return rc;
			error_clear(err);
		}
		if (clock_elapsed() >= end)
			return in_use(swap, &sessions, err);
		clock_sleep(0.1);
		rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}
