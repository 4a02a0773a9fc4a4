#include "work/proof.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "work/contents.h"
#include "work/database.h"
#include "work/inspect.h"
#include "work/inventory.h"

static const char HOW_MOMENT[] = "nothing was written since";
static const char HOW_CONTENTS[] = "every row was read again and is the same";

void proof_clear(struct proof *proof)
{
	list_clear(&proof->differences);
	moment_clear(&proof->moment);
	*proof = (struct proof){.fresh = false};
}

static void copy_moment(struct moment *to, const struct moment *from)
{
	*to = *from;
	to->xid_snapshot = mem_copy(from->xid_snapshot);
}

/* ---- sequences ---- */

static const struct manifest_sequence *find_sequence(const struct manifest *manifest, const char *schema,
	const char *name)
{
	for (size_t i = 0; i < manifest->sequence_count; i++)
		if (text_same(manifest->sequences[i].schema, schema) && text_same(manifest->sequences[i].name, name))
			return &manifest->sequences[i];
	return NULL;
}

static void compare_sequence(struct list *differences, const struct manifest_sequence *then,
	const struct manifest_sequence *now)
{
	if (!then)
		list_addf(differences, "sequence %s is new", now->name);
	else if (!text_same(then->last_value, now->last_value) || then->is_called != now->is_called)
		list_addf(differences, "sequence %s stood at %s%s and stands at %s%s", now->name, then->last_value,
			then->is_called ? "" : " (unused)", now->last_value, now->is_called ? "" : " (unused)");
}

/* A sequence that is gone is a line of the catalog that is gone. */
static int compare_sequences(struct list *differences, struct db *db, const struct manifest *manifest,
	struct error *err)
{
	struct manifest_sequence *now = NULL;
	size_t count = 0;
	int rc = inventory_sequences(&now, &count, db, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		compare_sequence(differences, find_sequence(manifest, now[i].schema, now[i].name), &now[i]);
	inventory_free_sequences(now, count);
	return 0;
}

/* ---- catalog ---- */

/* Both sorted. */
static void compare_lines(struct list *differences, const struct list *then, const struct list *now)
{
	size_t a = 0, b = 0;
	while (a < then->count || b < now->count) {
		int order = a == then->count ? 1 : b == now->count ? -1 : strcmp(then->items[a], now->items[b]);
		if (order < 0)
			list_addf(differences, "there is no longer: %s", then->items[a]);
		else if (order > 0)
			list_addf(differences, "there is now: %s", now->items[b]);
		a += order <= 0;
		b += order >= 0;
	}
}

/* A table that is another differs in its owner, privileges and storage, too: only the first is news. */
static void compare_catalog(struct list *differences, const struct manifest *manifest, const struct list *catalog,
	const struct list *other)
{
	size_t before = differences->count;
	compare_lines(differences, &manifest->catalog, catalog);
	if (differences->count == before)
		compare_lines(differences, &manifest->other, other);
}

/* ---- rows ---- */

static void compare_table(struct list *differences, const struct manifest_table *table, const struct content *now,
	bool missing)
{
	if (!missing && content_same(&table->content, now))
		return;
	if (missing)
		list_addf(differences, "table %s, or a column of it, is gone", table->name);
	else if (table->content.rows == now->rows)
		list_addf(differences, "table %s has as many rows as then (%" PRIu64 "), but other contents",
			table->name, now->rows);
	else
		list_addf(differences, "table %s had %" PRIu64 " row%s and has %" PRIu64, table->name,
			table->content.rows, table->content.rows == 1 ? "" : "s", now->rows);
}

static void compare_contents(struct list *differences, const struct manifest *manifest,
	const struct contents *contents)
{
	for (size_t i = 0; i < contents->count && i < manifest->table_count; i++)
		compare_table(differences, &manifest->tables[i], &contents->tables[i], contents->missing[i]);
	if (!content_same(&manifest->large_objects, &contents->large_objects))
		list_addf(differences, "the large objects differ: there were %" PRIu64 " and are %" PRIu64,
			manifest->large_objects.rows, contents->large_objects.rows);
}

/* pg_dump keeps what was added to an extension's configuration, but nobody can tell afterwards that it is the same. */
static const char UNPROVABLE[] =
	"SELECT n.nspname, c.relname, e.extname FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig) "
	"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0 "
	"ORDER BY c.oid";

static int compare_extensions(struct list *differences, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, UNPROVABLE, 0, NULL, err);
	for (size_t i = 0; !rc && i < db_rows(result); i++)
		list_addf(differences, "table %s.%s of the extension %s may have been written", db_value(result, i, 0),
			db_value(result, i, 1), db_value(result, i, 2));
	return rc;
}

