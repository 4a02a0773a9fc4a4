#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/attempt.h"
#include "unit.h"
#include "work/attempt.h"

enum { DAY = 86400 };
static const time_t NIGHT = 1700000000;

/* One run; says whether its failure is told. */
static bool run_at(struct attempt *attempt, time_t when, int status, const char *message, time_t *over)
{
	time_t begun = 0, ended = 0;
	bool tell = false;
	const struct outcome outcome = {.at = when, .exit_status = status, .part = "backup", .message = message,
		.made = !status, .bytes = 42, .snapshot = status ? NULL : "abc"};
	attempt_begin(attempt, when, &begun);
	attempt_end(attempt, &outcome, &tell, over ? over : &ended);
	return tell;
}

START_TEST(a_failure_is_told_once)
{
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	time_t over = 0;
	ck_assert(!run_at(&attempt, NIGHT, 0, NULL, &over));
	ck_assert_str_eq(attempt.outcome, "done");
	ck_assert(run_at(&attempt, NIGHT + DAY, 5, "cannot connect, process 4711", &over));
	ck_assert(!run_at(&attempt, NIGHT + 2 * DAY, 5, "cannot connect, process 99", &over));
	ck_assert_int_eq(attempt.failing_since, NIGHT + DAY);
	ck_assert_uint_eq(attempt.failures, 2);
	ck_assert_int_eq(attempt.success, NIGHT);
	/* Another failure is news, and the first one, when it comes again. */
	ck_assert(run_at(&attempt, NIGHT + 3 * DAY, 9, "no room", &over));
	ck_assert(run_at(&attempt, NIGHT + 4 * DAY, 5, "cannot connect, process 1", &over));
	ck_assert_int_eq(over, 0);
	AUTO(mem_auto) char *sentence = attempt_sentence(&attempt);
	ck_assert_ptr_nonnull(strstr(sentence, "cannot connect"));
	ck_assert_ptr_nonnull(strstr(sentence, "failing since 2023-11-15T22:13:20Z (4 runs)"));
	ck_assert_ptr_nonnull(strstr(sentence, "last success: 2023-11-14T22:13:20Z"));
	ck_assert(!run_at(&attempt, NIGHT + 5 * DAY, 0, NULL, &over));
	ck_assert_int_eq(over, NIGHT + DAY);
	ck_assert_int_eq(attempt.failing_since, 0);
	ck_assert_ptr_null(attempt.message);
	ck_assert(!run_at(&attempt, NIGHT + 6 * DAY, 0, NULL, &over));
	ck_assert_int_eq(over, 0);
	ck_assert(run_at(&attempt, NIGHT + 7 * DAY, 5, "cannot connect, process 1", &over));
}
END_TEST

START_TEST(a_killed_run_is_seen_by_the_next)
{
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	time_t begun = 0, over = 0;
	ck_assert(!attempt_begin(&attempt, NIGHT, &begun));
	ck_assert(attempt_begin(&attempt, NIGHT + DAY, &begun));
	ck_assert_int_eq(begun, NIGHT);
	ck_assert_str_eq(attempt.outcome, "killed");
	ck_assert_int_eq(attempt.last, NIGHT);
	ck_assert_int_eq(attempt.failing_since, NIGHT);
	const struct outcome outcome = {.at = NIGHT + DAY};
	bool tell = true;
	attempt_end(&attempt, &outcome, &tell, &over);
	ck_assert(!tell);
	ck_assert_int_eq(over, 0);
	ck_assert_int_eq(attempt.failing_since, 0);
	ck_assert_str_eq(attempt.outcome, "unchanged");
	ck_assert(!attempt_begin(&attempt, NIGHT + 2 * DAY, &begun));
}
END_TEST

START_TEST(one_that_hangs_is_told_once)
{
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	time_t begun = 0;
	ck_assert(!attempt_gave_way(&attempt, NIGHT));
	attempt_begin(&attempt, NIGHT, &begun);
	ck_assert(!attempt_gave_way(&attempt, NIGHT + 60));
	ck_assert_int_eq(attempt.skipped, NIGHT + 60);
	ck_assert(attempt_gave_way(&attempt, NIGHT + DAY - 60));
	ck_assert(!attempt_gave_way(&attempt, NIGHT + 2 * DAY));
	attempt_begin(&attempt, NIGHT + 3 * DAY, &begun);
	ck_assert(!attempt_gave_way(&attempt, NIGHT + 3 * DAY + 60));
	ck_assert(attempt_gave_way(&attempt, NIGHT + 4 * DAY));
	/* A clock that was put back. */
	attempt.begun = NIGHT + 9 * DAY;
	ck_assert(!attempt_gave_way(&attempt, NIGHT + 5 * DAY));
}
END_TEST

