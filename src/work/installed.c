#include "work/installed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/proc.h"
#include "work/installed_text.h"

static const char MARK[] = "# Deployment: ", AT[] = "# When: ";
static const char BASE[] = "anchore-admin-backup";

void installed_clear(struct installed *installed)
{
	list_clear(&installed->paths);
	list_clear(&installed->texts);
	mem_free(installed->unit);
	mem_free(installed->at);
	*installed = (struct installed){.kind = INSTALLED_NOT};
}

/* ---- names ---- */

static const char *root(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *elsewhere = getenv("ANCHORE_ADMIN_ROOT");
	if (elsewhere)
		return elsewhere;
#endif
	return "";
}

static char *cron_path(const char *name)
{
	return mem_format("%s/etc/cron.d/%s", root(), name);
}

static char *unit_path(const char *name, const char *kind)
{
	return mem_format("%s/etc/systemd/system/%s.%s", root(), name, kind);
}

/* cron reads no file whose name holds anything but letters, digits, - and _. */
static char *base_name(const char *config)
{
	AUTO(mem_auto) char *folder = path_directory(config);
	const char *last = path_base(folder);
	if (strcmp(last, "anchore-admin") == 0 || !*last)
		return mem_copy(BASE);
	char *name = mem_format("%s-%s", BASE, last);
	for (char *at = name; *at; at++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", *at))
			*at = '_';
	return name;
}

/* The rest of the first line that begins so; owned; NULL: there is none. */
static char *line_after(const char *text, const char *prefix)
{
	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (text_starts(line, prefix))
			return mem_copy_bytes(line + strlen(prefix), strcspn(line + strlen(prefix), "\n"));
	return NULL;
}

/* What the file holds, owned, if it is one of ours. *config: of which deployment, owned. */
static char *read_ours(char **config, const char *path)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	char *text = NULL;
	size_t size = 0;
	if (!file_exists(path) || file_read(&text, &size, path, &ignored))
		return NULL;
	*config = line_after(text, MARK);
	if (!*config) {
		mem_free(text);
		return NULL;
	}
	return text;
}

/* Two folders of one name: the second deployment gets a number. */
static bool is_free(const char *path, const char *config)
{
	AUTO(mem_auto) char *whose = NULL;
	AUTO(mem_auto) char *text = read_ours(&whose, path);
	return !file_exists(path) || text_same(whose, config);
}

static char *choose_name(const char *config)
{
	AUTO(mem_auto) char *base = base_name(config);
	for (int i = 1;; i++) {
		char *name = i == 1 ? mem_copy(base) : mem_format("%s-%d", base, i);
		AUTO(mem_auto) char *cron = cron_path(name);
		AUTO(mem_auto) char *timer = unit_path(name, "timer");
		if (is_free(cron, config) && is_free(timer, config))
			return name;
		mem_free(name);
	}
}

static int find_config(const char **config, const struct run *run, struct error *err)
{
	*config = settings_text(&run->settings, OPTION_CONFIG);
	if (*config && strchr(*config, '\n'))
		return error_set(err, ERROR_USAGE, "the name of the settings file holds a line feed");
	if (*config)
		return 0;
	error_set(err, ERROR_USAGE, "the scheduled job needs a settings file, and there is none");
	return error_hint(err, "make one with `anchore-admin init`, or name it with `--config FILE`");
}

/* ---- what is there ---- */

/* An operator may have changed the line: it counts, not what was once asked for. */
static char *fields_of_cron(const char *text)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i], *end = line;
		if (!strchr("0123456789*", *line) || !*line)
			continue;
		for (int field = 0; field < 5; field++) {
			end += strspn(end, " \t");
			end += strcspn(end, " \t");
		}
		return mem_copy_bytes(line, (size_t)(end - line));
	}
	return NULL;
}

static bool look(struct installed *out, enum installed_kind kind, const char *name, const char *config)
{
	AUTO(mem_auto) char *path = kind == INSTALLED_CRON ? cron_path(name) : unit_path(name, "timer");
	AUTO(mem_auto) char *whose = NULL;
	char *text = read_ours(&whose, path);
	if (!text || !text_same(whose, config)) {
		mem_free(text);
		return false;
	}
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	out->kind = kind;
	out->at = kind == INSTALLED_CRON ? fields_of_cron(text) : line_after(text, AT);
	out->known = out->at && crontab_parse(&out->crontab, out->at, &ignored) == 0;
	list_add(&out->paths, path);
	list_give(&out->texts, text);
	if (kind == INSTALLED_SYSTEMD) {
		list_give(&out->paths, unit_path(name, "service"));
		list_add(&out->texts, "");
		out->unit = mem_format("%s.timer", name);
	}
	return true;
}