/* ---- the moment ---- */

/* No transaction that is older than xmax was open at that moment, so that whatever commits later moves xmax. */
static bool moment_usable(const struct moment *moment)
{
	return moment->xid_snapshot && moment->xmin == moment->xmax && moment->prepared == 0;
}

static int has_unlogged(bool *out, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, "SELECT EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u')", 0, NULL, err);
	if (!rc)
		*out = db_flag(result, 0, 0);
	return rc;
}

/* The moment at which this very database equalled the snapshot: when that was taken, or when restore made it from it.
 */
static const struct moment *known_moment(const struct snapshot_entry *entry, const struct identity *now)
{
	for (size_t i = 0; i < entry->copy_count; i++)
		if (identity_same(&entry->copies[i].identity, now) &&
			text_same(entry->copies[i].identity.started, now->started))
			return &entry->copies[i].moment;
	const struct identity *own = &entry->manifest.identity;
	return identity_same(own, now) && text_same(own->started, now->started) ? &entry->manifest.moment : NULL;
}

static int untouched(bool *out, struct db *db, const struct moment *then, struct error *err)
{
	*out = false;
	if (!then || !moment_usable(then))
		return 0;
	AUTO(moment_clear) struct moment now = {.xid_snapshot = NULL};
	bool unlogged = true;
	int rc = database_moment(&now, db, false, err);
	if (!rc)
		rc = has_unlogged(&unlogged, db, err);
	if (!rc)
		*out = now.xmax == then->xmax && now.prepared == 0 && !unlogged;
	return rc;
}

static int compare_rows(struct proof *proof, struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	log_note("something was written since snapshot %.12s, or may have been: reading every row again",
		entry->manifest.id);
	AUTO(contents_clear) struct contents contents = {.tables = NULL};
	int rc = contents_read(&contents, run, NULL, &entry->manifest, err);
	if (rc)
		return error_context(err, "reading the rows again");
	compare_contents(&proof->differences, &entry->manifest, &contents);
	copy_moment(&proof->moment, &contents.moment);
	return 0;
}

/* What is stale by its catalog is read all the same, to name every table at once; that a new table, say, may not be
 * read is no news then. */
static int read_contents(struct proof *proof, struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	struct error why = ERROR_INIT;
	int rc = compare_rows(proof, run, entry, &why);
	if (rc == ERROR_REFUSED && proof->differences.count)
		error_clear(&why);
	else if (rc)
		return error_move(err, &why);
	return 0;
}

/* What costs no reading of rows: *same when the moment decides. */
static int look(struct proof *proof, bool *same, struct db *db, const struct snapshot_entry *entry,
	const struct facts *facts, struct error *err)
{
	compare_catalog(&proof->differences, &entry->manifest, &facts->catalog, &facts->other);
	int rc = compare_sequences(&proof->differences, db, &entry->manifest, err);
	const struct moment *then = known_moment(entry, &facts->identity);
	if (!rc)
		rc = untouched(same, db, then && then->durable ? then : NULL, err);
	if (!rc && *same)
		copy_moment(&proof->moment, then);
	return rc;
}

int proof_quick(bool *fresh, struct db *db, const struct snapshot_entry *entry, const struct facts *facts,
	struct error *err)
{
	AUTO(proof_clear) struct proof proof = {.fresh = false};
	bool same = false;
	int rc = look(&proof, &same, db, entry, facts, err);
	if (!rc)
		*fresh = same && proof.differences.count == 0;
	return rc;
}

