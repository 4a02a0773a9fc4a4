#include "work/inventory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "io/digest.h"
#include "io/json.h"

#define OURS \
	"n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'anchore_admin') " \
	"AND n.nspname !~ '^pg_(toast_)?temp_' AND c.relpersistence <> 't' " \
	"AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid " \
	"AND x.objsubid = 0 AND x.deptype = 'e')"

static const char TABLES[] =
	"SELECT c.oid, c.relfilenode, n.nspname, c.relname, pg_relation_size(c.oid), pg_table_size(c.oid), "
	"has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), "
	"current_setting('block_size')::bigint "
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND " OURS
	" ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\"";

/* Types that print floating point numbers: the two themselves, the geometric ones, and every array, domain, range
 * and row type made of such. What is made of what is listed first: asked for each type, every column would be read
 * again for each. */
#define FLOATING \
	"WITH RECURSIVE made(oid, of) AS (" \
	"SELECT oid, typelem FROM pg_type WHERE typelem <> 0 AND typlen = -1 " \
	"UNION ALL SELECT oid, typbasetype FROM pg_type WHERE typbasetype <> 0 " \
	"UNION ALL SELECT rngtypid, rngsubtype FROM pg_range " \
	"UNION ALL SELECT k.reltype, a.atttypid FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid " \
	"WHERE a.attnum > 0 AND NOT a.attisdropped AND k.reltype <> 0), " \
	"floating(oid) AS (SELECT unnest('{700,701,600,601,602,603,604,628,718}'::oid[]) " \
	"UNION SELECT m.oid FROM floating f JOIN made m ON m.of = f.oid) "

/* attgenerated came with 12, hence the detour, which is long: only for columns that have an expression at all. */
static const char COLUMNS[] =
	FLOATING "SELECT c.oid, a.attname, a.atttypid IN (SELECT oid FROM floating) "
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
	"WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped "
	"AND (NOT a.atthasdef OR coalesce(to_jsonb(a)->>'attgenerated', '') = '') AND " OURS
	" ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\", a.attname::text COLLATE \"C\"";

static const char SEQUENCES[] =
	"SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
	"WHERE c.relkind = 'S' AND " OURS " ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\"";

/* Rows that pg_dump leaves out and we do not copy: of an extension's tables that are not its configuration, and of
 * tables that a superuser made in the system's own schemas. */
static const char STRAYS[] =
	"SELECT n.nspname, c.relname, "
	"(SELECT e.extname FROM pg_depend x JOIN pg_extension e ON e.oid = x.refobjid WHERE x.objid = c.oid "
	"AND x.classid = 'pg_class'::regclass AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'e') "
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384 AND c.relkind = 'r' "
	"AND n.nspname !~ '^pg_(toast|(toast_)?temp_)' AND n.nspname <> 'anchore_admin' AND c.relpersistence <> 't' "
	"AND NOT EXISTS (SELECT FROM pg_extension e WHERE c.oid = ANY (e.extconfig)) "
	"AND NOT (" OURS ") AND pg_relation_size(c.oid) > 0 ORDER BY c.oid LIMIT 1";

static int refuse_strays(struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, STRAYS, 0, NULL, err);
	if (rc || !db_rows(result))
		return rc;
	AUTO(mem_auto) char *shown = inventory_name(db_value(result, 0, 0), db_value(result, 0, 1));
	const char *extension = db_value(result, 0, 2);
	if (!extension) {
		error_set(err, ERROR_REFUSED,
			"the table %s is in a schema of the system's own, which no snapshot holds", shown);
		return error_hint(err, "move its rows to a table in another schema");
	}
	error_set(err, ERROR_REFUSED, "the table %s belongs to the extension %s, and no snapshot holds its rows", shown,
		extension);
	return error_hint(err, "take it out with `ALTER EXTENSION %s DROP TABLE %s`, or move its rows to another table",
		extension, shown);
}

static int check_names(const char *schema, const char *name, struct error *err)
{
	json_t *a = json_string(schema), *b = json_string(name);
	bool fine = a && b;
	json_decref(a);
	json_decref(b);
	if (fine)
		return 0;
	return error_set(err, ERROR_REFUSED, "the name %s.%s is not UTF-8, which a snapshot needs", schema, name);
}

