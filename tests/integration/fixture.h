/* Integration tests: io and work against a real, private PostgreSQL.
 *
 * main() makes a folder below /tmp, a server in it (data folder, socket only, no fsync) and a keeper process that
 * stops the server and removes the folder when the tests have ended, however they ended. A suite lives in
 * tests/integration/test_NAME.c, which defines `Suite *NAME_suite(void)`, and stands in the one list below.
 *
 * Tests run in processes of their own (CK_FORK=no: in one, for valgrind), one after the other, on the one server: a
 * test makes its own databases, by the name of the test. Failures of a fixture function end the test. Strings that are
 * returned are owned by the caller unless they are const. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "io/db.h"
#include "work/run.h"

#define FIXTURE_SUITES(SUITE) \
	SUITE(db) \
	SUITE(db_loss) \
	SUITE(pgtool) \
	SUITE(journal) \
	SUITE(inspect) \
	SUITE(backup) \
	SUITE(snapshot) \
	SUITE(restore) \
	SUITE(swap) \
	SUITE(proof) \
	SUITE(facts) \
	SUITE(migrate) \
	SUITE(embedded)

#define FIXTURE_DECLARE(name) Suite *name##_suite(void);
FIXTURE_SUITES(FIXTURE_DECLARE)

/* A suite of one test case with the tests given, NULL-terminated. */
Suite *fixture_suite(const char *name, const TTest *const *tests);

/* ---- the server ---- */

/* A new empty folder below the program's own, 0700; owned. */
char *fixture_folder(void);
/* A file of the source tree: fixture_source("sql/0.0.6.sql"); owned. */
char *fixture_source(const char *name);
/* Folder of the server's programs. */
const char *fixture_bindir(void);
/* "host=… user=postgres dbname=…" of the superuser; owned. */
char *fixture_conninfo(const char *dbname);
/* The same for another role and password (NULL: none). Roles whose name begins with "locked" need theirs. */
char *fixture_conninfo_as(const char *dbname, const char *user, const char *password);
/* Stops at once as a crash would (immediate) or cleanly, and starts again. */
void fixture_restart(bool immediate);

/* ---- databases ---- */

/* An empty database; one of that name is dropped first. */
void fixture_database(const char *name);
/* A fresh one in the shape of the engine's, version "0.0.6" or "0.0.7", with its version row; full: with some rows in
 * every table (0.0.6 only). */
void fixture_engine(const char *name, const char *version, bool full);
/* A superuser's connection with application_name "psql" and search_path public; the caller's. */
struct db *fixture_connect(const char *dbname);
/* The same as the tool has it: by its name, and with its own settings alone. */
struct db *fixture_tool_connect(const char *dbname);
/* Any statements, with search_path public. */
void fixture_sql(const char *dbname, const char *sql);
void fixture_sql_file(const char *dbname, const char *path);
/* First value of a query, owned, NULL for none. */
char *fixture_scalar(const char *dbname, const char *sql);
#define fixture_assert_scalar(dbname, sql, expected) \
	do { \
		char *fixture_value = fixture_scalar(dbname, sql); \
		ck_assert_pstr_eq(fixture_value, expected); \
		mem_free(fixture_value); \
	} while (0)

/* ---- runs ---- */

/* A run of command ("backup") on dbname with this store (NULL: a new folder), the source tree's migrations, two
 * jobs, --yes; cleared by run_clear(). */
void fixture_run(struct run *run, const char *command, const char *dbname, const char *store);
/* Sets one more option of it, as on the command line. */
void fixture_option(struct run *run, enum option option, const char *value);

/* ---- assertions ---- */

/* err has this code, its message contains words (NULL: whatever it is); then err is emptied. */
#define fixture_assert_error(err, expected, words) \
	do { \
		struct error *fixture_err = (err); \
		const char *fixture_words = (words); \
		ck_assert_msg(fixture_err->code == (expected), "code %d: %s", (int)fixture_err->code, \
			fixture_err->message ? fixture_err->message : "no error"); \
		if (fixture_words) \
			ck_assert_msg(strstr(fixture_err->message, fixture_words), "\"%s\" is not in \"%s\"", \
				fixture_words, fixture_err->message); \
		error_clear(fixture_err); \
	} while (0)

/* The call succeeded: rc is 0, otherwise the error's message is the test's. */
#define fixture_assert_ok(rc, err) ck_assert_msg((rc) == 0, "%s", (err)->message ? (err)->message : "no message")

/* Waits for processes that the test forked; each must have ended with 0. */
void fixture_assert_children(const pid_t *children, size_t count);

/* For main(). Fails with the reason; a machine without PostgreSQL's server is ERROR_REFUSED. */
int fixture_start(struct error *err);
void fixture_stop(void);

#endif
