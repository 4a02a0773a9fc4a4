/* What is installed, and under which name. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "work/installed_private.h"

static const char MARK[] = "# Deployment: ", AT[] = "# When: ";
static const char BASE[] = "anchore-admin-backup";
/* cron reads no file whose name holds anything else. */
static const char NAMES[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/* ---- names ---- */

const char *installed_root(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *elsewhere = getenv("ANCHORE_ADMIN_ROOT");
	if (elsewhere)
		return elsewhere;
#endif
	return "";
}

static char *folder_of(enum installed_kind kind)
{
	return mem_format("%s/etc/%s", installed_root(), kind == INSTALLED_CRON ? "cron.d" : "systemd/system");
}

char *installed_path(enum installed_kind kind, const char *name, const char *ending)
{
	AUTO(mem_auto) char *folder = folder_of(kind);
	return mem_format("%s/%s%s", folder, name, ending);
}

char *installed_wanted(const char *unit)
{
	return mem_format("%s/etc/systemd/system/timers.target.wants/%s", installed_root(), unit);
}

static char *base_name(const char *config)
{
	AUTO(mem_auto) char *folder = path_directory(config);
	const char *last = path_base(folder);
	if (strcmp(last, "anchore-admin") == 0 || !*last)
		return mem_copy(BASE);
	char *name = mem_format("%s-%s", BASE, last);
	for (char *at = name; *at; at++)
		if (!strchr(NAMES, *at))
			*at = '_';
	return name;
}

/* ---- whose ---- */

/* The rest of the first line that begins so; owned; NULL: there is none. */
static char *line_after(const char *text, const char *prefix)
{
	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (text_starts(line, prefix))
			return mem_copy_bytes(line + strlen(prefix), strcspn(line + strlen(prefix), "\n"));
	return NULL;
}

/* The path without the links and dots that its folder has. */
static char *plain(const char *config)
{
	AUTO(mem_auto) char *folder = path_directory(config);
	AUTO(mem_auto) char *real = realpath(folder, NULL);
	return real ? path_join(real, path_base(config)) : mem_copy(config);
}

static bool same_deployment(const char *a, const char *b)
{
	AUTO(mem_auto) char *plain_a = plain(a), *plain_b = plain(b);
	return strcmp(plain_a, plain_b) == 0;
}

/* What the file holds, owned, if it is that deployment's; NULL otherwise. */
static char *read_ours(const char *path, const char *config)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	char *text = NULL;
	if (!file_exists(path) || file_is_directory(path) || file_read(&text, NULL, path, &ignored))
		return NULL;
	AUTO(mem_auto) char *whose = line_after(text, MARK);
	if (whose && same_deployment(whose, config))
		return text;
	mem_free(text);
	return NULL;
}

bool installed_is_ours(const char *path, const char *config)
{
	AUTO(mem_auto) char *text = read_ours(path, config);
	return text != NULL;
}

bool installed_is_free(const char *path, const char *config)
{
	struct stat status;
	return lstat(path, &status) != 0 || installed_is_ours(path, config);
}

bool installed_is_anothers(const char *text, const char *config)
{
	AUTO(mem_auto) char *whose = line_after(text, MARK);
	return whose && (!config || !same_deployment(whose, config));
}

/* By the line in it, whatever number it has: others' files may have come and gone before it. Owned; NULL: none. */
static char *name_there(enum installed_kind kind, const char *config)
{
	const char *ending = kind == INSTALLED_CRON ? "" : ".timer";
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	AUTO(mem_auto) char *folder = folder_of(kind);
	if (!file_is_directory(folder) || file_list(&names, folder, &ignored) != 0)
		return NULL;
	for (size_t i = 0; i < names.count; i++) {
		const char *file = names.items[i];
		size_t size = strspn(file, NAMES);
		AUTO(mem_auto) char *path = path_join(folder, file);
		if (text_starts(file, BASE) && strcmp(file + size, ending) == 0 && installed_is_ours(path, config))
			return mem_copy_bytes(file, size);
	}
	return NULL;
}

