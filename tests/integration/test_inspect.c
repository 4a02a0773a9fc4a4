/* What is read from a database: its facts, its version row, sizes, and what a down edge would lose. */
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "work/inspect.h"
#include "work/migrations.h"

static void open_graph(struct migrations *migrations)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *folder = fixture_source("sql");
	fixture_assert_ok(migrations_load(migrations, folder, NULL, &err), &err);
	ck_assert_uint_eq(migrations->problems.count, 0);
}

static void judge(struct catalog_result *out, const char *dbname, const char *version)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	AUTO(list_clear) struct list facts = LIST_INIT;
	AUTO(db_auto) struct db *db = fixture_connect(dbname);
	struct version wanted;
	ck_assert(version_parse(&wanted, version));
	open_graph(&migrations);
	fixture_assert_ok(inspect_catalog(&facts, db, &err), &err);
	graph_compare(out, &migrations.graph, wanted, &facts);
}

START_TEST(fresh_schemas_are_their_catalogs)
{
	static const char *const versions[] = {"0.0.6", "0.0.7"};
	for (size_t i = 0; i < 2; i++) {
		AUTO(catalog_result_clear) struct catalog_result right = {0}, wrong = {0};
		fixture_engine("inspect_fresh", versions[i], false);
		judge(&right, "inspect_fresh", versions[i]);
		ck_assert_msg(right.blocking.count == 0, "%s", right.blocking.count ? right.blocking.items[0] : "");
		ck_assert_uint_eq(right.harmless.count, 0);
		AUTO(mem_auto) char *shape = catalog_result_shape(&right);
		ck_assert_str_eq(shape, "fresh");
		judge(&wrong, "inspect_fresh", versions[1 - i]);
		ck_assert_uint_gt(wrong.blocking.count, 0);
	}
}
END_TEST

START_TEST(names_and_order_are_no_facts)
{
	AUTO(catalog_result_clear) struct catalog_result result = {0};
	fixture_engine("inspect_order", "0.0.6", false);
	fixture_sql("inspect_order", "ALTER TABLE users RENAME CONSTRAINT users_pkey TO other;"
		"ALTER TABLE users DROP COLUMN email; ALTER TABLE users ADD COLUMN email varchar;"
		"CREATE SCHEMA anchore_admin; CREATE TABLE anchore_admin.journal (run text)");
	judge(&result, "inspect_order", "0.0.6");
	ck_assert_uint_eq(result.blocking.count, 0);
	ck_assert_uint_eq(result.harmless.count, 0);
}
END_TEST

START_TEST(changes_are_facts)
{
	static const char *const changes[] = {"ALTER TABLE users ALTER COLUMN email TYPE text",
		"ALTER TABLE users ALTER COLUMN email SET NOT NULL",
		"ALTER TABLE users ALTER COLUMN email SET DEFAULT 'x'",
		"ALTER TABLE users DROP COLUMN email", "ALTER TABLE users ADD CHECK (email <> '')",
		"ALTER TABLE users DROP CONSTRAINT users_pkey", "DROP TABLE users",
		"CREATE UNIQUE INDEX one ON users (email)", "ALTER TYPE task_states ADD VALUE 'odd'",
		"CREATE RULE nothing AS ON INSERT TO users DO INSTEAD NOTHING", "ALTER TABLE users SET UNLOGGED",
		"ALTER TABLE users ENABLE ROW LEVEL SECURITY"};
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		AUTO(catalog_result_clear) struct catalog_result result = {0};
		fixture_engine("inspect_changed", "0.0.6", false);
		fixture_sql("inspect_changed", changes[i]);
		judge(&result, "inspect_changed", "0.0.6");
		ck_assert_msg(result.blocking.count > 0, "not seen: %s", changes[i]);
	}
}
END_TEST

START_TEST(what_an_operator_added_is_harmless)
{
	AUTO(catalog_result_clear) struct catalog_result result = {0};
	fixture_engine("inspect_added", "0.0.6", false);
	fixture_sql("inspect_added", "CREATE TABLE \"odd name\" (a int); CREATE VIEW v AS SELECT 1;"
		"CREATE INDEX extra ON users (email); CREATE SCHEMA other; CREATE TABLE other.t (a int)");
	judge(&result, "inspect_added", "0.0.6");
	ck_assert_uint_eq(result.blocking.count, 0);
	AUTO(mem_auto) char *all = list_join(&result.harmless, "\n");
	ck_assert_ptr_nonnull(strstr(all, "odd name"));
	ck_assert_ptr_nonnull(strstr(all, "other.t"));
}
END_TEST

