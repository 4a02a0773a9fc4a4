#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/notify.h"
#include "work/services.h"
#include "work/supervise_private.h"

static const double REASSURE_EVERY = 0.9; /* seconds, a little less than the timer's */

static void job_free(struct job *job)
{
	list_clear(&job->names);
	mem_free(job->pids);
	mem_free(job);
}

void jobs_free(struct supervisor *supervisor)
{
	while (supervisor->jobs) {
		struct job *job = supervisor->jobs;
		supervisor->jobs = job->next;
		job_free(job);
	}
}

void jobs_forget(struct supervisor *supervisor, const struct client *client)
{
	for (struct job *job = supervisor->jobs; job; job = job->next)
		if (job->client == client)
			job->client = NULL;
}

void jobs_note(struct supervisor *supervisor, const char *service, const char *note)
{
	for (struct job *job = supervisor->jobs; job; job = job->next)
		if (job->client && (!service || list_has(&job->names, service)))
			client_note(job->client, note);
}

/* ---- how far it is ---- */

/* The process that was there when the job began still is. */
static struct unit *still_there(const struct supervisor *supervisor, const struct job *job, size_t i)
{
	struct unit *unit = supervisor_find(supervisor, job->names.items[i]);
	return unit && service_alive(unit->state) && unit->pid && unit->pid == job->pids[i] ? unit : NULL;
}

static bool all_gone(const struct supervisor *supervisor, const struct job *job)
{
	for (size_t i = 0; i < job->names.count; i++) {
		const struct unit *unit = still_there(supervisor, job, i);
		if (unit && !unit_overdue(unit))
			return false;
	}
	return true;
}

/* Those that SIGKILL did not end. */
static int check_gone(const struct supervisor *supervisor, const struct job *job, struct error *err)
{
	AUTO(list_clear) struct list left = LIST_INIT;
	for (size_t i = 0; i < job->names.count; i++) {
		const struct unit *unit = still_there(supervisor, job, i);
		if (unit)
			list_addf(&left, "%s (process %ld)", unit->spec.name, (long)unit->pid);
	}
	if (!left.count)
		return 0;
	AUTO(mem_auto) char *names = list_join(&left, ", ");
	error_set(err, ERROR_SERVICES, "not even SIGKILL ended %s", names);
	return error_hint(err, "see what keeps it, as in `cat /proc/PID/stack` and `dmesg`, then type "
		"`anchore-admin service stop` again");
}

static void add_trouble(struct list *out, const struct unit *unit)
{
	const char *why = unit->health_error ? unit->health_error : unit->last_error;
	list_addf(out, "%s is %s%s%s%s", unit->spec.name, instance_state_name(service_instance_state(unit->state)),
		why ? " (" : "", why ? why : "", why ? ")" : "");
}

/* Those that are not as far as they should be: with healthy not up, else without a process. */
static int check_started(const struct supervisor *supervisor, const struct job *job, bool healthy, struct error *err)
{
	AUTO(list_clear) struct list trouble = LIST_INIT;
	for (size_t i = 0; i < job->names.count; i++) {
		const struct unit *unit = supervisor_find(supervisor, job->names.items[i]);
		if (!unit)
			list_addf(&trouble, "%s is no longer in the settings", job->names.items[i]);
		else if (healthy ? unit->state != SERVICE_UP : !service_alive(unit->state))
			add_trouble(&trouble, unit);
	}
	if (!trouble.count)
		return 0;
	AUTO(mem_auto) char *all = list_join(&trouble, "; ");
	error_set(err, ERROR_SERVICES, "not everything %s: %s", healthy ? "became healthy" : "started", all);
	return error_hint(err, "`anchore-admin service logs NAME` shows what it wrote");
}

