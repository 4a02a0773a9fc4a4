#include <string.h>

#include "base/mem.h"
#include "model/toc.h"
#include "unit.h"

/* ---- fixtures ---- */

static const char *const TABLES[][2] = {
	{"public", "parent"}, {"public", "child"}, {"odd s", "a; b\nc"}, {"public", "tiny"}};

static void make_manifest(struct manifest *manifest)
{
	manifest_init(manifest);
	for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++)
		manifest_add_table(manifest, TABLES[i][0], TABLES[i][1])->bytes = i == 3 ? 10 : 1000;
}

#define TABLE_LINES \
	";\n; Archive created at 2026-11-25 19:05:44 UTC\n;     dbname: it's; odd\n;\n\n;\n" \
	"10; 1259 1 TABLE public parent me\n" \
	"11; 1259 2 TABLE public child me\n" \
	"12; 1259 3 TABLE odd s a; b c me\n" \
	"13; 1259 4 TABLE public tiny me\n"

#define POST_LINES \
	"20; 2606 20 CONSTRAINT public parent parent_pkey me\n;\tdepends on: 10 10\n" \
	"21; 2606 21 CONSTRAINT public child child_pkey me\n;\tdepends on: 11\n" \
	"22; 1259 22 INDEX odd s an index me\n;\tdepends on: 12 12 9999\n" \
	"23; 2606 23 CONSTRAINT public tiny tiny_pkey me\n;\tdepends on: 13\n" \
	"30; 2606 30 FK CONSTRAINT public child child_fkey me\n;\tdepends on: 11 20 10\n" \
	"40; 2620 40 TRIGGER public child t me\n;\tdepends on: 11\n" \
	"41; 0 0 COMMENT public CONSTRAINT child_pkey ON child me\n;\tdepends on: 21\n"

/* The second listing is the first without what is before the rows, and without dependencies. */
static char *post_of(const char *lines)
{
	struct text text = TEXT_INIT;
	while (*lines) {
		size_t size = strcspn(lines, "\n") + 1;
		if (*lines != ';')
			text_add_bytes(&text, lines, size);
		lines += size;
	}
	return text_take(&text);
}

static int parse(struct toc *toc, const struct manifest *manifest, const char *before, const char *after,
	struct error *err)
{
	AUTO(mem_auto) char *all = mem_format("%s%s", before, after);
	AUTO(mem_auto) char *post = post_of(after);
	return toc_parse(toc, all, post, manifest, err);
}

static void parse_well(struct toc *toc, const struct manifest *manifest, const char *before, const char *after)
{
	struct error err = ERROR_INIT;
	unit_assert_ok(parse(toc, manifest, before, after, &err), &err);
}

/* "20,30" */
static char *ids(const struct toc *toc, const struct toc_list *list)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < list->count; i++)
		text_addf(&text, "%s%ld", i ? "," : "", toc->entries[list->items[i]].id);
	return text_take(&text);
}

static void assert_plan(const char *before, const char *after, bool trusted, const char *early, const char *builds,
	const char *last)
{
	AUTO(manifest_clear) struct manifest manifest;
	AUTO(toc_clear) struct toc toc = {0};
	AUTO(toc_plan_clear) struct toc_plan plan = {0};
	struct error err = ERROR_INIT;
	make_manifest(&manifest);
	parse_well(&toc, &manifest, before, after);
	unit_assert_ok(toc_plan(&plan, &toc, &manifest, 100, trusted, &err), &err);
	AUTO(mem_auto) char *a = ids(&toc, &plan.early), *b = ids(&toc, &plan.builds), *c = ids(&toc, &plan.last);
	ck_assert_str_eq(a, early);
	ck_assert_str_eq(b, builds);
	ck_assert_str_eq(c, last);
}

/* ---- reading ---- */

