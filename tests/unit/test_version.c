#include <string.h>

#include "base/mem.h"
#include "model/version.h"
#include "unit.h"

START_TEST(parses_three_numbers_only)
{
	static const char *const bad[] = {"", "0", "0.0", "0.0.", "0.0.6.1", "v0.0.6", " 0.0.6", "0.0.6 ", "0.0.06",
		"00.0.6",
		"0.0.-6", "0.0.6a", "0.0.1234567", "a.b.c", "0..6"};
	struct version version = {{7, 7, 7}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!version_parse(&version, bad[i]), "took \"%s\"", bad[i]);
	ck_assert(!version_parse(&version, NULL));
	ck_assert_int_eq(version.part[0], 7);
	ck_assert(version_parse(&version, "0.10.205"));
	ck_assert_str_eq(VERSION_TEXT(version), "0.10.205");
	ck_assert(version_parse_typed(&version, "v0.2.4"));
	ck_assert_str_eq(VERSION_TEXT(version), "0.2.4");
	ck_assert(!version_parse_typed(&version, "vv0.2.4"));
}
END_TEST

START_TEST(compares_by_number_not_by_text)
{
	struct version nine = {{0, 0, 9}}, ten = {{0, 0, 10}}, one = {{1, 0, 0}};
	ck_assert_int_lt(version_compare(nine, ten), 0);
	ck_assert_int_gt(version_compare(one, ten), 0);
	ck_assert(version_same(ten, ten));
}
END_TEST

static const char list_text[] =
	"# comment\n"
	"0.2.4 0.0.7\n"
	"\n"
	"  0.2.1\t0.0.6   # after\n"
	"0.2.10 0.0.8\n"
	"0.2.2 0.0.7";

START_TEST(releases_lead_to_versions)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(releases_clear) struct releases releases = {NULL, 0};
	struct version found, seven = {{0, 0, 7}}, none = {{0, 0, 9}};
	unit_assert_ok(releases_parse(&releases, list_text, "releases", &err), &err);
	ck_assert_uint_eq(releases.count, 4);
	ck_assert_str_eq(VERSION_TEXT(releases.items[3].release), "0.2.10");
	ck_assert(releases_find(&found, &releases, (struct version){{0, 2, 1}}));
	ck_assert_str_eq(VERSION_TEXT(found), "0.0.6");
	ck_assert(!releases_find(&found, &releases, (struct version){{0, 2, 3}}));
	ck_assert(releases_newest(&found, &releases, seven));
	ck_assert_str_eq(VERSION_TEXT(found), "0.2.4");
	ck_assert(!releases_newest(&found, &releases, none));
	AUTO(mem_auto) char *names = releases_of(&releases, seven);
	ck_assert_str_eq(names, "0.2.2, 0.2.4");
	AUTO(mem_auto) char *empty = releases_of(&releases, none);
	ck_assert_str_eq(empty, "");
	AUTO(mem_auto) char *near = releases_nearest(&releases, "0.2.5");
	ck_assert_ptr_nonnull(near);
}
END_TEST

START_TEST(refuses_bad_lists)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(releases_clear) struct releases releases = {NULL, 0};
	releases_parse(&releases, "0.2.4 0.0.7\n0.2.4\n", "releases", &err);
	unit_assert_error(&err, ERROR_USAGE, "releases line 2");
	releases_parse(&releases, "0.2.4 0.0.7 x\n", "releases", &err);
	unit_assert_error(&err, ERROR_USAGE, "line 1");
	releases_parse(&releases, "0.2.4 0.0.7\n0.2.4 0.0.6\n", "releases", &err);
	unit_assert_error(&err, ERROR_USAGE, "names release 0.2.4 twice");
	ck_assert_uint_eq(releases.count, 0);
}
END_TEST

Suite *version_suite(void)
{
	const TTest *const tests[] = {parses_three_numbers_only, compares_by_number_not_by_text,
		releases_lead_to_versions, refuses_bad_lists, NULL};
	return unit_suite("version", tests);
}