int proof_make(struct proof *out, struct run *run, struct db *db, const struct snapshot_entry *entry,
	const struct facts *facts, struct error *err)
{
	AUTO(proof_clear) struct proof proof = {.fresh = false};
	bool same = false;
	int rc = look(&proof, &same, db, entry, facts, err);
	if (rc)
		return rc;
	proof.how = same ? HOW_MOMENT : HOW_CONTENTS;
	if (!same) {
		rc = read_contents(&proof, run, entry, err);
		if (!rc)
			rc = compare_extensions(&proof.differences, db, err);
		if (rc)
			return rc;
	}
	proof.fresh = proof.differences.count == 0;
	if (!proof.fresh)
		proof.how = NULL;
	*out = proof;
	proof = (struct proof){.fresh = false};
	return 0;
}

bool proof_equal(const struct manifest *a, const struct manifest *b)
{
	AUTO(list_clear) struct list differences = LIST_INIT;
	compare_catalog(&differences, a, &b->catalog, &b->other);
	bool same = a->table_count == b->table_count && a->sequence_count == b->sequence_count &&
		content_same(&a->large_objects, &b->large_objects);
	for (size_t i = 0; same && i < b->sequence_count; i++)
		compare_sequence(&differences, find_sequence(a, b->sequences[i].schema, b->sequences[i].name),
			&b->sequences[i]);
	for (size_t i = 0; same && i < b->table_count; i++) {
		const struct manifest_table *now = &b->tables[i];
		const struct manifest_table *then = manifest_find_table(a, now->schema, now->name);
		same = then && list_same(&then->columns, &now->columns) && content_same(&then->content, &now->content);
	}
	return same && !differences.count;
}

int proof_provable(bool *out, struct db *db, struct error *err)
{
	AUTO(list_clear) struct list differences = LIST_INIT;
	int rc = compare_extensions(&differences, db, err);
	if (!rc)
		*out = differences.count == 0;
	return rc;
}

/* ---- again, under the locks ---- */

static int repeat_catalog(struct list *differences, struct db *db, const struct snapshot_entry *entry,
	struct error *err)
{
	AUTO(list_clear) struct list catalog = LIST_INIT, other = LIST_INIT;
	int rc = inspect_catalog(&catalog, db, err);
	if (!rc)
		rc = inspect_other(&other, db, err);
	if (rc)
		return rc;
	compare_catalog(differences, &entry->manifest, &catalog, &other);
	return compare_sequences(differences, db, &entry->manifest, err);
}

static int repeat_rows(struct list *differences, struct db *db, const struct snapshot_entry *entry,
	const struct proof *proof, struct error *err)
{
	bool same = false;
	int rc = untouched(&same, db, &proof->moment, err);
	if (rc || same)
		return rc;
	log_detail("something ended on the server since the proof: reading every row under the locks");
	AUTO(contents_clear) struct contents contents = {.tables = NULL};
	rc = contents_read_in(&contents, db, &entry->manifest, err);
	if (!rc)
		compare_contents(differences, &entry->manifest, &contents);
	return rc ? rc : compare_extensions(differences, db, err);
}

int proof_repeat(struct db *db, const struct snapshot_entry *entry, const struct proof *proof, struct error *err)
{
	AUTO(list_clear) struct list differences = LIST_INIT;
	int rc = repeat_catalog(&differences, db, entry, err);
	if (!rc && !differences.count)
		rc = repeat_rows(&differences, db, entry, proof, err);
	if (rc)
		return error_context(err, "proving again that the database equals its snapshot");
	if (!differences.count)
		return 0;
	AUTO(mem_auto) char *what = list_join(&differences, "; ");
	error_set(err, ERROR_REFUSED, "something was written after the check: %s", what);
	return error_hint(err,
		"stop all anchore-engine services, take a new snapshot with `anchore-admin backup`, then "
		"run the command again");
}
