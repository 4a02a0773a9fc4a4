#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/settings.h"
#include "unit.h"

static int set(struct settings *settings, enum option option, const char *value, enum settings_source source,
	struct error *err)
{
	return settings_set(
		settings, option, value, source, source == SOURCE_FILE ? "/x/a.yaml line 3" : "here", "/x", err);
}

START_TEST(a_stronger_source_stays)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(settings_clear) struct settings settings;
	settings_init(&settings);
	ck_assert_ptr_null(settings_text(&settings, OPTION_ENGINE));
	ck_assert(!settings_given(&settings, OPTION_ENGINE));
	unit_assert_ok(set(&settings, OPTION_ENGINE, "file", SOURCE_FILE, &err), &err);
	unit_assert_ok(set(&settings, OPTION_ENGINE, "line", SOURCE_COMMAND_LINE, &err), &err);
	unit_assert_ok(set(&settings, OPTION_ENGINE, "environment", SOURCE_ENVIRONMENT, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "line");
	ck_assert_str_eq(settings_where(&settings, OPTION_ENGINE), "here");
	/* The last one of a source counts. */
	unit_assert_ok(set(&settings, OPTION_ENGINE, "again", SOURCE_COMMAND_LINE, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "again");
	settings_set_defaults(&settings);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "again");
	ck_assert_int_eq(settings_number(&settings, OPTION_LOCK_TIMEOUT), 5);
	ck_assert(!settings_given(&settings, OPTION_LOCK_TIMEOUT));
	ck_assert(settings_given(&settings, OPTION_ENGINE));
}
END_TEST

START_TEST(kinds_are_checked)
{
	static const struct {
		enum option option;
		const char *value;
		const char *words;
	} bad[] = {
		{OPTION_JOBS, "0", "/x/a.yaml line 3: jobs wants a whole number from 1 to 64, not '0'"},
		{OPTION_JOBS, "65", "wants a whole number"},
		{OPTION_JOBS, "4x", "not '4x'"},
		{OPTION_JOBS, "", "is empty"},
		{OPTION_JOBS, " 4", "not ' 4'"},
		{OPTION_JOBS, "99999999999999999999", "wants a whole number"},
		{OPTION_COMPRESS, "3", "compress wants zstd:1 to zstd:19, not '3'"},
		{OPTION_COMPRESS, "zstd:20", "not 'zstd:20'"},
		{OPTION_COMPRESS, "zstd:", "not 'zstd:'"},
		{OPTION_COMPRESS, "gzip:1", "not 'gzip:1'"},
		{OPTION_LOCK_TIMEOUT, "5s", "lock_timeout wants"},
		{OPTION_LOCK_TIMEOUT, "-1", "lock_timeout wants"},
		{OPTION_SNAPSHOT_MAX_AGE, "a day", "wants a time such as 90m, 24h or 7d, not 'a day'"},
		{OPTION_SNAPSHOT_MAX_AGE, "h", "wants a time"},
		{OPTION_SNAPSHOT_MAX_AGE, "1w", "wants a time"},
		{OPTION_SNAPSHOT_MAX_AGE, "99999999999d", "wants a time"},
		{OPTION_STORE, "", "store is empty"},
		{OPTION_DATABASE, "", "database is empty"},
		{OPTION_YES, "maybe", "wants true or false, not 'maybe'"},
		{OPTION_YES, "", "wants true or false"},
	};
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(settings_clear) struct settings settings;
	settings_init(&settings);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(set(&settings, bad[i].option, bad[i].value, SOURCE_FILE, &err), ERROR_USAGE);
		unit_assert_error(&err, ERROR_USAGE, bad[i].words);
		ck_assert_ptr_null(settings_text(&settings, bad[i].option));
	}
	ck_assert_int_eq(set(&settings, OPTION_JOBS, "many", SOURCE_COMMAND_LINE, &err), ERROR_USAGE);
	unit_assert_error(&err, ERROR_USAGE, "here wants a whole number from 1 to 64, not 'many'");
}
END_TEST

