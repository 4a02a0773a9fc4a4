/* Waiting until the engine's containers are healthy. */
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/compose_private.h"

/* A container without a health check counts as up when it has run for so long and was not started again. */
static const double STEADY = 5, PAUSE = 0.3;

struct look {
	struct list missing;  /* "analyzer.2: exit status 3", what is not up */
	bool hopeless;        /* nobody starts it again */
	bool checked;         /* every container has a health check */
	unsigned long starts; /* changes whenever a container is started */
};

static void look_clear(struct look *look)
{
	list_clear(&look->missing);
}

/* How many instances of the service are wanted. */
static size_t wanted(const struct compose *compose, const struct containers *containers, const char *service)
{
	size_t count = 0, there = compose_count(containers, service);
	AUTO(mem_auto) char *any = mem_format("%s*", service);
	if (!compose->waits)
		return there;
	if (list_has(&compose->started, any))
		return there ? there : 1;
	for (size_t i = 0; i < compose->started.count; i++)
		count += strcmp(compose->started.items[i], service) == 0;
	return count;
}

/* One container; true if it is up. */
static bool look_at(struct look *look, struct list *missing, const struct container *container, size_t there)
{
	struct instances one = {NULL, 0};
	struct instance *instance = instances_add(&one);
	compose_instance(instance, container, there);
	bool up = instance->state == INSTANCE_UP;
	look->checked = look->checked && container->health != HEALTH_NONE;
	look->starts += container->restarts + (unsigned long)container->started;
	if (!up)
		list_addf(missing, "%s is %s%s%s", instance->name, instance_state_name(instance->state),
			instance->last_error ? ": " : "", instance->last_error ? instance->last_error : "");
	instances_clear(&one);
	return up;
}

static void look_at_service(struct look *look, const char *service, size_t count, const struct containers *containers)
{
	AUTO(list_clear) struct list missing = LIST_INIT;
	size_t there = compose_count(containers, service), up = 0;
	bool ended = false;
	for (size_t i = 0; i < containers->count; i++) {
		const struct container *container = &containers->items[i];
		if (strcmp(container->service, service) != 0)
			continue;
		up += look_at(look, &missing, container, there);
		ended = ended || text_same(container->status, "exited") || text_same(container->status, "dead");
	}
	if (up >= count) /* others are left from when it was scaled higher */
		return;
	list_add_all(&look->missing, &missing);
	look->hopeless = look->hopeless || ended;
	if (there < count)
		list_addf(&look->missing, "%s has %zu of %zu instances", service, there, count);
}

static int look_at_all(struct look *out, const struct compose *compose, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	int rc = compose_containers(&containers, compose, err);
	/* That Docker fails to say how they are says nothing of them. */
	if (rc == ERROR_SERVICES)
		err->code = ERROR_UNREACHABLE;
	if (rc)
		return err->code;
	*out = (struct look){LIST_INIT, false, true, 0};
	for (size_t i = 0; i < compose->file.count; i++) {
		const struct compose_service *service = &compose->file.services[i];
		size_t count = service->engine ? wanted(compose, &containers, service->name) : 0;
		if (count)
			look_at_service(out, service->name, count, &containers);
	}
	return 0;
}

static int give_up(const struct compose *compose, const struct look *look, const char *when, struct error *err)
{
	AUTO(mem_auto) char *all = list_join(&look->missing, "; ");
	error_set(err, ERROR_SERVICES, "the services are not healthy%s: %s", when,
		look->missing.count ? all : "their containers are started again and again");
	return error_hint(err, "`anchore-admin service logs`, or `docker-compose -p %s -f %s logs`, shows what they "
		"say", compose->file.project, compose->file.path);
}

int compose_wait(struct compose *compose, double seconds, struct error *err)
{
	double start = clock_elapsed(), steady = start;
	unsigned long starts = 0;
	for (;;) {
		AUTO(look_clear) struct look look = {LIST_INIT, false, true, 0};
		int rc = interrupt_check(err);
		if (!rc)
			rc = look_at_all(&look, compose, err);
		if (rc)
			return rc;
		double now = clock_elapsed();
		if (look.missing.count || look.starts != starts)
			steady = now;
		starts = look.starts;
		if (!look.missing.count && (look.checked || now - steady >= STEADY))
			return 0;
		if (look.hopeless)
			return give_up(compose, &look, "", err);
		if (now - start >= seconds + (look.missing.count ? 0 : STEADY)) {
			AUTO(mem_auto) char *limit = text_duration(seconds);
			AUTO(mem_auto) char *when = mem_format(" after %s", limit);
			return give_up(compose, &look, when, err);
		}
		clock_sleep(PAUSE);
	}
}
