#include "work/load_check.h"

#include <inttypes.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/progress.h"
#include "io/digest.h"
#include "work/inventory.h"

/* A range of pages is scanned alone, instead of the whole table, since this version. */
enum { SCANS_RANGES = 140000 };

/* The pages in one sweep, and no plan but a scan of those asked for: as work/scan.c reads them. */
static const char BEGIN[] =
	"BEGIN READ ONLY; SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0; "
	"SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; "
	"SET LOCAL enable_bitmapscan = off";

size_t load_check_parts(const struct db *db, size_t chunks, int workers)
{
	size_t most = db_version(db) >= SCANS_RANGES ? (size_t)workers : 1;
	return chunks > most ? most : chunks ? chunks : 1;
}

static int pages_of(struct page_range *out, struct db *db, const struct manifest_table *table, size_t part,
	size_t parts, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db,
		"SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint FROM pg_catalog.pg_class c "
		"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
		err, table->schema, table->name);
	if (rc)
		return rc;
	if (!db_rows(result))
		return error_set(err, ERROR_FAILED, "the table %s is not there", table->name);
	uint64_t pages = (uint64_t)db_number(result, 0, 0);
	out->first = pages * part / parts;
	out->end = part + 1 < parts ? pages * (part + 1) / parts : 0;
	return 0;
}

static int on_rows(void *context, const char *text, size_t size, struct error *err)
{
	(void)err;
	digest_rows(context, text, size);
	return 0;
}

static int read_rows(struct row_digest *digest, struct db *db, const struct manifest_table *table, size_t part,
	size_t parts, struct error *err)
{
	struct page_range pages = {0, 0};
	uint64_t rows = 0;
	int rc = db_exec(db, BEGIN, err);
	if (!rc && parts > 1)
		rc = pages_of(&pages, db, table, part, parts, err);
	if (rc)
		return rc;
	/* A part before the first page: the table has fewer pages than parts. */
	if (parts > 1 && part + 1 < parts && pages.first == pages.end)
		return db_exec(db, "COMMIT", err);
	AUTO(mem_auto) char *sql = inventory_copy(db, table->schema, table->name, &table->columns,
		parts > 1 ? &pages : NULL);
	rc = db_copy_out(db, sql, on_rows, digest, &rows, err);
	if (!rc && rows != digest->rows)
		rc = error_set(err, ERROR_FAILED, "the server sent %" PRIu64 " rows and says it were %" PRIu64,
			digest->rows, rows);
	return rc ? rc : db_exec(db, "COMMIT", err);
}

int load_check(struct content *out, struct db *db, const struct manifest_table *table, size_t part, size_t parts,
	struct error *err)
{
	struct row_digest digest = {0};
	int rc = fault_point("restore-read-back", err);
	if (!rc)
		rc = read_rows(&digest, db, table, part, parts, err);
	if (!rc)
		*out = (struct content){digest.rows, digest.high, digest.low};
	digest_rows_clear(&digest);
	return rc ? error_context(err, "reading table %s back", table->name) : 0;
}
