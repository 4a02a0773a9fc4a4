#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "model/retention.h"
#include "unit.h"

/* The snapshots of a case, newest first as a store lists them, and what was decided. */
enum { MOST = 64 };
static char ids[MOST][8];
struct scene {
	struct retention_snapshot snapshots[MOST];
	size_t count;
	struct retention_rules rules;
	struct list in_use;
	time_t now;
	struct retention_verdict verdicts[MOST];
};

static void scene_clear(struct scene *scene)
{
	for (size_t i = 0; i < scene->count; i++)
		retention_verdict_clear(&scene->verdicts[i]);
	list_clear(&scene->in_use);
}

static time_t when(const char *text)
{
	time_t time;
	AUTO(mem_auto) char *full = strlen(text) > 10 ? mem_copy(text) : mem_format("%sT12:00:00Z", text);
	ck_assert_msg(text_time_parse(full, &time), "%s", full);
	return time;
}

static struct retention_snapshot *add(struct scene *scene, const char *time)
{
	size_t i = scene->count++;
	ck_assert_uint_lt(i, MOST);
	snprintf(ids[i], sizeof ids[i], "s%zu", i);
	scene->snapshots[i] = (struct retention_snapshot){.id = ids[i], .database = "anchore", .version = "0.0.6",
		.time = when(time), .counts = true};
	return &scene->snapshots[i];
}

static struct scene begin(const char *const *times)
{
	struct scene scene = {.now = when("2030-01-01")};
	for (; times && *times; times++)
		add(&scene, *times);
	return scene;
}
#define TIMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void decide(struct scene *scene)
{
	retention_decide(scene->verdicts, scene->snapshots, scene->count, &scene->rules, &scene->in_use, scene->now);
	for (size_t i = 0; i < scene->count; i++)
		ck_assert_uint_gt(scene->verdicts[i].reasons.count, 0);
}

/* One letter for each: k or d. */
#define assert_kept(scene, expected) \
	do { \
		char seen[MOST + 1] = ""; \
		for (size_t each = 0; each < (scene)->count; each++) \
			seen[each] = (scene)->verdicts[each].keep ? 'k' : 'd'; \
		ck_assert_str_eq(seen, expected); \
	} while (0)

static void assert_reasons(const struct scene *scene, size_t i, const char *expected)
{
	AUTO(mem_auto) char *joined = list_join(&scene->verdicts[i].reasons, "; ");
	ck_assert_str_eq(joined, expected);
}

/* ---- rules ---- */

START_TEST(an_empty_store_is_fine)
{
	AUTO(scene_clear) struct scene scene = begin(NULL);
	scene.rules.last = 3;
	decide(&scene);
}
END_TEST

START_TEST(without_a_rule_nothing_goes)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2016-01-01"));
	ck_assert(!retention_rules_any(&scene.rules));
	decide(&scene);
	assert_kept(&scene, "kkk");
	assert_reasons(&scene, 2, "no rule is set");
}
END_TEST

START_TEST(a_rule_of_zero_is_off)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25"));
	scene.rules.last = 0;
	scene.rules.periods[RETENTION_DAILY] = 2;
	decide(&scene);
	assert_kept(&scene, "kkd");
	assert_reasons(&scene, 2, "before the last 2 days");
}
END_TEST

START_TEST(the_last_ones)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24"));
	scene.rules.last = 2;
	decide(&scene);
	assert_kept(&scene, "kkdd");
	assert_reasons(&scene, 0, "the newest one; the newest one of version 0.0.6; one of the last 2");
	assert_reasons(&scene, 3, "not among the last 2");
}
END_TEST

START_TEST(the_newest_stays_whatever_the_rules)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2016-01-01"));
	scene.rules.within = 60;
	decide(&scene);
	assert_kept(&scene, "k");
}
END_TEST

START_TEST(days_that_have_none_do_not_count)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27T23:59:59Z", "2026-11-27T00:00:00Z",
		"2026-11-20T10:00:00Z", "2026-11-20T09:00:00Z", "2026-03-01T10:00:00Z", "2026-02-28T10:00:00Z"));
	scene.rules.periods[RETENTION_DAILY] = 3;
	decide(&scene);
	assert_kept(&scene, "kdkdkd");
	assert_reasons(&scene, 1, "2026-11-27 has a later one");
	assert_reasons(&scene, 2, "the last of 2026-11-20");
	assert_reasons(&scene, 5, "before the last 3 days");
}
END_TEST