static void find_kind(struct installed *out, const struct run *run, enum installed_kind kind)
{
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	if (!config)
		return;
	AUTO(mem_auto) char *name = choose_name(config);
	look(out, kind, name, config);
}

void installed_find(struct installed *out, const struct run *run)
{
	*out = (struct installed){.kind = INSTALLED_NOT};
	find_kind(out, run, INSTALLED_CRON);
	if (out->kind == INSTALLED_NOT)
		find_kind(out, run, INSTALLED_SYSTEMD);
}

/* ---- what would be ---- */

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
	list_give(&out->paths, unit_path(name, "timer"));
	list_give(&out->texts, installed_timer(facts, calendar));
	list_give(&out->paths, unit_path(name, "service"));
	list_give(&out->texts, installed_service(facts));
	out->unit = mem_format("%s.timer", name);
	return 0;
}

int installed_plan(struct installed *out, const struct run *run, enum installed_kind kind, const char *at,
	struct error *err)
{
	AUTO(installed_clear) struct installed plan = {.kind = kind, .at = mem_copy(at), .known = true};
	const char *config = NULL;
	int rc = find_config(&config, run, err);
	if (!rc)
		rc = crontab_parse(&plan.crontab, at, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *name = choose_name(config);
	AUTO(mem_auto) char *self = program();
	const struct installed_facts facts = {.program = self, .config = config, .at = at};
	if (kind == INSTALLED_CRON) {
		list_give(&plan.paths, cron_path(name));
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
	if (geteuid() == 0 || *root())
		return 0;
	error_set(err, ERROR_REFUSED, "only root may say what runs on this machine, and this is not root");
	return error_hint(err, "run the command again with `sudo`");
}

static int systemctl(const char *verb, const char *how, const char *unit, struct error *err)
{
	AUTO(mem_auto) char *runs = mem_format("%s/run/systemd/system", root());
	const char *const argv[] = {"systemctl", verb, how ? how : unit, how ? unit : NULL, NULL};
	const struct proc proc = {.argv = argv};
	return file_is_directory(runs) ? proc_run(NULL, NULL, &proc, err) : 0;
}

static int take_away(const struct installed *installed, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = 0;
	if (installed->unit && systemctl("disable", "--now", installed->unit, &why))
		log_warn("%s", why.message);
	for (size_t i = 0; !rc && i < installed->paths.count; i++)
		rc = file_remove(installed->paths.items[i], err);
	if (!rc && installed->unit)
		rc = systemctl("daemon-reload", NULL, NULL, err);
	return rc;
}

int installed_write(const struct installed *plan, const struct run *run, struct error *err)
{
	AUTO(installed_clear) struct installed other = {.kind = INSTALLED_NOT};
	int rc = need_root(err);
	for (size_t i = 0; !rc && i < plan->paths.count; i++) {
		AUTO(mem_auto) char *folder = path_directory(plan->paths.items[i]);
		const char *text = plan->texts.items[i];
		if (!file_is_directory(folder)) {
			error_set(err, ERROR_FAILED, "there is no %s", folder);
			return error_hint(err, plan->unit ? "install it without `--systemd`" :
				"install the package cron, or use `--systemd`");
		}
		rc = file_write(plan->paths.items[i], 0644, text, strlen(text), err);
	}
	if (!rc && plan->unit) {
		rc = systemctl("daemon-reload", NULL, NULL, err);
		if (!rc)
			rc = systemctl("enable", "--now", plan->unit, err);
	}
	if (rc)
		return rc;
	find_kind(&other, run, plan->unit ? INSTALLED_CRON : INSTALLED_SYSTEMD);
	return other.kind == INSTALLED_NOT ? 0 : take_away(&other, err);
}

int installed_remove(struct installed *was, const struct run *run, struct error *err)
{
	const char *config = NULL;
	int rc = find_config(&config, run, err);
	if (!rc)
		rc = need_root(err);
	if (rc)
		return rc;
	for (int kind = INSTALLED_CRON; !rc && kind <= INSTALLED_SYSTEMD; kind++) {
		struct installed there = {.kind = INSTALLED_NOT};
		find_kind(&there, run, (enum installed_kind)kind);
		if (there.kind != INSTALLED_NOT)
			rc = take_away(&there, err);
		if (there.kind != INSTALLED_NOT && was->kind == INSTALLED_NOT)
			*was = there;
		else
			installed_clear(&there);
	}
	return rc;
}
