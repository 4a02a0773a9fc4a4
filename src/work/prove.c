#include "work/prove.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/migrations.h"
#include "work/restore.h"
#include "work/snapshot.h"

/* As it stands in the journal, whichever command asked for it. */
static const char COMMAND[] = "snapshot verify";

/* A record that cannot be written is a pity, but what was found stands. */
static void record(struct run *run, const struct snapshot_entry *entry, enum snapshot_check_kind kind, double start,
	const char *server, const struct error *failure)
{
	const char *store = NULL;
	AUTO(error_clear) struct error why = ERROR_INIT;
	const struct snapshot_check check = {.at = clock_now(), .seconds = clock_elapsed() - start,
		.failed = failure->code != ERROR_NONE, .message = failure->message, .server = (char *)server};
	int rc = run_store(&store, run, false, &why);
	if (!rc)
		rc = fault_point("prove-record", &why);
	if (!rc)
		rc = store_record_check(store, entry, kind, &check, &why);
	if (rc)
		log_warn("what was found is not recorded beside the snapshot: %s", why.message);
}

static int advise(int rc, struct error *err)
{
	if (rc == ERROR_CORRUPT && !err->hint)
		error_hint(err, "keep the file for a look, and take another one with `anchore-admin backup`");
	return rc;
}

/* ---- by digest ---- */

/* decode: also what the digests are of, which a restore does anyway. */
static int read_archive(struct run *run, const struct snapshot_entry *entry, bool decode, struct error *err)
{
	double start = clock_elapsed();
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = decode ? snapshot_verify(entry, run_jobs(run), &why) : snapshot_verify_bytes(entry, run_jobs(run),
		&why);
	if (rc == ERROR_CORRUPT || (!rc && decode))
		record(run, entry, CHECK_VERIFIED, start, NULL, &why);
	return rc ? error_move(err, &why) : 0;
}

int prove_digests(struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	return advise(read_archive(run, entry, true, err), err);
}

int prove_bytes(struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	return read_archive(run, entry, false, err);
}

/* ---- by restoring ---- */

/* The copy has the catalog of its manifest; is that what the version's own file says? A version that is not known here
 * says nothing about the snapshot. */
static int check_shape(struct run *run, const struct manifest *manifest, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	AUTO(catalog_result_clear) struct catalog_result result = {.items = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	struct version version;
	const char *name = manifest->db_version;
	if (!name || !version_parse(&version, name) || migrations_read(&migrations, run, &why) != 0) {
		log_note("the schema was compared with the snapshot alone: %s", why.message ? why.message :
			"its version is not known");
		return 0;
	}
	const struct graph_node *node = graph_node(&migrations.graph, version);
	if (!node || !node->has_catalog) {
		log_note("the schema was compared with the snapshot alone, for %s has no catalog of version %s",
			migrations.path, name);
		return 0;
	}
	graph_compare(&result, &migrations.graph, version, &manifest->catalog);
	if (!result.blocking.count)
		return 0;
	AUTO(mem_auto) char *differences = text_plural(result.blocking.count, "difference");
	error_set(err, ERROR_FAILED, "snapshot %.12s is whole, but its schema is not that of version %s: %s, the "
		"first: %s",
		manifest->id, name, differences, result.blocking.items[0]);
	return error_hint(err, "look at the database with `anchore-admin db check`, repair it, then take another one "
		"with "
		"`anchore-admin backup`");
}

static int restore(struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	static const struct restore_options options = {.scratch = true};
	AUTO(mem_auto) char *none = NULL;
	struct run as = run_as(run, COMMAND);
	int rc = restore_run(&none, &as, entry, &options, err);
	run_as_end(run, &as);
	return rc;
}

/* *server: owned, NULL as long as it was not asked. */
static int restore_and_compare(char **server, struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	static const struct restore_options options = {.scratch = true};
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL};
	int rc = restore_plan(&plan, run, entry, &options, err);
	if (!rc)
		rc = refusals_error(&plan.refusals, "restore into a scratch database", err);
	if (rc)
		return rc;
	log_note("restoring snapshot %.12s into a scratch database", entry->manifest.id);
	*server = mem_take(&plan.server);
	rc = fault_point("prove-restore", err);
	if (!rc)
		rc = restore(run, entry, err);
	return rc ? rc : check_shape(run, &entry->manifest, err);
}

int prove_snapshot(struct run *run, const struct snapshot_entry *entry, struct error *err)
{
	AUTO(mem_auto) char *server = NULL;
	AUTO(error_clear) struct error why = ERROR_INIT;
	double start = clock_elapsed();
	int rc = run_lock(run, err);
	if (rc)
		return rc;
	/* Damage is found before the server is asked for anything. */
	rc = read_archive(run, entry, false, &why);
	if (!rc)
		rc = restore_and_compare(&server, run, entry, &why);
	/* Its chunks were decoded on the way. */
	if (!rc)
		record(run, entry, CHECK_VERIFIED, start, NULL, &why);
	if (!rc || rc == ERROR_CORRUPT || (rc == ERROR_FAILED && server))
		record(run, entry, CHECK_PROVEN, start, server, &why);
	return rc ? advise(error_move(err, &why), err) : 0;
}

/* ---- in turn ---- */

/* A time that is yet to come is a wrong clock's, and would cost the snapshot every turn until then. */
static time_t looked_at(const struct snapshot_entry *entry)
{
	const time_t times[] = {entry->manifest.created, entry->verified.at, entry->proven.at}, now = clock_now();
	time_t last = 0;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] > last && times[i] <= now)
			last = times[i];
	return last;
}

static const struct snapshot_entry *whose_turn(const struct snapshot_list *list)
{
	const struct snapshot_entry *next = NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct snapshot_entry *entry = &list->entries[i];
		if (entry->health == SNAPSHOT_WHOLE && snapshot_verified_at(entry) &&
		    (!next || looked_at(entry) <= looked_at(next)))
			next = entry;
	}
	return next;
}

int prove_next(char **id, struct run *run, struct error *err)
{
	const char *store = NULL;
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = store_list(&list, store, err);
	if (rc)
		return rc;
	const struct snapshot_entry *next = whose_turn(&list);
	*id = next ? mem_copy(next->manifest.id) : NULL;
	return next ? prove_digests(run, next, err) : 0;
}
