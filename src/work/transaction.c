#include "work/transaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/inspect.h"
#include "work/roles.h"
#include "work/sessions.h"
#include "work/step.h"

/* ---- the locks ---- */

static const char tables_sql[] =
	"SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
	"WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'\n"
	"  AND n.nspname NOT IN ('information_schema', 'anchore_admin')\n"
	"ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\"";

static int lock_tables(struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *tables = NULL;
	int rc = db_query(&tables, db, tables_sql, 0, NULL, err);
	if (rc || !db_rows(tables))
		return rc;
	AUTO(text_clear) struct text sql = TEXT_INIT;
	text_add(&sql, "LOCK TABLE ");
	for (size_t i = 0; i < db_rows(tables); i++) {
		AUTO(mem_auto) char *home = db_identifier(db, db_value(tables, i, 0));
		AUTO(mem_auto) char *name = db_identifier(db, db_value(tables, i, 1));
		text_addf(&sql, "%sONLY %s.%s", i ? ", " : "", home, name);
	}
	text_add(&sql, " IN EXCLUSIVE MODE");
	return db_exec(db, sql.data, err);
}

/* Large objects, types and functions are written without a lock on any table. */
static int refuse_writers(bool *busy, struct db *db, struct error *err)
{
	AUTO(sessions_clear) struct sessions writers = {NULL, 0};
	int rc = sessions_writers(&writers, db, err);
	if (rc || !writers.count)
		return rc;
	*busy = true;
	AUTO(mem_auto) char *who = sessions_text(&writers);
	error_set(err, ERROR_REFUSED, "a transaction that has written to the database is not finished: %s", who);
	return error_hint(err,
		"stop all anchore-engine services and finish that transaction, then run the command again");
}

/* ---- is it still what was planned for ---- */

static int check_version(struct db *db, struct version from, struct error *err)
{
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	int rc = inspect_version(&row, db, err);
	if (rc)
		return rc;
	if (row.state == VERSION_ONE && text_same(row.db_version, VERSION_TEXT(from)))
		return 0;
	error_set(err, ERROR_REFUSED, "the database's version was changed after the check: it was %s",
		VERSION_TEXT(from));
	return error_hint(err,
		"stop all anchore-engine services, look with `anchore-admin db status`, then run the command "
		"again");
}

