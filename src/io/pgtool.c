#include "io/pgtool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/mem.h"
#include "io/proc.h"

/* Where Debian keeps the programs of each major version; plain PATH would find its wrapper, which
 * chooses a version by rules of its own. */
static const char DEBIAN_ROOT[] = "/usr/lib/postgresql";

void pgtool_clear(struct pgtool *tool)
{
	mem_free(tool->dump);
	mem_free(tool->restore);
	mem_free(tool->version);
	*tool = (struct pgtool){0};
}

static char *newest_bindir(void)
{
	struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	if (!file_is_directory(DEBIAN_ROOT) || file_list(&names, DEBIAN_ROOT, &ignored) != 0) {
		error_clear(&ignored);
		return NULL;
	}
	long newest = 0;
	for (size_t i = 0; i < names.count; i++) {
		AUTO(mem_auto) char *candidate = mem_format("%s/%s/bin/pg_dump", DEBIAN_ROOT, names.items[i]);
		long major = strtol(names.items[i], NULL, 10);
		if (major > newest && access(candidate, X_OK) == 0)
			newest = major;
	}
	return newest ? mem_format("%s/%ld/bin", DEBIAN_ROOT, newest) : NULL;
}

static char *program(const char *bindir, const char *name)
{
	if (!bindir)
		return proc_find(name);
	AUTO(mem_auto) char *path = path_join(bindir, name);
	return access(path, X_OK) == 0 ? mem_take(&path) : NULL;
}

/* "pg_dump (PostgreSQL) 15.18 (Debian …)" */
static int read_version(struct pgtool *tool, struct error *err)
{
	AUTO(mem_auto) char *said = NULL;
	const char *const argv[] = {tool->dump, "--version", NULL};
	int rc = proc_run(&said, NULL, &(struct proc){.argv = argv}, err);
	if (rc)
		return rc;
	const char *at = strstr(said, ") ");
	if (!at || strtol(at + 2, NULL, 10) < 1)
		return error_set(err, ERROR_REFUSED, "%s does not say which version it is", tool->dump);
	tool->version = mem_copy_bytes(at + 2, strcspn(at + 2, "\n"));
	tool->major = (int)strtol(at + 2, NULL, 10);
	return 0;
}

int pgtool_find(struct pgtool *out, const char *bindir, struct error *err)
{
	AUTO(mem_auto) char *newest = bindir ? mem_copy(bindir) : newest_bindir();
	AUTO(pgtool_clear) struct pgtool tool = {0};
	tool.dump = program(newest, "pg_dump");
	tool.restore = program(newest, "pg_restore");
	if (!tool.dump || !tool.restore) {
		error_set(err, ERROR_REFUSED, "%s is not to be found%s%s", tool.dump ? "pg_restore" : "pg_dump",
			bindir ? " in " : "", bindir ? bindir : "");
		return error_hint(err, "install PostgreSQL's client programs: `apt-get install postgresql-client`%s",
			bindir ? ", or correct the setting `pg_bindir`" : "");
	}
	int rc = read_version(&tool, err);
	if (rc)
		return rc;
	*out = tool;
	tool = (struct pgtool){0};
	return 0;
}

int pgtool_check(const struct pgtool *tool, const struct db *db, struct error *err)
{
	int server = db_version(db) / 10000;
	if (tool->major >= server)
		return 0;
	error_set(err, ERROR_REFUSED, "pg_dump %s cannot read a PostgreSQL %s server: it is older", tool->version,
		db_version_text(db));
	return error_hint(err, "install `postgresql-client-%d`, or name its folder in the setting `pg_bindir`", server);
}

/* ---- running ---- */

/* A passfile that matches any host, in memory: were it on a disk, a kill would leave it there. The program inherits *fd
 * and opens it by *path. */
static int make_passfile(int *fd, char **path, const char *password, struct error *err)
{
	AUTO(text_clear) struct text line = TEXT_INIT;
	text_add(&line, "*:*:*:*:");
	for (const char *at = password; *at; at++) {
		if (*at == ':' || *at == '\\')
			text_add(&line, "\\");
		text_add_bytes(&line, at, 1);
	}
	text_add(&line, "\n");
	*fd = memfd_create("passfile", 0);
	int rc = 0;
	/* libpq ignores a passfile that others may read. */
	if (*fd < 0 || fchmod(*fd, 0600) != 0)
		rc = error_errno(err, ERROR_FAILED, "cannot make a passfile in memory");
	else
		rc = file_write_all(*fd, line.data, line.size, err);
	explicit_bzero(line.data, line.size);
	*path = mem_format("/proc/self/fd/%d", *fd);
	return rc;
}

int pgtool_run(const char *program_path, const struct list *arguments, struct db *db, const char *database,
	char **talk, struct error *err)
{
	AUTO(list_clear) struct list environment = LIST_INIT;
	AUTO(mem_auto_secret) char *password = NULL;
	AUTO(file_close) int fd = -1;
	AUTO(mem_auto) char *passfile = NULL;
	db_environment(db, &environment, &password);
	int rc = fault_point("pgtool-run", err);
	if (!rc && password)
		rc = make_passfile(&fd, &passfile, password, err);
	if (rc)
		return rc;
	AUTO(list_clear) struct list ours = LIST_INIT;
	for (size_t i = 0; i < environment.count; i++)
		if (!(database && text_starts(environment.items[i], "PGDATABASE=")) &&
			!(passfile && text_starts(environment.items[i], "PGPASSFILE=")))
			list_add(&ours, environment.items[i]);
	if (database)
		list_addf(&ours, "PGDATABASE=%s", database);
	if (passfile)
		list_addf(&ours, "PGPASSFILE=%s", passfile);
	AUTO(mem_auto) const char **argv = mem_array(arguments->count + 2, sizeof *argv);
	argv[0] = program_path;
	for (size_t i = 0; i < arguments->count; i++)
		argv[i + 1] = arguments->items[i];
	return proc_run(NULL, talk, &(struct proc){.argv = argv, .environment = &ours}, err);
}

/* "too many connections for role", "sorry, too many clients already", "remaining connection slots are reserved" */
bool pgtool_lacks_connection(const struct error *err)
{
	return strstr(err->message, "too many connections") || strstr(err->message, "too many clients") ||
		strstr(err->message, "connection slots");
}
