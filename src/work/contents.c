#include "work/contents.h"

#include <string.h>

#include "base/mem.h"
#include "io/digest.h"
#include "work/database.h"
#include "work/inventory.h"
#include "work/scan.h"

/* ---- what of the manifest is there ---- */

static bool has_columns(const struct stock *stock, const struct list *columns)
{
	size_t at = 0;
	/* Both are in byte order. */
	for (size_t i = 0; i < columns->count; i++) {
		while (at < stock->columns.count && strcmp(stock->columns.items[at], columns->items[i]) < 0)
			at++;
		if (at == stock->columns.count || strcmp(stock->columns.items[at], columns->items[i]) != 0)
			return false;
	}
	return true;
}

/* Marks what is missing; tables gets the rest. */
static size_t match(struct contents *contents, struct scan_table *tables, const struct inventory *inventory,
	const struct manifest *manifest)
{
	size_t count = 0;
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		const struct stock *stock = inventory_find(inventory, table->schema, table->name);
		if (stock && has_columns(stock, &table->columns))
			tables[count++] = (struct scan_table){.id = i, .stock = stock, .columns = &table->columns};
		else
			contents->missing[i] = true;
	}
	return count;
}

static void contents_init(struct contents *contents, const struct manifest *manifest)
{
	*contents = (struct contents){
		.tables = mem_array(manifest->table_count, sizeof(struct content)),
		.missing = mem_array(manifest->table_count, sizeof(bool)),
		.count = manifest->table_count,
	};
}

void contents_clear(struct contents *contents)
{
	mem_free(contents->tables);
	mem_free(contents->missing);
	inventory_free_sequences(contents->sequences, contents->sequence_count);
	moment_clear(&contents->moment);
	*contents = (struct contents){0};
}

/* What one connection reads: the digest of the table at hand, and the sums of all. */
struct reading {
	struct content *sums; /* one per table of the manifest */
	struct row_digest digest;
	size_t id;
};

static void close_table(struct reading *reading)
{
	content_add(&reading->sums[reading->id],
		&(struct content){reading->digest.rows, reading->digest.high, reading->digest.low});
	digest_rows_clear(&reading->digest);
	reading->digest = (struct row_digest){0};
}

static void add_rows(struct reading *reading, size_t id, const char *text, size_t size)
{
	if (reading->id != id)
		close_table(reading);
	reading->id = id;
	digest_rows(&reading->digest, text, size);
}

static int on_rows(void *worker, size_t id, const char *text, size_t size, uint64_t *count, struct error *err)
{
	(void)err;
	struct reading *reading = worker;
	uint64_t before = reading->id == id ? reading->digest.rows : 0;
	add_rows(reading, id, text, size);
	*count += reading->digest.rows - before;
	return 0;
}

/* ---- by several connections ---- */

static int run_scan(struct contents *contents, struct run *run, const char *dbname, const char *snapshot,
	const struct scan_table *tables, size_t count, struct error *err)
{
	static const struct scan_sink sink = {.what = "reading", .rows = on_rows};
	int jobs = scan_jobs(run, tables, count);
	AUTO(mem_auto) struct content *sums = mem_array((size_t)jobs * (contents->count + 1), sizeof *sums);
	AUTO(mem_auto) struct reading *readings = mem_array((size_t)jobs, sizeof *readings);
	AUTO(mem_auto) void **workers = mem_array((size_t)jobs, sizeof *workers);
	for (int i = 0; i < jobs; i++) {
		readings[i].sums = sums + (size_t)i * contents->count;
		workers[i] = &readings[i];
	}
	struct scan *scan = NULL;
	int rc = scan_start(&scan, run, dbname, snapshot, tables, count, &sink, workers, jobs, err);
	if (!rc)
		rc = scan_finish(scan, NULL, err);
	for (int i = 0; i < jobs; i++)
		close_table(&readings[i]);
	for (size_t i = 0; !rc && i < (size_t)jobs * contents->count; i++)
		content_add(&contents->tables[i % contents->count], &sums[i]);
	return rc;
}

static int read_tables(struct contents *contents, struct run *run, const char *dbname, struct db *db,
	const struct manifest *manifest, struct error *err)
{
	AUTO(inventory_clear) struct inventory inventory = {0};
	AUTO(mem_auto) char *snapshot = NULL;
	AUTO(mem_auto) struct scan_table *tables = mem_array(manifest->table_count, sizeof *tables);
	int rc = db_exec(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
	if (!rc)
		rc = db_scalar(&snapshot, db, "SELECT pg_export_snapshot()", 0, NULL, err);
	if (!rc)
		rc = database_moment(&contents->moment, db, true, err);
	if (!rc)
		rc = inventory_read(&inventory, db, err);
	if (rc)
		return rc;
	size_t count = match(contents, tables, &inventory, manifest);
	rc = run_scan(contents, run, dbname, snapshot, tables, count, err);
	if (!rc)
		rc = inventory_large_objects(&contents->large_objects, db, err);
	return rc ? rc : db_exec(db, "COMMIT", err);
}

int contents_read(struct contents *out, struct run *run, const char *dbname, const struct manifest *manifest,
	struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	AUTO(contents_clear) struct contents contents;
	contents_init(&contents, manifest);
	int rc = run_connect(&db, run, dbname, err);
	if (!rc)
		rc = read_tables(&contents, run, dbname, db, manifest, err);
	if (!rc)
		rc = inventory_sequences(&contents.sequences, &contents.sequence_count, db, err);
	if (rc)
		return rc;
	*out = contents;
	contents = (struct contents){0};
	return 0;
}

/* ---- by one ---- */

static int on_rows_of_one(void *context, const char *text, size_t size, struct error *err)
{
	(void)err;
	struct reading *reading = context;
	digest_rows(&reading->digest, text, size);
	return 0;
}

static int read_tables_in(struct contents *contents, struct db *db, const struct manifest *manifest, struct error *err)
{
	AUTO(inventory_clear) struct inventory inventory = {0};
	AUTO(mem_auto) struct scan_table *tables = mem_array(manifest->table_count, sizeof *tables);
	int rc = inventory_read(&inventory, db, err);
	size_t count = rc ? 0 : match(contents, tables, &inventory, manifest);
	for (size_t i = 0; !rc && i < count; i++) {
		const struct scan_table *table = &tables[i];
		AUTO(mem_auto) char *sql = inventory_copy(db, table->stock->schema, table->stock->name,
			table->columns, NULL);
		struct reading reading = {.sums = contents->tables, .id = table->id};
		uint64_t rows = 0;
		rc = db_copy_out(db, sql, on_rows_of_one, &reading, &rows, err);
		close_table(&reading);
		if (!rc && rows != contents->tables[table->id].rows)
			rc = error_set(err, ERROR_FAILED, "the server sent another number of rows than it says");
	}
	return rc;
}

int contents_read_in(struct contents *out, struct db *db, const struct manifest *manifest, struct error *err)
{
	AUTO(contents_clear) struct contents contents;
	contents_init(&contents, manifest);
	int rc = database_moment(&contents.moment, db, false, err);
	if (!rc)
		rc = read_tables_in(&contents, db, manifest, err);
	if (!rc)
		rc = inventory_large_objects(&contents.large_objects, db, err);
	if (!rc)
		rc = inventory_sequences(&contents.sequences, &contents.sequence_count, db, err);
	if (rc)
		return rc;
	*out = contents;
	contents = (struct contents){0};
	return 0;
}
