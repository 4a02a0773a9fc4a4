/* The SQL that brings a schema into line. That it does is tests/cli/drift.bats' to show; here is what it says. */
#include <string.h>

#include "base/mem.h"
#include "model/repair.h"
#include "unit.h"

static const struct version seven = {{0, 0, 7}};

static const char catalog_text[] =
	"column a.id integer NOT NULL\n"
	"column a.kind kind DEFAULT 'x'::kind\n"
	"column a.name character varying(64) NOT NULL\n"
	"column b.a_id integer NOT NULL DEFAULT nextval('s'::regclass)\n"
	"column b.text character varying DEFAULT 'a NOT NULL'::text\n"
	"constraint a PRIMARY KEY (id)\n"
	"constraint b FOREIGN KEY (a_id) REFERENCES a(id)\n"
	"enum kind ('x', 'y')\n"
	"index b btree (a_id, text)\n"
	"sequence s bigint OWNED BY b.a_id\n"
	"table a\n"
	"table b\n";

static const char schema_text[] =
	"-- a comment (b.a_id\n"
	"CREATE TABLE b (\n    a_id integer, -- why\n    text varchar,\n    CONSTRAINT b_to_a FOREIGN KEY (a_id)\n"
	"        REFERENCES a(id)\n);\nCREATE INDEX ix_b\n    ON b ( a_id,  text );\n";

static const struct fact_name named[] = {
	{"constraint a PRIMARY KEY (id)", "a_pkey"},
	{"constraint a PRIMARY KEY (name)", "\"A key\""},
	{"constraint b CHECK ((text <> 'a\\\\b\\nc'::text))", "b_check"},
	{"constraint b FOREIGN KEY (a_id) REFERENCES a(id)", "b_fkey"},
	{"index b UNIQUE btree (text)", "b_once"},
	{"index b btree (a_id, text) INVALID", "b_broken"},
};

/* The script for the catalog without the lines of less, and with those of more; owned. */
static char *script(const char *less, const char *more)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(catalog_clear) struct catalog expected = {.version = seven};
	AUTO(catalog_result_clear) struct catalog_result result = {.items = NULL};
	AUTO(list_clear) struct list without = LIST_INIT, facts = LIST_INIT;
	AUTO(repair_clear) struct repair repair = {NULL, 0};
	struct fact_names names = {mem_array(sizeof named / sizeof *named, sizeof *names.items), 0};
	unit_assert_ok(catalog_parse(&expected, seven, catalog_text, NULL, "0.0.7", &err), &err);
	list_add_lines(&without, less);
	for (size_t i = 0; i < expected.facts.count; i++)
		if (!list_has(&without, expected.facts.items[i]))
			list_add(&facts, expected.facts.items[i]);
	list_add_lines(&facts, more);
	list_sort(&facts);
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (list_has(&facts, named[i].fact))
			names.items[names.count++] = (struct fact_name){mem_copy(named[i].fact),
				mem_copy(named[i].name)};
	catalog_compare(&result, &expected, &facts, NULL, 0);
	repair_build(&repair, &expected, &result, &facts, &names, schema_text);
	fact_names_clear(&names);
	return repair_script(&repair);
}

