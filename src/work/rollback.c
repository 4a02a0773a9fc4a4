#include "work/rollback.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/evidence.h"
#include "work/rowdiff.h"

/* Only SQL will do: it is what was asked for, or the snapshot was refused. */
static bool wants_edges(const struct run *run, bool sql)
{
	return sql || settings_given(&run->settings, OPTION_NO_SNAPSHOT) ||
		text_same(settings_text(&run->settings, OPTION_BY), "edges");
}

static int refuse_no_path(const struct change *change, struct version to, bool sql, struct error *err)
{
	error_set(err, ERROR_USAGE, "no SQL leads from version %s to %s: a snapshot has to be swapped in",
		VERSION_TEXT(change->facts.version), VERSION_TEXT(to));
	if (sql)
		return error_hint(err, "see what a snapshot would bring with `--dry-run` alone");
	return error_hint(err, "leave `--by edges` and `--no-snapshot` out");
}

int rollback_choose(bool *edges, const struct change *change, const struct run *run, struct version to, bool sql,
	struct error *err)
{
	const char *by = settings_text(&run->settings, OPTION_BY), *store = change_store(run);
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(list_clear) struct list destroyed = LIST_INIT;
	*edges = change_has_path(&destroyed, change, to);
	if (wants_edges(run, sql))
		return *edges ? 0 : refuse_no_path(change, to, sql, err);
	if (by)
		*edges = false;
	if (!*edges || !destroyed.count || !store)
		return 0;
	int rc = evidence_find(&entry, store, change->facts.database, VERSION_TEXT(to), err);
	*edges = rc || !entry.path;
	return rc;
}

/* ---- without a question ---- */

struct back {
	struct run run;
	struct version to;
	const struct version *release;
	char *what;
};

static int by_edges(struct cycle *cycle, struct change *change, struct back *back, struct error *err)
{
	change->snapshots = true;
	int rc = change_plan(change, &back->run, back->to, back->release, err);
	return rc ? rc : cycle_migrate(cycle, change, err);
}

/* Nobody is asked, so it is told: table by table, in one line, owned. That it cannot be counted stops nothing, for the
 * upgraded database is kept. */
static char *losses(struct back *back, struct db *db, const struct manifest *manifest)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(rowdiff_clear) struct row_differences found = {NULL, 0};
	AUTO(list_clear) struct list lines = LIST_INIT;
	if (rowdiff_read(&found, &back->run, db, manifest, &why))
		return mem_format("what the snapshot does not have could not be counted (%s)", why.message);
	for (size_t i = 0; i < found.count; i++)
		list_give(&lines, rowdiff_text(&found.items[i]));
	AUTO(mem_auto) char *all = list_join(&lines, "; ");
	return found.count ? mem_format("what the snapshot does not have: %s", all)
		: mem_copy("no row differs from the snapshot");
}

static int by_snapshot(struct cycle *cycle, struct change *change, struct back *back, struct error *err)
{
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	struct restore_options options = {.into = NULL};
	AUTO(mem_auto) char *kept = NULL, *lost = NULL;
	int rc = evidence_find(&entry, change_store(&back->run), change->facts.database, VERSION_TEXT(back->to), err);
	if (!rc && entry.path)
		options.losses = lost = losses(back, change->db, &entry.manifest);
	/* A connection of ours would stand in the swap's way. */
	db_close(change->db);
	change->db = NULL;
	if (rc)
		return rc;
	if (!entry.path)
		return error_set(err, ERROR_REFUSED, "there is no snapshot of version %s, and no SQL leads there",
			VERSION_TEXT(back->to));
	rc = cycle_restore(&kept, cycle, &entry, &options, err);
	if (!rc && kept)
		log_warn("%s; the upgraded database is kept as \"%s\": `anchore-admin restore --undo` swaps it back",
			lost, kept);
	return rc;
}

static int go_back(struct cycle *cycle, void *context, struct error *err)
{
	struct back *back = context;
	bool edges = false;
	AUTO(change_clear) struct change change;
	change_init(&change, "downgrade", false);
	int rc = change_open_migrations(&change, &back->run, err);
	if (!rc)
		rc = change_open(&change, &back->run, err);
	if (!rc)
		rc = rollback_choose(&edges, &change, &back->run, back->to, false, err);
	if (rc)
		return rc;
	log_note("going back to version %s %s", VERSION_TEXT(back->to), edges ? "by SQL" : "by the snapshot");
	back->what = mem_format("downgrade %s to %s, for the release did not become healthy",
		VERSION_TEXT(change.facts.version), VERSION_TEXT(back->to));
	return edges ? by_edges(cycle, &change, back, err) : by_snapshot(cycle, &change, back, err);
}

int rollback_run(struct cycle *cycle, struct version to, const struct version *release, struct error *err)
{
	struct run *run = cycle->run;
	struct back back = {.run = run_as(run, "downgrade"), .to = to, .release = release};
	cycle->run = &back.run;
	int rc = fault_point("rollback", err);
	if (!rc)
		rc = cycle_around(cycle, go_back, &back, err);
	const struct cycle_end end = {.database = to, .release = release, .what = back.what};
	if (!rc)
		rc = cycle_finish(cycle, &end, err);
	cycle->run = run;
	run_as_end(run, &back.run);
	mem_free(back.what);
	return rc;
}