START_TEST(hours)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27T10:59:59Z", "2026-11-27T10:00:00Z",
		"2026-11-27T09:59:59Z", "2026-11-26T10:30:00Z"));
	scene.rules.periods[RETENTION_HOURLY] = 2;
	decide(&scene);
	assert_kept(&scene, "kdkd");
	assert_reasons(&scene, 2, "the last of hour 2026-11-27 09:00");
}
END_TEST

/* 2027-01-01 is a Friday: of week 53 of 2026, and Monday the 4th begins week 1. */
START_TEST(a_week_spans_the_end_of_a_year)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2027-01-04T00:00:00Z", "2027-01-03T23:59:59Z",
		"2027-01-01", "2026-12-31", "2026-12-28T00:00:00Z", "2026-12-27T23:59:59Z"));
	scene.rules.periods[RETENTION_WEEKLY] = 2;
	decide(&scene);
	assert_kept(&scene, "kkdddd");
	assert_reasons(&scene, 1, "the last of week 2026-W53");
	assert_reasons(&scene, 2, "week 2026-W53 has a later one");
	assert_reasons(&scene, 5, "before the last 2 weeks");
}
END_TEST

/* 2024-12-30 is a Monday of week 1 of 2025; week 2024-W01 and 2025-W01 are a year apart. */
START_TEST(the_first_week_of_two_years)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2025-01-01", "2024-12-30", "2024-12-29", "2024-01-03"));
	scene.rules.periods[RETENTION_WEEKLY] = 10;
	decide(&scene);
	assert_kept(&scene, "kdkk");
	assert_reasons(&scene, 1, "week 2025-W01 has a later one");
	assert_reasons(&scene, 2, "the last of week 2024-W52");
	assert_reasons(&scene, 3, "the last of week 2024-W01");
}
END_TEST

START_TEST(months_and_years_and_the_leap_day)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2025-01-01T00:00:00Z", "2024-12-31T23:59:59Z",
		"2024-03-01T00:00:00Z", "2024-02-29T23:59:59Z", "2024-02-28", "2023-12-31", "2023-02-28"));
	scene.rules.periods[RETENTION_MONTHLY] = 4;
	scene.rules.periods[RETENTION_YEARLY] = 3;
	decide(&scene);
	assert_kept(&scene, "kkkkdkd");
	assert_reasons(&scene, 1, "the last of month 2024-12; the last of year 2024");
	assert_reasons(&scene, 3, "the last of month 2024-02");
	assert_reasons(&scene, 4, "month 2024-02 has a later one; year 2024 has a later one");
	assert_reasons(&scene, 5, "the last of year 2023");
}
END_TEST

START_TEST(within_starts_from_the_newest)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27T12:00:00Z", "2026-11-25T12:00:00Z",
		"2026-11-25T11:59:59Z"));
	scene.rules.within = 2 * 86400;
	decide(&scene);
	assert_kept(&scene, "kkd");
	assert_reasons(&scene, 1, "within 2 days of the newest");
	assert_reasons(&scene, 2, "more than 2 days older than the newest");
}
END_TEST

START_TEST(rules_add_up)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27T12:00:00Z", "2026-11-27T11:00:00Z",
		"2026-11-26", "2026-10-31", "2026-10-30"));
	scene.rules.last = 2;
	scene.rules.periods[RETENTION_MONTHLY] = 2;
	decide(&scene);
	assert_kept(&scene, "kkdkd");
	assert_reasons(&scene, 2, "not among the last 2; month 2026-11 has a later one");
}
END_TEST

START_TEST(the_local_time_zone_changes_nothing)
{
	static const char *const zones[] = {"UTC", "Pacific/Kiritimati", "America/Los_Angeles", "XXX+12"};
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		AUTO(scene_clear) struct scene scene = begin(TIMES("2026-12-01T00:00:00Z", "2026-11-30T23:59:59Z",
			"2026-11-30T00:00:00Z", "2026-11-29T23:59:59Z"));
		scene.rules.periods[RETENTION_DAILY] = 2;
		scene.rules.periods[RETENTION_WEEKLY] = 2;
		decide(&scene);
		assert_kept(&scene, "kkdk");
	}
}
END_TEST

