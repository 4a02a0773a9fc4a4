#include <string.h>

#include "base/mem.h"
#include "model/catalog.h"
#include "unit.h"

static const struct version six = {{0, 0, 6}}, seven = {{0, 0, 7}};

static const char seven_text[] =
	"column events.id integer NOT NULL\n"
	"column images.\"imageId\" character varying\n"
	"column images.size bigint\n"
	"constraint events PRIMARY KEY (id)\n"
	"enum state ('a', 'b')\n"
	"index events btree (resource_id)\n"
	"sequence s integer OWNED BY events.id\n"
	"table events\n"
	"table images\n";

static const char seven_shapes[] =
	"# comment\n"
	"\n"
	"shape upgraded\n"
	"+column eventlog.x integer\n"
	"+table eventlog\n"
	"shape release-0.2.2\n"
	"# Created by release 0.2.2,\n"
	"# which made no index.\n"
	"+column eventlog.x integer\n"
	"+table eventlog\n"
	"-index events btree (resource_id)\n";

static const struct version eight = {{0, 0, 8}}, nine = {{0, 0, 9}};
static const char eight_text[] = "column accounts.name text\ncolumn images.size integer\nenum kind ('x')\n"
	"index images btree (size)\ntable accounts\ntable images\n";
static const char nine_text[] = "column images.more text\ncolumn images.size integer\ntable images\n";

static const char six_text[] =
	"column eventlog.x integer\n"
	"column images.\"imageId\" character varying\n"
	"column images.size bigint\n"
	"enum state ('a', 'b')\n"
	"table eventlog\n"
	"table images\n";

static struct catalog parsed(struct version version, const char *text, const char *shapes)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct catalog catalog = {.version = version};
	unit_assert_ok(catalog_parse(&catalog, version, text, shapes, VERSION_TEXT(version), &err), &err);
	return catalog;
}

/* The catalog of 0.0.7 without the lines that start with one of less, and with the lines of more. */
static struct catalog_result compared(const char *text, const char *less, const char *more)
{
	AUTO(catalog_clear) struct catalog expected = parsed(seven, seven_text, seven_shapes);
	AUTO(catalog_clear) struct catalog other = parsed(six, six_text, NULL);
	AUTO(catalog_clear) struct catalog later = parsed(eight, eight_text, NULL);
	AUTO(catalog_clear) struct catalog last = parsed(nine, nine_text, NULL);
	AUTO(list_clear) struct list all = LIST_INIT, facts = LIST_INIT, without = LIST_INIT;
	const struct catalog *others[] = {&other, &later, &last};
	struct catalog_result result;
	list_add_lines(&all, text);
	list_add_lines(&without, less);
	for (size_t i = 0; i < all.count; i++)
		if (!list_has(&without, all.items[i]))
			list_add(&facts, all.items[i]);
	list_add_lines(&facts, more);
	list_sort(&facts);
	catalog_compare(&result, &expected, &facts, others, 3);
	return result;
}

START_TEST(fresh_and_shapes_fit)
{
	static const struct {
		const char *less, *more, *shape;
	} cases[] = {
		{"", "", "fresh"},
		{"", "table eventlog\ncolumn eventlog.x integer\n", "upgraded"},
		{"index events btree (resource_id)\n", "table eventlog\ncolumn eventlog.x integer\n", "release-0.2.2"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text, cases[i].less,
			cases[i].more);
		AUTO(mem_auto) char *shape = catalog_result_shape(&result);
		ck_assert_str_eq(shape, cases[i].shape);
		ck_assert_uint_eq(result.blocking.count, 0);
		ck_assert_uint_eq(result.harmless.count, 0);
	}
}
END_TEST

START_TEST(differences_are_said_in_words)
{
	static const struct {
		const char *less, *more, *words;
	} cases[] = {
		{"column images.size bigint\n", "", "table images lacks column size bigint"},
		{"column images.size bigint\n", "column images.size integer\n",
			"column images.size is integer, not bigint, as version 0.0.8 has it"},
		{"column images.size bigint\n", "column images.size text\n", "column images.size is text, not bigint"},
		{"table images\ncolumn images.size bigint\ncolumn images.\"imageId\" character varying\n", "",
			"table images is missing"},
		{"constraint events PRIMARY KEY (id)\n", "", "table events lacks the constraint PRIMARY KEY (id)"},
		{"index events btree (resource_id)\n", "", "table events lacks index btree (resource_id)"},
		{"enum state ('a', 'b')\n", "enum state ('a')\n", "enum state is ('a'), not ('a', 'b')"},
		{"table images\n", "table images ROW LEVEL SECURITY\n",
			"table images is ROW LEVEL SECURITY, not plain"},
		{"", "column images.\"a b.c\" text\n", "table images has an extra column \"a b.c\" text"},
		{"", "constraint images CHECK (true)\n", "table images has an extra constraint CHECK (true)"},
		{"", "index images UNIQUE btree (size)\n", "table images has an extra index UNIQUE btree (size)"},
		{"", "trigger images t\n", "table images has an extra trigger t"},
		{"", "nonsense\n", "unknown fact: nonsense"},
		{"", "table eventlog\n",
			"extra table eventlog, as version 0.0.6 has it"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text, cases[i].less,
			cases[i].more);
		ck_assert_msg(result.blocking.count == 1, "%zu blocking for %s", result.blocking.count, cases[i].words);
		ck_assert_str_eq(result.blocking.items[0], cases[i].words);
		ck_assert_uint_eq(result.harmless.count, 0);
	}
}
END_TEST

