#include "model/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- states ---- */

#define STEP(state, action) {SERVICE_##state, SERVICE_##action}
#define STAY(state) {SERVICE_##state, SERVICE_NOTHING}

/* In the order of enum service_event: start, stop, spawned, healthy, unhealthy, exited, timer, give up. What cannot
 * happen, or comes too late, leaves the state as it is. */
static const struct service_step table[SERVICE_STATES][SERVICE_EVENTS] = {
	[SERVICE_DOWN] = {STEP(SPAWNING, SPAWN), STAY(DOWN), STAY(DOWN), STAY(DOWN), STAY(DOWN), STAY(DOWN),
		STAY(DOWN), STAY(DOWN)},
	[SERVICE_SPAWNING] = {STAY(SPAWNING), STEP(STOPPING, TERM), STEP(STARTING, WATCH), STAY(SPAWNING),
		STAY(SPAWNING), STEP(WAITING, PAUSE), STAY(SPAWNING), STAY(SPAWNING)},
	[SERVICE_STARTING] = {STAY(STARTING), STEP(STOPPING, TERM), STAY(STARTING), STEP(UP, TELL), STAY(STARTING),
		STEP(WAITING, PAUSE), STAY(STARTING), STAY(STARTING)},
	[SERVICE_UP] = {STAY(UP), STEP(STOPPING, TERM), STAY(UP), STAY(UP), STEP(SICK, TELL), STEP(WAITING, PAUSE),
		STAY(UP), STAY(UP)},
	[SERVICE_SICK] = {STAY(SICK), STEP(STOPPING, TERM), STAY(SICK), STEP(UP, TELL), STAY(SICK),
		STEP(WAITING, PAUSE), STAY(SICK), STAY(SICK)},
	[SERVICE_STOPPING] = {STAY(BOUNCING), STAY(STOPPING), STAY(STOPPING), STAY(STOPPING), STAY(STOPPING),
		STEP(DOWN, TELL), STEP(STOPPING, KILL), STAY(STOPPING)},
	[SERVICE_BOUNCING] = {STAY(BOUNCING), STAY(STOPPING), STAY(BOUNCING), STAY(BOUNCING), STAY(BOUNCING),
		STEP(SPAWNING, SPAWN), STEP(BOUNCING, KILL), STAY(BOUNCING)},
	[SERVICE_WAITING] = {STEP(SPAWNING, SPAWN), STEP(DOWN, TELL), STAY(WAITING), STAY(WAITING), STAY(WAITING),
		STAY(WAITING), STEP(SPAWNING, SPAWN), STEP(FAILED, TELL)},
	[SERVICE_FAILED] = {STEP(SPAWNING, SPAWN), STEP(DOWN, TELL), STAY(FAILED), STAY(FAILED), STAY(FAILED),
		STAY(FAILED), STAY(FAILED), STAY(FAILED)},
};

static const struct {
	const char *name;
	enum instance_state shown;
} states[SERVICE_STATES] = {
	[SERVICE_DOWN] = {"down", INSTANCE_STOPPED}, [SERVICE_SPAWNING] = {"spawning", INSTANCE_STARTING},
	[SERVICE_STARTING] = {"starting", INSTANCE_STARTING}, [SERVICE_UP] = {"up", INSTANCE_UP},
	[SERVICE_SICK] = {"sick", INSTANCE_SICK}, [SERVICE_STOPPING] = {"stopping", INSTANCE_STOPPING},
	[SERVICE_BOUNCING] = {"bouncing", INSTANCE_STOPPING}, [SERVICE_WAITING] = {"waiting", INSTANCE_WAITING},
	[SERVICE_FAILED] = {"failed", INSTANCE_FAILED},
};

struct service_step service_step(enum service_state state, enum service_event event)
{
	return table[state][event];
}

const char *service_state_name(enum service_state state)
{
	return states[state].name;
}

enum instance_state service_instance_state(enum service_state state)
{
	return states[state].shown;
}

bool service_alive(enum service_state state)
{
	return state != SERVICE_DOWN && state != SERVICE_WAITING && state != SERVICE_FAILED;
}

