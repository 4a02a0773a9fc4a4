#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "retained.h"

/* ---- rules ---- */

START_TEST(an_empty_store_is_fine)
{
	AUTO(retained_clear) struct retained scene = RETAINED(NULL);
	scene.rules.last = 3;
	retained_decide(&scene);
}
END_TEST

START_TEST(without_a_rule_nothing_goes)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2016-01-01");
	ck_assert(!retention_rules_any(&scene.rules));
	retained_decide(&scene);
	retained_assert(&scene, "kkk");
	retained_assert_reasons(&scene, 2, "no rule is set");
}
END_TEST

START_TEST(a_rule_of_zero_is_off)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25");
	scene.rules.last = 0;
	scene.rules.periods[RETENTION_DAILY] = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kkd");
	retained_assert_reasons(&scene, 2, "before the last 2 days");
}
END_TEST

START_TEST(the_last_ones)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24");
	scene.rules.last = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kkdd");
	retained_assert_reasons(&scene, 0, "the newest one; the newest one of version 0.0.6; one of the last 2");
	retained_assert_reasons(&scene, 3, "not among the last 2");
}
END_TEST

START_TEST(the_newest_stays_whatever_the_rules)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2016-01-01");
	scene.rules.within = 60;
	retained_decide(&scene);
	retained_assert(&scene, "k");
}
END_TEST

START_TEST(days_that_have_none_do_not_count)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27T23:59:59Z", "2026-11-27T00:00:00Z",
		"2026-11-20T10:00:00Z", "2026-11-20T09:00:00Z", "2026-03-01T10:00:00Z", "2026-02-28T10:00:00Z");
	scene.rules.periods[RETENTION_DAILY] = 3;
	retained_decide(&scene);
	retained_assert(&scene, "kdkdkd");
	retained_assert_reasons(&scene, 1, "2026-11-27 has a later one");
	retained_assert_reasons(&scene, 2, "the last of 2026-11-20");
	retained_assert_reasons(&scene, 5, "before the last 3 days");
}
END_TEST

START_TEST(hours)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27T10:59:59Z", "2026-11-27T10:00:00Z",
		"2026-11-27T09:59:59Z", "2026-11-26T10:30:00Z");
	scene.rules.periods[RETENTION_HOURLY] = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kdkd");
	retained_assert_reasons(&scene, 2, "the last of hour 2026-11-27 09:00");
}
END_TEST

/* 2027-01-01 is a Friday: of week 53 of 2026, and Monday the 4th begins week 1. */
START_TEST(a_week_spans_the_end_of_a_year)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2027-01-04T00:00:00Z", "2027-01-03T23:59:59Z",
		"2027-01-01", "2026-12-31", "2026-12-28T00:00:00Z", "2026-12-27T23:59:59Z");
	scene.rules.periods[RETENTION_WEEKLY] = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kkdddd");
	retained_assert_reasons(&scene, 1, "the last of week 2026-W53");
	retained_assert_reasons(&scene, 2, "week 2026-W53 has a later one");
	retained_assert_reasons(&scene, 5, "before the last 2 weeks");
}
END_TEST

/* 2024-12-30 is a Monday of week 1 of 2025; week 2024-W01 and 2025-W01 are a year apart. */
START_TEST(the_first_week_of_two_years)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2025-01-01", "2024-12-30", "2024-12-29", "2024-01-03");
	scene.rules.periods[RETENTION_WEEKLY] = 10;
	retained_decide(&scene);
	retained_assert(&scene, "kdkk");
	retained_assert_reasons(&scene, 1, "week 2025-W01 has a later one");
	retained_assert_reasons(&scene, 2, "the last of week 2024-W52");
	retained_assert_reasons(&scene, 3, "the last of week 2024-W01");
}
END_TEST

