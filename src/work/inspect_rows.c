#include "work/inspect.h"

#include <string.h>

#include "base/mem.h"

/* A table that is called anchore but has not these columns is not the engine's. */
static const char version_table_sql[] =
	"SELECT count(*) FROM pg_attribute\n"
	"WHERE attrelid = to_regclass('public.anchore') AND attname IN ('service_version', 'db_version')\n"
	"  AND NOT attisdropped";

static const char version_rows_sql[] =
	"SELECT service_version, db_version, count(*) OVER () FROM public.anchore LIMIT 1";

/* A role without the right to read the one row that every command begins with, or that sees rows by policy only. */
static int explain_rights(struct db *db, struct error *err)
{
	if (err->code != ERROR_FAILED || strcmp(db_sqlstate(db), "42501") != 0)
		return err->code;
	AUTO(mem_auto) char *said = mem_copy(err->message);
	error_set(err, ERROR_REFUSED, "role %s may not read the engine's tables: %s", db_user(db), said);
	return error_hint(err, "name the role that owns them in the setting `database`");
}

int inspect_version(struct engine_version *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *table = NULL, *rows = NULL;
	int code = db_query(&table, db, version_table_sql, 0, NULL, err);
	if (code)
		return code;
	struct engine_version version = {VERSION_NO_TABLE, 0, NULL, NULL};
	if (db_number(table, 0, 0) == 2) {
		code = db_query(&rows, db, version_rows_sql, 0, NULL, err);
		if (code)
			return explain_rights(db, err);
		version.state = VERSION_NO_ROW;
		if (db_rows(rows)) {
			version.rows = (size_t)db_number(rows, 0, 2);
			version.state = version.rows == 1 ? VERSION_ONE : VERSION_SEVERAL;
		}
		if (version.state == VERSION_ONE) {
			version.service_version = mem_copy(db_value(rows, 0, 0));
			version.db_version = mem_copy(db_value(rows, 0, 1));
		}
	}
	*out = version;
	return 0;
}

void engine_version_clear(struct engine_version *version)
{
	mem_free(version->service_version);
	mem_free(version->db_version);
	*version = (struct engine_version){VERSION_NO_TABLE, 0, NULL, NULL};
}

/* A table that was never analysed has -1, before PostgreSQL 14 no pages and no rows. */
static const char sizes_sql[] =
	"SELECT name, bytes, rows FROM (\n"
	"  SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,\n"
	"    pg_total_relation_size(c.oid) AS bytes,\n"
	"    CASE WHEN c.relpages = 0 AND c.reltuples <= 0 THEN -1 ELSE c.reltuples::bigint END AS rows\n"
	"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
	"  WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_'\n"
	"    AND n.nspname NOT IN ('information_schema', 'anchore_admin')\n"
	") tables ORDER BY name COLLATE \"C\"";

int inspect_sizes(struct table_sizes *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int code = db_query(&result, db, sizes_sql, 0, NULL, err);
	if (code)
		return code;
	struct table_sizes sizes = {mem_array(db_rows(result), sizeof *sizes.items), db_rows(result)};
	for (size_t i = 0; i < sizes.count; i++)
		sizes.items[i] = (struct table_size){mem_copy(db_value(result, i, 0)),
			(uint64_t)db_number(result, i, 1), db_number(result, i, 2)};
	*out = sizes;
	return 0;
}

void table_sizes_clear(struct table_sizes *sizes)
{
	for (size_t i = 0; i < sizes->count; i++)
		mem_free(sizes->items[i].name);
	mem_free(sizes->items);
	*sizes = (struct table_sizes){NULL, 0};
}

static const char loss_there_sql[] =
	"SELECT count(*) FROM pg_class c\n"
	"WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = $1\n"
	"  AND ($2::text IS NULL OR EXISTS (SELECT FROM pg_attribute a\n"
	"    WHERE a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped))";

/* Condition and expression are the edge's own SQL, as committed as its statements, and name things as it does. */
static void loss_query(struct text *sql, struct db *db, const struct loss *loss)
{
	AUTO(mem_auto) char *table = db_identifier(db, loss->table);
	text_addf(sql, "SELECT count(*) FROM public.%s", table);
	if (loss->condition) {
		text_addf(sql, " WHERE %s", loss->condition);
	} else if (loss->column) {
		AUTO(mem_auto) char *column = db_identifier(db, loss->column);
		text_addf(sql, " WHERE %s IS NOT NULL", column);
		if (loss->recomputed)
			text_addf(sql, " AND %s IS DISTINCT FROM (%s)", column, loss->recomputed);
	}
}

int inspect_loss(uint64_t *lost, struct db *db, const struct loss *loss, struct error *err)
{
	AUTO(db_result_auto) struct db_result *there = NULL, *result = NULL;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(text_clear) struct text sql = TEXT_INIT;
	int code = DB_QUERY(&there, db, loss_there_sql, err, loss->table, loss->column);
	if (code)
		return code;
	if (!db_number(there, 0, 0)) {
		*lost = 0;
		return 0;
	}
	loss_query(&sql, db, loss);
	code = db_exec(db, "SET search_path = public", err);
	if (!code)
		code = db_query(&result, db, sql.data, 0, NULL, err);
	int back = db_exec(db, "SET search_path = pg_catalog", code ? &ignored : err);
	if (code || back)
		return error_context(err, "counting what the downgrade would lose of %s", loss->table);
	*lost = (uint64_t)db_number(result, 0, 0);
	return 0;
}
