#include "work/view.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

void view_clear(struct view *view)
{
	instances_clear(&view->instances);
	mem_free(view->host);
	mem_free(view->db_version);
	mem_free(view->code_version);
	mem_free(view->held_by);
	mem_free(view->held_for);
	mem_free(view->step);
	mem_free(view->url);
	json_decref(view->snapshots);
	json_decref(view->scheduled);
	json_decref(view->upgrade_needed);
	json_decref(view->progress);
	*view = (struct view){.snapshots = NULL};
}

json_t *instances_json(const struct instances *instances)
{
	json_t *array = json_array();
	for (size_t i = 0; i < instances->count; i++) {
		const struct instance *instance = &instances->items[i];
		json_t *one = json_object();
		json_put(one, "service", instance->service);
		json_put(one, "name", instance->name);
		json_put(one, "host", instance->host);
		json_put(one, "url", instance->url);
		json_put(one, "state", instance_state_name(instance->state));
		json_put_value(one, "pid", instance->pid ? json_integer(instance->pid) : json_null());
		json_put_time(one, "since", instance->since);
		json_put_number(one, "restarts", instance->restarts);
		json_put(one, "last_error", instance->last_error);
		json_put(one, "image", instance->image);
		json_array_append_new(array, one);
	}
	return array;
}

void instances_from_json(struct instances *out, const json_t *array)
{
	size_t i;
	json_t *one;
	json_array_foreach(array, i, one) {
		struct instance *instance = instances_add(out);
		instance->service = mem_copy(json_text(one, "service"));
		instance->name = mem_copy(json_text(one, "name"));
		instance->host = mem_copy(json_text(one, "host"));
		instance->url = mem_copy(json_text(one, "url"));
		instance_state_parse(&instance->state, json_text(one, "state"));
		instance->pid = (long)json_integer_value(json_object_get(one, "pid"));
		instance->since = json_time(one, "since");
		instance->restarts = (unsigned)json_integer_value(json_object_get(one, "restarts"));
		instance->last_error = mem_copy(json_text(one, "last_error"));
		instance->image = mem_copy(json_text(one, "image"));
	}
}

json_t *view_json(const struct view *view)
{
	json_t *json = json_object(), *held = json_null();
	json_t *supervisor = json_object();
	json_put_number(supervisor, "pid", getpid());
	json_put_time(supervisor, "since", view->started);
	json_put(supervisor, "url", view->url);
	json_put_number(supervisor, "seconds", (int64_t)view->seconds);
	json_put_value(json, "supervisor", supervisor);
	json_put(json, "host", view->host);
	json_put_value(json, "services", instances_json(&view->instances));
	if (view->held_by) {
		held = json_object();
		json_put(held, "run", view->held_by);
		json_put(held, "for", view->held_for);
		json_put_time(held, "since", view->held_since);
		json_put_flag(held, "interrupted", view->interrupted);
	}
	json_put_value(json, "held", held);
	json_put_value(json, "progress", view->progress ? json_incref(view->progress) : json_null());
	json_put(json, "step", view->step);
	json_put(json, "engine_db_version", view->db_version);
	json_put(json, "engine_code_version", view->code_version);
	json_put_time(json, "versions_at", view->versions_at);
	return json;
}