START_TEST(unrelated_extras_are_harmless)
{
	AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text, "",
		"table mine\ncolumn mine.a integer\nconstraint mine PRIMARY KEY (a)\nindex mine UNIQUE btree (b)\n"
		"index images btree (\"imageId\")\nview v\nfunction f(integer, text)\nschema s\ntable s.images\n");
	static const char *const words[] = {"extra function f(integer, text)",
		"table images has an extra index btree (\"imageId\")",
		"extra schema s", "extra table mine", "extra table s.images", "extra view v"};
	ck_assert_uint_eq(result.blocking.count, 0);
	ck_assert_uint_eq(result.harmless.count, sizeof words / sizeof *words);
	for (size_t i = 0; i < result.harmless.count; i++)
		ck_assert_str_eq(result.harmless.items[i], words[i]);
}
END_TEST

/* An edge that deletes rows of the engine's table would delete those of the other, too. */
START_TEST(what_inherits_from_the_engine_blocks)
{
	AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text, "",
		"table a INHERITS (images)\ntable b INHERITS (mine, events)\ntable c INHERITS (mine)\ntable mine\n");
	ck_assert_uint_eq(result.blocking.count, 2);
	ck_assert_str_eq(result.blocking.items[0], "extra table a");
	ck_assert_uint_eq(result.harmless.count, 2);
}
END_TEST

START_TEST(a_repeated_line_counts)
{
	AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text, "",
		"index events btree (resource_id)\n");
	ck_assert_uint_eq(result.blocking.count, 0);
	ck_assert_uint_eq(result.harmless.count, 1);
}
END_TEST

START_TEST(history_has_shape_and_reason)
{
	AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text,
		"index events btree (resource_id)\ncolumn images.size bigint\n",
		"table eventlog\ncolumn eventlog.x integer\ntable mine\n");
	static const struct {
		const char *words, *shape;
		enum difference_class class;
	} wanted[] = {
		{"table events lacks index btree (resource_id)", "release-0.2.2", DIFFERENCE_HISTORY},
		{"extra table eventlog", "release-0.2.2", DIFFERENCE_HISTORY},
		{"table images lacks column size bigint", NULL, DIFFERENCE_BLOCKS},
		{"extra table mine", NULL, DIFFERENCE_HARMLESS},
	};
	ck_assert_uint_eq(result.count, sizeof wanted / sizeof *wanted);
	for (size_t i = 0; i < result.count; i++) {
		ck_assert_str_eq(result.items[i].words, wanted[i].words);
		ck_assert_int_eq(result.items[i].class, wanted[i].class);
		ck_assert(text_same(result.items[i].shape, wanted[i].shape));
	}
	ck_assert_str_eq(result.reasons.items[0], "Created by release 0.2.2, which made no index.");
	ck_assert(!result.half_upgraded);
}
END_TEST

START_TEST(half_finished_upgrades_are_told)
{
	static const struct {
		const char *less, *more, *what; /* NULL: it is none */
	} cases[] = {
		{"", "table accounts\ncolumn accounts.name text\n", "it has parts of 0.0.8, and"},
		{"", "table accounts\ncolumn accounts.name text\ncolumn images.more text\n",
			"it has parts of 0.0.8 to 0.0.9, and"},
		{"", "enum kind ('x')\n", "it has parts of 0.0.8, and"},
		{"", "table accounts\ncolumn accounts.own text\n", NULL},
		{"", "index images btree (size)\n", NULL},
		{"column images.size bigint\n", "column images.size integer\n", NULL},
		{"", "table eventlog\n", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(catalog_result_clear) struct catalog_result result = compared(seven_text, cases[i].less,
			cases[i].more);
		AUTO(mem_auto) char *half = catalog_result_half(&result, seven);
		ck_assert_uint_gt(result.blocking.count, 0);
		ck_assert_int_eq(result.half_upgraded, cases[i].what != NULL);
		ck_assert(!cases[i].what || strstr(half, cases[i].what));
	}
}
END_TEST

START_TEST(bad_catalogs_are_refused)
{
	static const struct {
		const char *text, *shapes, *words;
	} cases[] = {
		{"table b\ntable a\n", NULL, "0.0.7.catalog line 2 is not after"},
		{"table a\ntable a\n", NULL, "0.0.7.catalog line 2 is not after"},
		{"tabel a\n", NULL, "0.0.7.catalog line 1 is not a fact"},
		{"table a\n", "+table b\n", "0.0.7.shapes line 1 does not fit"},
		{"table a\n", "shape x\n+table a\n", "0.0.7.shapes line 2 does not fit"},
		{"table a\n", "shape x\n-table b\n", "0.0.7.shapes line 2 does not fit"},
		{"table a\n", "shape x\ntable b\n", "0.0.7.shapes line 2 does not fit"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		struct catalog catalog = {.version = seven};
		catalog_parse(&catalog, seven, cases[i].text, cases[i].shapes, "0.0.7", &err);
		unit_assert_error(&err, ERROR_USAGE, cases[i].words);
		ck_assert_uint_eq(catalog.facts.count, 0);
	}
}
END_TEST

Suite *catalog_suite(void)
{
	const TTest *const tests[] = {fresh_and_shapes_fit, differences_are_said_in_words,
		unrelated_extras_are_harmless, history_has_shape_and_reason, half_finished_upgrades_are_told,
		what_inherits_from_the_engine_blocks, a_repeated_line_counts, bad_catalogs_are_refused, NULL};
	return unit_suite("catalog", tests);
}