static char *qualify(struct db *db, const char *schema, const char *name)
{
	AUTO(mem_auto) char *a = db_identifier(db, schema);
	AUTO(mem_auto) char *b = db_identifier(db, name);
	return mem_format("%s.%s", a, b);
}

static bool is_plain(const char *name)
{
	if (!islower((unsigned char)*name) && *name != '_')
		return false;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

char *inventory_name(const char *schema, const char *name)
{
	const char *a = is_plain(schema) ? "" : "\"", *b = is_plain(name) ? "" : "\"";
	if (strcmp(schema, "public") == 0)
		return mem_format("%s%s%s", b, name, b);
	return mem_format("%s%s%s.%s%s%s", a, schema, a, b, name, b);
}

static int take_tables(struct inventory *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, TABLES, 0, NULL, err);
	if (rc)
		return rc;
	out->tables = mem_array(db_rows(result), sizeof *out->tables);
	for (size_t i = 0; i < db_rows(result); i++) {
		const char *schema = db_value(result, i, 2), *name = db_value(result, i, 3);
		/* Sizes are of now: a table that was dropped meanwhile has none. */
		uint64_t heap = (uint64_t)db_number(result, i, 4), block = (uint64_t)db_number(result, i, 7);
		out->tables[out->count++] = (struct stock){
			.schema = mem_copy(schema), .name = mem_copy(name), .qualified = qualify(db, schema, name),
			.oid = db_number(result, i, 0), .file = db_number(result, i, 1),
			.pages = heap / block, .bytes = (uint64_t)db_number(result, i, 5),
		};
		out->bytes += (uint64_t)db_number(result, i, 5);
		rc = check_names(schema, name, err);
		if (!rc && db_value(result, i, 6) && !db_flag(result, i, 6)) {
			AUTO(mem_auto) char *shown = inventory_name(schema, name);
			error_set(err, ERROR_REFUSED, "the role %s may not read the table %s", db_user(db), shown);
			rc = error_hint(err, "grant it SELECT on the table, or connect as the tables' owner");
		}
		if (rc)
			return rc;
	}
	return 0;
}

static int take_columns(struct inventory *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, COLUMNS, 0, NULL, err);
	size_t table = 0;
	for (size_t i = 0; !rc && i < db_rows(result); i++) {
		/* Both lists have the same order. */
		while (table < out->count && out->tables[table].oid != db_number(result, i, 0))
			table++;
		if (table == out->count)
			return error_set(err, ERROR_FAILED, "the server lists columns of an unknown table");
		rc = check_names(out->tables[table].name, db_value(result, i, 1), err);
		list_add(&out->tables[table].columns, db_value(result, i, 1));
		if (db_flag(result, i, 2))
			list_add(&out->tables[table].floats, db_value(result, i, 1));
	}
	return rc;
}

int inventory_read(struct inventory *out, struct db *db, struct error *err)
{
	AUTO(inventory_clear) struct inventory inventory = {0};
	int rc = refuse_strays(db, err);
	if (!rc)
		rc = take_tables(&inventory, db, err);
	if (!rc)
		rc = take_columns(&inventory, db, err);
	if (rc)
		return rc;
	*out = inventory;
	inventory = (struct inventory){0};
	return 0;
}

void inventory_clear(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++) {
		struct stock *table = &inventory->tables[i];
		mem_free(table->schema);
		mem_free(table->name);
		mem_free(table->qualified);
		list_clear(&table->columns);
		list_clear(&table->floats);
	}
	mem_free(inventory->tables);
	*inventory = (struct inventory){0};
}

