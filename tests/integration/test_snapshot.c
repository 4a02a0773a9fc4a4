#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fixture.h"
#include "work/contents.h"
#include "work/database.h"
#include "work/inventory.h"
#include "work/reader.h"
#include "work/snapshot.h"
#include "work/store.h"

/* A backup of the database into a new store; entry and the run's store are the caller's to clear. */
static void take(struct run *run, struct snapshot_entry *entry, const char *dbname)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_run(run, "backup", dbname, NULL);
	fixture_assert_ok(snapshot_take(entry, run, &err), &err);
}

static const struct manifest_table *table_of(const struct snapshot_entry *entry, const char *name)
{
	const struct manifest_table *table = manifest_find_table(&entry->manifest, "public", name);
	ck_assert_msg(table != NULL, "no table %s", name);
	return table;
}

/* ---- what is taken ---- */

START_TEST(a_backup_is_whole)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	struct stat status;
	fixture_engine("snap_whole", "0.0.6", true);
	take(&run, &entry, "snap_whole");
	ck_assert_int_eq(entry.health, SNAPSHOT_WHOLE);
	ck_assert_int_eq(stat(entry.path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	ck_assert_str_eq(entry.manifest.db_version, "0.0.6");
	ck_assert_str_eq(entry.manifest.engine_source, "table");
	ck_assert_str_eq(entry.manifest.identity.name, "snap_whole");
	ck_assert_uint_eq(table_of(&entry, "anchore")->content.rows, 1);
	fixture_assert_ok(snapshot_verify(&entry, 2, &err), &err);
}
END_TEST

static const char ODD[] =
	"CREATE TABLE \"sp ace\" (\"quo\"\"te\" text, \"new\nline\" bytea, \"tab\t\" text);"
	"INSERT INTO \"sp ace\" VALUES (E'a\\tb\\n\\\\N', '\\x00ff0a09', NULL), ('', '', '\\N');"
	"CREATE SCHEMA \"we'ird \"\"schema\"; CREATE TABLE \"we'ird \"\"schema\".\"p(a|b)*\" (a text);"
	"INSERT INTO \"we'ird \"\"schema\".\"p(a|b)*\" VALUES ('\\.');"
	"CREATE TABLE none (); INSERT INTO none SELECT FROM generate_series(1, 5);"
	"CREATE TABLE computed (a int, b int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO computed VALUES (1);"
	"CREATE TABLE whole (a int) PARTITION BY RANGE (a);"
	"CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (9); INSERT INTO whole VALUES (1), (2);"
	"CREATE TABLE child (c int) INHERITS (computed); INSERT INTO child VALUES (5, DEFAULT, 6);"
	"CREATE SEQUENCE \"odd seq\"; SELECT setval('\"odd seq\"', 7, false);"
	"SELECT lo_from_bytea(70001, 'large'), lo_from_bytea(70002, '');"
	"CREATE SCHEMA anchore_admin; CREATE TABLE anchore_admin.journal (a int)";

START_TEST(odd_databases_are_taken)
{
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	fixture_engine("snap_odd", "0.0.6", false);
	fixture_sql("snap_odd", ODD);
	take(&run, &entry, "snap_odd");
	ck_assert_uint_eq(table_of(&entry, "sp ace")->content.rows, 2);
	ck_assert_uint_eq(table_of(&entry, "none")->content.rows, 5);
	ck_assert_uint_eq(table_of(&entry, "computed")->content.rows, 1);
	ck_assert_uint_eq(table_of(&entry, "computed")->columns.count, 1);
	ck_assert_uint_eq(table_of(&entry, "part")->content.rows, 2);
	ck_assert_ptr_null(manifest_find_table(&entry.manifest, "public", "whole"));
	ck_assert_ptr_null(manifest_find_table(&entry.manifest, "anchore_admin", "journal"));
	ck_assert_ptr_nonnull(manifest_find_table(&entry.manifest, "we'ird \"schema", "p(a|b)*"));
	ck_assert_uint_eq(entry.manifest.large_objects.rows, 2);
	bool found = false;
	for (size_t i = 0; i < entry.manifest.sequence_count; i++) {
		const struct manifest_sequence *sequence = &entry.manifest.sequences[i];
		if (strcmp(sequence->name, "odd seq") != 0)
			continue;
		ck_assert_str_eq(sequence->last_value, "7");
		ck_assert(!sequence->is_called);
		found = true;
	}
	ck_assert(found);
}
END_TEST

static int collect(void *context, const char *text, size_t size, uint64_t rows, struct error *err)
{
	(void)rows;
	(void)err;
	text_add_bytes(context, text, size);
	return 0;
}

START_TEST(chunks_are_copy_text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	AUTO(snapshot_reader_auto) struct snapshot_reader *reader = NULL;
	fixture_engine("snap_chunks", "0.0.6", false);
	fixture_sql("snap_chunks", "CREATE TABLE t (b text, a int); INSERT INTO t VALUES (E'x\\ty', 1), (NULL, 2)");
	take(&run, &entry, "snap_chunks");
	fixture_assert_ok(snapshot_open(&reader, &entry, &err), &err);
	for (size_t i = 0; i < snapshot_chunks(reader); i++) {
		struct snapshot_chunk chunk = snapshot_chunk(reader, i);
		if (strcmp(entry.manifest.tables[chunk.table].name, "t") != 0)
			continue;
		AUTO(text_clear) struct text text = TEXT_INIT;
		struct content content = {0};
		fixture_assert_ok(snapshot_read_chunk(reader, i, &content, collect, &text, &err), &err);
		ck_assert_str_eq(text.data, "1\tx\\ty\n2\t\\N\n");
		ck_assert(content_same(&content, &entry.manifest.tables[chunk.table].content));
	}
}
END_TEST

/* More than a chunk, so that several workers share the table and chunks are cut. */
START_TEST(large_tables_are_shared_out)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	fixture_engine("snap_large", "0.0.6", false);
	fixture_sql("snap_large", "CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 30) AS x "
		"FROM generate_series(1, 250000) g");
	take(&run, &entry, "snap_large");
	ck_assert_uint_eq(table_of(&entry, "t")->content.rows, 250000);
	size_t chunks = 0;
	for (size_t i = 0; i < entry.manifest.member_count; i++)
		chunks += strstr(entry.manifest.members[i].name, "-t/") != NULL;
	ck_assert_uint_ge(chunks, 3);
	fixture_assert_ok(snapshot_verify(&entry, 2, &err), &err);
	fixture_sql("snap_large", "DROP TABLE t");
}
END_TEST

