/* Facts: databases that no plan can be made for, and what is seen of others. */
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "work/facts.h"
#include "work/sessions.h"

static int gather(struct facts *facts, const char *dbname, const char *user, struct error *err)
{
	AUTO(run_clear) struct run run;
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	AUTO(db_auto) struct db *db = NULL;
	AUTO(mem_auto) char *folder = fixture_source("sql");
	fixture_run(&run, "upgrade", dbname, NULL);
	AUTO(mem_auto) char *conninfo = user ? fixture_conninfo_as(dbname, user, NULL) : fixture_conninfo(dbname);
	fixture_option(&run, OPTION_DATABASE, conninfo);
	int rc = migrations_load(&migrations, folder, NULL, err);
	if (!rc)
		rc = run_connect(&db, &run, NULL, err);
	return rc ? rc : facts_gather(facts, &run, db, &migrations, err);
}

static void expect_refusal(const char *dbname, const char *words)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	ck_assert_int_ne(gather(&facts, dbname, NULL, &err), 0);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, ERROR_REFUSED, words);
}

START_TEST(not_the_engines)
{
	fixture_database("facts_none");
	expect_refusal("facts_none", "\"facts_none\" is empty");
	fixture_sql("facts_none", "CREATE TABLE t (a integer)");
	expect_refusal("facts_none", "it has no table anchore");
	fixture_engine("facts_lost", "0.0.6", false);
	fixture_sql("facts_lost", "DELETE FROM anchore");
	expect_refusal("facts_lost", "its table anchore is empty; its schema fits version 0.0.6");
}
END_TEST

START_TEST(versions_that_are_none)
{
	fixture_engine("facts_version", "0.0.6", false);
	fixture_sql("facts_version", "INSERT INTO anchore (service_version, db_version) VALUES ('0.2.4', '0.0.7')");
	expect_refusal("facts_version", "its table anchore has 2 rows");
	fixture_sql("facts_version",
		"DELETE FROM anchore WHERE db_version = '0.0.7'; UPDATE anchore SET db_version = 'six'");
	expect_refusal("facts_version", "\"six\", which is no version");
	fixture_sql("facts_version", "UPDATE anchore SET db_version = '0.0.99'");
	expect_refusal("facts_version", "at version 0.0.99, and the newest that is known here is");
	fixture_sql("facts_version", "UPDATE anchore SET db_version = '0.0.1'");
	expect_refusal("facts_version", "at version 0.0.1, which is not known here");
}
END_TEST

START_TEST(what_is_seen)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	fixture_engine("facts_seen", "0.0.6", true);
	AUTO(db_auto) struct db *service = NULL, *shell = NULL;
	AUTO(mem_auto) char *conninfo = fixture_conninfo("facts_seen");
	fixture_assert_ok(db_open(&service, conninfo, NULL, "gunicorn", &err), &err);
	fixture_assert_ok(db_open(&shell, conninfo, NULL, "psql", &err), &err);
	fixture_assert_ok(db_exec(service, "SELECT pg_advisory_lock(1, 1)", &err), &err);
	fixture_sql("facts_seen", "BEGIN; UPDATE users SET email = 'x'; PREPARE TRANSACTION 'facts'");
	int rc = gather(&facts, "facts_seen", NULL, &err);
	fixture_sql("facts_seen", "ROLLBACK PREPARED 'facts'");
	fixture_assert_ok(rc, &err);
	ck_assert_str_eq(VERSION_TEXT(facts.version), "0.0.6");
	ck_assert_str_eq(facts.database, "facts_seen");
	ck_assert_uint_eq(facts.shape.blocking.count, 0);
	ck_assert_ptr_nonnull(facts_table(&facts, "catalog_image"));
	ck_assert_uint_eq(facts.services.count, 1);
	ck_assert_int_eq(facts.services.items[0].pid, db_pid(service));
	ck_assert_str_eq(facts.services.items[0].application, "gunicorn");
	ck_assert_str_eq(facts.services.items[0].client, "local");
	ck_assert_uint_eq(facts.holders.count, 1);
	ck_assert_int_eq(facts.holders.items[0].pid, db_pid(service));
	ck_assert_uint_eq(facts.prepared.count, 1);
	ck_assert_str_eq(facts.prepared.items[0].query, "facts");
	ck_assert(facts.superuser && !facts.standby && facts.room_known);
	ck_assert_uint_eq(facts.not_owned.count, 0);
}
END_TEST

START_TEST(a_wrong_schema_is_judged)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	fixture_engine("facts_wrong", "0.0.7", false);
	fixture_sql("facts_wrong", "UPDATE anchore SET db_version = '0.0.6'");
	fixture_assert_ok(gather(&facts, "facts_wrong", NULL, &err), &err);
	ck_assert_uint_gt(facts.shape.blocking.count, 0);
	ck_assert(list_has(&facts.guesses, "0.0.7"));
}
END_TEST

START_TEST(rights_of_a_guest)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	fixture_engine("facts_guest", "0.0.6", false);
	fixture_sql("facts_guest", "DROP ROLE IF EXISTS facts_guest; CREATE ROLE facts_guest LOGIN;"
		"GRANT SELECT ON ALL TABLES IN SCHEMA public TO facts_guest;"
		"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO facts_guest");
	fixture_assert_ok(gather(&facts, "facts_guest", "facts_guest", &err), &err);
	ck_assert(!facts.superuser);
	ck_assert_uint_gt(facts.not_owned.count, 10);
	ck_assert_uint_eq(facts.not_allowed.count, 2);
}
END_TEST

START_TEST(the_engines_lock)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_database("facts_lock");
	AUTO(mem_auto) char *conninfo = fixture_conninfo("facts_lock");
	AUTO(db_auto) struct db *ours = NULL, *other = NULL, *third = NULL;
	fixture_assert_ok(db_open(&ours, conninfo, NULL, "anchore-admin upgrade", &err), &err);
	fixture_assert_ok(db_open(&other, conninfo, NULL, "engine", &err), &err);
	fixture_assert_ok(db_open(&third, conninfo, NULL, "anchore-admin upgrade", &err), &err);
	fixture_assert_ok(engine_lock(other, 1, &err), &err);
	engine_lock(ours, 1, &err);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, ERROR_REFUSED, "application engine");
	fixture_assert_ok(db_exec(other, "SELECT pg_advisory_unlock(1, 1)", &err), &err);
	fixture_assert_ok(engine_lock(ours, 1, &err), &err);
	engine_lock(third, 1, &err);
	fixture_assert_error(&err, ERROR_LOCKED, "another run of anchore-admin");
	fixture_assert_ok(db_exec(ours, "SELECT pg_advisory_unlock(1, 1)", &err), &err);
	fixture_assert_ok(engine_lock(third, 1, &err), &err);
}
END_TEST

Suite *facts_suite(void)
{
	return fixture_suite("facts", (const TTest *const[]){not_the_engines, versions_that_are_none, what_is_seen,
		a_wrong_schema_is_judged, rights_of_a_guest, the_engines_lock, NULL});
}