static const struct {
	const char *less, *more, *sql;
} cases[] = {
	{"", "view mine\n", ""},
	{"column a.name character varying(64) NOT NULL\n", "column a.name character varying(32)\n",
		"-- this stops where column a.name is NULL: fill it first\nALTER TABLE a\n    ALTER COLUMN name TYPE "
		"character varying(64),\n    ALTER COLUMN name SET NOT NULL;\n"},
	{"column a.name character varying(64) NOT NULL\n", "column a.name text NOT NULL\n",
		"-- this may lose a part of the values of column a.name, which are text and would be character "
		"varying(64)\n-- ALTER TABLE a ALTER COLUMN name TYPE character varying(64);\n"},
	{"column a.id integer NOT NULL\n", "column a.id bigint NOT NULL\n",
		"-- this stops where a value of column a.id is no integer\nALTER TABLE a\n    ALTER COLUMN id TYPE "
		"integer USING id::integer;\n"},
	{"column a.kind kind DEFAULT 'x'::kind\n", "column a.kind text DEFAULT 'x'::text\n",
		"-- this stops where a value of column a.kind is no kind\nALTER TABLE a\n    ALTER COLUMN kind TYPE "
		"kind USING kind::text::kind,\n    ALTER COLUMN kind DROP DEFAULT,\n    ALTER COLUMN kind SET "
		"DEFAULT 'x'::kind;\n"},
	{"column a.name character varying(64) NOT NULL\n", "",
		"-- column a.name is made empty: only a restore brings its values back\nALTER TABLE a\n    ADD COLUMN "
		"name character varying(64);\n-- this stops if table a has rows: put an UPDATE here that fills column "
		"name\nALTER TABLE a ALTER COLUMN name SET NOT NULL;\n"},
	{"", "column a.\"b\rc\" integer\n",
		"-- this would lose the values of column a.\"b\r-- c\"\n-- ALTER TABLE a DROP COLUMN \"b\r-- c\";\n"},
	{"column b.text character varying DEFAULT 'a NOT NULL'::text\n", "column b.text character varying\n",
		"ALTER TABLE b\n    ALTER COLUMN text SET DEFAULT 'a NOT NULL'::text;\n"},
	{"constraint a PRIMARY KEY (id)\n", "constraint a PRIMARY KEY (name)\n",
		"ALTER TABLE b DROP CONSTRAINT b_fkey;\nALTER TABLE a DROP CONSTRAINT \"A key\";\nALTER TABLE a ADD "
		"PRIMARY KEY (id);\nALTER TABLE b ADD CONSTRAINT b_fkey FOREIGN KEY (a_id) REFERENCES a(id);\n"},
	{"", "constraint b CHECK ((text <> 'a\\\\b\\nc'::text))\n", "ALTER TABLE b DROP CONSTRAINT b_check;\n"},
	{"", "index b UNIQUE btree (text)\n", "DROP INDEX b_once;\n"},
	{"index b btree (a_id, text)\n", "", "CREATE INDEX ix_b ON b USING btree (a_id, text);\n"},
	{"index b btree (a_id, text)\n", "index b btree (a_id, text) INVALID\n", "REINDEX INDEX b_broken;\n"},
	{"constraint b FOREIGN KEY (a_id) REFERENCES a(id)\n", "",
		"ALTER TABLE b ADD CONSTRAINT b_to_a FOREIGN KEY (a_id) REFERENCES a(id);\n"},
	{"sequence s bigint OWNED BY b.a_id\n", "",
		"CREATE SEQUENCE s AS bigint;\nALTER SEQUENCE s OWNED BY b.a_id;\n-- sequence s goes on after the "
		"highest value in use\nSELECT setval('s', coalesce(max(a_id), 0) + 1, false) FROM b;\n"},
	{"sequence s bigint OWNED BY b.a_id\n", "sequence s integer INCREMENT 2 CYCLE\n",
		"ALTER SEQUENCE s AS bigint START 1 INCREMENT 1 MINVALUE 1 NO MAXVALUE CACHE 1 NO CYCLE OWNED BY "
		"b.a_id;\n"},
	{"enum kind ('x', 'y')\n", "enum kind ('x')\n",
		"ALTER TYPE kind RENAME TO \"kind_before\";\nCREATE TYPE kind AS ENUM ('x', 'y');\nALTER TABLE a ALTER "
		"COLUMN kind DROP DEFAULT, ALTER COLUMN kind TYPE kind USING kind::text::kind, ALTER COLUMN kind SET "
		"DEFAULT 'x'::kind;\nDROP TYPE \"kind_before\";\n"},
	{"table b\n", "table b UNLOGGED ROW LEVEL SECURITY\n",
		"ALTER TABLE b SET LOGGED;\nALTER TABLE b DISABLE ROW LEVEL SECURITY;\n"},
	{"table b\n", "table b INHERITS (a)\n", "-- no SQL is known for table b: it is INHERITS (a)\n"},
	{"", "trigger b \"T\"\npolicy a p\n", "-- not the engine's: keep its definition (psql shows it by "
		"\\d a), and make it again after the upgrade\nDROP POLICY p ON a;\n-- not the engine's: keep its "
		"definition (psql shows it by \\d b), and make it again after the upgrade\nDROP TRIGGER \"T\" ON b;\n"},
	{"table a\ncolumn a.id integer NOT NULL\ncolumn a.kind kind DEFAULT 'x'::kind\n"
	 "constraint a PRIMARY KEY (id)\ncolumn a.name character varying(64) NOT NULL\n", "",
		"-- table a is made empty: only a restore brings its rows back\nCREATE TABLE a (\n    id integer NOT "
		"NULL,\n    kind kind DEFAULT 'x'::kind,\n    name character varying(64) NOT NULL\n);\n"
		"ALTER TABLE a ADD PRIMARY KEY (id);\n"},
};

START_TEST(what_it_says)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *got = script(cases[i].less, cases[i].more);
		AUTO(mem_auto) char *want = mem_format("BEGIN;\nSET LOCAL search_path = public;\n%sCOMMIT;\n",
			cases[i].sql);
		ck_assert_str_eq(got, want);
	}
}
END_TEST

START_TEST(none_for_a_half_finished_upgrade)
{
	AUTO(catalog_clear) struct catalog expected = {.version = seven};
	AUTO(catalog_result_clear) struct catalog_result result = {.items = NULL};
	AUTO(list_clear) struct list facts = LIST_INIT;
	struct fact_names names = {NULL, 0};
	struct repair repair;
	list_add(&facts, "column a.id integer");
	catalog_compare(&result, &expected, &facts, NULL, 0);
	result.half_upgraded = true;
	repair_build(&repair, &expected, &result, &facts, &names, NULL);
	ck_assert_uint_eq(repair.count, 0);
}
END_TEST

Suite *repair_suite(void)
{
	const TTest *const tests[] = {what_it_says, none_for_a_half_finished_upgrade, NULL};
	return unit_suite("repair", tests);
}
