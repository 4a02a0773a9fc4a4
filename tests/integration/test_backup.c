#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "work/snapshot.h"
#include "work/store.h"

static void assert_empty_store(struct run *run)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	const char *store;
	fixture_assert_ok(run_store(&store, run, false, &err), &err);
	fixture_assert_ok(file_list(&names, store, &err), &err);
	for (size_t i = 0; i < names.count; i++)
		ck_assert_msg(strcmp(names.items[i], "store.json") == 0, "%s is left", names.items[i]);
}

/* ---- others at work ---- */

/* A backup in a child that stops itself at a step so many times; sql runs each time. The entry that the child made is
 * read from the store. */
static int take_disturbed(struct run *run, const char *dbname, const char *step, int times, const char *sql)
{
	AUTO(text_clear) struct text faults = TEXT_INIT;
	for (int i = 1; i <= times; i++)
		text_addf(&faults, "%s%s:%d:stop", i > 1 ? "," : "", step, i);
	fixture_run(run, "backup", dbname, NULL);
	pid_t child = fork();
	if (child == 0) {
		struct error err = ERROR_INIT;
		struct snapshot_entry entry = {0};
		setenv("ANCHORE_ADMIN_FAULT", faults.data, 1);
		_exit(snapshot_take(&entry, run, &err));
	}
	int status = 0;
	while (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status)) {
		fixture_sql(dbname, sql);
		kill(child, SIGCONT);
	}
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_rows(struct run *run, const char *table, uint64_t rows)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	const char *store;
	fixture_assert_ok(run_store(&store, run, false, &err), &err);
	fixture_assert_ok(store_find(&entry, store, "latest", &err), &err);
	const struct manifest_table *found = manifest_find_table(&entry.manifest, "public", table);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->content.rows, rows);
}

START_TEST(a_truncate_means_a_new_snapshot)
{
	AUTO(run_clear) struct run run;
	fixture_engine("snap_truncate", "0.0.6", false);
	fixture_sql("snap_truncate", "CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE kept AS SELECT 1 AS a");
	ck_assert_int_eq(take_disturbed(&run, "snap_truncate", "backup-snapshot", 1,
		"TRUNCATE t; INSERT INTO t VALUES (1), (2), (3)"), 0);
	assert_rows(&run, "t", 3);
	assert_rows(&run, "kept", 1);
}
END_TEST

START_TEST(a_delete_is_not_seen)
{
	AUTO(run_clear) struct run run;
	fixture_engine("snap_delete", "0.0.6", false);
	fixture_sql("snap_delete", "CREATE TABLE t AS SELECT 1 AS a");
	ck_assert_int_eq(take_disturbed(&run, "snap_delete", "backup-snapshot", 1, "DELETE FROM t"), 0);
	assert_rows(&run, "t", 1);
}
END_TEST

START_TEST(rewrites_without_end_are_a_failure)
{
	AUTO(run_clear) struct run run;
	fixture_engine("snap_rewrite", "0.0.6", false);
	fixture_sql("snap_rewrite", "CREATE TABLE t AS SELECT 1 AS a");
	ck_assert_int_eq(take_disturbed(&run, "snap_rewrite", "backup-snapshot", 9, "VACUUM FULL t"), ERROR_FAILED);
	assert_empty_store(&run);
}
END_TEST

START_TEST(ddl_means_a_new_snapshot)
{
	AUTO(run_clear) struct run run;
	AUTO(run_clear) struct run second;
	fixture_engine("snap_ddl", "0.0.6", false);
	fixture_sql("snap_ddl", "CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u AS SELECT 1 AS a");
	ck_assert_int_eq(take_disturbed(&run, "snap_ddl", "backup-snapshot", 1,
		"ALTER TABLE t RENAME TO gone; CREATE TABLE t AS SELECT generate_series(1, 4) AS a; DROP TABLE u"), 0);
	assert_rows(&run, "t", 4);
	ck_assert_int_eq(take_disturbed(&second, "snap_ddl", "backup-last", 1,
		"CREATE TABLE new_one AS SELECT 1 AS a"), 0);
	assert_rows(&second, "new_one", 1);
}
END_TEST

