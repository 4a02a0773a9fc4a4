#include <string.h>

#include "base/mem.h"
#include "command/parse.h"
#include "unit.h"

static const struct command table[] = {
	{"backup", NULL, "s", 0, 0, {OPTION_COUNT}, NULL, false},
	{"restore", "SNAPSHOT", "s", 0, 1, {OPTION_DRY_RUN, OPTION_INTO, OPTION_COUNT}, NULL, false},
	{"graph path", "[FROM] TO", "s", 1, 2, {OPTION_COUNT}, NULL, false},
	{"db upgrade", NULL, "s", 0, 0, {OPTION_DB_CONNECT, OPTION_DRY_RUN, OPTION_COUNT}, NULL, false},
	{"db status", NULL, "s", 0, 0, {OPTION_COUNT}, NULL, false},
	{"verify", "[X …]", "s", 0, -1, {OPTION_COUNT}, NULL, false},
	{0},
};

struct fixture {
	struct settings settings;
	struct parse parse;
	struct error err;
};

static void fixture_clear(struct fixture *fixture)
{
	settings_clear(&fixture->settings);
	parse_clear(&fixture->parse);
	error_clear(&fixture->err);
}

/* Words are NULL-terminated, without the program's name. */
static int parse(struct fixture *fixture, const char *const *words)
{
	char *argv[20] = {(char[]){"anchore-admin"}};
	int argc = 1;
	fixture_clear(fixture);
	for (; *words; words++)
		argv[argc++] = mem_copy(*words);
	int rc = parse_command_line(&fixture->parse, &fixture->settings, table, argc, argv, "/here", &fixture->err);
	for (int i = 1; i < argc; i++)
		mem_free(argv[i]);
	return rc;
}
#define PARSE(fixture, ...) parse(fixture, (const char *const[]){__VA_ARGS__, NULL})
#define FIXTURE(name) AUTO(fixture_clear) struct fixture name = {.err = ERROR_INIT}

START_TEST(options_stand_anywhere)
{
	FIXTURE(f);
	unit_assert_ok(PARSE(&f, "db", "--db-connect", "postgresql://u:p@h/d", "upgrade"), &f.err);
	ck_assert_str_eq(f.parse.command->name, "db upgrade");
	ck_assert_str_eq(settings_text(&f.settings, OPTION_DB_CONNECT), "postgresql://u:p@h/d");
	unit_assert_ok(PARSE(&f, "--json", "restore", "--into=new", "latest", "-qy"), &f.err);
	ck_assert_str_eq(f.parse.command->name, "restore");
	ck_assert_str_eq(f.parse.arguments.items[0], "latest");
	ck_assert_str_eq(settings_text(&f.settings, OPTION_INTO), "new");
	ck_assert(settings_flag(&f.settings, OPTION_JSON) && settings_flag(&f.settings, OPTION_QUIET));
	ck_assert(settings_flag(&f.settings, OPTION_YES));
	unit_assert_ok(PARSE(&f, "graph", "path", "--", "-1", "--json"), &f.err);
	ck_assert_uint_eq(f.parse.arguments.count, 2);
	ck_assert_str_eq(f.parse.arguments.items[0], "-1");
	ck_assert(!settings_flag(&f.settings, OPTION_JSON));
	unit_assert_ok(PARSE(&f, "backup", "-j4", "--store", "s", "-c", "f.yaml", "--store", "t"), &f.err);
	ck_assert_int_eq(settings_number(&f.settings, OPTION_JOBS), 4);
	ck_assert_str_eq(settings_text(&f.settings, OPTION_STORE), "/here/t");
	ck_assert_str_eq(settings_text(&f.settings, OPTION_CONFIG), "/here/f.yaml");
	ck_assert_str_eq(settings_where(&f.settings, OPTION_STORE), "--store");
	unit_assert_ok(PARSE(&f, "verify", "a", "-", "b"), &f.err);
	ck_assert_uint_eq(f.parse.arguments.count, 3);
	/* A value may look like an option. */
	unit_assert_ok(PARSE(&f, "backup", "--engine", "--json"), &f.err);
	ck_assert_str_eq(settings_text(&f.settings, OPTION_ENGINE), "--json");
}
END_TEST

START_TEST(an_optional_value_needs_its_sign)
{
	FIXTURE(f);
	unit_assert_ok(PARSE(&f, "restore", "--dry-run", "sql"), &f.err);
	ck_assert_str_eq(settings_text(&f.settings, OPTION_DRY_RUN), "");
	ck_assert_str_eq(f.parse.arguments.items[0], "sql");
	unit_assert_ok(PARSE(&f, "restore", "--dry-run=sql"), &f.err);
	ck_assert_str_eq(settings_text(&f.settings, OPTION_DRY_RUN), "sql");
	unit_assert_ok(PARSE(&f, "restore", "-n", "x"), &f.err);
	ck_assert(settings_flag(&f.settings, OPTION_DRY_RUN));
	ck_assert_str_eq(f.parse.arguments.items[0], "x");
}
END_TEST