START_TEST(entries_have_kinds_needs_and_tables)
{
	AUTO(manifest_clear) struct manifest manifest;
	AUTO(toc_clear) struct toc toc = {0};
	make_manifest(&manifest);
	parse_well(&toc, &manifest, TABLE_LINES, POST_LINES);
	ck_assert_uint_eq(toc.count, 11);
	ck_assert_int_eq(toc.entries[2].kind, TOC_TABLE);
	ck_assert_uint_eq(toc.entries[2].table, 2);
	ck_assert(!toc.entries[2].post);
	ck_assert_int_eq(toc.entries[4].kind, TOC_CONSTRAINT);
	ck_assert_uint_eq(toc.entries[4].need_count, 1);
	ck_assert(toc.entries[4].post);
	ck_assert_int_eq(toc.entries[6].kind, TOC_INDEX);
	ck_assert_uint_eq(toc.entries[6].need_count, 1);
	ck_assert_int_eq(toc.entries[8].kind, TOC_FOREIGN_KEY);
	ck_assert_uint_eq(toc.entries[8].need_count, 3);
	size_t tables[3];
	ck_assert_uint_eq(toc_tables(tables, &toc, 8), 2);
	ck_assert_int_eq(toc.entries[9].kind, TOC_OTHER);
}
END_TEST

/* Each makes the caller fall back to pg_restore's order. */
START_TEST(what_is_not_understood_is_an_error)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{TABLE_LINES "nonsense\n", POST_LINES},
		{TABLE_LINES "14; 1259 TABLE public x me\n", POST_LINES},
		{TABLE_LINES "10; 1259 9 TABLE public x me\n", POST_LINES},
		{";\tdepends on: 3\n" TABLE_LINES, POST_LINES},
		{TABLE_LINES, "50; 1 2 RULE public r me\n;\tdepends on: 10\n;\tdepends on: 11\n"},
		{TABLE_LINES, "50; 1 2 RULE public r me\n;\tdepends on: 10 x\n"},
		/* a twin, seen twice */
		{TABLE_LINES "14; 1259 9 TABLE public child me\n", POST_LINES},
	};
	AUTO(manifest_clear) struct manifest manifest;
	make_manifest(&manifest);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct toc toc = {0};
		struct error err = ERROR_INIT;
		ck_assert_msg(parse(&toc, &manifest, cases[i].before, cases[i].after, &err) != 0, "case %zu", i);
		unit_assert_error(&err, ERROR_FAILED, NULL);
		ck_assert_ptr_null(toc.entries);
	}
}
END_TEST

START_TEST(both_listings_must_agree)
{
	static const char *const posts[] = {
		"20; 2606 20 CONSTRAINT public parent another me\n",
		"99; 2606 20 CONSTRAINT public parent parent_pkey me\n",
		"20; 2606 20 CONSTRAINT public parent parent_pkey me\n"
		"20; 2606 20 CONSTRAINT public parent parent_pkey me\n",
		"nonsense\n",
	};
	AUTO(manifest_clear) struct manifest manifest;
	make_manifest(&manifest);
	for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
		struct toc toc = {0};
		struct error err = ERROR_INIT;
		ck_assert_int_ne(toc_parse(&toc, TABLE_LINES POST_LINES, posts[i], &manifest, &err), 0);
		unit_assert_error(&err, ERROR_FAILED, NULL);
	}
}
END_TEST

