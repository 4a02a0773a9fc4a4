#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/show.h"
#include "work/cycle.h"
#include "work/hooks.h"
#include "work/inspect.h"
#include "work/kept.h"
#include "work/restore.h"
#include "work/site.h"
#include "work/store.h"

/* ---- the services around it ---- */

struct services {
	struct migrations migrations; /* for the list of releases alone */
	struct cycle cycle;
	struct version version, release; /* that the database will be at, and to pin for it */
	bool version_known, release_known;
};

static void services_clear(struct services *services)
{
	cycle_clear(&services->cycle);
	migrations_clear(&services->migrations);
}

/* A database that is not there, or says nothing of the kind, is no failure: that may be what the restore is for. */
static void read_present(struct cycle *cycle)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(db_auto) struct db *db = NULL;
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	if (run_connect(&db, cycle->run, NULL, &ignored) == 0 && inspect_version(&row, db, &ignored) == 0 &&
		row.state == VERSION_ONE)
		cycle_database(cycle, row.db_version);
}

/* version, engine: of what comes; NULL not known. A list of releases that cannot be read is an empty one. */
static int open_services(struct services *out, struct run *run, const char *version, const char *engine,
	struct error *err)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	struct version needs;
	if (migrations_read(&out->migrations, run, &ignored))
		log_detail("the list of releases is not known: %s", ignored.message);
	int rc = cycle_open(&out->cycle, run, &out->migrations.releases, err);
	if (rc || !cycle_drives(&out->cycle))
		return rc;
	read_present(&out->cycle);
	out->version_known = version && version_parse(&out->version, version);
	if (!out->version_known)
		return 0;
	const struct cycle_state *state = &out->cycle.state;
	const struct releases *releases = &out->migrations.releases;
	bool fits = state->needs_known && version_same(state->needs, out->version);
	/* The release that the snapshot was taken under, before the newest of its database version. */
	out->release_known = !fits && engine && version_parse_typed(&out->release, engine) &&
		releases_find(&needs, releases, out->release) && version_same(needs, out->version);
	if (!out->release_known)
		out->release_known = cycle_release(&out->release, state, releases, out->version);
	return 0;
}

static const struct version *release_of(const struct services *services)
{
	return services->release_known ? &services->release : NULL;
}

static int finish_services(struct services *services, const char *what, const char *back, struct error *err)
{
	/* Of a version that nobody knows, no release is known either: what is pinned stays, and may start or not. */
	const struct cycle_end end = {.database = services->version, .release = release_of(services), .what = what,
		.back = back};
	return cycle_finish(&services->cycle, &end, err);
}

/* ---- restore ---- */

static json_t *answer_json(const struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	const struct cycle *cycle, bool dry, bool done)
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
	json_put_value(object, "services", show_services_json(cycle));
	json_put_value(object, "refusals", show_refusals_json(&plan->refusals));
	return object;
}

static void print_steps(const struct run *run, const struct cycle *cycle)
{
	run_print(run, cycle->steps.count ? "\nthe services\n" : "");
	for (size_t i = 0; i < cycle->steps.count; i++)
		run_print(run, "  %zu  %s\n", i + 1, cycle->steps.items[i]);
}

static int show_dry(struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	const struct cycle *cycle, struct error *err)
{
	AUTO(json_auto) json_t *answer = answer_json(run, entry, plan, cycle, true, false);
	run_answer(run, answer);
	for (size_t i = 0; i < plan->lines.count; i++)
		run_print(run, "%s\n", plan->lines.items[i]);
	print_steps(run, cycle);
	run_print(run, plan->refusals.count ? "\nthe restore is refused\n" : "\nnothing stands against it\n");
	for (size_t i = 0; i < plan->refusals.count; i++)
		run_print(run, "  %s: %s\n    %s\n", plan->refusals.items[i].check, plan->refusals.items[i].sentence,
			plan->refusals.items[i].remedy);
	return refusals_error(&plan->refusals, "restore", err);
}

