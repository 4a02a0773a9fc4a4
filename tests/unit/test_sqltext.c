#include <string.h>

#include "base/mem.h"
#include "io/sqltext.h"
#include "unit.h"

static const char script_text[] =
	"-- A comment; with a semicolon\n"
	"\n"
	"CREATE TABLE a (\n"
	"  b text DEFAULT ';' -- why\n"
	");\n"
	"/* and /* nested; */ one */ DO $x$ BEGIN PERFORM 1; END $x$;\n"
	";\n"
	"UPDATE \"a;b\" SET c = E'\\';' /* here */ WHERE d;\n"
	"SELECT 'äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöü'\n"
	"-- the end\n";

START_TEST(splits_at_real_semicolons)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	unit_assert_ok(sqltext_split(&script, script_text, "a.sql", &err), &err);
	ck_assert_uint_eq(script.count, 4);
	ck_assert_uint_eq(script.items[0].line, 3);
	ck_assert_str_eq(script.items[0].text, "CREATE TABLE a (\n  b text DEFAULT ';' -- why\n)");
	ck_assert_str_eq(script.items[0].label, "CREATE TABLE a ( b text DEFAULT ';' )");
	ck_assert_uint_eq(script.items[1].line, 6);
	ck_assert_str_eq(script.items[1].text, "DO $x$ BEGIN PERFORM 1; END $x$");
	ck_assert_uint_eq(script.items[2].line, 8);
	ck_assert_str_eq(script.items[2].label, "UPDATE \"a;b\" SET c = E'\\';' WHERE d");
	ck_assert_uint_eq(script.items[3].line, 9);
	ck_assert(text_ends(script.items[3].label, "ä…") || text_ends(script.items[3].label, "ö…") ||
		text_ends(script.items[3].label, "ü…"));
	AUTO(list_clear) struct list problems = LIST_INIT;
	sqltext_check(&problems, &script, "a.sql");
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(a_block_is_called_by_the_comment_before_it)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	unit_assert_ok(sqltext_split(&script, "-- Of the file.\n\n-- Names are made right: all of them.\n-- More.\n"
		"DO $$ BEGIN END $$;\nDO $$ BEGIN NULL; END $$;\n-- Not this one\nSELECT 1;", "test", &err), &err);
	ck_assert_uint_eq(script.count, 3);
	ck_assert_str_eq(script.items[0].label, "Names are made right");
	ck_assert_str_eq(script.items[1].label, "DO $$ BEGIN NULL; END $$");
	ck_assert_str_eq(script.items[2].label, "SELECT 1");
}
END_TEST

START_TEST(an_empty_script_has_no_statement)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	unit_assert_ok(sqltext_split(&script, "-- nothing\n;;\n/* here */", "a.sql", &err), &err);
	ck_assert_uint_eq(script.count, 0);
	sqltext_split(&script, "SELECT 'never ends", "a.sql", &err);
	unit_assert_error(&err, ERROR_USAGE, "a.sql cannot be split");
}
END_TEST

/* The problems of one script, joined. */
static char *problems_of(const char *sql)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	AUTO(list_clear) struct list problems = LIST_INIT;
	unit_assert_ok(sqltext_split(&script, sql, "a.sql", &err), &err);
	sqltext_check(&problems, &script, "a.sql");
	return list_join(&problems, "\n");
}

START_TEST(finds_what_must_not_be_there)
{
	static const struct {
		const char *sql, *words;
	} cases[] = {
		{"SELECT 1;\nBEGIN;", "a.sql line 2: transaction control"},
		{"COMMIT", "transaction control"},
		{"SAVEPOINT a", "transaction control"},
		{"CREATE INDEX CONCURRENTLY i ON a (b)", "CONCURRENTLY"},
		{"DROP INDEX CONCURRENTLY i", "CONCURRENTLY"},
		{"REFRESH MATERIALIZED VIEW CONCURRENTLY v", "CONCURRENTLY"},
		{"ALTER TYPE t ADD VALUE 'x'", "ADD VALUE"},
		{"VACUUM a", "VACUUM"},
		{"CREATE DATABASE d", "CREATE DATABASE"},
		{"COPY a FROM STDIN", "COPY"},
		{"\n\nSELECT 1,\n  FROM", "a.sql line 4: syntax error"},
		{"SELECT 1;\nxyz;\nabc 1; SELECT 2", "a.sql line 2: syntax error"},
		{"SELECT 1;\n\nxyz", "a.sql line 3: syntax error"},
		{"\\i other.sql", "a.sql line 1: syntax error"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *problems = problems_of(cases[i].sql);
		ck_assert_msg(strstr(problems, cases[i].words) != NULL, "%s: %s", cases[i].sql, problems);
	}
}
END_TEST

START_TEST(leaves_the_harmless_alone)
{
	static const char *const good[] = {"CREATE INDEX i ON a (b)", "ALTER TYPE t RENAME VALUE 'x' TO 'y'",
		"DROP INDEX i", "UPDATE a SET b = 'COMMIT; CONCURRENTLY'", "SET CONSTRAINTS ALL IMMEDIATE",
		"CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		AUTO(mem_auto) char *problems = problems_of(good[i]);
		ck_assert_str_eq(problems, "");
	}
}
END_TEST

Suite *sqltext_suite(void)
{
	const TTest *const tests[] = {splits_at_real_semicolons, a_block_is_called_by_the_comment_before_it,
		an_empty_script_has_no_statement,
		finds_what_must_not_be_there, leaves_the_harmless_alone, NULL};
	return unit_suite("sqltext", tests);
}