/* It is no use to wait any longer: one has failed, or was stopped by somebody else. */
static bool hopeless(const struct supervisor *supervisor, const struct job *job)
{
	for (size_t i = 0; i < job->names.count; i++) {
		const struct unit *unit = supervisor_find(supervisor, job->names.items[i]);
		if (!unit || unit->state == SERVICE_FAILED || unit->state == SERVICE_DOWN)
			return true;
	}
	return clock_supervised() >= job->deadline;
}

/* ---- what comes next ---- */

/* The supervisor has done what it was started for, or has tried to. */
static void announce(const struct error *err)
{
	AUTO(mem_auto) char *ready = mem_format("READY=1\nMAINPID=%ld", (long)getpid());
	if (err)
		log_warn("%s", err->message);
	notify_send(ready);
}

static void finish(struct job *job, const struct error *err)
{
	job->phase = JOB_DONE;
	struct client *client = job->client;
	job->client = NULL;
	if (job->announces)
		announce(err);
	if (client && err)
		client_fail(client, err);
	else if (client)
		client_done(client, NULL);
}

/* A run that came in between holds the services, or they are all being stopped. */
static int check_start(const struct supervisor *supervisor, struct error *err)
{
	if (supervisor->hold.run)
		return hold_refuse(&supervisor->hold, err);
	return supervisor->quitting ? error_set(err, ERROR_REFUSED, "the supervisor is ending") : 0;
}

static void start_all(struct supervisor *supervisor, struct job *job)
{
	for (size_t i = 0; i < job->names.count; i++) {
		struct unit *unit = supervisor_find(supervisor, job->names.items[i]);
		if (unit && !unit->removed)
			unit_feed(unit, SERVICE_START);
	}
	job->phase = JOB_STARTED;
	job->deadline = clock_supervised() + job->wait;
}

static void after_stop(struct supervisor *supervisor, struct job *job)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	int rc = check_gone(supervisor, job, &err);
	if (!rc && job->kind == JOB_RESTART) {
		rc = check_start(supervisor, &err);
		if (!rc) {
			start_all(supervisor, job);
			return;
		}
		/* They were to run, and the hold found them stopping. */
		for (size_t i = 0; i < job->names.count; i++)
			list_add_once(&supervisor->after_hold, job->names.items[i]);
	}
	finish(job, rc ? &err : NULL);
	if (job->kind != JOB_QUIT)
		return;
	error_move(&supervisor->failure, &err);
	loop_stop(supervisor->loop);
}

/* Those that are being started have to be there, or to have failed to. */
static bool all_tried(const struct supervisor *supervisor, const struct job *job)
{
	for (size_t i = 0; i < job->names.count; i++) {
		const struct unit *unit = supervisor_find(supervisor, job->names.items[i]);
		if (unit && (unit->state == SERVICE_BOUNCING || unit->state == SERVICE_SPAWNING))
			return false;
	}
	return true;
}

static void after_start(struct supervisor *supervisor, struct job *job)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	if (!all_tried(supervisor, job))
		return;
	if (job->wait > 0) {
		job->phase = JOB_HEALTHY;
		/* The time to wait ends by itself. */
		return;
	}
	int rc = check_started(supervisor, job, false, &err);
	finish(job, rc ? &err : NULL);
}

static void while_healthy(struct supervisor *supervisor, struct job *job)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	int rc = check_started(supervisor, job, true, &err);
	if (!rc)
		finish(job, NULL);
	else if (hopeless(supervisor, job))
		finish(job, &err);
}

static void job_look(struct supervisor *supervisor, struct job *job)
{
	if (job->phase == JOB_STOPPING && all_gone(supervisor, job))
		after_stop(supervisor, job);
	if (job->phase == JOB_STARTED)
		after_start(supervisor, job);
	if (job->phase == JOB_HEALTHY)
		while_healthy(supervisor, job);
}

/* A client takes a supervisor that says nothing for one that hangs. */
static void reassure(struct job *job)
{
	double now = clock_elapsed();
	if (!job->client || now - job->reassured < REASSURE_EVERY)
		return;
	job->reassured = now;
	client_reassure(job->client);
}

