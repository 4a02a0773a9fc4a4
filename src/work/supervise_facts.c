/* What the supervisor shows and does not know itself: the two versions and the snapshots. To ask the database and to
 * read the store takes time that the event loop does not have, so the program itself is started for it, with the same
 * settings: `system status`, then `snapshot list`. Not while a run holds the services: that one wants to be alone with
 * the database. What was known stays when nothing new is heard. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/child.h"
#include "work/supervise_private.h"

static const double AGAIN = 60, ANSWER_WITHIN = 60;
enum { MOST_ANSWER = 16 << 20 };
static const char ITSELF[] = "/proc/self/exe";

static const char *const questions[][5] = {
	{"system", "status", "--json", "--quiet", NULL},
	{"snapshot", "list", "--json", "--quiet", NULL},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

/* ---- answers ---- */

/* From the first line that opens an object to the last that closes one: warnings may stand around it. */
static json_t *find_object(const char *text)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	json_t *object = NULL;
	const char *start = text_starts(text, "{\n") ? text : strstr(text, "\n{\n"), *end = NULL;
	for (const char *at = start; at && (at = strstr(at, "\n}\n")); at++)
		end = at + strlen("\n}\n");
	if (!start || !end || json_parse(&object, start, (size_t)(end - start), "answer", &ignored))
		return NULL;
	return object;
}

static void take_versions(struct view *view, const json_t *object)
{
	const char *db = json_text(object, "engine_db_version"), *code = json_text(object, "engine_code_version");
	if (!db)
		return;
	mem_replace(&view->db_version, mem_copy(db));
	if (code)
		mem_replace(&view->code_version, mem_copy(code));
	view->versions_at = clock_now();
}

static void take_snapshots(struct view *view, json_t *object)
{
	json_t *array = json_object_get(object, "snapshots");
	if (!json_is_array(array))
		return;
	json_decref(view->snapshots);
	view->snapshots = json_incref(array);
}

static void take_answer(struct supervisor *supervisor)
{
	struct facts_reader *reader = &supervisor->facts;
	AUTO(json_auto) json_t *object = reader->text.data ? find_object(reader->text.data) : NULL;
	if (object && reader->question == 0)
		take_versions(&supervisor->view, object);
	else if (object)
		take_snapshots(&supervisor->view, object);
}

/* ---- the program ---- */

static void let_go(struct supervisor *supervisor)
{
	struct facts_reader *reader = &supervisor->facts;
	if (reader->output >= 0)
		loop_forget(supervisor->loop, reader->output);
	file_close(&reader->output);
	text_clear(&reader->text);
	reader->pid = 0;
}

static void next_question(struct supervisor *supervisor);

static void on_output(void *context, int fd, int events)
{
	(void)events;
	struct supervisor *supervisor = context;
	struct facts_reader *reader = &supervisor->facts;
	char block[65536];
	ssize_t got = read(fd, block, sizeof block);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && reader->text.size < MOST_ANSWER) {
		text_add_bytes(&reader->text, block, (size_t)got);
		return;
	}
	if (got == 0)
		take_answer(supervisor);
	else
		facts_stop(supervisor);
	let_go(supervisor);
	reader->question++;
	next_question(supervisor);
}

/* The settings of the command line, for there it is typed no more; the file is named, and read by the program. Faults
 * that a test has for us are not for it. */
static void add_settings(struct list *environment, const struct settings *settings)
{
	list_add(environment, "ANCHORE_ADMIN_FAULT");
	list_add(environment, "ANCHORE_ADMIN_FAULT_LOG");
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct setting *setting = &settings->values[i];
		bool told = setting->source == SOURCE_COMMAND_LINE || i == OPTION_CONFIG;
		if (!told || !setting->value || !option_table[i].in_environment)
			continue;
		AUTO(mem_auto) char *variable = settings_variable((enum option)i);
		list_addf(environment, "%s=%s", variable, setting->value);
	}
}

static int start(struct supervisor *supervisor, struct error *err)
{
	struct facts_reader *reader = &supervisor->facts;
	const char *argv[sizeof questions[0] / sizeof *questions[0] + 1] = {ITSELF};
	AUTO(list_clear) struct list environment = LIST_INIT;
	memcpy(argv + 1, questions[reader->question], sizeof questions[0]);
	add_settings(&environment, &supervisor->run->settings);
	struct child_spec spec = {.argv = argv, .environment = &environment};
	int rc = child_start(&reader->pid, &reader->output, &spec, err);
	return rc ? rc : loop_watch(supervisor->loop, reader->output, LOOP_READ, on_output, supervisor, err);
}

static void next_question(struct supervisor *supervisor)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct facts_reader *reader = &supervisor->facts;
	bool more = reader->question < QUESTIONS && !supervisor->hold.run && !supervisor->quitting;
	if (more && start(supervisor, &err)) {
		log_warn("the versions and the snapshots are not shown: %s", err.message);
		let_go(supervisor);
		more = false;
	}
	loop_timer(supervisor->loop, &reader->timer, more ? ANSWER_WITHIN : AGAIN);
}

/* Time to ask again, or the program takes too long. */
static void on_time(void *context)
{
	struct supervisor *supervisor = context;
	facts_stop(supervisor);
	supervisor->facts.question = 0;
	next_question(supervisor);
}

void facts_begin(struct supervisor *supervisor)
{
	supervisor->facts.output = -1;
	supervisor->facts.timer = (struct loop_timer){.due = on_time, .context = supervisor};
	facts_soon(supervisor);
}

void facts_soon(struct supervisor *supervisor)
{
	facts_stop(supervisor);
	loop_timer(supervisor->loop, &supervisor->facts.timer, 0);
}

void facts_ended(struct supervisor *supervisor, pid_t pid)
{
	if (pid == supervisor->facts.pid)
		supervisor->facts.pid = 0;
}

void facts_stop(struct supervisor *supervisor)
{
	if (supervisor->facts.pid)
		child_signal(supervisor->facts.pid, SIGKILL);
	let_go(supervisor);
	loop_timer_stop(supervisor->loop, &supervisor->facts.timer);
}
