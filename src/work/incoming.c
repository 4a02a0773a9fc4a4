#include "work/incoming.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/journal.h"
#include "work/site.h"

static const char MARK[] = "_incoming_";
static const char COMMENT_START[] = "anchore-admin: incomplete restore of snapshot ";
enum { RUN_ID = 16, LEAVE_SECONDS = 5 };

char *incoming_name(const char *name, const struct run *run)
{
	AUTO(mem_auto) char *suffix = mem_format("%s%.*s", MARK, RUN_ID, run->id);
	return site_name_with(name, suffix);
}

/* ---- dropping ---- */

static int drop_now(struct db *db, const char *name, struct error *err)
{
	AUTO(mem_auto) char *quoted = db_identifier(db, name);
	int rc = fault_point("restore-drop", err);
	return rc ? rc : db_execf(db, err, "DROP DATABASE IF EXISTS %s", quoted);
}

/* What a killed run leaves in its database goes by itself, but an orphaned pg_restore only when its statement ends. */
static int end_sessions(struct db *db, const char *name, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	return DB_QUERY(&result, db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity\n"
		"WHERE datname = $1 AND pid <> pg_backend_pid() AND application_name = 'pg_restore'", err, name);
}

static int drop_when_left(struct db *db, const char *name, struct error *err)
{
	double end = clock_elapsed() + LEAVE_SECONDS;
	for (;;) {
		AUTO(sessions_clear) struct sessions sessions = {NULL, 0};
		int rc = end_sessions(db, name, err);
		if (!rc)
			rc = site_sessions(&sessions, db, name, NULL, err);
		if (!rc && !sessions.count)
			rc = drop_now(db, name, err);
		if (rc && strcmp(db_sqlstate(db), "55006") != 0)
			return rc;
		if (!rc && !sessions.count)
			return 0;
		if (clock_elapsed() >= end) {
			AUTO(mem_auto) char *who = sessions_text(&sessions);
			return error_set(err, ERROR_REFUSED, "it is in use: %s", who);
		}
		error_clear(err);
		clock_sleep(0.1);
	}
}

void incoming_drop(struct run *run, const struct db *maintenance, const char *incoming)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(db_auto) struct db *db = NULL;
	/* The connection that failed may be in any state, and a signal must not stop the cleaning up. */
	interrupt_defer(true);
	int rc = run_connect(&db, run, db_name(maintenance), &why);
	if (!rc)
		rc = drop_when_left(db, incoming, &why);
	interrupt_defer(false);
	if (rc)
		log_warn("database %s is left behind, the next restore drops it: %s", incoming, why.message);
}

/* ---- what dead runs left ---- */

static const char leftovers_sql[] =
	"SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database\n"
	"WHERE starts_with(datname, $1) AND substr(datname, length($1) + 1) ~ '^[0-9a-f]{16}$' ORDER BY 1";
/* Before PostgreSQL 11. */
static const char leftovers_old_sql[] =
	"SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database\n"
	"WHERE left(datname, length($1)) = $1 AND substr(datname, length($1) + 1) ~ '^[0-9a-f]{16}$' ORDER BY 1";

/* Killed between CREATE DATABASE and its comment: then the journal's file knows the run. */
static int is_known_run(bool *known, struct run *run, const char *id, struct error *err)
{
	const char *store = NULL;
	AUTO(journal_clear) struct journal journal = {0};
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = journal_read(&journal, store, NULL, err);
	for (size_t i = 0; !rc && i < journal.count; i++)
		if (text_same(journal.entries[i].run, id))
			*known = true;
	return rc;
}

static int sweep_one(struct db *db, struct run *run, const char *name, const char *comment, struct error *err)
{
	bool ours = text_starts(comment, COMMENT_START);
	if (!*comment) {
		int rc = is_known_run(&ours, run, name + strlen(name) - RUN_ID, err);
		if (rc)
			return rc;
	}
	if (!ours)
		return 0;
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = drop_when_left(db, name, &why);
	if (rc == ERROR_INTERRUPTED || rc == ERROR_UNREACHABLE)
		return error_move(err, &why);
	if (rc)
		log_warn("the incomplete database %s of an earlier run cannot be dropped: %s", name, why.message);
	else
		log_note("dropped %s, which an earlier run left incomplete", name);
	return 0;
}

