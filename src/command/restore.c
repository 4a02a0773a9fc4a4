#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/show.h"
#include "work/kept.h"
#include "work/restore.h"
#include "work/site.h"
#include "work/store.h"

static json_t *answer_json(const struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	bool dry, bool done)
{
	json_t *object = json_object();
	json_put(object, "command", run->command);
	json_put(object, "run", run->id);
	json_put_flag(object, "dry_run", dry);
	json_put_flag(object, "done", done);
	json_put(object, "snapshot", entry->manifest.id);
	json_put(object, "path", entry->path);
	json_put(object, "to", entry->manifest.db_version);
	json_put(object, "kept", plan->kept_name);
	json_put_number(object, "room_needed", (int64_t)plan->needs_bytes);
	json_put_value(object, "steps", json_from_list(&plan->lines));
	json_put_value(object, "refusals", show_refusals_json(&plan->refusals));
	return object;
}

static int show_dry(struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	struct error *err)
{
	AUTO(json_auto) json_t *answer = answer_json(run, entry, plan, true, false);
	run_answer(run, answer);
	for (size_t i = 0; i < plan->lines.count; i++)
		run_print(run, "%s\n", plan->lines.items[i]);
	run_print(run, plan->refusals.count ? "\nthe restore is refused\n" : "\nnothing stands against it\n");
	for (size_t i = 0; i < plan->refusals.count; i++)
		run_print(run, "  %s: %s\n    %s\n", plan->refusals.items[i].check, plan->refusals.items[i].sentence,
			plan->refusals.items[i].remedy);
	return refusals_error(&plan->refusals, "restore", err);
}

static int show_refusals_of(struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	struct error *err)
{
	if (!plan->refusals.count)
		return 0;
	AUTO(json_auto) json_t *answer = answer_json(run, entry, plan, false, false);
	run_answer(run, answer);
	return show_refusals_list(&plan->refusals, "restore", err);
}

static int ask(struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	const struct restore_options *options, struct error *err)
{
	if (options->into || !plan->kept_name) /* nothing that is there changes */
		return run_confirm(run, "Restore into a new database?", err);
	AUTO(mem_auto) char *created = text_time(entry->manifest.created);
	AUTO(mem_auto) char *question = mem_format("Swap snapshot %.12s of %s in, and keep the present database as %s?",
		entry->manifest.id, created, plan->kept_name);
	return run_confirm(run, question, err);
}

static int restore_snapshot(struct run *run, const struct snapshot_entry *entry, struct restore_plan *plan,
	const struct restore_options *options, struct error *err)
{
	AUTO(mem_auto) char *kept = NULL;
	double start = clock_elapsed();
	int rc = restore_run(&kept, run, entry, options, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *took = text_duration(clock_elapsed() - start);
	mem_replace(&plan->kept_name, mem_copy(kept));
	AUTO(json_auto) json_t *answer = answer_json(run, entry, plan, false, true);
	run_answer(run, answer);
	run_print(run, "restored snapshot %.12s, database version %s, in %s%s\n", entry->manifest.id,
		entry->manifest.db_version ? entry->manifest.db_version : "unknown", took,
		options->deep ? "; every row was read back and is equal" : "");
	if (options->into)
		run_print(run, "it is database %s\n", options->into);
	if (kept)
		run_print(run,
			"the database that was there is kept as %s; `anchore-admin restore --undo` swaps it back\n",
			kept);
	return 0;
}

static int restore_wanted(struct run *run, const char *wanted, struct error *err)
{
	struct restore_options options = {
		.into = settings_text(&run->settings, OPTION_INTO), .deep = settings_flag(&run->settings, OPTION_DEEP),
		.no_owner = settings_flag(&run->settings, OPTION_NO_OWNER),
		.foreign = settings_flag(&run->settings, OPTION_FOREIGN)};
	bool dry = settings_given(&run->settings, OPTION_DRY_RUN);
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL};
	const char *store = NULL;
	int rc = dry ? run_store(&store, run, false, err) : run_lock(run, err);
	if (!rc)
		rc = run_store(&store, run, false, err);
	if (!rc)
		rc = store_find(&entry, store, wanted, err);
	if (!rc)
		rc = restore_plan(&plan, run, &entry, &options, err);
	if (rc)
		return rc;
	if (dry)
		return show_dry(run, &entry, &plan, err);
	rc = show_refusals_of(run, &entry, &plan, err);
	if (!rc)
		rc = ask(run, &entry, &plan, &options, err);
	return rc ? rc : restore_snapshot(run, &entry, &plan, &options, err);
}

/* ---- restore --undo ---- */

static int undo_plan(char **name, struct kept_databases *kept, struct run *run, struct error *err)
{
	AUTO(site_clear) struct site site = {.name = NULL};
	int rc = site_open(&site, run, err);
	if (!rc)
		rc = restore_kept(kept, site.maintenance, site.name, err);
	if (rc)
		return rc;
	*name = mem_take(&site.name);
	if (kept->count)
		return 0;
	error_set(err, ERROR_REFUSED, "no database is kept that %s could be swapped with", *name);
	return error_hint(err, "look for a snapshot with `anchore-admin snapshot list`");
}

static json_t *undo_json(const struct run *run, const char *name, const struct kept_database *back, const char *kept,
	bool dry)
{
	json_t *object = json_object();
	json_put(object, "command", run->command);
	json_put(object, "run", run->id);
	json_put_flag(object, "dry_run", dry);
	json_put_flag(object, "done", !dry);
	json_put(object, "database", name);
	json_put(object, "back", back->name);
	json_put(object, "to", back->db_version);
	json_put(object, "kept", kept);
	return object;
}

static int undo(struct run *run, struct error *err)
{
	bool dry = settings_given(&run->settings, OPTION_DRY_RUN);
	AUTO(kept_databases_clear) struct kept_databases all = {NULL, 0};
	AUTO(mem_auto) char *name = NULL, *kept = NULL;
	int rc = dry ? 0 : run_lock(run, err);
	if (!rc)
		rc = undo_plan(&name, &all, run, err);
	if (rc)
		return rc;
	const struct kept_database *back = &all.items[0];
	AUTO(mem_auto) char *size = text_bytes(back->bytes);
	AUTO(mem_auto) char *what = mem_format("%s (%s, version %s, kept since %s)", back->name, size,
		back->db_version ? back->db_version : "unknown", back->since);
	if (dry) {
		AUTO(json_auto) json_t *answer = undo_json(run, name, back, NULL, true);
		run_answer(run, answer);
		run_print(run, "swap in one transaction: %s is kept under another name, %s becomes %s\n", name, what,
			name);
		return 0;
	}
	AUTO(mem_auto) char *question = mem_format("Swap %s back to %s?", what, name);
	rc = run_confirm(run, question, err);
	if (!rc)
		rc = restore_undo(&kept, run, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = undo_json(run, name, back, kept, false);
	run_answer(run, answer);
	run_print(run, "database %s is again what was kept as %s%s%s\n", name, back->name,
		kept ? "; what was there is kept as " : "", kept ? kept : "");
	return 0;
}

int command_restore(struct run *run, struct error *err)
{
	bool back = settings_flag(&run->settings, OPTION_UNDO);
	if (back == (run->arguments.count == 1)) {
		error_set(err, ERROR_USAGE, back ? "--undo takes no snapshot" : "restore needs the snapshot's name");
		return error_hint(err,
			"name one: `anchore-admin restore latest`, or swap back: `anchore-admin restore --undo`");
	}
	return back ? undo(run, err) : restore_wanted(run, run->arguments.items[0], err);
}
