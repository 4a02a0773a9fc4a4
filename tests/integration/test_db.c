#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"
#include "fixture.h"
#include "io/db.h"

START_TEST(session_is_pinned)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_database("pinned");
	fixture_sql("postgres", "ALTER DATABASE pinned SET datestyle = 'German';"
		"ALTER DATABASE pinned SET timezone = 'Asia/Tokyo';"
		"ALTER DATABASE pinned SET statement_timeout = '1ms';"
		"ALTER DATABASE pinned SET bytea_output = 'escape';"
		"ALTER DATABASE pinned SET search_path = evil, public");
	AUTO(db_auto) struct db *db = fixture_tool_connect("pinned");
	AUTO(db_result_auto) struct db_result *result = NULL;
	static const char sql[] = "SELECT current_setting('search_path'), timestamptz '2020-01-02 03:04:05+00',"
		" '\\x00ff'::bytea, 0.1::float8, current_setting('application_name'),"
		" current_setting('row_security'), current_setting('statement_timeout')";
	fixture_assert_ok(db_query(&result, db, sql, 0, NULL, &err), &err);
	ck_assert_str_eq(db_value(result, 0, 0), "pg_catalog");
	ck_assert_str_eq(db_value(result, 0, 1), "2020-01-02 03:04:05+00");
	ck_assert_str_eq(db_value(result, 0, 2), "\\x00ff");
	ck_assert_str_eq(db_value(result, 0, 3), "0.1");
	ck_assert_str_eq(db_value(result, 0, 4), "anchore-admin test");
	ck_assert_str_eq(db_value(result, 0, 5), "off");
	ck_assert_str_eq(db_value(result, 0, 6), "0");
	ck_assert_str_eq(db_name(db), "pinned");
	ck_assert_str_eq(db_user(db), "postgres");
	ck_assert_int_ge(db_version(db), 100000);
	ck_assert_int_gt(db_pid(db), 0);
	ck_assert_uint_gt(strlen(db_version_text(db)), 0);
}
END_TEST

/* Each of these defaults would change what is written, how it prints, or whether. */
START_TEST(session_is_not_hindered)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_database("hindered");
	fixture_sql("postgres", "ALTER DATABASE hindered SET array_nulls = off;"
		"ALTER DATABASE hindered SET quote_all_identifiers = on;"
		"ALTER DATABASE hindered SET xmloption = document;"
		"ALTER DATABASE hindered SET synchronous_commit = off;"
		"ALTER DATABASE hindered SET default_transaction_read_only = on");
	AUTO(db_auto) struct db *db = fixture_tool_connect("hindered");
	AUTO(mem_auto) char *value = NULL;
	fixture_assert_ok(db_scalar(&value, db, "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings "
		"WHERE name IN ('array_nulls', 'quote_all_identifiers', 'xmloption', 'synchronous_commit', "
		"'default_transaction_read_only')", 0, NULL, &err), &err);
	ck_assert_str_eq(value, "on off off on content");
}
END_TEST

START_TEST(another_database_of_the_same_server)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_database("odd 'name' = x");
	AUTO(mem_auto) char *conninfo = fixture_conninfo("postgres");
	AUTO(db_auto) struct db *db = NULL;
	fixture_assert_ok(db_open(&db, conninfo, "odd 'name' = x", "t", &err), &err);
	ck_assert_str_eq(db_name(db), "odd 'name' = x");
}
END_TEST

START_TEST(values_and_parameters)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	AUTO(db_result_auto) struct db_result *result = NULL;
	fixture_assert_ok(DB_QUERY(&result, db, "SELECT $1::text, $2::text, $3::bigint, $4::boolean, length($1)", &err,
		"it's \"odd\"; DROP TABLE x; --", NULL, "9007199254740993", "true"), &err);
	ck_assert_uint_eq(db_rows(result), 1);
	ck_assert_uint_eq(db_columns(result), 5);
	ck_assert_str_eq(db_value(result, 0, 0), "it's \"odd\"; DROP TABLE x; --");
	ck_assert_uint_eq(db_value_size(result, 0, 0), strlen(db_value(result, 0, 0)));
	ck_assert_ptr_null(db_value(result, 0, 1));
	ck_assert_int_eq(db_number(result, 0, 1), 0);
	ck_assert_int_eq(db_number(result, 0, 2), 9007199254740993);
	ck_assert(db_flag(result, 0, 3));
	ck_assert(!db_flag(result, 0, 1));
	char *scalar = (char *)"untouched";
	fixture_assert_ok(db_scalar(&scalar, db, "SELECT 1 WHERE false", 0, NULL, &err), &err);
	ck_assert_ptr_null(scalar);
	fixture_assert_ok(db_scalar(&scalar, db, "SELECT NULL", 0, NULL, &err), &err);
	ck_assert_ptr_null(scalar);
	AUTO(mem_auto) char *identifier = db_identifier(db, "a\"b");
	ck_assert_str_eq(identifier, "\"a\"\"b\"");
	AUTO(mem_auto) char *literal = db_literal(db, "it's");
	ck_assert_str_eq(literal, "'it''s'");
}
END_TEST

