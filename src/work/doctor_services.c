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
	if (doctor->facts_known)
		system_missing(&missing, system);
	else
		system_missing_instances(&missing, system);
	AUTO(mem_auto) char *all = list_join(&missing, "; ");
	if (!missing.count)
		doctor_add(doctor, "services", FINDING_OK, mem_copy("all services are up"), NULL);
	else /* They may be meant to be down. */
		doctor_add(doctor, "services", FINDING_NOTE, mem_copy(all),
			mem_copy(system->runtime ? "start them with `anchore-admin service start`, see why with "
				"`anchore-admin service logs`" : "look with `anchore-admin system status`"));
}

/* What the runtime says is looked at whether the database answers or not: it may be one of its containers. */
void doctor_check_services(struct doctor *doctor)
{
	AUTO(system_clear) struct system system = {.runtime = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (doctor->no_docker)
		return;
	int rc = doctor->facts_known ? system_look(&system, doctor->run, &doctor->migrations, true, &why) :
		system_look_at_runtime(&system, doctor->run, &why);
	if (system.held_by)
		doctor_add(doctor, "services", FINDING_PROBLEM, mem_format("the services are held for %s, by run %s",
			system.held_for, system.held_by),
			mem_format("if that run has ended, finish it with `anchore-admin "
			"%s`", system.held_for));
	if (rc) {
		doctor_failed(doctor, "services", &why);
		return;
	}
	if (doctor->facts_known)
		add_versions(doctor, &system);
	if (!system.held_by && (doctor->facts_known || system.runtime))
		add_missing(doctor, &system);
}

/* ---- the job ---- */

/* One of several deployments names its settings file; a line without it is taken for this one's. */
static bool is_of(const char *line, const char *config)
{
	bool named = strstr(line, "--config") || strstr(line, " -c");
	return !named || (config && strstr(line, config));
}

/* A job that was written by hand: a line of the file that is no comment and starts this program. */
static bool starts_us(const char *path, const char *config)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *text = NULL;
	AUTO(list_clear) struct list lines = LIST_INIT;
	if (!file_exists(path) || file_is_directory(path) || file_read(&text, NULL, path, &ignored) != 0 ||
	    installed_is_anothers(text, config))
		return false;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		if (line[strspn(line, " \t")] != '#' && strstr(line, "anchore-admin") &&
		    (strstr(line, "backup") || strstr(line, "cron run")) && is_of(line, config))
			return true;
	}
	return false;
}

/* A timer says nothing of it, but ours say whose they are. */
static bool is_our_timer(const char *path, const char *config)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *text = NULL;
	return strstr(path_base(path), "anchore-admin") && text_ends(path, ".timer") &&
		file_read(&text, NULL, path, &ignored) == 0 && !installed_is_anothers(text, config);
}

/* Where cron and systemd look; a timer is installed once it is wanted. */
static void find_jobs(struct list *out, const char *config)
{
	static const struct {
		const char *folder;
		bool (*ours)(const char *path, const char *config);
	} places[] = {{"/etc/cron.d", starts_us}, {"/var/spool/cron/crontabs", starts_us},
		{"/etc/systemd/system/timers.target.wants", is_our_timer}};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		AUTO(error_clear) struct error ignored = ERROR_INIT;
		AUTO(list_clear) struct list names = LIST_INIT;
		AUTO(mem_auto) char *folder = mem_format("%s%s", installed_root(), places[i].folder);
		if (!file_is_directory(folder) || file_list(&names, folder, &ignored) != 0)
			continue;
		for (size_t k = 0; k < names.count; k++) {
			AUTO(mem_auto) char *path = path_join(folder, names.items[k]);
			if (places[i].ours(path, config))
				list_add(out, path);
		}
	}
	AUTO(mem_auto) char *table = mem_format("%s/etc/crontab", installed_root());
	if (starts_us(table, config))
		list_add(out, table);
}

static void schedule_clear(struct doctor_schedule *schedule)
{
	list_clear(&schedule->where);
	attempt_clear(&schedule->attempt);
	mem_free(schedule->unit);
	mem_free(schedule->remedy);
}

void doctor_check_schedule(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(installed_clear) struct installed installed = {.kind = INSTALLED_NOT};
	AUTO(schedule_clear) struct doctor_schedule schedule = {.now = doctor->now};
	const struct settings *settings = &doctor->run->settings;
	const char *store = settings_text(settings, OPTION_STORE);
	installed_find(&installed, doctor->run);
	list_add_all(&schedule.where, &installed.paths);
	if (!schedule.where.count)
		find_jobs(&schedule.where, settings_text(settings, OPTION_CONFIG));
	if (store && attempt_read(&schedule.attempt, store, &why) != 0) {
		doctor_failed(doctor, "schedule", &why);
		return;
	}
	schedule.killed = store && attempt_killed(&schedule.attempt, store);
	schedule.unit = installed.disabled ? mem_copy(installed.unit) : NULL;
	schedule.remedy = installed_remedy(&installed);
	schedule.missed = installed_missed(&installed, schedule.attempt.last, doctor->now);
	doctor_schedule(doctor->out, &schedule);
}
