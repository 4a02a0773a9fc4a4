#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "io/child.h"
#include "work/supervise_private.h"

enum { READ_AT_ONCE = 65536, READS_AT_ONCE = 4 };
/* After SIGKILL there is nothing more to do than to wait. */
static const double KILL_AGAIN = 10, LOOK_AGAIN = 0.1;

static void on_timer(void *context);
static void on_gone_timer(void *context);

struct unit *unit_new(struct supervisor *supervisor, struct service_spec *spec)
{
	struct unit *unit = mem_new(sizeof *unit);
	*unit = (struct unit){.supervisor = supervisor, .spec = *spec, .since = clock_now(), .output = -1};
	unit->timer = (struct loop_timer){.due = on_timer, .context = unit};
	unit->gone_timer = (struct loop_timer){.due = on_gone_timer, .context = unit};
	servicelog_init(&unit->log, supervisor->logs, unit->spec.name, supervisor->echo);
	*spec = (struct service_spec){.name = NULL};
	return unit;
}

static void close_output(struct unit *unit)
{
	loop_forget(unit->supervisor->loop, unit->output);
	file_close(&unit->output);
	servicelog_end(&unit->log);
}

void unit_free(struct unit *unit)
{
	health_end(unit);
	loop_timer_stop(unit->supervisor->loop, &unit->timer);
	loop_timer_stop(unit->supervisor->loop, &unit->gone_timer);
	close_output(unit);
	servicelog_clear(&unit->log);
	struct service_specs specs = {mem_new(sizeof unit->spec), 1};
	specs.items[0] = unit->spec;
	service_specs_clear(&specs);
	mem_free(unit->reason);
	mem_free(unit->last_error);
	mem_free(unit->health_error);
	mem_free(unit);
}

/* ---- output ---- */

/* What is there, but not for ever: others want to be heard, too. */
static void read_output(struct unit *unit, int most)
{
	static char bytes[READ_AT_ONCE];
	for (int i = 0; unit->output >= 0 && i < most; i++) {
		ssize_t got = read(unit->output, bytes, sizeof bytes);
		if (got > 0)
			servicelog_write(&unit->log, bytes, (size_t)got);
		else if (got == 0)
			close_output(unit);
		if (got < (ssize_t)sizeof bytes)
			return;
	}
}

static void on_output(void *context, int fd, int events)
{
	(void)fd, (void)events;
	read_output(context, READS_AT_ONCE);
}

/* ---- the process ---- */

/* How the supervisor was told of the database, the store and their passwords is not the services', of whatever user. */
static void hide_options(struct list *environment)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].in_environment)
			list_give(environment, settings_variable((enum option)i));
}

static int start(struct unit *unit, struct error *err)
{
	struct supervisor *supervisor = unit->supervisor;
	AUTO(list_clear) struct list environment = LIST_INIT;
	AUTO(mem_auto) char *deployment = mark_deployment(supervisor->directory);
	AUTO(mem_auto) char *service = mark_service(unit);
	list_add(&environment, "NOTIFY_SOCKET"); /* ours, not theirs */
	hide_options(&environment);
	list_add(&environment, deployment);
	list_add(&environment, service);
	list_add_all(&environment, &unit->spec.environment);
	struct list argv = LIST_INIT;
	list_add_all(&argv, &unit->spec.argv);
	list_give(&argv, NULL);
	const struct child_spec child = {(const char *const *)argv.items, &environment, unit->spec.user, false};
	int rc = child_start(&unit->pid, &unit->output, &child, err);
	list_clear(&argv);
	if (!rc)
		rc = loop_watch(supervisor->loop, unit->output, LOOP_READ, on_output, unit, err);
	return rc;
}

static void spawn(struct unit *unit)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	unit->ended = false;
	unit->kills = 0;
	mem_replace(&unit->reason, NULL);
	unit->spawned = clock_supervised();
	close_output(unit);
	if (start(unit, &err) == 0) {
		supervisor_note(unit->supervisor, unit->spec.name, "started %s (process %ld)", unit->spec.name,
			(long)unit->pid);
		unit_feed(unit, SERVICE_SPAWNED);
		return;
	}
	if (unit->pid) { /* it runs, but cannot be heard */
		child_signal(unit->pid, SIGKILL);
		mem_replace(&unit->reason, mem_copy(err.message));
		return;
	}
	mem_replace(&unit->reason, mem_copy(err.message));
	unit_feed(unit, SERVICE_EXITED);
}

/* Of the service's processes those that left its group; they are our children since their parents are gone. */
static bool signal_strays(const struct unit *unit, int number)
{
	AUTO(pids_clear) struct pids pids = {NULL, 0};
	AUTO(mem_auto) char *mark = mark_service(unit);
	child_marked(&pids, mark);
	for (size_t i = 0; i < pids.count; i++)
		kill(pids.items[i], number);
	return pids.count > 0;
}

/* Sends a signal to all that belongs to it; 0 only asks. False: there is nothing any more. */
static bool signal_all(const struct unit *unit, int number)
{
	bool group = unit->pid && child_signal(unit->pid, number);
	return signal_strays(unit, number) || group;
}

void unit_ended(struct unit *unit, int status)
{
	bool told = unit->state == SERVICE_STOPPING || unit->state == SERVICE_BOUNCING;
	unit->ended = true;
	health_end(unit);
	if (!unit->reason)
		unit->reason = child_reason(status);
	/* What it leaves behind would be in the way of its successor. */
	signal_all(unit, told ? SIGTERM : SIGKILL);
	unit_look(unit);
}

