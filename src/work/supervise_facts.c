/* What the supervisor cannot ask without waiting, the versions and the snapshots, is asked by other runs of this
 * program, one after the other, and read from their JSON. */
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "io/child.h"
#include "work/deployment.h"
#include "work/supervise_private.h"

static const char PROGRAM[] = "/proc/self/exe";
/* Seconds; the limit is of the real clock. */
static const double ASK_AGAIN = 60, ASK_AGAIN_HELD = 10, ANSWER_WITHIN = 30;
enum { MOST_BYTES = 16 << 20 };

static const char *const commands[][2] = {{"system", "status"}, {"snapshot", "list"}, {"cron", "status"}};
enum { VERSIONS, SNAPSHOTS, SCHEDULED, COMMANDS };

static void take_versions(struct view *view, const json_t *answer)
{
	const char *database = json_text(answer, "engine_db_version"), *code = json_text(answer, "engine_code_version");
	if (!database)
		return;
	mem_replace(&view->db_version, mem_copy(database));
	if (code)
		mem_replace(&view->code_version, mem_copy(code));
	json_decref(view->upgrade_needed);
	view->upgrade_needed = json_incref(json_object_get(answer, "upgrade_needed"));
	view->versions_at = clock_now();
}

static void take_snapshots(struct view *view, json_t *answer)
{
	if (json_object_get(answer, "error"))
		return;
	json_decref(view->snapshots);
	view->snapshots = json_incref(answer);
}

/* That the job fails is an answer, too. */
static void take_scheduled(struct view *view, json_t *answer)
{
	if (!json_object_get(answer, "attempt"))
		return;
	json_decref(view->scheduled);
	view->scheduled = json_incref(answer);
}

static void take_answer(struct supervisor *supervisor)
{
	struct facts_run *facts = &supervisor->facts;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(json_auto) json_t *answer = NULL;
	if (!facts->said.size || json_parse(&answer, facts->said.data, facts->said.size, "its answer", &ignored))
		return;
	if (facts->command == VERSIONS)
		take_versions(&supervisor->view, answer);
	else if (facts->command == SNAPSHOTS)
		take_snapshots(&supervisor->view, answer);
	else
		take_scheduled(&supervisor->view, answer);
}

static void facts_end(struct supervisor *supervisor)
{
	struct facts_run *facts = &supervisor->facts;
	loop_timer_stop(supervisor->loop, &facts->timer);
	loop_forget(supervisor->loop, facts->output);
	file_close(&facts->output);
	text_clear(&facts->said);
	facts->pid = 0;
}

/* ---- one run ---- */

static void on_output(void *context, int fd, int events)
{
	(void)events;
	struct supervisor *supervisor = context;
	struct facts_run *facts = &supervisor->facts;
	enum { ONCE = 65536 };
	ssize_t got = read(fd, text_reserve(&facts->said, ONCE), ONCE);
	if (got > 0)
		facts->said.size += (size_t)got;
	if (facts->said.data)
		facts->said.data[facts->said.size] = '\0';
	if (facts->said.size > MOST_BYTES)
		child_signal(facts->pid, SIGKILL);
	if (got == 0) {
		loop_forget(supervisor->loop, facts->output);
		file_close(&facts->output);
	}
}

static void on_late(void *context)
{
	struct supervisor *supervisor = context;
	child_signal(supervisor->facts.pid, SIGKILL);
}

/* What the command line said goes by the environment, for it may hold a password. */
static void add_settings(struct list *environment, const struct settings *settings)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct setting *setting = &settings->values[i];
		if (!setting->value || !option_table[i].in_environment)
			continue;
		if (setting->source != SOURCE_COMMAND_LINE && i != OPTION_CONFIG)
			continue;
		AUTO(mem_auto) char *variable = settings_variable((enum option)i);
		list_addf(environment, "%s=%s", variable, setting->value);
	}
}

static void facts_start(struct supervisor *supervisor)
{
	struct facts_run *facts = &supervisor->facts;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list environment = LIST_INIT;
	const char *const argv[] = {PROGRAM, commands[facts->command][0], commands[facts->command][1], "--json",
		"--quiet", NULL};
	list_add(&environment, "NOTIFY_SOCKET");
	add_settings(&environment, &supervisor->run->settings);
	const struct child_spec spec = {argv, &environment, NULL, true};
	if (child_start(&facts->pid, &facts->output, &spec, &ignored)) {
		facts->pid = 0;
		facts->output = -1;
		return;
	}
	facts->timer.due = on_late;
	facts->timer.context = supervisor;
	loop_timer(supervisor->loop, &facts->timer, ANSWER_WITHIN * clock_speed());
	if (loop_watch(supervisor->loop, facts->output, LOOP_READ, on_output, supervisor, &ignored))
		child_signal(facts->pid, SIGKILL);
}

/* ---- again and again ---- */

static void on_due(void *context)
{
	struct supervisor *supervisor = context;
	struct facts_run *facts = &supervisor->facts;
	bool held = supervisor->hold.run != NULL;
	loop_timer(supervisor->loop, &facts->again, held ? ASK_AGAIN_HELD : ASK_AGAIN);
	if (facts->pid || supervisor->quitting)
		return;
	/* A run that changes the database has its locks, and would only be waited for; but it may take a snapshot. */
	facts->command = held ? SNAPSHOTS : VERSIONS;
	facts_start(supervisor);
}

bool facts_ended(struct supervisor *supervisor, pid_t pid)
{
	struct facts_run *facts = &supervisor->facts;
	if (!facts->pid || facts->pid != pid)
		return false;
	if (facts->output >= 0)
		on_output(supervisor, facts->output, LOOP_READ);
	take_answer(supervisor);
	int command = facts->command;
	facts_end(supervisor);
	if (++command < COMMANDS && !supervisor->quitting) {
		facts->command = command;
		facts_start(supervisor);
	}
	return true;
}

void facts_look(struct supervisor *supervisor)
{
	struct facts_run *facts = &supervisor->facts;
	if (!deployment_is_named(&supervisor->run->settings))
		return;
	facts->again.due = on_due;
	facts->again.context = supervisor;
	loop_timer(supervisor->loop, &facts->again, 0);
}

void facts_close(struct supervisor *supervisor)
{
	struct facts_run *facts = &supervisor->facts;
	loop_timer_stop(supervisor->loop, &facts->again);
	if (facts->pid)
		child_signal(facts->pid, SIGKILL);
	facts_end(supervisor);
}
