#include "command/swap_back.h"

#include "base/mem.h"
#include "io/json.h"
#include "command/show.h"
#include "work/evidence.h"
#include "work/hooks.h"
#include "work/restore.h"
#include "work/rowdiff.h"

struct swap {
	struct snapshot_entry entry;
	struct restore_plan plan;
	struct row_differences losses;
	const char *from, *to, *release; /* versions as text; release NULL: not known */
	const char *database;
	struct cycle *cycle;
	bool has_path;               /* SQL leads there too */
	const struct list *destroyed; /* and this is what it would not give back */
};

static void swap_clear(struct swap *swap)
{
	snapshot_entry_clear(&swap->entry);
	restore_plan_clear(&swap->plan);
	rowdiff_clear(&swap->losses);
}

static int find_snapshot(struct swap *swap, const char *store, struct error *err)
{
	int rc = evidence_find(&swap->entry, store, swap->database, swap->to, err);
	if (rc || swap->entry.path)
		return rc;
	error_set(err, ERROR_REFUSED, "there is no snapshot of database \"%s\" at version %s%s", swap->database,
		swap->to, swap->has_path ? "" : ", and no SQL leads there");
	if (swap->has_path)
		return error_hint(err, "go back by SQL with `--by edges`");
	return error_hint(err, "see what there is with `anchore-admin snapshot list`");
}

/* ---- showing it ---- */

static json_t *losses_json(const struct row_differences *losses)
{
	json_t *array = json_array();
	for (size_t i = 0; i < losses->count; i++) {
		json_t *object = json_object();
		json_put(object, "table", losses->items[i].table);
		json_put_number(object, "rows_now", (int64_t)losses->items[i].now);
		json_put_value(object, "rows_snapshot", losses->items[i].is_new ? json_null()
			: json_integer((int64_t)losses->items[i].then));
		json_array_append_new(array, object);
	}
	return array;
}

static void answer(const struct run *run, const struct swap *swap, bool dry, bool done, const char *kept)
{
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "command", run->command);
	json_put(object, "run", run->id);
	json_put(object, "method", "snapshot");
	json_put_flag(object, "dry_run", dry);
	json_put_flag(object, "done", done);
	json_put(object, "database", swap->database);
	json_put(object, "from", swap->from);
	json_put(object, "to", swap->to);
	json_put(object, "release", swap->release);
	json_put(object, "snapshot", swap->entry.manifest.id);
	json_put_value(object, "steps", json_from_list(&swap->plan.lines));
	json_put_value(object, "losses", losses_json(&swap->losses));
	json_put_value(object, "destroyed", json_from_list(swap->destroyed));
	json_put_value(object, "services", show_services_json(swap->cycle));
	json_put_value(object, "refusals", show_refusals_json(&swap->plan.refusals));
	json_put(object, "kept", kept);
	run_answer(run, object);
}

static void print_plan(const struct run *run, const struct swap *swap)
{
	AUTO(mem_auto) char *when = text_time(swap->entry.manifest.created);
	run_print(run,
		"downgrade of database \"%s\" from version %s to %s by snapshot %.12s of %s%s\n", swap->database,
		swap->from, swap->to, swap->entry.manifest.id, when,
		swap->has_path ? "" : ", for no SQL leads there");
	if (swap->has_path && swap->destroyed->count) {
		run_print(run, "the SQL, `--by edges`, keeps what was written since, but does not give back\n");
		for (size_t i = 0; i < swap->destroyed->count; i++)
			run_print(run, "  %s\n", swap->destroyed->items[i]);
	}
	for (size_t i = 0; i < swap->plan.lines.count; i++)
		run_print(run, "  %s\n", swap->plan.lines.items[i]);
	run_print(run, swap->cycle->steps.count ? "the services\n" : "");
	for (size_t i = 0; i < swap->cycle->steps.count; i++)
		run_print(run, "  %zu  %s\n", i + 1, swap->cycle->steps.items[i]);
	run_print(run, swap->losses.count ? "what the snapshot does not have (the present database is kept beside)\n"
		: "no row differs from the snapshot\n");
	for (size_t i = 0; i < swap->losses.count; i++) {
		AUTO(mem_auto) char *line = rowdiff_text(&swap->losses.items[i]);
		run_print(run, "  %s\n", line);
	}
	for (size_t i = 0; i < swap->plan.refusals.count; i++)
		run_print(run, "refused: %s\n  %s\n", swap->plan.refusals.items[i].sentence,
			swap->plan.refusals.items[i].remedy);
}

/* ---- doing it ---- */

