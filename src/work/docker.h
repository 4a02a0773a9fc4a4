/* The Docker Engine API, over its unix socket: what this tool asks a Docker daemon, or podman's service, which speaks
 * the same. Errors that say nothing else are ERROR_SERVICES with the daemon's words; a daemon that does not answer is
 * ERROR_UNREACHABLE. */
#ifndef WORK_DOCKER_H
#define WORK_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "model/settings.h"

struct docker {
	char *socket; /* path */
	char *api;    /* "/v1.41", in front of every path */
};

/* Finds the socket (setting docker_socket, $DOCKER_HOST, /var/run/docker.sock, podman's) and asks for the version.
 * ERROR_UNREACHABLE: there is none, it is not ours to use, nobody answers. ERROR_USAGE: $DOCKER_HOST names something
 * else than a unix socket. Each with its remedy. */
int docker_open(struct docker *out, const struct settings *settings, struct error *err);
/* For AUTO(). */
void docker_close(struct docker *docker);

enum container_health { HEALTH_NONE, HEALTH_STARTING, HEALTH_GOOD, HEALTH_BAD };

struct container { /* all pointers owned */
	char *id;
	char *name;       /* without the slash */
	char *service;    /* of the compose project */
	int number;       /* among the service's containers, from 1; 0 not known */
	char *image;      /* reference that it was made from */
	char *status;     /* "running", "exited", "created", "restarting", "paused", "removing", "dead" */
	enum container_health health;
	char *health_said; /* last output of the failing check; NULL */
	char *error;       /* that Docker gives; NULL */
	long exit_code;
	bool out_of_memory;
	bool terminal;     /* its output is raw, not framed */
	unsigned restarts;
	long pid;
	time_t started, finished; /* 0 not known */
	double grace;      /* seconds from SIGTERM to SIGKILL, by its own setting, else as Docker has it */
	/* Of the docker-compose that made it; NULL not known. */
	char *compose_version; /* "1.29.2" */
	char *compose_files;   /* "docker-compose.yaml,prod.yaml": what it read, from this folder */
	char *compose_folder;
};
struct containers {
	struct container *items; /* by service and number */
	size_t count;
};

/* Every container of the compose project, in whatever state; none is no error. */
int docker_list(struct containers *out, const struct docker *docker, const char *project, struct error *err);
void containers_clear(struct containers *containers);
/* A process of it is there, or comes back by itself. */
bool container_alive(const struct container *container);

/* Stops it and returns when it is gone: SIGTERM, SIGKILL after so many seconds. They are always said: podman takes none
 * for 0. One that is gone or stopped already is fine. May be called by several threads at once. */
int docker_stop(const struct docker *docker, const char *id, double seconds, struct error *err);
/* The image is there already. */
int docker_has_image(bool *out, const struct docker *docker, const char *image, struct error *err);
/* Pulls it and makes sure that it is there then. ERROR_REFUSED with the registry's words. */
int docker_pull(const struct docker *docker, const char *image, struct error *err);

/* A line of a container's output, without its newline. */
typedef void docker_line(const char *line, size_t size, void *context);
/* The last lines (negative: all), then with follow what comes, until the container ends or a signal. */
int docker_logs(const struct docker *docker, const struct container *container, long long lines, bool follow,
	docker_line *line, void *context, struct error *err);

/* ---- for docker_*.c and their tests ---- */

/* Asks; path begins behind the API's version. A status of 400 and above is an error, but for 404 when missing is not
 * NULL: *missing says so. answer may be NULL. */
struct http_answer;
int docker_ask(struct http_answer *answer, const struct docker *docker, const char *method, const char *path,
	double seconds, bool *missing, struct error *err);
/* The sentence in an error's JSON body, else the body's first line; owned. */
char *docker_words(const char *body);

/* The frames of a container's output, and the lines of it, taken apart however they are cut. Zeroed at first. */
struct docker_frames {
	docker_line *line;
	void *context;
	bool terminal;
	unsigned char head[8];
	size_t head_size;
	size_t left;          /* bytes of the frame that are still to come */
	int stream;           /* 1 stdout, 2 stderr */
	struct text half[3];  /* lines that have not ended, by stream */
	bool broken;          /* something that is no frame came */
};
/* False when broken. */
bool docker_frames_take(struct docker_frames *frames, const char *bytes, size_t size);
/* The last lines need no newline. */
void docker_frames_end(struct docker_frames *frames);

#endif
