#include <string.h>

#include "base/mem.h"
#include "model/reuse.h"
#include "sample.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef"

/* A chunk of table ordinal 1 or 2, from the range that begins at page. */
static void add_chunk(struct manifest *manifest, const char *name, uint64_t page, uint64_t rows)
{
	struct manifest_member *member = manifest_add_member(manifest, name, 1);
	member->ranged = true;
	member->page = page;
	member->content.rows = rows;
	manifest->tables[name[8] - '1'].content.rows += rows;
}

/* Table 1 was read by three ranges, the second of them empty and the third with two chunks, table 2 by one. */
static void fill(struct manifest *manifest)
{
	sample_manifest(manifest, ID, "d", 1000000000);
	for (size_t i = 0; i < 2; i++) {
		struct manifest_table *table = &manifest->tables[i];
		table->oid = 20000 + (int64_t)i;
		table->file = 30000 + (int64_t)i;
		table->shape = mem_copy("shape");
	}
	manifest_add_range(&manifest->tables[0], (struct page_range){8, 0});
	manifest_add_range(&manifest->tables[0], (struct page_range){0, 4});
	manifest_add_range(&manifest->tables[0], (struct page_range){4, 8});
	manifest_add_range(&manifest->tables[0], (struct page_range){0, 4});
	manifest_add_range(&manifest->tables[1], (struct page_range){0, 0});
	manifest_add_member(manifest, "snapshot.json", 1);
	add_chunk(manifest, "data/0001-anchore/1.5.zst", 8, 5);
	add_chunk(manifest, "data/0002-em_pty/1.7.zst", 0, 7);
	add_chunk(manifest, "data/0001-anchore/2.3.zst", 0, 3);
	add_chunk(manifest, "data/0001-anchore/3.2.zst", 8, 2);
	ck_assert(manifest_close_ranges(&manifest->tables[0]));
	ck_assert(manifest_close_ranges(&manifest->tables[1]));
}

static void assert_refused(const struct manifest *then, const struct manifest *now, const char *why)
{
	const char *found = reuse_refusal(then, now);
	ck_assert_msg(found && strstr(found, why), "%s: %s", why, found ? found : "nothing");
}

START_TEST(a_snapshot_that_anything_speaks_against_is_refused)
{
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	fill(&a);
	fill(&b);
	ck_assert_ptr_null(reuse_refusal(&a, &b));
	b.identity.oid++;
	assert_refused(&a, &b, "another database");
	b.identity.oid--;
	b.identity.timeline++;
	assert_refused(&a, &b, "another database");
	b.identity.timeline--;
	mem_replace(&b.identity.started, mem_copy("2026-11-24"));
	assert_refused(&a, &b, "restarted");
	mem_replace(&b.identity.started, mem_copy(a.identity.started));
	a.moment.durable = false;
	assert_refused(&a, &b, "disk");
	a.moment.durable = true;
	b.server_number = 150019;
	assert_refused(&a, &b, "version of PostgreSQL");
	b.server_number = a.server_number;
	mem_replace(&b.properties.encoding, mem_copy("LATIN1"));
	assert_refused(&a, &b, "encoding");
	mem_replace(&b.properties.encoding, mem_copy(a.properties.encoding));
	b.moment.xmax = a.moment.xmax - 1;
	assert_refused(&a, &b, "do not go on");
	b.moment.xmax = a.moment.xmin + ((int64_t)1 << 30) - 1;
	ck_assert_ptr_null(reuse_refusal(&a, &b));
	b.moment.xmax++;
	assert_refused(&a, &b, "too many");
	a.moment.xmin = b.moment.xmin = a.moment.xmax = b.moment.xmax = ((int64_t)5 << 32) + 2;
	assert_refused(&a, &b, "unknown kind");
	a.moment.xmax = b.moment.xmax = ++a.moment.xmin;
	ck_assert_ptr_null(reuse_refusal(&a, &b));
	a.tables[0].range_count = a.tables[1].range_count = 0;
	assert_refused(&a, &b, "did not record");
}
END_TEST

START_TEST(ranges_have_their_rows_and_chunks)
{
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	AUTO(reuse_clear) struct reuse reuse;
	fill(&a);
	fill(&b);
	reuse_build(&reuse, &a, &b);
	ck_assert_uint_eq(reuse.tables[0].count, 3);
	const struct reuse_range *ranges = reuse.tables[0].ranges;
	ck_assert_uint_eq(ranges[0].rows, 3);
	ck_assert_uint_eq(ranges[0].count, 1);
	ck_assert_uint_eq(reuse.chunks[ranges[0].first].member, 3);
	ck_assert_uint_eq(ranges[1].rows, 0);
	ck_assert_uint_eq(ranges[1].count, 0);
	ck_assert_uint_eq(ranges[2].rows, 7);
	ck_assert_uint_eq(ranges[2].count, 2);
	ck_assert_uint_eq(reuse.chunks[ranges[2].first].member, 1);
	ck_assert_uint_eq(reuse.chunks[ranges[2].first + 1].member, 4);
	ck_assert_uint_eq(reuse.tables[1].ranges[0].rows, 7);
	ck_assert_int_eq(reuse.since, a.moment.xmin);
}
END_TEST