/* ---- the limit ---- */

void service_deaths_reset(struct service_deaths *deaths)
{
	*deaths = (struct service_deaths){.count = 0};
}

bool service_died(double *pause, struct service_deaths *deaths, double now, double ran)
{
	deaths->when[deaths->count++ % SERVICE_LIMIT] = now;
	/* The next to be overwritten is the oldest. */
	if (deaths->count >= SERVICE_LIMIT && now - deaths->when[deaths->count % SERVICE_LIMIT] < SERVICE_WINDOW)
		return false;
	if (ran >= SERVICE_WINDOW || deaths->pause <= 0)
		deaths->pause = SERVICE_PAUSE_LEAST;
	else
		deaths->pause = deaths->pause * 2 > SERVICE_PAUSE_MOST ? SERVICE_PAUSE_MOST : deaths->pause * 2;
	*pause = deaths->pause;
	return true;
}

/* ---- what the settings say ---- */

struct service_spec *service_specs_add(struct service_specs *specs, char *name)
{
	specs->items = mem_resize(specs->items, (specs->count + 1) * sizeof *specs->items);
	struct service_spec *spec = &specs->items[specs->count++];
	*spec = (struct service_spec){.name = name, .stop_timeout = SERVICE_STOP_TIMEOUT,
		.order = text_same(name, "catalog") ? SERVICE_ORDER_CATALOG : SERVICE_ORDER_OTHERS};
	return spec;
}

static void free_environment(struct list *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		mem_free_secret(environment->items[i]);
	mem_free(environment->items);
}

void service_specs_clear(struct service_specs *specs)
{
	for (size_t i = 0; i < specs->count; i++) {
		struct service_spec *spec = &specs->items[i];
		mem_free(spec->name);
		list_clear(&spec->argv);
		free_environment(&spec->environment);
		mem_free(spec->user);
		mem_free(spec->health);
	}
	mem_free(specs->items);
	*specs = (struct service_specs){NULL, 0};
}

/* By insertion: they are few, and those of the same order have to stay as written. */
void service_specs_sort(struct service_specs *specs)
{
	for (size_t i = 1; i < specs->count; i++) {
		struct service_spec spec = specs->items[i];
		size_t at = i;
		for (; at > 0 && specs->items[at - 1].order > spec.order; at--)
			specs->items[at] = specs->items[at - 1];
		specs->items[at] = spec;
	}
}

const struct service_spec *service_specs_find(const struct service_specs *specs, const char *name)
{
	for (size_t i = 0; i < specs->count; i++)
		if (strcmp(specs->items[i].name, name) == 0)
			return &specs->items[i];
	return NULL;
}

bool service_name_valid(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	return *name && *name != '.' && *name != '-' && name[strspn(name, letters)] == '\0' && strlen(name) <= 40;
}

int service_expand(char **out, const char *text, const char *release, struct error *err)
{
	static const char engine[] = "${engine}";
	AUTO(text_clear) struct text expanded = TEXT_INIT;
	for (const char *at = text; *at;) {
		size_t plain = strcspn(at, "$");
		text_add_bytes(&expanded, at, plain);
		at += plain;
		if (!*at)
			break;
		if (text_starts(at, "$$")) {
			text_add(&expanded, "$");
			at += 2;
		} else if (text_starts(at, engine) && release) {
			text_add(&expanded, release);
			at += sizeof engine - 1;
		} else if (text_starts(at, engine)) {
			error_set(err, ERROR_USAGE, "${engine} stands there, and no release of the engine is set");
			return error_hint(err, "set `engine: RELEASE` in the settings file, or `--engine RELEASE`");
		} else {
			error_set(err, ERROR_USAGE, "a `$` stands there that begins neither ${engine} nor $$");
			return error_hint(err, "write `$$` for a dollar sign; nothing else is replaced");
		}
	}
	*out = text_take(&expanded);
	return 0;
}

char *service_base_url(const char *health)
{
	const char *host = health ? strstr(health, "://") : NULL;
	return host ? mem_copy_bytes(health, (size_t)(host - health) + 3 + strcspn(host + 3, "/?#")) : mem_copy(health);
}
