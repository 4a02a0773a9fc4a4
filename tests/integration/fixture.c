#include "fixture.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/proc.h"

enum { FOLDER_ROOM = 64, BINDIR_ROOM = 256 };

/* Set once by fixture_start(), inherited by every test. */
static char folder[FOLDER_ROOM];
static char bindir[BINDIR_ROOM];

Suite *fixture_suite(const char *name, const TTest *const *tests)
{
	Suite *suite = suite_create(name);
	TCase *test_case = tcase_create(name);
	for (; *tests; tests++)
		tcase_add_test(test_case, *tests);
	suite_add_tcase(suite, test_case);
	return suite;
}

/* ---- the server ---- */

static bool has_server(const char *directory)
{
	AUTO(mem_auto) char *program = path_join(directory, "initdb");
	return access(program, X_OK) == 0;
}

static bool find_bindir(void)
{
	const char *given = getenv("ANCHORE_TEST_BINDIR");
	if (given) {
		snprintf(bindir, sizeof bindir, "%s", given);
		return has_server(bindir);
	}
	struct error err = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	if (file_list(&names, "/usr/lib/postgresql", &err))
		error_clear(&err);
	for (size_t i = names.count; i-- > 0;) {
		snprintf(bindir, sizeof bindir, "/usr/lib/postgresql/%s/bin", names.items[i]);
		if (has_server(bindir))
			return true;
	}
	return false;
}

const char *fixture_bindir(void)
{
	return bindir;
}

/* The server refuses to be root's. */
static const char *server_user(void)
{
	return geteuid() == 0 ? "postgres" : NULL;
}

static int server_program(const char *program, const char *const *arguments, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(bindir, program);
	const char *argv[16] = {path};
	for (size_t i = 0; arguments[i]; i++)
		argv[i + 1] = arguments[i];
	return proc_run(NULL, NULL, &(struct proc){.argv = argv, .user = server_user()}, err);
}

static int control(const char *verb, const char *mode, struct error *err)
{
	AUTO(mem_auto) char *data = path_join(folder, "data");
	AUTO(mem_auto) char *log = path_join(folder, "data/server.log");
	return server_program("pg_ctl", (const char *const[]){"-D", data, "-l", log, "-w", "-s", "-m", mode, verb,
		NULL}, err);
}

static int configure(struct error *err)
{
	AUTO(mem_auto) char *settings = mem_format(
		"listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\nsynchronous_commit = on\n"
		"max_connections = 60\nmax_prepared_transactions = 8\nshared_buffers = 32MB\n"
		"log_min_messages = warning\nautovacuum_naptime = 1d\n", folder);
	AUTO(mem_auto) char *path = path_join(folder, "data/postgresql.auto.conf");
	int rc = file_append(path, settings, strlen(settings), err);
	if (rc)
		return rc;
	/* One kind of role has a password that counts; + would mean a group, so they are named one by one. */
	static const char access_rules[] = "local all locked scram-sha-256\nlocal all locked_owner scram-sha-256\n"
		"local all all trust\nlocal replication all trust\n";
	AUTO(mem_auto) char *rules = path_join(folder, "data/pg_hba.conf");
	return file_write(rules, 0644, access_rules, strlen(access_rules), err);
}

int fixture_start(struct error *err)
{
	if (!find_bindir())
		return error_set(err, ERROR_REFUSED, "no PostgreSQL server is installed");
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
	if (geteuid() == 0 && !user)
		return error_set(err, ERROR_REFUSED, "there is no user postgres to run a server as");
	memcpy(folder, "/tmp/anchore-admin-test-XXXXXX", sizeof "/tmp/anchore-admin-test-XXXXXX");
	if (!mkdtemp(folder) || (user && chown(folder, user->pw_uid, user->pw_gid) != 0) || chmod(folder, 0755) != 0)
		return error_errno(err, ERROR_FAILED, "cannot make a folder below /tmp");
	AUTO(mem_auto) char *data = path_join(folder, "data");
	int rc = server_program("initdb", (const char *const[]){"-D", data, "-U", "postgres", "-E", "UTF8",
		"--locale=C", "--no-sync", "-A", "trust", NULL}, err);
	if (!rc)
		rc = configure(err);
	return rc ? rc : control("start", "fast", err);
}

void fixture_stop(void)
{
	struct error err = ERROR_INIT;
	if (control("stop", "immediate", &err))
		error_clear(&err);
	if (file_remove(folder, &err))
		error_clear(&err);
}