static size_t ranges_left(const struct manifest *a, const struct manifest *b)
{
	AUTO(reuse_clear) struct reuse reuse;
	reuse_build(&reuse, a, b);
	ck_assert_uint_eq(reuse.tables[1].count, 1);
	return reuse.tables[0].count;
}

START_TEST(a_table_that_is_another_is_not_known)
{
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	fill(&a);
	fill(&b);
	struct manifest_table *table = &b.tables[0];
	ck_assert_uint_eq(ranges_left(&a, &b), 3);
	table->oid++;
	ck_assert_uint_eq(ranges_left(&a, &b), 0);
	table->oid--;
	table->file++;
	ck_assert_uint_eq(ranges_left(&a, &b), 0);
	table->file--;
	mem_replace(&table->shape, mem_copy("other"));
	ck_assert_uint_eq(ranges_left(&a, &b), 0);
	mem_replace(&table->shape, NULL);
	mem_replace(&a.tables[0].shape, NULL);
	ck_assert_uint_eq(ranges_left(&a, &b), 0);
	table->shape = mem_copy("shape");
	a.tables[0].shape = mem_copy("shape");
	list_add(&table->columns, "z");
	ck_assert_uint_eq(ranges_left(&a, &b), 0);
	list_add(&a.tables[0].columns, "z");
	ck_assert_uint_eq(ranges_left(&a, &b), 3);
	/* A chunk that no range accounts for. */
	a.members[1].page = 5;
	ck_assert_uint_eq(ranges_left(&a, &b), 0);
}
END_TEST

START_TEST(untouched_needs_a_quiet_moment)
{
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	fill(&a);
	fill(&b);
	static const struct {
		int64_t then_xmin, now_xmax, prepared;
		bool untouched;
	} cases[] = {{12, 12, 0, true}, {11, 12, 0, false}, {12, 13, 0, false}, {12, 12, 1, false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(reuse_clear) struct reuse reuse;
		a.moment.xmin = cases[i].then_xmin;
		b.moment.xmax = cases[i].now_xmax;
		a.moment.prepared = cases[i].prepared;
		reuse_build(&reuse, &a, &b);
		ck_assert_msg(reuse.untouched == cases[i].untouched, "case %zu", i);
		ck_assert(reuse.schema == reuse.untouched);
	}
}
END_TEST

/* Another pg_dump, or another program that calls it, may write something else of the same. */
START_TEST(the_schema_is_of_the_same_programs)
{
	AUTO(manifest_clear) struct manifest a;
	AUTO(manifest_clear) struct manifest b;
	fill(&a);
	fill(&b);
	a.moment.xmin = a.moment.xmax = b.moment.xmax = 12;
	char **const versions[] = {&b.tool_version, &b.client_version};
	for (size_t i = 0; i < 2; i++) {
		AUTO(reuse_clear) struct reuse same;
		AUTO(reuse_clear) struct reuse other;
		reuse_build(&same, &a, &b);
		ck_assert(same.schema);
		char *before = *versions[i];
		*versions[i] = "0";
		reuse_build(&other, &a, &b);
		*versions[i] = before;
		ck_assert(other.untouched && !other.schema);
	}
}
END_TEST

static bool closes(const struct page_range *ranges, size_t count)
{
	struct manifest_table table = {.name = NULL};
	for (size_t i = 0; i < count; i++)
		manifest_add_range(&table, ranges[i]);
	bool whole = manifest_close_ranges(&table);
	ck_assert(whole || !table.range_count);
	mem_free(table.ranges);
	return whole;
}
#define CLOSES(...) closes((const struct page_range[]){__VA_ARGS__}, \
	sizeof((const struct page_range[]){__VA_ARGS__}) / sizeof(struct page_range))

START_TEST(ranges_cover_every_page_once)
{
	ck_assert(CLOSES({0, 0}));
	ck_assert(CLOSES({7, 0}, {0, 7}));
	ck_assert(!CLOSES({0, 7}));
	ck_assert(!CLOSES({1, 0}));
	ck_assert(!CLOSES({0, 6}, {7, 0}));
	ck_assert(!CLOSES({0, 8}, {7, 0}));
	ck_assert(!CLOSES({0, 0}, {7, 0}));
	ck_assert(!CLOSES({0, 5}, {5, 3}, {3, 0}));
}
END_TEST

Suite *reuse_suite(void)
{
	const TTest *const tests[] = {a_snapshot_that_anything_speaks_against_is_refused,
		ranges_have_their_rows_and_chunks, a_table_that_is_another_is_not_known,
		untouched_needs_a_quiet_moment, the_schema_is_of_the_same_programs, ranges_cover_every_page_once, NULL};
	return unit_suite("reuse", tests);
}
