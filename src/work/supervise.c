#include "work/supervise.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/child.h"
#include "io/notify.h"
#include "work/control.h"
#include "work/deployment.h"
#include "work/launch.h"
#include "work/orphan.h"
#include "work/services.h"
#include "work/sources.h"
#include "work/supervise_private.h"

struct unit *supervisor_find(const struct supervisor *supervisor, const char *name)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (strcmp(supervisor->units[i]->spec.name, name) == 0)
			return supervisor->units[i];
	return NULL;
}

void supervisor_note(struct supervisor *supervisor, const char *service, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(mem_auto) char *note = mem_format_v(format, args);
	va_end(args);
	log_note("%s", note);
	jobs_note(supervisor, service, note);
}

/* ---- what changed ---- */

static void tell_manager(struct supervisor *supervisor)
{
	size_t up = 0;
	for (size_t i = 0; i < supervisor->unit_count; i++)
		up += supervisor->units[i]->state == SERVICE_UP;
	AUTO(mem_auto) char *status = mem_format("STATUS=%zu of %zu services up%s%s", up, supervisor->unit_count,
		supervisor->hold.run ? ", held for " : "", supervisor->hold.run ? supervisor->hold.why : "");
	if (text_same(status, supervisor->told))
		return;
	notify_send(status);
	mem_replace(&supervisor->told, mem_take(&status));
}

/* Those that are gone and stand no longer in the settings are nobody's any more. */
static void drop_removed(struct supervisor *supervisor)
{
	size_t kept = 0;
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];
		if (unit->removed && !service_alive(unit->state))
			unit_free(unit);
		else
			supervisor->units[kept++] = unit;
	}
	supervisor->unit_count = kept;
}

static void look(void *context)
{
	struct supervisor *supervisor = context;
	units_stop_next(supervisor);
	jobs_look(supervisor);
	drop_removed(supervisor);
	orphans_record(supervisor);
	tell_manager(supervisor);
}

void supervisor_changed(struct supervisor *supervisor)
{
	if (!supervisor->soon.runs)
		loop_timer(supervisor->loop, &supervisor->soon, 0);
}

/* ---- the settings ---- */

/* What the command line and the environment said, and the file as it is now. */
static int read_settings(struct settings *out, const struct settings *old, struct error *err)
{
	AUTO(settings_clear) struct settings fresh;
	settings_init(&fresh);
	int rc = 0;
	for (int i = 0; !rc && i < OPTION_COUNT; i++) {
		const struct setting *setting = &old->values[i];
		if (setting->value && (setting->source <= SOURCE_ENVIRONMENT || i == OPTION_CONFIG))
			rc = settings_set(&fresh, (enum option)i, setting->value, setting->source, setting->where,
				NULL, err);
	}
	if (!rc && settings_text(&fresh, OPTION_CONFIG))
		rc = sources_file(&fresh, "/", err);
	if (!rc)
		rc = sources_defaults(&fresh, err);
	if (rc)
		return rc;
	*out = fresh;
	settings_init(&fresh);
	return 0;
}

static void sort_units(struct supervisor *supervisor, const struct service_specs *specs)
{
	struct unit **sorted = mem_array(supervisor->unit_count + 1, sizeof(struct unit *));
	size_t count = 0;
	for (size_t i = 0; i < specs->count; i++)
		sorted[count++] = supervisor_find(supervisor, specs->items[i].name);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->removed)
			sorted[count++] = supervisor->units[i];
	mem_free(supervisor->units);
	supervisor->units = sorted;
}

/* The unit has the new settings, and spec the old ones. */
static void exchange(struct unit *unit, struct service_spec *spec)
{
	struct service_spec old = unit->spec;
	unit->spec = *spec;
	*spec = old;
	unit->removed = false;
}

static void apply(struct supervisor *supervisor, struct service_specs *specs)
{
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];
		unit->removed = !service_specs_find(specs, unit->spec.name);
		unit->to_stop = unit->to_stop || unit->removed;
	}
	for (size_t i = 0; i < specs->count; i++) {
		struct unit *unit = supervisor_find(supervisor, specs->items[i].name);
		if (unit) {
			exchange(unit, &specs->items[i]);
			continue;
		}
		AUTO(mem_auto) char *name = mem_copy(specs->items[i].name);
		supervisor->units = mem_resize(supervisor->units, (supervisor->unit_count + 1) * sizeof(struct unit *));
		supervisor->units[supervisor->unit_count++] = unit_new(supervisor, &specs->items[i]);
		specs->items[i].name = mem_take(&name);
	}
	sort_units(supervisor, specs);
	supervisor_changed(supervisor);
}

int supervisor_reload(struct supervisor *supervisor, struct error *err)
{
	struct settings fresh;
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	int rc = read_settings(&fresh, &supervisor->run->settings, err);
	if (rc)
		return rc;
	rc = services_read(&specs, NULL, &fresh, NULL, err);
	if (rc) {
		settings_clear(&fresh);
		return rc;
	}
	settings_clear(&supervisor->run->settings);
	supervisor->run->settings = fresh;
	apply(supervisor, &specs);
	return 0;
}

/* ---- signals ---- */

static struct unit *unit_of(const struct supervisor *supervisor, pid_t pid)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->pid == pid && !supervisor->units[i]->ended)
			return supervisor->units[i];
	return NULL;
}

/* Also those that were nobody's child until they became ours. */
static void reap(struct supervisor *supervisor)
{
	pid_t pid;
	int status;
	while (child_reap(&pid, &status)) {
		struct unit *unit = facts_ended(supervisor, pid) ? NULL : unit_of(supervisor, pid);
		if (unit)
			unit_ended(unit, status);
	}
	for (size_t i = 0; i < supervisor->unit_count; i++)
		unit_look(supervisor->units[i]);
}

