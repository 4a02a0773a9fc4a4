/* The transaction: all of it or nothing, whatever stands in its way. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "work/change.h"
#include "work/inspect.h"
#include "work/journal.h"
#include "work/migrate.h"

static const struct version V7 = {{0, 0, 7}};
static const struct version RELEASE = {{0, 2, 4}};

/* The SQL files outside any repository, with more added to the edge upwards; owned. */
static char *copy_migrations(const char *more)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	AUTO(mem_auto) char *from = fixture_source("sql");
	char *to = fixture_folder();
	fixture_assert_ok(file_list(&names, from, &err), &err);
	for (size_t i = 0; i < names.count; i++) {
		AUTO(mem_auto) char *source = path_join(from, names.items[i]), *target = path_join(to, names.items[i]);
		AUTO(mem_auto) char *data = NULL;
		AUTO(text_clear) struct text text = TEXT_INIT;
		size_t size = 0;
		fixture_assert_ok(file_read(&data, &size, source, &err), &err);
		text_add(&text, data);
		if (more && strcmp(names.items[i], "0.0.6--0.0.7.sql") == 0)
			text_add(&text, more);
		fixture_assert_ok(file_write(target, 0644, text.data ? text.data : "", text.size, &err), &err);
	}
	return to;
}

struct scene {
	struct run run;
	struct change change;
};

static void scene_clear(struct scene *scene)
{
	change_clear(&scene->change);
	run_clear(&scene->run);
}

/* An upgrade that is locked and planned, without a snapshot. */
static void scene_make(struct scene *scene, const char *dbname, const char *more)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *migrations = copy_migrations(more);
	fixture_run(&scene->run, "upgrade", dbname, NULL);
	fixture_option(&scene->run, OPTION_MIGRATIONS, migrations);
	fixture_option(&scene->run, OPTION_LOCK_TIMEOUT, "1");
	fixture_option(&scene->run, OPTION_NO_SNAPSHOT, "a test");
	change_init(&scene->change, "upgrade", false);
	fixture_assert_ok(change_open_migrations(&scene->change, &scene->run, &err), &err);
	fixture_assert_ok(change_open(&scene->change, &scene->run, &err), &err);
	fixture_assert_ok(change_plan(&scene->change, &scene->run, V7, &RELEASE, &err), &err);
	ck_assert_msg(scene->change.refusals.count == 0, "%s", scene->change.refusals.count
		? scene->change.refusals.items[0].sentence : "");
}

/* Everything that must not change when an upgrade fails; owned. */
static char *state_of(const char *dbname)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list facts = LIST_INIT;
	AUTO(db_auto) struct db *db = fixture_connect(dbname);
	fixture_assert_ok(inspect_catalog(&facts, db, &err), &err);
	list_give(&facts, fixture_scalar(dbname, "SELECT string_agg(a::text, ',') FROM anchore a"));
	list_give(&facts,
		fixture_scalar(dbname, "SELECT string_agg(c::text, ',' ORDER BY c::text) FROM catalog_image c"));
	list_give(&facts, fixture_scalar(dbname, "SELECT to_regclass('anchore_admin.journal') IS NULL"));
	return list_join(&facts, "\n");
}

START_TEST(upgrades)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_clear) struct journal journal = {NULL, 0};
	fixture_engine("migrate_up", "0.0.6", true);
	fixture_sql("migrate_up", "UPDATE anchore SET created_at = 11, last_updated = 12, scanner_version = 'x'");
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_up", NULL);
	ck_assert_uint_eq(scene.change.plan.edge_count, 2);
	ck_assert_str_eq(scene.change.plan.edges[0].file, "settle.sql");
	fixture_assert_ok(migrate_run(&scene.change, &scene.run, &err), &err);
	fixture_assert_scalar("migrate_up", "SELECT service_version || ' ' || db_version || ' ' || created_at || ' ' "
		"|| record_state_key || ' ' || scanner_version FROM anchore", "0.2.4 0.0.7 11 active x");
	fixture_assert_scalar("migrate_up", "SELECT abs(last_updated - extract(epoch FROM now())) < 60 FROM anchore",
		"t");
	fixture_assert_scalar("migrate_up", "SELECT count(*) FROM catalog_image WHERE analysis_status = 'analyzed' "
		"AND analyzed_at IS DISTINCT FROM last_updated", "0");
	fixture_assert_ok(journal_read(&journal, settings_text(&scene.run.settings, OPTION_STORE), scene.change.db,
				  &err),
		&err);
	ck_assert_uint_eq(journal.count, 1);
	ck_assert(journal.entries[0].in_file && journal.entries[0].in_database);
	ck_assert_str_eq(journal.entries[0].outcome, "done");
	ck_assert_str_eq(journal.entries[0].reason, "a test");
	ck_assert_uint_eq(journal.entries[0].edges.count, 2);
}
END_TEST

/* A superuser upgrades, the engine must be able to use what came of it. */
START_TEST(what_is_made_is_the_engines)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("migrate_owner", "0.0.6", true);
	fixture_sql("migrate_owner", "CREATE ROLE migrate_engine; ALTER DATABASE migrate_owner OWNER TO migrate_engine;"
		"ALTER SCHEMA public OWNER TO migrate_engine;"
		"DO $$ DECLARE t text; BEGIN FOR t IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' "
		"AND relnamespace = 'public'::regnamespace LOOP "
		"EXECUTE format('ALTER TABLE %s OWNER TO migrate_engine', t); END LOOP; END $$");
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_owner", NULL);
	fixture_assert_ok(migrate_run(&scene.change, &scene.run, &err), &err);
	fixture_assert_scalar("migrate_owner", "SELECT string_agg(DISTINCT relowner::regrole::text, ',') FROM pg_class "
		"WHERE relkind IN ('r', 'S') "
		"AND relnamespace IN ('public'::regnamespace, 'anchore_admin'::regnamespace)",
		"migrate_engine");
}
END_TEST