static int drive(const struct swap *swap, const struct target *target, const char *kept, struct error *err)
{
	AUTO(mem_auto) char *what = mem_format("downgrade %s to %s, snapshot %.12s", swap->from, swap->to,
		swap->entry.manifest.id);
	const struct cycle_end end = {.database = target->to, .release = target_release(target), .what = what,
		.back = kept ? "restore --undo" : NULL};
	return cycle_finish(swap->cycle, &end, err);
}

static int finish(struct run *run, const struct swap *swap, const struct target *target,
	const struct restore_options *options, struct error *err)
{
	AUTO(mem_auto) char *kept = NULL;
	int rc = cycle_restore(&kept, swap->cycle, &swap->entry, options, err);
	if (rc)
		return rc;
	run_print(run, "database \"%s\" is at version %s again\n", swap->database, swap->to);
	if (kept)
		run_print(run,
			"the one it replaces is kept as \"%s\"; `anchore-admin restore --undo` brings it back\n", kept);
	rc = drive(swap, target, kept, err);
	if (rc)
		return rc;
	answer(run, swap, false, true, kept);
	if (swap->release && !cycle_drives(swap->cycle))
		show_next(run, swap->release);
	show_services(run, swap->cycle);
	return 0;
}

static int finish_with_hooks(struct run *run, const struct swap *swap, const struct target *target,
	const struct restore_options *options, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	AUTO(mem_auto) char *question = mem_format("Swap snapshot %.12s in, and go back from version %s to %s?",
		swap->entry.manifest.id, swap->from, swap->to);
	int rc = run_confirm(run, question, err);
	if (rc)
		return rc;
	hooks_facts(&facts, swap->from, swap->to, swap->entry.manifest.id);
	rc = hooks_before(run, "downgrade", &facts, err);
	if (!rc)
		rc = finish(run, swap, target, options, err);
	hooks_after(run, "downgrade", &facts, rc ? err : NULL);
	return rc;
}

static int pending(const struct run *run, const struct swap *swap, struct error *err)
{
	if (!settings_flag(&run->settings, OPTION_EXIT_CODE))
		return 0;
	error_set(err, ERROR_PENDING, "the database is at version %s, and %s is pending", swap->from, swap->to);
	return error_hint(err, "type `anchore-admin downgrade --to %s`", swap->to);
}

/* Without a terminal nobody sees what the snapshot lacks; where SQL leads back too, the choice is the operator's. */
static int refuse_choice(const struct run *run, const struct swap *swap, struct error *err)
{
	if (!swap->has_path || !swap->losses.count || settings_given(&run->settings, OPTION_BY) ||
		!settings_flag(&run->settings, OPTION_YES))
		return 0;
	error_set(err, ERROR_REFUSED, "two ways lead back, and `--yes` does not say which: the snapshot lacks what was "
		"written since, the SQL does not give back what the upgrade destroyed");
	return error_hint(err, "add `--by snapshot` or `--by edges`; `--dry-run` shows what each of them loses");
}

int swap_back(struct change *change, struct cycle *cycle, struct run *run, const struct target *target,
	struct error *err)
{
	AUTO(list_clear) struct list destroyed = LIST_INIT;
	AUTO(swap_clear) struct swap swap = {.from = VERSION_TEXT(change->facts.version),
		.to = VERSION_TEXT(target->to), .cycle = cycle,
		.release = target->release_known ? VERSION_TEXT(target->release) : NULL,
		.database = change->facts.database, .has_path = change_has_path(&destroyed, change, target->to),
		.destroyed = &destroyed};
	const struct restore_options options = {.stops = cycle_drives(cycle)};
	const char *store;
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = find_snapshot(&swap, store, err);
	if (!rc)
		rc = rowdiff_read(&swap.losses, run, change->db, &swap.entry.manifest, err);
	/* A connection of ours would stand in the swap's way. */
	db_close(change->db);
	change->db = NULL;
	if (!rc)
		rc = restore_plan(&swap.plan, run, &swap.entry, &options, err);
	if (rc)
		return rc;
	cycle_plan(cycle, "downgrade", target_release(target), false, true);
	print_plan(run, &swap);
	if (change->dry || swap.plan.refusals.count)
		answer(run, &swap, change->dry, false, NULL);
	rc = refusals_error(&swap.plan.refusals, "downgrade", err);
	if (rc)
		return rc;
	if (change->dry)
		return pending(run, &swap, err);
	rc = refuse_choice(run, &swap, err);
	if (!rc)
		rc = cycle_prepare(cycle, target_release(target), err);
	return rc ? rc : finish_with_hooks(run, &swap, target, &options, err);
}
