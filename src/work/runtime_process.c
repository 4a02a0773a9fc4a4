#include "work/runtime_process.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/child.h"
#include "work/control.h"
#include "work/hold.h"
#include "work/orphan.h"
#include "work/runtime_kind.h"
#include "work/services.h"
#include "work/view.h"

static const double LOOK_AGAIN = 0.2, SUPERVISOR_STARTS_WITHIN = 30, SUPERVISOR_ENDS_WITHIN = 10, ENDS_AGAIN = 0.02;

struct process {
	struct service_specs specs;
	char *directory; /* run folder */
	bool supervised; /* a supervisor answered when the hold ended, or since */
};

static int configured(char **where, const struct run *run, struct error *err)
{
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	/* Whatever the release is: only whether there are any. */
	return services_read(&specs, where, &run->settings, "0.0.0", err);
}

static int open_process(struct runtime *runtime, struct error *err)
{
	struct process *process = mem_new(sizeof *process);
	runtime->state = process;
	char *where = NULL;
	int rc = services_read(&process->specs, &where, &runtime->run->settings, NULL, err);
	AUTO(mem_auto) char *found = where;
	if (!rc && !found) {
		error_set(err, ERROR_USAGE, "the runtime is process, and no services are described");
		return error_hint(err,
			"describe them in the settings file under `services:`; anchore-admin.yaml(5) shows how");
	}
	return rc ? rc : control_directory(&process->directory, runtime->run, err);
}

static void close_process(struct runtime *runtime)
{
	struct process *process = runtime->state;
	if (!process)
		return;
	service_specs_clear(&process->specs);
	mem_free(process->directory);
	mem_free(process);
}

/* ---- asking ---- */

static int ask(json_t **done, struct runtime *runtime, json_t *question, struct error *err)
{
	AUTO(json_auto) json_t *asked = question;
	return control_ask(done, runtime->run, asked, err);
}

static json_t *question(const char *what)
{
	json_t *json = json_object();
	json_put(json, "do", what);
	return json;
}

/* Answers to which only the end matters. */
static int demand(struct runtime *runtime, json_t *question, struct error *err)
{
	AUTO(json_auto) json_t *done = NULL;
	return ask(&done, runtime, question, err);
}

static int demand_names(struct runtime *runtime, const char *what, const struct list *names, double seconds,
	struct error *err)
{
	json_t *json = question(what);
	json_put_value(json, "names", json_from_list(names));
	json_put_value(json, "wait", json_real(seconds));
	return demand(runtime, json, err);
}

/* ---- how they are ---- */

static void add_stopped(struct instances *out, const struct process *process)
{
	for (size_t i = 0; i < process->specs.count; i++) {
		const struct service_spec *spec = &process->specs.items[i];
		struct instance *instance = instances_add(out);
		instance->service = mem_copy(spec->name);
		instance->name = mem_copy(spec->name);
		instance->url = service_base_url(spec->health);
	}
}

static int status_without(json_t **out, const struct process *process, struct error *err)
{
	AUTO(instances_clear) struct instances instances = {NULL, 0};
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	int rc = hold_read(&hold, process->directory, err);
	if (rc)
		return rc;
	add_stopped(&instances, process);
	*out = json_object();
	json_t *held = json_null();
	if (hold.run) {
		AUTO(mem_auto) char *since = text_time(hold.since);
		held = json_object();
		json_put(held, "run", hold.run);
		json_put(held, "for", hold.why);
		json_put(held, "since", since);
	}
	pid_t holder = control_holder(process->directory);
	json_t *supervisor = holder ? json_object() : json_null();
	if (holder) {
		json_put_number(supervisor, "pid", holder);
		json_put(supervisor, "since", NULL);
		json_put_number(supervisor, "seconds", 0);
	}
	json_put_value(*out, "supervisor", supervisor);
	json_put_value(*out, "services", instances_json(&instances));
	json_put_value(*out, "held", held);
	return 0;
}

static int status(json_t **out, struct runtime *runtime, struct error *err)
{
	int rc = ask(out, runtime, question("status"), err);
	if (rc == ERROR_UNREACHABLE && !control_answers(runtime->run)) {
		error_clear(err);
		rc = status_without(out, runtime->state, err);
	}
	if (!rc)
		json_put(*out, "runtime", "process");
	return rc;
}

