#include "work/copycheck.h"

#include <inttypes.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "work/inspect.h"
#include "work/inventory.h"

/* Since PostgreSQL 12 a float prints as the shortest text that reads back the same. */
enum { SHORT_FLOATS = 120000 };

static int differs(struct error *err, const char *what, const char *format, const char *name)
{
	AUTO(mem_auto) char *words = mem_format("%s%s", format, name);
	error_set(err, ERROR_FAILED, "the restored copy differs from the snapshot in %s: %s", what, words);
	return error_hint(err,
		"look whether the snapshot is whole with `anchore-admin snapshot verify`; the copy is dropped, the "
		"present database was not touched");
}

static int check_loaded(const struct copycheck *check, struct error *err)
{
	const struct manifest *manifest = check->manifest;
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct content *want = &manifest->tables[i].content, *have = &check->contents[i];
		if (!content_same(want, have))
			return error_set(err, ERROR_CORRUPT,
				"table %s has %" PRIu64 " rows in the manifest and %" PRIu64 " in the archive%s",
				manifest->tables[i].name, want->rows, have->rows,
				want->rows == have->rows ? ", with other contents" : "");
	}
	return 0;
}

/* First line of a that b lacks; both in byte order. */
static const char *first_missing(const struct list *a, const struct list *b)
{
	size_t j = 0;
	for (size_t i = 0; i < a->count; i++) {
		while (j < b->count && strcmp(b->items[j], a->items[i]) < 0)
			j++;
		if (j == b->count || strcmp(b->items[j], a->items[i]) != 0)
			return a->items[i];
		j++;
	}
	return NULL;
}

static int check_catalog(const struct copycheck *check, struct error *err)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	int rc = inspect_catalog(&lines, check->db, err);
	if (rc)
		return rc;
	const char *gone = first_missing(&check->manifest->catalog, &lines);
	if (gone)
		return differs(err, "its schema", "missing: ", gone);
	const char *extra = first_missing(&lines, &check->manifest->catalog);
	return extra ? differs(err, "its schema", "extra: ", extra) : 0;
}

/* Owners, privileges, definitions: a difference is told, for the rows are all there. */
static int check_other(const struct copycheck *check, struct list *notes, struct error *err)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	int rc = check->same_rights ? inspect_other(&lines, check->db, err) : 0;
	if (rc || !check->same_rights || db_version(check->db) / 10000 != check->manifest->server_number / 10000)
		return rc;
	const char *gone = first_missing(&check->manifest->other, &lines);
	const char *extra = first_missing(&lines, &check->manifest->other);
	if (gone)
		list_addf(notes, "the copy lacks what the snapshot's database had: %s", gone);
	if (extra)
		list_addf(notes, "the copy has what the snapshot's database had not: %s", extra);
	return 0;
}

static int check_sequence(const struct copycheck *check, const struct manifest_sequence *want, struct error *err)
{
	AUTO(mem_auto) char *schema = db_identifier(check->db, want->schema);
	AUTO(mem_auto) char *name = db_identifier(check->db, want->name);
	AUTO(mem_auto) char *sql = mem_format("SELECT last_value, is_called FROM %s.%s", schema, name);
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, check->db, sql, 0, NULL, err);
	if (rc)
		return rc;
	bool same = text_same(db_value(result, 0, 0), want->last_value) && db_flag(result, 0, 1) == want->is_called;
	return same ? 0 : differs(err, "a sequence", "", want->name);
}

static bool floats_differ(const struct copycheck *check)
{
	return (check->manifest->server_number >= SHORT_FLOATS) != (db_version(check->db) >= SHORT_FLOATS);
}

static int check_table(const struct copycheck *check, size_t i, struct list *notes, struct error *err)
{
	const struct manifest_table *table = &check->manifest->tables[i];
	if (content_same(&table->content, &check->read[i]))
		return 0;
	if (floats_differ(check) && table->floats.count && table->content.rows == check->read[i].rows) {
		list_addf(notes,
			"table %s: only its number of rows could be compared, for floating-point numbers print "
			"differently before PostgreSQL 12",
			table->name);
		return 0;
	}
	return differs(err, "the rows read back", "table ", table->name);
}

static int check_deep(const struct copycheck *check, struct list *notes, struct error *err)
{
	struct content large_objects = {0, 0, 0};
	int rc = inventory_large_objects(&large_objects, check->db, err);
	for (size_t i = 0; !rc && i < check->manifest->table_count; i++)
		rc = check_table(check, i, notes, err);
	if (!rc && !content_same(&large_objects, &check->manifest->large_objects))
		rc = differs(err, "the large objects", "", "not the same bytes");
	return rc;
}

static int check_large_objects(const struct copycheck *check, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, check->db, "SELECT count(*) FROM pg_largeobject_metadata", 0, NULL, err);
	if (!rc && (uint64_t)db_number(result, 0, 0) != check->manifest->large_objects.rows)
		rc = differs(err, "the large objects", "", "not as many");
	return rc;
}

int copycheck_run(const struct copycheck *check, struct list *notes, struct error *err)
{
	int rc = fault_point("restore-check", err);
	if (!rc)
		rc = check_loaded(check, err);
	if (!rc)
		rc = check_catalog(check, err);
	for (size_t i = 0; !rc && i < check->manifest->sequence_count; i++)
		rc = check_sequence(check, &check->manifest->sequences[i], err);
	if (!rc)
		rc = check_large_objects(check, err);
	if (!rc)
		rc = check_other(check, notes, err);
	return !rc && check->read ? check_deep(check, notes, err) : rc;
}