START_TEST(values_are_read)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(settings_clear) struct settings settings;
	static const struct {
		const char *text;
		long long seconds;
	} times[] = {{"30", 30}, {"30s", 30}, {"90m", 5400}, {"24h", 86400}, {"7d", 604800}, {"0", 0}, {"", 0}};
	settings_init(&settings);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		unit_assert_ok(set(&settings, OPTION_SNAPSHOT_MAX_AGE, times[i].text, SOURCE_FILE, &err), &err);
		ck_assert_int_eq(settings_number(&settings, OPTION_SNAPSHOT_MAX_AGE), times[i].seconds);
	}
	static const char *const yes[] = {"true", "yes", "on", "1", NULL};
	static const char *const no[] = {"false", "no", "off", "0"};
	for (size_t i = 0; i < 5; i++) {
		unit_assert_ok(set(&settings, OPTION_JSON, yes[i], SOURCE_FILE, &err), &err);
		ck_assert(settings_flag(&settings, OPTION_JSON));
	}
	for (size_t i = 0; i < 4; i++) {
		unit_assert_ok(set(&settings, OPTION_JSON, no[i], SOURCE_FILE, &err), &err);
		ck_assert(!settings_flag(&settings, OPTION_JSON));
	}
	ck_assert(!settings_flag(&settings, OPTION_DRY_RUN));
	unit_assert_ok(set(&settings, OPTION_DRY_RUN, NULL, SOURCE_COMMAND_LINE, &err), &err);
	ck_assert(settings_flag(&settings, OPTION_DRY_RUN));
	ck_assert_str_eq(settings_text(&settings, OPTION_DRY_RUN), "");
	unit_assert_ok(set(&settings, OPTION_STORE, "a/b", SOURCE_FILE, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_STORE), "/x/a/b");
	unit_assert_ok(set(&settings, OPTION_STORE, "/a/b", SOURCE_FILE, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_STORE), "/a/b");
	unit_assert_ok(settings_set(&settings, OPTION_STORE, "a", SOURCE_FILE, "w", NULL, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_STORE), "a");
}
END_TEST

START_TEST(keys_are_found)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	enum option option = OPTION_COUNT;
	unit_assert_ok(settings_find_key(&option, "lock_timeout", "f line 1", &err), &err);
	ck_assert_int_eq(option, OPTION_LOCK_TIMEOUT);
	ck_assert_int_eq(settings_find_key(&option, "lock_timeuot", "f line 7", &err), ERROR_USAGE);
	ck_assert_str_eq(err.message, "f line 7: unknown key 'lock_timeuot'");
	ck_assert_str_eq(err.hint, "did you mean `lock_timeout`?");
	/* Dashes are the command line's, single commands' options are no keys, config cannot stand in itself. */
	ck_assert_int_eq(settings_find_key(&option, "lock-timeout", "f", &err), ERROR_USAGE);
	ck_assert_int_eq(settings_find_key(&option, "dry_run", "f", &err), ERROR_USAGE);
	ck_assert_int_eq(settings_find_key(&option, "yes", "f", &err), ERROR_USAGE);
	ck_assert_int_eq(settings_find_key(&option, "config", "f", &err), ERROR_USAGE);
	ck_assert_int_eq(settings_find_key(&option, "", "f", &err), ERROR_USAGE);
	ck_assert_int_eq(settings_find_key(&option, "zzzzzzzzz", "f", &err), ERROR_USAGE);
	ck_assert(strstr(err.hint, "the keys are database, ") != NULL);
	ck_assert_int_eq(option, OPTION_LOCK_TIMEOUT);
}
END_TEST

START_TEST(the_table_is_whole)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];
		ck_assert_msg(entry->name && entry->help, "option %d has no name or help", i);
		ck_assert_msg((entry->kind == OPTION_IS_FLAG) == (entry->argument == NULL), "%s", entry->name);
		ck_assert_msg(!entry->in_file || entry->in_environment, "%s", entry->name);
		for (int j = 0; j < i; j++) {
			ck_assert_str_ne(entry->name, option_table[j].name);
			ck_assert_msg(!entry->letter || entry->letter != option_table[j].letter, "%s", entry->name);
		}
	}
	AUTO(mem_auto) char *key = settings_key(OPTION_SNAPSHOT_MAX_AGE);
	AUTO(mem_auto) char *variable = settings_variable(OPTION_SNAPSHOT_MAX_AGE);
	ck_assert_str_eq(key, "snapshot_max_age");
	ck_assert_str_eq(variable, "ANCHORE_ADMIN_SNAPSHOT_MAX_AGE");
}
END_TEST

Suite *settings_suite(void)
{
	const TTest *const tests[] = {a_stronger_source_stays, kinds_are_checked, values_are_read, keys_are_found,
		the_table_is_whole, NULL};
	return unit_suite("settings", tests);
}
