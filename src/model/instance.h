/* How the engine's services are, seen from outside: one row per instance, whichever runtime they run in. Plain values,
 * made by work/runtime and the supervisor, shown by `service status`, `system status`, the supervisor's HTTP. All
 * pointers are owned; NULL where it is not known. */
#ifndef MODEL_INSTANCE_H
#define MODEL_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* What an operator tells apart. Every runtime maps its own states to these. */
enum instance_state {
	INSTANCE_STOPPED,  /* not running, and not wanted */
	INSTANCE_STARTING, /* runs, not healthy yet */
	INSTANCE_UP,       /* runs and is healthy; without a health check: runs */
	INSTANCE_SICK,     /* runs, was healthy, is not now */
	INSTANCE_STOPPING, /* was told to stop */
	INSTANCE_WAITING,  /* died, will be started again after a pause */
	INSTANCE_FAILED,   /* died too often, or could not be started: nobody tries any more */
	INSTANCE_STATES
};

struct instance {
	char *service;    /* "catalog" */
	char *name;       /* of the instance: the service's own name, or the container's */
	char *host;       /* host id that the engine would show */
	char *url;        /* base URL, "http://127.0.0.1:8082" */
	enum instance_state state;
	long pid;         /* 0: none */
	time_t since;     /* of this state; 0 not known */
	unsigned restarts;
	char *last_error; /* why it died or is not healthy: "exit status 3", "ended by signal 9", "no answer" */
	char *image;      /* of a container, "docker.io/anchore/anchore-engine:v0.2.4" */
};

struct instances {
	struct instance *items; /* in the order in which services start */
	size_t count;
};

const char *instance_state_name(enum instance_state state); /* "up" */
bool instance_state_parse(enum instance_state *out, const char *name);
/* A process or a container is there: everything but stopped, waiting and failed. */
bool instance_alive(const struct instance *instance);
/* Adds an empty one and returns it; good until the next. */
struct instance *instances_add(struct instances *instances);
void instances_clear(struct instances *instances);
/* All there are are up, and there is at least one. */
bool instances_healthy(const struct instances *instances);

#endif