static int list(struct instances *out, struct runtime *runtime, struct error *err)
{
	AUTO(json_auto) json_t *view = NULL;
	int rc = status(&view, runtime, err);
	if (!rc)
		instances_from_json(out, json_object_get(view, "services"));
	return rc;
}

static int pinned(char **release, char **where, struct runtime *runtime, struct error *err)
{
	(void)err;
	const struct settings *settings = &runtime->run->settings;
	const char *engine = settings_text(settings, OPTION_ENGINE);
	struct version version;
	*release = NULL;
	*where = NULL;
	if (!engine)
		return 0;
	*release = mem_copy(version_parse_typed(&version, engine) ? VERSION_TEXT(version) : engine);
	*where = mem_copy(settings_where(settings, OPTION_ENGINE));
	return 0;
}

/* ---- a change ---- */

/* Nobody supervises: then nothing runs but what a killed supervisor left, and it is enough to see to it that nothing is
 * started. The lock is held meanwhile. */
static int hold_without(struct runtime *runtime, const char *why, struct error *err)
{
	const struct process *process = runtime->state;
	AUTO(file_close) int lock = -1;
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	AUTO(mem_auto) char *path = path_join(process->directory, CONTROL_LOCK);
	int rc = file_make_directories(process->directory, 0700, err);
	if (!rc)
		rc = file_lock(&lock, path, err);
	if (!rc)
		rc = orphans_sweep(process->directory, err);
	if (!rc)
		rc = hold_read(&hold, process->directory, err);
	if (!rc)
		rc = hold_take(&hold, runtime->run->id, why, getpid(), err);
	return rc ? rc : hold_write(&hold, process->directory, err);
}

