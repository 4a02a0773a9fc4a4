#include "work/installed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/proc.h"
#include "work/installed_private.h"
#include "work/installed_text.h"

void installed_clear(struct installed *installed)
{
	list_clear(&installed->paths);
	list_clear(&installed->texts);
	mem_free(installed->unit);
	mem_free(installed->at);
	*installed = (struct installed){.kind = INSTALLED_NOT};
}

/* ---- what would be ---- */

/* Owned. A folder that is only passed through, as in "../x", may be gone by night. */
static int find_config(char **out, const struct run *run, struct error *err)
{
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	if (!config) {
		error_set(err, ERROR_USAGE, "the scheduled job needs a settings file, and there is none");
		return error_hint(err, "make one with `anchore-admin init`, or name it with `--config FILE`");
	}
	bool dots = strstr(config, "/./") || strstr(config, "/../");
	AUTO(mem_auto) char *folder = path_directory(config);
	AUTO(mem_auto) char *real = dots ? realpath(folder, NULL) : NULL;
	AUTO(mem_auto) char *path = real ? path_join(real, path_base(config)) : mem_copy(config);
	if (strchr(path, '\n')) {
		error_set(err, ERROR_USAGE, "the name of the settings file holds a line feed");
		return error_hint(err, "rename it, or its folder");
	}
	*out = mem_take(&path);
	return 0;
}

/* Whoever types them takes them for the job's. */
static int refuse_unseen(const struct settings *settings, const char *config, struct error *err)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct setting *setting = &settings->values[i];
		if (!option_table[i].in_file || !setting->value || setting->source >= SOURCE_FILE)
			continue;
		AUTO(mem_auto) char *key = settings_key((enum option)i);
		error_set(err, ERROR_USAGE, "the scheduled job reads %s alone, so %s would not count", config,
			setting->where);
		return setting->source == SOURCE_ENVIRONMENT ?
			error_hint(err, "set `%s` in that file, then `unset %s`", key, setting->where) :
			error_hint(err, "set `%s` in that file, and leave the option away", key);
	}
	return 0;
}

static char *program(void)
{
	char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
	return size > 0 ? mem_copy_bytes(path, (size_t)size) : mem_copy("/usr/local/bin/anchore-admin");
}

static int plan_systemd(struct installed *out, const char *name, const struct installed_facts *facts, struct error *err)
{
	AUTO(mem_auto) char *calendar = crontab_calendar(&out->crontab);
	if (!calendar) {
		error_set(err, ERROR_USAGE,
			"\"%s\" restricts the day of the month and the weekday: cron runs on either, which a systemd "
			"timer cannot say", facts->at);
		return error_hint(err, "restrict one of them, or install it without `--systemd`");
	}
	list_give(&out->paths, installed_path(INSTALLED_SYSTEMD, name, ".timer"));
	list_give(&out->texts, installed_timer(facts, calendar));
	list_give(&out->paths, installed_path(INSTALLED_SYSTEMD, name, ".service"));
	list_give(&out->texts, installed_service(facts));
	out->unit = mem_format("%s.timer", name);
	return 0;
}

/* One blank between the fields and none before them, so that the line is read back as it was meant; owned. */
static char *tidy(const char *at)
{
	struct text out = TEXT_INIT;
	for (at += strspn(at, " \t"); *at; at += strspn(at, " \t")) {
		size_t size = strcspn(at, " \t");
		text_add(&out, out.size ? " " : "");
		text_add_bytes(&out, at, size);
		at += size;
	}
	return text_take(&out);
}

