#include "work/runtime.h"

#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/runtime_kind.h"
#include "work/view.h"

static const struct runtime_kind *const kinds[] = {&runtime_process, &runtime_compose};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct runtime_kind *kind_named(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (text_same(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

static int unknown_kind(const struct run *run, const char *name, struct error *err)
{
	error_set(err, ERROR_USAGE, "%s: there is no runtime '%s'", settings_where(&run->settings, OPTION_RUNTIME),
		name);
	return error_hint(err, "write `process` or `compose`");
}

/* The one that the settings describe; NULL: none. */
static int find_kind(const struct runtime_kind **out, const struct run *run, struct error *err)
{
	const char *named = settings_text(&run->settings, OPTION_RUNTIME);
	const struct runtime_kind *found = NULL;
	AUTO(mem_auto) char *found_where = NULL;
	if (named) {
		*out = kind_named(named);
		return *out ? 0 : unknown_kind(run, named, err);
	}
	for (size_t i = 0; i < KINDS; i++) {
		AUTO(mem_auto) char *where = NULL;
		int rc = kinds[i]->configured(&where, run, err);
		if (rc)
			return rc;
		if (where && found) {
			error_set(err, ERROR_USAGE, "%s describes services as %s, %s as %s", found_where, found->name,
				where,
				kinds[i]->name);
			return error_hint(err, "say which are meant: `runtime: %s` or `runtime: %s`", found->name,
				kinds[i]->name);
		}
		if (where) {
			found = kinds[i];
			mem_replace(&found_where, mem_take(&where));
		}
	}
	*out = found;
	return 0;
}

int runtime_open(struct runtime **out, struct run *run, struct error *err)
{
	const struct runtime_kind *kind = NULL;
	*out = NULL;
	if (settings_flag(&run->settings, OPTION_KEEP_SERVICES))
		return 0;
	int rc = find_kind(&kind, run, err);
	if (rc || !kind)
		return rc;
	struct runtime *runtime = mem_new(sizeof *runtime);
	*runtime = (struct runtime){.kind = kind, .run = run};
	rc = kind->open(runtime, err);
	if (rc) {
		runtime_close(runtime);
		return rc;
	}
	*out = runtime;
	return 0;
}

void runtime_close(struct runtime *runtime)
{
	if (!runtime)
		return;
	runtime->kind->close(runtime);
	mem_free(runtime);
}

void runtime_auto(struct runtime **runtime)
{
	runtime_close(*runtime);
}

const char *runtime_kind(const struct runtime *runtime)
{
	return runtime->kind->name;
}

int runtime_list(struct instances *out, struct runtime *runtime, struct error *err)
{
	return runtime->kind->list(out, runtime, err);
}

int runtime_pinned(char **release, char **where, struct runtime *runtime, struct error *err)
{
	return runtime->kind->pinned(release, where, runtime, err);
}

int runtime_prepare(struct runtime *runtime, struct version release, struct error *err)
{
	return runtime->kind->prepare(runtime, release, err);
}

int runtime_hold(struct runtime *runtime, const char *why, struct error *err)
{
	return runtime->kind->hold(runtime, why, err);
}

int runtime_repin(struct runtime *runtime, struct version release, const char *what, struct error *err)
{
	return runtime->kind->repin(runtime, release, what, err);
}

int runtime_release(struct runtime *runtime, struct error *err)
{
	return runtime->kind->release(runtime, err);
}

int runtime_wait(struct runtime *runtime, double seconds, struct error *err)
{
	return runtime->kind->wait(runtime, seconds, err);
}

int runtime_start(struct runtime *runtime, const struct list *names, double seconds, struct error *err)
{
	return runtime->kind->start(runtime, names, seconds, err);
}

int runtime_stop(struct runtime *runtime, const struct list *names, struct error *err)
{
	return runtime->kind->stop(runtime, names, err);
}

int runtime_restart(struct runtime *runtime, const struct list *names, double seconds, struct error *err)
{
	return runtime->kind->restart(runtime, names, seconds, err);
}

int runtime_status(json_t **out, struct runtime *runtime, struct error *err)
{
	if (runtime->kind->status)
		return runtime->kind->status(out, runtime, err);
	AUTO(instances_clear) struct instances instances = {NULL, 0};
	int rc = runtime_list(&instances, runtime, err);
	if (rc)
		return rc;
	*out = json_object();
	json_put(*out, "runtime", runtime_kind(runtime));
	json_put_value(*out, "services", instances_json(&instances));
	return 0;
}

int runtime_logs(struct runtime *runtime, const struct list *names, long long lines, bool follow, struct error *err)
{
	return runtime->kind->logs(runtime, names, lines, follow, err);
}
