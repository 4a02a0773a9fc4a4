#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/crontab.h"
#include "unit.h"

static void in_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static struct crontab parsed(const char *text)
{
	struct crontab crontab;
	struct error err = ERROR_INIT;
	unit_assert_ok(crontab_parse(&crontab, text, &err), &err);
	return crontab;
}

static time_t at(const char *text)
{
	time_t when = 0;
	ck_assert(text_time_parse(text, &when));
	return when;
}

/* The next time after another, both in UTC. */
static void assert_next(const char *fields, const char *after, const char *expected)
{
	struct crontab crontab = parsed(fields);
	AUTO(mem_auto) char *next = text_time(crontab_next(&crontab, at(after)));
	ck_assert_str_eq(next, expected);
}

START_TEST(next_times)
{
	in_zone("UTC");
	assert_next("17 3 * * *", "2026-11-23T03:16:59Z", "2026-11-23T03:17:00Z");
	assert_next("17 3 * * *", "2026-11-23T03:17:00Z", "2026-11-24T03:17:00Z");
	assert_next("*/15 1-3 * * *", "2026-11-23T01:45:00Z", "2026-11-23T02:00:00Z");
	assert_next("0 0 1 jan *", "2026-11-23T00:00:00Z", "2027-01-01T00:00:00Z");
	assert_next("0 0 29 2 *", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z");
	assert_next("0 4 * * Mon-Fri", "2026-11-27T05:00:00Z", "2026-11-30T04:00:00Z"); /* a Friday */
	assert_next("0 4 * * 7", "2026-11-27T05:00:00Z", "2026-11-29T04:00:00Z");
	assert_next("0 4 * * 0,6", "2026-11-27T05:00:00Z", "2026-11-28T04:00:00Z");
	assert_next("5-50/15 0 * * *", "2026-11-27T00:21:00Z", "2026-11-27T00:35:00Z");
	/* Both days restricted: either will do. */
	assert_next("0 4 13 * fri", "2026-11-23T00:00:00Z", "2026-11-27T04:00:00Z");
	assert_next("0 4 1 * fri", "2026-11-28T00:00:00Z", "2026-12-01T04:00:00Z");
	/* A field that begins with a star restricts nothing in that sense: both must fit. */
	assert_next("0 4 */2 * fri", "2026-11-26T05:00:00Z", "2026-11-27T04:00:00Z");
	/* The 29th of February on a Friday: in 28 years. */
	assert_next("0 0 29-29 2 */5", "2008-03-01T00:00:00Z", "2032-02-29T00:00:00Z");
	assert_next("0 4 */2 * sat", "2026-11-26T05:00:00Z", "2026-12-05T04:00:00Z");
}
END_TEST

/* As cron(8) has it. 02:30 does not exist on 2026-03-29 in Berlin, and comes twice on 2026-10-25. */
START_TEST(daylight_saving)
{
	in_zone("Europe/Berlin");
	/* A certain time that is skipped comes right after, one that is repeated comes once. */
	assert_next("30 2 * * *", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z");
	assert_next("30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
	assert_next("17 3 * * *", "2026-03-28T02:17:00Z", "2026-03-29T01:17:00Z");
	assert_next("30 2 * * *", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z");
	assert_next("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
	assert_next("0,30 1-3 * * *", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z");
	/* One with a star goes by the clock. */
	assert_next("*/30 2 * * *", "2026-03-28T01:30:00Z", "2026-03-30T00:00:00Z");
	assert_next("*/30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z");
	assert_next("15 * * * *", "2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z");
	/* The day of the change begins at 01:00 in Santiago. */
	in_zone("America/Santiago");
	assert_next("30 0 * * *", "2026-09-05T05:00:00Z", "2026-09-06T04:00:00Z");
	in_zone("UTC");
}
END_TEST

START_TEST(mistakes)
{
	static const char *const wrong[][2] = {
		{"", "minute"}, {"17 3 * *", "day of the week"}, {"17 3 * * * *", "more than five"},
		{"60 3 * * *", "minute \"60\""}, {"0 24 * * *", "hour \"24\""}, {"0 0 0 * *", "day of the month \"0\""},
		{"0 0 * 13 *", "month \"13\""}, {"0 0 * * 8", "day of the week \"8\""},
		{"0 0 * foo *", "month \"foo\""},
		{"5-1 0 * * *", "ends before"}, {"*/0 0 * * *", "step"}, {"*/x 0 * * *", "step"},
		{"3/2 0 * * *", "no range"},
		{"1,,2 0 * * *", "minute"}, {"-1 0 * * *", "minute"}, {"1- 0 * * *", "minute"}, {"0 0 31 2 *", "never"},
		{"0 0 30 feb *", "never"}, {"@daily", "minute"}, {"0x1 0 * * *", "minute"}, {"+1 0 * * *", "minute"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct crontab crontab = {.either = true};
		struct error err = ERROR_INIT;
		ck_assert_msg(crontab_parse(&crontab, wrong[i][0], &err) == ERROR_USAGE, "%s", wrong[i][0]);
		ck_assert_ptr_nonnull(err.hint);
		unit_assert_error(&err, ERROR_USAGE, wrong[i][1]);
		ck_assert(crontab.either);
	}
}
END_TEST

START_TEST(missed)
{
	in_zone("UTC");
	struct crontab nightly = parsed("17 3 * * *"), weekdays = parsed("17 3 * * 1-5");
	time_t last = at("2026-11-23T03:17:05Z");
	ck_assert_uint_eq(crontab_missed(&nightly, 0, last), 0);
	ck_assert_uint_eq(crontab_missed(&nightly, last, at("2026-11-24T03:17:05Z")), 0);
	ck_assert_uint_eq(crontab_missed(&nightly, last, at("2026-11-24T14:00:00Z")), 0);
	ck_assert_uint_eq(crontab_missed(&nightly, last, at("2026-11-24T16:00:00Z")), 1);
	ck_assert_uint_eq(crontab_missed(&nightly, last, at("2026-11-25T03:17:05Z")), 1);
	ck_assert_uint_eq(crontab_missed(&nightly, last, at("2026-11-28T03:20:00Z")), 4);
	ck_assert_uint_eq(crontab_missed(&nightly, last, at("2026-11-20T03:20:00Z")), 0); /* the clock went back */
	/* From Friday to Monday nothing was due. */
	ck_assert_uint_eq(crontab_missed(&weekdays, at("2026-11-27T03:17:05Z"), at("2026-11-30T03:17:05Z")), 0);
	in_zone("Europe/Berlin");
	struct crontab early = parsed("30 2 * * *");
	/* The night on which 02:30 comes twice has one run, looked at in the evening. */
	ck_assert_uint_eq(crontab_missed(&early, at("2026-10-25T00:30:05Z"), at("2026-10-25T18:00:00Z")), 0);
	ck_assert_uint_eq(crontab_missed(&early, at("2026-03-29T01:00:05Z"), at("2026-03-29T18:00:00Z")), 0);
	in_zone("UTC");
	ck_assert_uint_eq(crontab_missed(NULL, last, last + 86400), 0);
	ck_assert_uint_eq(crontab_missed(NULL, last, last + 86400 * 3 / 2), 0);
	ck_assert_uint_eq(crontab_missed(NULL, last, last + 86400 * 3 / 2 + 60), 1);
	ck_assert_uint_eq(crontab_missed(NULL, last, last + 86400 * 4), 3);
}
END_TEST

static void assert_calendar(const char *fields, const char *expected)
{
	struct crontab crontab = parsed(fields);
	AUTO(mem_auto) char *calendar = crontab_calendar(&crontab);
	if (expected)
		ck_assert_str_eq(calendar, expected);
	else
		ck_assert_ptr_null(calendar);
}

START_TEST(calendars)
{
	assert_calendar("17 3 * * *", "*-*-* 03:17");
	assert_calendar("*/30 * * * *", "*-*-* *:00,30");
	assert_calendar("0 4 1,15 jan-mar *", "*-01,02,03-01,15 04:00");
	assert_calendar("0 4 * * mon,fri", "Mon,Fri *-*-* 04:00");
	assert_calendar("0 4 * * 7", "Sun *-*-* 04:00");
	assert_calendar("0 4 * * 0-7", "*-*-* 04:00");
	assert_calendar("0 4 13 * fri", NULL);
}
END_TEST

Suite *crontab_suite(void)
{
	const TTest *const tests[] = {next_times, daylight_saving, mistakes, missed, calendars, NULL};
	return unit_suite("crontab", tests);
}