START_TEST(several_statements_and_counts)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	fixture_assert_ok(db_exec(db,
		"CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2), (3); SELECT * FROM t", &err), &err);
	fixture_assert_ok(db_execf(db, &err, "INSERT INTO t VALUES (%d)", 9), &err);
	fixture_assert_ok(db_exec(db, "", &err), &err);
	/* The first failure ends the batch, and the connection is fit for more. */
	ck_assert_int_ne(db_exec(db, "SELECT 1; SELECT nonsense; SELECT 2", &err), 0);
	ck_assert_str_eq(db_sqlstate(db), "42703");
	fixture_assert_error(&err, ERROR_FAILED, "nonsense");
	fixture_assert_ok(db_exec(db, "SELECT 1", &err), &err);
}
END_TEST

START_TEST(transactions_are_known)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	ck_assert(!db_in_transaction(db));
	fixture_assert_ok(db_exec(db, "BEGIN", &err), &err);
	ck_assert(db_in_transaction(db));
	ck_assert_int_ne(db_exec(db, "SELECT 1/0", &err), 0);
	ck_assert_str_eq(db_sqlstate(db), "22012");
	ck_assert(db_in_transaction(db));
	fixture_assert_error(&err, ERROR_FAILED, "division by zero");
	fixture_assert_ok(db_exec(db, "ROLLBACK", &err), &err);
	ck_assert(!db_in_transaction(db));
}
END_TEST

/* ---- COPY ---- */

struct sum {
	size_t calls, rows, bytes;
	size_t pieces;  /* that end no row */
	size_t fail_at; /* call; 0: never */
};

static int add_rows(void *context, const char *text, size_t size, struct error *err)
{
	struct sum *sum = context;
	sum->pieces += text[size - 1] != '\n';
	for (size_t i = 0; i < size; i++)
		sum->rows += text[i] == '\n';
	sum->bytes += size;
	if (++sum->calls == sum->fail_at)
		return error_set(err, ERROR_NO_SPACE, "full");
	return 0;
}

START_TEST(copy_both_ways)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_database("copying");
	AUTO(db_auto) struct db *db = fixture_tool_connect("copying");
	fixture_assert_ok(db_exec(db, "CREATE TABLE public.t (a int, b text)", &err), &err);
	fixture_assert_ok(db_copy_in_begin(db, "COPY public.t FROM STDIN", &err), &err);
	fixture_assert_ok(db_copy_in_data(db, "1\ton", 4, &err), &err);
	fixture_assert_ok(db_copy_in_data(db, "e\n2\t\\N\n", 7, &err), &err);
	fixture_assert_ok(db_copy_in_data(db, "", 0, &err), &err);
	uint64_t rows = 0;
	fixture_assert_ok(db_copy_in_end(db, &rows, &err), &err);
	ck_assert_uint_eq(rows, 2);
	struct sum sum = {0};
	fixture_assert_ok(db_copy_out(db, "COPY public.t TO STDOUT", add_rows,
		&sum, &rows, &err), &err);
	ck_assert_uint_eq(rows, 2);
	ck_assert_uint_eq(sum.rows, 2);
	ck_assert_uint_eq(sum.bytes, strlen("1\tone\n2\t\\N\n"));
	sum = (struct sum){0};
	fixture_assert_ok(db_copy_out(db, "COPY (SELECT 1 WHERE false) TO STDOUT", add_rows,
		&sum, &rows, &err), &err);
	ck_assert_uint_eq(rows, 0);
	/* Only a row that is longer than the room for many comes in pieces. */
	fixture_assert_ok(db_copy_out(db,
		"COPY (SELECT g, repeat('x', 300) FROM generate_series(1, 9999) g) TO STDOUT", add_rows,
		&sum, &rows, &err), &err);
	ck_assert_uint_eq(rows, 9999);
	ck_assert_uint_eq(sum.rows, 9999);
	ck_assert_uint_eq(sum.pieces, 0);
	ck_assert_uint_lt(sum.calls, 100);
	sum = (struct sum){0};
	fixture_assert_ok(db_copy_out(db,
		"COPY (SELECT repeat('x', g * 1000000) FROM generate_series(0, 2) g) TO STDOUT", add_rows,
		&sum, &rows, &err), &err);
	ck_assert_uint_eq(sum.rows, 3);
	ck_assert_uint_gt(sum.pieces, 10);
	ck_assert_uint_eq(sum.bytes, 3000003);
}
END_TEST

