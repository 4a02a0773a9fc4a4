#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "work/database.h"
#include "work/restore.h"
#include "work/snapshot.h"
#include "work/store.h"

/* One deployment of a test: a database, a store with one snapshot of it. */
struct scene {
	const char *dbname;
	char *store;
	struct snapshot_entry entry;
};

static void scene_clear(struct scene *scene)
{
	mem_free(scene->store);
	snapshot_entry_clear(&scene->entry);
}

static const char ODD_SQL[] =
	"CREATE SCHEMA \"Odd \"\"schema\";"
	"CREATE TYPE mood AS ENUM ('so so', 'fine');"
	"CREATE TABLE \"Odd \"\"schema\".\"a 'table'; --\" (\"b c\" text, \"A\" int GENERATED ALWAYS AS IDENTITY,"
	" m mood, f float8, twice int GENERATED ALWAYS AS (7 * 2) STORED);"
	"INSERT INTO \"Odd \"\"schema\".\"a 'table'; --\" (\"b c\", m, f)"
	" SELECT E'x\\ty\\n\\\\' || g, 'fine', g / 3.0 FROM generate_series(1, 1000) g;"
	"CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;"
	"CREATE TABLE empty (id int PRIMARY KEY); CREATE TABLE child (id int REFERENCES empty);"
	"CREATE SEQUENCE \"Seq 1\" START 5; SELECT nextval('\"Seq 1\"'); CREATE SEQUENCE unused;"
	"SELECT lo_create(4711), lo_put(4711, 0, 'large');"
	"CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM nothing;";

static const char DIGEST_SQL[] =
	"SELECT md5(string_agg(t::text, '|' ORDER BY t.*::text))"
	" || (SELECT last_value::text || is_called FROM \"Seq 1\") || (SELECT count::text FROM seen)"
	" || (SELECT count(*) FROM nothing) || encode(lo_get(4711), 'escape')"
	" FROM \"Odd \"\"schema\".\"a 'table'; --\" t";

static void drop_copies(const char *dbname)
{
	for (;;) {
		AUTO(mem_auto) char *query = mem_format("SELECT datname FROM pg_database "
			"WHERE datname ~ '^%s_(before|incoming)_' LIMIT 1", dbname);
		AUTO(mem_auto) char *name = fixture_scalar("postgres", query);
		if (!name)
			return;
		AUTO(mem_auto) char *sql = mem_format("DROP DATABASE \"%s\" WITH (FORCE)", name);
		fixture_sql("postgres", sql);
	}
}

static char *count_like(const char *dbname, const char *what)
{
	AUTO(mem_auto) char *query = mem_format("SELECT count(*) FROM pg_database "
		"WHERE datname ~ '^%s_%s_'", dbname, what);
	return fixture_scalar("postgres", query);
}

static void assert_count(const char *dbname, const char *what, const char *expected)
{
	AUTO(mem_auto) char *count = count_like(dbname, what);
	ck_assert_str_eq(count, expected);
}

static void make_scene(struct scene *scene, const char *dbname)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct run run;
	*scene = (struct scene){.dbname = dbname, .store = fixture_folder()};
	drop_copies(dbname);
	fixture_engine(dbname, "0.0.6", false);
	fixture_sql(dbname, ODD_SQL);
	fixture_run(&run, "backup", dbname, scene->store);
	fixture_assert_ok(run_lock(&run, &err), &err);
	fixture_assert_ok(snapshot_take(&scene->entry, &run, &err), &err);
	run_clear(&run);
}

static int restore(const struct scene *scene, const struct restore_options *options, struct error *err)
{
	struct run run;
	AUTO(mem_auto) char *kept = NULL;
	fixture_run(&run, "restore", scene->dbname, scene->store);
	fixture_option(&run, OPTION_LOCK_TIMEOUT, "1");
	int rc = run_lock(&run, err);
	if (!rc)
		rc = restore_run(&kept, &run, &scene->entry, options, err);
	run_clear(&run);
	return rc;
}

