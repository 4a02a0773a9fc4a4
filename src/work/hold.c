#include "work/hold.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/child.h"
#include "work/control.h"

static const double LOOK_AGAIN = 0.2;

void hold_clear(struct hold *hold)
{
	mem_free(hold->run);
	mem_free(hold->why);
	list_clear(&hold->ran);
	*hold = (struct hold){.run = NULL};
}

static int unreadable(const char *path, struct error *err)
{
	return error_hint(err,
		"settle the database by `anchore-admin upgrade` or `anchore-admin downgrade`, or, if it is "
		"settled, remove %s", path);
}

int hold_read(struct hold *out, const char *directory, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(directory, HOLD_FILE);
	AUTO(mem_auto) char *text = NULL;
	AUTO(json_auto) json_t *json = NULL;
	size_t size = 0;
	if (!file_exists(path))
		return 0;
	int rc = file_read(&text, &size, path, err);
	if (!rc)
		rc = json_parse(&json, text, size, path, err);
	if (!rc && (!json_text(json, "run") || !json_is_array(json_object_get(json, "ran"))))
		rc = error_set(err, ERROR_FAILED, "%s does not say who holds the services", path);
	if (rc)
		return unreadable(path, err);
	const char *since = json_text(json, "since");
	hold_clear(out);
	out->run = mem_copy(json_text(json, "run"));
	out->why = mem_copy(json_text(json, "for") ? json_text(json, "for") : "a change");
	if (!since || !text_time_parse(since, &out->since))
		out->since = 0;
	out->pid = (pid_t)json_integer_value(json_object_get(json, "pid"));
	out->born = (uint64_t)json_integer_value(json_object_get(json, "born"));
	json_to_list(&out->ran, json_object_get(json, "ran"));
	return 0;
}

int hold_write(const struct hold *hold, const char *directory, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(directory, HOLD_FILE);
	AUTO(mem_auto) char *since = text_time(hold->since);
	AUTO(json_auto) json_t *json = json_object();
	json_put(json, "run", hold->run);
	json_put(json, "for", hold->why);
	json_put(json, "since", since);
	json_put_number(json, "pid", hold->pid);
	json_put_number(json, "born", (int64_t)hold->born);
	json_put_value(json, "ran", json_from_list(&hold->ran));
	AUTO(mem_auto) char *text = json_print(json);
	return file_write(path, 0600, text, strlen(text), err);
}

int hold_lock(int *lock, const char *directory, double seconds, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(directory, CONTROL_LOCK);
	double end = clock_elapsed() + seconds;
	int rc = file_make_directories(directory, 0700, err);
	while (!rc && (rc = file_lock(lock, path, err)) == ERROR_LOCKED && clock_elapsed() < end) {
		clock_sleep(LOOK_AGAIN);
		rc = interrupt_check(err);
		if (rc)
			return rc;
		error_clear(err);
	}
	return rc == ERROR_LOCKED ? error_context(err, "the services are being started or stopped") : rc;
}

int hold_remove(const char *directory, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(directory, HOLD_FILE);
	int rc = file_remove(path, err);
	return rc ? rc : file_sync_directory(directory, err);
}

bool hold_lives(const struct hold *hold)
{
	return hold->pid > 0 && hold->born && child_born(hold->pid) == hold->born;
}

int hold_refuse(const struct hold *hold, struct error *err)
{
	AUTO(mem_auto) char *since = text_time(hold->since);
	if (hold_lives(hold)) {
		error_set(err, ERROR_REFUSED, "the services are held by the run %s (%s, process %ld) since %s",
			hold->run, hold->why, (long)hold->pid, since);
		return error_hint(err, "wait until it has ended; `anchore-admin service status` shows how far it is");
	}
	error_set(err, ERROR_REFUSED, "the services are held since %s by the run %s (%s), which did not end properly",
		since, hold->run, hold->why);
	return error_hint(err,
		"settle the database by `anchore-admin upgrade` or `anchore-admin downgrade --to VERSION`, "
		"which starts them again; `anchore-admin db status` says where it is");
}

int hold_take(struct hold *hold, const char *run, const char *why, pid_t pid, struct error *err)
{
	if (hold->run && !text_same(hold->run, run) && hold->pid != pid && hold_lives(hold)) {
		error_set(err, ERROR_LOCKED, "the run %s (%s, process %ld) holds the services", hold->run, hold->why,
			(long)hold->pid);
		return error_hint(err, "wait until it has ended; `anchore-admin service status` shows how far it is");
	}
	mem_replace(&hold->run, mem_copy(run));
	mem_replace(&hold->why, mem_copy(why));
	hold->since = clock_now();
	hold->pid = pid;
	hold->born = child_born(pid);
	return 0;
}
