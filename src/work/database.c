#include "work/database.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"

/* How long to wait until the WAL of what the snapshot sees is on disk. The server's own writer does it within a
 * second or so, also for asynchronous commits. */
/* Where nobody commits, the server's WAL writer looks only every 25th time: 5 s with its usual delay. */
static const double DURABLE_SECONDS = 7, DURABLE_STEP = 0.02;

/* In the test build ANCHORE_ADMIN_DURABLE, in seconds, stands in for it. */
static double durable_seconds(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *seconds = getenv("ANCHORE_ADMIN_DURABLE");
	if (seconds)
		return strtod(seconds, NULL);
#endif
	return DURABLE_SECONDS;
}

static const char IDENTITY[] =
	"SELECT s.system_identifier, c.timeline_id, d.oid, d.datname, pg_postmaster_start_time()::text "
	"FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()";

static const char SNAPSHOT_13[] =
	"SELECT pg_current_snapshot()::text, pg_snapshot_xmin(pg_current_snapshot()), "
	"pg_snapshot_xmax(pg_current_snapshot()), (SELECT count(*) FROM pg_prepared_xacts), pg_is_in_recovery()";

static const char SNAPSHOT_10[] =
	"SELECT txid_current_snapshot()::text, txid_snapshot_xmin(txid_current_snapshot()), "
	"txid_snapshot_xmax(txid_current_snapshot()), (SELECT count(*) FROM pg_prepared_xacts), pg_is_in_recovery()";

/* The columns for locale providers came one by one with 15, 16 and 17. */
static const char PROPERTIES[] =
	"SELECT r.rolname, pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, "
	"coalesce(to_jsonb(d)->>'datlocprovider', 'c'), "
	"coalesce(to_jsonb(d)->>'daticulocale', to_jsonb(d)->>'datlocale'), t.spcname, "
	"shobj_description(d.oid, 'pg_database'), d.datconnlimit, d.datallowconn, d.datistemplate, d.datacl IS NULL "
	"FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba JOIN pg_tablespace t ON t.oid = d.dattablespace "
	"WHERE d.datname = $1";

static const char PRIVILEGES[] =
	"SELECT concat_ws(E'\\t', coalesce(g.rolname, ''), a.privilege_type, "
	"CASE WHEN a.is_grantable THEN 't' ELSE 'f' END, o.rolname) COLLATE \"C\" "
	"FROM pg_database d CROSS JOIN aclexplode(d.datacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee "
	"JOIN pg_roles o ON o.oid = a.grantor WHERE d.datname = $1 AND (a.grantee = 0 OR g.oid IS NOT NULL) "
	"ORDER BY 1";

static const char SETTINGS[] =
	"SELECT (coalesce(r.rolname, '') || E'\\t' || split_part(c.entry, '=', 1) || E'\\t' "
	"|| substr(c.entry, strpos(c.entry, '=') + 1)) COLLATE \"C\" "
	"FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
	"LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) c(entry) "
	"WHERE d.datname = $1 AND (s.setrole = 0 OR r.oid IS NOT NULL) ORDER BY 1";

int database_identity(struct identity *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, IDENTITY, 0, NULL, err);
	if (rc)
		return error_context(err, "cannot read which server this is");
	*out = (struct identity){
		.system_identifier = mem_copy(db_value(result, 0, 0)),
		.timeline = db_number(result, 0, 1),
		.oid = db_number(result, 0, 2),
		.name = mem_copy(db_value(result, 0, 3)),
		.started = mem_copy(db_value(result, 0, 4)),
	};
	return 0;
}

/* Every commit that the snapshot sees has its record before the present end of the WAL; once that is on disk, no crash
 * can take back what the snapshot saw. */
static int wait_for_disk(bool *durable, struct db *db, struct error *err)
{
	AUTO(mem_auto) char *target = NULL;
	int rc = db_scalar(&target, db, "SELECT pg_current_wal_insert_lsn()::text", 0, NULL, err);
	double end = clock_elapsed() + durable_seconds();
	*durable = false;
	while (!rc && !*durable) {
		AUTO(mem_auto) char *reached = NULL;
		rc = db_scalar(&reached, db, "SELECT pg_current_wal_flush_lsn() >= $1::text::pg_lsn", 1,
			(const char *const[]){target}, err);
		*durable = !rc && reached && *reached == 't';
		if (*durable || clock_elapsed() >= end)
			break;
		clock_sleep(DURABLE_STEP);
	}
	return rc ? rc : interrupt_check(err);
}

int database_moment(struct moment *out, struct db *db, bool wait_durable, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, db_version(db) >= 130000 ? SNAPSHOT_13 : SNAPSHOT_10, 0, NULL, err);
	bool durable = false;
	/* A standby's WAL is its primary's: what it has replayed may still be lost there. */
	if (!rc && wait_durable && !db_flag(result, 0, 4))
		rc = wait_for_disk(&durable, db, err);
	if (rc)
		return rc;
	*out = (struct moment){
		.xid_snapshot = mem_copy(db_value(result, 0, 0)),
		.xmin = db_number(result, 0, 1),
		.xmax = db_number(result, 0, 2),
		.prepared = db_number(result, 0, 3),
		.durable = durable,
	};
	return 0;
}

static int read_lines(struct list *out, struct db *db, const char *sql, const char *dbname, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db, sql, err, dbname);
	for (size_t i = 0; !rc && i < db_rows(result); i++)
		list_add(out, db_value(result, i, 0));
	return rc;
}

int database_properties(struct properties *out, struct db *db, const char *dbname, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db, PROPERTIES, err, dbname);
	if (!rc && db_rows(result) != 1)
		rc = error_set(err, ERROR_FAILED, "there is no database %s", dbname);
	AUTO(list_clear) struct list privileges = LIST_INIT;
	AUTO(list_clear) struct list settings = LIST_INIT;
	if (!rc)
		rc = read_lines(&privileges, db, PRIVILEGES, dbname, err);
	if (!rc)
		rc = read_lines(&settings, db, SETTINGS, dbname, err);
	if (rc)
		return rc;
	*out = (struct properties){
		.owner = mem_copy(db_value(result, 0, 0)), .encoding = mem_copy(db_value(result, 0, 1)),
		.collate = mem_copy(db_value(result, 0, 2)), .ctype = mem_copy(db_value(result, 0, 3)),
		.provider = mem_copy(db_value(result, 0, 4)), .icu_locale = mem_copy(db_value(result, 0, 5)),
		.tablespace = mem_copy(db_value(result, 0, 6)), .comment = mem_copy(db_value(result, 0, 7)),
		.connection_limit = db_number(result, 0, 8), .allow_connections = db_flag(result, 0, 9),
		.is_template = db_flag(result, 0, 10), .default_privileges = db_flag(result, 0, 11),
		.privileges = privileges, .settings = settings,
	};
	privileges = settings = (struct list)LIST_INIT;
	return 0;
}
