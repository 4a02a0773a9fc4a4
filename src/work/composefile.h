/* A compose file as this tool needs it: which services are the engine's, from which image each, in which order they
 * start. Read as compose reads it: variables from the environment and the file `.env` beside it, the override file
 * that compose takes by itself (docker-compose.override.yml), or the other files that the project was made from. What
 * `extends` and `include` bring from other files is not seen. */
#ifndef WORK_COMPOSEFILE_H
#define WORK_COMPOSEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/image.h"
#include "model/settings.h"

struct compose_service {
	char *name;
	char *image;           /* variables expanded; NULL: it is built, or inherits one */
	char *where;           /* that says so: "docker-compose.yaml line 12" */
	struct list variables; /* that stand in it */
	bool elsewhere;        /* another file than the compose file says it */
	bool engine;           /* it is an image of the engine */
	struct list after;     /* services that start before it */
	double grace;          /* seconds from SIGTERM to SIGKILL; negative: Docker's own */
};

struct composefile {
	char *path;      /* as the setting has it */
	char *directory; /* of it */
	char *project;   /* name of the compose project */
	struct list files; /* what compose is to read, itself first */
	char *text;
	size_t size;
	struct compose_service *services; /* in the order in which they start */
	size_t count;
};

/* files: what compose is to read, the compose file itself first; NULL: that and the override file, if there is one.
 * ERROR_USAGE for a file that cannot be read or is none of compose. */
int composefile_read(struct composefile *out, const struct settings *settings, const struct list *files,
	struct error *err);
/* For AUTO(). */
void composefile_clear(struct composefile *file);
/* NULL if there is none. */
const struct compose_service *composefile_find(const struct composefile *file, const char *name);

#endif