const struct stock *inventory_find(const struct inventory *inventory, const char *schema, const char *name)
{
	size_t low = 0, high = inventory->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct stock *table = &inventory->tables[middle];
		int order = strcmp(schema, table->schema);
		if (order == 0)
			order = strcmp(name, table->name);
		if (order == 0)
			return table;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

char *inventory_summary(const struct manifest_table *table, size_t chunks)
{
	AUTO(mem_auto) char *name = inventory_name(table->schema, table->name);
	AUTO(mem_auto) char *rows = text_plural(table->content.rows, "row"), *bytes = text_bytes(table->bytes);
	AUTO(mem_auto) char *parts = text_plural(chunks, "chunk");
	return mem_format("table %s: %s, %s of text in %s", name, rows, bytes, parts);
}

char *inventory_where(const struct page_range *pages)
{
	struct text where = TEXT_INIT;
	if (pages->first || pages->end)
		text_addf(&where, " WHERE ctid >= '(%" PRIu64 ",0)'", pages->first);
	if (pages->end)
		text_addf(&where, " AND ctid < '(%" PRIu64 ",0)'", pages->end);
	return text_take(&where);
}

char *inventory_copy(struct db *db, const char *schema, const char *name, const struct list *columns,
	const struct page_range *pages)
{
	AUTO(mem_auto) char *table = qualify(db, schema, name);
	struct text sql = TEXT_INIT;
	text_add(&sql, "COPY (SELECT ");
	for (size_t i = 0; i < columns->count; i++) {
		AUTO(mem_auto) char *column = db_identifier(db, columns->items[i]);
		text_addf(&sql, "%s%s", i ? ", " : "", column);
	}
	AUTO(mem_auto) char *where = pages ? inventory_where(pages) : mem_copy("");
	text_addf(&sql, " FROM ONLY %s%s) TO STDOUT", table, where);
	return text_take(&sql);
}

int inventory_sequences(struct manifest_sequence **out, size_t *count, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, SEQUENCES, 0, NULL, err);
	if (rc)
		return rc;
	size_t found = db_rows(result);
	struct manifest_sequence *sequences = mem_array(found, sizeof *sequences);
	for (size_t i = 0; !rc && i < found; i++) {
		const char *schema = db_value(result, i, 0), *name = db_value(result, i, 1);
		AUTO(mem_auto) char *qualified = qualify(db, schema, name);
		AUTO(mem_auto) char *sql = mem_format("SELECT last_value, is_called FROM %s", qualified);
		AUTO(db_result_auto) struct db_result *row = NULL;
		rc = check_names(schema, name, err);
		if (!rc)
			rc = db_query(&row, db, sql, 0, NULL, err);
		if (!rc)
			sequences[i] = (struct manifest_sequence){mem_copy(schema), mem_copy(name),
				mem_copy(db_value(row, 0, 0)), db_flag(row, 0, 1)};
	}
	if (rc) {
		inventory_free_sequences(sequences, found);
		return rc;
	}
	*out = sequences;
	*count = found;
	return 0;
}

void inventory_free_sequences(struct manifest_sequence *sequences, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mem_free(sequences[i].schema);
		mem_free(sequences[i].name);
		mem_free(sequences[i].last_value);
	}
	mem_free(sequences);
}

/* A piece counts as the text "OID:OFFSET:" followed by its bytes in hex as the server prints them. The piece that is
 * shorter than a whole one, be it empty, ends the object. */
static int add_large_object(struct content *content, struct db *db, const char *oid, struct error *err)
{
	enum { PIECE = 1 << 20 };
	for (uint64_t offset = 0;; offset += PIECE) {
		AUTO(mem_auto) char *at = mem_format("%" PRIu64, offset);
		AUTO(mem_auto) char *size = mem_format("%d", PIECE);
		AUTO(db_result_auto) struct db_result *result = NULL;
		int rc = interrupt_check(err);
		if (!rc)
			rc = DB_QUERY(&result, db, "SELECT lo_get($1::oid, $2::bigint, $3::int)", err, oid, at, size);
		if (rc)
			return error_context(err, "large object %s", oid);
		AUTO(text_clear) struct text piece = TEXT_INIT;
		text_addf(&piece, "%s:%s:", oid, at);
		text_add_bytes(&piece, db_value(result, 0, 0), db_value_size(result, 0, 0));
		digest_add_row(&content->high, &content->low, piece.data, piece.size);
		if (db_value_size(result, 0, 0) < 2 + 2 * (size_t)PIECE)
			break;
	}
	content->rows++;
	return 0;
}

int inventory_large_objects(struct content *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, "SELECT oid FROM pg_largeobject_metadata ORDER BY oid", 0, NULL, err);
	struct content content = {0};
	for (size_t i = 0; !rc && i < db_rows(result); i++)
		rc = add_large_object(&content, db, db_value(result, i, 0), err);
	if (!rc)
		*out = content;
	return rc;
}
