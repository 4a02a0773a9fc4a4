#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "fixture.h"
#include "io/pgtool.h"

/* A folder whose pg_dump and pg_restore are this shell script. */
static char *fake_bindir(const char *script)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	char *folder = fixture_folder();
	AUTO(mem_auto) char *dump = path_join(folder, "pg_dump");
	AUTO(mem_auto) char *restore = path_join(folder, "pg_restore");
	AUTO(mem_auto) char *text = mem_format("#!/bin/sh\n%s\n", script);
	fixture_assert_ok(file_write(dump, 0755, text, strlen(text), &err), &err);
	fixture_assert_ok(file_write(restore, 0755, text, strlen(text), &err), &err);
	return folder;
}

static struct db *connect_as(const char *user, const char *password)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *conninfo = fixture_conninfo_as("postgres", user, password);
	struct db *db = NULL;
	fixture_assert_ok(db_open(&db, conninfo, NULL, "anchore-admin test", &err), &err);
	return db;
}

START_TEST(programs_are_found)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = connect_as("postgres", NULL);
	AUTO(pgtool_clear) struct pgtool named = {.dump = NULL}, newest = {.dump = NULL};
	fixture_assert_ok(pgtool_find(&named, fixture_bindir(), &err), &err);
	ck_assert_int_eq(named.major, db_version(db) / 10000);
	ck_assert(text_starts(named.dump, fixture_bindir()));
	fixture_assert_ok(pgtool_find(&newest, NULL, &err), &err);
	ck_assert_int_ge(newest.major, named.major);
	fixture_assert_ok(pgtool_check(&named, db, &err), &err);
}
END_TEST

START_TEST(missing_programs_name_the_package)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct pgtool tool = {.major = 7};
	AUTO(mem_auto) char *empty = fixture_folder();
	ck_assert_int_ne(pgtool_find(&tool, empty, &err), 0);
	ck_assert_int_eq(tool.major, 7);
	ck_assert_ptr_nonnull(strstr(err.hint, "postgresql-client"));
	fixture_assert_error(&err, ERROR_REFUSED, empty);
	AUTO(mem_auto) char *half = fake_bindir("echo 'pg_dump (PostgreSQL) 15.1'");
	AUTO(mem_auto) char *restore = path_join(half, "pg_restore");
	fixture_assert_ok(file_remove(restore, &err), &err);
	ck_assert_int_ne(pgtool_find(&tool, half, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, "pg_restore");
}
END_TEST

START_TEST(older_programs_are_refused_newer_ones_taken)
{
	static const char *const versions[] = {"9.6.24", "99.1 (Debian 99.1-1)", "99devel"};
	static const int majors[] = {9, 99, 99};
	AUTO(db_auto) struct db *db = connect_as("postgres", NULL);
	for (size_t i = 0; i < 3; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(pgtool_clear) struct pgtool tool = {.dump = NULL};
		AUTO(mem_auto) char *script = mem_format("echo 'pg_dump (PostgreSQL) %s'", versions[i]);
		AUTO(mem_auto) char *bindir = fake_bindir(script);
		fixture_assert_ok(pgtool_find(&tool, bindir, &err), &err);
		ck_assert_int_eq(tool.major, majors[i]);
		ck_assert_str_eq(tool.version, versions[i]);
		int rc = pgtool_check(&tool, db, &err);
		if (majors[i] == 99) {
			fixture_assert_ok(rc, &err);
			continue;
		}
		ck_assert_ptr_nonnull(strstr(err.hint, "postgresql-client-"));
		fixture_assert_error(&err, ERROR_REFUSED, "9.6.24");
	}
}
END_TEST

START_TEST(programs_that_are_none)
{
	static const char *const scripts[] = {"echo nonsense", "exit 3", "echo 'pg_dump (PostgreSQL) x'"};
	for (size_t i = 0; i < 3; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		struct pgtool tool = {.major = 7};
		AUTO(mem_auto) char *bindir = fake_bindir(scripts[i]);
		ck_assert_int_ne(pgtool_find(&tool, bindir, &err), 0);
		ck_assert_int_eq(tool.major, 7);
		ck_assert_ptr_nonnull(strstr(err.message, "pg_dump"));
	}
}
END_TEST

START_TEST(dump_of_a_database)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(pgtool_clear) struct pgtool tool = {.dump = NULL};
	fixture_engine("pgtool_dump", "0.0.6", false);
	fixture_assert_ok(pgtool_find(&tool, fixture_bindir(), &err), &err);
	AUTO(db_auto) struct db *db = connect_as("postgres", NULL);
	AUTO(mem_auto) char *folder = fixture_folder();
	AUTO(list_clear) struct list arguments = LIST_INIT;
	list_addf(&arguments, "--file=%s/dump.sql", folder);
	list_add(&arguments, "--schema-only");
	fixture_assert_ok(pgtool_run(tool.dump, &arguments, db, "pgtool_dump", NULL, &err), &err);
	AUTO(mem_auto) char *path = path_join(folder, "dump.sql");
	AUTO(mem_auto) char *dump = NULL;
	fixture_assert_ok(file_read(&dump, NULL, path, &err), &err);
	ck_assert_ptr_nonnull(strstr(dump, "CREATE TABLE public.anchore"));
	list_add(&arguments, "--no-such-option");
	ck_assert_int_ne(pgtool_run(tool.dump, &arguments, db, "pgtool_dump", NULL, &err), 0);
	fixture_assert_error(&err, ERROR_FAILED, "pg_dump");
}
END_TEST

