#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/child.h"
#include "work/orphan.h"
#include "work/supervise_private.h"

static const char RECORD[] = "services.json";
static const double GONE_WITHIN = 10, LOOK_AGAIN = 0.05;

char *mark_deployment(const char *directory)
{
	return mem_format(MARK_DEPLOYMENT "=%s", directory);
}

char *mark_service(const struct unit *unit)
{
	return mem_format(MARK_SERVICE "=%s:%s", unit->supervisor->directory, unit->spec.name);
}

/* ---- what is remembered ---- */

/* Losing it costs little: the marks in the environments find most, too. */
void orphans_record(const struct supervisor *supervisor)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(supervisor->directory, RECORD);
	AUTO(json_auto) json_t *json = json_object();
	json_t *array = json_array();
	json_put_value(json, "services", array);
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		const struct unit *unit = supervisor->units[i];
		if (!unit->pid)
			continue;
		json_t *one = json_object();
		json_put(one, "service", unit->spec.name);
		json_put_number(one, "pid", unit->pid);
		json_put_number(one, "born", (int64_t)child_born(unit->pid));
		json_array_append_new(array, one);
	}
	AUTO(mem_auto) char *text = json_print(json);
	AUTO(mem_auto) char *now = NULL;
	if (file_exists(path) && file_read(&now, NULL, path, &err) == 0 && strcmp(now, text) == 0)
		return;
	error_clear(&err);
	if (file_write(path, 0600, text, strlen(text), &err))
		log_warn("%s; a supervisor that comes after this one may not find all of its processes", err.message);
}

/* ---- what is left ---- */

static void add_pid(struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == pid)
			return;
	pids->items = mem_resize(pids->items, (pids->count + 1) * sizeof *pids->items);
	pids->items[pids->count++] = pid;
}

/* The process that has this id now is the one that was recorded. */
static void add_recorded(struct pids *pids, const json_t *record)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(record, "services"), i, one) {
		pid_t pid = (pid_t)json_integer_value(json_object_get(one, "pid"));
		uint64_t born = (uint64_t)json_integer_value(json_object_get(one, "born"));
		if (pid > 1 && born && child_born(pid) == born && child_alive(pid))
			add_pid(pids, pid);
	}
}

static json_t *read_record(const char *directory)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(directory, RECORD);
	AUTO(mem_auto) char *text = NULL;
	json_t *record = NULL;
	size_t size = 0;
	if (file_exists(path) && file_read(&text, &size, path, &ignored) == 0 &&
		json_parse(&record, text, size, path, &ignored) == 0)
		return record;
	return json_object();
}

static void find(struct pids *out, const char *directory, const json_t *record)
{
	AUTO(mem_auto) char *mark = mark_deployment(directory);
	child_marked(out, mark);
	add_recorded(out, record);
}

static int refuse(const struct pids *pids, struct error *err)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	for (size_t i = 0; i < pids->count; i++)
		list_addf(&names, "%ld", (long)pids->items[i]);
	AUTO(mem_auto) char *all = list_join(&names, ", ");
	error_set(err, ERROR_SERVICES, "an earlier supervisor left processes that cannot be ended: %s", all);
	return error_hint(err, "end them as root, as in `kill -9 %ld`, then start again", (long)pids->items[0]);
}

int orphans_sweep(const char *directory, struct error *err)
{
	AUTO(json_auto) json_t *record = read_record(directory);
	double end = clock_elapsed() + GONE_WITHIN;
	for (bool said = false;; said = true) {
		AUTO(pids_clear) struct pids pids = {NULL, 0};
		find(&pids, directory, record);
		if (!pids.count)
			return 0;
		if (!said)
			log_warn("an earlier supervisor left %zu process%s of the services; ended now", pids.count,
				pids.count == 1 ? "" : "es");
		for (size_t i = 0; i < pids.count; i++)
			kill(pids.items[i], SIGKILL);
		if (clock_elapsed() > end)
			return refuse(&pids, err);
		clock_sleep(LOOK_AGAIN);
		int rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}