static int hold(struct runtime *runtime, const char *why, struct error *err)
{
	double end = clock_elapsed() + SUPERVISOR_STARTS_WITHIN;
	for (;;) {
		json_t *json = question("hold");
		json_put(json, "run", runtime->run->id);
		json_put(json, "for", why);
		int rc = demand(runtime, json, err);
		if (rc != ERROR_UNREACHABLE || control_answers(runtime->run))
			return rc;
		error_clear(err);
		rc = hold_without(runtime, why, err);
		/* One that is starting has the lock and does not answer yet. */
		if (rc != ERROR_LOCKED || clock_elapsed() > end)
			return rc;
		error_clear(err);
		clock_sleep(LOOK_AGAIN);
		rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}

static int gone(struct error *err)
{
	error_set(err, ERROR_UNREACHABLE, "the supervisor of the services has ended, and nothing of them runs");
	return error_hint(err, "start it, and them, with `anchore-admin service start`");
}

static int release_without(struct runtime *runtime, struct error *err)
{
	const struct process *process = runtime->state;
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	int rc = hold_read(&hold, process->directory, err);
	if (rc || !hold.run)
		return rc;
	if (!text_same(hold.run, runtime->run->id))
		return hold_refuse(&hold, err);
	rc = hold_remove(process->directory, err);
	return !rc && hold.ran.count ? gone(err) : rc;
}

static int release(struct runtime *runtime, struct error *err)
{
	json_t *json = question("release");
	json_put(json, "run", runtime->run->id);
	int rc = demand(runtime, json, err);
	((struct process *)runtime->state)->supervised = rc != ERROR_UNREACHABLE;
	if (!rc || control_answers(runtime->run))
		return rc;
	/* Killed between question and answer: what it started has ended with it. */
	if (rc == ERROR_SERVICES)
		return gone(err);
	if (rc != ERROR_UNREACHABLE)
		return rc;
	error_clear(err);
	return release_without(runtime, err);
}

/* Without a supervisor there is nothing, and nothing was wanted; unless there was one, which has ended since. */
static int list_wanted(struct instances *out, struct runtime *runtime, struct error *err)
{
	struct process *process = runtime->state;
	AUTO(json_auto) json_t *view = NULL;
	int rc = ask(&view, runtime, question("status"), err);
	if (!rc) {
		process->supervised = true;
		instances_from_json(out, json_object_get(view, "services"));
		return 0;
	}
	if (control_answers(runtime->run))
		return rc;
	if (process->supervised)
		return gone(err);
	if (rc == ERROR_UNREACHABLE)
		error_clear(err);
	return rc == ERROR_UNREACHABLE ? 0 : rc;
}

/* Whether to go on waiting: something that is wanted is not up. */
static int look_at_health(bool *waits, struct list *trouble, struct runtime *runtime, struct error *err)
{
	AUTO(instances_clear) struct instances instances = {NULL, 0};
	bool failed = false;
	int rc = list_wanted(&instances, runtime, err);
	list_clear(trouble);
	for (size_t i = 0; !rc && i < instances.count; i++) {
		const struct instance *one = &instances.items[i];
		if (one->state == INSTANCE_UP || one->state == INSTANCE_STOPPED)
			continue;
		failed = failed || one->state == INSTANCE_FAILED;
		AUTO(mem_auto) char *why = one->last_error ? mem_format(" (%s)", one->last_error) : mem_copy("");
		list_addf(trouble, "%s is %s%s", one->name, instance_state_name(one->state), why);
	}
	*waits = !rc && trouble->count && !failed;
	return rc;
}

static int wait_healthy(struct runtime *runtime, double seconds, struct error *err)
{
	AUTO(list_clear) struct list trouble = LIST_INIT;
	double end = clock_elapsed() + seconds;
	bool waits = true;
	for (;;) {
		int rc = look_at_health(&waits, &trouble, runtime, err);
		if (!rc)
			rc = interrupt_check(err);
		if (rc)
			return rc;
		if (!waits || clock_elapsed() >= end)
			break;
		clock_sleep(LOOK_AGAIN);
	}
	if (!trouble.count)
		return 0;
	AUTO(mem_auto) char *all = list_join(&trouble, "; ");
	error_set(err, ERROR_SERVICES, "not everything became healthy: %s", all);
	return error_hint(err, "`anchore-admin service logs NAME` shows what it wrote");
}

/* ---- what an operator asks for ---- */

static int start(struct runtime *runtime, const struct list *names, double seconds, struct error *err)
{
	return demand_names(runtime, "start", names, seconds, err);
}

/* It answers before it has ended: whoever comes next must not find it half gone. */
static void wait_for_end(pid_t supervisor)
{
	double end = clock_elapsed() + SUPERVISOR_ENDS_WITHIN;
	while (supervisor && child_alive(supervisor) && clock_elapsed() < end && !interrupt_signal())
		clock_sleep(ENDS_AGAIN);
}

/* Without names the supervisor ends, too; where none runs nothing is to be done. */
static int stop(struct runtime *runtime, const struct list *names, struct error *err)
{
	if (names->count)
		return demand_names(runtime, "stop", names, 0, err);
	pid_t supervisor = control_holder(((const struct process *)runtime->state)->directory);
	int rc = demand(runtime, question("quit"), err);
	bool silent = rc == ERROR_UNREACHABLE && !control_answers(runtime->run);
	/* One that is starting still, and waits for the database, would go on and start them. */
	if (silent && supervisor)
		kill(supervisor, SIGTERM);
	if (rc && !silent)
		return rc;
	error_clear(err);
	wait_for_end(supervisor);
	if (!supervisor || !child_alive(supervisor))
		return 0;
	error_set(err, ERROR_SERVICES, "the supervisor, process %ld, does not end", (long)supervisor);
	return error_hint(err, "look what it does, and type `anchore-admin service stop` again");
}

static int restart(struct runtime *runtime, const struct list *names, double seconds, struct error *err)
{
	return demand_names(runtime, "restart", names, seconds, err);
}

static int logs(struct runtime *runtime, const struct list *names, long long lines, bool follow, struct error *err)
{
	const struct process *process = runtime->state;
	AUTO(list_clear) struct list chosen = LIST_INIT, all = LIST_INIT;
	for (size_t i = 0; i < process->specs.count; i++)
		list_add(&all, process->specs.items[i].name);
	for (size_t i = 0; i < names->count; i++)
		if (!list_has(&all, names->items[i]))
			return services_unknown(&all, names->items[i], err);
	list_add_all(&chosen, names->count ? names : &all);
	return process_logs(runtime->run, &chosen, (size_t)lines, follow, err);
}

const struct runtime_kind runtime_process = {
	.name = "process",
	.configured = configured,
	.open = open_process,
	.close = close_process,
	.list = list,
	.pinned = pinned,
	.prepare = process_prepare,
	.hold = hold,
	.repin = process_repin,
	.release = release,
	.wait = wait_healthy,
	.start = start,
	.stop = stop,
	.restart = restart,
	.status = status,
	.logs = logs,
};
