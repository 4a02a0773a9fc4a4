/* Starting the engine's services by docker-compose. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/proc.h"
#include "work/compose_private.h"

static bool has_plugin(void)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	struct proc proc = {.argv = (const char *const[]){"docker", "compose", "version", NULL}, .group = true};
	return proc_run(NULL, NULL, &proc, &ignored) == 0;
}

/* The one that made the project's containers, where there is a choice: each names containers in its own way. */
static int find_program(struct list *argv, const struct compose *compose, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	AUTO(mem_auto) char *program = proc_find("docker-compose");
	int rc = compose_containers(&containers, compose, err);
	if (rc)
		return rc;
	const char *version = containers.count ? containers.items[0].compose_version : NULL;
	if (program && ((version && text_starts(version, "1.")) || !has_plugin())) {
		list_add(argv, program);
		return 0;
	}
	if (program || has_plugin()) {
		list_add(argv, "docker");
		list_add(argv, "compose");
		return 0;
	}
	error_set(err, ERROR_USAGE, "neither `docker compose` nor docker-compose is installed");
	return error_hint(err, "install one: `apt-get install docker-compose`");
}

static int run_compose(const struct compose *compose, const struct list *arguments, struct error *err)
{
	AUTO(list_clear) struct list environment = LIST_INIT;
	AUTO(mem_auto) const char **argv = mem_array(arguments->count + 1, sizeof *argv);
	AUTO(mem_auto) char *line = list_join(arguments, " ");
	for (size_t i = 0; i < arguments->count; i++)
		argv[i] = arguments->items[i];
	list_addf(&environment, "DOCKER_HOST=unix://%s", compose->docker.socket);
	list_add(&environment, "DOCKER_CONTEXT");
	list_add(&environment, "DOCKER_TLS_VERIFY");
	list_add(&environment, "COMPOSE_FILE");
	struct proc proc = {.argv = argv, .environment = &environment, .directory = compose->file.directory,
		.group = true};
	log_detail("%s", line);
	int rc = proc_run(NULL, NULL, &proc, err);
	if (rc != ERROR_FAILED)
		return rc;
	err->code = ERROR_SERVICES;
	return error_hint(err, "see what `%s` says", line);
}

/* `up -d --no-deps --scale a=1 --scale b=3 a b`: without the services that are not named, above all the database. */
static int up(const struct compose *compose, const struct list *program, const struct list *names,
	const struct list *services, struct error *err)
{
	AUTO(list_clear) struct list argv = LIST_INIT;
	list_add_all(&argv, program);
	list_add(&argv, "--project-name");
	list_add(&argv, compose->file.project);
	for (size_t i = 0; i < compose->file.files.count; i++) {
		list_add(&argv, "-f");
		list_add(&argv, compose->file.files.items[i]);
	}
	list_add(&argv, "up");
	list_add(&argv, "-d");
	list_add(&argv, "--no-deps");
	for (size_t i = 0; i < names->count; i++) {
		size_t count = 0;
		for (size_t j = 0; j < services->count; j++)
			count += strcmp(services->items[j], names->items[i]) == 0;
		if (!count)
			continue;
		list_add(&argv, "--scale");
		list_addf(&argv, "%s=%zu", names->items[i], count);
	}
	list_add_all(&argv, names);
	int rc = run_compose(compose, &argv, err);
	if (!rc)
		for (size_t i = 0; i < names->count; i++)
			log_note("started %s", names->items[i]);
	return rc;
}

static bool wanted(const struct list *services, const char *name)
{
	AUTO(mem_auto) char *any = mem_format("%s*", name);
	return list_has(services, name) || list_has(services, any);
}

int compose_up(struct compose *compose, const struct list *services, struct error *err)
{
	AUTO(list_clear) struct list program = LIST_INIT, first = LIST_INIT, rest = LIST_INIT;
	for (size_t i = 0; i < compose->file.count; i++) {
		const struct compose_service *service = &compose->file.services[i];
		if (service->engine && wanted(services, service->name))
			list_add(first.count ? &rest : &first, service->name);
	}
	list_clear(&compose->started);
	list_add_all(&compose->started, services);
	compose->waits = true;
	/* The first one is the catalog, which the others ask; those compose itself orders. */
	int rc = first.count ? find_program(&program, compose, err) : 0;
	if (!rc && first.count)
		rc = up(compose, &program, &first, services, err);
	if (!rc && rest.count)
		rc = up(compose, &program, &rest, services, err);
	return rc;
}
