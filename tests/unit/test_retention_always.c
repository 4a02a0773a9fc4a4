#include <stdio.h>

#include "base/mem.h"
#include "retained.h"

/* ---- what does not count ---- */

START_TEST(damaged_ones_take_nobodys_place_and_stay)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24");
	for (size_t i = 0; i < 4; i += 2) {
		scene.snapshots[i].counts = false;
		scene.snapshots[i].alone = "damaged";
		scene.snapshots[i].pinned = true;
	}
	scene.rules.last = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kkkd");
	retained_assert_reasons(&scene, 0, "damaged");
	retained_assert_reasons(&scene, 1, "the newest one; the newest one of version 0.0.6; the last one");
}
END_TEST

START_TEST(a_file_that_says_nothing_of_itself)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27");
	scene.snapshots[scene.count++] = (struct retention_snapshot){.alone = "not a snapshot"};
	scene.rules.last = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kk");
}
END_TEST

START_TEST(a_second_file_of_the_same_snapshot)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-27", "2026-11-26", "2026-11-25",
		"2026-11-25");
	scene.snapshots[1].id = scene.snapshots[0].id;
	scene.snapshots[4].id = scene.snapshots[3].id;
	scene.rules.last = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kkkdd");
	retained_assert_reasons(&scene, 4, "not among the last 2; a second file of the same snapshot");
}
END_TEST

START_TEST(what_is_known_of_a_second_file_counts)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-25");
	scene.snapshots[3].id = scene.snapshots[2].id;
	scene.snapshots[3].proven = true;
	scene.rules.last = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kdkk");
	retained_assert_reasons(&scene, 2, "the newest proven one of version 0.0.6");
}
END_TEST

/* Nights of a database that an upgrade left half way, at the old version number. */
START_TEST(half_upgraded_ones_do_not_drive_out_the_way_back)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24",
		"2026-11-23");
	for (size_t i = 0; i < 3; i++)
		scene.snapshots[i].odd = scene.snapshots[i].verified = true;
	scene.snapshots[4].verified = true;
	scene.rules.last = 2;
	retained_decide(&scene);
	retained_assert(&scene, "kkdkk");
	retained_assert_reasons(&scene, 3, "the newest one with the schema of version 0.0.6");
	retained_assert_reasons(&scene, 4, "the newest verified one of version 0.0.6, of which none is proven");
	/* Where it is so for good, it says nothing. */
	scene.snapshots[3].odd = scene.snapshots[4].odd = true;
	scene.snapshots[0].verified = scene.snapshots[1].verified = scene.snapshots[2].verified = false;
	for (size_t i = 0; i < 5; i++)
		retention_verdict_clear(&scene.verdicts[i]);
	retained_decide(&scene);
	retained_assert(&scene, "kkddk");
}
END_TEST

START_TEST(databases_do_not_drive_each_other_out)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24");
	scene.snapshots[2].database = scene.snapshots[3].database = "other";
	scene.rules.last = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kdkd");
}
END_TEST

/* ---- what stays whatever the rules say ---- */

START_TEST(pinned_and_needed_ones)
{
	AUTO(retained_clear) struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25");
	scene.snapshots[1].pinned = true;
	scene.snapshots[2].needed = "upgrade of 2026-11-25";
	scene.rules.last = 1;
	retained_decide(&scene);
	retained_assert(&scene, "kkk");
	retained_assert_reasons(&scene, 1, "pinned");
	retained_assert_reasons(&scene, 2, "upgrade of 2026-11-25 depends on it");
}
END_TEST

/* In use are 0.0.6 and 0.0.5, of 0.0.4 nobody speaks. */
static struct retained versions(void)
{
	struct retained scene = RETAINED("2026-11-27", "2026-11-26", "2026-11-25", "2026-11-24", "2026-11-23",
		"2026-11-22", "2026-11-21");
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
	AUTO(retained_clear) struct retained scene = versions();
	retained_decide(&scene);
	retained_assert(&scene, "kddkddd");
	retained_assert_reasons(&scene, 3, "the newest one of version 0.0.5");
}
END_TEST

START_TEST(the_newest_proven_one_of_each_version_in_use)
{
	AUTO(retained_clear) struct retained scene = versions();
	scene.snapshots[1].proven = scene.snapshots[2].proven = true;
	scene.snapshots[4].verified = true;
	scene.snapshots[5].proven = scene.snapshots[5].verified = true;
	scene.snapshots[6].proven = true;
	retained_decide(&scene);
	retained_assert(&scene, "kkdkdkd");
	retained_assert_reasons(&scene, 1, "the newest proven one of version 0.0.6");
	retained_assert_reasons(&scene, 5, "the newest proven one of version 0.0.5");
}
END_TEST

START_TEST(where_none_is_proven_the_newest_verified_one)
{
	AUTO(retained_clear) struct retained scene = versions();
	scene.snapshots[2].verified = true;
	scene.snapshots[4].verified = scene.snapshots[5].verified = true;
	retained_decide(&scene);
	retained_assert(&scene, "kdkkkdd");
	retained_assert_reasons(&scene, 4, "the newest verified one of version 0.0.5, of which none is proven");
}
END_TEST

/* ---- databases ---- */

static const char *judge_aside(const char *since, bool newest, const char *last, long long keep_for)
{
	static char said[128];
	struct retention_verdict verdict;
	const struct retention_aside aside = {retained_time(since), newest, last ? retained_time(last) : 0};
	retention_decide_aside(&verdict, &aside, keep_for, retained_time("2026-11-27"));
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

Suite *retention_always_suite(void)
{
	const TTest *const tests[] = {damaged_ones_take_nobodys_place_and_stay, a_file_that_says_nothing_of_itself,
		a_second_file_of_the_same_snapshot, what_is_known_of_a_second_file_counts,
		half_upgraded_ones_do_not_drive_out_the_way_back,
		databases_do_not_drive_each_other_out, pinned_and_needed_ones,
		the_newest_of_each_version_in_use, the_newest_proven_one_of_each_version_in_use,
		where_none_is_proven_the_newest_verified_one, databases_that_were_put_aside, NULL};
	return unit_suite("retention_always", tests);
}
