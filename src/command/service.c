#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "work/embedded.h"

/* Only the embedded server is ours to start and stop. */
static int open_server(struct embedded *out, const struct run *run, struct error *err)
{
	if (settings_text(&run->settings, OPTION_EMBEDDED))
		return embedded_open(out, &run->settings, err);
	error_set(err, ERROR_REFUSED,
		"this deployment has no embedded server, and the engine's services are not supervised");
	return error_hint(err, "start and stop the engine as before; a deployment with its own server is made by "
		"`anchore-admin init DIR --embedded`");
}

static void answer(const struct run *run, const struct embedded *server, const char *did)
{
	pid_t pid = 0;
	bool running = embedded_running(server, &pid);
	AUTO(mem_auto) char *conninfo = embedded_conninfo(server, EMBEDDED_ROLE, EMBEDDED_DATABASE);
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "server", server->name);
	json_put_flag(object, "running", running);
	if (running)
		json_put_number(object, "pid", pid);
	json_put(object, "did", did);
	json_put(object, "data", server->data);
	json_put(object, "socket", server->socket);
	json_put(object, "connect", conninfo);
	run_answer(run, object);
	run_print(run, "embedded server %s: ", server->name);
	if (running)
		run_print(run, "%s, process %ld\n", did ? did : "running", (long)pid);
	else
		run_print(run, "%s\n", did ? did : "stopped");
}

int command_service_start(struct run *run, struct error *err)
{
	AUTO(embedded_clear) struct embedded server = {0};
	int rc = open_server(&server, run, err);
	bool started = false;
	if (!rc)
		rc = embedded_start(&server, &started, err);
	if (!rc)
		answer(run, &server, started ? "started" : "running already");
	return rc;
}

int command_service_stop(struct run *run, struct error *err)
{
	AUTO(embedded_clear) struct embedded server = {0};
	int rc = open_server(&server, run, err);
	bool stopped = false;
	if (!rc)
		rc = embedded_stop(&server, &stopped, err);
	if (!rc)
		answer(run, &server, stopped ? "stopped" : "not running");
	return rc;
}

int command_service_status(struct run *run, struct error *err)
{
	AUTO(embedded_clear) struct embedded server = {0};
	int rc = open_server(&server, run, err);
	if (rc)
		return rc;
	answer(run, &server, NULL);
	AUTO(mem_auto) char *conninfo = embedded_conninfo(&server, EMBEDDED_ROLE, EMBEDDED_DATABASE);
	run_print(run, "data      %s\nsocket    %s\nconnect   psql \"%s\"\n", server.data, server.socket, conninfo);
	return 0;
}
