/* One service as the supervisor keeps it: what the settings file says of it, and a machine of states that says what to
 * do when something happens. The machine is a table, state × event; time comes from the caller.
 *
 * A service that dies is started again after a pause, 1 s, then twice as long each time up to 60 s, until it has run
 * for SERVICE_WINDOW seconds. When it died SERVICE_LIMIT times within SERVICE_WINDOW seconds it has failed, and stays
 * down until somebody starts it. */
#ifndef MODEL_SERVICE_H
#define MODEL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/instance.h"

enum { SERVICE_LIMIT = 5, SERVICE_WINDOW = 300, SERVICE_PAUSE_LEAST = 1, SERVICE_PAUSE_MOST = 60 };

/* ---- what the settings say ---- */

struct service_spec {
	char *name;
	struct list argv;        /* ${engine} not yet replaced */
	struct list environment; /* NAME=value, the same */
	char *user;              /* NULL: whoever runs the supervisor */
	char *health;            /* URL, NULL: up as soon as it runs */
	long long order;         /* started from the lowest, stopped from the highest */
	long long stop_timeout;  /* seconds from SIGTERM to SIGKILL */
	int line;                /* in the settings file */
};
struct service_specs {
	struct service_spec *items; /* in the order in which they start */
	size_t count;
};

enum { SERVICE_MOST = 100, SERVICE_STOP_TIMEOUT = 10, SERVICE_ORDER_CATALOG = 1, SERVICE_ORDER_OTHERS = 2 };

/* Adds one with the defaults for this name and returns it; good until the next. Takes the name over. */
struct service_spec *service_specs_add(struct service_specs *specs, char *name);
void service_specs_clear(struct service_specs *specs);
/* By order, the same as written. */
void service_specs_sort(struct service_specs *specs);
/* NULL if there is none. */
const struct service_spec *service_specs_find(const struct service_specs *specs, const char *name);
/* Letters, digits, dash, underscore and dots within, at most 40: names become files. */
bool service_name_valid(const char *name);
/* text with ${engine} replaced by the release and $$ by $; owned. ERROR_USAGE for anything else after a $, and for
 * ${engine} where release is NULL. */
int service_expand(char **out, const char *text, const char *release, struct error *err);
/* "http://127.0.0.1:8228" of "http://127.0.0.1:8228/health"; owned, NULL of NULL. */
char *service_base_url(const char *health);

/* ---- states ---- */

enum service_state {
	SERVICE_DOWN,     /* not there, not wanted */
	SERVICE_SPAWNING, /* is being started */
	SERVICE_STARTING, /* runs, was not healthy yet */
	SERVICE_UP,
	SERVICE_SICK,     /* runs, was healthy, is not now */
	SERVICE_STOPPING, /* was told to end */
	SERVICE_BOUNCING, /* was told to end, and is to be started again then */
	SERVICE_WAITING,  /* died; will be started after a pause */
	SERVICE_FAILED,   /* died too often */
	SERVICE_STATES
};
enum service_event {
	SERVICE_START,     /* somebody wants it */
	SERVICE_STOP,      /* nobody wants it */
	SERVICE_SPAWNED,   /* its process is there */
	SERVICE_HEALTHY,
	SERVICE_UNHEALTHY, /* three times in a row */
	SERVICE_EXITED,    /* its process is gone, or could not be started */
	SERVICE_TIMER,     /* the pause, or the time to end, is over */
	SERVICE_GIVE_UP,   /* it died too often */
	SERVICE_EVENTS
};
enum service_action {
	SERVICE_NOTHING,
	SERVICE_SPAWN, /* start the process; SPAWNED or EXITED follows at once */
	SERVICE_WATCH, /* begin to ask for its health */
	SERVICE_TERM,  /* SIGTERM to its group, and a timer */
	SERVICE_KILL,  /* SIGKILL to its group */
	SERVICE_PAUSE, /* note the death; a timer, or GIVE_UP follows at once */
	SERVICE_TELL   /* say what became of it */
};

struct service_step {
	enum service_state state;
	enum service_action action;
};
struct service_step service_step(enum service_state state, enum service_event event);
const char *service_state_name(enum service_state state);
enum instance_state service_instance_state(enum service_state state);
/* There is a process. */
bool service_alive(enum service_state state);

/* ---- the limit ---- */

struct service_deaths {
	double when[SERVICE_LIMIT]; /* a ring */
	size_t count;               /* ever, since the last reset */
	double pause;               /* the last one, 0 none */
};
/* It died now after so many seconds. *pause: how long to wait before it is started again. False: it has failed. */
bool service_died(double *pause, struct service_deaths *deaths, double now, double ran);
void service_deaths_reset(struct service_deaths *deaths);

#endif