/* The last parse failed with this message and, somewhere in its hint, these words. */
static void assert_usage(struct fixture *f, const char *message, const char *hint)
{
	ck_assert_int_eq(f->err.code, ERROR_USAGE);
	ck_assert_str_eq(f->err.message, message);
	ck_assert_msg(f->err.hint && strstr(f->err.hint, hint), "\"%s\" is not in \"%s\"", hint, f->err.hint);
	ck_assert_ptr_null(f->parse.command);
}

START_TEST(mistakes_are_explained)
{
	FIXTURE(f);
	PARSE(&f, NULL);
	assert_usage(&f, "no command is given", "anchore-admin --help");
	PARSE(&f, "bakcup");
	assert_usage(&f, "unknown command 'bakcup'", "did you mean `anchore-admin backup`?");
	PARSE(&f, "xyzzyxyzzy");
	assert_usage(&f, "unknown command 'xyzzyxyzzy'", "see `anchore-admin --help`");
	PARSE(&f, "db");
	assert_usage(&f, "'db' wants one of: upgrade, status", "anchore-admin db --help");
	PARSE(&f, "db", "upgarde");
	assert_usage(&f, "unknown command 'db upgarde'", "did you mean `anchore-admin db upgrade`?");
	PARSE(&f, "");
	assert_usage(&f, "unknown command ''", "anchore-admin --help");
	PARSE(&f, "backup", "--migratoins", "x");
	assert_usage(&f, "unknown option --migratoins", "did you mean `--migrations`?");
	PARSE(&f, "backup", "--zzzzzzzzz");
	assert_usage(&f, "unknown option --zzzzzzzzz", "anchore-admin --help");
	PARSE(&f, "backup", "--=x");
	assert_usage(&f, "unknown option --", "anchore-admin --help");
	PARSE(&f, "backup", "-qx");
	assert_usage(&f, "unknown option -x", "anchore-admin --help");
	PARSE(&f, "backup", "--store");
	assert_usage(&f, "--store wants a value", "`--store DIR`");
	PARSE(&f, "backup", "-j");
	assert_usage(&f, "--jobs wants a value", "`--jobs N`");
	PARSE(&f, "backup", "--store=");
	assert_usage(&f, "--store is empty and wants DIR", "anchore-admin --help");
	PARSE(&f, "backup", "-j", "none");
	assert_usage(&f, "--jobs wants a whole number from 1 to 64, not 'none'", "anchore-admin --help");
	PARSE(&f, "backup", "--yes=true");
	assert_usage(&f, "--yes takes no value", "`--yes` alone");
	PARSE(&f, "backup", "--dry-run");
	assert_usage(&f, "'backup' does not take --dry-run", "--dry-run belongs to `restore`, `db upgrade`");
	PARSE(&f, "backup", "x");
	assert_usage(&f, "'backup' does not know what to do with 'x'", "`anchore-admin backup`");
	PARSE(&f, "graph", "path");
	assert_usage(&f, "'graph path' wants [FROM] TO", "`anchore-admin graph path [FROM] TO`");
}
END_TEST

START_TEST(json_counts_for_the_error_too)
{
	FIXTURE(f);
	ck_assert_int_eq(PARSE(&f, "--json", "backup", "--dry-run"), ERROR_USAGE);
	ck_assert(settings_flag(&f.settings, OPTION_JSON));
}
END_TEST

START_TEST(help_needs_no_whole_command)
{
	FIXTURE(f);
	unit_assert_ok(PARSE(&f, "--help"), &f.err);
	ck_assert_ptr_null(f.parse.command);
	unit_assert_ok(PARSE(&f, "help"), &f.err);
	ck_assert(settings_flag(&f.settings, OPTION_HELP));
	unit_assert_ok(PARSE(&f, "help", "graph", "path"), &f.err);
	ck_assert_str_eq(f.parse.command->name, "graph path");
	unit_assert_ok(PARSE(&f, "graph", "path", "-h"), &f.err);
	ck_assert_str_eq(f.parse.command->name, "graph path");
	unit_assert_ok(PARSE(&f, "db", "--help"), &f.err);
	ck_assert_str_eq(f.parse.group, "db");
	ck_assert_int_eq(PARSE(&f, "bd", "--help"), ERROR_USAGE);
	unit_assert_ok(PARSE(&f, "--version"), &f.err);
}
END_TEST

Suite *parse_suite(void)
{
	const TTest *const tests[] = {options_stand_anywhere, an_optional_value_needs_its_sign,
		mistakes_are_explained, json_counts_for_the_error_too, help_needs_no_whole_command, NULL};
	return unit_suite("parse", tests);
}