static int check_catalog(struct change *change, struct error *err)
{
	AUTO(list_clear) struct list catalog = LIST_INIT;
	int rc = inspect_catalog(&catalog, change->db, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *now = list_join(&catalog, "\n");
	AUTO(mem_auto) char *then = list_join(&change->facts.catalog, "\n");
	if (text_same(now, then))
		return 0;
	error_set(err, ERROR_REFUSED, "the schema was changed after the check");
	return error_hint(err, "stop all anchore-engine services, then run the command again");
}

int transaction_begin(bool *busy, struct change *change, long long seconds, struct error *err)
{
	struct db *db = change->db;
	int rc = fault_point("upgrade-begin", err);
	if (!rc)
		rc = db_exec(db, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err);
	if (!rc)
		rc = db_execf(db, err, "SET LOCAL lock_timeout = '%llds'", seconds);
	if (!rc)
		rc = fault_point("upgrade-lock", err);
	if (!rc)
		rc = lock_tables(db, err);
	if (!rc)
		rc = refuse_writers(busy, db, err);
	if (!rc)
		rc = check_version(db, change->plan.from, err);
	if (!rc)
		rc = check_catalog(change, err);
	if (!rc && change->held.held)
		rc = proof_repeat(db, &change->held.entry, &change->held.proof, err);
	return rc;
}

/* ---- the edges ---- */

/* What an edge could not convert, it says itself, with the keys. */
static void hear_warnings(struct change *change, const struct plan_edge *edge)
{
	AUTO(list_clear) struct list warnings = LIST_INIT;
	db_take_warnings(&warnings, change->db);
	for (size_t i = 0; i < warnings.count; i++) {
		log_warn("%s: %s", edge->file, warnings.items[i]);
		list_addf(&change->warnings, "%s: %s", edge->file, warnings.items[i]);
	}
}

/* "cannot alter type of a column used by a view", "other objects depend on it": an operator's own things. */
static bool stands_in_the_way(const struct db *db)
{
	return strcmp(db_sqlstate(db), "0A000") == 0 || strcmp(db_sqlstate(db), "2BP01") == 0;
}

/* How many statements of the whole plan come before this one, for those who watch. */
static void say_step(const struct plan *plan, const struct plan_edge *edge, size_t at)
{
	size_t done = at, total = 0;
	for (size_t i = 0; i < plan->edge_count; i++) {
		done += &plan->edges[i] < edge ? plan->edges[i].count : 0;
		total += plan->edges[i].count;
	}
	step_say_part("statements", done, total, "%s, statement %zu of %zu", edge->file, at + 1, edge->count);
}

static int run_statements(struct change *change, const struct plan_edge *edge, struct error *err)
{
	for (size_t i = 0; i < edge->count; i++) {
		const struct plan_statement *statement = &edge->statements[i];
		log_note("%s, statement %zu of %zu: %s", edge->file, i + 1, edge->count, statement->title);
		say_step(&change->plan, edge, i);
		int rc = interrupt_check(err);
		if (!rc)
			rc = fault_point("upgrade-statement", err);
		if (!rc)
			rc = db_exec(change->db, statement->sql, err);
		hear_warnings(change, edge);
		if (rc && stands_in_the_way(change->db))
			error_hint(err, "nothing was changed; what stands there on the engine's table is not the "
				"engine's: drop it, run the command again, then make it anew");
		if (rc)
			return error_context(err, "%s, statement %zu (%s)", edge->file, i + 1, statement->title);
	}
	return 0;
}

static int check_result(struct change *change, const struct plan_edge *edge, struct error *err)
{
	AUTO(list_clear) struct list catalog = LIST_INIT;
	AUTO(catalog_result_clear) struct catalog_result result = {.shapes = LIST_INIT};
	int rc = inspect_catalog(&catalog, change->db, err);
	if (rc)
		return rc;
	graph_compare(&result, &change->migrations.graph, edge->to, &catalog);
	if (!result.blocking.count)
		return 0;
	AUTO(mem_auto) char *what = list_join(&result.blocking, "; ");
	error_set(err, ERROR_FAILED, "after %s the schema is not that of version %s: %s", edge->file,
		VERSION_TEXT(edge->to), what);
	return error_hint(err, "nothing was changed; check the SQL files with `anchore-admin graph lint`");
}

/* The journal is made by the owner of the database. */
static const char journal_role_sql[] =
	"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()\n"
	"  AND pg_has_role(datdba, " ROLES_MAY_SET ") AND to_regnamespace('anchore_admin') IS NULL";

static int act_as(struct db *db, const char *role, struct error *err)
{
	if (!role)
		return 0;
	AUTO(mem_auto) char *quoted = db_identifier(db, role);
	return db_execf(db, err, "SET LOCAL ROLE %s", quoted);
}

/* An edge names its tables without a schema. Deferred checks would stand in the way of a later ALTER TABLE. */
static int run_edge(struct change *change, const struct plan_edge *edge, struct error *err)
{
	struct db *db = change->db;
	AUTO(mem_auto) char *role = NULL;
	int rc = db_exec(db, "SET LOCAL search_path = public; SET CONSTRAINTS ALL IMMEDIATE", err);
	if (!rc)
		rc = roles_engine(&role, db, err);
	if (!rc)
		rc = act_as(db, role, err);
	if (!rc)
		rc = run_statements(change, edge, err);
	if (!rc)
		rc = db_exec(db, "RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL search_path = pg_catalog", err);
	if (!rc)
		rc = check_result(change, edge, err);
	return rc;
}

int transaction_run(struct change *change, struct error *err)
{
	db_take_warnings(NULL, change->db);
	list_clear(&change->warnings);
	for (size_t i = 0; i < change->plan.edge_count; i++) {
		int rc = run_edge(change, &change->plan.edges[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- what it leaves ---- */

/* As the engine writes it: created_at and scanner_version stay. */
static const char version_sql[] =
	"UPDATE public.anchore SET service_version = coalesce($1, service_version), db_version = $2,\n"
	"  last_updated = $3::bigint, record_state_key = 'active' RETURNING db_version";

/* Helpers in pg_temp would outlive the transaction. */
static const char leftovers_sql[] =
	"SELECT string_agg(name, ', ' ORDER BY name) FROM (\n"
	"  SELECT proname AS name FROM pg_proc WHERE pronamespace = pg_my_temp_schema()\n"
	"  UNION ALL SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()) leftover";

static int check_leftovers(struct db *db, struct error *err)
{
	AUTO(mem_auto) char *left = NULL;
	int rc = db_scalar(&left, db, leftovers_sql, 0, NULL, err);
	if (rc || !left)
		return rc;
	error_set(err, ERROR_FAILED, "the SQL files leave helpers in pg_temp: %s", left);
	return error_hint(err, "nothing was changed; check the SQL files with `anchore-admin graph lint`");
}

int transaction_record(struct change *change, const struct journal_entry *entry, struct error *err)
{
	const struct plan *plan = &change->plan;
	char now[24], release[VERSION_ROOM];
	snprintf(now, sizeof now, "%lld", (long long)clock_now());
	AUTO(db_result_auto) struct db_result *row = NULL;
	AUTO(mem_auto) char *role = NULL;
	int rc = check_leftovers(change->db, err);
	if (!rc)
		rc = fault_point("upgrade-version-row", err);
	if (!rc)
		rc = DB_QUERY(&row, change->db, version_sql, err,
			plan->release_known ? version_format(release, plan->release) : NULL, VERSION_TEXT(plan->to),
			now);
	if (!rc && db_rows(row) != 1)
		rc = error_set(err, ERROR_FAILED, "the version row was written %zu times instead of once",
			db_rows(row));
	if (!rc)
		rc = fault_point("upgrade-journal-row", err);
	if (!rc)
		rc = db_scalar(&role, change->db, journal_role_sql, 0, NULL, err);
	if (!rc)
		rc = act_as(change->db, role, err);
	if (!rc)
		rc = journal_record(change->db, entry, err);
	return rc;
}
