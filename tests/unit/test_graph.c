#include <string.h>

#include "base/mem.h"
#include "model/graph.h"
#include "unit.h"
#include "work/migrations.h"

#define FILE_OF(name, text) {name, text, sizeof(text) - 1}
#define NODE(v) FILE_OF(v ".sql", "SELECT 1;"), FILE_OF(v ".catalog", "table t" v "\n")
#define EDGE(a, b) FILE_OF(a "--" b ".sql", "SELECT 2;")

static const struct version v1 = {{0, 0, 1}}, v2 = {{0, 0, 2}}, v3 = {{0, 0, 3}}, v4 = {{0, 0, 4}};

static void build(struct graph *graph, struct list *problems, const struct graph_file *files, size_t count)
{
	graph_build(graph, problems, files, count);
	ck_assert_msg(problems->count == 0, "%s", problems->count ? problems->items[0] : "");
}

static const struct graph_file good[] = {NODE("0.0.3"), NODE("0.0.1"), NODE("0.0.2"), NODE("0.0.4"),
	EDGE("0.0.1", "0.0.2"), EDGE("0.0.2", "0.0.3"), EDGE("0.0.3", "0.0.4"), EDGE("0.0.2", "0.0.4"),
	EDGE("0.0.4", "0.0.1"), FILE_OF("0.0.4--0.0.1.locks", "1\n"), FILE_OF("README.md", "x"),
	FILE_OF("releases", ""), FILE_OF(".hidden.sql", "x")};

START_TEST(finds_the_shortest_straight_path)
{
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT;
	AUTO(error_clear) struct error err = ERROR_INIT;
	build(&graph, &problems, good, sizeof good / sizeof *good);
	AUTO(graph_path_clear) struct graph_path path = {NULL, 0}, none = {NULL, 0}, down = {NULL, 0}, bad = {NULL, 0};
	unit_assert_ok(graph_path(&path, &graph, v1, v4, &err), &err);
	ck_assert_uint_eq(path.count, 2);
	ck_assert_str_eq(path.edges[0]->file, "0.0.1--0.0.2.sql");
	ck_assert_str_eq(path.edges[1]->file, "0.0.2--0.0.4.sql");
	unit_assert_ok(graph_path(&none, &graph, v3, v3, &err), &err);
	ck_assert_uint_eq(none.count, 0);
	unit_assert_ok(graph_path(&down, &graph, v4, v1, &err), &err);
	ck_assert_uint_eq(down.count, 1);
	ck_assert_str_eq(down.edges[0]->locks, "1\n");
	graph_path(&bad, &graph, v3, v2, &err);
	unit_assert_error(&err, ERROR_REFUSED, "no edges lead from version 0.0.3 to 0.0.2");
	graph_path(&bad, &graph, v3, (struct version){{0, 0, 9}}, &err);
	unit_assert_error(&err, ERROR_USAGE, "0.0.9 is not in the graph");
	struct version newest;
	ck_assert(graph_newest(&newest, &graph));
	ck_assert(version_same(newest, v4));
}
END_TEST

START_TEST(names_what_is_wrong)
{
	static const struct graph_file files[] = {NODE("0.0.1"), FILE_OF("0.0.2.sql", "SELECT 1;"),
		EDGE("0.0.1", "0.0.1"), EDGE("0.0.1", "0.0.9"), FILE_OF("0.0.5.catalog", "table a\n"),
		FILE_OF("0.0.1-0.0.2.sql", "x"), FILE_OF("0.0.2--0.0.1.locks", "1\n"),
		FILE_OF("0.0.01.sql", "x")};
	static const char *const words[] = {"0.0.2.catalog is missing",
		"0.0.1--0.0.1.sql leads from a version to itself",
		"0.0.1--0.0.9.sql leads between versions of which 0.0.9 has no 0.0.9.sql",
		"0.0.5.catalog has no 0.0.5.sql beside it", "0.0.1-0.0.2.sql is not named",
		"0.0.2--0.0.1.locks has no edge beside it", "0.0.01.sql is not named",
		"no edges lead from 0.0.1 to 0.0.2"};
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT;
	graph_build(&graph, &problems, files, sizeof files / sizeof *files);
	ck_assert_uint_eq(problems.count, sizeof words / sizeof *words);
	for (size_t i = 0; i < problems.count; i++)
		ck_assert_msg(text_starts(problems.items[i], words[i]), "%s", problems.items[i]);
}
END_TEST

