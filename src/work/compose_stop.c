/* Stopping the engine's containers. */
#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "work/compose_private.h"

struct stopper {
	const struct docker *docker;
	const struct container *container;
	double grace;
	pthread_t thread;
	bool threaded;
	struct error err;
};

static void *stop_one(void *context)
{
	struct stopper *stopper = context;
	docker_stop(stopper->docker, stopper->container->id, stopper->grace, &stopper->err);
	return NULL;
}

/* The instances of one service at once: each may take its whole time. The first error is kept. */
static void stop_all(struct stopper *stoppers, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		stoppers[i].threaded = pthread_create(&stoppers[i].thread, NULL, stop_one, &stoppers[i]) == 0;
	for (size_t i = 0; i < count; i++) {
		struct stopper *stopper = &stoppers[i];
		if (stopper->threaded)
			pthread_join(stopper->thread, NULL);
		else
			stop_one(stopper);
		if (stopper->err.code && !err->code)
			error_move(err, &stopper->err);
		error_clear(&stopper->err);
	}
}

static int stop_service(const struct compose *compose, const struct compose_service *service,
	const struct containers *containers, struct error *err)
{
	AUTO(mem_auto) struct stopper *stoppers = mem_array(containers->count, sizeof *stoppers);
	size_t count = 0;
	for (size_t i = 0; i < containers->count; i++) {
		const struct container *container = &containers->items[i];
		if (strcmp(container->service, service->name) == 0 && container_alive(container))
			stoppers[count++] = (struct stopper){.docker = &compose->docker, .container = container,
				.grace = service->grace < 0 ? container->grace : service->grace};
	}
	if (!count)
		return 0;
	stop_all(stoppers, count, err);
	if (err->code)
		return error_context(err, "stopping %s", service->name);
	log_note("stopped %s%s", service->name, count > 1 ? " (all instances)" : "");
	return 0;
}

/* What Docker says now: nothing of it may be left. */
static int check_gone(const struct compose *compose, const struct list *names, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	AUTO(list_clear) struct list left = LIST_INIT;
	int rc = compose_containers(&containers, compose, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < containers.count; i++) {
		const struct container *container = &containers.items[i];
		if (container_alive(container) && (!names->count || list_has(names, container->service)))
			list_addf(&left, "%s (%s)", container->name, container->status);
	}
	if (!left.count)
		return 0;
	AUTO(mem_auto) char *all = list_join(&left, ", ");
	error_set(err, ERROR_SERVICES, "these containers would not stop: %s", all);
	return error_hint(err, "look at them with `docker-compose -p %s -f %s ps`", compose->file.project,
		compose->file.path);
}

int compose_stop(const struct compose *compose, const struct list *names, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	int rc = compose_containers(&containers, compose, err);
	for (size_t i = compose->file.count; !rc && i-- > 0;) {
		const struct compose_service *service = &compose->file.services[i];
		if (service->engine && (!names->count || list_has(names, service->name)))
			rc = stop_service(compose, service, &containers, err);
	}
	return rc ? rc : check_gone(compose, names, err);
}
