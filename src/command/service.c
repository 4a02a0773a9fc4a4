/* service start, stop, restart: the embedded server first and last, the engine's services in between. */
#include "command/service.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "io/child.h"
#include "work/control.h"
#include "work/deployment.h"
#include "work/launch.h"
#include "work/supervise.h"

/* ---- the embedded server ---- */

int service_server(struct embedded *out, const struct run *run, struct error *err)
{
	if (settings_text(&run->settings, OPTION_EMBEDDED))
		return embedded_open(out, &run->settings, err);
	error_set(err, ERROR_REFUSED, "this deployment has no embedded server, and its services are not described");
	return error_hint(err, "describe the engine's services under `services:` in the settings file, or name their "
		"`compose_file:`; a deployment with its own server is made by `anchore-admin init DIR --embedded`");
}

json_t *service_server_json(const struct embedded *server, const char *did)
{
	pid_t pid = 0;
	bool running = embedded_running(server, &pid);
	AUTO(mem_auto) char *conninfo = embedded_conninfo(server, EMBEDDED_ROLE, EMBEDDED_DATABASE);
	json_t *object = json_object();
	json_put(object, "server", server->name);
	json_put_flag(object, "running", running);
	if (running)
		json_put_number(object, "pid", pid);
	json_put(object, "did", did);
	json_put(object, "data", server->data);
	json_put(object, "socket", server->socket);
	json_put(object, "connect", conninfo);
	return object;
}

void service_print_server(const struct run *run, const struct embedded *server, const char *did)
{
	pid_t pid = 0;
	bool running = embedded_running(server, &pid);
	run_print(run, "embedded server %s: ", server->name);
	if (running)
		run_print(run, "%s, process %ld\n", did ? did : "running", (long)pid);
	else
		run_print(run, "%s\n", did ? did : "stopped");
}

int service_start_server(const char **did, struct embedded *out, const struct run *run, struct error *err)
{
	bool started = false;
	int rc = service_server(out, run, err);
	if (!rc)
		rc = embedded_start(out, &started, err);
	if (!rc)
		*did = started ? "started" : "running already";
	return rc;
}

static int stop_server(const char **did, struct embedded *out, const struct run *run, struct error *err)
{
	bool stopped = false;
	int rc = service_server(out, run, err);
	if (!rc)
		rc = embedded_stop(out, &stopped, err);
	if (!rc)
		*did = stopped ? "stopped" : "not running";
	return rc;
}

/* Without services the server is all there is; names would be of services. */
static int server_alone(struct run *run, int (*work)(const char **, struct embedded *, const struct run *,
	struct error *),
	struct error *err)
{
	AUTO(embedded_clear) struct embedded server = {0};
	const char *did = NULL;
	if (run->arguments.count) {
		error_set(err, ERROR_USAGE, "there is no service %s: none is described", run->arguments.items[0]);
		return error_hint(err, "describe the services under `services:` in the settings file, or name their "
			"`compose_file:`");
	}
	int rc = work(&did, &server, run, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *object = service_server_json(&server, did);
	run_answer(run, object);
	service_print_server(run, &server, did);
	return 0;
}

/* Beside services the server is worth a note only. */
static int server_beside(struct run *run, int (*work)(const char **, struct embedded *, const struct run *,
	struct error *),
	struct error *err)
{
	AUTO(embedded_clear) struct embedded server = {0};
	const char *did = NULL;
	int rc = settings_text(&run->settings, OPTION_EMBEDDED) ? work(&did, &server, run, err) : 0;
	if (!rc && did)
		log_note("embedded server %s: %s", server.name, did);
	return rc;
}

/* ---- start ---- */

double service_wait(const struct run *run)
{
	return settings_flag(&run->settings, OPTION_WAIT) ? (double)settings_number(&run->settings, OPTION_TIMEOUT) : 0;
}

static int answer_status(struct run *run, struct runtime *runtime, struct error *err)
{
	AUTO(json_auto) json_t *status = NULL;
	int rc = runtime_status(&status, runtime, err);
	if (rc)
		return rc;
	run_answer(run, status);
	service_print(run, status);
	return 0;
}

/* The daemon's talk goes to a file beside what the services write. */
static int detach(bool *parent, struct run *run, struct supervise_request *request, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	pid_t child = 0;
	int pipe = -1;
	int rc = control_log_directory(&directory, run, err);
	if (!rc)
		rc = file_make_directories(directory, 0755, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *log = path_join(directory, "supervisor.log");
	fflush(NULL);
	rc = child_detach(&child, &pipe, log, err);
	if (rc)
		return rc;
	*parent = child != 0;
	request->report = pipe;
	request->echo = false;
	if (!*parent)
		return 0;
	AUTO(json_auto) json_t *done = NULL;
	log_note("the supervisor is process %ld, what it says goes to %s", (long)child, log);
	rc = control_read(&done, pipe, 0, err);
	file_close(&pipe);
	/* Who gives up waiting does not want it any more. */
	if (rc == ERROR_INTERRUPTED)
		child_signal(child, SIGTERM);
	return rc == ERROR_SERVICES && !err->hint ? error_hint(err, "read %s", log) : rc;
}

static int supervise(struct run *run, struct runtime *runtime, struct error *err)
{
	struct supervise_request request = {&run->arguments, service_wait(run), -1, true};
	bool parent = false;
	int rc = settings_flag(&run->settings, OPTION_DETACH) ? detach(&parent, run, &request, err) : 0;
	if (rc)
		return rc;
	return parent ? answer_status(run, runtime, err) : supervise_run(run, &request, err);
}

static int start_services(struct run *run, struct runtime *runtime, struct error *err)
{
	bool asks = run->arguments.count || settings_flag(&run->settings, OPTION_DETACH) ||
		settings_flag(&run->settings, OPTION_WAIT);
	bool process = text_same(runtime_kind(runtime), "process");
	/* Without names it wants to be the supervisor, and is told when there is one. */
	if (process && (!asks || !control_answers(run)))
		return supervise(run, runtime, err);
	/* Containers have no supervisor that would have looked. */
	int rc = process || !deployment_is_named(&run->settings) ? 0 : launch_check(run, err);
	if (!rc)
		rc = runtime_start(runtime, &run->arguments, service_wait(run), err);
	return rc ? rc : answer_status(run, runtime, err);
}

int command_service_start(struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	int rc = runtime_open(&runtime, run, err);
	if (rc)
		return rc;
	if (!runtime)
		return server_alone(run, service_start_server, err);
	rc = server_beside(run, service_start_server, err);
	return rc ? rc : start_services(run, runtime, err);
}

/* ---- stop, restart ---- */

int command_service_stop(struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	int rc = runtime_open(&runtime, run, err);
	if (rc)
		return rc;
	if (!runtime)
		return server_alone(run, stop_server, err);
	rc = runtime_stop(runtime, &run->arguments, err);
	/* Its services are gone; a server stays for as long as one is named that is not. */
	if (!rc && !run->arguments.count)
		rc = server_beside(run, stop_server, err);
	return rc ? rc : answer_status(run, runtime, err);
}

int command_service_restart(struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	int rc = runtime_open(&runtime, run, err);
	if (rc)
		return rc;
	if (!runtime) {
		AUTO(embedded_clear) struct embedded server = {0};
		const char *did = NULL;
		rc = run->arguments.count ? 0 : stop_server(&did, &server, run, err);
		return rc ? rc : server_alone(run, service_start_server, err);
	}
	rc = runtime_restart(runtime, &run->arguments, service_wait(run), err);
	return rc ? rc : answer_status(run, runtime, err);
}