void unit_look(struct unit *unit)
{
	if (!unit->ended)
		return;
	if (signal_all(unit, 0)) {
		loop_timer(unit->supervisor->loop, &unit->gone_timer, LOOK_AGAIN * clock_speed());
		return;
	}
	loop_timer_stop(unit->supervisor->loop, &unit->gone_timer);
	read_output(unit, 1 << 10);
	close_output(unit);
	unit->ended = false;
	unit->pid = 0;
	unit_feed(unit, SERVICE_EXITED);
}

static void on_gone_timer(void *context)
{
	unit_look(context);
}

/* ---- the machine ---- */

static void pause_or_fail(struct unit *unit)
{
	double now = clock_supervised(), pause = 0;
	mem_replace(&unit->last_error, unit->reason ? mem_take(&unit->reason) : mem_copy("ended"));
	if (!service_died(&pause, &unit->deaths, now, now - unit->spawned)) {
		supervisor_note(unit->supervisor, unit->spec.name,
			"%s died: %s; that was %d times within %d seconds, and it is "
			"not started any more", unit->spec.name, unit->last_error, SERVICE_LIMIT, SERVICE_WINDOW);
		unit_feed(unit, SERVICE_GIVE_UP);
		return;
	}
	supervisor_note(unit->supervisor, unit->spec.name, "%s died: %s; it is started again in %.0f s",
		unit->spec.name,
		unit->last_error, pause);
	loop_timer(unit->supervisor->loop, &unit->timer, pause);
}

static void terminate(struct unit *unit)
{
	loop_timer(unit->supervisor->loop, &unit->timer, (double)unit->spec.stop_timeout);
	/* Only the group: who started others ends them, unless it is gone. */
	child_signal(unit->pid, SIGTERM);
}

static void slay(struct unit *unit)
{
	if (!unit->kills++)
		supervisor_note(unit->supervisor, unit->spec.name, "%s did not end within %lld s and is killed",
			unit->spec.name, unit->spec.stop_timeout);
	loop_timer(unit->supervisor->loop, &unit->timer, KILL_AGAIN * clock_speed());
	signal_all(unit, SIGKILL);
}

bool unit_overdue(const struct unit *unit)
{
	return unit->kills > 1;
}

static void tell(struct unit *unit)
{
	struct supervisor *supervisor = unit->supervisor;
	const char *name = unit->spec.name;
	if (unit->state == SERVICE_UP)
		supervisor_note(supervisor, name, "%s is up", name);
	else if (unit->state == SERVICE_SICK)
		supervisor_note(supervisor, name, "%s is not healthy any more: %s", name,
			unit->health_error ? unit->health_error : "no answer");
	else if (unit->state == SERVICE_DOWN)
		supervisor_note(supervisor, name, "stopped %s", name);
	if (unit->state == SERVICE_DOWN)
		mem_replace(&unit->reason, NULL);
}

static void act(struct unit *unit, enum service_action action)
{
	switch (action) {
	case SERVICE_SPAWN:
		spawn(unit);
		break;
	case SERVICE_WATCH:
		health_begin(unit);
		break;
	case SERVICE_TERM:
		terminate(unit);
		break;
	case SERVICE_KILL:
		slay(unit);
		break;
	case SERVICE_PAUSE:
		pause_or_fail(unit);
		break;
	case SERVICE_TELL:
		tell(unit);
		break;
	case SERVICE_NOTHING:
		break;
	}
}

/* The limit is for what happens by itself: who starts it by hand begins to count anew. */
static void before(struct unit *unit, enum service_event event)
{
	if (event == SERVICE_START && !service_alive(unit->state))
		service_deaths_reset(&unit->deaths);
	if (event == SERVICE_START)
		unit->to_stop = false;
	if (event == SERVICE_TIMER && unit->state == SERVICE_WAITING)
		unit->restarts++;
	if (event == SERVICE_STOP || event == SERVICE_EXITED)
		health_end(unit);
}

void unit_feed(struct unit *unit, enum service_event event)
{
	before(unit, event);
	struct service_step step = service_step(unit->state, event);
	if (step.state != unit->state) {
		bool timed = unit->state == SERVICE_STOPPING && step.state == SERVICE_BOUNCING;
		timed = timed || (unit->state == SERVICE_BOUNCING && step.state == SERVICE_STOPPING);
		if (!timed)
			loop_timer_stop(unit->supervisor->loop, &unit->timer);
		unit->state = step.state;
		unit->since = clock_now();
		supervisor_changed(unit->supervisor);
	}
	act(unit, step.action);
}

static void on_timer(void *context)
{
	unit_feed(context, SERVICE_TIMER);
}

/* ---- in order ---- */

static bool stands_before(const struct unit *other, const struct unit *unit)
{
	bool leaving = other->to_stop || other->state == SERVICE_STOPPING;
	return leaving && other->spec.order > unit->spec.order && service_alive(other->state) && !unit_overdue(other);
}

void units_stop_next(struct supervisor *supervisor)
{
	for (size_t i = supervisor->unit_count; i-- > 0;) {
		struct unit *unit = supervisor->units[i];
		bool turn = unit->to_stop, alive = service_alive(unit->state);
		/* One without a process is not waited with: it would be started again meanwhile. */
		for (size_t j = 0; turn && alive && j < supervisor->unit_count; j++)
			turn = !stands_before(supervisor->units[j], unit);
		if (!turn)
			continue;
		unit->to_stop = false;
		unit_feed(unit, SERVICE_STOP);
	}
}
