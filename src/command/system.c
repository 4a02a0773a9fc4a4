/* system status: the services as the runtime and the database know them, and the two versions as the engine's own
 * client ends its report. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "command/command.h"
#include "work/system.h"
#include "work/view.h"

static const double AGAIN = 2; /* seconds between two looks of --watch */

/* ---- for programs ---- */

static json_t *heartbeat_json(const struct heartbeat *beat)
{
	json_t *json = json_object();
	json_put(json, "name", beat->name);
	json_put(json, "host", beat->host);
	json_put(json, "base_url", beat->url);
	json_put(json, "state", beat->state);
	json_put_value(json, "heartbeat_age_seconds", beat->heard ? json_integer(beat->age) : json_null());
	json_put(json, "status_message", beat->message);
	json_put_value(json, "answers", beat->answer ? json_boolean(beat->answers) : json_null());
	json_put(json, "answer", beat->answer);
	return json;
}

static json_t *hold_json(const struct system *system)
{
	if (!system->held_by)
		return json_null();
	json_t *json = json_object();
	AUTO(mem_auto) char *since = text_time(system->held_since);
	json_put(json, "run", system->held_by);
	json_put(json, "for", system->held_for);
	json_put(json, "since", since);
	json_put_flag(json, "interrupted", system->interrupted);
	json_put(json, "step", system->step);
	return json;
}

static json_t *lists_json(const struct system *system)
{
	json_t *json = json_object(), *services = json_array(), *sessions = json_array();
	for (size_t i = 0; i < system->heartbeat_count; i++)
		json_array_append_new(services, heartbeat_json(&system->heartbeats[i]));
	for (size_t i = 0; i < system->sessions.count; i++) {
		AUTO(mem_auto) char *words = session_text(&system->sessions.items[i]);
		json_add(sessions, words);
	}
	json_put(json, "runtime", system->runtime);
	json_put_value(json, "instances", system->runtime ? instances_json(&system->instances) : json_null());
	json_put_value(json, "held", hold_json(system));
	json_put_value(json, "services", services);
	json_put_value(json, "sessions", sessions);
	return json;
}

static json_t *proven_json(const struct system *system)
{
	if (!system->proven)
		return json_null();
	AUTO(mem_auto) char *at = text_time(system->proven_at);
	json_t *json = json_object();
	time_t now = clock_now();
	json_put(json, "id", system->proven);
	json_put(json, "at", at);
	json_put_number(json, "age_seconds", now > system->proven_at ? now - system->proven_at : 0);
	json_put(json, "server", system->proven_on);
	return json;
}

static json_t *system_json(const struct system *system)
{
	AUTO(list_clear) struct list missing = LIST_INIT;
	json_t *json = lists_json(system);
	json_put(json, "engine_db_version", VERSION_TEXT(system->version));
	json_put(json, "engine_code_version", system->release);
	json_put(json, "engine_code_version_from", system->release_from);
	json_put_value(json, "belong_together", system->pair_known ? json_boolean(!system->advice) : json_null());
	json_put_value(json, "upgrade_needed", system->pair_known ? json_boolean(system->order < 0) : json_null());
	json_put(json, "advice", system->advice);
	system_missing(&missing, system);
	json_put_value(json, "proven", proven_json(system));
	json_put_flag(json, "healthy", missing.count == 0);
	json_put_value(json, "missing", json_from_list(&missing));
	return json;
}

/* ---- for people ---- */

static char *ago(time_t when)
{
	time_t now = clock_now();
	return text_duration(now > when ? (double)(now - when) : 0);
}

static void print_instance(const struct run *run, const struct instance *instance)
{
	struct text line = TEXT_INIT;
	const char *service = instance->service ? instance->service : "?";
	const char *name = instance->name ? instance->name : service;
	text_addf(&line, "Instance %s", name);
	if (!text_same(name, service))
		text_addf(&line, " of %s", service);
	text_addf(&line, ": %s", instance_state_name(instance->state));
	if (instance->since) {
		AUTO(mem_auto) char *age = ago(instance->since);
		text_addf(&line, " for %s", age);
	}
	if (instance->pid)
		text_addf(&line, ", process %ld", instance->pid);
	if (instance->restarts) {
		AUTO(mem_auto) char *restarts = text_plural(instance->restarts, "restart");
		text_addf(&line, ", %s", restarts);
	}
	if (instance->last_error)
		text_addf(&line, ", last error: %s", instance->last_error);
	AUTO(mem_auto) char *words = text_take(&line);
	run_print(run, "%s\n", words);
}

static void print_runtime(const struct run *run, const struct system *system)
{
	if (system->held_by) {
		AUTO(mem_auto) char *age = ago(system->held_since);
		run_print(run, "The services are held for %s for %s, by run %s.\n", system->held_for, age,
			system->held_by);
	}
	if (system->step)
		run_print(run, "%s\n", system->step);
	if (system->interrupted)
		run_print(run, "That run is gone: settle the database by `anchore-admin upgrade` or "
			"`anchore-admin downgrade --to VERSION`, which starts the services again.\n");
	for (size_t i = 0; i < system->instances.count; i++)
		print_instance(run, &system->instances.items[i]);
	if (system->runtime && !system->instances.count)
		run_print(run, "There is no instance of a service.\n");
}

