#include <string.h>

#include "base/mem.h"
#include "model/columns.h"
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

/* ---- rows by column ---- */

static void assert_columns(size_t count, const char *const *rows, size_t row_count)
{
	struct columns columns;
	AUTO(text_clear) struct text expected = TEXT_INIT;
	AUTO(text_clear) struct text stored = TEXT_INIT;
	AUTO(text_clear) struct text joined = TEXT_INIT;
	columns_init(&columns, count);
	for (size_t i = 0; i < row_count; i++) {
		ck_assert(columns_add(&columns, rows[i], strlen(rows[i])));
		text_addf(&expected, "%s\n", rows[i]);
	}
	ck_assert_uint_eq(columns.rows, row_count);
	ck_assert_uint_eq(columns.bytes, expected.size);
	for (size_t i = 0; i < columns.count; i++)
		text_add_bytes(&stored, columns.values[i].data, columns.values[i].size);
	ck_assert_uint_eq(stored.size, expected.size);
	ck_assert(columns_join(&joined, stored.data, stored.size, count, row_count));
	ck_assert_str_eq(joined.data, expected.data);
	columns_clear(&columns);
}

START_TEST(rows_come_back_from_columns)
{
	assert_columns(3, (const char *const[]){"a\tb\tc", "\t\t", "1\t\\N\t\\t\\n"}, 3);
	assert_columns(1, (const char *const[]){"one", "", "three"}, 3);
	assert_columns(0, (const char *const[]){"", "", ""}, 3);
	assert_columns(2, (const char *const[]){"x\ty"}, 1);
}
END_TEST

START_TEST(columns_stand_together)
{
	struct columns columns;
	columns_init(&columns, 2);
	ck_assert(columns_add(&columns, "a\t1", 3));
	ck_assert(columns_add(&columns, "b\t2", 3));
	ck_assert_int_eq(memcmp(columns.values[0].data, "a\nb\n", 4), 0);
	ck_assert_int_eq(memcmp(columns.values[1].data, "1\n2\n", 4), 0);
	columns_reset(&columns);
	ck_assert_uint_eq(columns.rows, 0);
	ck_assert_uint_eq(columns.values[0].size, 0);
	columns_clear(&columns);
}
END_TEST

START_TEST(rows_of_another_width_are_not_taken)
{
	struct columns columns;
	columns_init(&columns, 2);
	ck_assert(columns_add(&columns, "a\t1", 3));
	ck_assert(!columns_add(&columns, "bcd", 3));
	ck_assert(!columns_add(&columns, "b\t2\t3", 5));
	ck_assert_uint_eq(columns.rows, 1);
	ck_assert_uint_eq(columns.values[0].size, 2);
	ck_assert_uint_eq(columns.values[1].size, 2);
	columns_clear(&columns);
}
END_TEST

START_TEST(texts_of_another_shape_are_not_joined)
{
	AUTO(text_clear) struct text out = TEXT_INIT;
	ck_assert(!columns_join(&out, "a\nb\nc\n", 6, 2, 2));
	ck_assert(!columns_join(&out, "a\nb\nc\nd", 7, 2, 2));
	ck_assert(!columns_join(&out, "a\nb\nc\nd\ne\n", 10, 2, 2));
	ck_assert(!columns_join(&out, "", 0, 1, 1));
	ck_assert(!columns_join(&out, "a\n", 2, 1, UINT64_MAX));
	ck_assert_uint_eq(out.size, 0);
}
END_TEST

Suite *manifest_suite(void)
{
	const TTest *const tests[] = {folders_have_plain_names, chunk_names_are_read,
		tables_are_found_by_schema_and_name, identities_are_the_server_and_the_oid, rows_come_back_from_columns,
		columns_stand_together, rows_of_another_width_are_not_taken, texts_of_another_shape_are_not_joined,
		NULL};
	return unit_suite("manifest", tests);
}
