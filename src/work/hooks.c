#include "work/hooks.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/db.h"
#include "io/proc.h"

static const char NAMES[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/* ---- which ---- */

/* Owned; NULL: there are none. One that was named and is not there is worth a word, the default is not. */
static char *hooks_folder(const struct run *run)
{
	const char *named = settings_text(&run->settings, OPTION_HOOKS_DIR);
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	if (named && !file_is_directory(named))
		log_warn("there is no %s, which the setting hooks_dir names", named);
	if (named || !config)
		return mem_copy(named);
	AUTO(mem_auto) char *folder = path_directory(config);
	return path_join(folder, "hooks");
}

/* Whoever may write it decides what we do, and we may be root. */
static bool trusted(const char *path, const struct stat *status)
{
	if (status->st_mode & S_IWOTH)
		log_warn("the hooks of %s are not run: everyone may write it; `chmod o-w %s`", path, path);
	else if (status->st_uid != 0 && status->st_uid != geteuid())
		log_warn("the hooks of %s are not run: it belongs to user %lu; `chown root %s`", path,
			(unsigned long)status->st_uid, path);
	else
		return true;
	return false;
}

bool hooks_name_counts(const char *name)
{
	return name[strspn(name, NAMES)] == '\0';
}

bool hooks_phase_is_known(const char *folder)
{
	static const char *const commands[] = {"backup", "restore", "upgrade", "downgrade"};
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		AUTO(mem_auto) char *before = mem_format("pre-%s.d", commands[i]);
		AUTO(mem_auto) char *after = mem_format("post-%s.d", commands[i]);
		if (strcmp(folder, before) == 0 || strcmp(folder, after) == 0)
			return true;
	}
	return false;
}

static bool runs(const char *path, const char *name)
{
	struct stat status;
	if (!hooks_name_counts(name) || stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
		access(path, X_OK) != 0)
		return false;
	return trusted(path, &status);
}

/* Paths, in order. */
static void find(struct list *out, const struct run *run, const char *phase, const char *command)
{
	AUTO(mem_auto) char *folder = hooks_folder(run);
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	struct stat status;
	if (!folder)
		return;
	AUTO(mem_auto) char *directory = mem_format("%s/%s-%s.d", folder, phase, command);
	if (stat(directory, &status) != 0 || !S_ISDIR(status.st_mode))
		return;
	if (stat(folder, &status) != 0 || !trusted(folder, &status) || stat(directory, &status) != 0 ||
		!trusted(directory, &status))
		return;
	if (file_list(&names, directory, &why))
		log_warn("%s", why.message);
	for (size_t i = 0; i < names.count; i++) {
		AUTO(mem_auto) char *path = path_join(directory, names.items[i]);
		if (runs(path, names.items[i]))
			list_add(out, path);
	}
}

/* ---- running them ---- */

/* Our own settings would tell them what only we are to know; the file is enough to ask us. */
static void add_environment(struct list *out, const struct run *run, const char *phase, const char *command,
	const struct list *facts)
{
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	const char *store = settings_text(&run->settings, OPTION_STORE);
	list_add(out, "PGPASSWORD");
	list_add(out, "ANCHORE_ADMIN_DATABASE");
	list_addf(out, "ANCHORE_ADMIN_HOOK=%s-%s", phase, command);
	list_addf(out, "ANCHORE_ADMIN_HOOK_COMMAND=%s", command);
	list_addf(out, "ANCHORE_ADMIN_HOOK_RUN=%s", run->id);
	if (config)
		list_addf(out, "ANCHORE_ADMIN_CONFIG=%s", config);
	if (store)
		list_addf(out, "ANCHORE_ADMIN_STORE=%s", store);
	for (size_t i = 0; i < facts->count; i++)
		list_addf(out, "ANCHORE_ADMIN_HOOK_%s", facts->items[i]);
	AUTO(mem_auto) char *name = NULL;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (run->conninfo && db_conninfo_value(&name, run->conninfo, "dbname", &ignored) == 0 && name)
		list_addf(out, "ANCHORE_ADMIN_HOOK_DATABASE=%s", name);
}

/* *status: of its exit; -1: it had none. */
static int run_one(int *status, const char *path, const struct list *environment, struct error *err)
{
	const char *const argv[] = {path, NULL};
	AUTO(mem_auto) char *out = NULL, *errors = NULL;
	const struct proc proc = {.argv = argv, .environment = environment, .directory = "/",
		.limit = HOOK_LIMIT / clock_speed(), .most = HOOK_OUTPUT, .status = status};
	*status = -1;
	log_detail("running the hook %s", path);
	int rc = proc_run(&out, &errors, &proc, err);
	if (!log_is_quiet() || (rc && !log_is_collected())) {
		fflush(stdout);
		fprintf(stderr, "%s%s", out ? out : "", errors ? errors : "");
	}
	return rc;
}

static int run_before(const char *path, const struct list *environment, const char *command, struct error *err)
{
	struct error why = ERROR_INIT;
	int status = -1, rc = run_one(&status, path, environment, &why);
	if (rc == ERROR_INTERRUPTED)
		return error_move(err, &why);
	if (rc && status == HOOK_STOPS) {
		error_clear(&why);
		error_set(err, ERROR_REFUSED, "stopped by the hook %s", path);
		return error_hint(err, "see what it wants, or take it away, then run `anchore-admin %s` again",
			command);
	}
	if (rc)
		log_warn("the hook %s: %s", path, why.message);
	error_clear(&why);
	return 0;
}

void hooks_facts(struct list *facts, const char *from, const char *to, const char *snapshot)
{
	const char *const names[] = {"FROM", "TO", "SNAPSHOT"}, *const values[] = {from, to, snapshot};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (values[i])
			list_addf(facts, "%s=%s", names[i], values[i]);
}

int hooks_before(const struct run *run, const char *command, const struct list *facts, struct error *err)
{
	AUTO(list_clear) struct list paths = LIST_INIT;
	AUTO(list_clear) struct list environment = LIST_INIT;
	find(&paths, run, "pre", command);
	add_environment(&environment, run, "pre", command, facts);
	int rc = 0;
	for (size_t i = 0; !rc && i < paths.count; i++)
		rc = run_before(paths.items[i], &environment, command, err);
	return rc;
}

void hooks_after(const struct run *run, const char *command, const struct list *facts, const struct error *failure)
{
	AUTO(list_clear) struct list paths = LIST_INIT;
	AUTO(list_clear) struct list environment = LIST_INIT;
	find(&paths, run, "post", command);
	add_environment(&environment, run, "post", command, facts);
	list_addf(&environment, "ANCHORE_ADMIN_HOOK_STATUS=%d", failure ? interrupt_status(failure) : 0);
	list_addf(&environment, "ANCHORE_ADMIN_HOOK_ERROR=%s", failure && failure->message ? failure->message : "");
	/* The signal that stopped the work was not meant for what has to follow it. */
	interrupt_defer(true);
	for (size_t i = 0; i < paths.count; i++) {
		AUTO(error_clear) struct error why = ERROR_INIT;
		int status;
		if (run_one(&status, paths.items[i], &environment, &why))
			log_warn("the hook %s: %s", paths.items[i], why.message);
	}
	interrupt_defer(false);
}