static void print_heartbeat(const struct run *run, const struct heartbeat *beat)
{
	struct text notes = TEXT_INIT;
	if (!beat->heard) {
		text_add(&notes, ", never heard of");
	} else if (beat->age > SYSTEM_DOWN_AFTER) {
		AUTO(mem_auto) char *age = text_duration((double)beat->age);
		text_addf(&notes, ", last heard of %s ago", age);
	}
	if (beat->answers)
		text_add(&notes, ", answers");
	else if (beat->answer)
		text_addf(&notes, ", but its address gives %s", beat->answer);
	if (beat->message && *beat->message)
		text_addf(&notes, " (%s)", beat->message);
	AUTO(mem_auto) char *words = text_take(&notes);
	run_print(run, "Service %s (%s, %s): %s%s\n", beat->name, beat->host, beat->url ? beat->url : "no address",
		beat->state, words);
}

static void print_database(const struct run *run, const struct system *system)
{
	for (size_t i = 0; i < system->heartbeat_count; i++)
		print_heartbeat(run, &system->heartbeats[i]);
	if (system->locked)
		run_print(run, "The table of the services' heartbeats is locked by a change.\n");
	else if (!system->heartbeat_count)
		run_print(run, "No service is registered in the database.\n");
	for (size_t i = 0; i < system->sessions.count; i++) {
		AUTO(mem_auto) char *words = session_text(&system->sessions.items[i]);
		run_print(run, "Session of a service: %s\n", words);
	}
}

static void print_proven(const struct run *run, const struct system *system)
{
	AUTO(mem_auto) char *age = ago(system->proven_at);
	if (system->proven)
		run_print(run, "Last proven snapshot: %.12s, restored %s ago%s%s.\n", system->proven, age,
			system->proven_on ? " on PostgreSQL " : "", system->proven_on ? system->proven_on : "");
	else if (system->store_known)
		run_print(run, "No snapshot is proven: `anchore-admin snapshot verify --restore` restores one and "
			"compares.\n");
}

/* The last two lines are the engine's client's own, for whoever reads them by a program. */
static void print_versions(const struct run *run, const struct system *system)
{
	if (system->release)
		run_print(run, "Engine release %s, as %s says.\n", system->release, system->release_from);
	print_proven(run, system);
	if (system->advice)
		run_print(run, "%s\n", system->advice);
	run_print(run, "\nEngine DB Version: %s\nEngine Code Version: %s\n", VERSION_TEXT(system->version),
		system->release ? system->release : "unknown");
}

/* ---- the command ---- */

/* Only with --exit-code: not all is as it should be. */
static int judge(const struct run *run, const struct system *system, struct error *err)
{
	AUTO(list_clear) struct list missing = LIST_INIT;
	if (!settings_flag(&run->settings, OPTION_EXIT_CODE))
		return 0;
	system_missing(&missing, system);
	if (!missing.count)
		return 0;
	AUTO(mem_auto) char *all = list_join(&missing, "; ");
	error_set(err, ERROR_PENDING, "%s", all);
	return error_hint(err, "`anchore-admin system wait` returns when that is settled");
}

static int show(struct run *run, const struct migrations *migrations, struct error *err)
{
	AUTO(system_clear) struct system system = {.runtime = NULL};
	int rc = system_look(&system, run, migrations, true, err);
	print_runtime(run, &system);
	if (rc)
		return rc;
	print_database(run, &system);
	print_versions(run, &system);
	AUTO(json_auto) json_t *json = system_json(&system);
	run_answer(run, json);
	return judge(run, &system, err);
}

/* One look of --watch. The screen is cleared when everything is known, so that nothing flickers. A look that fails is
 * shown like any other: what is away now may come back. */
static int show_again(struct run *run, const struct migrations *migrations, bool screen, struct error *err)
{
	AUTO(system_clear) struct system system = {.runtime = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = system_look(&system, run, migrations, true, &why);
	if (rc == ERROR_INTERRUPTED || rc == ERROR_USAGE)
		return error_move(err, &why);
	AUTO(mem_auto) char *now = text_time(clock_now());
	run_print(run, "%s%s\n", screen ? "\033[H\033[2J" : "", now);
	print_runtime(run, &system);
	if (rc) {
		run_print(run, "%s\n", why.message);
	} else {
		print_database(run, &system);
		print_versions(run, &system);
	}
	if (run_json(run)) {
		AUTO(json_auto) json_t *json = rc ? lists_json(&system) : system_json(&system);
		json_put(json, "at", now);
		json_put(json, "error", why.message);
		run_answer_line(run, json);
	} else if (!screen) {
		run_print(run, "\n");
	}
	return 0;
}

static int watch(struct run *run, const struct migrations *migrations, struct error *err)
{
	bool screen = isatty(STDOUT_FILENO) && !run_json(run);
	int rc = 0;
	while (!rc) {
		rc = show_again(run, migrations, screen, err);
		if (!rc && fflush(stdout) != 0)
			rc = error_errno(err, ERROR_FAILED, "cannot write the answer to stdout");
		if (!rc)
			clock_sleep(AGAIN);
		if (!rc)
			rc = interrupt_check(err);
	}
	return rc;
}

int command_system_status(struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	int rc = migrations_open(&migrations, run, err);
	if (rc)
		return rc;
	return settings_flag(&run->settings, OPTION_WATCH) ? watch(run, &migrations, err) : show(run, &migrations, err);
}
