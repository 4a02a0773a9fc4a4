/* The compose runtime, see work/runtime.h: reads and stops through the Docker Engine API, starts by docker-compose. */
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/compose_private.h"
#include "work/control.h"
#include "work/hold.h"
#include "work/pin.h"
#include "work/runtime_kind.h"
#include "work/view.h"

static const double PATIENCE = 60; /* seconds: what `service start` takes at most, and more */

static int compose_configured(char **where, const struct run *run, struct error *err)
{
	(void)err;
	*where = mem_copy(settings_where(&run->settings, OPTION_COMPOSE_FILE));
	return 0;
}

static void compose_close(struct runtime *runtime)
{
	struct compose *compose = runtime->state;
	if (!compose)
		return;
	composefile_clear(&compose->file);
	docker_close(&compose->docker);
	list_clear(&compose->started);
	list_clear(&compose->files);
	mem_free(compose);
	runtime->state = NULL;
}

static bool has_engine(const struct composefile *file)
{
	for (size_t i = 0; i < file->count; i++)
		if (file->services[i].engine)
			return true;
	return false;
}

/* The file as it is now: an operator may have changed it, as repinning does. */
static int reload(struct runtime *runtime, struct error *err)
{
	struct compose *compose = runtime->state;
	struct composefile file = {.path = NULL};
	int rc = composefile_read(&file, &runtime->run->settings, compose->files.count ? &compose->files : NULL, err);
	if (rc)
		return rc;
	composefile_clear(&compose->file);
	compose->file = file;
	if (has_engine(&file))
		return 0;
	error_set(err, ERROR_USAGE, "%s has no service of the engine", file.path);
	return error_hint(err, "name the last part of its image with `--engine-image NAME`");
}

static int compose_open(struct runtime *runtime, struct error *err)
{
	struct compose *compose = mem_new(sizeof *compose);
	runtime->state = compose;
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	int rc = reload(runtime, err);
	if (!rc)
		rc = docker_open(&compose->docker, &runtime->run->settings, err);
	if (!rc)
		rc = compose_containers(&containers, compose, err);
	if (rc)
		return rc;
	compose_find_files(&compose->files, compose, &containers);
	return compose->files.count ? reload(runtime, err) : 0;
}

static int compose_list(struct instances *out, struct runtime *runtime, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	struct instances instances = {NULL, 0};
	struct compose *compose = runtime->state;
	int rc = compose_containers(&containers, compose, err);
	if (!rc && !containers.count)
		rc = compose_look_for_project(compose, err);
	if (rc)
		return rc;
	/* Before the first start there are no containers, but there are services. */
	for (size_t i = 0; !containers.count && i < compose->file.count; i++) {
		if (!compose->file.services[i].engine)
			continue;
		struct instance *instance = instances_add(&instances);
		instance->service = mem_copy(compose->file.services[i].name);
		instance->name = mem_copy(compose->file.services[i].name);
	}
	for (size_t i = 0; i < containers.count; i++)
		compose_instance(instances_add(&instances), &containers.items[i],
			compose_count(&containers, containers.items[i].service));
	*out = instances;
	return 0;
}

static int compose_pinned(char **release, char **where, struct runtime *runtime, struct error *err)
{
	struct compose *compose = runtime->state;
	int rc = reload(runtime, err);
	return rc ? rc : pin_release(release, where, &compose->file, err);
}

/* ---- a change ---- */

static bool uses_git(const struct runtime *runtime)
{
	return settings_flag(&runtime->run->settings, OPTION_DEPLOYMENT_GIT);
}

static int new_text(char **text, size_t *size, struct runtime *runtime, struct version release, struct error *err)
{
	struct compose *compose = runtime->state;
	bool force = settings_flag(&runtime->run->settings, OPTION_PIN);
	int rc = reload(runtime, err);
	return rc ? rc : pin_edit(text, size, &compose->file, release, force, err);
}

static bool changes(const struct composefile *file, const char *text, size_t size)
{
	return size != file->size || memcmp(text, file->text, size) != 0;
}

/* A project that Docker does not know is most often one of another name: nothing would be stopped. */
static int check_project(const struct compose *compose, struct error *err)
{
	AUTO(containers_clear) struct containers all = {NULL, 0};
	int rc = docker_list(&all, &compose->docker, compose->file.project, err);
	if (rc || all.count)
		return rc;
	error_set(err, ERROR_REFUSED, "Docker knows no compose project %s", compose->file.project);
	return error_hint(err, "name it with `--compose-project NAME`, as `docker ps --format '{{.Label "
		"\"com.docker.compose.project\"}}'` shows it; or create it with `docker-compose -f %s up --no-start`",
		compose->file.path);
}

