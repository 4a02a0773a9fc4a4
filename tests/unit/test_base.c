#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "unit.h"

START_TEST(mem_copies)
{
	AUTO(mem_auto) char *copy = mem_copy("abc");
	ck_assert_str_eq(copy, "abc");
	ck_assert_ptr_null(mem_copy(NULL));
	AUTO(mem_auto) char *bytes = mem_copy_bytes("a\0b", 3);
	ck_assert_mem_eq(bytes, "a\0b\0", 4);
	AUTO(mem_auto) char *empty = mem_copy_bytes(NULL, 0);
	ck_assert_str_eq(empty, "");
	AUTO(mem_auto) char *nothing = mem_new(0);
	ck_assert_ptr_nonnull(nothing);
}
END_TEST

START_TEST(mem_is_zeroed_and_moves)
{
	AUTO(mem_auto) int *numbers = mem_array(100, sizeof *numbers);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(numbers[i], 0);
	AUTO(mem_auto) char *from = mem_copy("x");
	AUTO(mem_auto) char *to = mem_take(&from);
	ck_assert_ptr_null(from);
	mem_replace(&to, mem_format("%s%d", to, 7));
	ck_assert_str_eq(to, "x7");
	mem_free(NULL);
	mem_free_secret(NULL);
	AUTO(mem_auto_secret) char *secret = mem_copy("hidden");
	ck_assert_str_eq(secret, "hidden");
}
END_TEST

START_TEST(text_grows)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	for (int i = 0; i < 1000; i++)
		text_addf(&text, "%d,", i % 10);
	ck_assert_uint_eq(text.size, 2000);
	ck_assert_uint_eq(strlen(text.data), 2000);
	text_add_bytes(&text, "\0x", 2);
	ck_assert_uint_eq(text.size, 2002);
	AUTO(mem_auto) char *taken = text_take(&text);
	ck_assert_int_eq(taken[2001], 'x');
	ck_assert_ptr_null(text.data);
	AUTO(mem_auto) char *empty = text_take(&text);
	ck_assert_str_eq(empty, "");
}
END_TEST

START_TEST(list_basics)
{
	AUTO(list_clear) struct list list = LIST_INIT;
	for (int i = 9; i >= 0; i--)
		list_addf(&list, "%d", i);
	list_give(&list, mem_copy("Z"));
	list_add(&list, "a");
	list_sort(&list);
	AUTO(mem_auto) char *joined = list_join(&list, " ");
	ck_assert_str_eq(joined, "0 1 2 3 4 5 6 7 8 9 Z a");
	ck_assert(list_has(&list, "Z"));
	ck_assert(!list_has(&list, "z"));
	AUTO(list_clear) struct list copy = LIST_INIT;
	list_add_all(&copy, &list);
	list_add_all(&copy, &list);
	ck_assert_uint_eq(copy.count, 24);
	list_clear(&copy);
	ck_assert_uint_eq(copy.count, 0);
	AUTO(mem_auto) char *nothing = list_join(&copy, ", ");
	ck_assert_str_eq(nothing, "");
	list_sort(&copy);
}
END_TEST

START_TEST(list_of_lines)
{
	AUTO(list_clear) struct list list = LIST_INIT;
	list_add_lines(&list, "one\n\nthree\nfour");
	AUTO(mem_auto) char *joined = list_join(&list, "|");
	ck_assert_str_eq(joined, "one||three|four");
	list_add_lines(&list, "");
	list_add_lines(&list, "five\n");
	ck_assert_uint_eq(list.count, 5);
}
END_TEST

START_TEST(text_compares)
{
	ck_assert(text_starts("abc", "ab"));
	ck_assert(text_starts("abc", ""));
	ck_assert(!text_starts("a", "ab"));
	ck_assert(text_ends("abc", "bc"));
	ck_assert(!text_ends("c", "bc"));
	ck_assert(text_same(NULL, NULL));
	ck_assert(!text_same(NULL, ""));
	ck_assert(text_same("a", "a"));
	ck_assert(!text_same("a", "b"));
}
END_TEST

START_TEST(text_finds_the_nearest)
{
	static const char *const names[] = {"store", "migrations", "engine", "jobs"};
	ck_assert_str_eq(text_nearest("stor", names, 4), "store");
	ck_assert_str_eq(text_nearest("migration", names, 4), "migrations");
	ck_assert_str_eq(text_nearest("job", names, 4), "jobs");
	ck_assert_ptr_null(text_nearest("elephant", names, 4));
	ck_assert_ptr_null(text_nearest("x", names, 0));
}
END_TEST

START_TEST(text_reads_numbers)
{
	long long number = 5;
	ck_assert(text_to_number("12", 0, 100, &number));
	ck_assert_int_eq(number, 12);
	ck_assert(text_to_number("-12", -20, 100, &number));
	ck_assert_int_eq(number, -12);
	static const char *const bad[] = {"", " 1", "+1", "1 ", "0x1", "101", "-1", "99999999999999999999", "1.0"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!text_to_number(bad[i], 0, 100, &number), "accepted \"%s\"", bad[i]);
	ck_assert_int_eq(number, -12);
}
END_TEST