void fixture_restart(bool immediate)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_assert_ok(control("stop", immediate ? "immediate" : "fast", &err), &err);
	fixture_assert_ok(control("start", "fast", &err), &err);
}

char *fixture_folder(void)
{
	char *path = mem_format("%s/test-XXXXXX", folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
	return path;
}

char *fixture_source(const char *name)
{
	return path_join(SOURCE_DIRECTORY, name);
}

char *fixture_conninfo_as(const char *dbname, const char *user, const char *password)
{
	return mem_format("host=%s user=%s dbname=%s%s%s", folder, user, dbname, password ? " password=" : "",
		password ? password : "");
}

char *fixture_conninfo(const char *dbname)
{
	return fixture_conninfo_as(dbname, "postgres", NULL);
}

void fixture_assert_children(const pid_t *children, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = 1;
		ck_assert_int_gt(children[i], 0);
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
}

/* ---- databases ---- */

struct db *fixture_connect(const char *dbname)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *conninfo = fixture_conninfo("postgres");
	struct db *db = NULL;
	fixture_assert_ok(db_open(&db, conninfo, dbname, "psql", &err), &err);
	fixture_assert_ok(db_exec(db, "SET search_path = public", &err), &err);
	return db;
}

struct db *fixture_tool_connect(const char *dbname)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *conninfo = fixture_conninfo(dbname);
	struct db *db = NULL;
	fixture_assert_ok(db_open(&db, conninfo, NULL, "anchore-admin test", &err), &err);
	return db;
}

void fixture_sql(const char *dbname, const char *sql)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_connect(dbname);
	fixture_assert_ok(db_exec(db, sql, &err), &err);
}

void fixture_sql_file(const char *dbname, const char *path)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *sql = NULL;
	size_t size;
	fixture_assert_ok(file_read(&sql, &size, path, &err), &err);
	fixture_sql(dbname, sql);
}

char *fixture_scalar(const char *dbname, const char *sql)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_connect(dbname);
	char *value = NULL;
	fixture_assert_ok(db_scalar(&value, db, sql, 0, NULL, &err), &err);
	return value;
}

static void make_database(const char *name, const char *template)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_connect("postgres");
	AUTO(mem_auto) char *quoted = db_identifier(db, name);
	AUTO(mem_auto) char *quoted_template = db_identifier(db, template);
	fixture_assert_ok(db_execf(db, &err, "DROP DATABASE IF EXISTS %s WITH (FORCE)", quoted), &err);
	fixture_assert_ok(db_execf(db, &err, "CREATE DATABASE %s TEMPLATE %s", quoted, quoted_template), &err);
}

void fixture_database(const char *name)
{
	make_database(name, "template1");
}

static void make_engine(const char *name, const char *version, bool full)
{
	fixture_database(name);
	AUTO(mem_auto) char *relative = mem_format("sql/%s.sql", version);
	AUTO(mem_auto) char *schema = fixture_source(relative);
	AUTO(mem_auto) char *rows = fixture_source("tests/oracle/rows-0.0.6-to-0.0.7/before.sql");
	fixture_sql_file(name, schema);
	if (full)
		fixture_sql_file(name, rows);
	AUTO(mem_auto) char *stamp = mem_format("DELETE FROM anchore; INSERT INTO anchore (service_version, db_version,"
		" created_at, last_updated, record_state_key) VALUES ('%s', '%s', 1500000000, 1500000001, 'active')",
		strcmp(version, "0.0.6") == 0 ? "0.2.1" : "0.2.4", version);
	fixture_sql(name, stamp);
	/* So that a test's own VACUUM finds no empty pages to cut off, which would take a transaction number. */
	fixture_sql(name, "VACUUM");
}

void fixture_engine(const char *name, const char *version, bool full)
{
	/* The first test that needs one makes the template, the others copy it. */
	AUTO(mem_auto) char *template = mem_format("template-%s%s", version, full ? "-full" : "");
	AUTO(mem_auto) char *sql = mem_format("SELECT 1 FROM pg_database WHERE datname = '%s'", template);
	AUTO(mem_auto) char *made = fixture_scalar("postgres", sql);
	if (!made) {
		AUTO(mem_auto) char *unfinished = mem_format("%s-unfinished", template);
		make_engine(unfinished, version, full);
		AUTO(mem_auto) char *rename = mem_format("ALTER DATABASE \"%s\" RENAME TO \"%s\"", unfinished,
			template);
		fixture_sql("postgres", rename);
	}
	make_database(name, template);
}
