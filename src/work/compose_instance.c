/* The containers of the engine's services, and what they are to an operator. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "work/compose_private.h"

size_t compose_count(const struct containers *containers, const char *service)
{
	size_t count = 0;
	for (size_t i = 0; i < containers->count; i++)
		count += strcmp(containers->items[i].service, service) == 0;
	return count;
}

char *compose_name(const struct container *container, size_t instances)
{
	if (instances < 2)
		return mem_copy(container->service);
	return mem_format("%s.%d", container->service, container->number);
}

/* Containers of other services, and of services that the file no longer has, are not the engine's. Moves what it
 * keeps. */
static void keep_engine(struct containers *out, struct containers *all, const struct composefile *file)
{
	out->items = mem_array(all->count, sizeof *out->items);
	for (size_t i = 0; i < file->count; i++)
		for (size_t j = 0; file->services[i].engine && j < all->count; j++) {
			struct container *container = &all->items[j];
			if (!container->service || strcmp(container->service, file->services[i].name) != 0)
				continue;
			out->items[out->count++] = *container;
			*container = (struct container){.id = NULL};
		}
}

int compose_containers(struct containers *out, const struct compose *compose, struct error *err)
{
	AUTO(containers_clear) struct containers all = {NULL, 0};
	struct containers engine = {NULL, 0};
	int rc = docker_list(&all, &compose->docker, compose->file.project, err);
	if (rc)
		return rc;
	keep_engine(&engine, &all, &compose->file);
	*out = engine;
	return 0;
}

int compose_look_for_project(struct compose *compose, struct error *err)
{
	AUTO(containers_clear) struct containers all = {NULL, 0};
	if (compose->warned)
		return 0;
	int rc = docker_list(&all, &compose->docker, compose->file.project, err);
	if (rc || all.count)
		return rc;
	compose->warned = true;
	log_warn("Docker has no container of the compose project %s; `--compose-project NAME` names another",
		compose->file.project);
	return 0;
}

/* Ends that somebody asked for: Docker's own stop, or an operator's signal. */
static bool was_stopped(long exit_code)
{
	return exit_code == 0 || exit_code == 128 + 15 || exit_code == 128 + 9 || exit_code == 128 + 2;
}

static char *why_ended(const struct container *container)
{
	if (container->error)
		return mem_copy(container->error);
	if (container->out_of_memory)
		return mem_copy("out of memory");
	if (container->exit_code > 128 && container->exit_code < 128 + 65)
		return mem_format("ended by signal %ld", container->exit_code - 128);
	return container->exit_code ? mem_format("exit status %ld", container->exit_code) : NULL;
}

static enum instance_state running_state(const struct container *container)
{
	switch (container->health) {
	case HEALTH_STARTING:
		return INSTANCE_STARTING;
	case HEALTH_BAD:
		return INSTANCE_SICK;
	default:
		return INSTANCE_UP;
	}
}

static enum instance_state state_of(const struct container *container)
{
	if (text_same(container->status, "running"))
		return running_state(container);
	if (text_same(container->status, "paused"))
		return INSTANCE_SICK;
	if (text_same(container->status, "restarting"))
		return INSTANCE_WAITING;
	if (text_same(container->status, "removing"))
		return INSTANCE_STOPPING;
	if (text_same(container->status, "dead") || container->error || container->out_of_memory)
		return INSTANCE_FAILED;
	return was_stopped(container->exit_code) ? INSTANCE_STOPPED : INSTANCE_FAILED;
}

void compose_instance(struct instance *out, const struct container *container, size_t instances)
{
	out->service = mem_copy(container->service);
	out->name = compose_name(container, instances);
	/* The engine takes its container's host name for its id, unless it is told another. */
	out->host = mem_format("%.12s", container->id);
	out->state = state_of(container);
	out->pid = container->pid;
	out->since = instance_alive(out) ? container->started : container->finished;
	out->restarts = container->restarts;
	out->image = mem_copy(container->image);
	if (text_same(container->status, "paused"))
		out->last_error = mem_copy("paused");
	else if (out->state == INSTANCE_SICK)
		out->last_error = mem_copy(container->health_said ? container->health_said : "its health check fails");
	else if (out->state != INSTANCE_UP && out->state != INSTANCE_STARTING)
		out->last_error = why_ended(container);
}