static bool all_free(const char *name, const char *config)
{
	AUTO(mem_auto) char *cron = installed_path(INSTALLED_CRON, name, "");
	AUTO(mem_auto) char *timer = installed_path(INSTALLED_SYSTEMD, name, ".timer");
	AUTO(mem_auto) char *service = installed_path(INSTALLED_SYSTEMD, name, ".service");
	return installed_is_free(cron, config) && installed_is_free(timer, config) &&
		installed_is_free(service, config);
}

/* Where the name is another's, as of a second deployment in a folder of the same name, a number follows. */
char *installed_name(enum installed_kind kind, const char *config)
{
	AUTO(mem_auto) char *base = base_name(config);
	char *name = name_there(kind, config);
	for (int i = 1; !name; i++) {
		name = i == 1 ? mem_copy(base) : mem_format("%s-%d", base, i);
		if (all_free(name, config))
			break;
		mem_free(name);
		name = NULL;
	}
	return name;
}

/* ---- what is there ---- */

/* An operator may have changed the line: it counts, not what was once asked for. */
static char *fields_of_cron(const char *text)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t"), *end = line;
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

/* systemd goes by OnCalendar=, and by what `systemctl edit` put beside it. Where that is not what the comment says in
 * cron's words, the comment is void. */
static char *fields_of_timer(const char *text, const char *path)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list lines = LIST_INIT;
	AUTO(mem_auto) char *at = line_after(text, AT), *beside = mem_format("%s.d", path);
	struct crontab crontab;
	if (!at || crontab_parse(&crontab, at, &ignored) || file_exists(beside))
		return NULL;
	AUTO(mem_auto) char *calendar = crontab_calendar(&crontab);
	AUTO(mem_auto) char *expected = mem_format("OnCalendar=%s", calendar ? calendar : "");
	size_t found = 0;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		if (text_starts(lines.items[i], "On") && strcmp(lines.items[i], expected) != 0)
			return NULL;
		found += strcmp(lines.items[i], expected) == 0;
	}
	return found == 1 ? mem_take(&at) : NULL;
}

static void look_at_timer(struct installed *out, const char *name)
{
	out->unit = mem_format("%s.timer", name);
	list_give(&out->paths, installed_path(INSTALLED_SYSTEMD, name, ".service"));
	list_add(&out->texts, "");
	AUTO(mem_auto) char *wanted = installed_wanted(out->unit);
	struct stat status;
	out->disabled = lstat(wanted, &status) != 0;
}

void installed_find_kind(struct installed *out, const struct run *run, enum installed_kind kind)
{
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	AUTO(mem_auto) char *name = config ? name_there(kind, config) : NULL;
	if (!name)
		return;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *path = installed_path(kind, name, kind == INSTALLED_CRON ? "" : ".timer");
	char *text = read_ours(path, config);
	struct stat status;
	if (!text)
		return;
	out->kind = kind;
	out->since = stat(path, &status) == 0 ? status.st_mtime : 0;
	out->at = kind == INSTALLED_CRON ? fields_of_cron(text) : fields_of_timer(text, path);
	out->known = out->at && crontab_parse(&out->crontab, out->at, &ignored) == 0;
	list_add(&out->paths, path);
	list_give(&out->texts, text);
	if (kind == INSTALLED_SYSTEMD)
		look_at_timer(out, name);
}

void installed_find(struct installed *out, const struct run *run)
{
	*out = (struct installed){.kind = INSTALLED_NOT};
	installed_find_kind(out, run, INSTALLED_CRON);
	if (out->kind == INSTALLED_NOT)
		installed_find_kind(out, run, INSTALLED_SYSTEMD);
}

uint64_t installed_missed(const struct installed *installed, time_t last, time_t now)
{
	return crontab_missed(installed->known ? &installed->crontab : NULL, last ? last : installed->since, now);
}

char *installed_remedy(const struct installed *installed)
{
	if (installed->unit && installed->disabled)
		return mem_format("type `systemctl enable --now %s`", installed->unit);
	if (installed->unit)
		return mem_format("see whether the timer waits with `systemctl list-timers --all %s`, start it with "
			"`systemctl enable --now %s`, then try `anchore-admin cron run`", installed->unit,
			installed->unit);
	return mem_copy("see whether cron runs with `systemctl status cron`, then try `anchore-admin cron run`");
}
