#include "work/migrate.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/journal.h"
#include "work/sessions.h"
#include "work/transaction.h"

enum { ATTEMPTS = 3, RECONNECT_SECONDS = 15, BLOCKERS_SHOWN = 3 };

/* How far an attempt got, for what its failure means. */
enum stage { STAGE_LOCK, STAGE_RUN, STAGE_COMMIT };

struct attempt {
	enum stage stage;
	bool busy;     /* others stood in the way; trying again may help */
};

/* ---- after a failure ---- */

static bool lock_failed(const struct db *db)
{
	return strcmp(db_sqlstate(db), "55P03") == 0 || strcmp(db_sqlstate(db), "40P01") == 0;
}

/* A connection that cannot roll back is closed later, which rolls back too. */
static void roll_back(struct db *db)
{
	struct error ignored = ERROR_INIT;
	interrupt_defer(true);
	if (db_in_transaction(db))
		db_exec(db, "ROLLBACK", &ignored);
	interrupt_defer(false);
	error_clear(&ignored);
}

/* Adds who held the locks, with their statements. */
static int name_blockers(struct change *change, const struct attempt *attempt, long long seconds, struct error *err)
{
	AUTO(sessions_clear) struct sessions blockers = {NULL, 0};
	int rc = sessions_blockers(&blockers, change->db, attempt->stage != STAGE_LOCK, err);
	if (rc)
		return rc;
	AUTO(text_clear) struct text who = TEXT_INIT;
	for (size_t i = 0; i < blockers.count && i < BLOCKERS_SHOWN; i++) {
		AUTO(mem_auto) char *one = session_text(&blockers.items[i]);
		text_addf(&who, "%s%s, query: %s", i ? "; " : ": ", one,
			blockers.items[i].query ? blockers.items[i].query : "not shown to this role");
	}
	error_set(err, ERROR_REFUSED, "the tables could not be locked within %lld s, %d times%s; nothing was changed",
		seconds, ATTEMPTS, who.data ? who.data : ", by sessions that are gone now");
	if (!blockers.count)
		return error_hint(err, "stop all anchore-engine services, then run the command again");
	return error_hint(err,
		"end that transaction, or its session with `SELECT pg_terminate_backend(%" PRId64 ")`, then "
		"run the command again",
		blockers.items[0].pid);
}

static void say_unchanged(const struct change *change, struct error *err)
{
	const char *version = VERSION_TEXT(change->plan.from);
	if (err->code == ERROR_INTERRUPTED)
		error_hint(err, "nothing was changed, the database is at version %s", version);
	else if (err->code == ERROR_UNREACHABLE)
		error_hint(err,
			"nothing was changed, the database is at version %s: run the command again once the server "
			"answers",
			version);
	else if (!err->hint)
		error_hint(err, "nothing was changed, the database is at version %s; mend what stood in the way, then "
			"run the command again", version);
}

/* ---- COMMIT ---- */

static int reconnect(struct db **out, struct run *run, struct error *err)
{
	double end = clock_elapsed() + RECONNECT_SECONDS;
	for (;;) {
		int rc = run_connect(out, run, NULL, err);
		if (!rc || rc != ERROR_UNREACHABLE || clock_elapsed() > end)
			return rc;
		clock_sleep(1);
	}
}

/* The connection was lost while COMMIT ran. Once the engine's lock is ours the old session is gone, so that what the
 * journal says then is final. */
static int settle(struct change *change, struct run *run, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	struct error why = ERROR_INIT;
	struct journal journal = {NULL, 0};
	int rc = reconnect(&db, run, &why);
	if (!rc)
		rc = engine_lock(db, RECONNECT_SECONDS, &why);
	if (!rc)
		rc = journal_read(&journal, NULL, db, &why);
	if (rc) {
		error_clear(&why);
		error_set(err, ERROR_BETWEEN,
			"the connection was lost while the transaction was committed, so that the database "
			"is at version %s or at %s",
			VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to));
		return error_hint(err, "`anchore-admin db check` tells which, once the server answers");
	}
	bool committed = false;
	for (size_t i = 0; i < journal.count; i++)
		committed = committed || (journal.entries[i].in_database && text_same(journal.entries[i].run, run->id));
	journal_clear(&journal);
	if (committed) {
		log_warn("the connection was lost while the transaction was committed; it was, as the journal says");
		error_clear(err);
		return 0;
	}
	say_unchanged(change, err);
	return err->code;
}

