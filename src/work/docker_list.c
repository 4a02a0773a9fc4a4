/* The containers of a compose project, see work/docker.h. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/http.h"
#include "io/json.h"
#include "work/docker.h"

static const double QUICK = 30, USUAL_GRACE = 10;

static void container_clear(struct container *container)
{
	mem_free(container->id);
	mem_free(container->name);
	mem_free(container->service);
	mem_free(container->image);
	mem_free(container->status);
	mem_free(container->health_said);
	mem_free(container->error);
	mem_free(container->compose_version);
	mem_free(container->compose_files);
	mem_free(container->compose_folder);
	*container = (struct container){.id = NULL};
}

void containers_clear(struct containers *containers)
{
	for (size_t i = 0; i < containers->count; i++)
		container_clear(&containers->items[i]);
	mem_free(containers->items);
	*containers = (struct containers){NULL, 0};
}

bool container_alive(const struct container *container)
{
	return text_same(container->status, "running") || text_same(container->status, "restarting") ||
		text_same(container->status, "paused") || text_same(container->status, "removing");
}

/* "2026-11-27T23:00:00.123456789Z"; Docker's zero is the year 1. */
static time_t read_time(const char *text)
{
	time_t when = 0;
	AUTO(mem_auto) char *seconds = text && strlen(text) >= 19 ? mem_format("%.19sZ", text) : NULL;
	return seconds && text_time_parse(seconds, &when) && when > 0 ? when : 0;
}

/* The last that a health check printed, its first line. */
static char *last_check(const json_t *health)
{
	json_t *log = json_object_get(health, "Log");
	size_t count = json_array_size(log);
	const char *said = count ? json_text(json_array_get(log, count - 1), "Output") : NULL;
	return said && *said ? mem_copy_bytes(said, strcspn(said, "\r\n")) : NULL;
}

static void read_health(struct container *out, const json_t *state)
{
	json_t *health = json_object_get(state, "Health");
	if (!health) /* podman's name of old */
		health = json_object_get(state, "Healthcheck");
	const char *status = json_text(health, "Status");
	out->health = text_same(status, "healthy") ? HEALTH_GOOD : text_same(status, "unhealthy") ? HEALTH_BAD
		: text_same(status, "starting") ? HEALTH_STARTING : HEALTH_NONE;
	if (out->health == HEALTH_BAD)
		out->health_said = last_check(health);
}

static long number(const json_t *object, const char *key)
{
	return (long)json_integer_value(json_object_get(object, key));
}

static void read_labels(struct container *out, const json_t *labels)
{
	const char *text = json_text(labels, "com.docker.compose.container-number");
	long long count = 0;
	out->service = mem_copy(json_text(labels, "com.docker.compose.service"));
	out->number = text && text_to_number(text, 1, 1000000, &count) ? (int)count : 0;
	out->compose_version = mem_copy(json_text(labels, "com.docker.compose.version"));
	out->compose_files = mem_copy(json_text(labels, "com.docker.compose.project.config_files"));
	out->compose_folder = mem_copy(json_text(labels, "com.docker.compose.project.working_dir"));
}

static void read_container(struct container *out, const json_t *json)
{
	const json_t *state = json_object_get(json, "State"), *config = json_object_get(json, "Config");
	const char *name = json_text(json, "Name"), *error = json_text(state, "Error");
	out->name = mem_copy(name && *name == '/' ? name + 1 : name);
	out->image = mem_copy(json_text(config, "Image"));
	out->terminal = json_flag(config, "Tty");
	out->grace = (double)number(config, "StopTimeout");
	if (out->grace <= 0)
		out->grace = USUAL_GRACE;
	out->status = mem_copy(json_text(state, "Status"));
	out->error = mem_copy(error && *error ? error : NULL);
	out->exit_code = number(state, "ExitCode");
	out->out_of_memory = json_flag(state, "OOMKilled");
	out->restarts = (unsigned)number(json, "RestartCount");
	out->pid = number(state, "Pid");
	out->started = read_time(json_text(state, "StartedAt"));
	out->finished = read_time(json_text(state, "FinishedAt"));
	read_labels(out, json_object_get(config, "Labels"));
	read_health(out, state);
}

/* One that went away since it was listed is left out. */
static int inspect(struct containers *out, const struct docker *docker, const char *id, struct error *err)
{
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(json_auto) json_t *json = NULL;
	AUTO(mem_auto) char *path = mem_format("/containers/%s/json", id);
	bool missing = false;
	int rc = docker_ask(&answer, docker, "GET", path, QUICK, &missing, err);
	if (rc || missing)
		return rc;
	rc = json_parse(&json, answer.body, answer.size, "Docker's answer", err);
	if (rc)
		return rc;
	AUTO(container_clear) struct container container = {.id = mem_copy(id)};
	read_container(&container, json);
	if (!container.service || !container.status || !container.name)
		return error_set(err, ERROR_SERVICES, "Docker says nothing of use about container %.12s", id);
	out->items = mem_resize(out->items, (out->count + 1) * sizeof *out->items);
	out->items[out->count++] = container;
	container = (struct container){.id = NULL};
	return 0;
}

static int by_service(const void *a, const void *b)
{
	const struct container *one = a, *other = b;
	int order = strcmp(one->service, other->service);
	if (!order)
		order = (one->number > other->number) - (one->number < other->number);
	return order ? order : strcmp(one->name, other->name);
}

static char *list_path(const char *project)
{
	AUTO(json_auto) json_t *filters = json_object();
	json_t *labels = json_array();
	AUTO(mem_auto) char *label = mem_format("com.docker.compose.project=%s", project);
	json_add(labels, label);
	json_put_value(filters, "label", labels);
	AUTO(mem_auto) char *text = json_print_line(filters);
	AUTO(mem_auto) char *escaped = http_escape(text);
	return mem_format("/containers/json?all=1&filters=%s", escaped);
}

/* An id that goes into a path. */
static bool is_id(const char *id)
{
	return id && *id && id[strspn(id, "0123456789abcdef")] == '\0';
}

/* What `docker-compose run` made is not an instance of the service. */
static bool is_oneoff(const json_t *item)
{
	const char *oneoff = json_text(json_object_get(item, "Labels"), "com.docker.compose.oneoff");
	return oneoff && strcmp(oneoff, "True") == 0;
}

int docker_list(struct containers *out, const struct docker *docker, const char *project, struct error *err)
{
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(containers_clear) struct containers found = {NULL, 0};
	AUTO(json_auto) json_t *json = NULL;
	AUTO(mem_auto) char *path = list_path(project);
	int rc = docker_ask(&answer, docker, "GET", path, QUICK, NULL, err);
	if (!rc)
		rc = json_parse(&json, answer.body, answer.size, "Docker's list of containers", err);
	if (rc)
		return rc;
	if (!json_is_array(json))
		return error_set(err, ERROR_SERVICES, "Docker's list of containers is none");
	size_t i;
	json_t *item;
	json_array_foreach(json, i, item) {
		const char *id = json_text(item, "Id");
		if (!rc && is_id(id) && !is_oneoff(item))
			rc = inspect(&found, docker, id, err);
	}
	if (rc)
		return rc;
	if (found.count)
		qsort(found.items, found.count, sizeof *found.items, by_service);
	*out = found;
	found = (struct containers){NULL, 0};
	return 0;
}
