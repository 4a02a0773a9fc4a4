/* service status, list, logs. */
#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "command/service.h"

/* ---- status ---- */

static void print_supervisor(const struct run *run, const json_t *status)
{
	const json_t *supervisor = json_object_get(status, "supervisor"), *held = json_object_get(status, "held");
	if (json_is_null(supervisor))
		run_print(run, "No supervisor runs.\n");
	else if (supervisor)
		run_print(run, "Supervisor: process %lld %s%s\n",
			(long long)json_integer_value(json_object_get(supervisor, "pid")),
			json_text(supervisor, "since") ? "since " : "does not answer yet",
			json_text(supervisor, "since") ? json_text(supervisor, "since") : "");
	if (!json_is_object(held))
		return;
	run_print(run, "Held by the run %s (%s) since %s%s%s\n", json_text(held, "run"), json_text(held, "for"),
		json_text(held, "since") ? json_text(held, "since") : "?", json_text(status, "step") ? ": " : "",
		json_text(status, "step") ? json_text(status, "step") : "");
}

static void print_row(const struct run *run, const char *const *cells)
{
	run_print(run, "%-24s  %-8s  %8s  %-20s  %8s  %s\n", cells[0], cells[1], cells[2], cells[3], cells[4],
		cells[5]);
}

static const char *text_or(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_text(object, key);
	return text ? text : otherwise;
}

void service_print(const struct run *run, const json_t *status)
{
	size_t i;
	const json_t *one;
	print_supervisor(run, status);
	print_row(run, (const char *const[]){"SERVICE", "STATE", "PROCESS", "SINCE", "RESTARTS", "LAST ERROR"});
	json_array_foreach(json_object_get(status, "services"), i, one) {
		long long pid = (long long)json_integer_value(json_object_get(one, "pid"));
		AUTO(mem_auto) char *process = pid ? mem_format("%lld", pid) : mem_copy("-");
		AUTO(mem_auto) char *restarts =
			mem_format("%lld", (long long)json_integer_value(json_object_get(one, "restarts")));
		print_row(run, (const char *const[]){text_or(one, "name", "?"), text_or(one, "state", "?"), process,
			text_or(one, "since", "-"), restarts, text_or(one, "last_error", "-")});
	}
}

static void print_server_details(const struct run *run, const struct embedded *server)
{
	AUTO(mem_auto) char *conninfo = embedded_conninfo(server, EMBEDDED_ROLE, EMBEDDED_DATABASE);
	run_print(run, "data      %s\nsocket    %s\nconnect   psql \"%s\"\n", server->data, server->socket, conninfo);
}

static int status_of_server(struct run *run, struct error *err)
{
	AUTO(embedded_clear) struct embedded server = {0};
	int rc = service_server(&server, run, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *object = service_server_json(&server, NULL);
	run_answer(run, object);
	service_print_server(run, &server, NULL);
	print_server_details(run, &server);
	return 0;
}

int command_service_status(struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	AUTO(embedded_clear) struct embedded server = {0};
	AUTO(json_auto) json_t *status = NULL;
	int rc = runtime_open(&runtime, run, err);
	if (!rc && !runtime)
		return status_of_server(run, err);
	if (!rc)
		rc = runtime_status(&status, runtime, err);
	bool embedded = settings_text(&run->settings, OPTION_EMBEDDED) != NULL;
	if (!rc && embedded)
		rc = service_server(&server, run, err);
	if (rc)
		return rc;
	if (embedded) {
		json_put_value(status, "embedded", service_server_json(&server, NULL));
		service_print_server(run, &server, NULL);
	}
	run_answer(run, status);
	service_print(run, status);
	return 0;
}

/* ---- list, logs ---- */

static int open_services(struct runtime **out, struct run *run, struct error *err)
{
	int rc = runtime_open(out, run, err);
	if (rc || *out)
		return rc;
	error_set(err, ERROR_REFUSED, "the services of this deployment are not described");
	return error_hint(err, "describe them under `services:` in the settings file, or name their `compose_file:`");
}

int command_service_list(struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	AUTO(instances_clear) struct instances instances = {NULL, 0};
	AUTO(list_clear) struct list names = LIST_INIT;
	int rc = open_services(&runtime, run, err);
	if (!rc)
		rc = runtime_list(&instances, runtime, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < instances.count; i++)
		list_add_once(&names, instances.items[i].service);
	for (size_t i = 0; i < names.count; i++)
		run_print(run, "%s\n", names.items[i]);
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "runtime", runtime_kind(runtime));
	json_put_value(object, "services", json_from_list(&names));
	run_answer(run, object);
	return 0;
}

int command_service_logs(struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	int rc = open_services(&runtime, run, err);
	if (rc)
		return rc;
	return runtime_logs(runtime, &run->arguments, settings_number(&run->settings, OPTION_LINES),
		settings_flag(&run->settings, OPTION_FOLLOW), err);
}