START_TEST(copy_out_fails_well)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	struct sum sum = {.fail_at = 3};
	uint64_t rows = 5;
	ck_assert_int_ne(db_copy_out(db, "COPY (SELECT generate_series(1, 200000), repeat('x', 100)) TO STDOUT",
		add_rows, &sum, &rows, &err), 0);
	ck_assert_uint_eq(sum.calls, 3);
	ck_assert_uint_eq(rows, 5);
	fixture_assert_error(&err, ERROR_NO_SPACE, "full");
	/* The server fails in the middle. */
	sum = (struct sum){0};
	ck_assert_int_ne(db_copy_out(db, "COPY (SELECT 1 / (1000 - g) FROM generate_series(1, 2000) g) TO STDOUT",
		add_rows, &sum, &rows, &err), 0);
	ck_assert_uint_eq(rows, 5);
	fixture_assert_error(&err, ERROR_FAILED, "division by zero");
	ck_assert_int_ne(db_copy_out(db, "COPY nothing TO STDOUT", add_rows, &sum, &rows, &err), 0);
	fixture_assert_error(&err, ERROR_FAILED, "nothing");
	ck_assert_int_ne(db_copy_out(db, "SELECT 1", add_rows, &sum, &rows, &err), 0);
	error_clear(&err);
	fixture_assert_ok(db_exec(db, "SELECT 1", &err), &err);
}
END_TEST

START_TEST(copy_in_fails_well)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_tool_connect("postgres");
	uint64_t rows = 5;
	fixture_assert_ok(db_exec(db, "CREATE TEMP TABLE t (a int)", &err), &err);
	fixture_assert_ok(db_copy_in_begin(db, "COPY t FROM STDIN", &err), &err);
	int rc = db_copy_in_data(db, "1\nx\n", 4, &err);
	if (!rc)
		rc = db_copy_in_end(db, &rows, &err);
	ck_assert_int_ne(rc, 0);
	ck_assert_uint_eq(rows, 5);
	fixture_assert_error(&err, ERROR_FAILED, "invalid input syntax");
	AUTO(mem_auto) char *count = NULL;
	fixture_assert_ok(db_scalar(&count, db, "SELECT count(*) FROM t", 0, NULL, &err), &err);
	ck_assert_str_eq(count, "0");
	ck_assert_int_ne(db_copy_in_begin(db, "COPY nothing FROM STDIN", &err), 0);
	fixture_assert_error(&err, ERROR_FAILED, "nothing");
}
END_TEST

/* ---- what goes wrong outside ---- */

START_TEST(unreachable_says_why_and_hints)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct db *db = NULL;
	AUTO(mem_auto) char *missing = fixture_conninfo("no such database");
	AUTO(mem_auto) char *uri = mem_format("postgresql:///no-such?user=postgres&host=%s", strchr(missing, '/'));
	uri[strcspn(uri, " ")] = '\0';
	ck_assert_int_ne(db_open(&db, uri, NULL, "t", &err), 0);
	ck_assert_ptr_null(db);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, ERROR_UNREACHABLE, "does not exist");
	ck_assert_int_ne(db_open(&db, "host=/no/such/folder dbname=x", NULL, "t", &err), 0);
	ck_assert_ptr_nonnull(err.hint);
	fixture_assert_error(&err, ERROR_UNREACHABLE, NULL);
	ck_assert_int_ne(db_open(&db, "host=127.0.0.1 port=1 dbname=x", NULL, "t", &err), 0);
	fixture_assert_error(&err, ERROR_UNREACHABLE, "refused");
}
END_TEST

static void assert_secret_stays(const struct error *err)
{
	ck_assert_msg(strstr(err->message, "tiger") == NULL, "the password is in \"%s\"", err->message);
	ck_assert_msg(!err->hint || strstr(err->hint, "tiger") == NULL, "the password is in \"%s\"", err->hint);
}