void jobs_look(struct supervisor *supervisor)
{
	for (struct job *job = supervisor->jobs; job; job = job->next)
		job_look(supervisor, job);
	for (struct job *job = supervisor->jobs; job; job = job->next)
		reassure(job);
	bool waits = false;
	for (struct job **at = &supervisor->jobs; *at;) {
		struct job *job = *at;
		waits = waits || job->phase != JOB_DONE;
		if (job->phase != JOB_DONE) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job_free(job);
	}
	/* For what ends by time alone, and for those who wait. */
	if (waits && !supervisor->soon.runs)
		loop_timer(supervisor->loop, &supervisor->soon, clock_speed());
}

/* ---- how it begins ---- */

static int take_names(struct job *job, const struct supervisor *supervisor, const struct list *names, struct error *err)
{
	for (size_t i = 0; names && i < names->count; i++) {
		const struct unit *unit = supervisor_find(supervisor, names->items[i]);
		if (!unit || unit->removed) {
			AUTO(list_clear) struct list all = LIST_INIT;
			for (size_t j = 0; j < supervisor->unit_count; j++)
				list_add(&all, supervisor->units[j]->spec.name);
			return services_unknown(&all, names->items[i], err);
		}
	}
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		const struct unit *unit = supervisor->units[i];
		if (!names || !names->count || list_has(names, unit->spec.name))
			list_add(&job->names, unit->spec.name);
	}
	job->pids = mem_array(job->names.count, sizeof *job->pids);
	for (size_t i = 0; i < job->names.count; i++)
		job->pids[i] = supervisor_find(supervisor, job->names.items[i])->pid;
	return 0;
}

static void stop_all(struct supervisor *supervisor, struct job *job)
{
	for (size_t i = 0; i < job->names.count; i++)
		supervisor_find(supervisor, job->names.items[i])->to_stop = true;
	job->phase = JOB_STOPPING;
	units_stop_next(supervisor);
}

/* While they are held nothing is started: what this supervisor was to start waits for the end of the hold. Who asked
 * for it is refused. */
static void put_off(struct supervisor *supervisor, struct job *job)
{
	list_clear(&supervisor->after_hold);
	list_add_all(&supervisor->after_hold, &job->names);
	AUTO(error_clear) struct error held = ERROR_INIT;
	hold_refuse(&supervisor->hold, &held);
	if (job->client) {
		finish(job, &held);
		return;
	}
	supervisor_note(supervisor, NULL, "%s; nothing is started", held.message);
	if (held.hint)
		supervisor_note(supervisor, NULL, "hint: %s", held.hint);
	finish(job, NULL);
}

static void launch(struct supervisor *supervisor, struct job *job)
{
	switch (job->kind) {
	case JOB_QUIT:
		supervisor->quitting = true;
		notify_send("STOPPING=1");
		stop_all(supervisor, job);
		break;
	case JOB_STOP:
	case JOB_RESTART:
	case JOB_HOLD:
		stop_all(supervisor, job);
		break;
	case JOB_START:
	case JOB_RELEASE:
		if (supervisor->hold.run)
			put_off(supervisor, job);
		else
			start_all(supervisor, job);
		break;
	}
}

int job_begin(struct supervisor *supervisor, enum job_kind kind, const struct list *names, double wait,
	struct client *client, struct error *err)
{
	struct job *job = mem_new(sizeof *job);
	*job = (struct job){.kind = kind, .wait = wait, .client = client, .deadline = clock_supervised() + wait,
		.reassured = clock_elapsed()};
	job->announces = !supervisor->announced;
	supervisor->announced = true;
	int rc = take_names(job, supervisor, names, err);
	if (rc) {
		job_free(job);
		return rc;
	}
	job->next = supervisor->jobs;
	supervisor->jobs = job;
	launch(supervisor, job);
	supervisor_changed(supervisor);
	return 0;
}
