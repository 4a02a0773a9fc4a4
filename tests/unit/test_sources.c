#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/settings.h"
#include "unit.h"
#include "work/deployment.h"
#include "work/engineconfig.h"
#include "work/settingsfile.h"
#include "work/sources.h"

/* Writes a file into a folder of the test's own and returns its path, owned. */
static char *write_file(const char *name, const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	char *path = path_join(unit_folder(), name);
	unit_assert_ok(file_write(path, 0600, text, strlen(text), &err), &err);
	return path;
}

static void forget_environment(void)
{
	static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE", "PGUSER",
		"ANCHORE_ADMIN_CONFIG", "ANCHORE_ADMIN_DATABASE", "ANCHORE_ADMIN_STORE", "ANCHORE_ADMIN_JOBS"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

START_TEST(option_environment_file_default)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(settings_clear) struct settings settings;
	settings_init(&settings);
	forget_environment();
	AUTO(mem_auto) char *path = write_file("s.yaml", "store: a\njobs: 2\nengine: 0.2.1\nlock_timeout:\n");
	AUTO(mem_auto) char *folder = path_directory(path);
	setenv("ANCHORE_ADMIN_CONFIG", path, 1);
	setenv("ANCHORE_ADMIN_JOBS", "3", 1);
	setenv("ANCHORE_ADMIN_STORE", "", 1);
	unit_assert_ok(
		settings_set(&settings, OPTION_ENGINE, "0.2.4", SOURCE_COMMAND_LINE, "--engine", NULL, &err), &err);
	unit_assert_ok(sources_environment(&settings, "/here", &err), &err);
	unit_assert_ok(sources_file(&settings, "/here", &err), &err);
	unit_assert_ok(sources_defaults(&settings, &err), &err);
	AUTO(mem_auto) char *store = path_join(folder, "a");
	AUTO(mem_auto) char *where = mem_format("%s line 1", path);
	ck_assert_str_eq(settings_text(&settings, OPTION_STORE), store);
	ck_assert_str_eq(settings_where(&settings, OPTION_STORE), where);
	ck_assert_int_eq(settings_number(&settings, OPTION_JOBS), 3);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "0.2.4");
	ck_assert_int_eq(settings_number(&settings, OPTION_LOCK_TIMEOUT), 5);
	ck_assert_str_eq(settings_text(&settings, OPTION_CONFIG), path);
	forget_environment();
}
END_TEST

START_TEST(the_file_here_is_found)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(settings_clear) struct settings settings;
	settings_init(&settings);
	forget_environment();
	AUTO(mem_auto) char *path = write_file(SOURCES_FILE, "");
	AUTO(mem_auto) char *folder = path_directory(path);
	unit_assert_ok(sources_file(&settings, folder, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_CONFIG), path);
	ck_assert_int_ge(settings_number(&settings, OPTION_JOBS), 0);
}
END_TEST

START_TEST(what_init_writes_is_read)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(settings_clear) struct settings settings;
	AUTO(settings_clear) struct settings again;
	settings_init(&settings);
	settings_init(&again);
	static const char odd[] = "host='/a b' password='q\"\\\\\xc3\xa9#: \t' dbname=x";
	unit_assert_ok(settings_set(&settings, OPTION_DATABASE, odd, SOURCE_COMMAND_LINE, "w", NULL, &err), &err);
	unit_assert_ok(settings_set(&settings, OPTION_ENGINE, "0.2.1", SOURCE_COMMAND_LINE, "w", NULL, &err), &err);
	unit_assert_ok(
		settings_set(&settings, OPTION_MAINTENANCE_DATABASE, "true", SOURCE_COMMAND_LINE, "w", NULL, &err),
		&err);
	unit_assert_ok(settings_set(&settings, OPTION_JOBS, "7", SOURCE_ENVIRONMENT, "w", NULL, &err), &err);
	AUTO(mem_auto) char *path = path_join(unit_folder(), "s.yaml");
	unit_assert_ok(settingsfile_write(path, &settings, &err), &err);
	struct stat status;
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	ck_assert_int_eq(settingsfile_write(path, &settings, &err), ERROR_REFUSED);
	error_clear(&err);
	unit_assert_ok(settings_set(&again, OPTION_CONFIG, path, SOURCE_COMMAND_LINE, "w", NULL, &err), &err);
	unit_assert_ok(sources_file(&again, "/", &err), &err);
	ck_assert_str_eq(settings_text(&again, OPTION_DATABASE), odd);
	ck_assert_str_eq(settings_text(&again, OPTION_ENGINE), "0.2.1");
	ck_assert_str_eq(settings_text(&again, OPTION_MAINTENANCE_DATABASE), "true");
	ck_assert_ptr_null(settings_text(&again, OPTION_JOBS));
}
END_TEST

