#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/text.h"
#include "unit.h"

static const struct progress_view copying = {.what = "copying", .done = 1230000000, .total = 2900000000,
	.rows = 5123000, .rate = 310000000, .seconds = 4.04};

static void shows(const struct progress_view *view, size_t columns, const char *expected)
{
	AUTO(mem_auto) char *bar = progress_bar(view, columns);
	ck_assert_str_eq(bar, expected);
}

START_TEST(bar_has_what_there_is_room_for)
{
	shows(&copying, 80, "copying  42 %  1.23 GB of 2.90 GB  5,123,000 rows  310 MB/s  6 s left");
	shows(&copying, 70, "copying  42 %  1.23 GB of 2.90 GB  5,123,000 rows  310 MB/s  6 s left");
	shows(&copying, 69, "copying  42 %  1.23 GB of 2.90 GB  5,123,000 rows  310 MB/s");
	shows(&copying, 20, "copying  42 %");
	shows(&copying, 5, "copy");
	shows(&copying, 1, "");
}
END_TEST

START_TEST(bar_says_only_what_is_known)
{
	struct progress_view view = copying;
	view.rate = 0;
	shows(&view, 80, "copying  42 %  1.23 GB of 2.90 GB  5,123,000 rows");
	view.rows_total = 9000000;
	shows(&view, 80, "copying  42 %  1.23 GB of 2.90 GB  5,123,000 of 9,000,000 rows");
	view.rate = 1000000;
	shows(&view, 120, "copying  42 %  1.23 GB of 2.90 GB  5,123,000 of 9,000,000 rows  1.00 MB/s  "
		"27 min 50 s left");
	view.total = 0;
	view.rows_total = 0;
	shows(&view, 80, "copying  1.23 GB  5,123,000 rows  1.00 MB/s");
	shows(&(struct progress_view){.what = "statistics", .parts = true, .done = 1, .total = 3, .rate = 1}, 80,
		"statistics  33 %  3 s left");
	shows(&(struct progress_view){.what = "statistics", .parts = true, .done = 3, .total = 3, .rate = 1}, 80,
		"statistics  100 %");
}
END_TEST

START_TEST(only_all_of_it_is_100_percent)
{
	struct progress_view view = {.what = "x", .parts = true, .done = 999999, .total = 1000000};
	shows(&view, 80, "x  99 %");
	view.total = UINT64_MAX;
	view.done = UINT64_MAX - 1;
	shows(&view, 80, "x  99 %");
	view.done++;
	shows(&view, 80, "x  100 %");
}
END_TEST

START_TEST(lines_for_logs_and_programs)
{
	AUTO(mem_auto) char *sentence = progress_sentence(&copying);
	ck_assert_str_eq(sentence, "copying: 42 %, 1.23 GB of 2.90 GB, 5,123,000 rows, 310 MB/s, 6 s left");
	AUTO(mem_auto) char *json = progress_json(&copying);
	ck_assert_str_eq(json, "{\"progress\":\"copying\",\"unit\":\"bytes\",\"done\":1230000000,\"total\":2900000000,"
		"\"rows\":5123000,\"rows_total\":null,\"seconds\":4.0}");
	AUTO(mem_auto) char *parts = progress_json(&(struct progress_view){.what = "statistics", .parts = true,
		.done = 1, .total = 3});
	ck_assert_str_eq(parts, "{\"progress\":\"statistics\",\"unit\":\"parts\",\"done\":1,\"total\":3,\"rows\":null,"
		"\"rows_total\":null,\"seconds\":0.0}");
}
END_TEST

START_TEST(rate_is_that_of_late)
{
	struct progress_rate rate = {.count = 0};
	ck_assert_double_eq(progress_rate_look(&rate, 100, 0), 0);
	ck_assert_double_eq(progress_rate_look(&rate, 100, 5), 0); /* no time has passed */
	ck_assert_double_eq(progress_rate_look(&rate, 110, 1000), 100);
	for (int i = 1; i <= PROGRESS_LOOKS + 1; i++)
		progress_rate_look(&rate, 110 + i, (uint64_t)(1000 + 7 * i));
	/* What was fast has left the window. */
	ck_assert_double_eq_tol(progress_rate_look(&rate, 144, 1000 + 7 * 34), 7, 0.001);
}
END_TEST

START_TEST(a_share_counts_for_its_weight)
{
	static const uint64_t texts[][3] = {{0, 0, 0}, {10, 20, 30}, {100, 0, 1}, {500, 500, 500}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct progress_share share = {.weight = 100};
		uint64_t before = 0;
		for (size_t j = 0; j < 3; j++) {
			progress_share_add(&share, texts[i][j], 1);
			ck_assert_uint_ge(share.done, before);
			ck_assert_uint_lt(share.done, 100);
			before = share.done;
		}
		progress_share_end(&share);
		ck_assert_uint_eq(share.done, 100);
	}
	struct progress_share nothing = {.weight = 0};
	progress_share_add(&nothing, UINT64_MAX, 1);
	progress_share_end(&nothing);
	ck_assert_uint_eq(nothing.done, 0);
}
END_TEST

