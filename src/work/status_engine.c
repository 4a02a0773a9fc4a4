/* In the engine's own shapes. Its client takes hostid and base_url for strings and prints the first versions that it
 * finds: neither may be null, and every service carries the versions, up or not. */
#include "work/status_private.h"

#include "base/mem.h"

char *status_utf8(const char *string)
{
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "", string ? string : "");
	return mem_copy(json_text(object, ""));
}

char *status_hold(const struct view *view)
{
	if (!view->held_by)
		return NULL;
	const char *why = view->held_for ? view->held_for : "a run";
	const char *end = view->interrupted ? " (interrupted)" : "";
	if (view->step && *view->step)
		return mem_format("%s%s", view->step, end);
	return mem_format("held for %s%s", why, end);
}

bool status_is_up(const struct view *view, const struct instance *instance)
{
	return !view->held_by && instance->state == INSTANCE_UP;
}

char *status_sentence(const struct view *view)
{
	char *hold = status_hold(view);
	if (hold)
		return hold;
	size_t count = view->instances.count, up = 0;
	for (size_t i = 0; i < count; i++)
		up += status_is_up(view, &view->instances.items[i]);
	if (count == 0)
		return mem_copy("there are no services");
	if (count == 1)
		return mem_copy(up ? "the only service is up" : "the only service is not up");
	if (up == count)
		return mem_format("all %zu services are up", count);
	return mem_format("%zu of %zu services %s not up", count - up, count, count - up == 1 ? "is" : "are");
}

const json_t *status_snapshots(const struct view *view)
{
	const json_t *array = json_is_object(view->snapshots) ? json_object_get(view->snapshots, "snapshots")
							      : view->snapshots;
	return json_is_array(array) ? array : NULL;
}

double status_progress(const struct view *view)
{
	double done = json_number_value(json_object_get(view->progress, "done"));
	double total = json_number_value(json_object_get(view->progress, "total"));
	if (!view->held_by || view->interrupted || total <= 0 || done < 0)
		return -1;
	return done < total ? done / total : 1;
}

static char *message_of(const struct view *view, const struct instance *instance)
{
	char *hold = status_hold(view);
	if (hold)
		return hold;
	if (instance->state == INSTANCE_UP)
		return mem_copy("available");
	const char *state = instance_state_name(instance->state);
	return instance->last_error ? mem_format("%s: %s", state, instance->last_error) : mem_copy(state);
}

/* What every service says of itself. detail is taken over. */
static json_t *detail_of(const struct view *view, bool up, const char *message, json_t *detail)
{
	json_t *json = json_object();
	json_put_flag(json, "up", up);
	json_put_flag(json, "available", up);
	json_put_flag(json, "busy", view->held_by != NULL);
	json_put(json, "message", message);
	json_put(json, "version", view->code_version);
	json_put(json, "db_version", view->db_version);
	json_put_value(json, "detail", detail);
	return json;
}

static json_t *instance_detail(const struct instance *instance)
{
	json_t *json = json_object();
	json_put(json, "instance", instance->name);
	json_put(json, "state", instance_state_name(instance->state));
	json_put_time(json, "since", instance->since);
	json_put_number(json, "restarts", instance->restarts);
	json_put(json, "last_error", instance->last_error);
	return json;
}

static json_t *service_of(const struct view *view, const struct instance *instance)
{
	const char *host = instance->host ? instance->host : view->host;
	bool up = status_is_up(view, instance);
	AUTO(mem_auto) char *message = message_of(view, instance);
	json_t *json = json_object();
	json_put(json, "servicename", instance->service ? instance->service : "unknown");
	json_put(json, "hostid", host ? host : "unknown");
	json_put(json, "base_url", instance->url ? instance->url : "no address");
	json_put_flag(json, "status", up);
	json_put(json, "status_message", message);
	json_put(json, "version", "v1");
	json_put_value(json, "service_detail", detail_of(view, up, message, instance_detail(instance)));
	return json;
}

json_t *status_engine_services(const struct view *view)
{
	json_t *array = json_array();
	for (size_t i = 0; i < view->instances.count; i++)
		json_array_append_new(array, service_of(view, &view->instances.items[i]));
	return array;
}

json_t *status_engine_system(const struct view *view)
{
	json_t *json = json_object();
	json_put_value(json, "service_states", status_engine_services(view));
	return json;
}

json_t *status_engine_status(const struct view *view)
{
	AUTO(mem_auto) char *message = status_sentence(view);
	json_t *detail = json_object();
	if (view->held_by) {
		json_put(detail, "run", view->held_by);
		json_put(detail, "for", view->held_for);
		json_put_flag(detail, "interrupted", view->interrupted);
		json_put_value(detail, "progress", view->progress ? json_deep_copy(view->progress) : json_null());
	}
	return detail_of(view, !view->held_by && instances_healthy(&view->instances), message, detail);
}

json_t *status_engine_error(unsigned status, const char *message)
{
	json_t *json = json_object();
	json_put_value(json, "detail", json_object());
	json_put_number(json, "httpcode", status);
	json_put(json, "message", message);
	return json;
}
