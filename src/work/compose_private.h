/* For work/runtime_compose.c and the files that it is made of, compose_*.c: a compose project, and the containers of
 * the engine's services in it. A service that is scaled has several containers, which are its instances. */
#ifndef WORK_COMPOSE_PRIVATE_H
#define WORK_COMPOSE_PRIVATE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "model/instance.h"
#include "work/composefile.h"
#include "work/docker.h"

struct compose {
	struct composefile file;
	struct docker docker;
	struct list files; /* that the project was made from, the compose file first; empty: not known */
	/* What compose_up() was given last, which is what compose_wait() waits for. */
	struct list started;
	bool waits;  /* started is known */
	bool warned; /* that there is no such project */
};

/* The files that the project's containers were made from, as far as they are there and the compose file is the first of
 * them; else none. Without them docker-compose would make the containers anew, and wrongly. */
void compose_find_files(struct list *out, const struct compose *compose, const struct containers *containers);
/* Says once that Docker has no container of the project: most often it is one of another name. */
int compose_look_for_project(struct compose *compose, struct error *err);
/* The containers of the engine's services, in the order in which they start. */
int compose_containers(struct containers *out, const struct compose *compose, struct error *err);
/* As an operator sees a container. instances: of its service. */
void compose_instance(struct instance *out, const struct container *container, size_t instances);
/* "catalog", or "analyzer.2" where the service has several instances; owned. */
char *compose_name(const struct container *container, size_t instances);
/* How many of the containers are of the service. */
size_t compose_count(const struct containers *containers, const char *service);

/* Stops the engine's containers, or those of the services named, in reverse order, and returns when all are gone;
 * ERROR_SERVICES names those that are not. */
int compose_stop(const struct compose *compose, const struct list *names, struct error *err);
/* Starts services by docker-compose, with their images and settings as the file has them now: as many instances of each
 * as there are items of its name. A name with a `*` at its end: as many as compose itself would. */
int compose_up(struct compose *compose, const struct list *services, struct error *err);
/* Until what was started is healthy; else all containers that there are. */
int compose_wait(struct compose *compose, double seconds, struct error *err);
int compose_logs(const struct compose *compose, const struct list *names, long long lines, bool follow,
	struct error *err);

#endif
