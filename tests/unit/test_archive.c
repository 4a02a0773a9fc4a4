#include <string.h>

#include "base/mem.h"
#include "io/digest.h"
#include "sample.h"
#include "unit.h"
#include "work/archive.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct frame some_frame(void)
{
	struct frame frame;
	memset(frame.sha256, 'a', 64);
	frame.sha256[64] = '\0';
	return frame;
}

START_TEST(a_snapshot_comes_back)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	sample_manifest(&a, ID, "d", 1000000000);
	a.tables[0].oid = 20000;
	a.tables[0].file = 30000;
	a.tables[0].shape = mem_copy("shape");
	manifest_init(&b);
	AUTO(mem_auto) char *text = archive_print_snapshot(&a);
	unit_assert_ok(archive_read_snapshot(&b, text, strlen(text), &err), &err);
	ck_assert_str_eq(b.id, ID);
	ck_assert_int_eq(b.created, 1000000000);
	ck_assert_str_eq(b.properties.comment, "a \"comment\"\n");
	ck_assert_ptr_null(b.properties.icu_locale);
	ck_assert_ptr_null(b.sql_commit);
	ck_assert_str_eq(b.moment.xid_snapshot, "10:12:11");
	ck_assert(b.moment.durable);
	ck_assert_uint_eq(b.table_count, 2);
	ck_assert_str_eq(b.tables[1].schema, "odd \"schema\"");
	ck_assert_str_eq(b.tables[0].floats.items[0], "service_version");
	ck_assert_str_eq(b.properties.settings.items[0], "\twork_mem\t8MB");
	ck_assert_int_eq(b.tables[0].file, 30000);
	ck_assert_str_eq(b.tables[0].shape, "shape");
	ck_assert_int_eq(b.tables[1].file, 0);
	AUTO(mem_auto) char *again = archive_print_snapshot(&b);
	ck_assert_str_eq(text, again);
}
END_TEST

/* Every field is missed when it is not there, and when it is of another type. */
START_TEST(missing_fields_are_told)
{
	AUTO(manifest_clear) struct manifest a;
	sample_manifest(&a, ID, "d", 1000000000);
	AUTO(mem_auto) char *text = archive_print_snapshot(&a);
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(json_auto) json_t *whole = NULL;
	unit_assert_ok(json_parse(&whole, text, strlen(text), "test", &err), &err);
	const char *key;
	json_t *value;
	json_object_foreach(whole, key, value) {
		AUTO(manifest_clear) struct manifest b;
		manifest_init(&b);
		AUTO(json_auto) json_t *changed = json_copy(whole);
		json_object_del(changed, key);
		AUTO(mem_auto) char *without = json_print(changed);
		ck_assert_msg(archive_read_snapshot(&b, without, strlen(without), &err) == ERROR_CORRUPT,
			"without %s", key);
		ck_assert_ptr_nonnull(strstr(err.message, key));
		json_object_set_new(changed, key, json_real(1.5));
		AUTO(mem_auto) char *other = json_print(changed);
		ck_assert_msg(archive_read_snapshot(&b, other, strlen(other), &err) == ERROR_CORRUPT, "other %s", key);
		ck_assert_ptr_null(b.id);
	}
}
END_TEST

START_TEST(what_is_no_json_is_corrupt)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(manifest_clear) struct manifest b;
	manifest_init(&b);
	int64_t format = 0;
	const char *const texts[] = {"", "{", "[]", "null", "{\"format\": \"1\"}", "{\"format\": 0}", "{} x"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ck_assert_int_eq(archive_read_snapshot(&b, texts[i], strlen(texts[i]), &err), ERROR_CORRUPT);
		ck_assert_int_eq(archive_read_format(&format, texts[i], strlen(texts[i]), &err), ERROR_CORRUPT);
	}
	unit_assert_ok(archive_read_format(&format, "{\"format\": 7}", 13, &err), &err);
	ck_assert_int_eq(format, 7);
}
END_TEST