/* Whoever may make functions in the database must not get at the rights of the one who looks at it. */
START_TEST(functions_of_the_database_are_never_called)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list facts = LIST_INIT, other = LIST_INIT;
	fixture_engine("inspect_trap", "0.0.6", false);
	fixture_sql("inspect_trap", "CREATE TABLE caught (what text);"
		"CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE plpgsql AS"
		" $$ BEGIN INSERT INTO public.caught VALUES ('quote_ident'); RETURN 'x'; END $$;"
		"CREATE FUNCTION unlike(name, name) RETURNS bool LANGUAGE plpgsql AS"
		" $$ BEGIN INSERT INTO public.caught VALUES ('!~'); RETURN true; END $$;"
		"CREATE OPERATOR public.!~ (leftarg = name, rightarg = name, function = unlike)");
	AUTO(db_auto) struct db *db = fixture_connect("inspect_trap");
	fixture_assert_ok(inspect_catalog(&facts, db, &err), &err);
	ck_assert(!db_in_transaction(db));
	fixture_assert_ok(db_exec(db, "BEGIN", &err), &err);
	fixture_assert_ok(inspect_other(&other, db, &err), &err);
	fixture_assert_ok(db_exec(db, "COMMIT", &err), &err);
	fixture_assert_scalar("inspect_trap", "SELECT count(*) FROM caught", "0");
	AUTO(mem_auto) char *path = NULL;
	fixture_assert_ok(db_scalar(&path, db, "SELECT current_setting('search_path')", 0, NULL, &err), &err);
	ck_assert_str_eq(path, "public");
}
END_TEST

static enum version_row row_state(const char *dbname, size_t *rows)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	AUTO(db_auto) struct db *db = fixture_connect(dbname);
	fixture_assert_ok(inspect_version(&row, db, &err), &err);
	ck_assert(row.state == VERSION_ONE || !row.db_version);
	if (row.state == VERSION_ONE) {
		ck_assert_str_eq(row.db_version, "0.0.6");
		ck_assert_str_eq(row.service_version, "0.2.1");
	}
	*rows = row.rows;
	return row.state;
}

START_TEST(version_rows)
{
	size_t rows;
	fixture_engine("inspect_row", "0.0.6", false);
	ck_assert_int_eq(row_state("inspect_row", &rows), VERSION_ONE);
	fixture_sql("inspect_row", "INSERT INTO anchore (service_version, db_version) VALUES ('0.2.4', '0.0.7')");
	ck_assert_int_eq(row_state("inspect_row", &rows), VERSION_SEVERAL);
	ck_assert_uint_eq(rows, 2);
	fixture_sql("inspect_row", "DELETE FROM anchore");
	ck_assert_int_eq(row_state("inspect_row", &rows), VERSION_NO_ROW);
	fixture_sql("inspect_row", "DROP TABLE anchore");
	ck_assert_int_eq(row_state("inspect_row", &rows), VERSION_NO_TABLE);
}
END_TEST

START_TEST(sizes_of_tables)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(table_sizes_clear) struct table_sizes sizes = {NULL, 0};
	fixture_engine("inspect_sizes", "0.0.6", true);
	fixture_sql("inspect_sizes", "ANALYZE");
	AUTO(db_auto) struct db *db = fixture_connect("inspect_sizes");
	fixture_assert_ok(inspect_sizes(&sizes, db, &err), &err);
	ck_assert_uint_gt(sizes.count, 30);
	const struct table_size *image = NULL;
	for (size_t i = 0; i < sizes.count; i++)
		if (strcmp(sizes.items[i].name, "catalog_image") == 0)
			image = &sizes.items[i];
	ck_assert_ptr_nonnull(image);
	ck_assert_uint_gt(image->bytes, 0);
	ck_assert_int_eq(image->rows, 4);
}
END_TEST

START_TEST(losses_are_counted)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_engine("inspect_loss", "0.0.7", false);
	fixture_sql("inspect_loss",
		"INSERT INTO catalog_image (\"imageDigest\", \"userId\", analysis_status, last_updated,"
		" analyzed_at) VALUES ('a', 'u', 'analyzed', 5, 5), ('b', 'u', 'analyzed', 5, 6),"
		" ('c', 'u', 'x', 5, NULL)");
	AUTO(db_auto) struct db *db = fixture_connect("inspect_loss");
	const struct {
		struct loss loss;
		uint64_t lost;
	} cases[] = {
		{{(char *)"catalog_image", NULL, NULL, NULL}, 3},
		{{(char *)"catalog_image", NULL, (char *)"last_updated < analyzed_at", NULL}, 1},
		{{(char *)"catalog_image", (char *)"analyzed_at", NULL, NULL}, 2},
		{{(char *)"catalog_image", (char *)"analyzed_at", (char *)"analyzed_at > 5", NULL}, 1},
		{{(char *)"catalog_image", (char *)"analyzed_at", NULL,
			(char *)"CASE WHEN analysis_status = 'analyzed' THEN last_updated END"}, 1},
		{{(char *)"events", NULL, NULL, NULL}, 0},
		{{(char *)"no_such_table", NULL, (char *)"x = 1", NULL}, 0},
		{{(char *)"catalog_image", (char *)"no_such_column", NULL, NULL}, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t lost = 77;
		fixture_assert_ok(inspect_loss(&lost, db, &cases[i].loss, &err), &err);
		ck_assert_msg(lost == cases[i].lost, "case %zu: %llu", i, (unsigned long long)lost);
	}
}
END_TEST

Suite *inspect_suite(void)
{
	return fixture_suite("inspect", (const TTest *const[]){fresh_schemas_are_their_catalogs,
		names_and_order_are_no_facts, changes_are_facts, what_an_operator_added_is_harmless,
		functions_of_the_database_are_never_called, version_rows,
		sizes_of_tables, losses_are_counted, NULL});
}
