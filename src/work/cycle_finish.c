/* The release, the services and what to say of them, once the database is changed. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/cycle.h"
#include "work/journal.h"
#include "work/step.h"

static int repin(struct cycle *cycle, const struct cycle_end *end, struct error *err)
{
	int rc = fault_point("cycle-repin", err);
	if (rc || !end->release)
		return rc;
	step_say("pinning release %s", VERSION_TEXT(*end->release));
	rc = runtime_repin(cycle->runtime, *end->release, end->what, err);
	if (rc)
		return error_context(err, "release %s was not pinned", VERSION_TEXT(*end->release));
	struct cycle_state *state = &cycle->state;
	state->pinned = true;
	state->release = *end->release;
	state->needs_known = releases_find(&state->needs, cycle->releases, state->release);
	return 0;
}

/* No signal stops it between these. */
static int start(struct cycle *cycle, const struct cycle_end *end, struct error *err)
{
	int rc = repin(cycle, end, err);
	if (rc)
		return rc;
	if (!cycle_may_start(&cycle->state)) {
		error_set(err, ERROR_SERVICES, "release %s is pinned, which needs database version %s",
			VERSION_TEXT(cycle->state.release), VERSION_TEXT(cycle->state.needs));
		return err->code;
	}
	step_say("starting the services");
	rc = fault_point("cycle-release", err);
	if (rc)
		return error_context(err, "the services were not started");
	/* Some may run, and the hold be gone, even if it fails: who goes back has to stop them again. */
	cycle->holding = false;
	rc = runtime_release(cycle->runtime, err);
	cycle->unfit = rc == ERROR_SERVICES;
	return rc ? error_context(err, "not all services were started") : fault_point("cycle-released", err);
}

static int wait_healthy(struct cycle *cycle, struct error *err)
{
	step_say("waiting until the services are healthy");
	int rc = fault_point("cycle-wait", err);
	if (!rc)
		rc = runtime_wait(cycle->runtime, (double)settings_number(&cycle->run->settings, OPTION_TIMEOUT), err);
	cycle->unfit = rc == ERROR_SERVICES;
	if (!rc)
		rc = fault_point("cycle-healthy", err);
	return rc;
}

int cycle_await(struct cycle *cycle, struct error *err)
{
	bool starting = false;
	for (size_t i = 0; i < cycle->before.count; i++)
		starting = starting || cycle->before.items[i].state == INSTANCE_STARTING;
	if (!cycle->runtime || !starting)
		return 0;
	long long seconds = settings_number(&cycle->run->settings, OPTION_TIMEOUT);
	int rc = runtime_wait(cycle->runtime, (double)seconds, err);
	if (!rc)
		return 0;
	/* A supervisor that has ended is one that does not run its services. */
	if (rc == ERROR_UNREACHABLE)
		err->code = ERROR_SERVICES;
	return error_context(err, "nothing is to be done to the database");
}

/* After what the failure itself advises. */
static int advise(const struct cycle *cycle, const struct cycle_end *end, struct error *err)
{
	AUTO(mem_auto) char *first = err->hint ? mem_format("%s; ", err->hint) : mem_copy("");
	if (end->back && cycle->holding)
		return error_hint(err, "%smend that and run the command again, or go back with `anchore-admin %s`",
			first, end->back);
	if (end->back)
		return error_hint(err, "%s%sgo back with `anchore-admin %s`", first, *first ? "or " : "", end->back);
	return error_hint(err, "%s%s", first, cycle->holding ? "mend that and run the command again"
		: "look with `anchore-admin service status` and `anchore-admin service logs`");
}

static int explain(const struct cycle *cycle, const struct cycle_end *end, struct error *err)
{
	AUTO(mem_auto) char *database = mem_copy(cycle->state.database_known ? VERSION_TEXT(end->database)
		: "unknown");
	if (err->code == ERROR_INTERRUPTED) {
		error_context(err, "the database is at version %s and the services are started, but not healthy yet",
			database);
		return error_hint(err, "look with `anchore-admin system status`");
	}
	err->code = ERROR_SERVICES;
	error_context(err, "the database is at version %s, %s", database,
		cycle->holding ? "but the services stay stopped"
		: cycle->unfit ? "but the services do not run as they should"
		: "but whether the services run as they should is not known");
	return advise(cycle, end, err);
}

static void write_journal(struct cycle *cycle, const struct error *failure)
{
	const char *store = settings_text(&cycle->run->settings, OPTION_STORE);
	AUTO(mem_auto) char *release = cycle->state.pinned ? mem_copy(VERSION_TEXT(cycle->state.release)) : NULL;
	if (store)
		journal_services(store, cycle->run, release, cycle->pinned, failure);
	if (release)
		mem_replace(&cycle->pinned, mem_take(&release));
}

int cycle_finish(struct cycle *cycle, const struct cycle_end *end, struct error *err)
{
	if (!cycle->runtime)
		return 0;
	cycle->state.database = end->database;
	cycle->state.database_known = version_compare(end->database, (struct version){{0, 0, 0}}) > 0;
	interrupt_defer(true);
	int rc = start(cycle, end, err);
	interrupt_defer(false);
	if (!rc)
		rc = wait_healthy(cycle, err);
	cycle->down = clock_elapsed() - cycle->stopped;
	struct instances after = {NULL, 0};
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (runtime_list(&after, cycle->runtime, &ignored) == 0) {
		instances_clear(&cycle->before);
		cycle->before = after;
	}
	write_journal(cycle, rc ? err : NULL);
	return rc ? explain(cycle, end, err) : 0;
}
