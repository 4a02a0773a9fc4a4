#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"
#include "work/scan_plan.h"

/* A table of so many pages, of 8192 bytes each; shares are of ten pages. */
static void assert_plan(uint64_t pages, const struct reuse_table *known, bool untouched, const char *expected)
{
	setenv("ANCHORE_ADMIN_CHUNK", "81920", 1);
	const struct stock stock = {.pages = pages, .bytes = pages * 8192};
	const struct scan_table table = {.stock = &stock, .known = known, .untouched = untouched};
	size_t count = 0;
	AUTO(mem_auto) struct scan_task *tasks = scan_plan(&count, &table, 1, true);
	AUTO(text_clear) struct text found = TEXT_INIT;
	for (size_t i = 0; i < count; i++)
		text_addf(&found, "%s%d-%d", tasks[i].known ? " =" : " ", (int)tasks[i].pages.first,
			(int)tasks[i].pages.end);
	ck_assert_str_eq(found.data, expected);
}

START_TEST(a_table_is_cut_into_shares)
{
	assert_plan(0, NULL, false, " 0-0");
	assert_plan(9, NULL, false, " 0-0");
	assert_plan(25, NULL, false, " 0-9 9-18 18-0");
}
END_TEST

START_TEST(what_is_known_keeps_its_ranges)
{
	struct reuse_range ranges[] = {{.pages = {0, 9}}, {.pages = {9, 18}}, {.pages = {18, 0}}};
	const struct reuse_table known = {ranges, 3};
	assert_plan(25, &known, false, " =0-9 =9-18 =18-0");
	assert_plan(31, &known, false, " =0-9 =9-18 =18-0");
	/* Grown by more than half a share, and far more. */
	assert_plan(34, &known, false, " =0-9 =9-18 18-26 26-0");
	assert_plan(45, &known, false, " =0-9 =9-18 18-27 27-36 36-0");
	assert_plan(45, &known, true, " =0-9 =9-18 =18-0");
	/* Cut off by VACUUM. */
	assert_plan(15, &known, false, " =0-9 =9-18 18-0");
	assert_plan(5, &known, false, " =0-9 9-0");
	assert_plan(0, &known, false, " =0-9 9-0");
	assert_plan(5, &known, true, " =0-9 =9-18 =18-0");
}
END_TEST

Suite *scan_plan_suite(void)
{
	const TTest *const tests[] = {a_table_is_cut_into_shares, what_is_known_keeps_its_ranges, NULL};
	return unit_suite("scan_plan", tests);
}
