/* What the engine's containers write, line by line, to stdout. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "work/compose_private.h"

struct reader {
	const struct docker *docker;
	const struct container *container;
	char *name; /* as the line shows it */
	long long lines;
	bool follow;
	pthread_t thread;
	bool threaded;
	struct error err;
};

/* In one call, which stdio makes whole: several threads write. */
static void show(const char *line, size_t size, void *context)
{
	const struct reader *reader = context;
	AUTO(mem_auto) char *shown = mem_format("[service:%s] %.*s\n", reader->name, (int)size, line);
	fputs(shown, stdout);
	if (reader->follow)
		fflush(stdout);
}

static void *read_one(void *context)
{
	struct reader *reader = context;
	docker_logs(reader->docker, reader->container, reader->lines, reader->follow, show, reader, &reader->err);
	return NULL;
}

/* All at once to follow them; else one after the other, so that lines of a service stand together. */
static void read_all(struct reader *readers, size_t count, bool follow, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct reader *reader = &readers[i];
		reader->threaded = follow && pthread_create(&reader->thread, NULL, read_one, reader) == 0;
		if (!reader->threaded)
			read_one(reader);
	}
	for (size_t i = 0; i < count; i++) {
		struct reader *reader = &readers[i];
		if (reader->threaded)
			pthread_join(reader->thread, NULL);
		if (reader->err.code && !err->code)
			error_move(err, &reader->err);
		error_clear(&reader->err);
		mem_free(reader->name);
	}
}

int compose_logs(const struct compose *compose, const struct list *names, long long lines, bool follow,
	struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	int rc = compose_containers(&containers, compose, err);
	if (rc)
		return rc;
	AUTO(mem_auto) struct reader *readers = mem_array(containers.count, sizeof *readers);
	size_t count = 0;
	for (size_t i = 0; i < containers.count; i++) {
		const struct container *container = &containers.items[i];
		if (names->count && !list_has(names, container->service))
			continue;
		readers[count++] = (struct reader){.docker = &compose->docker, .container = container,
			.name = compose_name(container, compose_count(&containers, container->service)), .lines = lines,
			.follow = follow};
	}
	read_all(readers, count, follow, err);
	return err->code;
}
