#include <string.h>

#include "base/mem.h"
#include "model/manifest.h"
#include "unit.h"

static void assert_folder(size_t ordinal, const char *name, const char *expected)
{
	AUTO(mem_auto) char *folder = manifest_table_folder(ordinal, name);
	ck_assert_str_eq(folder, expected);
}

START_TEST(folders_have_plain_names)
{
	assert_folder(1, "anchore", "data/0001-anchore");
	assert_folder(12345, "a b/../\"ü", "data/12345-a_b_______");
	assert_folder(2, "", "data/0002-");
	assert_folder(3, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddX",
		"data/0003-aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd");
}
END_TEST

START_TEST(chunk_names_are_read)
{
	size_t ordinal = 0;
	uint64_t rows = 0;
	ck_assert(manifest_read_chunk_name("data/0012-some-name/3.450.zst", &ordinal, &rows));
	ck_assert_uint_eq(ordinal, 12);
	ck_assert_uint_eq(rows, 450);
	static const char *const wrong[] = {"data/0012-x/3.450.zs", "data/0012-x/3.zst", "data/0012-x/3.0.zst",
		"data/0012-x/0.4.zst", "data/0000-x/3.4.zst", "data/x/3.4.zst", "other/0012-x/3.4.zst",
		"data/0012-x/3.-4.zst",
		"data/0012-x/3.4.zst.zst", "data/0012-x/3.99999999999999999999.zst", "data/-x/3.4.zst", "data/", ""};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(!manifest_read_chunk_name(wrong[i], &ordinal, &rows), "%s", wrong[i]);
}
END_TEST

START_TEST(tables_are_found_by_schema_and_name)
{
	AUTO(manifest_clear) struct manifest manifest;
	manifest_init(&manifest);
	for (int i = 0; i < 20; i++) {
		AUTO(mem_auto) char *name = mem_format("t%d", i);
		manifest_add_table(&manifest, "public", name);
		manifest_add_member(&manifest, name, 1);
		manifest_add_sequence(&manifest, "public", name);
	}
	manifest_add_table(&manifest, "other", "t3");
	ck_assert_ptr_eq(manifest_find_table(&manifest, "public", "t19"), &manifest.tables[19]);
	ck_assert_ptr_eq(manifest_find_table(&manifest, "other", "t3"), &manifest.tables[20]);
	ck_assert_ptr_null(manifest_find_table(&manifest, "other", "t4"));
}
END_TEST

START_TEST(identities_are_the_server_and_the_oid)
{
	struct identity a = {(char *)"7", 1, (char *)"a", 5, (char *)"x"};
	struct identity b = {(char *)"7", 1, (char *)"b", 5, (char *)"y"};
	ck_assert(identity_same(&a, &b));
	b.timeline = 2;
	ck_assert(!identity_same(&a, &b));
	b = a;
	b.oid = 6;
	ck_assert(!identity_same(&a, &b));
	b = a;
	b.system_identifier = (char *)"8";
	ck_assert(!identity_same(&a, &b));
}
END_TEST

Suite *manifest_suite(void)
{
	const TTest *const tests[] = {folders_have_plain_names, chunk_names_are_read,
		tables_are_found_by_schema_and_name, identities_are_the_server_and_the_oid, NULL};
	return unit_suite("manifest", tests);
}
