/* The engine's services, and the job that is to run every night. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "work/attempt.h"
#include "work/doctor_private.h"
#include "work/installed.h"
#include "work/system.h"

/* ---- services ---- */

static void add_versions(struct doctor *doctor, const struct system *system)
{
	if (system->advice)
		doctor_add(doctor, "services", system->pair_known ? FINDING_PROBLEM : FINDING_NOTE,
			mem_copy(system->pair_known ? "the database and the engine's release do not belong together" :
				"which release of the engine runs is not known"), mem_copy(system->advice));
}

static void add_missing(struct doctor *doctor, const struct system *system)
{
	AUTO(list_clear) struct list missing = LIST_INIT;
	system_missing(&missing, system);
	AUTO(mem_auto) char *all = list_join(&missing, "; ");
	if (!missing.count)
		doctor_add(doctor, "services", FINDING_OK, mem_copy("all services are up"), NULL);
	else /* They may be meant to be down. */
		doctor_add(doctor, "services", FINDING_NOTE, mem_copy(all),
			mem_copy(system->runtime ? "start them with `anchore-admin service start`, see why with "
				"`anchore-admin service logs`" : "look with `anchore-admin system status`"));
}

void doctor_check_services(struct doctor *doctor)
{
	AUTO(system_clear) struct system system = {.runtime = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (!doctor->migrations_read || !doctor->facts_known)
		return;
	int rc = system_look(&system, doctor->run, &doctor->migrations, true, &why);
	if (system.held_by)
		doctor_add(doctor, "services", FINDING_PROBLEM, mem_format("the services are held for %s, by run %s",
			system.held_for, system.held_by),
			mem_format("if that run has ended, finish it with `anchore-admin "
			"%s`", system.held_for));
	if (rc) {
		doctor_failed(doctor, "services", &why);
		return;
	}
	add_versions(doctor, &system);
	if (!system.held_by)
		add_missing(doctor, &system);
}

/* ---- the job ---- */

/* A job that was written by hand: a line of the file that is no comment and starts this program. */
static bool starts_us(const char *path)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *text = NULL;
	AUTO(list_clear) struct list lines = LIST_INIT;
	size_t size = 0;
	if (file_is_directory(path) || file_read(&text, &size, path, &ignored) != 0)
		return false;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++)
		if (lines.items[i][strspn(lines.items[i], " \t")] != '#' && strstr(lines.items[i], "anchore-admin") &&
		    (strstr(lines.items[i], "backup") || strstr(lines.items[i], "cron run")))
			return true;
	return false;
}

/* Where cron and systemd look; a timer is installed once it is wanted. */
static void find_jobs(struct list *out)
{
	static const struct {
		const char *folder, *ending;
	} places[] = {{"/etc/cron.d", ""}, {"/var/spool/cron/crontabs", ""}, {"/etc/systemd/system/timers.target.wants",
		".timer"}};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		AUTO(error_clear) struct error ignored = ERROR_INIT;
		AUTO(list_clear) struct list names = LIST_INIT;
		if (!file_is_directory(places[i].folder) || file_list(&names, places[i].folder, &ignored) != 0)
			continue;
		for (size_t k = 0; k < names.count; k++) {
			AUTO(mem_auto) char *path = path_join(places[i].folder, names.items[k]);
			bool timer = *places[i].ending;
			if (timer ? strstr(names.items[k], "anchore-admin") && text_ends(path, ".timer") :
				starts_us(path))
				list_add(out, path);
		}
	}
	if (starts_us("/etc/crontab"))
		list_add(out, "/etc/crontab");
}

void doctor_check_schedule(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	AUTO(installed_clear) struct installed installed = {.kind = INSTALLED_NOT};
	AUTO(list_clear) struct list where = LIST_INIT;
	const char *store = settings_text(&doctor->run->settings, OPTION_STORE);
	installed_find(&installed, doctor->run);
	list_add_all(&where, &installed.paths);
	if (!where.count)
		find_jobs(&where);
	if (store && attempt_read(&attempt, store, &why) != 0) {
		doctor_failed(doctor, "schedule", &why);
		return;
	}
	uint64_t missed = attempt.last ?
		crontab_missed(installed.known ? &installed.crontab : NULL, attempt.last, doctor->now) : 0;
	doctor_schedule(doctor->out, &where, &attempt, missed, doctor->now);
}