/* ---- what comes out, by a clock that is millions of times as fast ---- */

static char *path;

static void start_talk(bool quiet, bool json, const char *pace)
{
	path = mem_format("%s/stderr", unit_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	setenv("ANCHORE_ADMIN_PACE", pace, 1);
	log_setup(quiet, false, json);
}

/* From now on the clock stands still there. */
static void set_time(double seconds)
{
	AUTO(mem_auto) char *text = mem_format("%.2f", seconds);
	setenv("ANCHORE_ADMIN_SHOWN", text, 1);
}

static struct list talk(void)
{
	struct list lines = LIST_INIT;
	struct error err = ERROR_INIT;
	AUTO(mem_auto) char *text = NULL;
	size_t size;
	unit_assert_ok(file_read(&text, &size, path, &err), &err);
	list_add_lines(&lines, text);
	mem_free(path);
	return lines;
}

static void *add_many(void *context)
{
	(void)context;
	for (int i = 0; i < 1000; i++)
		progress_add(2, 1);
	return NULL;
}

static void work(void)
{
	pthread_t threads[4];
	progress_start("copying", 8000, 4000);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	progress_end();
	progress_end();
}

START_TEST(json_lines_end_with_the_total)
{
	start_talk(false, true, "1000000000");
	work();
	AUTO(list_clear) struct list lines = talk();
	ck_assert_uint_gt(lines.count, 1);
	uint64_t before = 0;
	for (size_t i = 0; i < lines.count; i++) {
		const char *done = strstr(lines.items[i], "\"done\":");
		ck_assert_ptr_nonnull(done);
		uint64_t number = strtoull(done + strlen("\"done\":"), NULL, 10);
		ck_assert_uint_ge(number, before);
		before = number;
	}
	ck_assert_ptr_nonnull(strstr(lines.items[lines.count - 1], "\"done\":8000,\"total\":8000,\"rows\":4000,"));
}
END_TEST

START_TEST(a_plain_line_a_minute)
{
	start_talk(false, false, "1000000000");
	work();
	AUTO(list_clear) struct list lines = talk();
	ck_assert_uint_gt(lines.count, 0);
	for (size_t i = 0; i < lines.count; i++) {
		ck_assert_msg(text_starts(lines.items[i], "copying: "), "%s", lines.items[i]);
		ck_assert_ptr_nonnull(strstr(lines.items[i], " of 4,000 rows"));
	}
}
END_TEST

START_TEST(work_that_stands_still_is_shown)
{
	start_talk(false, false, "1000000000");
	progress_start("copying", 100, 0);
	clock_sleep(0.01);
	progress_look();
	progress_end();
	AUTO(list_clear) struct list lines = talk();
	ck_assert_uint_eq(lines.count, 1);
	ck_assert_str_eq(lines.items[0], "copying: 0 %, 0 bytes of 100 bytes, 0 rows");
}
END_TEST

START_TEST(short_work_and_quiet_work_say_nothing)
{
	static const struct {
		bool quiet, json, takes_long;
	} cases[] = {{true, false, true}, {true, true, true}, {false, false, false}, {false, true, false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		start_talk(cases[i].quiet, cases[i].json, "1000000000");
		if (!cases[i].takes_long)
			set_time(1);
		work();
		AUTO(list_clear) struct list lines = talk();
		ck_assert_msg(lines.count == 0, "case %zu: %s", i, lines.count ? lines.items[0] : "");
	}
}
END_TEST

/* So many seconds, in two works, by a clock that is set: lines are counted over both. It begins at start, which has to
 * go down from call to call, for what was said at a time to come counts for nothing. */
static size_t lines_of_a_while(bool json, int start, int seconds)
{
	start_talk(false, json, "1");
	for (int i = 0; i < 4 * seconds; i++) {
		set_time(start + i / 4.0);
		if (i == 0 || i == 2 * seconds)
			progress_start(i ? "copying" : "reading", 1000000, 0);
		progress_add(1, 0);
	}
	progress_end();
	AUTO(list_clear) struct list lines = talk();
	return lines.count;
}

START_TEST(lines_are_a_second_or_a_minute_apart)
{
	ck_assert_uint_eq(lines_of_a_while(false, 9000, 150), 2);
	/* Two works of 40 seconds are more than a minute. */
	ck_assert_uint_eq(lines_of_a_while(false, 8000, 80), 1);
	ck_assert_uint_eq(lines_of_a_while(false, 7000, 20), 0);
	/* Each of the two ends with one more. */
	ck_assert_uint_eq(lines_of_a_while(true, 6000, 10), 10);
}
END_TEST

Suite *progress_suite(void)
{
	return unit_suite("progress", (const TTest *const[]){bar_has_what_there_is_room_for,
		bar_says_only_what_is_known, only_all_of_it_is_100_percent, lines_for_logs_and_programs,
		rate_is_that_of_late, a_share_counts_for_its_weight, json_lines_end_with_the_total,
		a_plain_line_a_minute, work_that_stands_still_is_shown, lines_are_a_second_or_a_minute_apart,
		short_work_and_quiet_work_say_nothing, NULL});
}