static int undo(const struct scene *scene, struct error *err)
{
	struct run run;
	AUTO(mem_auto) char *kept = NULL;
	fixture_run(&run, "restore", scene->dbname, scene->store);
	fixture_option(&run, OPTION_LOCK_TIMEOUT, "1");
	int rc = run_lock(&run, err);
	if (!rc)
		rc = restore_undo(&kept, &run, err);
	run_clear(&run);
	return rc;
}

START_TEST(round_trip_with_odd_names)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	make_scene(&scene, "restore_odd");
	AUTO(mem_auto) char *before = fixture_scalar("restore_odd", DIGEST_SQL);
	fixture_sql("restore_odd",
		"UPDATE \"Odd \"\"schema\".\"a 'table'; --\" SET f = 0; SELECT nextval('\"Seq 1\"'); "
		"CREATE TABLE later ()");
	fixture_assert_ok(restore(&scene, &(struct restore_options){.deep = true}, &err), &err);
	fixture_assert_scalar("restore_odd", DIGEST_SQL, before);
	fixture_assert_scalar("restore_odd", "SELECT to_regclass('public.later') IS NULL", "t");
	assert_count("restore_odd", "before", "1");
	assert_count("restore_odd", "incoming", "0");
	fixture_assert_scalar("restore_odd", "SELECT command FROM anchore_admin.journal", "restore");
	fixture_assert_ok(undo(&scene, &err), &err);
	fixture_assert_scalar("restore_odd", "SELECT to_regclass('public.later') IS NULL", "f");
	fixture_assert_scalar("restore_odd", "SELECT count(*) FROM anchore_admin.journal", "2");
	assert_count("restore_odd", "before", "1");
	fixture_assert_ok(undo(&scene, &err), &err);
	fixture_assert_scalar("restore_odd", DIGEST_SQL, before);
}
END_TEST

START_TEST(the_copy_is_recorded_at_its_moment)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(identity_clear) struct identity identity = {.name = NULL};
	AUTO(moment_clear) struct moment moment = {.xid_snapshot = NULL};
	make_scene(&scene, "restore_moment");
	fixture_assert_ok(restore(&scene, &(struct restore_options){.into = NULL}, &err), &err);
	fixture_assert_ok(store_find(&entry, scene.store, "latest", &err), &err);
	AUTO(db_auto) struct db *db = fixture_connect("restore_moment");
	fixture_assert_ok(database_identity(&identity, db, &err), &err);
	fixture_assert_ok(database_moment(&moment, db, false, &err), &err);
	ck_assert_uint_eq(entry.copy_count, 1);
	ck_assert(identity_same(&entry.copies[0].identity, &identity));
	ck_assert_str_eq(entry.copies[0].identity.name, "restore_moment");
	ck_assert_int_eq(entry.copies[0].moment.xmin, entry.copies[0].moment.xmax);
	/* Autovacuum may have moved it since, but it is never ahead. */
	ck_assert_int_le(entry.copies[0].moment.xmax, moment.xmax);
	ck_assert(entry.copies[0].moment.durable);
}
END_TEST

START_TEST(into_a_new_name)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL};
	static const struct restore_options options = {.into = "restore \"into\" it"};
	struct run run;
	fixture_sql("postgres", "DROP DATABASE IF EXISTS \"restore \"\"into\"\" it\"");
	make_scene(&scene, "restore_into");
	AUTO(mem_auto) char *before = fixture_scalar("restore_into", DIGEST_SQL);
	AUTO(db_auto) struct db *busy = fixture_connect("restore_into");
	fixture_assert_ok(restore(&scene, &options, &err), &err);
	fixture_sql("postgres", "ALTER DATABASE \"restore \"\"into\"\" it\" RENAME TO restore_into_it");
	fixture_assert_scalar("restore_into_it", DIGEST_SQL, before);
	fixture_sql("postgres", "ALTER DATABASE restore_into_it RENAME TO \"restore \"\"into\"\" it\"");
	assert_count("restore_into", "before", "0");
	fixture_run(&run, "restore", "restore_into", scene.store);
	fixture_assert_ok(restore_plan(&plan, &run, &scene.entry, &options, &err), &err);
	ck_assert_uint_eq(plan.refusals.count, 1);
	ck_assert_ptr_nonnull(strstr(plan.refusals.items[0].sentence, "exists"));
	run_clear(&run);
	fixture_sql("postgres", "DROP DATABASE \"restore \"\"into\"\" it\"");
}
END_TEST

