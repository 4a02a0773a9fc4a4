#include "work/system.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/json.h"
#include "work/control.h"
#include "work/facts.h"
#include "work/heartbeat.h"
#include "work/hold.h"
#include "work/inspect.h"
#include "work/runtime.h"
#include "work/sessions.h"
#include "work/store.h"

void system_clear(struct system *system)
{
	instances_clear(&system->instances);
	heartbeats_clear(system);
	sessions_clear(&system->sessions);
	char **const owned[] = {&system->runtime, &system->held_by, &system->held_for, &system->step, &system->release,
		&system->release_from, &system->advice, &system->proven, &system->proven_on};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		mem_replace(owned[i], NULL);
}

/* ---- the runtime ---- */

/* Written by the run that holds the services, by rename; gone as soon as it has ended. */
static char *read_step(const char *directory, const struct hold *hold)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(directory, "progress.json");
	AUTO(mem_auto) char *text = NULL;
	AUTO(json_auto) json_t *progress = NULL;
	size_t size = 0;
	if (!file_exists(path) || file_read(&text, &size, path, &ignored) ||
	    json_parse(&progress, text, size, path, &ignored))
		return NULL;
	const char *step = json_text(progress, "step");
	return step && text_same(json_text(progress, "run"), hold->run) ? mem_format("%s: %s", hold->why, step) : NULL;
}

static int look_at_hold(struct system *system, const struct run *run, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	int rc = control_directory(&directory, run, err);
	if (!rc)
		rc = hold_read(&hold, directory, err);
	if (rc || !hold.run)
		return rc;
	system->held_by = mem_copy(hold.run);
	system->held_for = mem_copy(hold.why);
	system->held_since = hold.since;
	system->interrupted = !hold_lives(&hold);
	system->step = read_step(directory, &hold);
	return 0;
}

int system_look_at_runtime(struct system *system, struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	int rc = runtime_open(&runtime, run, err);
	if (rc || !runtime)
		return rc;
	system->runtime = mem_copy(runtime_kind(runtime));
	rc = runtime_list(&system->instances, runtime, err);
	if (!rc)
		rc = runtime_pinned(&system->release, &system->release_from, runtime, err);
	return rc ? rc : look_at_hold(system, run, err);
}

/* ---- versions ---- */

/* A row that names no version gets the error that every other command gives for it. */
static int refuse_database(struct run *run, struct db *db, const struct migrations *migrations, struct error *err)
{
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	int rc = facts_gather(&facts, run, db, migrations, err);
	return rc ? rc : error_set(err, ERROR_REFUSED, "the version row changed while it was read");
}

static int read_versions(struct system *system, struct run *run, struct db *db, const struct migrations *migrations,
	struct error *err)
{
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	int rc = inspect_version(&row, db, err);
	if (rc)
		return rc;
	if (row.state != VERSION_ONE || !row.db_version || !version_parse(&system->version, row.db_version))
		return refuse_database(run, db, migrations, err);
	system->version_known = true;
	struct version release;
	const char *engine = settings_text(&run->settings, OPTION_ENGINE);
	if (system->release)
		return 0;
	if (engine && version_parse_typed(&release, engine)) {
		system->release = mem_copy(VERSION_TEXT(release));
		system->release_from = mem_copy(settings_where(&run->settings, OPTION_ENGINE));
	} else if (row.service_version) {
		system->release = mem_take(&row.service_version);
		system->release_from = mem_copy("the database's version row");
	}
	return 0;
}

/* What is wrong with the pair and what to type; owned, NULL when they belong together. Fills pair_known, false for a
 * release that the list does not have, and order. */
static char *advise(struct system *system, const struct releases *releases)
{
	struct version release, needed, other;
	const char *name = system->release;
	system->pair_known = name && version_parse(&release, name) && releases_find(&needed, releases, release);
	if (!system->pair_known)
		return mem_format("Whether the two belong together is not known: name the engine's release with "
			"`--engine RELEASE`; `anchore-admin graph show` lists those known.");
	system->order = version_compare(system->version, needed);
	if (system->order == 0)
		return NULL;
	AUTO(mem_auto) char *pair = mem_format("The two do not belong together: release %s needs database version %s, "
		"the database is at %s.", name, VERSION_TEXT(needed), VERSION_TEXT(system->version));
	if (system->order < 0)
		return mem_format("%s Type `anchore-admin upgrade --to %s`.", pair, name);
	if (!releases_newest(&other, releases, system->version))
		return mem_format("%s Start the release that made it so, or go back with `anchore-admin restore "
			"latest:%s`.", pair, VERSION_TEXT(needed));
	return mem_format("%s Install release %s, or type `anchore-admin downgrade --to %s`.", pair,
		VERSION_TEXT(other), name);
}

/* ---- snapshots ---- */

/* Which one was proven last. A store that cannot be read is db status's and doctor's business. */
static void look_at_store(struct system *system, const struct run *run)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = settings_text(&run->settings, OPTION_STORE);
	if (!store || store_list(&list, store, &ignored) || store_deployment(&deployment, store, false, &ignored))
		return;
	system->store_known = true;
	for (size_t i = 0; i < list.count; i++) {
		const struct snapshot_entry *entry = &list.entries[i];
		if (!deployment || !text_same(entry->manifest.deployment, deployment) || !snapshot_proven(entry) ||
		    entry->proven.at <= system->proven_at)
			continue;
		system->proven_at = entry->proven.at;
		mem_replace(&system->proven, mem_copy(entry->manifest.id));
		mem_replace(&system->proven_on, mem_copy(entry->proven.server));
	}
}

/* ---- all of it ---- */

static int look_at_database(struct system *system, struct run *run, const struct migrations *migrations, bool ask,
	struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	int rc = run_connect(&db, run, NULL, err);
	if (!rc)
		rc = read_versions(system, run, db, migrations, err);
	if (rc)
		return rc;
	system->advice = advise(system, &migrations->releases);
	rc = heartbeats_read(system, db, ask, err);
	if (!rc && ask)
		rc = sessions_services(&system->sessions, db, err);
	return rc;
}

int system_look(struct system *out, struct run *run, const struct migrations *migrations, bool ask, struct error *err)
{
	int rc = system_look_at_runtime(out, run, err);
	if (ask)
		look_at_store(out, run);
	return rc ? rc : look_at_database(out, run, migrations, ask, err);
}

void system_missing_instances(struct list *out, const struct system *system)
{
	const struct instances *instances = &system->instances;
	if (instances->count == 0)
		list_add(out, "there are no instances of services");
	for (size_t i = 0; i < instances->count; i++) {
		const struct instance *instance = &instances->items[i];
		const char *name = instance->name ? instance->name : instance->service;
		if (instance->state == INSTANCE_UP)
			continue;
		const char *state = instance_state_name(instance->state), *why = instance->last_error;
		list_addf(out, "%s is %s%s%s%s", name, state, why ? " (" : "", why ? why : "", why ? ")" : "");
	}
}

void system_missing(struct list *out, const struct system *system)
{
	if (system->held_by)
		list_addf(out, "the services are held for %s%s", system->held_for,
			system->interrupted ? ", which was interrupted" : "");
	if (system->runtime)
		system_missing_instances(out, system);
	else
		heartbeats_missing(out, system);
	if (!system->version_known)
		list_add(out, "the database's version is not known");
	else if (!system->pair_known)
		list_add(out, "the engine's release is not known");
	else if (system->advice)
		list_addf(out, "the database is at %s, which does not belong to release %s",
			VERSION_TEXT(system->version), system->release);
}
