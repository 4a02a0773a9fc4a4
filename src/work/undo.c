#include <string.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/db.h"
#include "work/incoming.h"
#include "work/inspect.h"
#include "work/journal.h"
#include "work/kept.h"
#include "work/restore.h"
#include "work/sessions.h"
#include "work/site.h"
#include "work/swap.h"

/* The kept database comes back with everything that it had, but for its comment: the one that says why it was kept
 * makes room for the present database's. */
struct undo {
	struct run *run;
	struct site site;
	struct kept_databases all;
	const struct kept_database *back; /* the newest of them */
	struct journal_entry journal;
	char *kept, *kept_comment;
	struct list statements;
};

static void undo_clear(struct undo *undo)
{
	site_clear(&undo->site);
	kept_databases_clear(&undo->all);
	journal_entry_clear(&undo->journal);
	mem_free(undo->kept);
	mem_free(undo->kept_comment);
	list_clear(&undo->statements);
}

static int find_back(struct undo *undo, struct error *err)
{
	int rc = restore_kept(&undo->all, undo->site.maintenance, undo->site.name, err);
	if (rc)
		return rc;
	if (!undo->all.count) {
		error_set(err, ERROR_REFUSED, "no database is kept that %s could be swapped with", undo->site.name);
		return error_hint(err, "look for a snapshot with `anchore-admin snapshot list`");
	}
	undo->back = &undo->all.items[0];
	undo->journal.to = mem_copy(undo->back->db_version);
	return 0;
}

/* What the present database is, and the lock on it. */
static int hold_present(struct undo *undo, struct error *err)
{
	struct db *present = undo->site.present;
	if (!present)
		return 0;
	AUTO(engine_version_clear) struct engine_version version = {VERSION_NO_TABLE, 0, NULL, NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = engine_lock(present, settings_number(&undo->run->settings, OPTION_LOCK_TIMEOUT), err);
	if (!rc)
		rc = kept_name(&undo->kept, undo->site.maintenance, undo->site.name, err);
	if (rc)
		return rc;
	rc = inspect_version(&version, present, &why);
	if (rc && rc != ERROR_FAILED) /* Whatever state the database is in: that is what an undo is for. */
		return error_move(err, &why);
	undo->journal.from = mem_copy(version.db_version);
	undo->kept_comment = kept_comment("undo", version.db_version, undo->site.name);
	return 0;
}

static int plan_comment(struct undo *undo, struct error *err)
{
	struct db *db = undo->site.maintenance;
	AUTO(mem_auto) char *comment = NULL;
	int rc = db_scalar(&comment, db,
		"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", 1,
		(const char *const[]){undo->site.name}, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *name = db_identifier(db, undo->back->name);
	AUTO(mem_auto) char *literal = comment ? db_literal(db, comment) : mem_copy("NULL");
	list_addf(&undo->statements, "COMMENT ON DATABASE %s IS %s", name, literal);
	return 0;
}

/* An undo that was killed before its swap left its row in the kept database, which says what did not happen. What did
 * is in the present database's journal as well. */
static int forget_killed(struct db *back, struct db *present, const char *ours, struct error *err)
{
	static const char sql[] = "DELETE FROM anchore_admin.journal WHERE command = 'restore --undo'\n"
		"  AND run <> $2 AND run <> ALL (coalesce($1::text[], '{}'))";
	AUTO(mem_auto) char *has = NULL, *runs = NULL;
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_scalar(&has, present, "SELECT to_regclass('anchore_admin.journal') IS NOT NULL", 0, NULL, err);
	if (!rc && text_same(has, "t"))
		rc = db_scalar(&runs, present, "SELECT array_agg(run) FROM anchore_admin.journal", 0, NULL, err);
	return rc ? rc : DB_QUERY(&result, back, sql, err, runs, ours);
}

static int write_journal(struct undo *undo, struct error *err)
{
	AUTO(db_auto) struct db *back = NULL;
	int rc = run_connect(&back, undo->run, undo->back->name, err);
	if (!rc)
		rc = fault_point("restore-undo-journal", err);
	if (!rc)
		rc = db_exec(back, "BEGIN", err);
	if (!rc && undo->site.present)
		rc = journal_carry_over(back, undo->site.present, err);
	if (!rc)
		rc = journal_record(back, &undo->journal, err);
	if (!rc && undo->site.present)
		rc = forget_killed(back, undo->site.present, undo->run->id, err);
	return rc ? rc : db_exec(back, "COMMIT", err);
}

/* The row says that it was done; it was not. */
static void withdraw_journal(struct undo *undo)
{
	AUTO(db_auto) struct db *back = NULL;
	AUTO(db_result_auto) struct db_result *result = NULL;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	interrupt_defer(true);
	if (run_connect(&back, undo->run, undo->back->name, &ignored) == 0)
		DB_QUERY(&result, back, "DELETE FROM anchore_admin.journal WHERE run = $1", &ignored, undo->run->id);
	interrupt_defer(false);
}

static int swap_back(struct undo *undo, struct error *err)
{
	struct swap swap = {.incoming = undo->back->name, .name = undo->site.name, .kept = undo->kept,
		.kept_comment = undo->kept_comment, .statements = &undo->statements,
		.seconds = settings_number(&undo->run->settings, OPTION_LOCK_TIMEOUT)};
	int rc = swap_check(undo->site.maintenance, &swap, undo->site.present, err);
	if (!rc)
		rc = write_journal(undo, err);
	if (rc)
		return rc;
	site_leave(&undo->site);
	rc = swap_run(undo->site.maintenance, &swap, err);
	if (rc && rc != ERROR_BETWEEN)
		withdraw_journal(undo);
	return rc;
}

static int run_undo(struct undo *undo, struct error *err)
{
	int rc = site_open(&undo->site, undo->run, err);
	if (!rc)
		rc = find_back(undo, err);
	if (!rc)
		rc = incoming_sweep(undo->site.maintenance, undo->run, undo->site.name, err);
	if (!rc)
		rc = hold_present(undo, err);
	if (!rc)
		rc = plan_comment(undo, err);
	return rc ? rc : swap_back(undo, err);
}

int restore_undo(char **kept, struct run *run, struct error *err)
{
	AUTO(undo_clear) struct undo undo = {.run = run};
	AUTO(error_clear) struct error why = ERROR_INIT;
	const char *store = NULL;
	journal_entry_init(&undo.journal, run);
	mem_replace(&undo.journal.command, mem_copy("restore --undo"));
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = journal_started(store, &undo.journal, err);
	if (rc)
		return rc;
	rc = run_undo(&undo, &why);
	journal_ended(store, &undo.journal, rc ? &why : NULL);
	if (rc)
		return error_move(err, &why);
	*kept = mem_take(&undo.kept);
	return 0;
}