START_TEST(wrong_password_is_never_repeated)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_sql("postgres", "DROP ROLE IF EXISTS locked; CREATE ROLE locked LOGIN PASSWORD 'right'");
	AUTO(mem_auto) char *wrong = fixture_conninfo_as("postgres", "locked", "tiger");
	AUTO(mem_auto) char *none = fixture_conninfo_as("postgres", "locked", NULL);
	AUTO(mem_auto) char *right = fixture_conninfo_as("postgres", "locked", "right");
	AUTO(db_auto) struct db *db = NULL;
	ck_assert_int_ne(db_open(&db, wrong, NULL, "t", &err), 0);
	assert_secret_stays(&err);
	ck_assert(strstr(err.hint, "password") != NULL);
	fixture_assert_error(&err, ERROR_UNREACHABLE, "password authentication failed");
	ck_assert_int_ne(db_open(&db, none, NULL, "t", &err), 0);
	fixture_assert_error(&err, ERROR_UNREACHABLE, "password");
	fixture_assert_ok(db_open(&db, right, NULL, "t", &err), &err);
	AUTO(list_clear) struct list environment = LIST_INIT;
	AUTO(mem_auto_secret) char *password = NULL;
	db_environment(db, &environment, &password);
	ck_assert_str_eq(password, "right");
	ck_assert(list_has(&environment, "PGUSER=locked"));
	for (size_t i = 0; i < environment.count; i++)
		ck_assert(strstr(environment.items[i], "right") == NULL);
}
END_TEST

START_TEST(malformed_strings_are_never_repeated)
{
	/* libpq quotes what it does not understand; here that would be the password. */
	static const char *const bad[] = {"host=x password=scott tiger", "postgresql://u:scott@tiger@h:5432x/d",
		"postgresql://u:p@h:tiger/d", "host=x password='tiger", "postgresql://h/d?tiger",
		"postgresql://u:%zztiger@h/d"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		char *value = (char *)"untouched";
		struct db *db = NULL;
		if (db_conninfo_value(&value, bad[i], "host", &err) == 0) {
			mem_free(value);
		} else {
			ck_assert_str_eq(value, "untouched");
			assert_secret_stays(&err);
			fixture_assert_error(&err, ERROR_USAGE, "malformed");
		}
		ck_assert_int_ne(db_open(&db, bad[i], NULL, "t", &err), 0);
		ck_assert_ptr_null(db);
		assert_secret_stays(&err);
	}
}
END_TEST

/* The last of the lines that go to stderr. */
static char *last_line(const char *path)
{
	struct error err = ERROR_INIT;
	AUTO(mem_auto) char *text = NULL;
	AUTO(list_clear) struct list lines = LIST_INIT;
	size_t size;
	fixture_assert_ok(file_read(&text, &size, path, &err), &err);
	list_add_lines(&lines, text);
	return mem_copy(lines.count ? lines.items[lines.count - 1] : "");
}

START_TEST(progress_goes_on_while_a_statement_runs)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_database("waiting");
	AUTO(db_auto) struct db *db = fixture_tool_connect("waiting");
	AUTO(mem_auto) char *folder = fixture_folder(), *path = mem_format("%s/stderr", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), before = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	setenv("ANCHORE_ADMIN_PACE", "600", 1);
	progress_start("building", 10, 0);
	int rc = db_exec(db, "SELECT pg_sleep(0.5)", &err);
	dup2(before, STDERR_FILENO);
	progress_end();
	unsetenv("ANCHORE_ADMIN_PACE");
	fixture_assert_ok(rc, &err);
	AUTO(mem_auto) char *line = last_line(path);
	ck_assert_str_eq(line, "building: 0 %, 0 bytes of 10 bytes, 0 rows");
	close(fd);
	close(before);
}
END_TEST

START_TEST(conninfo_values)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *value = NULL;
	fixture_assert_ok(db_conninfo_value(&value, "postgresql://u:p%40ss@h:99/d", "password", &err), &err);
	ck_assert_str_eq(value, "p@ss");
	mem_replace(&value, NULL);
	fixture_assert_ok(db_conninfo_value(&value, "host=a dbname='b c'", "dbname", &err), &err);
	ck_assert_str_eq(value, "b c");
	mem_replace(&value, NULL);
	fixture_assert_ok(db_conninfo_value(&value, "host=a", "port", &err), &err);
	ck_assert_str_eq(value, "5432");
	mem_replace(&value, NULL);
	setenv("PGPORT", "77", 1);
	fixture_assert_ok(db_conninfo_value(&value, "host=a", "port", &err), &err);
	unsetenv("PGPORT");
	ck_assert_str_eq(value, "77");
}
END_TEST

Suite *db_suite(void)
{
	return fixture_suite("db", (const TTest *const[]){session_is_pinned, session_is_not_hindered,
		another_database_of_the_same_server,
		values_and_parameters, several_statements_and_counts, transactions_are_known, copy_both_ways,
		copy_out_fails_well, copy_in_fails_well, unreachable_says_why_and_hints,
		wrong_password_is_never_repeated, malformed_strings_are_never_repeated,
		progress_goes_on_while_a_statement_runs, conninfo_values, NULL});
}
