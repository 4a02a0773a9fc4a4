#include "work/cycle.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/control.h"
#include "work/hold.h"
#include "work/sessions.h"
#include "work/step.h"

static const double POLL_SECONDS = 0.2;

/* ---- what there is ---- */

static int look_at_hold(struct cycle *cycle, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	int rc = control_directory(&directory, cycle->run, err);
	if (!rc)
		rc = hold_read(&hold, directory, err);
	if (rc)
		return rc;
	if (cycle->run->lock >= 0)
		step_sweep(directory);
	cycle->state.held = hold.run != NULL;
	cycle->state.alive = cycle->state.held && hold_lives(&hold);
	return 0;
}

static int look(struct cycle *cycle, struct error *err)
{
	struct cycle_state *state = &cycle->state;
	int rc = runtime_pinned(&cycle->pinned, &cycle->where, cycle->runtime, err);
	if (!rc)
		rc = runtime_list(&cycle->before, cycle->runtime, err);
	if (!rc)
		rc = look_at_hold(cycle, err);
	if (rc)
		return rc;
	state->pinned = cycle->pinned && version_parse_typed(&state->release, cycle->pinned);
	state->needs_known = state->pinned && releases_find(&state->needs, cycle->releases, state->release);
	return 0;
}

int cycle_open(struct cycle *out, struct run *run, const struct releases *releases, struct error *err)
{
	AUTO(cycle_clear) struct cycle cycle = {.run = run, .releases = releases};
	int rc = runtime_open(&cycle.runtime, run, err);
	if (!rc && cycle.runtime)
		rc = look(&cycle, err);
	if (rc)
		return rc;
	*out = cycle;
	cycle = (struct cycle){.run = NULL};
	return 0;
}

void cycle_clear(struct cycle *cycle)
{
	if (cycle->runtime)
		step_close();
	runtime_close(cycle->runtime);
	mem_free(cycle->pinned);
	mem_free(cycle->where);
	instances_clear(&cycle->before);
	list_clear(&cycle->steps);
	*cycle = (struct cycle){.run = NULL};
}

void cycle_database(struct cycle *cycle, const char *version)
{
	cycle->state.database_known = version && version_parse(&cycle->state.database, version);
}

bool cycle_drives(const struct cycle *cycle)
{
	return cycle->runtime != NULL;
}

/* ---- before ---- */

void cycle_plan(struct cycle *cycle, const char *command, const struct version *release, bool snapshot, bool changes)
{
	char name[VERSION_ROOM];
	const struct cycle_show show = {.command = command, .instances = &cycle->before, .state = &cycle->state,
		.pinned = cycle->pinned, .where = cycle->where,
		.release = release ? version_format(name, *release) : NULL, .snapshot = snapshot, .changes = changes,
		.proves = cycle->proves, .proof = cycle->proof,
		.seconds = settings_number(&cycle->run->settings, OPTION_TIMEOUT)};
	list_clear(&cycle->steps);
	if (cycle->runtime)
		cycle_steps(&cycle->steps, &show);
}

int cycle_prepare(struct cycle *cycle, const struct version *release, struct error *err)
{
	if (!cycle->runtime)
		return 0;
	AUTO(mem_auto) char *directory = NULL;
	int rc = control_directory(&directory, cycle->run, err);
	if (rc)
		return rc;
	step_open(cycle->run, directory);
	rc = fault_point("cycle-prepare", err);
	if (rc || !release)
		return rc;
	step_say("finding what release %s needs", VERSION_TEXT(*release));
	return runtime_prepare(cycle->runtime, *release, err);
}

/* ---- the hold ---- */

static int hold(struct cycle *cycle, struct error *err)
{
	if (!cycle->runtime || cycle->holding)
		return 0;
	step_say("stopping the services");
	int rc = fault_point("cycle-hold", err);
	if (rc)
		return rc;
	cycle->holding = true;
	cycle->stopped = clock_elapsed();
	rc = runtime_hold(cycle->runtime, cycle->run->command, err);
	/* Another run has it, which lives: there is nothing of ours to give back. */
	if (rc == ERROR_LOCKED)
		cycle->holding = false;
	if (!rc)
		rc = fault_point("cycle-held", err);
	return rc ? rc : interrupt_check(err);
}

int cycle_drain(const struct cycle *cycle, struct db *db, struct error *err)
{
	double end = clock_elapsed() + (double)settings_number(&cycle->run->settings, OPTION_LOCK_TIMEOUT);
	for (;;) {
		AUTO(sessions_clear) struct sessions sessions = {NULL, 0};
		int rc = sessions_services(&sessions, db, err);
		if (rc || !sessions.count || clock_elapsed() >= end)
			return rc;
		clock_sleep(POLL_SECONDS);
		rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}

int cycle_drain_any(const struct cycle *cycle, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(db_auto) struct db *db = NULL;
	int rc = run_connect(&db, cycle->run, NULL, &why);
	if (!rc)
		rc = cycle_drain(cycle, db, &why);
	return rc == ERROR_INTERRUPTED ? error_move(err, &why) : 0;
}

static int stays_stopped(const struct cycle *cycle, struct error *err)
{
	if (err->code == ERROR_BETWEEN) {
		error_context(err, "the services stay stopped");
		return error_hint(err, "once the server answers, the same command again settles it and starts them");
	}
	const struct cycle_state *state = &cycle->state;
	AUTO(mem_auto) char *release = mem_copy(VERSION_TEXT(state->release));
	error_context(err, "the services stay stopped, for release %s is pinned, which needs database version %s, and "
		"the database is at %s", release, VERSION_TEXT(state->needs), VERSION_TEXT(state->database));
	return err->code;
}

/* The database is as it was: what ran before is started again. The operator who pressed Ctrl-C waits for that. */
static int give_back(struct cycle *cycle, struct error *err)
{
	if (!cycle->holding)
		return err->code;
	if (err->code == ERROR_BETWEEN || !cycle_may_start(&cycle->state))
		return stays_stopped(cycle, err);
	AUTO(error_clear) struct error why = ERROR_INIT;
	step_say("starting the services again");
	interrupt_defer(true);
	int rc = fault_point("cycle-give-back", &why);
	if (!rc)
		rc = runtime_release(cycle->runtime, &why);
	interrupt_defer(false);
	if (rc) {
		error_context(err, "the database is unchanged, but the services were not started again (%s)",
			why.message);
		err->code = err->code == ERROR_INTERRUPTED ? ERROR_INTERRUPTED : ERROR_SERVICES;
		return error_hint(err, "%s%smend that and run the command again: it starts them, whatever else it does",
			why.hint ? why.hint : "", why.hint ? "; or " : "");
	}
	cycle->holding = false;
	if (!cycle->state.held && !cycle_any_wanted(&cycle->before))
		return err->code;
	if (cycle->state.pinned)
		error_context(err, "nothing was changed, and release %s was started again",
			VERSION_TEXT(cycle->state.release));
	else
		error_context(err, "nothing was changed, and the services were started again");
	return err->code;
}

int cycle_around(struct cycle *cycle, cycle_work *work, void *context, struct error *err)
{
	int rc = hold(cycle, err);
	if (!rc)
		rc = work(cycle, context, err);
	return rc ? give_back(cycle, err) : 0;
}

static int nothing(struct cycle *cycle, void *context, struct error *err)
{
	(void)context;
	return cycle_drain_any(cycle, err);
}

int cycle_hold(struct cycle *cycle, struct error *err)
{
	return cycle_around(cycle, nothing, NULL, err);
}
