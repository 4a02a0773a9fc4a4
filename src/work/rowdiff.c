#include "work/rowdiff.h"

#include <inttypes.h>

#include "base/mem.h"
#include "work/contents.h"
#include "work/inventory.h"

void rowdiff_clear(struct row_differences *differences)
{
	for (size_t i = 0; i < differences->count; i++)
		mem_free(differences->items[i].table);
	mem_free(differences->items);
	*differences = (struct row_differences){NULL, 0};
}

static void add(struct row_differences *out, struct row_difference difference)
{
	out->items = mem_resize(out->items, (out->count + 1) * sizeof *out->items);
	out->items[out->count++] = difference;
}

/* The columns that the snapshot knows are compared: what a later version added does not make a row another. */
static int compare_known(struct row_differences *out, struct run *run, const struct manifest *manifest,
	struct error *err)
{
	AUTO(contents_clear) struct contents contents = {.tables = NULL};
	int rc = contents_read(&contents, run, NULL, manifest, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < manifest->table_count && i < contents.count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		if (!contents.missing[i] && content_same(&table->content, &contents.tables[i]))
			continue;
		/* The version row differs by its nature. */
		if (text_same(table->schema, "public") && text_same(table->name, "anchore"))
			continue;
		add(out, (struct row_difference){inventory_name(table->schema, table->name), contents.tables[i].rows,
			table->content.rows, false, contents.missing[i]});
	}
	return 0;
}

static int count_new(struct row_differences *out, struct db *db, const struct stock *stock, struct error *err)
{
	AUTO(mem_auto) char *sql = mem_format("SELECT count(*) FROM ONLY %s", stock->qualified);
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, sql, 0, NULL, err);
	if (!rc && db_number(result, 0, 0))
		add(out, (struct row_difference){inventory_name(stock->schema, stock->name),
			(uint64_t)db_number(result, 0, 0), 0, true, false});
	return rc;
}

int rowdiff_read(struct row_differences *out, struct run *run, struct db *db, const struct manifest *manifest,
	struct error *err)
{
	AUTO(rowdiff_clear) struct row_differences found = {NULL, 0};
	AUTO(inventory_clear) struct inventory inventory = {.tables = NULL};
	int rc = compare_known(&found, run, manifest, err);
	if (!rc)
		rc = db_exec(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
	if (rc)
		return rc;
	rc = inventory_read(&inventory, db, err);
	for (size_t i = 0; !rc && i < inventory.count; i++)
		if (!manifest_find_table(manifest, inventory.tables[i].schema, inventory.tables[i].name))
			rc = count_new(&found, db, &inventory.tables[i], err);
	if (!rc)
		rc = db_exec(db, "COMMIT", err);
	if (rc)
		return error_context(err, "counting the rows that the snapshot does not have");
	*out = found;
	found = (struct row_differences){NULL, 0};
	return 0;
}

char *rowdiff_text(const struct row_difference *difference)
{
	if (difference->is_new)
		return mem_format("table %s: %" PRIu64 " row%s now, no such table in the snapshot", difference->table,
			difference->now, difference->now == 1 ? "" : "s");
	if (difference->is_gone)
		return mem_format("table %s: gone now, or a column of it; %" PRIu64 " in the snapshot",
			difference->table, difference->then);
	if (difference->now == difference->then)
		return mem_format("table %s: %" PRIu64 " row%s now and in the snapshot, with other contents",
			difference->table, difference->now, difference->now == 1 ? "" : "s");
	return mem_format("table %s: %" PRIu64 " row%s now, %" PRIu64 " in the snapshot", difference->table,
		difference->now, difference->now == 1 ? "" : "s", difference->then);
}