START_TEST(months_and_years_and_the_leap_day)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2025-01-01T00:00:00Z", "2024-12-31T23:59:59Z",
		"2024-03-01T00:00:00Z", "2024-02-29T23:59:59Z", "2024-02-28", "2023-12-31", "2023-02-28");
	scene.rules.periods[RETENTION_MONTHLY] = 4;
	scene.rules.periods[RETENTION_YEARLY] = 3;
	retained_decide(&scene);
	retained_assert(&scene, "kkkkdkd");
	retained_assert_reasons(&scene, 1, "the last of month 2024-12; the last of year 2024");
	retained_assert_reasons(&scene, 3, "the last of month 2024-02");
	retained_assert_reasons(&scene, 4, "month 2024-02 has a later one; year 2024 has a later one");
	retained_assert_reasons(&scene, 5, "the last of year 2023");
}
END_TEST

START_TEST(within_starts_from_the_newest)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27T12:00:00Z", "2026-11-25T12:00:00Z",
		"2026-11-25T11:59:59Z");
	scene.rules.within = 2 * 86400;
	retained_decide(&scene);
	retained_assert(&scene, "kkd");
	retained_assert_reasons(&scene, 1, "within 2 days of the newest");
	retained_assert_reasons(&scene, 2, "more than 2 days older than the newest");
}
END_TEST

START_TEST(rules_add_up)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27T12:00:00Z", "2026-11-27T11:00:00Z",
		"2026-11-26", "2026-10-31", "2026-10-30");
	scene.rules.last = 2;
	scene.rules.periods[RETENTION_MONTHLY] = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kkdkd");
	retained_assert_reasons(&scene, 2, "not among the last 2; month 2026-11 has a later one");
}
END_TEST

START_TEST(the_local_time_zone_changes_nothing)
{
	static const char *const zones[] = {"UTC", "Pacific/Kiritimati", "America/Los_Angeles", "<-12>12"};
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		AUTO(retained_clear) struct retained scene = RETAINED("2026-12-01T00:00:00Z", "2026-11-30T23:59:59Z",
			"2026-11-30T00:00:00Z", "2026-11-29T23:59:59Z");
		scene.rules.periods[RETENTION_DAILY] = 2;
		scene.rules.periods[RETENTION_WEEKLY] = 2;
		retained_decide(&scene);
		retained_assert(&scene, "kkdk");
	}
}
END_TEST

/* ---- times ---- */

START_TEST(of_one_second_the_first_given_is_the_newest)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-27", "2026-11-27");
	scene.rules.periods[RETENTION_DAILY] = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kdd");
	retained_assert_reasons(&scene, 1, "2026-11-27 has a later one");
}
END_TEST

START_TEST(the_order_of_times_counts_not_that_of_the_files)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-25", "2026-11-27", "2026-11-26");
	scene.rules.last = 2;
	retained_decide(&scene);
	retained_assert(&scene, "dkk");
}
END_TEST

/* What a wrong clock made in 2040 must not drive out what is there. */
START_TEST(those_of_the_future_are_left_alone)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2040-01-01", "2026-11-27", "2026-11-26", "2026-11-25");
	scene.now = retained_time("2026-11-28");
	scene.rules.last = 1;
	scene.rules.within = 86400;
	retained_decide(&scene);
	retained_assert(&scene, "kkkd");
	retained_assert_reasons(&scene, 0, "its time is yet to come: look at the clock, then remove it by hand");
}
END_TEST

START_TEST(a_clock_that_went_back_drops_nothing)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25");
	scene.now = retained_time("1970-01-02");
	scene.rules.last = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kkk");
}
END_TEST

Suite *retention_suite(void)
{
	const TTest *const tests[] = {an_empty_store_is_fine, without_a_rule_nothing_goes, a_rule_of_zero_is_off,
		the_last_ones, the_newest_stays_whatever_the_rules, days_that_have_none_do_not_count, hours,
		a_week_spans_the_end_of_a_year, the_first_week_of_two_years, months_and_years_and_the_leap_day,
		within_starts_from_the_newest, rules_add_up, the_local_time_zone_changes_nothing,
		of_one_second_the_first_given_is_the_newest, the_order_of_times_counts_not_that_of_the_files,
		those_of_the_future_are_left_alone, a_clock_that_went_back_drops_nothing, NULL};
	return unit_suite("retention", tests);
}