static void quit(struct supervisor *supervisor, const char *why)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (supervisor->quitting)
		return;
	log_note("%s: stopping the services", why);
	job_begin(supervisor, JOB_QUIT, NULL, 0, NULL, &ignored);
}

static void on_signal(void *context, int number)
{
	struct supervisor *supervisor = context;
	AUTO(error_clear) struct error err = ERROR_INIT;
	if (number == SIGCHLD) {
		reap(supervisor);
	} else if (number != SIGHUP) {
		quit(supervisor, number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGQUIT");
	} else if (supervisor_reload(supervisor, &err)) {
		log_warn("SIGHUP: the settings stay as they were: %s", err.message);
	} else {
		log_note("SIGHUP: the settings were read again");
	}
}

/* ---- from start to end ---- */

/* Who holds the folder is in the lock's file, for the other one's error. */
static int take_folder(struct supervisor *supervisor, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(supervisor->directory, CONTROL_LOCK);
	int rc = file_make_directories(supervisor->directory, 0700, err);
	if (!rc)
		rc = file_make_directories(supervisor->logs, 0755, err);
	if (rc)
		return error_hint(err, "name folders that you may write to with `--run-dir DIR` and `--log-dir DIR`");
	rc = file_lock(&supervisor->lock, path, err);
	if (rc == ERROR_LOCKED) {
		error_context(err, "a supervisor of these services runs already");
		return error_hint(err, "ask it: `anchore-admin service status`, `anchore-admin service start NAME`, "
			"`anchore-admin service stop`");
	}
	return rc;
}

/* While a run holds the services, or has left them held and the database unsettled, nothing starts; but who looks is
 * told so, and a later run finds somebody to release them. */
static int check_database(struct supervisor *supervisor, struct error *err)
{
	bool held = supervisor->hold.run != NULL;
	if (held && hold_lives(&supervisor->hold))
		return 0;
	if (!deployment_is_named(&supervisor->run->settings)) {
		log_detail("no database is named: the services are started without a look at it");
		return 0;
	}
	int rc = launch_check(supervisor->run, err);
	if (!held || rc == ERROR_INTERRUPTED)
		return rc;
	if (rc)
		log_warn("%s%s%s", err->message, err->hint ? "; " : "", err->hint ? err->hint : "");
	error_clear(err);
	hold_clear(&supervisor->hold);
	return hold_read(&supervisor->hold, supervisor->directory, err);
}

static int prepare(struct supervisor *supervisor, struct error *err)
{
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	int rc = services_read(&specs, NULL, &supervisor->run->settings, NULL, err);
	if (!rc)
		rc = take_folder(supervisor, err);
	if (!rc)
		rc = hold_read(&supervisor->hold, supervisor->directory, err);
	if (!rc)
		rc = child_adopt(err);
	if (!rc)
		rc = check_database(supervisor, err);
	if (!rc)
		rc = orphans_sweep(supervisor->directory, err);
	if (!rc)
		rc = loop_open(&supervisor->loop, on_signal, supervisor, err);
	if (!rc)
		rc = http_pool_open(&supervisor->pool, supervisor->loop, err);
	if (!rc)
		rc = clients_listen(supervisor, err);
	if (!rc)
		rc = supervisor_serve(supervisor, err);
	if (rc)
		return rc;
	apply(supervisor, &specs);
	facts_look(supervisor);
	return 0;
}

/* The first job: what the command line asks for. */
static int begin(struct supervisor *supervisor, const struct supervise_request *request, struct error *err)
{
	struct client *client = request->report >= 0 ? client_add(supervisor, request->report) : NULL;
	int rc = job_begin(supervisor, JOB_START, request->names, request->wait, client, err);
	if (rc && client)
		client_fail(client, err);
	return rc;
}

static void close_all(struct supervisor *supervisor)
{
	jobs_free(supervisor);
	if (supervisor->loop) {
		clients_close(supervisor);
		facts_close(supervisor);
		supervisor_serve_end(supervisor);
	}
	for (size_t i = 0; i < supervisor->unit_count; i++)
		unit_free(supervisor->units[i]);
	mem_free(supervisor->units);
	http_pool_close(supervisor->pool);
	loop_close(supervisor->loop);
	view_clear(&supervisor->view);
	hold_clear(&supervisor->hold);
	list_clear(&supervisor->after_hold);
	mem_free(supervisor->told);
	error_clear(&supervisor->failure);
	file_close(&supervisor->lock);
	mem_free(supervisor->directory);
	mem_free(supervisor->logs);
}

/* What went wrong before there was anybody to answer. */
static void report(int fd, const struct error *err)
{
	AUTO(json_auto) json_t *answer = control_error_json(err);
	AUTO(mem_auto) char *line = json_print_line(answer);
	AUTO(mem_auto) char *text = mem_format("%s\n", line);
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (fd >= 0)
		file_write_all(fd, text, strlen(text), &ignored);
}

int supervise_run(struct run *run, const struct supervise_request *request, struct error *err)
{
	AUTO(close_all) struct supervisor supervisor = {.run = run, .lock = -1, .listener = -1,
		.started = clock_now(), .began = clock_supervised(), .soon = {.due = look}, .echo = request->echo,
		.facts = {.output = -1}};
	supervisor.soon.context = &supervisor;
	int rc = control_directory(&supervisor.directory, run, err);
	if (!rc)
		rc = control_log_directory(&supervisor.logs, run, err);
	if (!rc)
		rc = prepare(&supervisor, err);
	if (rc)
		report(request->report, err);
	if (!rc)
		rc = begin(&supervisor, request, err);
	if (!rc)
		rc = loop_run(supervisor.loop, err);
	return rc ? rc : error_move(err, &supervisor.failure);
}
