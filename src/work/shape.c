#include "work/shape.h"

#include <string.h>

#include "base/mem.h"
#include "io/digest.h"

/* Only heap keeps row versions as model/reuse.h has them; before PostgreSQL 12 there is nothing else, without a name.
 * part: every type that a table's columns are made of. Row types and extensions' types are not looked into. The
 * columns of pg_attribute that only some versions have are read from its row as JSON. */
static const char SHAPES[] =
	"WITH RECURSIVE part(relid, typ) AS ("
	"SELECT a.attrelid, a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
	"WHERE c.relkind = 'r' AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped "
	"UNION SELECT p.relid, x.typ FROM part p JOIN pg_type t ON t.oid = p.typ CROSS JOIN LATERAL ("
	"SELECT t.typbasetype WHERE t.typtype = 'd' "
	"UNION ALL SELECT t.typelem WHERE t.typoutput = 'pg_catalog.array_out'::regproc AND t.typtype = 'b' "
	"UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid "
	"UNION ALL SELECT r.rngtypid FROM pg_range r WHERE t.typtype = 'm' AND to_jsonb(r)->>'rngmultitypid' = "
	"t.oid::text) x(typ)), "
	"type AS (SELECT p.relid, t.oid, t.typtype IN ('d', 'e', 'r', 'm') OR t.typtype = 'b' AND "
	"(t.typoutput = 'pg_catalog.array_out'::regproc OR t.oid < 16384 AND "
	"t.typnamespace = 'pg_catalog'::regnamespace AND t.typname !~ '^(reg|pg_|aclitem$)') AS fine, "
	"format('%s %s (%s)', t.oid, t.typtype, (SELECT string_agg(format('%s %L', e.oid, e.enumlabel), ', ' "
	"ORDER BY e.oid) FROM pg_enum e WHERE e.enumtypid = t.oid)) AS words "
	"FROM part p LEFT JOIN pg_type t ON t.oid = p.typ) "
	"SELECT n.nspname, c.relname, c.oid, CASE WHEN c.relpersistence = 'p' "
	"AND (c.relam = 0 OR c.relam = (SELECT h.oid FROM pg_am h WHERE h.amname = 'heap')) "
	"AND NOT EXISTS (SELECT FROM type WHERE type.relid = c.oid AND fine IS NOT TRUE) "
	"THEN concat_ws(E'\\n', format('shape 1 of %s', c.oid), (SELECT string_agg(format('%s %L %s %s %s %L %L', "
	"a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, j.row->>'attgenerated', "
	"j.row->'attmissingval'), E'\\n' ORDER BY a.attnum) FROM pg_attribute a "
	"CROSS JOIN LATERAL (SELECT to_jsonb(a)) j(row) "
	"WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), "
	"(SELECT string_agg(words, E'\\n' ORDER BY type.oid) FROM type WHERE type.relid = c.oid)) END "
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.oid >= 16384";

static void take(struct manifest *manifest, const struct inventory *inventory, const struct db_result *result,
	size_t row)
{
	const struct stock *stock = inventory_find(inventory, db_value(result, row, 0), db_value(result, row, 1));
	if (!stock || stock->oid != db_number(result, row, 2))
		return;
	struct manifest_table *table = &manifest->tables[stock - inventory->tables];
	table->oid = stock->oid;
	table->file = stock->file;
	if (!db_value(result, row, 3))
		return;
	table->shape = mem_new(65);
	digest_sha256_hex(table->shape, db_value(result, row, 3), db_value_size(result, row, 3));
}

int shape_read(struct manifest *manifest, const struct inventory *inventory, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, SHAPES, 0, NULL, err);
	for (size_t i = 0; !rc && i < db_rows(result); i++)
		take(manifest, inventory, result, i);
	return rc ? error_context(err, "reading what the tables are made of") : 0;
}