START_TEST(an_empty_folder_is_no_graph)
{
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT;
	struct version newest;
	graph_build(&graph, &problems, NULL, 0);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert(!graph_newest(&newest, &graph));
}
END_TEST

static const char losing[] =
	"-- Goes down.\n"
	"--\n"
	"-- loses: table events\n"
	"-- loses: column images.seen_at\n"
	"-- recomputes: column images.seen_at as created_at + 1\n"
	"-- loses: rows images where size > 5 OR name = 'a b'\n"
	"-- loses: column images.name where length(name) > 3\n"
	"\n"
	"-- loses: table not_at_the_start\n"
	"DROP TABLE events;\n";

START_TEST(reads_declared_losses)
{
	const struct graph_file files[] = {NODE("0.0.1"), NODE("0.0.2"), EDGE("0.0.1", "0.0.2"),
		FILE_OF("0.0.2--0.0.1.sql", losing)};
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT;
	build(&graph, &problems, files, sizeof files / sizeof *files);
	const struct graph_edge *edge = graph_edge(&graph, v2, v1);
	ck_assert_uint_eq(edge->loss_count, 4);
	ck_assert_str_eq(edge->losses[0].table, "events");
	ck_assert_ptr_null(edge->losses[0].column);
	ck_assert_str_eq(edge->losses[1].column, "seen_at");
	ck_assert_str_eq(edge->losses[1].recomputed, "created_at + 1");
	AUTO(mem_auto) char *words = loss_text(&edge->losses[1]);
	ck_assert_str_eq(words, "column images.seen_at");
	ck_assert_ptr_null(edge->losses[2].column);
	ck_assert_str_eq(edge->losses[2].condition, "size > 5 OR name = 'a b'");
	AUTO(mem_auto) char *rows = loss_text(&edge->losses[2]);
	ck_assert_str_eq(rows, "rows images where size > 5 OR name = 'a b'");
	AUTO(mem_auto) char *values = loss_text(&edge->losses[3]);
	ck_assert_str_eq(values, "column images.name where length(name) > 3");
}
END_TEST

START_TEST(the_way_down_knows_what_the_way_up_destroyed)
{
	static const char destroying[] = "-- destroys: rows images: they come again with the next sync\n"
		"-- destroys: column users.acls: nothing reads it\nSELECT 1;\n";
	const struct graph_file files[] = {NODE("0.0.1"), NODE("0.0.2"), FILE_OF("0.0.1--0.0.2.sql", destroying),
		EDGE("0.0.2", "0.0.1"), FILE_OF("settle.sql", "SELECT 2;\n")};
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT, up = LIST_INIT, down = LIST_INIT;
	AUTO(graph_path_clear) struct graph_path path = {NULL, 0}, back = {NULL, 0};
	AUTO(error_clear) struct error err = ERROR_INIT;
	build(&graph, &problems, files, sizeof files / sizeof *files);
	ck_assert_str_eq(graph.settle.sql, "SELECT 2;\n");
	unit_assert_ok(graph_path(&path, &graph, v1, v2, &err), &err);
	graph_destroyed(&up, &graph, &path);
	ck_assert_uint_eq(up.count, 0);
	unit_assert_ok(graph_path(&back, &graph, v2, v1, &err), &err);
	graph_destroyed(&down, &graph, &back);
	ck_assert_uint_eq(down.count, 2);
	ck_assert_str_eq(down.items[0], "rows images: they come again with the next sync");
}
END_TEST

START_TEST(bad_declarations_are_problems)
{
	static const char *const bad[] = {"-- loses: events\n", "-- loses: table a b\n", "-- loses: column a\n",
		"-- loses: column .a\n", "-- recomputes: column a.b as 1\n", "-- loses:\n",
		"-- loses: rows a\n", "-- loses: table a where b\n", "-- loses: rows a where \n",
		"-- destroys: rows a\n", "-- destroys: a: b\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct graph_file files[] = {NODE("0.0.1"), NODE("0.0.2"), EDGE("0.0.1", "0.0.2"),
			{"0.0.2--0.0.1.sql", bad[i], strlen(bad[i])}};
		AUTO(graph_clear) struct graph graph;
		AUTO(list_clear) struct list problems = LIST_INIT;
		graph_build(&graph, &problems, files, sizeof files / sizeof *files);
		ck_assert_uint_eq(problems.count, 1);
		ck_assert(text_starts(problems.items[0], "0.0.2--0.0.1.sql line 1 is none of `loses"));
	}
}
END_TEST

