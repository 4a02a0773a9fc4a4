#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "work/embedded.h"

/* A deployment's folders where the user postgres may go. */
struct place {
	char base[40];
	struct settings settings;
	struct embedded server;
};

static void place_make(struct place *place)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	strcpy(place->base, "/tmp/aa-embedded-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place->base));
	ck_assert_int_eq(chmod(place->base, 0755), 0);
	AUTO(mem_auto) char *data = path_join(place->base, "data/x");
	AUTO(mem_auto) char *run = path_join(place->base, "run/x");
	AUTO(mem_auto) char *config = path_join(place->base, "anchore-admin.yaml");
	settings_init(&place->settings);
	settings_set(&place->settings, OPTION_EMBEDDED, "x", SOURCE_FILE, "w", NULL, &err);
	settings_set(&place->settings, OPTION_EMBEDDED_DATA, data, SOURCE_FILE, "w", NULL, &err);
	settings_set(&place->settings, OPTION_EMBEDDED_SOCKET, run, SOURCE_FILE, "w", NULL, &err);
	settings_set(&place->settings, OPTION_CONFIG, config, SOURCE_FILE, "w", NULL, &err);
	ck_assert_int_eq(embedded_open(&place->server, &place->settings, &err), 0);
}

static void place_clear(struct place *place)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	unsetenv("ANCHORE_ADMIN_FAULT");
	embedded_destroy(&place->server, &err);
	file_remove(place->base, &err);
	embedded_clear(&place->server);
	settings_clear(&place->settings);
}

static void ok(int rc, struct error *err)
{
	ck_assert_msg(rc == 0, "%s (%s)", err->message, err->hint ? err->hint : "");
}

START_TEST(a_server_is_made_and_stopped_and_started)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(place_clear) struct place place = {0};
	place_make(&place);
	ok(embedded_create(&place.server, true, &err), &err);
	ok(embedded_finish(&place.server, &err), &err);
	pid_t pid = 0;
	ck_assert(embedded_running(&place.server, &pid));
	struct stat status;
	ck_assert_int_eq(stat(place.server.passfile, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	/* The caller's variables lead nowhere else. */
	setenv("PGPASSWORD", "wrong", 1);
	setenv("PGHOSTADDR", "127.0.0.1", 1);
	AUTO(mem_auto) char *conninfo = NULL;
	ok(embedded_connection(&conninfo, &place.server, EMBEDDED_ROLE, EMBEDDED_DATABASE, &err), &err);
	AUTO(db_auto) struct db *db = NULL;
	ok(db_open(&db, conninfo, NULL, "test", &err), &err);
	unsetenv("PGPASSWORD");
	unsetenv("PGHOSTADDR");
	AUTO(mem_auto) char *facts = NULL;
	ok(db_scalar(&facts, db,
		   "SELECT current_setting('listen_addresses') || '|' || rolcreatedb || '|' || rolsuper || "
		   "'|' || pg_has_role('pg_monitor', 'USAGE') || '|' || (SELECT datdba = r.oid FROM pg_database WHERE "
		   "datname = "
		   "current_database()) FROM pg_roles r WHERE rolname = current_user",
		   0, NULL, &err),
		&err);
	ck_assert_str_eq(facts, "|true|false|true|true");
	AUTO(mem_auto) char *shown = embedded_conninfo(&place.server, EMBEDDED_ROLE, EMBEDDED_DATABASE);
	ck_assert_ptr_null(strstr(shown, "password="));
	ck_assert_int_eq(embedded_create(&place.server, true, &err), ERROR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.hint, "--embedded=NAME"));
	bool did = true;
	ok(embedded_start(&place.server, &did, &err), &err);
	ck_assert(!did);
	ok(embedded_stop(&place.server, &did, &err), &err);
	ck_assert(did && !embedded_running(&place.server, NULL));
	ok(embedded_stop(&place.server, &did, &err), &err);
	ck_assert(!did);
	ok(embedded_start(&place.server, &did, &err), &err);
	ck_assert(did && embedded_running(&place.server, NULL));
}
END_TEST