START_TEST(into_a_database_that_is_gone)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	make_scene(&scene, "restore_gone");
	AUTO(mem_auto) char *before = fixture_scalar("restore_gone", DIGEST_SQL);
	fixture_sql("postgres", "DROP DATABASE restore_gone");
	fixture_assert_ok(restore(&scene, &(struct restore_options){.into = NULL}, &err), &err);
	fixture_assert_scalar("restore_gone", DIGEST_SQL, before);
	assert_count("restore_gone", "before", "0");
}
END_TEST

START_TEST(others_in_the_database_are_named)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL};
	struct run run;
	make_scene(&scene, "restore_used");
	AUTO(db_auto) struct db *other = fixture_connect("restore_used");
	AUTO(mem_auto) char *pid = mem_format("pid %d, user postgres", db_pid(other));
	fixture_run(&run, "restore", "restore_used", scene.store);
	fixture_assert_ok(restore_plan(&plan, &run, &scene.entry, &(struct restore_options){.into = NULL}, &err), &err);
	run_clear(&run);
	ck_assert_uint_eq(plan.refusals.count, 1);
	ck_assert_ptr_nonnull(strstr(plan.refusals.items[0].sentence, pid));
	/* Somebody who comes while it runs: nothing is swapped, nothing is left. */
	ck_assert_int_ne(restore(&scene, &(struct restore_options){.into = NULL}, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, pid);
	assert_count("restore_used", "before", "0");
	assert_count("restore_used", "incoming", "0");
}
END_TEST

START_TEST(the_engine_at_work_is_respected)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	make_scene(&scene, "restore_lock");
	AUTO(db_auto) struct db *engine = fixture_connect("restore_lock");
	fixture_assert_ok(db_exec(engine, "SELECT pg_advisory_lock(1, 1)", &err), &err);
	ck_assert_int_ne(restore(&scene, &(struct restore_options){.into = NULL}, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "lock");
	fixture_assert_ok(db_exec(engine, "SET application_name = 'anchore-admin upgrade'", &err), &err);
	ck_assert_int_ne(restore(&scene, &(struct restore_options){.into = NULL}, &err), 0);
	fixture_assert_error(&err, ERROR_LOCKED, NULL);
}
END_TEST

START_TEST(another_deployment_has_to_be_meant)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene, other;
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL}, meant = {.kept_name = NULL};
	struct run run;
	make_scene(&scene, "restore_foreign_a");
	make_scene(&other, "restore_foreign_b");
	fixture_run(&run, "restore", "restore_foreign_a", scene.store);
	fixture_assert_ok(restore_plan(&plan, &run, &other.entry, &(struct restore_options){.into = NULL}, &err), &err);
	ck_assert_uint_eq(plan.refusals.count, 1);
	ck_assert_ptr_nonnull(strstr(plan.refusals.items[0].remedy, "--foreign"));
	fixture_assert_ok(
		restore_plan(&meant, &run, &other.entry, &(struct restore_options){.foreign = true}, &err), &err);
	ck_assert_uint_eq(meant.refusals.count, 0);
	run_clear(&run);
}
END_TEST

START_TEST(roles_that_are_gone)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene = {.dbname = "restore_roles", .store = fixture_folder()};
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL};
	struct run run;
	drop_copies("restore_roles");
	fixture_engine("restore_roles", "0.0.6", false);
	fixture_sql("restore_roles",
		"CREATE ROLE \"restore leaver\"; CREATE TABLE t (); ALTER TABLE t OWNER TO \"restore leaver\"");
	fixture_run(&run, "backup", "restore_roles", scene.store);
	fixture_assert_ok(run_lock(&run, &err), &err);
	fixture_assert_ok(snapshot_take(&scene.entry, &run, &err), &err);
	run_clear(&run);
	fixture_sql("restore_roles", "DROP OWNED BY \"restore leaver\"; DROP ROLE \"restore leaver\"");
	fixture_run(&run, "restore", "restore_roles", scene.store);
	fixture_assert_ok(restore_plan(&plan, &run, &scene.entry, &(struct restore_options){.into = NULL}, &err), &err);
	run_clear(&run);
	ck_assert_uint_eq(plan.refusals.count, 1);
	ck_assert_ptr_nonnull(strstr(plan.refusals.items[0].sentence, "restore leaver"));
	ck_assert_int_ne(restore(&scene, &(struct restore_options){.into = NULL}, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "restore leaver");
	fixture_assert_ok(restore(&scene, &(struct restore_options){.no_owner = true}, &err), &err);
	fixture_assert_scalar("restore_roles", "SELECT tableowner FROM pg_tables WHERE tablename = 't'", "postgres");
	/* In a new database it is only told. */
	drop_copies("restore_roles");
	fixture_sql("postgres", "DROP DATABASE restore_roles");
	fixture_assert_ok(restore(&scene, &(struct restore_options){.into = NULL}, &err), &err);
}
END_TEST