static int pull(const struct compose *compose, const char *image, struct error *err)
{
	bool there = false;
	int rc = docker_has_image(&there, &compose->docker, image, err);
	return rc || there ? rc : docker_pull(&compose->docker, image, err);
}

static int compose_prepare(struct runtime *runtime, struct version release, struct error *err)
{
	struct compose *compose = runtime->state;
	AUTO(mem_auto) char *text = NULL;
	AUTO(list_clear) struct list images = LIST_INIT;
	size_t size = 0;
	int rc = new_text(&text, &size, runtime, release, err);
	if (!rc && changes(&compose->file, text, size))
		rc = pin_check(compose->file.path, uses_git(runtime), err);
	if (!rc)
		rc = check_project(compose, err);
	if (rc)
		return rc;
	pin_images(&images, &compose->file, release);
	for (size_t i = 0; !rc && i < images.count; i++)
		rc = pull(compose, images.items[i], err);
	return rc;
}

/* The run folder, locked, see hold_lock(). */
static int lock_services(int *out, char **directory, const struct runtime *runtime, double seconds, struct error *err)
{
	int rc = control_directory(directory, runtime->run, err);
	return rc ? rc : hold_lock(out, *directory, seconds, err);
}

/* What a dead run noted stays; of what runs now, as many more as there are. */
static int note_running(struct hold *hold, const struct compose *compose, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	AUTO(list_clear) struct list noted = LIST_INIT;
	int rc = compose_containers(&containers, compose, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < compose->file.count; i++) {
		const char *name = compose->file.services[i].name;
		size_t before = 0, now = 0;
		for (size_t j = 0; j < hold->ran.count; j++)
			before += strcmp(hold->ran.items[j], name) == 0;
		for (size_t j = 0; j < containers.count; j++)
			now += container_alive(&containers.items[j]) && strcmp(containers.items[j].service, name) == 0;
		for (size_t j = 0; j < (now > before ? now : before); j++)
			list_add(&noted, name);
	}
	list_clear(&hold->ran);
	list_add_all(&hold->ran, &noted);
	return 0;
}

static int compose_hold(struct runtime *runtime, const char *why, struct error *err)
{
	struct compose *compose = runtime->state;
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	AUTO(mem_auto) char *directory = NULL;
	AUTO(file_close) int lock = -1;
	const struct list all = LIST_INIT;
	int rc = lock_services(&lock, &directory, runtime, PATIENCE, err);
	if (!rc)
		rc = hold_read(&hold, directory, err);
	if (!rc)
		rc = hold_take(&hold, runtime->run->id, why, getpid(), err);
	if (!rc)
		rc = note_running(&hold, compose, err);
	/* Before the first is stopped: whatever becomes of this process, what ran is known. */
	if (!rc)
		rc = hold_write(&hold, directory, err);
	if (!rc)
		rc = fault_point("compose-stop", err);
	return rc ? rc : compose_stop(compose, &all, err);
}

static int compose_repin(struct runtime *runtime, struct version release, const char *what, struct error *err)
{
	struct compose *compose = runtime->state;
	AUTO(mem_auto) char *text = NULL;
	size_t size = 0;
	int rc = new_text(&text, &size, runtime, release, err);
	if (rc || !changes(&compose->file, text, size))
		return rc;
	rc = pin_write(compose->file.path, text, size, uses_git(runtime), release, what, err);
	return rc ? rc : reload(runtime, err);
}

static int compose_release(struct runtime *runtime, struct error *err)
{
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	AUTO(mem_auto) char *directory = NULL;
	AUTO(file_close) int lock = -1;
	int rc = lock_services(&lock, &directory, runtime, PATIENCE, err);
	if (!rc)
		rc = hold_read(&hold, directory, err);
	/* Whoever is not named by the hold must not end it. */
	if (!rc && hold.run && !text_same(hold.run, runtime->run->id))
		return hold_refuse(&hold, err);
	if (!rc && hold.run)
		rc = compose_up(runtime->state, &hold.ran, err);
	if (!rc)
		rc = fault_point("compose-started", err);
	return rc || !hold.run ? rc : hold_remove(directory, err);
}

static int compose_wait_for(struct runtime *runtime, double seconds, struct error *err)
{
	return compose_wait(runtime->state, seconds, err);
}

/* ---- service … ---- */