/* Writes number over the first line of a lock file of PostgreSQL's. */
static void forge(const char *path, pid_t number)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *text = NULL;
	if (file_read(&text, NULL, path, &err) != 0)
		return;
	AUTO(mem_auto) char *changed = mem_format("%ld%s", (long)number, text + strcspn(text, "\n"));
	FILE *file = fopen(path, "w");
	ck_assert(file && fputs(changed, file) >= 0 && fclose(file) == 0);
}

START_TEST(a_crash_does_not_matter)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(place_clear) struct place place = {0};
	place_make(&place);
	ok(embedded_create(&place.server, false, &err), &err);
	ok(embedded_finish(&place.server, &err), &err);
	pid_t pid = 0;
	ck_assert(embedded_running(&place.server, &pid));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	for (double end = clock_elapsed() + 10; embedded_running(&place.server, NULL) && clock_elapsed() < end;)
		clock_sleep(0.05);
	/* Its children notice that it is gone; then the number belongs to somebody else. */
	clock_sleep(1);
	AUTO(mem_auto) char *lock = path_join(place.server.data, "postmaster.pid");
	AUTO(mem_auto) char *socket_lock = path_join(place.server.socket, ".s.PGSQL.5433.lock");
	forge(lock, getpid());
	forge(socket_lock, getpid());
	ok(embedded_start(&place.server, NULL, &err), &err);
	ck_assert(embedded_running(&place.server, NULL));
	ok(embedded_stop(&place.server, NULL, &err), &err);
	/* /run is empty after a boot. */
	ok(file_remove(place.server.socket, &err), &err);
	ok(embedded_start(&place.server, NULL, &err), &err);
}
END_TEST

START_TEST(two_start_it_at_once)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(place_clear) struct place place = {0};
	place_make(&place);
	ok(embedded_create(&place.server, false, &err), &err);
	ok(embedded_stop(&place.server, NULL, &err), &err);
	pid_t children[3];
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(embedded_start(&place.server, NULL, &err));
	}
	for (int i = 0; i < 3; i++) {
		int status = -1;
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert(embedded_running(&place.server, NULL));
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
	static const char *const faults[] = {
		"embedded-initdb:1:fail", "embedded-start:1:fail", "embedded-roles:1:fail"};
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(place_clear) struct place place = {0};
	place_make(&place);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		/* In a process of its own: faults are counted for ever. */
		pid_t child = fork();
		if (child == 0) {
			setenv("ANCHORE_ADMIN_FAULT", faults[i], 1);
			_exit(embedded_create(&place.server, true, &err));
		}
		int status = -1;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(WEXITSTATUS(status), ERROR_FAILED);
		ck_assert(!file_exists(place.server.data));
		ck_assert(!file_exists(place.server.passfile));
		ck_assert(!embedded_running(&place.server, NULL));
	}
	/* A half made one, whose maker was killed, is made anew. */
	pid_t child = fork();
	if (child == 0) {
		setenv("ANCHORE_ADMIN_FAULT", "embedded-roles:1:kill", 1);
		_exit(embedded_create(&place.server, true, &err));
	}
	int status = 0;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert(file_exists(place.server.data));
	ok(embedded_create(&place.server, true, &err), &err);
}
END_TEST

START_TEST(names_and_paths_are_checked)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "-x", "a b", "x'y"};
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(place_clear) struct place place = {0};
	place_make(&place);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		settings_set(&place.settings, OPTION_EMBEDDED, bad[i], SOURCE_FILE, "w", NULL, &err);
		struct embedded server = {0};
		ck_assert_msg(embedded_open(&server, &place.settings, &err) == ERROR_USAGE, "%s", bad[i]);
	}
	settings_set(&place.settings, OPTION_EMBEDDED, "x", SOURCE_FILE, "w", NULL, &err);
	AUTO(mem_auto) char *deep = mem_format("/%0100d", 0);
	settings_set(&place.settings, OPTION_EMBEDDED_SOCKET, deep, SOURCE_FILE, "w", NULL, &err);
	struct embedded server = {0};
	ck_assert_int_eq(embedded_open(&server, &place.settings, &err), ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "longer name"));
}
END_TEST

Suite *embedded_suite(void)
{
	const TTest *const tests[] = {a_server_is_made_and_stopped_and_started, a_crash_does_not_matter,
		two_start_it_at_once, a_failure_leaves_nothing, names_and_paths_are_checked, NULL};
	return fixture_suite("embedded", tests);
}
