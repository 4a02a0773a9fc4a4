#include "work/run.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/digest.h"
#include "work/deployment.h"
#include "work/store.h"

enum { RUN_ID_BYTES = 8 };

static char *new_id(void)
{
	char *id = mem_new(RUN_ID_BYTES * 2 + 1);
	digest_random_hex(id, RUN_ID_BYTES);
	return id;
}

void run_init(struct run *run)
{
	*run = (struct run){.lock = -1, .answered = mem_new(sizeof(bool)), .id = new_id()};
	settings_init(&run->settings);
}

struct run run_as(const struct run *run, const char *command)
{
	struct run as = *run;
	as.id = new_id();
	as.command = command;
	return as;
}

void run_as_end(struct run *run, struct run *as)
{
	mem_free(as->id);
	as->id = run->id;
	as->command = run->command;
	*run = *as;
}

void run_clear(struct run *run)
{
	settings_clear(&run->settings);
	list_clear(&run->arguments);
	mem_free(run->id);
	mem_free_secret(run->conninfo);
	mem_free(run->database_where);
	file_close(&run->lock);
	mem_free(run->answered);
}

int run_resolve_database(struct run *run, struct error *err)
{
	if (run->conninfo)
		return 0;
	return deployment_database(&run->conninfo, &run->database_where, run, err);
}

int run_connect(struct db **out, struct run *run, const char *dbname, struct error *err)
{
	int rc = run_resolve_database(run, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *application = mem_format("anchore-admin %s", run->command);
	return db_open(out, run->conninfo, dbname, application, err);
}

int run_jobs(const struct run *run)
{
	long long jobs = settings_number(&run->settings, OPTION_JOBS);
	return jobs < 1 ? 1 : (int)jobs;
}

int run_store(const char **path, struct run *run, bool make, struct error *err)
{
	const char *store = settings_text(&run->settings, OPTION_STORE);
	if (!store) {
		error_set(err, ERROR_USAGE, "no folder for snapshots is named");
		return error_hint(err, "add `--store DIR`, or set `store` in anchore-admin.yaml");
	}
	if (make && !file_is_directory(store)) {
		int rc = file_make_directories(store, 0700, err);
		if (rc)
			return error_hint(err, "name a folder that you may write to with `--store DIR`");
	}
	*path = store;
	return 0;
}

int run_lock(struct run *run, struct error *err)
{
	const char *store = NULL;
	int rc = run_store(&store, run, true, err);
	if (rc || run->lock >= 0)
		return rc;
	AUTO(mem_auto) char *path = path_join(store, "lock");
	rc = file_lock(&run->lock, path, err);
	if (rc == ERROR_FAILED)
		return error_hint(err, "name a folder that you may write to with `--store DIR`");
	return rc ? rc : store_sweep(store, err);
}

/* One line from the terminal; false at its end or when a signal came. */
static bool read_answer(char *first)
{
	char line[64];
	ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
	if (got <= 0 || interrupt_signal())
		return false;
	line[got] = '\0';
	const char *at = line + strspn(line, " \t");
	*first = (char)tolower((unsigned char)*at);
	return true;
}

int run_confirm(struct run *run, const char *question, struct error *err)
{
	if (settings_flag(&run->settings, OPTION_YES))
		return 0;
	if (!isatty(STDIN_FILENO)) {
		error_set(err, ERROR_REFUSED, "this needs a yes, and there is no terminal to ask on");
		return error_hint(err, "read what `--dry-run` says, then add `--yes`");
	}
	fflush(stdout);
	fprintf(stderr, "%s (y/N) ", question);
	fflush(stderr);
	char first = 'n';
	bool answered = read_answer(&first);
	int rc = interrupt_check(err);
	if (rc)
		return rc;
	if (answered && first == 'y')
		return 0;
	return error_set(err, ERROR_REFUSED, "declined, nothing was changed");
}

bool run_json(const struct run *run)
{
	return settings_flag(&run->settings, OPTION_JSON);
}

void run_print(const struct run *run, const char *format, ...)
{
	if (run_json(run))
		return;
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

/* With the schema in front. */
static json_t *whole(const json_t *answer)
{
	json_t *object = json_object();
	json_put_number(object, "schema", RUN_JSON_SCHEMA);
	json_object_update(object, (json_t *)(uintptr_t)answer);
	return object;
}

void run_answer(const struct run *run, const json_t *answer)
{
	if (!run_json(run))
		return;
	AUTO(json_auto) json_t *object = whole(answer);
	AUTO(mem_auto) char *text = json_print(object);
	fputs(text, stdout);
	*run->answered = true;
}

void run_answer_line(const struct run *run, const json_t *answer)
{
	if (!run_json(run))
		return;
	AUTO(json_auto) json_t *object = whole(answer);
	AUTO(mem_auto) char *line = json_print_line(object);
	printf("%s\n", line);
	*run->answered = true;
}