/* A signal that comes now is too late to stop anything. */
static int commit(struct change *change, struct run *run, struct error *err)
{
	int rc = fault_point("upgrade-before-commit", err);
	if (!rc)
		rc = interrupt_check(err);
	if (rc)
		return rc;
	interrupt_defer(true);
	rc = db_exec(change->db, "COMMIT", err);
	if (rc == ERROR_UNREACHABLE)
		rc = settle(change, run, err);
	interrupt_defer(false);
	return rc;
}

/* ---- attempts ---- */

static int attempt_once(struct attempt *attempt, struct change *change, struct run *run,
	const struct journal_entry *entry, long long seconds, struct error *err)
{
	*attempt = (struct attempt){STAGE_LOCK, false};
	int rc = transaction_begin(&attempt->busy, change, seconds, err);
	if (!rc) {
		attempt->stage = STAGE_RUN;
		rc = transaction_run(change, err);
	}
	if (!rc)
		rc = transaction_record(change, entry, err);
	if (!rc) {
		attempt->stage = STAGE_COMMIT;
		rc = commit(change, run, err);
	}
	if (rc == ERROR_FAILED && lock_failed(change->db))
		attempt->busy = true;
	if (rc)
		roll_back(change->db);
	return rc;
}

static int attempt_all(struct change *change, struct run *run, const struct journal_entry *entry, struct error *err)
{
	long long seconds = settings_number(&run->settings, OPTION_LOCK_TIMEOUT);
	struct attempt attempt;
	for (int i = 1;; i++) {
		int rc = attempt_once(&attempt, change, run, entry, seconds, err);
		if (!rc)
			return 0;
		if (!attempt.busy) {
			if (rc != ERROR_BETWEEN && rc != ERROR_REFUSED)
				say_unchanged(change, err);
			return rc;
		}
		if (i == ATTEMPTS)
			return rc == ERROR_REFUSED ? rc : name_blockers(change, &attempt, seconds, err);
		log_note("others hold locks in the database: trying again, %d of %d", i + 1, ATTEMPTS);
		clock_sleep(1);
		rc = interrupt_check(err);
		if (rc) {
			say_unchanged(change, err);
			return rc;
		}
	}
}

/* ---- the journal around it ---- */

static void describe(struct journal_entry *entry, const struct change *change)
{
	const struct plan *plan = &change->plan;
	const struct evidence *evidence = &change->facts.evidence;
	entry->from = mem_copy(VERSION_TEXT(plan->from));
	entry->to = mem_copy(VERSION_TEXT(plan->to));
	entry->snapshot = mem_copy(evidence->id);
	entry->commit = mem_copy(change->facts.commit);
	entry->reason = mem_copy(evidence->skipped);
	for (size_t i = 0; i < plan->edge_count; i++)
		list_addf(&entry->edges, "%s %s", plan->edges[i].file, plan->edges[i].sha256);
}

int migrate_run(struct change *change, struct run *run, struct error *err)
{
	AUTO(journal_entry_clear) struct journal_entry entry;
	journal_entry_init(&entry, run);
	describe(&entry, change);
	const char *store = change_store(run);
	int rc = fault_point("upgrade-journal-file", err);
	if (!rc && store)
		rc = journal_started(store, &entry, err);
	if (rc)
		return rc;
	rc = fault_point("upgrade-before-transaction", err);
	if (!rc)
		rc = interrupt_check(err);
	if (!rc)
		rc = attempt_all(change, run, &entry, err);
	if (store)
		journal_ended(store, &entry, rc ? err : NULL);
	return rc;
}