/* ---- kills ---- */

static void kill_at(const struct scene *scene, const char *step, int (*act)(const struct scene *, struct error *))
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	pid_t child = fork();
	if (child == 0) {
		char fault[64];
		snprintf(fault, sizeof fault, "%s:1:kill", step);
		setenv("ANCHORE_ADMIN_FAULT", fault, 1);
		act(scene, &err);
		_exit(0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was not reached", step);
}

static int plain_restore(const struct scene *scene, struct error *err)
{
	return restore(scene, &(struct restore_options){.into = NULL}, err);
}

START_TEST(a_kill_needs_no_cleaning_up)
{
	static const char *const steps[] = {"restore-create", "restore-mark", "restore-pre-data", "restore-chunk",
		"restore-data", "restore-sequences", "restore-post-data", "restore-analyze", "restore-journal",
		"restore-check", "swap-begin", "swap-keep", "swap-rename", "restore-record", "swap-commit"};
	AUTO(scene_clear) struct scene scene;
	make_scene(&scene, "restore_kill");
	AUTO(mem_auto) char *before = fixture_scalar("restore_kill", DIGEST_SQL);
	fixture_sql("restore_kill", "CREATE TABLE later ()");
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		kill_at(&scene, steps[i], plain_restore);
		fixture_assert_scalar("restore_kill", "SELECT to_regclass('public.later') IS NULL", "f");
	}
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_assert_ok(plain_restore(&scene, &err), &err);
	fixture_assert_scalar("restore_kill", DIGEST_SQL, before);
	assert_count("restore_kill", "incoming", "0");
	assert_count("restore_kill", "before", "1");
	kill_at(&scene, "restore-undo-journal", undo);
	kill_at(&scene, "swap-commit", undo);
	fixture_assert_scalar("restore_kill", DIGEST_SQL, before);
	fixture_assert_ok(undo(&scene, &err), &err);
	fixture_assert_scalar("restore_kill", "SELECT to_regclass('public.later') IS NULL", "f");
	fixture_assert_scalar("restore_kill", "SELECT count(*) FROM anchore_admin.journal "
		"WHERE command = 'restore --undo'", "1");
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	make_scene(&scene, "restore_fail");
	setenv("ANCHORE_ADMIN_FAULT", "restore-post-data:1:fail", 1);
	int rc = plain_restore(&scene, &err);
	unsetenv("ANCHORE_ADMIN_FAULT");
	ck_assert_int_ne(rc, 0);
	assert_count("restore_fail", "incoming", "0");
	assert_count("restore_fail", "before", "0");
}
END_TEST

START_TEST(undo_needs_a_kept_database)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene;
	make_scene(&scene, "restore_none");
	ck_assert_int_ne(undo(&scene, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "no database is kept");
}
END_TEST

Suite *restore_suite(void)
{
	const TTest *const tests[] = {round_trip_with_odd_names, the_copy_is_recorded_at_its_moment, into_a_new_name,
		into_a_database_that_is_gone, others_in_the_database_are_named, the_engine_at_work_is_respected,
		another_deployment_has_to_be_meant, roles_that_are_gone, a_kill_needs_no_cleaning_up,
		a_failure_leaves_nothing, undo_needs_a_kept_database, NULL};
	return fixture_suite("restore", tests);
}