START_TEST(warnings_are_told_when_they_are_new)
{
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	AUTO(list_clear) struct list warnings = LIST_INIT, news = LIST_INIT;
	list_add(&warnings, "a");
	attempt_warned(&attempt, &warnings, true, &news);
	ck_assert_uint_eq(news.count, 1);
	list_add(&warnings, "it failed at 12:34");
	/* Not told while a failure goes on, so it is news when that is over. */
	attempt_warned(&attempt, &warnings, false, &news);
	ck_assert_uint_eq(news.count, 1);
	attempt_warned(&attempt, &warnings, true, &news);
	ck_assert_uint_eq(news.count, 2);
	ck_assert_str_eq(news.items[1], "it failed at 12:34");
	mem_replace(&warnings.items[1], mem_copy("it failed at 23:45"));
	attempt_warned(&attempt, &warnings, true, &news);
	ck_assert_uint_eq(news.count, 2);
	list_clear(&warnings);
	attempt_warned(&attempt, &warnings, true, &news);
	list_add(&warnings, "a");
	attempt_warned(&attempt, &warnings, true, &news);
	ck_assert_uint_eq(news.count, 3);
}
END_TEST

START_TEST(signatures)
{
	AUTO(mem_auto) char *a = attempt_signature("backup", 9, "/s has room for 3.2 MB, needs 4 MB");
	AUTO(mem_auto) char *b = attempt_signature("backup", 9, "/s has room for 0 bytes, needs 22 MB");
	AUTO(mem_auto) char *c = attempt_signature("verify", 9, "/s has room for 1 MB, needs 22 MB");
	AUTO(mem_auto) char *d = attempt_signature("backup", 1, "/s has room for 1 MB, needs 22 MB");
	AUTO(mem_auto) char *e = attempt_signature("backup", 9, NULL);
	ck_assert_str_eq(a, b);
	ck_assert_str_ne(b, c);
	ck_assert_str_ne(b, d);
	ck_assert_str_ne(b, e);
}
END_TEST

START_TEST(the_file_keeps_it)
{
	const char *store = unit_folder();
	AUTO(attempt_clear) struct attempt attempt = {.last = 0}, read = {.last = 0};
	struct error err = ERROR_INIT;
	unit_assert_ok(attempt_read(&read, store, &err), &err);
	ck_assert_int_eq(read.last, 0);
	ck_assert_ptr_null(read.outcome);
	run_at(&attempt, NIGHT, 0, NULL, NULL);
	run_at(&attempt, NIGHT + DAY, 5, "it \"says\"\nso", NULL);
	attempt.missed = 7;
	attempt.skipped = NIGHT + 5;
	list_add(&attempt.warnings, "w");
	unit_assert_ok(attempt_write(store, &attempt, &err), &err);
	unit_assert_ok(attempt_read(&read, store, &err), &err);
	ck_assert_int_eq(read.last, NIGHT + DAY);
	ck_assert_int_eq(read.success, NIGHT);
	ck_assert_int_eq(read.skipped, NIGHT + 5);
	ck_assert_int_eq(read.failing_since, NIGHT + DAY);
	ck_assert_int_eq(read.exit_status, 5);
	ck_assert_uint_eq(read.missed, 7);
	ck_assert_uint_eq(read.bytes, 42);
	ck_assert_str_eq(read.told, attempt.told);
	ck_assert_str_eq(read.message, "it \"says\"\nso");
	ck_assert_uint_eq(read.warnings.count, 1);
	AUTO(mem_auto) char *path = path_join(store, "scheduled.json");
	unit_assert_ok(file_write(path, 0600, "{", 1, &err), &err);
	AUTO(attempt_clear) struct attempt broken = {.last = 1};
	ck_assert_int_ne(attempt_read(&broken, store, &err), 0);
	ck_assert_int_eq(broken.last, 1);
	error_clear(&err);
}
END_TEST

Suite *attempt_suite(void)
{
	const TTest *const tests[] = {a_failure_is_told_once, a_killed_run_is_seen_by_the_next,
		one_that_hangs_is_told_once, warnings_are_told_when_they_are_new, signatures, the_file_keeps_it, NULL};
	return unit_suite("attempt", tests);
}
