#include "base/mem.h"
#include "work/supervise_private.h"

/* Seconds: between two questions while it starts and later, and for the answer, which the real clock measures. Most
 * services are there in less than a second, and an upgrade waits for them: so the first questions follow sooner. */
static const double ASK_SOON = 0.1, ASK_STARTING = 1, ASK_LATER = 10, ANSWER_WITHIN = 5;
enum { MOST_MISSES = 3, HEALTHY = 200 };

static void ask_later(struct unit *unit)
{
	double pause = unit->state == SERVICE_STARTING ? ASK_STARTING : ASK_LATER;
	if (unit->state == SERVICE_STARTING && unit->misses <= MOST_MISSES)
		pause = ASK_SOON * (1 << unit->misses);
	loop_timer(unit->supervisor->loop, &unit->health_timer, pause);
}

static void miss(struct unit *unit, char *why)
{
	mem_replace(&unit->health_error, why);
	unit->misses++;
	if (unit->misses >= MOST_MISSES)
		unit_feed(unit, SERVICE_UNHEALTHY);
}

static void on_answer(void *context, long status, const char *why)
{
	struct unit *unit = context;
	unit->ask = NULL;
	if (status == HEALTHY) {
		unit->misses = 0;
		mem_replace(&unit->health_error, NULL);
		unit_feed(unit, SERVICE_HEALTHY);
	} else if (status) {
		miss(unit, mem_format("its health address answers with status %ld", status));
	} else {
		miss(unit, mem_format("its health address does not answer: %s", why));
	}
	ask_later(unit);
}

static void ask(void *context)
{
	struct unit *unit = context;
	AUTO(error_clear) struct error err = ERROR_INIT;
	if (!unit->spec.health || unit->ask)
		return;
	if (http_pool_get(&unit->ask, unit->supervisor->pool, unit->spec.health, ANSWER_WITHIN, on_answer, unit,
		&err)) {
		miss(unit, mem_copy(err.message));
		ask_later(unit);
	}
}

void health_begin(struct unit *unit)
{
	health_end(unit);
	unit->misses = 0;
	mem_replace(&unit->health_error, NULL);
	unit->health_timer.due = ask;
	unit->health_timer.context = unit;
	if (unit->spec.health)
		loop_timer(unit->supervisor->loop, &unit->health_timer, 0);
	else
		unit_feed(unit, SERVICE_HEALTHY);
}

void health_end(struct unit *unit)
{
	http_probe_end(unit->ask);
	unit->ask = NULL;
	loop_timer_stop(unit->supervisor->loop, &unit->health_timer);
}