static int check_names(const struct compose *compose, const struct list *names, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct compose_service *service = composefile_find(&compose->file, names->items[i]);
		if (service && service->engine)
			continue;
		AUTO(list_clear) struct list known = LIST_INIT;
		for (size_t j = 0; j < compose->file.count; j++)
			if (compose->file.services[j].engine)
				list_add(&known, compose->file.services[j].name);
		AUTO(mem_auto) char *all = list_join(&known, ", ");
		error_set(err, ERROR_USAGE, "%s is no service of the engine in %s", names->items[i],
			compose->file.path);
		return error_hint(err, "its services are: %s", all);
	}
	return 0;
}

static int find_hold(struct hold *out, struct runtime *runtime, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	int rc = control_directory(&directory, runtime->run, err);
	return rc ? rc : hold_read(out, directory, err);
}

/* That no run holds them, and none can before *lock is closed. */
static int lock_unheld(int *lock, struct runtime *runtime, struct error *err)
{
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	AUTO(mem_auto) char *directory = NULL;
	int rc = find_hold(&hold, runtime, err);
	/* A run that holds them says more than its lock does. */
	if (!rc && !hold.run)
		rc = lock_services(lock, &directory, runtime, 0, err);
	if (!rc && !hold.run)
		rc = hold_read(&hold, directory, err);
	return !rc && hold.run ? hold_refuse(&hold, err) : rc;
}

static int compose_status(json_t **out, struct runtime *runtime, struct error *err)
{
	AUTO(hold_clear) struct hold hold = {.run = NULL};
	AUTO(instances_clear) struct instances instances = {NULL, 0};
	int rc = compose_list(&instances, runtime, err);
	if (!rc)
		rc = find_hold(&hold, runtime, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *since = hold.since ? text_time(hold.since) : NULL;
	json_t *held = hold.run ? json_object() : json_null();
	if (hold.run) {
		json_put(held, "run", hold.run);
		json_put(held, "for", hold.why);
		json_put(held, "since", since);
	}
	*out = json_object();
	json_put(*out, "runtime", runtime->kind->name);
	json_put_value(*out, "services", instances_json(&instances));
	json_put_value(*out, "held", held);
	return 0;
}

/* As many instances as there are containers; as compose chooses where there are none. */
static int start_named(struct compose *compose, const struct list *names, struct error *err)
{
	AUTO(containers_clear) struct containers containers = {NULL, 0};
	AUTO(list_clear) struct list services = LIST_INIT;
	int rc = compose_containers(&containers, compose, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < compose->file.count; i++) {
		const struct compose_service *service = &compose->file.services[i];
		if (!service->engine || (names->count && !list_has(names, service->name)))
			continue;
		size_t count = compose_count(&containers, service->name);
		for (size_t j = 0; j < count; j++)
			list_add(&services, service->name);
		if (!count)
			list_addf(&services, "%s*", service->name);
	}
	return compose_up(compose, &services, err);
}

static int compose_start(struct runtime *runtime, const struct list *names, double seconds, struct error *err)
{
	AUTO(file_close) int lock = -1;
	int rc = check_names(runtime->state, names, err);
	if (!rc)
		rc = lock_unheld(&lock, runtime, err);
	if (!rc)
		rc = start_named(runtime->state, names, err);
	file_close(&lock);
	return rc || seconds <= 0 ? rc : compose_wait(runtime->state, seconds, err);
}

static int compose_stop_named(struct runtime *runtime, const struct list *names, struct error *err)
{
	int rc = check_names(runtime->state, names, err);
	return rc ? rc : compose_stop(runtime->state, names, err);
}

static int compose_restart(struct runtime *runtime, const struct list *names, double seconds, struct error *err)
{
	AUTO(file_close) int lock = -1;
	int rc = check_names(runtime->state, names, err);
	if (!rc)
		rc = lock_unheld(&lock, runtime, err);
	if (!rc)
		rc = compose_stop(runtime->state, names, err);
	if (!rc)
		rc = start_named(runtime->state, names, err);
	file_close(&lock);
	return rc || seconds <= 0 ? rc : compose_wait(runtime->state, seconds, err);
}

static int compose_show_logs(struct runtime *runtime, const struct list *names, long long lines, bool follow,
	struct error *err)
{
	int rc = check_names(runtime->state, names, err);
	return rc ? rc : compose_logs(runtime->state, names, lines, follow, err);
}

const struct runtime_kind runtime_compose = {
	.name = "compose",
	.configured = compose_configured,
	.open = compose_open,
	.close = compose_close,
	.list = compose_list,
	.pinned = compose_pinned,
	.prepare = compose_prepare,
	.hold = compose_hold,
	.repin = compose_repin,
	.release = compose_release,
	.wait = compose_wait_for,
	.start = compose_start,
	.stop = compose_stop_named,
	.restart = compose_restart,
	.logs = compose_show_logs,
	.status = compose_status,
};
