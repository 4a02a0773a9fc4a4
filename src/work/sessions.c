#include "work/sessions.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"

/* Parameter $1, where there is one, is the condition's own. Roles without pg_read_all_stats see neither client nor
 * query of others, and no backend_type: such a session counts as a client's. */
#define SESSION_COLUMNS \
	"a.pid, a.usename, CASE WHEN a.client_addr IS NOT NULL THEN host(a.client_addr) WHEN a.client_port = -1 " \
	"THEN 'local' END, a.application_name, a.state, left(regexp_replace(a.query, '\\s+', ' ', 'g'), 200), " \
	"to_char(a.state_change AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define OTHER_CLIENTS \
	"a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.usesysid IS NOT NULL"

static const char services_sql[] =
	"SELECT " SESSION_COLUMNS " FROM pg_stat_activity a\n"
	"WHERE " OTHER_CLIENTS "\n"
	"  AND coalesce(a.backend_type, 'client backend') = 'client backend'\n"
	"  AND a.application_name !~ '^(psql|pg_dump|pgAdmin|anchore-admin)' ORDER BY a.pid";

static const char prepared_sql[] =
	"SELECT 0, owner, NULL, NULL, NULL, gid,\n"
	"  to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')\n"
	"FROM pg_prepared_xacts WHERE database = current_database() ORDER BY gid";

static const char holders_sql[] =
	"SELECT " SESSION_COLUMNS " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid\n"
	"WHERE l.locktype = 'advisory' AND l.classid = 1 AND l.objid = 1 AND l.objsubid = 2 AND l.granted\n"
	"  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())\n"
	"  AND l.pid <> pg_backend_pid() ORDER BY a.pid";

static const char blockers_sql[] =
	"SELECT " SESSION_COLUMNS " FROM pg_stat_activity a\n"
	"WHERE a.pid <> pg_backend_pid() AND a.pid IN (\n"
	"  SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation\n"
	"    JOIN pg_namespace n ON n.oid = c.relnamespace\n"
	"  WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.granted\n"
	"    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'\n"
	"    AND ($1 = 'true' OR l.mode <> 'AccessShareLock'))\n"
	"ORDER BY a.pid";

static const char writers_sql[] =
	"SELECT " SESSION_COLUMNS " FROM pg_stat_activity a\n"
	"WHERE " OTHER_CLIENTS " AND a.pid IN (\n"
	"  SELECT pid FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted)\n"
	"ORDER BY a.pid";

static char *column(const struct db_result *result, size_t row, size_t at)
{
	return mem_copy(db_value(result, row, at));
}

static int read_sessions(struct sessions *out, struct db *db, const char *sql, const char *parameter,
	struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, sql, parameter ? 1 : 0, &parameter, err);
	if (rc)
		return error_context(err, "looking for other sessions");
	out->items = mem_resize(out->items, (out->count + db_rows(result) + 1) * sizeof *out->items);
	for (size_t i = 0; i < db_rows(result); i++)
		out->items[out->count++] = (struct session){.pid = db_number(result, i, 0),
			.user = column(result, i, 1),
			.client = column(result, i, 2),
			.application = column(result, i, 3),
			.state = column(result, i, 4),
			.query = column(result, i, 5),
			.since = column(result, i, 6)};
	return 0;
}

int sessions_services(struct sessions *out, struct db *db, struct error *err)
{
	return read_sessions(out, db, services_sql, NULL, err);
}

int sessions_prepared(struct sessions *out, struct db *db, struct error *err)
{
	return read_sessions(out, db, prepared_sql, NULL, err);
}

int sessions_holders(struct sessions *out, struct db *db, struct error *err)
{
	return read_sessions(out, db, holders_sql, NULL, err);
}

int sessions_blockers(struct sessions *out, struct db *db, bool readers, struct error *err)
{
	return read_sessions(out, db, blockers_sql, readers ? "true" : "false", err);
}

int sessions_writers(struct sessions *out, struct db *db, struct error *err)
{
	return read_sessions(out, db, writers_sql, NULL, err);
}

static int refuse_lock(struct db *db, struct error *err)
{
	AUTO(sessions_clear) struct sessions holders = {NULL, 0};
	int rc = sessions_holders(&holders, db, err);
	if (rc)
		return rc;
	if (!holders.count) {
		error_set(err, ERROR_REFUSED, "the engine's lock on the database is taken again and again by others");
		return error_hint(err, "stop all anchore-engine services, then run the command again");
	}
	AUTO(mem_auto) char *who = sessions_text(&holders);
	const char *application = holders.items[0].application;
	if (application && text_starts(application, "anchore-admin")) {
		error_set(err, ERROR_LOCKED, "another run of anchore-admin works on the database: %s", who);
		return error_hint(err, "wait until it is done, then run the command again");
	}
	error_set(err, ERROR_REFUSED, "the engine's lock on the database is held by %s", who);
	return error_hint(err,
		"stop that program: an engine service holds the lock while it creates or upgrades tables");
}

int engine_lock(struct db *db, long long seconds, struct error *err)
{
	double end = clock_elapsed() + (double)seconds;
	for (;;) {
		AUTO(db_result_auto) struct db_result *result = NULL;
		int rc = db_query(&result, db, "SELECT pg_try_advisory_lock(1, 1)", 0, NULL, err);
		if (rc)
			return rc;
		if (db_flag(result, 0, 0))
			return 0;
		if (clock_elapsed() >= end)
			return refuse_lock(db, err);
		clock_sleep(0.2);
		rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}