int installed_plan(struct installed *out, const struct run *run, enum installed_kind kind, const char *at,
	struct error *err)
{
	AUTO(installed_clear) struct installed plan = {.kind = kind, .at = tidy(at), .known = true};
	AUTO(mem_auto) char *config = NULL;
	int rc = find_config(&config, run, err);
	if (!rc)
		rc = refuse_unseen(&run->settings, config, err);
	if (!rc)
		rc = crontab_parse(&plan.crontab, plan.at, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *name = installed_name(kind, config);
	AUTO(mem_auto) char *self = program();
	const struct installed_facts facts = {.program = self, .config = config, .at = plan.at};
	if (kind == INSTALLED_CRON) {
		list_give(&plan.paths, installed_path(INSTALLED_CRON, name, ""));
		list_give(&plan.texts, installed_cron(&facts));
	} else {
		rc = plan_systemd(&plan, name, &facts, err);
	}
	if (rc)
		return rc;
	*out = plan;
	plan = (struct installed){.kind = INSTALLED_NOT};
	return 0;
}

/* ---- doing it ---- */

static int need_root(struct error *err)
{
	if (geteuid() == 0 || *installed_root())
		return 0;
	error_set(err, ERROR_REFUSED, "only root may say what runs on this machine, and this is not root");
	return error_hint(err, "run the command again with `sudo`");
}

static bool systemd_runs(void)
{
	AUTO(mem_auto) char *runs = mem_format("%s/run/systemd/system", installed_root());
	return file_is_directory(runs);
}

static int systemctl(const char *verb, const char *how, const char *unit, struct error *err)
{
	const char *const argv[] = {"systemctl", verb, how ? how : unit, how ? unit : NULL, NULL};
	const struct proc proc = {.argv = argv};
	return systemd_runs() ? proc_run(NULL, NULL, &proc, err) : 0;
}

static int take_away(const struct installed *installed, const char *config, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = 0;
	if (installed->unit && systemctl("disable", "--now", installed->unit, &why))
		log_warn("%s", why.message);
	/* That needs no systemd, and is all that is left of "disable" without one. */
	if (installed->unit) {
		AUTO(mem_auto) char *wanted = installed_wanted(installed->unit);
		rc = file_remove(wanted, err);
	}
	for (size_t i = 0; !rc && i < installed->paths.count; i++)
		if (installed_is_ours(installed->paths.items[i], config))
			rc = file_remove(installed->paths.items[i], err);
	if (!rc && installed->unit)
		rc = systemctl("daemon-reload", NULL, NULL, err);
	return rc;
}

/* One that is as it should be stays, with its time: since then the job should have run. */
static bool is_so(const char *path, const char *text)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *there = NULL;
	struct stat status;
	return lstat(path, &status) == 0 && status.st_mode == (S_IFREG | 0644) && status.st_uid == geteuid() &&
		file_read(&there, NULL, path, &ignored) == 0 && strcmp(there, text) == 0;
}

static int write_one(const char *path, const char *text, const char *config, bool cron, struct error *err)
{
	AUTO(mem_auto) char *folder = path_directory(path);
	if (!file_is_directory(folder)) {
		error_set(err, ERROR_FAILED, "there is no %s", folder);
		return error_hint(err, cron ? "install the package cron, or use `--systemd`" :
			"install it without `--systemd`");
	}
	if (!installed_is_free(path, config)) {
		error_set(err, ERROR_REFUSED, "%s is not of this deployment's job: it lacks the line that says so",
			path);
		return error_hint(err, "look at it, move it away, then run the command again");
	}
	return is_so(path, text) ? 0 : file_write(path, 0644, text, strlen(text), err);
}

static int enable(const char *unit, struct error *err)
{
	if (!systemd_runs()) {
		log_warn("systemd does not run here, so the timer is not enabled: type `systemctl enable %s`, as in an "
			"image, or `systemctl enable --now %s` once it does", unit, unit);
		return 0;
	}
	int rc = systemctl("daemon-reload", NULL, NULL, err);
	return rc ? rc : systemctl("enable", "--now", unit, err);
}

int installed_write(const struct installed *plan, const struct run *run, struct error *err)
{
	AUTO(installed_clear) struct installed other = {.kind = INSTALLED_NOT};
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	int rc = need_root(err);
	for (size_t i = 0; !rc && i < plan->paths.count; i++)
		rc = write_one(plan->paths.items[i], plan->texts.items[i], config, plan->kind == INSTALLED_CRON, err);
	if (!rc && plan->unit)
		rc = enable(plan->unit, err);
	if (rc)
		return rc;
	installed_find_kind(&other, run, plan->unit ? INSTALLED_CRON : INSTALLED_SYSTEMD);
	return other.kind == INSTALLED_NOT ? 0 : take_away(&other, config, err);
}

int installed_remove(struct installed *was, const struct run *run, struct error *err)
{
	AUTO(mem_auto) char *config = NULL;
	int rc = find_config(&config, run, err);
	if (!rc)
		rc = need_root(err);
	if (rc)
		return rc;
	for (int kind = INSTALLED_CRON; !rc && kind <= INSTALLED_SYSTEMD; kind++) {
		struct installed there = {.kind = INSTALLED_NOT};
		installed_find_kind(&there, run, (enum installed_kind)kind);
		if (there.kind != INSTALLED_NOT)
			rc = take_away(&there, config, err);
		if (there.kind != INSTALLED_NOT && was->kind == INSTALLED_NOT)
			*was = there;
		else
			installed_clear(&there);
	}
	return rc;
}