static int show_refusals_of(struct run *run, const struct snapshot_entry *entry, const struct restore_plan *plan,
	const struct cycle *cycle, struct error *err)
{
	if (!plan->refusals.count)
		return 0;
	AUTO(json_auto) json_t *answer = answer_json(run, entry, plan, cycle, false, false);
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

static void say_restored(const struct run *run, const struct snapshot_entry *entry,
	const struct restore_options *options, const char *kept, double seconds)
{
	AUTO(mem_auto) char *took = text_duration(seconds);
	run_print(run, "restored snapshot %.12s, database version %s, in %s%s\n", entry->manifest.id,
		entry->manifest.db_version ? entry->manifest.db_version : "unknown", took,
		options->deep ? "; every row was read back and is equal" : "");
	if (options->into)
		run_print(run, "it is database %s\n", options->into);
	if (kept)
		run_print(run,
			"the database that was there is kept as %s; `anchore-admin restore --undo` swaps it back\n",
			kept);
	fflush(stdout);
}

static int restore_snapshot(struct run *run, const struct snapshot_entry *entry, struct restore_plan *plan,
	const struct restore_options *options, struct services *services, struct error *err)
{
	AUTO(mem_auto) char *kept = NULL;
	AUTO(mem_auto) char *what = mem_format("restore of snapshot %.12s", entry->manifest.id);
	double start = clock_elapsed();
	int rc = cycle_restore(&kept, &services->cycle, entry, options, err);
	if (rc)
		return rc;
	mem_replace(&plan->kept_name, mem_copy(kept));
	say_restored(run, entry, options, kept, clock_elapsed() - start);
	rc = finish_services(services, what, kept ? "restore --undo" : NULL, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = answer_json(run, entry, plan, &services->cycle, false, true);
	run_answer(run, answer);
	show_services(run, &services->cycle);
	return 0;
}

static int restore_with_hooks(struct run *run, const struct snapshot_entry *entry, struct restore_plan *plan,
	const struct restore_options *options, struct services *services, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	hooks_facts(&facts, NULL, entry->manifest.db_version, entry->manifest.id);
	int rc = hooks_before(run, "restore", &facts, err);
	if (!rc)
		rc = restore_snapshot(run, entry, plan, options, services, err);
	hooks_after(run, "restore", &facts, rc ? err : NULL);
	return rc;
}

static int find_snapshot(struct snapshot_entry *entry, struct run *run, const char *wanted, bool dry, struct error *err)
{
	const char *store = NULL;
	int rc = dry ? run_store(&store, run, false, err) : run_lock(run, err);
	if (!rc)
		rc = run_store(&store, run, false, err);
	return rc ? rc : store_find(entry, store, wanted, err);
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
	AUTO(services_clear) struct services services = {.cycle = {.run = run}};
	struct cycle *cycle = &services.cycle;
	int rc = find_snapshot(&entry, run, wanted, dry, err);
	if (!rc && !options.into) /* which nothing uses yet */
		rc = open_services(&services, run, entry.manifest.db_version, entry.manifest.engine_release, err);
	options.stops = !rc && cycle_drives(cycle);
	if (!rc)
		rc = restore_plan(&plan, run, &entry, &options, err);
	if (rc)
		return rc;
	if (cycle_drives(cycle))
		cycle_plan(cycle, "restore", release_of(&services), false, true);
	if (dry)
		return show_dry(run, &entry, &plan, cycle, err);
	rc = show_refusals_of(run, &entry, &plan, cycle, err);
	if (!rc)
		rc = cycle_prepare(cycle, release_of(&services), err);
	if (rc)
		return rc;
	show_steps(run, cycle);
	rc = ask(run, &entry, &plan, &options, err);
	return rc ? rc : restore_with_hooks(run, &entry, &plan, &options, &services, err);
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
	const struct cycle *cycle, bool dry)
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
	json_put_value(object, "services", show_services_json(cycle));
	return object;
}

static int undo_dry(struct run *run, const char *name, const struct kept_database *back, const char *what,
	const struct cycle *cycle)
{
	AUTO(json_auto) json_t *answer = undo_json(run, name, back, NULL, cycle, true);
	run_answer(run, answer);
	run_print(run, "swap in one transaction: %s is kept under another name, %s becomes %s\n", name, what, name);
	print_steps(run, cycle);
	return 0;
}

static int undo_run(struct run *run, const char *name, const struct kept_database *back, struct services *services,
	struct error *err)
{
	AUTO(mem_auto) char *kept = NULL;
	int rc = cycle_undo(&kept, &services->cycle, err);
	if (rc)
		return rc;
	run_print(run, "database %s is again what was kept as %s%s%s\n", name, back->name,
		kept ? "; what was there is kept as " : "", kept ? kept : "");
	rc = finish_services(services, "restore --undo", "restore --undo", err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = undo_json(run, name, back, kept, &services->cycle, false);
	run_answer(run, answer);
	show_services(run, &services->cycle);
	return 0;
}

static int undo_with_hooks(struct run *run, const char *name, const struct kept_database *back, const char *what,
	struct services *services, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	AUTO(mem_auto) char *question = mem_format("Swap %s back to %s?", what, name);
	show_steps(run, &services->cycle);
	int rc = run_confirm(run, question, err);
	if (rc)
		return rc;
	hooks_facts(&facts, NULL, back->db_version, NULL);
	rc = hooks_before(run, "restore", &facts, err);
	if (!rc)
		rc = undo_run(run, name, back, services, err);
	hooks_after(run, "restore", &facts, rc ? err : NULL);
	return rc;
}

static int undo(struct run *run, struct error *err)
{
	bool dry = settings_given(&run->settings, OPTION_DRY_RUN);
	AUTO(kept_databases_clear) struct kept_databases all = {NULL, 0};
	AUTO(services_clear) struct services services = {.version_known = false};
	AUTO(mem_auto) char *name = NULL;
	int rc = dry ? 0 : run_lock(run, err);
	if (!rc)
		rc = undo_plan(&name, &all, run, err);
	if (rc)
		return rc;
	const struct kept_database *back = &all.items[0];
	AUTO(mem_auto) char *size = text_bytes(back->bytes);
	AUTO(mem_auto) char *what = mem_format("%s (%s, version %s, kept since %s)", back->name, size,
		back->db_version ? back->db_version : "unknown", back->since);
	rc = open_services(&services, run, back->db_version, NULL, err);
	if (rc)
		return rc;
	if (cycle_drives(&services.cycle))
		cycle_plan(&services.cycle, "restore", release_of(&services), false, true);
	if (dry)
		return undo_dry(run, name, back, what, &services.cycle);
	rc = cycle_prepare(&services.cycle, release_of(&services), err);
	return rc ? rc : undo_with_hooks(run, name, back, what, &services, err);
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