static void expect_failure(const char *dbname, const char *more, enum error_code code, const char *words)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine(dbname, "0.0.6", true);
	AUTO(mem_auto) char *before = state_of(dbname);
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, dbname, more);
	ck_assert_int_ne(migrate_run(&scene.change, &scene.run, &err), 0);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, code, words);
	AUTO(mem_auto) char *after = state_of(dbname);
	ck_assert_str_eq(before, after);
}

START_TEST(a_statement_fails)
{
	expect_failure("migrate_fails", "\nALTER TABLE no_such_table ADD COLUMN x integer;\n", ERROR_FAILED,
		"(ALTER TABLE no_such_table ADD COLUMN x integer): relation \"no_such_table\" does not exist");
}
END_TEST

START_TEST(the_result_is_another)
{
	expect_failure("migrate_other", "\nALTER TABLE users ADD COLUMN surplus integer;\n", ERROR_FAILED, "surplus");
}
END_TEST

START_TEST(helpers_are_left)
{
	expect_failure("migrate_helper",
		"\nCREATE FUNCTION pg_temp.helper() RETURNS integer LANGUAGE sql AS 'SELECT 1';\n", ERROR_FAILED,
		"pg_temp: helper");
}
END_TEST

START_TEST(a_deferred_check_fails_inside)
{
	expect_failure("migrate_deferred",
		"\nALTER TABLE users ADD CONSTRAINT d UNIQUE (email) DEFERRABLE INITIALLY DEFERRED;\n"
		"INSERT INTO users (\"userId\", email) VALUES ('twin 1', 'same'), ('twin 2', 'same');\n",
		ERROR_FAILED, "duplicate key");
}
END_TEST

START_TEST(the_connection_is_lost)
{
	expect_failure("migrate_lost", "\nSELECT pg_terminate_backend(pg_backend_pid());\n", ERROR_UNREACHABLE, "lost");
}
END_TEST

/* ---- others ---- */

START_TEST(a_blocker_is_named)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("migrate_blocked", "0.0.6", true);
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_blocked", NULL);
	AUTO(db_auto) struct db *other = fixture_connect("migrate_blocked");
	fixture_assert_ok(db_exec(other, "BEGIN; LOCK TABLE catalog_image IN ROW EXCLUSIVE MODE", &err), &err);
	ck_assert_int_ne(migrate_run(&scene.change, &scene.run, &err), 0);
	AUTO(mem_auto) char *pid = mem_format("pid %d, user postgres", db_pid(other));
	ck_assert_ptr_nonnull(strstr(err.message, "query: BEGIN; LOCK TABLE catalog_image"));
	fixture_assert_error(&err, ERROR_REFUSED, pid);
	/* A reader stands in the way of ALTER TABLE only. */
	fixture_assert_ok(db_exec(other, "ROLLBACK; BEGIN; SELECT count(*) FROM catalog_image", &err), &err);
	ck_assert_int_ne(migrate_run(&scene.change, &scene.run, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, pid);
	fixture_assert_ok(db_exec(other, "ROLLBACK", &err), &err);
	fixture_assert_ok(migrate_run(&scene.change, &scene.run, &err), &err);
}
END_TEST

START_TEST(a_blocker_that_goes_is_waited_for)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("migrate_waits", "0.0.6", true);
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_waits", NULL);
	pid_t child = fork();
	if (child == 0) {
		struct db *other = fixture_connect("migrate_waits");
		int rc = db_exec(other, "BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE; SELECT pg_sleep(2.5); ROLLBACK",
			&err);
		db_close(other);
		_exit(rc);
	}
	char *held = NULL;
	while (!held || strcmp(held, "0") == 0) {
		mem_free(held);
		held = fixture_scalar("migrate_waits",
			"SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass "
			"AND mode = 'RowExclusiveLock' AND granted");
	}
	mem_free(held);
	fixture_assert_ok(migrate_run(&scene.change, &scene.run, &err), &err);
	fixture_assert_children(&child, 1);
}
END_TEST

START_TEST(a_writer_without_a_table_is_named)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("migrate_writer", "0.0.6", true);
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_writer", NULL);
	AUTO(db_auto) struct db *other = fixture_connect("migrate_writer");
	fixture_assert_ok(db_exec(other, "BEGIN; SELECT lo_from_bytea(0, 'x')", &err), &err);
	ck_assert_int_ne(migrate_run(&scene.change, &scene.run, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "has written to the database is not finished: pid");
}
END_TEST

START_TEST(the_version_changed_meanwhile)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("migrate_version", "0.0.6", true);
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_version", NULL);
	fixture_sql("migrate_version", "UPDATE anchore SET db_version = '0.0.7'");
	ck_assert_int_ne(migrate_run(&scene.change, &scene.run, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "version was changed after the check");
}
END_TEST

START_TEST(the_schema_changed_meanwhile)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("migrate_schema", "0.0.6", true);
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "migrate_schema", NULL);
	fixture_sql("migrate_schema", "ALTER TABLE users ADD COLUMN extra integer");
	ck_assert_int_ne(migrate_run(&scene.change, &scene.run, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "schema was changed after the check");
}
END_TEST

Suite *migrate_suite(void)
{
	return fixture_suite("migrate", (const TTest *const[]){upgrades, what_is_made_is_the_engines, a_statement_fails,
		the_result_is_another,
		helpers_are_left, a_deferred_check_fails_inside, the_connection_is_lost, a_blocker_is_named,
		a_blocker_that_goes_is_waited_for, a_writer_without_a_table_is_named, the_version_changed_meanwhile,
		the_schema_changed_meanwhile, NULL});
}