int incoming_sweep(struct db *maintenance, struct run *run, const char *name, struct error *err)
{
	AUTO(mem_auto) char *sample = incoming_name(name, run);
	AUTO(mem_auto) char *prefix = mem_copy_bytes(sample, strlen(sample) - RUN_ID);
	AUTO(db_result_auto) struct db_result *found = NULL;
	const char *sql = db_version(maintenance) >= 110000 ? leftovers_sql : leftovers_old_sql;
	int rc = DB_QUERY(&found, maintenance, sql, err, prefix);
	for (size_t i = 0; !rc && i < db_rows(found); i++)
		rc = sweep_one(maintenance, run, db_value(found, i, 0), db_value(found, i, 1), err);
	return rc ? error_context(err, "looking for what an earlier restore left") : 0;
}

/* ---- creating ---- */

static void add_option(struct text *sql, struct db *db, const char *option, const char *value)
{
	if (!value || !*value)
		return;
	AUTO(mem_auto) char *literal = db_literal(db, value);
	text_addf(sql, " %s %s", option, literal);
}

/* ICU and PostgreSQL's own locales came with 15 and 17; before 15 every database has the C library's. */
static void add_provider(struct text *sql, struct db *db, const struct properties *properties)
{
	const char *provider = properties->provider ? properties->provider : "";
	if (db_version(db) < 150000 || !*provider)
		return;
	if (*provider == 'i') {
		text_add(sql, " LOCALE_PROVIDER icu");
		add_option(sql, db, "ICU_LOCALE", properties->icu_locale);
	} else if (*provider == 'b' && db_version(db) >= 170000) {
		text_add(sql, " LOCALE_PROVIDER builtin");
		add_option(sql, db, "BUILTIN_LOCALE", properties->icu_locale);
	} else {
		text_add(sql, " LOCALE_PROVIDER libc");
	}
}

/* Naming the tablespace that template0 is in takes a right on it that leaving it out does not take. */
static int must_name(bool *must, struct db *db, const char *tablespace, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db, "SELECT t.oid <> d.dattablespace FROM pg_tablespace t, pg_database d "
		"WHERE t.spcname = $1 AND d.datname = 'template0'", err, tablespace);
	if (rc)
		return rc;
	if (db_rows(result) == 0)
		log_warn("there is no tablespace %s here: the database goes where the server puts it", tablespace);
	*must = db_rows(result) > 0 && db_flag(result, 0, 0);
	return 0;
}

/* Since PostgreSQL 16 to be a member of a role is not yet to be allowed to act as it. */
int incoming_owner(char **out, struct db *maintenance, const char *role, struct error *err)
{
	static const char sql[] = "SELECT rolname FROM pg_roles WHERE rolname = $1 AND pg_has_role(oid, 'USAGE')\n"
		"  AND pg_has_role(oid, $2)";
	*out = NULL;
	if (!role)
		return 0;
	return db_scalar(out, maintenance, sql, 2,
		(const char *const[]){role, db_version(maintenance) >= 160000 ? "SET" : "MEMBER"}, err);
}

static int mark_incomplete(struct db *db, const char *quoted, const struct manifest *manifest, struct error *err)
{
	AUTO(mem_auto) char *now = text_time(clock_now());
	AUTO(mem_auto) char *words = mem_format("%s%s, started %s, safe to drop", COMMENT_START, manifest->id, now);
	AUTO(mem_auto) char *literal = db_literal(db, words);
	int rc = fault_point("restore-mark", err);
	return rc ? rc : db_execf(db, err, "COMMENT ON DATABASE %s IS %s", quoted, literal);
}

int incoming_create(struct db *maintenance, const char *incoming, const struct manifest *manifest,
	const char *tablespace, const char *owner, struct error *err)
{
	const struct properties *properties = &manifest->properties;
	AUTO(mem_auto) char *quoted = db_identifier(maintenance, incoming);
	AUTO(text_clear) struct text sql = TEXT_INIT;
	text_addf(&sql, "CREATE DATABASE %s TEMPLATE template0", quoted);
	if (owner) {
		AUTO(mem_auto) char *role = db_identifier(maintenance, owner);
		text_addf(&sql, " OWNER %s", role);
	}
	add_option(&sql, maintenance, "ENCODING", properties->encoding);
	add_option(&sql, maintenance, "LC_COLLATE", properties->collate);
	add_option(&sql, maintenance, "LC_CTYPE", properties->ctype);
	add_provider(&sql, maintenance, properties);
	bool must = false;
	int rc = tablespace ? must_name(&must, maintenance, tablespace, err) : 0;
	if (rc)
		return rc;
	if (must) {
		AUTO(mem_auto) char *space = db_identifier(maintenance, tablespace);
		text_addf(&sql, " TABLESPACE %s", space);
	}
	rc = fault_point("restore-create", err);
	if (!rc)
		rc = db_exec(maintenance, sql.data, err);
	if (!rc)
		rc = mark_incomplete(maintenance, quoted, manifest, err);
	return rc ? error_context(err, "creating the database %s", incoming) : 0;
}