/* ---- times ---- */

START_TEST(of_one_second_the_first_given_is_the_newest)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-27", "2026-11-27"));
	scene.rules.periods[RETENTION_DAILY] = 1;
	decide(&scene);
	assert_kept(&scene, "kdd");
	assert_reasons(&scene, 1, "2026-11-27 has a later one");
}
END_TEST

START_TEST(the_order_of_times_counts_not_that_of_the_files)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-25", "2026-11-27", "2026-11-26"));
	scene.rules.last = 2;
	decide(&scene);
	assert_kept(&scene, "dkk");
}
END_TEST

/* What a wrong clock made in 2040 must not drive out what is there. */
START_TEST(those_of_the_future_are_left_alone)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2040-01-01", "2026-11-27", "2026-11-26", "2026-11-25"));
	scene.now = when("2026-11-28");
	scene.rules.last = 1;
	scene.rules.within = 86400;
	decide(&scene);
	assert_kept(&scene, "kkkd");
	assert_reasons(&scene, 0, "its time is yet to come: look at the clock, then remove it by hand");
}
END_TEST

START_TEST(a_clock_that_went_back_drops_nothing)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25"));
	scene.now = when("1970-01-02");
	scene.rules.last = 1;
	decide(&scene);
	assert_kept(&scene, "kkk");
}
END_TEST

/* ---- what does not count ---- */

START_TEST(damaged_ones_take_nobodys_place_and_stay)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24"));
	for (size_t i = 0; i < 4; i += 2) {
		scene.snapshots[i].counts = false;
		scene.snapshots[i].alone = "damaged";
		scene.snapshots[i].pinned = true;
	}
	scene.rules.last = 1;
	decide(&scene);
	assert_kept(&scene, "kkkd");
	assert_reasons(&scene, 0, "damaged");
	assert_reasons(&scene, 1, "the newest one; the newest one of version 0.0.6; the last one");
}
END_TEST

START_TEST(a_file_that_says_nothing_of_itself)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27"));
	scene.snapshots[scene.count++] = (struct retention_snapshot){.alone = "not a snapshot"};
	scene.rules.last = 1;
	decide(&scene);
	assert_kept(&scene, "kk");
}
END_TEST

START_TEST(a_second_file_of_the_same_snapshot)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-27", "2026-11-26", "2026-11-25",
		"2026-11-25"));
	scene.snapshots[1].id = scene.snapshots[0].id;
	scene.snapshots[4].id = scene.snapshots[3].id;
	scene.rules.last = 2;
	decide(&scene);
	assert_kept(&scene, "kkkdd");
	assert_reasons(&scene, 4, "not among the last 2; a second file of the same snapshot");
}
END_TEST

START_TEST(databases_do_not_drive_each_other_out)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24"));
	scene.snapshots[2].database = scene.snapshots[3].database = "other";
	scene.rules.last = 1;
	decide(&scene);
	assert_kept(&scene, "kdkd");
}
END_TEST

/* ---- what stays whatever the rules say ---- */

START_TEST(pinned_and_needed_ones)
{
	AUTO(scene_clear) struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25"));
	scene.snapshots[1].pinned = true;
	scene.snapshots[2].needed = "upgrade of 2026-11-25";
	scene.rules.last = 1;
	decide(&scene);
	assert_kept(&scene, "kkk");
	assert_reasons(&scene, 1, "pinned");
	assert_reasons(&scene, 2, "upgrade of 2026-11-25 depends on it");
}
END_TEST

/* In use are 0.0.6 and 0.0.5, of 0.0.4 nobody speaks. */
static struct scene versions(void)
{
	struct scene scene = begin(TIMES("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24", "2026-11-23",
		"2026-11-22", "2026-11-21"));
	for (size_t i = 3; i < 6; i++)
		scene.snapshots[i].version = "0.0.5";
	scene.snapshots[6].version = "0.0.4";
	list_add(&scene.in_use, "0.0.6");
	list_add(&scene.in_use, "0.0.5");
	list_add(&scene.in_use, "0.0.1");
	scene.rules.last = 1;
	return scene;
}