START_TEST(password_goes_by_a_file_that_is_gone_afterwards)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_sql("postgres", "DROP ROLE IF EXISTS locked; CREATE ROLE locked LOGIN PASSWORD 'ti:g\\er'");
	AUTO(db_auto) struct db *db = connect_as("locked", "'ti:g\\\\er'");
	AUTO(mem_auto) char *folder = fixture_folder();
	AUTO(mem_auto) char *script = mem_format("env >%s/env; echo \"$0 $*\" >>%s/env; cat \"$PGPASSFILE\" >%s/pass;"
		" stat -Lc %%a \"$PGPASSFILE\" >%s/mode; echo \"$PGPASSFILE\" >%s/name; echo careful >&2", folder,
		folder, folder, folder, folder);
	AUTO(mem_auto) char *bindir = fake_bindir(script);
	AUTO(mem_auto) char *program = path_join(bindir, "pg_dump");
	AUTO(list_clear) struct list arguments = LIST_INIT;
	AUTO(mem_auto) char *talk = NULL;
	list_add(&arguments, "--schema-only");
	fixture_assert_ok(pgtool_run(program, &arguments, db, NULL, &talk, &err), &err);
	ck_assert_str_eq(talk, "careful\n");
	static const char *const files[] = {"env", "pass", "mode", "name"};
	char *data[4];
	for (size_t i = 0; i < 4; i++) {
		AUTO(mem_auto) char *path = path_join(folder, files[i]);
		fixture_assert_ok(file_read(&data[i], NULL, path, &err), &err);
	}
	ck_assert_ptr_null(strstr(data[0], "ti:g"));
	ck_assert_ptr_nonnull(strstr(data[0], "PGUSER=locked\n"));
	ck_assert_str_eq(data[1], "*:*:*:*:ti\\:g\\\\er\n");
	ck_assert_str_eq(data[2], "600\n");
	data[3][strcspn(data[3], "\n")] = '\0';
	ck_assert(!file_exists(data[3]));
	for (size_t i = 0; i < 4; i++)
		mem_free(data[i]);
	/* The real program understands it. */
	AUTO(pgtool_clear) struct pgtool tool = {.dump = NULL};
	fixture_assert_ok(pgtool_find(&tool, fixture_bindir(), &err), &err);
	list_addf(&arguments, "--file=%s/dump.sql", folder);
	fixture_assert_ok(pgtool_run(tool.dump, &arguments, db, NULL, NULL, &err), &err);
}
END_TEST

START_TEST(signal_ends_the_program)
{
	AUTO(mem_auto) char *folder = fixture_folder();
	char *script = mem_format("echo $$ >%s/pid; exec sleep 60", folder);
	AUTO(mem_auto) char *bindir = fake_bindir(script);
	mem_free(script);
	AUTO(mem_auto) char *program = path_join(bindir, "pg_dump");
	AUTO(mem_auto) char *pid_file = path_join(folder, "pid");
	pid_t child = fork();
	if (child == 0) {
		struct error err = ERROR_INIT;
		struct db *db = connect_as("postgres", NULL);
		struct list none = LIST_INIT;
		interrupt_setup();
		int rc = pgtool_run(program, &none, db, NULL, NULL, &err);
		db_close(db);
		error_clear(&err);
		_exit(rc == ERROR_INTERRUPTED ? 0 : 1);
	}
	for (int i = 0; i < 100 && !file_exists(pid_file); i++)
		clock_sleep(0.1);
	clock_sleep(0.1);
	kill(child, SIGTERM);
	fixture_assert_children(&child, 1);
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *pid = NULL;
	long long number = 0;
	fixture_assert_ok(file_read(&pid, NULL, pid_file, &err), &err);
	pid[strcspn(pid, "\n")] = '\0';
	ck_assert(text_to_number(pid, 2, 1 << 30, &number));
	ck_assert_int_ne(kill((pid_t)number, 0), 0);
}
END_TEST

Suite *pgtool_suite(void)
{
	return fixture_suite("pgtool", (const TTest *const[]){programs_are_found, missing_programs_name_the_package,
		older_programs_are_refused_newer_ones_taken, programs_that_are_none, dump_of_a_database,
		password_goes_by_a_file_that_is_gone_afterwards, signal_ends_the_program, NULL});
}
