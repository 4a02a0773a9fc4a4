#include "model/cycle.h"

#include "base/mem.h"

enum cycle_fit cycle_fit(const struct cycle_state *state)
{
	if (!state->database_known || !state->pinned || !state->needs_known)
		return FIT_UNKNOWN;
	int order = version_compare(state->database, state->needs);
	return order < 0 ? FIT_BEHIND : order > 0 ? FIT_AHEAD : FIT_SAME;
}

enum cycle_due cycle_due(const struct cycle_state *state, struct version to, const struct version *release)
{
	if (!state->database_known || !version_same(state->database, to))
		return CYCLE_CHANGE;
	if (release && state->pinned && !version_same(state->release, *release))
		return CYCLE_REPIN;
	return state->held ? CYCLE_RELEASE : CYCLE_NOTHING;
}

bool cycle_release(struct version *out, const struct cycle_state *state, const struct releases *releases,
	struct version to)
{
	if (state->pinned && state->needs_known && version_same(state->needs, to)) {
		*out = state->release;
		return true;
	}
	return releases_newest(out, releases, to);
}

bool cycle_may_start(const struct cycle_state *state)
{
	enum cycle_fit fit = cycle_fit(state);
	return fit == FIT_SAME || fit == FIT_UNKNOWN;
}

enum launch launch_decide(const struct cycle_state *state, bool busy, bool automatic)
{
	enum cycle_fit fit = cycle_fit(state);
	if (state->held && state->alive)
		return LAUNCH_LOCKED;
	if (fit == FIT_SAME)
		return LAUNCH_START;
	if (state->held)
		return LAUNCH_UNSETTLED;
	if (fit == FIT_UNKNOWN)
		return LAUNCH_UNKNOWN;
	if (busy)
		return LAUNCH_WAIT;
	if (fit == FIT_AHEAD)
		return LAUNCH_AHEAD;
	return automatic ? LAUNCH_UPGRADE : LAUNCH_BEHIND;
}

/* ---- in words ---- */

/* One that has died and waits to be started again runs, as far as its operator is concerned. */
static bool is_wanted(const struct instance *instance)
{
	return instance->state != INSTANCE_STOPPED;
}

static size_t count_of(const struct instances *instances, const char *service, bool wanted)
{
	size_t count = 0;
	for (size_t i = 0; i < instances->count; i++)
		count += text_same(instances->items[i].service, service) && is_wanted(&instances->items[i]) == wanted;
	return count;
}

bool cycle_any_wanted(const struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++)
		if (is_wanted(&instances->items[i]))
			return true;
	return false;
}

char *cycle_names(const struct instances *instances, bool wanted, bool reverse)
{
	AUTO(list_clear) struct list seen = LIST_INIT, names = LIST_INIT;
	for (size_t i = 0; i < instances->count; i++) {
		const char *service = instances->items[reverse ? instances->count - 1 - i : i].service;
		size_t count = count_of(instances, service, wanted);
		/* A service counts as stopped only when all of it is. */
		if (list_has(&seen, service) || !count || (!wanted && count_of(instances, service, true)))
			continue;
		list_add(&seen, service);
		if (count == 1)
			list_add(&names, service);
		else
			list_addf(&names, "%s (%zu instances)", service, count);
	}
	return list_join(&names, ", ");
}

static void add_stop(struct list *out, const struct cycle_show *show, const char *running)
{
	if (show->state->held)
		list_add(out, "adopt the services that a run that did not end has stopped");
	if (*running)
		list_addf(out, "stop %s; wait until their sessions are gone from the database", running);
	else if (!show->state->held)
		list_add(out, "hold the services; none of them runs");
}

static void add_database(struct list *out, const struct cycle_show *show)
{
	if (show->snapshot)
		list_add(out, "take a snapshot and verify it");
	AUTO(mem_auto) char *took = text_duration(show->proof);
	if (show->proves)
		list_addf(out, "restore the snapshot into a scratch database, compare every row, drop it%s%s",
			show->proof > 0 ? "; the last time that took " : "", show->proof > 0 ? took : "");
	if (show->changes)
		list_addf(out, "check all of it again, then the %s of the database", show->command);
}

static void add_start(struct list *out, const struct cycle_show *show)
{
	AUTO(mem_auto) char *started = cycle_names(show->instances, true, false);
	AUTO(mem_auto) char *stopped = cycle_names(show->instances, false, false);
	if (show->state->held) {
		list_add(out, "start what ran before that run");
	} else if (!*started) {
		list_add(out, "end the hold; the services stay stopped");
		return;
	} else {
		list_addf(out, "start %s%s%s%s", started, *stopped ? "; leave " : "", stopped,
			*stopped ? " stopped" : "");
	}
	AUTO(mem_auto) char *limit = text_duration((double)show->seconds);
	list_addf(out, "wait until they are healthy, at most %s", limit);
}

void cycle_steps(struct list *out, const struct cycle_show *show)
{
	AUTO(mem_auto) char *running = cycle_names(show->instances, true, true);
	bool repins = show->release && !text_same(show->pinned, show->release);
	if (repins)
		list_addf(out, "find all that release %s needs, before anything is stopped", show->release);
	add_stop(out, show, running);
	add_database(out, show);
	if (repins && show->pinned)
		list_addf(out, "pin release %s in %s, where %s is", show->release,
			show->where ? show->where : "the settings", show->pinned);
	else if (repins)
		list_addf(out, "pin release %s", show->release);
	add_start(out, show);
}