/* A manifest with some of everything. */
static void fill(struct manifest *manifest)
{
	sample_manifest(manifest, ID, "d", 1000000000);
	manifest->tables[0].content = (struct content){5, 0xfedcba9876543210, 1};
	manifest->tables[0].bytes = 77;
	manifest->large_objects = (struct content){2, 0, UINT64_MAX};
	manifest_add_sequence(manifest, "s", "q")->last_value = mem_copy("12");
	digest_sha256_hex(manifest_add_member(manifest, ARCHIVE_SNAPSHOT, 3)->sha256, "abc", 3);
	struct manifest_member *chunk = manifest_add_member(manifest, "data/0001-anchore/1.5.zst", 9);
	*chunk = (struct manifest_member){.name = chunk->name, .size = 9, .ranged = true, .page = 7,
		.content = {5, 3, 4}, .bytes = 77, .reused = true};
	memset(chunk->sha256, 'b', 64);
	manifest_add_range(&manifest->tables[0], (struct page_range){0, 7});
	manifest_add_range(&manifest->tables[0], (struct page_range){7, 0});
	manifest->reused = (struct manifest_reused){mem_copy("cafe"), 1, 9};
}

START_TEST(a_manifest_comes_back)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	struct frame frame = some_frame(), read;
	fill(&a);
	sample_manifest(&b, ID, "d", 1000000000);
	AUTO(mem_auto) char *text = archive_print_manifest(&a, &frame);
	unit_assert_ok(archive_read_manifest(&b, &read, text, strlen(text), &err), &err);
	ck_assert(content_same(&a.tables[0].content, &b.tables[0].content));
	ck_assert(content_same(&a.large_objects, &b.large_objects));
	ck_assert_uint_eq(b.tables[0].bytes, 77);
	ck_assert_str_eq(b.sequences[0].last_value, "12");
	ck_assert(!b.sequences[0].is_called);
	ck_assert_str_eq(b.members[0].sha256, a.members[0].sha256);
	ck_assert(!b.members[0].ranged);
	ck_assert(b.members[1].ranged && b.members[1].reused);
	ck_assert_uint_eq(b.members[1].page, 7);
	ck_assert_uint_eq(b.members[1].bytes, 77);
	ck_assert(content_same(&b.members[1].content, &a.members[1].content));
	ck_assert_uint_eq(b.tables[0].range_count, 2);
	ck_assert_uint_eq(b.tables[0].ranges[1].first, 7);
	ck_assert_uint_eq(b.tables[1].range_count, 0);
	ck_assert_str_eq(b.reused.from, "cafe");
	ck_assert_uint_eq(b.reused.bytes, 9);
	ck_assert_str_eq(read.sha256, frame.sha256);
}
END_TEST

START_TEST(a_manifest_proves_itself)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(manifest_clear) struct manifest a;
	struct frame frame = some_frame(), read;
	fill(&a);
	AUTO(mem_auto) char *text = archive_print_manifest(&a, &frame);
	size_t size = strlen(text);
	for (size_t i = 0; i < size; i++) {
		AUTO(manifest_clear) struct manifest b;
		sample_manifest(&b, ID, "d", 1000000000);
		text[i] ^= 1;
		ck_assert_msg(archive_read_manifest(&b, &read, text, size, &err) == ERROR_CORRUPT, "byte %zu", i);
		text[i] ^= 1;
	}
	AUTO(manifest_clear) struct manifest b;
	sample_manifest(&b, ID, "d", 1000000000);
	ck_assert_int_eq(archive_read_manifest(&b, &read, text, size - 1, &err), ERROR_CORRUPT);
}
END_TEST

START_TEST(a_manifest_belongs_to_its_snapshot)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	AUTO(manifest_clear) struct manifest c;
	struct frame frame = some_frame(), read;
	fill(&a);
	AUTO(mem_auto) char *text = archive_print_manifest(&a, &frame);
	sample_manifest(&b, "ffff", "d", 1000000000);
	ck_assert_int_eq(archive_read_manifest(&b, &read, text, strlen(text), &err), ERROR_CORRUPT);
	unit_assert_error(&err, ERROR_CORRUPT, "\"id\"");
	sample_manifest(&c, ID, "d", 1000000000);
	manifest_add_table(&c, "public", "third");
	ck_assert_int_eq(archive_read_manifest(&c, &read, text, strlen(text), &err), ERROR_CORRUPT);
	unit_assert_error(&err, ERROR_CORRUPT, "\"tables\"");
}
END_TEST

Suite *archive_suite(void)
{
	const TTest *const tests[] = {a_snapshot_comes_back, missing_fields_are_told, what_is_no_json_is_corrupt,
		a_manifest_comes_back, a_manifest_proves_itself, a_manifest_belongs_to_its_snapshot, NULL};
	return unit_suite("archive", tests);
}