START_TEST(names_that_could_be_two_tables_are_an_error)
{
	AUTO(manifest_clear) struct manifest manifest;
	struct toc toc = {0};
	struct error err = ERROR_INIT;
	manifest_init(&manifest);
	manifest_add_table(&manifest, "a b", "c");
	manifest_add_table(&manifest, "a", "b c");
	ck_assert_int_ne(toc_parse(&toc, "1; 1259 1 TABLE a b c me\n", "", &manifest, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "a b c me");
	/* the owner is called "c me" */
	manifest_clear(&manifest);
	manifest_init(&manifest);
	manifest_add_table(&manifest, "a", "b");
	manifest_add_table(&manifest, "a", "b c");
	ck_assert_int_ne(toc_parse(&toc, "1; 1259 1 TABLE a b c me\n", "", &manifest, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "a b c me");
}
END_TEST

START_TEST(ten_thousand_tables)
{
	AUTO(manifest_clear) struct manifest manifest;
	AUTO(toc_clear) struct toc toc = {0};
	AUTO(toc_plan_clear) struct toc_plan plan = {0};
	AUTO(text_clear) struct text before = TEXT_INIT;
	AUTO(text_clear) struct text after = TEXT_INIT;
	struct error err = ERROR_INIT;
	manifest_init(&manifest);
	for (int i = 0; i < 10000; i++) {
		AUTO(mem_auto) char *name = mem_format("t%d", i);
		manifest_add_table(&manifest, "public", name);
		text_addf(&before, "%d; 1259 %d TABLE public t%d me\n", i + 1, i, i);
		text_addf(&after, "%d; 2606 %d CONSTRAINT public t%d t%d_pkey me\n;\tdepends on: %d\n", i + 20001, i,
			i, i, i + 1);
	}
	parse_well(&toc, &manifest, before.data, after.data);
	unit_assert_ok(toc_plan(&plan, &toc, &manifest, 1, true, &err), &err);
	ck_assert_uint_eq(plan.last.count, 10000);
}
END_TEST

/* ---- the order ---- */

START_TEST(referenced_keys_and_foreign_keys_come_before_the_rows)
{
	assert_plan(TABLE_LINES, POST_LINES, true, "20,30", "21,22", "23,40,41");
	assert_plan(TABLE_LINES, POST_LINES, false, "", "20,21,22,30", "23,40,41");
}
END_TEST

START_TEST(a_unique_index_can_be_what_a_foreign_key_needs)
{
	static const char after[] =
		"20; 1259 20 INDEX public parent_u me\n;\tdepends on: 10\n"
		"30; 2606 30 FK CONSTRAINT public child child_fkey me\n;\tdepends on: 11 20 10\n";
	assert_plan(TABLE_LINES, after, true, "20,30", "", "");
	assert_plan(TABLE_LINES, after, false, "", "20,30", "");
}
END_TEST

START_TEST(foreign_keys_in_a_circle_and_to_oneself)
{
	static const char after[] =
		"20; 2606 20 CONSTRAINT public parent p me\n;\tdepends on: 10\n"
		"21; 2606 21 CONSTRAINT public child c me\n;\tdepends on: 11\n"
		"30; 2606 30 FK CONSTRAINT public child to_parent me\n;\tdepends on: 11 20 10\n"
		"31; 2606 31 FK CONSTRAINT public parent to_child me\n;\tdepends on: 10 21 11\n"
		"32; 2606 32 FK CONSTRAINT public parent to_itself me\n;\tdepends on: 10 20\n";
	assert_plan(TABLE_LINES, after, true, "20,21,30,31,32", "", "");
	assert_plan(TABLE_LINES, after, false, "", "20,21,30,31,32", "");
}
END_TEST

/* A partitioned table's key is whole only with its partitions' keys attached. */
START_TEST(a_partitioned_table_is_referenced)
{
	static const char before[] = TABLE_LINES "14; 1259 9 TABLE public whole me\n";
	static const char after[] =
		"20; 2606 20 CONSTRAINT public whole whole_pkey me\n;\tdepends on: 14\n"
		"21; 2606 21 CONSTRAINT public parent parent_pkey me\n;\tdepends on: 10 20\n"
		"25; 0 0 INDEX ATTACH public parent_pkey me\n;\tdepends on: 21 20\n"
		"30; 2606 30 FK CONSTRAINT public child child_fkey me\n;\tdepends on: 11 20 25 14\n";
	assert_plan(before, after, true, "20,21,25,30", "", "");
	/* Where all partitions have to be there, pg_restore does it. */
	assert_plan(before, after, false, "", "20,21", "25,30");
}
END_TEST

/* What a key needs may be what no session of ours can make by itself. */
START_TEST(what_needs_something_else_waits_for_it)
{
	static const char after[] =
		"50; 3256 50 RULE public r me\n;\tdepends on: 10\n"
		"20; 2606 20 CONSTRAINT public parent parent_pkey me\n;\tdepends on: 10 50\n"
		"30; 2606 30 FK CONSTRAINT public child child_fkey me\n;\tdepends on: 11 20 10\n";
	assert_plan(TABLE_LINES, after, true, "", "", "50,20,30");
	assert_plan(TABLE_LINES, after, false, "", "", "50,20,30");
}
END_TEST

START_TEST(a_large_table_needs_a_small_ones_key)
{
	static const char after[] =
		"23; 2606 23 CONSTRAINT public tiny tiny_pkey me\n;\tdepends on: 13\n"
		"30; 2606 30 FK CONSTRAINT public child child_fkey me\n;\tdepends on: 11 23 13\n";
	assert_plan(TABLE_LINES, after, false, "", "23,30", "");
}
END_TEST

START_TEST(foreign_keys_of_small_tables_are_checked_at_the_end)
{
	static const char after[] =
		"23; 2606 23 CONSTRAINT public tiny tiny_pkey me\n;\tdepends on: 13\n"
		"30; 2606 30 FK CONSTRAINT public tiny tiny_fkey me\n;\tdepends on: 13 23\n";
	assert_plan(TABLE_LINES, after, true, "", "", "23,30");
}
END_TEST

START_TEST(schemas_called_like_kinds_are_restored_last)
{
	static const char after[] = "22; 1259 22 INDEX ATTACH an_index me\n;\tdepends on: 10\n";
	assert_plan(TABLE_LINES, after, true, "", "", "22");
}
END_TEST

START_TEST(statistics_are_made_early_only_where_nothing_is_missing)
{
	AUTO(manifest_clear) struct manifest manifest;
	AUTO(toc_clear) struct toc toc = {0};
	AUTO(toc_plan_clear) struct toc_plan plan = {0};
	struct error err = ERROR_INIT;
	make_manifest(&manifest);
	parse_well(&toc, &manifest, TABLE_LINES "14; 1259 9 TABLE public heir me\n;\tdepends on: 10\n",
		POST_LINES "50; 3381 50 STATISTICS odd s st me\n;\tdepends on: 12\n");
	unit_assert_ok(toc_plan(&plan, &toc, &manifest, 100, true, &err), &err);
	ck_assert(!plan.analyze[0]); /* has an heir */
	ck_assert(plan.analyze[1]);
	ck_assert(!plan.analyze[2]); /* has a CREATE STATISTICS */
	ck_assert(!plan.analyze[3]); /* small */
}
END_TEST

START_TEST(a_list_is_what_pg_restore_reads)
{
	AUTO(manifest_clear) struct manifest manifest;
	AUTO(toc_clear) struct toc toc = {0};
	AUTO(text_clear) struct text text = TEXT_INIT;
	make_manifest(&manifest);
	parse_well(&toc, &manifest, TABLE_LINES, POST_LINES);
	toc_write(&text, &toc, &(struct toc_list){(size_t[]){4, 8}, 2});
	ck_assert_str_eq(text.data, "20;\n30;\n");
}
END_TEST

Suite *toc_suite(void)
{
	const TTest *const tests[] = {entries_have_kinds_needs_and_tables, what_is_not_understood_is_an_error,
		both_listings_must_agree, names_that_could_be_two_tables_are_an_error, ten_thousand_tables,
		referenced_keys_and_foreign_keys_come_before_the_rows,
		a_unique_index_can_be_what_a_foreign_key_needs, foreign_keys_in_a_circle_and_to_oneself,
		a_partitioned_table_is_referenced, what_needs_something_else_waits_for_it,
		a_large_table_needs_a_small_ones_key, foreign_keys_of_small_tables_are_checked_at_the_end,
		schemas_called_like_kinds_are_restored_last, statistics_are_made_early_only_where_nothing_is_missing,
		a_list_is_what_pg_restore_reads, NULL};
	return unit_suite("toc", tests);
}
