/* What stands in files beside the database and the store: settings, hooks, metrics, logs, SQL files. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/conninfo.h"
#include "work/control.h"
#include "work/doctor_private.h"
#include "work/hooks.h"
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

struct hooks_seen {
	size_t count;
	struct list open;         /* paths that others may change */
	struct list idle;         /* "PATH …": programs that never run, and why */
};

static void hooks_seen_clear(struct hooks_seen *seen)
{
	list_clear(&seen->open);
	list_clear(&seen->idle);
}

/* What an editor or a package leaves, or a folder, is nobody's hook. */
static void look_at_hook(struct hooks_seen *seen, const char *folder, const char *name)
{
	AUTO(mem_auto) char *path = path_join(folder, name);
	bool runs = access(path, X_OK) == 0, counts = hooks_name_counts(name);
	if (*name == '.' || text_ends(name, "~") || file_is_directory(path) || (!runs && !counts))
		return;
	if (!counts)
		list_addf(&seen->idle, "%s has other characters in its name than letters, digits, - and _", path);
	else if (!runs)
		list_addf(&seen->idle, "%s is not executable", path);
	else if (hook_is_open(path))
		list_add(&seen->open, path);
	seen->count += counts && runs;
}

static void look_at_phase(struct hooks_seen *seen, const char *folder, const char *name)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	AUTO(mem_auto) char *phase = path_join(folder, name);
	if (!text_ends(name, ".d") || !file_is_directory(phase) || file_list(&names, phase, &ignored) != 0)
		return;
	if (!hooks_phase_is_known(name)) {
		list_addf(&seen->idle, "%s is of no command", phase);
		return;
	}
	if (hook_is_open(phase))
		list_add(&seen->open, phase);
	for (size_t i = 0; i < names.count; i++)
		look_at_hook(seen, phase, names.items[i]);
}

static void look_at_hooks(struct hooks_seen *seen, const char *folder)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list phases = LIST_INIT;
	if (hook_is_open(folder))
		list_add(&seen->open, folder);
	if (file_list(&phases, folder, &ignored) != 0)
		return;
	for (size_t i = 0; i < phases.count; i++)
		look_at_phase(seen, folder, phases.items[i]);
}

static void judge_hooks(struct doctor *doctor, const struct hooks_seen *seen, const char *folder)
{
	for (size_t i = 0; i < seen->open.count; i++) {
		AUTO(mem_auto) char *word = doctor_word(seen->open.items[i]);
		doctor_add(doctor, "hooks", FINDING_PROBLEM,
			mem_format("others may change %s, so what is in it is not run", seen->open.items[i]),
			mem_format("see that it is still what you put there, then `chown root %s && chmod o-w %s`",
				word, word));
	}
	for (size_t i = 0; i < seen->idle.count; i++)
		doctor_add(doctor, "hooks", FINDING_NOTE,
			mem_format("%s, so it is never run", seen->idle.items[i]),
			mem_copy("`chmod +x` it, or rename it as HOOKS in anchore-admin(1) says, if it is to run"));
	AUTO(mem_auto) char *hooks = text_plural(seen->count, "hook");
	if (!seen->open.count)
		doctor_add(doctor, "hooks", FINDING_OK, mem_format("%s in %s", hooks, folder), NULL);
}

void doctor_check_hooks(struct doctor *doctor)
{
	const char *named = settings_text(&doctor->run->settings, OPTION_HOOKS_DIR);
	const char *config = settings_text(&doctor->run->settings, OPTION_CONFIG);
	AUTO(mem_auto) char *beside = config ? path_directory(config) : NULL;
	AUTO(mem_auto) char *folder = named ? mem_copy(named) : beside ? path_join(beside, "hooks") : NULL;
	AUTO(mem_auto) char *word = folder ? doctor_word(folder) : NULL;
	AUTO(hooks_seen_clear) struct hooks_seen seen = {.count = 0};
	if (named && !file_is_directory(named))
		doctor_add(doctor, "hooks", FINDING_PROBLEM, mem_format("there is no folder %s, which the setting "
			"hooks_dir names", named), mem_format("`mkdir %s`, or take the setting out", word));
	if (!folder || !file_is_directory(folder))
		return;
	look_at_hooks(&seen, folder);
	judge_hooks(doctor, &seen, folder);
}

/* ---- metrics, logs ---- */

void doctor_check_metrics(struct doctor *doctor)
{
	const char *path = settings_text(&doctor->run->settings, OPTION_METRICS_FILE);
	if (!path)
		return;
	AUTO(mem_auto) char *folder = path_directory(path), *word = doctor_word(folder);
	struct doctor_file file = {.what = "the folder of metrics"};
	doctor_look_at(&file, folder);
	if (!file.found)
		doctor_add(doctor, "metrics", FINDING_PROBLEM,
			mem_format("there is no folder %s, where %s goes", folder, path),
			mem_format("`mkdir -p %s`", word));
	else if (access(folder, W_OK | X_OK) != 0)
		doctor_not_writable(doctor->out, "metrics", &file);
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
	struct doctor_file file = {.what = "the folder of logs"};
	uint64_t room = 0;
	if (control_log_directory(&folder, doctor->run, &ignored) != 0 || !file_is_directory(folder))
		return;
	doctor_look_at(&file, folder);
	if (!file.usable)
		doctor_not_writable(doctor->out, "logs", &file);
	if (file_space(&room, folder, &ignored) != 0)
		return;
	AUTO(mem_auto) char *have = text_bytes(room), *word = doctor_word(folder);
	bool little = room < DOCTOR_LEAST_ROOM;
	doctor_add(doctor, "logs", little ? FINDING_PROBLEM : FINDING_OK, mem_format("%s are free for logs in %s", have,
		folder), little ? mem_format("make room there, see `df -h %s`", word) : NULL);
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
	AUTO(mem_auto) char *word = doctor_word(migrations->path);
	if (migrations->dirty.count)
		doctor_add(doctor, "migrations", FINDING_PROBLEM, mem_format("%s is not as committed: %s%s",
			migrations->path, migrations->dirty.items[0], migrations->dirty.count > 1 ? " and more" : ""),
			mem_format("see `git -C %s status`, then commit or undo it", word));
	else
		doctor_add(doctor, "migrations", FINDING_OK, mem_format("%s knows %s, %s", migrations->path, versions,
			migrations->commit ? "all as committed" : "and is in no git repository"), NULL);
}