/* ---- contents ---- */

static void assert_same_contents(const struct contents *contents, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->table_count; i++)
		ck_assert_msg(!contents->missing[i] && content_same(&contents->tables[i], &manifest->tables[i].content),
			"table %s", manifest->tables[i].name);
	ck_assert(content_same(&contents->large_objects, &manifest->large_objects));
	ck_assert_uint_eq(contents->sequence_count, manifest->sequence_count);
}

START_TEST(contents_are_those_of_the_manifest)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	AUTO(contents_clear) struct contents contents = {0};
	AUTO(contents_clear) struct contents inside = {0};
	AUTO(db_auto) struct db *db = NULL;
	fixture_engine("snap_same", "0.0.6", true);
	fixture_sql("snap_same", ODD);
	take(&run, &entry, "snap_same");
	fixture_assert_ok(contents_read(&contents, &run, NULL, &entry.manifest, &err), &err);
	assert_same_contents(&contents, &entry.manifest);
	fixture_assert_ok(run_connect(&db, &run, NULL, &err), &err);
	fixture_assert_ok(db_exec(db, "BEGIN", &err), &err);
	fixture_assert_ok(contents_read_in(&inside, db, &entry.manifest, &err), &err);
	assert_same_contents(&inside, &entry.manifest);
	ck_assert_int_gt(contents.moment.xmax, 0);
}
END_TEST

START_TEST(changes_show_in_the_contents)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	AUTO(contents_clear) struct contents contents = {0};
	fixture_engine("snap_changes", "0.0.6", false);
	fixture_sql("snap_changes", "CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE c (x int, y int);"
		"INSERT INTO a VALUES (1), (2); SELECT lo_from_bytea(70003, 'before')");
	take(&run, &entry, "snap_changes");
	fixture_sql("snap_changes", "UPDATE a SET x = 3 WHERE x = 2; DROP TABLE b; ALTER TABLE c DROP COLUMN y;"
		"SELECT lo_put(70003, 0, 'after!')");
	fixture_assert_ok(contents_read(&contents, &run, NULL, &entry.manifest, &err), &err);
	size_t a = (size_t)(table_of(&entry, "a") - entry.manifest.tables);
	ck_assert_uint_eq(contents.tables[a].rows, 2);
	ck_assert(!content_same(&contents.tables[a], &entry.manifest.tables[a].content));
	ck_assert(contents.missing[table_of(&entry, "b") - entry.manifest.tables]);
	ck_assert(contents.missing[table_of(&entry, "c") - entry.manifest.tables]);
	ck_assert(!contents.missing[table_of(&entry, "anchore") - entry.manifest.tables]);
	ck_assert(!content_same(&contents.large_objects, &entry.manifest.large_objects));
}
END_TEST

/* ---- facts ---- */

START_TEST(properties_are_read)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = NULL;
	struct properties properties;
	struct identity identity;
	struct moment moment;
	fixture_database("snap_props");
	fixture_sql("postgres",
		"COMMENT ON DATABASE snap_props IS 'a comment'; ALTER DATABASE snap_props CONNECTION LIMIT 7;"
		"ALTER DATABASE snap_props SET work_mem = '8MB'; REVOKE CONNECT ON DATABASE snap_props FROM PUBLIC");
	db = fixture_connect("postgres");
	fixture_assert_ok(database_properties(&properties, db, "snap_props", &err), &err);
	ck_assert_str_eq(properties.comment, "a comment");
	ck_assert_str_eq(properties.owner, "postgres");
	ck_assert_int_eq(properties.connection_limit, 7);
	ck_assert(!properties.default_privileges);
	ck_assert(list_has(&properties.privileges, "\tTEMPORARY\tf\tpostgres"));
	ck_assert(!list_has(&properties.privileges, "\tCONNECT\tf\tpostgres"));
	ck_assert(list_has(&properties.settings, "\twork_mem\t8MB"));
	properties_clear(&properties);
	ck_assert_int_eq(database_properties(&properties, db, "snap_nothing", &err), ERROR_FAILED);
	fixture_assert_ok(database_identity(&identity, db, &err), &err);
	ck_assert_str_eq(identity.name, "postgres");
	ck_assert_int_eq(identity.timeline, 1);
	identity_clear(&identity);
	fixture_assert_ok(database_moment(&moment, db, true, &err), &err);
	ck_assert_int_gt(moment.xmax, 0);
	ck_assert_int_le(moment.xmin, moment.xmax);
	moment_clear(&moment);
}
END_TEST

Suite *snapshot_suite(void)
{
	const TTest *const tests[] = {a_backup_is_whole, odd_databases_are_taken, chunks_are_copy_text,
		large_tables_are_shared_out, contents_are_those_of_the_manifest, changes_show_in_the_contents,
		properties_are_read, NULL};
	return fixture_suite("snapshot", tests);
}
