#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/version.h"
#include "work/supervise_private.h"

static void add_unit(struct instances *instances, const struct unit *unit, const char *host)
{
	struct instance *instance = instances_add(instances);
	const char *why = unit->health_error ? unit->health_error : unit->last_error;
	instance->service = mem_copy(unit->spec.name);
	instance->name = mem_copy(unit->spec.name);
	instance->host = mem_copy(host);
	instance->url = service_base_url(unit->spec.health);
	instance->state = service_instance_state(unit->state);
	instance->pid = unit->pid;
	instance->since = unit->since;
	instance->restarts = unit->restarts;
	instance->last_error = mem_copy(why);
}

static void look_at_hold(struct view *view, const struct hold *hold)
{
	mem_replace(&view->held_by, mem_copy(hold->run));
	mem_replace(&view->held_for, mem_copy(hold->why));
	view->held_since = hold->since;
	view->interrupted = hold->run && !hold_lives(hold);
}

/* Written by the run that changes the database, by rename: whole or not there. */
static void look_at_progress(struct view *view, const char *directory)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(directory, "progress.json");
	AUTO(mem_auto) char *text = NULL;
	size_t size = 0;
	json_decref(view->progress);
	view->progress = NULL;
	mem_replace(&view->step, NULL);
	if (!view->held_by || !file_exists(path) || file_read(&text, &size, path, &ignored))
		return;
	json_t *progress = NULL;
	if (json_parse(&progress, text, size, path, &ignored))
		return;
	/* What a run that was killed has left says nothing of the one that holds the services now. */
	if (!text_same(json_text(progress, "run"), view->held_by)) {
		json_decref(progress);
		return;
	}
	view->progress = progress;
	const char *step = json_text(progress, "step");
	mem_replace(&view->step, step ? mem_format("%s: %s", view->held_for, step) : NULL);
}

static void look_at_settings(struct view *view, const struct settings *settings)
{
	struct version version;
	const char *engine = settings_text(settings, OPTION_ENGINE);
	if (!view->code_version && engine)
		view->code_version = mem_copy(version_parse_typed(&version, engine) ? VERSION_TEXT(version) : engine);
}

void view_look(struct supervisor *supervisor)
{
	struct view *view = &supervisor->view;
	char host[256] = "localhost";
	if (gethostname(host, sizeof host - 1) != 0)
		memcpy(host, "localhost", sizeof "localhost");
	mem_replace(&view->host, mem_copy(host));
	instances_clear(&view->instances);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (!supervisor->units[i]->removed)
			add_unit(&view->instances, supervisor->units[i], host);
	view->started = supervisor->started;
	view->seconds = clock_supervised() - supervisor->began;
	look_at_hold(view, &supervisor->hold);
	look_at_progress(view, supervisor->directory);
	look_at_settings(view, &supervisor->run->settings);
}