#define assert_shown(call, expected) \
	do { \
		AUTO(mem_auto) char *shown = call; \
		ck_assert_str_eq(shown, expected); \
	} while (0)

START_TEST(text_shows_bytes)
{
	assert_shown(text_bytes(0), "0 bytes");
	assert_shown(text_bytes(1), "1 byte");
	assert_shown(text_bytes(999), "999 bytes");
	assert_shown(text_bytes(1000), "1.00 kB");
	assert_shown(text_bytes(1500000), "1.50 MB");
	assert_shown(text_bytes(12345678901), "12.3 GB");
	assert_shown(text_bytes(999499), "999 kB");
	assert_shown(text_bytes(999999), "1.00 MB");
	assert_shown(text_bytes(UINT64_MAX), "18.4 EB");
}
END_TEST

START_TEST(text_shows_counts)
{
	assert_shown(text_count(0), "0");
	assert_shown(text_count(999), "999");
	assert_shown(text_count(1000), "1,000");
	assert_shown(text_count(1234567), "1,234,567");
	assert_shown(text_plural(1, "row"), "1 row");
	assert_shown(text_plural(0, "row"), "0 rows");
	assert_shown(text_plural(1200, "row"), "1,200 rows");
	assert_shown(text_plural(2, "index"), "2 indexes");
	assert_shown(text_plural(2, "entry"), "2 entries");
	assert_shown(text_plural(2, "day"), "2 days");
}
END_TEST

START_TEST(text_shows_durations)
{
	assert_shown(text_duration(0.85), "850 ms");
	assert_shown(text_duration(12.34), "12.3 s");
	assert_shown(text_duration(245), "4 min 05 s");
	assert_shown(text_duration(7800), "2 h 10 min");
	assert_shown(text_duration(90000), "1 d 01 h");
	assert_shown(text_duration(59.97), "1 min 00 s");
	assert_shown(text_duration(0.9996), "1.0 s");
}
END_TEST

START_TEST(text_shows_and_reads_times)
{
	assert_shown(text_time(1795437296), "2026-11-23T12:34:56Z");
	assert_shown(text_time_compact(1795437296), "20261123T123456Z");
	time_t when = 7;
	ck_assert(text_time_parse("2026-11-23T12:34:56Z", &when));
	ck_assert_int_eq(when, 1795437296);
	static const char *const bad[] = {"", "2026-11-23", "2026-11-23T12:34:56", "2026-11-23T12:34:56Z ",
		"2026-13-23T12:34:56Z", "20261123T123456Z"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!text_time_parse(bad[i], &when), "accepted \"%s\"", bad[i]);
	ck_assert_int_eq(when, 1795437296);
}
END_TEST

START_TEST(error_says_and_hints)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	ck_assert_int_eq(error_set(&err, ERROR_REFUSED, "table %s changed", "events"), ERROR_REFUSED);
	ck_assert_int_eq(error_hint(&err, "take a snapshot: anchore-admin backup"), ERROR_REFUSED);
	ck_assert_int_eq(error_context(&err, "cannot upgrade %s", "anchore"), ERROR_REFUSED);
	ck_assert_str_eq(err.message, "cannot upgrade anchore: table events changed");
	ck_assert_str_eq(err.hint, "take a snapshot: anchore-admin backup");
	error_set(&err, ERROR_FAILED, "again: %s", err.message);
	ck_assert_str_eq(err.message, "again: cannot upgrade anchore: table events changed");
	ck_assert_ptr_null(err.hint);
	struct error other = ERROR_INIT;
	error_set(&other, ERROR_LOCKED, "held");
	ck_assert_int_eq(error_move(&err, &other), ERROR_LOCKED);
	ck_assert_ptr_null(other.message);
	ck_assert_str_eq(err.message, "held");
	error_clear(&other);
}
END_TEST

START_TEST(error_statuses_are_the_published_ones)
{
	static const int statuses[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 128};
	ck_assert_uint_eq(sizeof statuses / sizeof *statuses, ERROR_COUNT - 1);
	for (int code = 1; code < ERROR_COUNT; code++)
		ck_assert_int_eq(error_status((enum error_code)code), statuses[code - 1]);
}
END_TEST

START_TEST(clock_goes_on)
{
	double before = clock_elapsed();
	clock_sleep(0.02);
	ck_assert(clock_elapsed() - before >= 0.02);
	ck_assert_int_gt(clock_now(), 1000000000);
}
END_TEST

Suite *base_suite(void)
{
	return unit_suite("base", (const TTest *const[]){mem_copies, mem_is_zeroed_and_moves, text_grows, list_basics,
		list_of_lines, text_compares, text_finds_the_nearest, text_reads_numbers, text_shows_bytes,
		text_shows_counts, text_shows_durations, text_shows_and_reads_times,
		error_says_and_hints, error_statuses_are_the_published_ones, clock_goes_on, NULL});
}