START_TEST(the_newest_of_each_version_in_use)
{
	AUTO(scene_clear) struct scene scene = versions();
	decide(&scene);
	assert_kept(&scene, "kddkddd");
	assert_reasons(&scene, 3, "the newest one of version 0.0.5");
}
END_TEST

START_TEST(the_newest_proven_one_of_each_version_in_use)
{
	AUTO(scene_clear) struct scene scene = versions();
	scene.snapshots[1].proven = scene.snapshots[2].proven = true;
	scene.snapshots[4].verified = true;
	scene.snapshots[5].proven = scene.snapshots[5].verified = true;
	scene.snapshots[6].proven = true;
	decide(&scene);
	assert_kept(&scene, "kkdkdkd");
	assert_reasons(&scene, 1, "the newest proven one of version 0.0.6");
	assert_reasons(&scene, 5, "the newest proven one of version 0.0.5");
}
END_TEST

START_TEST(where_none_is_proven_the_newest_verified_one)
{
	AUTO(scene_clear) struct scene scene = versions();
	scene.snapshots[2].verified = true;
	scene.snapshots[4].verified = scene.snapshots[5].verified = true;
	decide(&scene);
	assert_kept(&scene, "kdkkkdd");
	assert_reasons(&scene, 4, "the newest verified one of version 0.0.5, of which none is proven");
}
END_TEST

/* ---- databases ---- */

static const char *judge_aside(const char *since, bool newest, const char *last, long long keep_for)
{
	static char said[128];
	struct retention_verdict verdict;
	const struct retention_aside aside = {when(since), newest, last ? when(last) : 0};
	retention_decide_aside(&verdict, &aside, keep_for, when("2026-11-27"));
	snprintf(said, sizeof said, "%s: %s", verdict.keep ? "keep" : "drop", verdict.reasons.items[0]);
	retention_verdict_clear(&verdict);
	return said;
}

START_TEST(databases_that_were_put_aside)
{
	enum { WEEK = 7 * 86400 };
	ck_assert_str_eq(judge_aside("2016-11-20", false, "2026-11-26", 0), "keep: keep_databases is not set");
	ck_assert_str_eq(judge_aside("2026-11-20", false, NULL, WEEK), "keep: not older than 7 days");
	ck_assert_str_eq(judge_aside("2026-11-20T11:59:59Z", false, NULL, WEEK), "drop: older than 7 days");
	ck_assert_str_eq(judge_aside("2030-11-20", false, NULL, WEEK), "keep: not older than 7 days");
	ck_assert_str_eq(judge_aside("2026-11-01", true, NULL, WEEK),
		"keep: no snapshot was taken since, and it is the way back of the last restore");
	ck_assert_str_eq(judge_aside("2026-11-01", true, "2026-11-01", WEEK),
		"keep: no snapshot was taken since, and it is the way back of the last restore");
	ck_assert_str_eq(judge_aside("2026-11-01", true, "2026-11-02", WEEK), "drop: older than 7 days");
	ck_assert_str_eq(judge_aside("2026-11-27T10:29:00Z", false, NULL, 5400), "drop: older than 90 minutes");
}
END_TEST

Suite *retention_suite(void)
{
	const TTest *const tests[] = {an_empty_store_is_fine, without_a_rule_nothing_goes, a_rule_of_zero_is_off,
		the_last_ones, the_newest_stays_whatever_the_rules, days_that_have_none_do_not_count, hours,
		a_week_spans_the_end_of_a_year, the_first_week_of_two_years, months_and_years_and_the_leap_day,
		within_starts_from_the_newest, rules_add_up, the_local_time_zone_changes_nothing,
		of_one_second_the_first_given_is_the_newest, the_order_of_times_counts_not_that_of_the_files,
		those_of_the_future_are_left_alone, a_clock_that_went_back_drops_nothing,
		damaged_ones_take_nobodys_place_and_stay, a_file_that_says_nothing_of_itself,
		a_second_file_of_the_same_snapshot, databases_do_not_drive_each_other_out, pinned_and_needed_ones,
		the_newest_of_each_version_in_use, the_newest_proven_one_of_each_version_in_use,
		where_none_is_proven_the_newest_verified_one, databases_that_were_put_aside, NULL};
	return unit_suite("retention", tests);
}
