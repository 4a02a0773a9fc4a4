#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "work/runtime_process.h"
#include "work/supervise_private.h"
#include "work/view.h"

/* What a client asked, and who. */
struct question {
	struct client *client;
	struct supervisor *supervisor;
	const json_t *json;
	struct list names;
	double wait;
	pid_t pid;
};

static int check(struct question *question, struct error *err)
{
	const json_t *names = json_object_get(question->json, "names"), *wait = json_object_get(question->json, "wait");
	if (names && !json_is_array(names))
		return error_set(err, ERROR_USAGE, "\"names\" of the question is no list");
	if (wait && (!json_is_number(wait) || json_number_value(wait) < 0))
		return error_set(err, ERROR_USAGE, "\"wait\" of the question is no number of seconds");
	json_to_list(&question->names, names);
	if (names && question->names.count != json_array_size(names))
		return error_set(err, ERROR_USAGE, "\"names\" of the question holds what is no name");
	question->wait = wait ? json_number_value(wait) : 0;
	return 0;
}

static int begin(struct question *question, enum job_kind kind, struct error *err)
{
	return job_begin(question->supervisor, kind, &question->names, question->wait, question->client, err);
}

/* ---- one function for each thing that can be asked; 0: it was answered, or a job will ---- */

static int on_status(struct question *question, struct error *err)
{
	(void)err;
	view_look(question->supervisor);
	client_done(question->client, view_json(&question->supervisor->view));
	return 0;
}

static int on_stop(struct question *question, struct error *err)
{
	return begin(question, JOB_STOP, err);
}

/* The settings are read first: whoever starts wants what stands there now. */
static int may_start(struct question *question, struct error *err)
{
	if (question->supervisor->hold.run)
		return hold_refuse(&question->supervisor->hold, err);
	if (question->supervisor->quitting)
		return error_set(err, ERROR_REFUSED, "the supervisor is ending");
	return supervisor_reload(question->supervisor, err);
}

static int on_start(struct question *question, struct error *err)
{
	int rc = may_start(question, err);
	return rc ? rc : begin(question, JOB_START, err);
}

static int on_restart(struct question *question, struct error *err)
{
	int rc = may_start(question, err);
	return rc ? rc : begin(question, JOB_RESTART, err);
}

/* Those that are wanted: they run, or will be started again, or have failed while they should run. */
static void note_running(struct hold *hold, const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		const struct unit *unit = supervisor->units[i];
		if (unit->state != SERVICE_DOWN && unit->state != SERVICE_STOPPING && !unit->to_stop && !unit->removed)
			list_add_once(&hold->ran, unit->spec.name);
	}
}

static int on_hold(struct question *question, struct error *err)
{
	struct supervisor *supervisor = question->supervisor;
	const char *run = json_text(question->json, "run"), *why = json_text(question->json, "for");
	if (!run || !why)
		return error_set(err, ERROR_USAGE, "a hold wants \"run\" and \"for\"");
	if (supervisor->quitting)
		return error_set(err, ERROR_REFUSED, "the supervisor is ending");
	AUTO(hold_clear) struct hold hold = {.run = mem_copy(supervisor->hold.run),
		.why = mem_copy(supervisor->hold.why),
		.since = supervisor->hold.since, .pid = supervisor->hold.pid, .born = supervisor->hold.born};
	list_add_all(&hold.ran, &supervisor->hold.ran);
	int rc = hold_take(&hold, run, why, question->pid, err);
	if (rc)
		return rc;
	note_running(&hold, supervisor);
	rc = hold_write(&hold, supervisor->directory, err);
	if (rc)
		return rc;
	struct hold old = supervisor->hold;
	supervisor->hold = hold;
	hold = old;
	log_note("the run %s (%s) holds the services", run, why);
	facts_look(supervisor);
	return begin(question, JOB_HOLD, err);
}

/* Whoever is not named by the hold must not end it. */
static int check_holder(const struct question *question, struct error *err)
{
	const struct hold *hold = &question->supervisor->hold;
	const char *run = json_text(question->json, "run");
	if (!run)
		return error_set(err, ERROR_USAGE, "a release wants \"run\"");
	if (hold->run && !text_same(hold->run, run))
		return hold_refuse(hold, err);
	return 0;
}

static int on_release(struct question *question, struct error *err)
{
	struct supervisor *supervisor = question->supervisor;
	int rc = check_holder(question, err);
	if (rc || !supervisor->hold.run) {
		if (!rc)
			client_done(question->client, NULL);
		return rc;
	}
	/* What it started would be stopped at once, and be remembered by nobody. */
	if (supervisor->quitting) {
		error_set(err, ERROR_REFUSED, "the services stay held: the supervisor is ending");
		return error_hint(err, "type `anchore-admin service start` once it has ended");
	}
	/* The settings name another release by now. */
	rc = supervisor_reload(supervisor, err);
	if (!rc)
		rc = process_check_release(&supervisor->run->settings, err);
	if (!rc)
		rc = hold_remove(supervisor->directory, err);
	if (rc)
		return rc;
	list_clear(&question->names);
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		const char *name = supervisor->units[i]->spec.name;
		if (list_has(&supervisor->hold.ran, name) || list_has(&supervisor->after_hold, name))
			list_add(&question->names, name);
	}
	log_note("the run %s (%s) releases the services", supervisor->hold.run, supervisor->hold.why);
	hold_clear(&supervisor->hold);
	list_clear(&supervisor->after_hold);
	facts_look(supervisor);
	if (question->names.count)
		return begin(question, JOB_RELEASE, err);
	client_done(question->client, NULL);
	return 0;
}

static int on_reload(struct question *question, struct error *err)
{
	int rc = supervisor_reload(question->supervisor, err);
	if (!rc)
		client_done(question->client, NULL);
	return rc;
}

static int on_quit(struct question *question, struct error *err)
{
	list_clear(&question->names);
	return begin(question, JOB_QUIT, err);
}

static const struct {
	const char *name;
	int (*answer)(struct question *question, struct error *err);
} questions[] = {
	{"status", on_status}, {"stop", on_stop}, {"start", on_start}, {"restart", on_restart}, {"hold", on_hold},
	{"release", on_release}, {"reload", on_reload}, {"quit", on_quit},
};

static int answer(struct question *question, struct error *err)
{
	const char *what = json_text(question->json, "do");
	int rc = check(question, err);
	for (size_t i = 0; !rc && i < sizeof questions / sizeof *questions; i++)
		if (text_same(questions[i].name, what))
			return questions[i].answer(question, err);
	return rc ? rc : error_set(err, ERROR_USAGE, "the supervisor does not know how to do '%s'", what ? what : "");
}

void question_answer(struct client *client, struct supervisor *supervisor, const char *line, size_t size, pid_t pid)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(json_auto) json_t *json = NULL;
	struct question question = {.client = client, .supervisor = supervisor, .pid = pid};
	int rc = json_parse(&json, line, size, "the question", &err);
	if (rc)
		err.code = ERROR_USAGE;
	question.json = json;
	if (!rc)
		rc = answer(&question, &err);
	list_clear(&question.names);
	if (rc)
		client_fail(client, &err);
}