/* The new column looks like the old one, and the table keeps its file, but the values are gone. */
START_TEST(a_column_dropped_and_added_again_means_a_new_snapshot)
{
	AUTO(run_clear) struct run run;
	fixture_engine("snap_column", "0.0.6", false);
	fixture_sql("snap_column", "CREATE TABLE t AS SELECT 1 AS a, 'x'::text AS b");
	ck_assert_int_eq(take_disturbed(&run, "snap_column", "backup-snapshot", 1,
		"ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b text; INSERT INTO t VALUES (2, 'y')"), 0);
	assert_rows(&run, "t", 2);
}
END_TEST

/* ---- refusals ---- */

static void assert_refused(const char *dbname, const char *words)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	struct snapshot_entry entry = {0};
	fixture_run(&run, "backup", dbname, NULL);
	ck_assert_int_eq(snapshot_take(&entry, &run, &err), ERROR_REFUSED);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, ERROR_REFUSED, words);
	assert_empty_store(&run);
}

START_TEST(what_is_no_engine_database_is_refused)
{
	fixture_database("snap_none");
	assert_refused("snap_none", "no table anchore");
	fixture_engine("snap_rows", "0.0.6", false);
	fixture_sql("snap_rows", "UPDATE anchore SET db_version = 'zero'");
	assert_refused("snap_rows", "is none");
	fixture_sql("snap_rows", "DELETE FROM anchore");
	assert_refused("snap_rows", "has no row");
	fixture_sql("snap_rows",
		"INSERT INTO anchore (service_version, db_version) VALUES ('0.2.1', '0.0.6'), ('x', 'y')");
	assert_refused("snap_rows", "several rows");
}
END_TEST

START_TEST(a_table_that_may_not_be_read_is_named)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(mem_auto) char *conninfo = fixture_conninfo_as("snap_rights", "snap_reader", NULL);
	struct snapshot_entry entry = {0};
	fixture_engine("snap_rights", "0.0.6", false);
	fixture_sql("postgres", "DROP ROLE IF EXISTS snap_reader; CREATE ROLE snap_reader LOGIN");
	fixture_sql("snap_rights", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO snap_reader;"
		"REVOKE SELECT ON users FROM snap_reader");
	fixture_run(&run, "backup", "snap_rights", NULL);
	mem_replace(&run.conninfo, mem_copy(conninfo));
	ck_assert_int_eq(snapshot_take(&entry, &run, &err), ERROR_REFUSED);
	fixture_assert_error(&err, ERROR_REFUSED, "may not read the table users");
}
END_TEST

START_TEST(rows_that_no_snapshot_holds_are_refused)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	struct snapshot_entry entry = {0};
	fixture_engine("snap_strays", "0.0.6", false);
	fixture_run(&run, "backup", "snap_strays", NULL);
	fixture_sql("snap_strays", "CREATE TABLE stray (a int); ALTER EXTENSION plpgsql ADD TABLE stray;"
		"INSERT INTO stray VALUES (1)");
	ck_assert_int_ne(snapshot_take(&entry, &run, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "the table stray belongs to the extension plpgsql");
	fixture_sql("snap_strays", "TRUNCATE stray; CREATE TABLE information_schema.stray AS SELECT 1 AS a");
	ck_assert_int_ne(snapshot_take(&entry, &run, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "in a schema of the system's own");
	assert_empty_store(&run);
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
	const char *const steps[] = {"backup-snapshot", "backup-table", "backup-schema", "backup-member", "backup-last",
		"backup-manifest", "backup-sync", "backup-verify", "backup-rename", "backup-done"};
	fixture_engine("snap_fails", "0.0.6", true);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(run_clear) struct run run;
		AUTO(mem_auto) char *fault = mem_format("%s:1:space", steps[i]);
		struct snapshot_entry entry = {0};
		fixture_run(&run, "backup", "snap_fails", NULL);
		pid_t child = fork();
		if (child == 0) {
			setenv("ANCHORE_ADMIN_FAULT", fault, 1);
			_exit(snapshot_take(&entry, &run, &err));
		}
		int status = 0;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == ERROR_NO_SPACE, "%s: %d", steps[i], status);
		assert_empty_store(&run);
	}
}
END_TEST

Suite *backup_suite(void)
{
	const TTest *const tests[] = {a_truncate_means_a_new_snapshot, a_delete_is_not_seen,
		rewrites_without_end_are_a_failure, ddl_means_a_new_snapshot,
		a_column_dropped_and_added_again_means_a_new_snapshot, what_is_no_engine_database_is_refused,
		a_table_that_may_not_be_read_is_named, rows_that_no_snapshot_holds_are_refused,
		a_failure_leaves_nothing, NULL};
	return fixture_suite("backup", tests);
}
