#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "unit.h"
#include "work/lint.h"
#include "work/migrations.h"

static void put(const char *folder, const char *name, const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(folder, name);
	unit_assert_ok(file_write(path, 0600, text, strlen(text), &err), &err);
}

/* A graph without a fault. */
static const char *good_folder(void)
{
	const char *folder = unit_folder();
	put(folder, "0.0.6.sql", "CREATE TABLE a (b int);\n");
	put(folder, "0.0.6.catalog", "column a.b integer\ntable a\n");
	put(folder, "0.0.7.sql", "CREATE TABLE a (b int, \"cD\" int);\nCREATE TABLE e (f int);\n");
	put(folder, "0.0.7.catalog",
		"column a.\"cD\" integer\ncolumn a.b integer\ncolumn e.f integer\ntable a\ntable e\n");
	put(folder, "0.0.6--0.0.7.sql", "ALTER TABLE a ADD \"cD\" int;\nCREATE TABLE e (f int);\n");
	put(folder, "0.0.7--0.0.6.sql", "-- loses: table e\n-- loses: column a.cD\n"
		"-- recomputes: column a.cD as b\nDROP TABLE e;\nALTER TABLE a DROP \"cD\";\n");
	put(folder, "releases", "0.2.1 0.0.6\n0.2.4 0.0.7\n");
	return folder;
}

static char *problems_of(const char *folder)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(migrations_clear) struct migrations migrations = {0};
	AUTO(list_clear) struct list problems = LIST_INIT;
	unit_assert_ok(migrations_load(&migrations, folder, NULL, &err), &err);
	lint_files(&problems, &migrations);
	return list_join(&problems, "\n");
}

START_TEST(a_good_graph_has_no_problem)
{
	AUTO(mem_auto) char *problems = problems_of(good_folder());
	ck_assert_str_eq(problems, "");
}
END_TEST

START_TEST(names_every_kind_of_problem)
{
	static const struct {
		const char *file, *text, *words;
	} cases[] = {
		{"0.0.6--0.0.7.sql", "COMMIT;", "0.0.6--0.0.7.sql line 1: transaction control"},
		{"0.0.6--0.0.7.sql", "-- only a comment\n", "0.0.6--0.0.7.sql has no statement"},
		{"0.0.6--0.0.7.sql", "SELEC 1;", "0.0.6--0.0.7.sql line 1: syntax error"},
		{"0.0.7--0.0.6.sql", "DROP TABLE e;", "0.0.7--0.0.6.sql does not say that it loses table e"},
		{"0.0.7--0.0.6.sql", "-- loses: table e\n-- loses: table a\nSELECT 1;", "says that it loses table a"},
		{"0.0.7--0.0.6.sql", "-- loses: table e\n-- loses: column a.x\nSELECT 1;",
			"says that it loses column a.x"},
		{"0.0.7--0.0.6.sql", "-- loses: table e\n-- loses: rows x where b > 1\nSELECT 1;",
			"says that it loses rows x where b > 1"},
		{"0.0.7--0.0.6.sql", "-- loses: rows a where b > 1\nDROP TABLE e;",
			"does not say that it loses table e"},
		{"0.0.7--0.0.6.sql", "-- loses: table e\n-- destroys: rows a: why\nSELECT 1;",
			"declare it as `loses:`"},
		{"settle.sql", "COMMIT;", "settle.sql line 1: transaction control"},
		{"releases", "0.2.4 0.0.7\n", "no release in the file releases has version 0.0.6"},
		{"releases", "0.2.1 0.0.7\n0.2.4 0.0.6\n",
			"release 0.2.4 has an older database version than release 0.2.1"},
		{"releases", "nonsense\n", "releases line 1"},
		{"0.0.7.catalog", "table b\ntable a\n", "0.0.7.catalog line 2"},
		{"0.0.8.sql", "SELECT 1;", "0.0.8.catalog is missing"},
		{"0.0.8--0.0.9.sql", "SELECT 1;", "0.0.8--0.0.9.sql leads between versions"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *folder = good_folder();
		put(folder, cases[i].file, cases[i].text);
		AUTO(mem_auto) char *problems = problems_of(folder);
		ck_assert_msg(strstr(problems, cases[i].words) != NULL, "\"%s\" is not in \"%s\"", cases[i].words,
			problems);
	}
}
END_TEST

START_TEST(targets_are_releases_or_versions)
{
	static const struct {
		const char *typed, *database, *release;
	} cases[] = {
		{"0.2.4", "0.0.7", "0.2.4"},
		{"v0.2.1", "0.0.6", "0.2.1"},
		{"0.0.7", "0.0.7", "0.2.4"},
	};
	static const char *const bad[] = {"v0.0.7", "0.2.5", "latest", "", "0.2"};
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(migrations_clear) struct migrations migrations = {0};
	struct version database, release;
	unit_assert_ok(migrations_load(&migrations, good_folder(), NULL, &err), &err);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unit_assert_ok(migrations_target(&database, &release, &migrations, cases[i].typed, &err), &err);
		ck_assert_str_eq(VERSION_TEXT(database), cases[i].database);
		ck_assert_str_eq(VERSION_TEXT(release), cases[i].release);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		migrations_target(&database, NULL, &migrations, bad[i], &err);
		ck_assert_ptr_nonnull(err.hint);
		unit_assert_error(&err, ERROR_USAGE, "is neither a release of the engine nor a database version");
	}
}
END_TEST

START_TEST(edges_carry_their_digest)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(migrations_clear) struct migrations migrations = {0};
	const char *folder = good_folder();
	put(folder, "0.0.6--0.0.7.sql", "abc");
	unit_assert_ok(migrations_load(&migrations, folder, NULL, &err), &err);
	ck_assert_ptr_null(migrations.commit);
	ck_assert_str_eq(migrations.graph.edges[0].sha256,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

Suite *lint_suite(void)
{
	const TTest *const tests[] = {a_good_graph_has_no_problem, names_every_kind_of_problem,
		targets_are_releases_or_versions, edges_carry_their_digest, NULL};
	return unit_suite("lint", tests);
}
