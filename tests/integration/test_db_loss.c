#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "fixture.h"
#include "io/db.h"

/* What ends a statement before its time: a lost connection, a crash, a cancel, a signal to us. */

START_TEST(lost_connection_is_unreachable)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	AUTO(mem_auto) char *end = mem_format("SELECT pg_terminate_backend(%d)", db_pid(db));
	fixture_sql("postgres", end);
	ck_assert_int_ne(db_exec(db, "SELECT 1", &err), 0);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, ERROR_UNREACHABLE, NULL);
	ck_assert_int_ne(db_exec(db, "SELECT 1", &err), 0);
	fixture_assert_error(&err, ERROR_UNREACHABLE, NULL);
	struct db_result *result = NULL;
	ck_assert_int_ne(DB_QUERY(&result, db, "SELECT $1", &err, "x"), 0);
	ck_assert_ptr_null(result);
	fixture_assert_error(&err, ERROR_UNREACHABLE, NULL);
	ck_assert_int_ne(db_copy_in_begin(db, "COPY t FROM STDIN", &err), 0);
	fixture_assert_error(&err, ERROR_UNREACHABLE, NULL);
}
END_TEST

START_TEST(crash_during_a_statement_is_unreachable)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	pid_t child = fork();
	if (child == 0) {
		clock_sleep(0.3);
		fixture_restart(true);
		_exit(0);
	}
	ck_assert_int_ne(db_exec(db, "SELECT pg_sleep(60)", &err), 0);
	fixture_assert_error(&err, ERROR_UNREACHABLE, NULL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* ---- signals: each in a process of its own, for the flag stays ---- */

typedef int interrupted_function(struct db *db, struct error *err);

static int sleep_long(struct db *db, struct error *err)
{
	return db_exec(db, "SELECT pg_sleep(60)", err);
}

static int drop_rows(void *context, const char *bytes, size_t size, struct error *err)
{
	(void)context, (void)bytes, (void)size, (void)err;
	return 0;
}

static int copy_long(struct db *db, struct error *err)
{
	return db_copy_out(db, "COPY (SELECT g, repeat('x', 200) FROM generate_series(1, 1000000000) g) TO STDOUT",
		drop_rows, NULL, NULL, err);
}

static int wait_for_a_lock(struct db *db, struct error *err)
{
	return db_exec(db, "SELECT pg_advisory_lock(77, 77)", err);
}

static void assert_interrupted(interrupted_function *function, bool before)
{
	AUTO(db_auto) struct db *holder = fixture_tool_connect("postgres");
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_assert_ok(db_exec(holder, "SELECT pg_advisory_lock(77, 77)", &err), &err);
	pid_t child = fork();
	if (child == 0) {
		struct db *db = fixture_tool_connect("postgres");
		interrupt_setup();
		if (before)
			raise(SIGTERM);
		int rc = function(db, &err);
		/* What cleans up afterwards goes through. */
		struct error after = ERROR_INIT;
		int cleaned = db_exec(db, "SELECT 1", &after);
		bool said = rc == ERROR_INTERRUPTED && strstr(err.message, "SIGTERM");
		db_close(db);
		error_clear(&err);
		error_clear(&after);
		_exit(said && !cleaned ? 0 : 1);
	}
	double start = clock_elapsed();
	clock_sleep(0.5);
	if (!before)
		kill(child, SIGTERM);
	int status = 1;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(clock_elapsed() - start < 20);
}

START_TEST(signal_cancels_a_statement)
{
	assert_interrupted(sleep_long, false);
}
END_TEST

START_TEST(signal_before_a_statement_cancels_it)
{
	assert_interrupted(sleep_long, true);
	assert_interrupted(wait_for_a_lock, true);
}
END_TEST

START_TEST(signal_cancels_a_wait_for_a_lock)
{
	assert_interrupted(wait_for_a_lock, false);
}
END_TEST

START_TEST(signal_cancels_a_copy)
{
	assert_interrupted(copy_long, false);
}
END_TEST

START_TEST(another_thread_may_cancel)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	AUTO(mem_auto) char *cancel = mem_format("SELECT pg_cancel_backend(%d)", db_pid(db));
	pid_t child = fork();
	if (child == 0) {
		clock_sleep(0.3);
		fixture_sql("postgres", cancel);
		_exit(0);
	}
	ck_assert_int_ne(db_exec(db, "SELECT pg_sleep(60)", &err), 0);
	ck_assert_str_eq(db_sqlstate(db), "57014");
	fixture_assert_error(&err, ERROR_FAILED, "canceling");
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

Suite *db_loss_suite(void)
{
	return fixture_suite("db_loss", (const TTest *const[]){lost_connection_is_unreachable,
		crash_during_a_statement_is_unreachable, signal_cancels_a_statement,
		signal_before_a_statement_cancels_it, signal_cancels_a_wait_for_a_lock, signal_cancels_a_copy,
		another_thread_may_cancel, NULL});
}