static const char locks[] =
	"1\tAccessExclusiveLock c, Rewrite c\n"
	"2\n"
	"3\tRowExclusiveLock b\n"
	"5\tShareLock a, Index a, Index c\n"
	"7\tRowExclusiveLock a, Rewrite c\n";

START_TEST(reads_what_edges_do_to_tables)
{
	const struct graph_file files[] = {NODE("0.0.1"), NODE("0.0.2"), EDGE("0.0.1", "0.0.2"),
		FILE_OF("0.0.1--0.0.2.locks", locks)};
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT;
	build(&graph, &problems, files, sizeof files / sizeof *files);
	const struct graph_edge *edge = graph_edge(&graph, v1, v2);
	AUTO(mem_auto) char *rewritten = list_join(&edge->rewritten, " ");
	AUTO(mem_auto) char *indexed = list_join(&edge->indexed, " ");
	AUTO(mem_auto) char *changed = list_join(&edge->changed, " ");
	ck_assert_str_eq(rewritten, "c");
	ck_assert_str_eq(indexed, "a c");
	ck_assert_str_eq(changed, "b a");
}
END_TEST

START_TEST(guesses_the_version_of_a_schema)
{
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT, facts = LIST_INIT, versions = LIST_INIT;
	build(&graph, &problems, good, sizeof good / sizeof *good);
	list_add(&facts, "table t0.0.3");
	graph_guess(&versions, &graph, &facts);
	ck_assert_uint_eq(versions.count, 1);
	ck_assert_str_eq(versions.items[0], "0.0.3");
	AUTO(catalog_result_clear) struct catalog_result result;
	graph_compare(&result, &graph, (struct version){{0, 0, 9}}, &facts);
	ck_assert_uint_eq(result.blocking.count, 1);
}
END_TEST

static char *picture_of(const struct graph_file *files, size_t count, bool dot)
{
	struct release items[] = {{{{0, 1, 0}}, {{0, 0, 1}}}, {{{0, 1, 1}}, {{0, 0, 1}}}, {{{0, 2, 0}}, {{0, 0, 1}}}};
	const struct releases releases = {items, 3};
	AUTO(graph_clear) struct graph graph;
	AUTO(list_clear) struct list problems = LIST_INIT;
	graph_build(&graph, &problems, files, count);
	return dot ? graph_dot(&graph, &releases) : graph_text(&graph, &releases);
}

static const struct graph_file small[] = {NODE("0.0.1"), NODE("0.0.2"),
	FILE_OF("0.0.1--0.0.2.sql", "-- destroys: column c.x: why\n-- destroys: rows b: why\nSELECT 1"),
	FILE_OF("0.0.1--0.0.2.locks", locks), FILE_OF("0.0.2--0.0.1.locks", "2\n"), FILE_OF("settle.sql", "SELECT 1"),
	FILE_OF("0.0.2--0.0.1.sql", "-- loses: table a\n-- loses: rows b where true\n-- loses: column b.c\n"
		"-- loses: column b.d\n-- recomputes: column b.d as 1\n-- loses: column b.e where false\nSELECT 1")};

START_TEST(prints_itself)
{
	AUTO(mem_auto) char *text = picture_of(small, sizeof small / sizeof *small, false);
	char *legend = strstr(text, "\n\n");
	ck_assert_ptr_nonnull(strstr(legend, "rewrites  the whole table"));
	ck_assert_ptr_nonnull(strstr(legend, "begins with settle.sql"));
	legend[1] = '\0';
	ck_assert_str_eq(text,
		"o 0.0.2    engine releases unknown\n"
		"|  ^ destroys  rows of b; values of c.x\n"
		"|    rewrites  c\n"
		"|    indexes   a, c\n"
		"|    changes   b, a\n"
		"|  v loses     table a; some rows of b; column b.c; some values of b.d, b.e\n"
		"o 0.0.1    engine 0.1.0-0.1.1, 0.2.0\n");
}
END_TEST

START_TEST(prints_itself_for_graphviz)
{
	static const char *const words[] = {"\t\"0.0.1\" [label=\"0.0.1\\n0.1.0-0.1.1, 0.2.0\"];\n",
		"\t\"0.0.1\" -> \"0.0.2\" [style=\"solid,bold\", color=red, label=\""
			"destroys rows of b; values of c.x\\nrewrites c\\nindexes a, c\\nchanges b, a\"];\n",
		"\t\"0.0.2\" -> \"0.0.1\" [style=\"dashed\", color=red, label=\""
			"loses table a\\nloses some rows of b\\n"};
	AUTO(mem_auto) char *dot = picture_of(small, sizeof small / sizeof *small, true);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		ck_assert_msg(strstr(dot, words[i]) != NULL, "%s is not in\n%s", words[i], dot);
}
END_TEST