START_TEST(the_engines_configuration_is_read)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	setenv("UNIT_PASSWORD", "p@ss/word", 1);
	setenv("UNIT_TLS", "true", 1);
	unsetenv("UNIT_NOT_SET");
	AUTO(mem_auto) char *good = write_file("config.yaml", "x: &u me\ncredentials:\n  users:\n    - a\n  database:\n"
		"    db_connect: postgresql+pg8000://u:${UNIT_PASSWORD}@h:5432/d\n"
		"    db_connect_args:\n      timeout: 120\n      ssl: ${UNIT_TLS}\n    db_pool_size: 30\n");
	AUTO(mem_auto) char *conninfo = NULL;
	unit_assert_ok(engineconfig_conninfo(&conninfo, good, &err), &err);
	ck_assert_str_eq(
		conninfo, "user=u password=p@ss/word host=h port=5432 dbname=d connect_timeout=120 sslmode=require");
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"", "has no credentials.database.db_connect"},
		{"credentials: x\n", "has no credentials.database.db_connect"},
		{"credentials:\n  database:\n    db_connect:\n", "line 3: db_connect is empty"},
		{"credentials:\n  database:\n    db_connect: [a]\n", "wants one value, not a list"},
		{"credentials:\n  database:\n    db_connect: mysql://u:secret@h/d\n",
			"is no URL of a PostgreSQL database"},
		{"credentials:\n  database:\n    db_connect: postgresql://${UNIT_NOT_SET}\n",
			"variable UNIT_NOT_SET is not set"},
		{"credentials:\n  database:\n    db_connect: postgresql://h/d\n    db_connect_args: {timeout: x}\n",
			"line 4: timeout wants seconds"},
		{"credentials:\n  database:\n    db_connect: postgresql://h/d\n    db_connect_args: {ssl: {a: b}}\n",
			"wants one value, not a mapping"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(mem_auto) char *path = write_file("config.yaml", bad[i].text);
		char *none = NULL;
		ck_assert_int_eq(engineconfig_conninfo(&none, path, &err), ERROR_USAGE);
		ck_assert_ptr_nonnull(err.hint);
		ck_assert_msg(!strstr(err.message, "secret"), "%s", err.message);
		unit_assert_error(&err, ERROR_USAGE, bad[i].words);
	}
}
END_TEST

/* Resolves with these settings and checks what comes out; NULL: ERROR_USAGE. */
static void assert_resolved(struct run *run, const char *conninfo, const char *where)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *got = NULL;
	AUTO(mem_auto) char *from = NULL;
	int rc = deployment_database(&got, &from, run, &err);
	ck_assert_int_eq(rc, conninfo ? 0 : ERROR_USAGE);
	ck_assert_pstr_eq(got, conninfo);
	ck_assert_pstr_eq(from, where);
}

START_TEST(the_strongest_names_the_database)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	run_init(&run);
	forget_environment();
	assert_resolved(&run, NULL, NULL);
	setenv("PGDATABASE", "d", 1);
	assert_resolved(&run, "", "PG* variables");
	AUTO(mem_auto)
	char *path = write_file("config.yaml", "credentials: {database: {db_connect: 'postgresql://h/e'}}\n");
	struct settings *settings = &run.settings;
	unit_assert_ok(settings_set(settings, OPTION_DATABASE, "host=file", SOURCE_FILE, "f line 1", NULL, &err), &err);
	assert_resolved(&run, "host=file", "f line 1");
	unit_assert_ok(settings_set(settings, OPTION_ENGINE_CONFIG, path, SOURCE_COMMAND_LINE, "--engine-config", NULL,
		&err), &err);
	assert_resolved(&run, "host=h dbname=e", "--engine-config");
	unit_assert_ok(settings_set(settings, OPTION_DATABASE, "postgresql://a", SOURCE_COMMAND_LINE, "--database",
			       NULL, &err),
		&err);
	assert_resolved(&run, "postgresql://a", "--database");
	unit_assert_ok(settings_set(settings, OPTION_DATABASE, "postgresql+pg8000://a", SOURCE_COMMAND_LINE,
			       "--database", NULL, &err),
		&err);
	assert_resolved(&run, "host=a", "--database");
	unit_assert_ok(settings_set(settings, OPTION_DB_CONNECT, "postgresql://u:@@h/d", SOURCE_COMMAND_LINE,
		"--db-connect", NULL, &err), &err);
	assert_resolved(&run, "user=u password=@ host=h dbname=d", "--db-connect");
	unit_assert_ok(settings_set(settings, OPTION_DB_USE_SSL, NULL, SOURCE_COMMAND_LINE, "w", NULL, &err), &err);
	assert_resolved(&run, "user=u password=@ host=h dbname=d sslmode=require", "--db-connect");
	forget_environment();
}
END_TEST

Suite *sources_suite(void)
{
	const TTest *const tests[] = {option_environment_file_default, the_file_here_is_found, what_init_writes_is_read,
		the_engines_configuration_is_read, the_strongest_names_the_database, NULL};
	return unit_suite("sources", tests);
}
