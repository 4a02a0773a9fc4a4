/* What stands in files beside the database and the store: settings, hooks, metrics, logs, SQL files. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/conninfo.h"
#include "work/control.h"
#include "work/doctor_private.h"
#include "work/pin.h"
#include "work/sources.h"

static bool has_secret(const struct settings *settings)
{
	const char *database = settings_text(settings, OPTION_DATABASE);
	if (!database || settings->values[OPTION_DATABASE].source != SOURCE_FILE)
		return false;
	AUTO(mem_auto) char *shown = conninfo_redact(database);
	return strcmp(shown, database) != 0;
}

void doctor_check_settings(struct doctor *doctor)
{
	struct settings *settings = &doctor->run->settings;
	AUTO(error_clear) struct error why = ERROR_INIT;
	struct doctor_file file = {.what = "the settings file"};
	int rc = sources_file(settings, doctor->directory, &why);
	const char *path = settings_text(settings, OPTION_CONFIG);
	if (!rc)
		rc = pin_engine_setting(settings, &why);
	if (rc) {
		doctor_failed(doctor, "settings", &why);
	} else if (!path) {
		doctor_add(doctor, "settings", FINDING_NOTE,
			mem_copy("there is no settings file here or in /etc, so only "
			"options and the environment count"),
			mem_copy("make a deployment with `anchore-admin init DIR`, or "
			"name its file with `--config FILE`"));
	} else {
		doctor_look_at(&file, path);
		doctor_settings_file(doctor->out, &file, has_secret(settings));
	}
}

/* ---- hooks ---- */

/* A program that anybody may replace would run as whoever runs this. */
static bool hook_is_open(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 &&
		((status.st_mode & S_IWOTH) || (status.st_uid != 0 && status.st_uid != geteuid()));
}

static size_t look_at_hooks(struct list *open, const char *folder)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list phases = LIST_INIT;
	size_t count = 0;
	if (hook_is_open(folder))
		list_add(open, folder);
	if (file_list(&phases, folder, &ignored) != 0)
		return 0;
	for (size_t i = 0; i < phases.count; i++) {
		AUTO(list_clear) struct list names = LIST_INIT;
		AUTO(mem_auto) char *phase = path_join(folder, phases.items[i]);
		if (!text_ends(phase, ".d") || !file_is_directory(phase) || file_list(&names, phase, &ignored) != 0)
			continue;
		if (hook_is_open(phase))
			list_add(open, phase);
		for (size_t k = 0; k < names.count; k++) {
			AUTO(mem_auto) char *path = path_join(phase, names.items[k]);
			if (access(path, X_OK) == 0 && hook_is_open(path))
				list_add(open, path);
			count += access(path, X_OK) == 0;
		}
	}
	return count;
}

void doctor_check_hooks(struct doctor *doctor)
{
	const char *named = settings_text(&doctor->run->settings, OPTION_HOOKS_DIR);
	const char *config = settings_text(&doctor->run->settings, OPTION_CONFIG);
	AUTO(mem_auto) char *beside = config ? path_directory(config) : NULL;
	AUTO(mem_auto) char *folder = named ? mem_copy(named) : beside ? path_join(beside, "hooks") : NULL;
	AUTO(list_clear) struct list open = LIST_INIT;
	if (named && !file_is_directory(named))
		doctor_add(doctor, "hooks", FINDING_PROBLEM, mem_format("there is no folder %s, which the setting "
			"hooks_dir names", named), mem_format("`mkdir %s`, or take the setting out", named));
	if (!folder || !file_is_directory(folder))
		return;
	size_t count = look_at_hooks(&open, folder);
	AUTO(mem_auto) char *hooks = text_plural(count, "hook");
	if (open.count)
		doctor_add(doctor, "hooks", FINDING_PROBLEM,
			mem_format("others may change %s, so what is in it is not run",
			open.items[0]), mem_format("`chown root %s && chmod o-w %s`", open.items[0], open.items[0]));
	else
		doctor_add(doctor, "hooks", FINDING_OK, mem_format("%s in %s", hooks, folder), NULL);
}

/* ---- metrics, logs ---- */

void doctor_check_metrics(struct doctor *doctor)
{
	const char *path = settings_text(&doctor->run->settings, OPTION_METRICS_FILE);
	if (!path)
		return;
	AUTO(mem_auto) char *folder = path_directory(path);
	if (access(folder, W_OK | X_OK) != 0)
		doctor_add(doctor, "metrics", FINDING_PROBLEM,
			mem_format("this user may not write to %s, where %s goes",
			folder, path), mem_format("`mkdir -p %s`, or give this user the right to write there", folder));
	else if (!text_ends(path, ".prom"))
		doctor_add(doctor, "metrics", FINDING_PROBLEM,
			mem_format("%s does not end in .prom, so the collector does "
			"not read it", path), mem_format("set `metrics_file: %s.prom`", path));
	else
		doctor_add(doctor, "metrics", FINDING_OK, mem_format("%s can be written", path), NULL);
}

void doctor_check_logs(struct doctor *doctor)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *folder = NULL;
	uint64_t room = 0;
	if (control_log_directory(&folder, doctor->run, &ignored) != 0 || !file_is_directory(folder))
		return;
	if (access(folder, W_OK | X_OK) != 0)
		doctor_add(doctor, "logs", FINDING_PROBLEM, mem_format("this user may not write to %s", folder),
			mem_format("run it as the folder's owner, see `ls -ld %s`", folder));
	if (file_space(&room, folder, &ignored) != 0)
		return;
	AUTO(mem_auto) char *have = text_bytes(room);
	bool little = room < 100000000;
	doctor_add(doctor, "logs", little ? FINDING_PROBLEM : FINDING_OK, mem_format("%s are free for logs in %s", have,
		folder), little ? mem_format("make room there, see `df -h %s`", folder) : NULL);
}

/* ---- SQL files ---- */

void doctor_check_migrations(struct doctor *doctor)
{
	struct migrations *migrations = &doctor->migrations;
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = migrations_read(migrations, doctor->run, &why);
	doctor->migrations_read = !rc;
	if (!rc)
		rc = migrations_check(migrations, &why);
	if (rc) {
		doctor_failed(doctor, "migrations", &why);
		return;
	}
	AUTO(mem_auto) char *versions = text_plural(migrations->graph.node_count, "version");
	if (migrations->dirty.count)
		doctor_add(doctor, "migrations", FINDING_PROBLEM, mem_format("%s is not as committed: %s%s",
			migrations->path, migrations->dirty.items[0], migrations->dirty.count > 1 ? " and more" : ""),
			mem_format("see `git -C %s status`, then commit or undo it", migrations->path));
	else
		doctor_add(doctor, "migrations", FINDING_OK, mem_format("%s knows %s, %s", migrations->path, versions,
			migrations->commit ? "all as committed" : "and is in no git repository"), NULL);
}