START_TEST(draws_edges_that_skip_versions_and_gaps)
{
	static const struct graph_file files[] = {NODE("0.0.1"), NODE("0.0.2"), NODE("0.0.3"), NODE("0.0.4"),
		EDGE("0.0.1", "0.0.3"), EDGE("0.0.2", "0.0.3"), EDGE("0.0.3", "0.0.2"), EDGE("0.0.4", "0.0.2"),
		EDGE("0.0.4", "0.0.1"), FILE_OF("0.0.1--0.0.3.locks", "1\n"), FILE_OF("0.0.2--0.0.3.locks", "1\n"),
		FILE_OF("0.0.3--0.0.2.locks", "1\n"), FILE_OF("0.0.4--0.0.2.locks", "1\n")};
	AUTO(mem_auto) char *text = picture_of(files, sizeof files / sizeof *files, false);
	strstr(text, "\n\n")[1] = '\0';
	ck_assert_str_eq(text,
		"+-+---o 0.0.4    engine releases unknown\n"
		"| |   :  ^ missing   there is no 0.0.3--0.0.4.sql\n"
		"| |   :  v missing   there is no 0.0.4--0.0.3.sql\n"
		"| |   :  v to        0.0.2\n"
		"| |   :    loses     nothing\n"
		"| |   :  v to        0.0.1\n"
		"| |   :    loses     nothing\n"
		"| |   :    rewrites  not known, there is no .locks file\n"
		"| | +-o 0.0.3    engine releases unknown\n"
		"| | | |  ^ changes   no row that is there\n"
		"| | | |  v loses     nothing\n"
		"| | | |  ^ from      0.0.1\n"
		"| | | |    changes   no row that is there\n"
		"| +-|-o 0.0.2    engine releases unknown\n"
		"|   | :  ^ missing   there is no 0.0.1--0.0.2.sql\n"
		"|   | :  v missing   there is no 0.0.2--0.0.1.sql\n"
		"+---+-o 0.0.1    engine 0.1.0-0.1.1, 0.2.0\n");
}
END_TEST

#define LONG_NAME "a_table_whose_name_is_as_long_as_postgresql_lets_it_be_63_bytes"

START_TEST(a_row_has_at_most_100_columns)
{
	static const struct graph_file files[] = {NODE("0.0.1"), NODE("0.0.2"), EDGE("0.0.1", "0.0.2"),
		FILE_OF("0.0.2--0.0.1.sql", "-- loses: column " LONG_NAME "." LONG_NAME " where true\n"
			"-- loses: table " LONG_NAME "\n-- loses: table second\n"
			"-- loses: table third\n-- loses: table fourth\nSELECT 1")};
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(migrations_clear) struct migrations shipped = {0};
	unit_assert_ok(migrations_load(&shipped, SOURCE_DIRECTORY "/sql", NULL, &err), &err);
	AUTO(mem_auto) char *text = picture_of(files, sizeof files / sizeof *files, false);
	AUTO(mem_auto) char *ours = graph_text(&shipped.graph, &shipped.releases);
	AUTO(list_clear) struct list lines = LIST_INIT;
	ck_assert_ptr_nonnull(strstr(text, "loses     tables " LONG_NAME ", second +2\n"));
	list_add_lines(&lines, text);
	list_add_lines(&lines, ours);
	for (size_t i = 0; i < lines.count; i++)
		ck_assert_msg(strlen(lines.items[i]) <= 100, "%s", lines.items[i]);
}
END_TEST

Suite *graph_suite(void)
{
	const TTest *const tests[] = {finds_the_shortest_straight_path, names_what_is_wrong,
		an_empty_folder_is_no_graph, reads_declared_losses,
		the_way_down_knows_what_the_way_up_destroyed, bad_declarations_are_problems,
		reads_what_edges_do_to_tables,
		guesses_the_version_of_a_schema, prints_itself, prints_itself_for_graphviz,
		draws_edges_that_skip_versions_and_gaps, a_row_has_at_most_100_columns, NULL};
	return unit_suite("graph", tests);
}
