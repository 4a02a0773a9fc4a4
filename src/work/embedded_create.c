#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/db.h"
#include "io/digest.h"
#include "io/proc.h"
#include "work/embedded.h"

enum { PASSWORD_BYTES = 24 };

struct passwords {
	char superuser[PASSWORD_BYTES * 2 + 1];
	char role[PASSWORD_BYTES * 2 + 1];
};

static void passwords_clear(struct passwords *passwords)
{
	explicit_bzero(passwords, sizeof *passwords);
}

static void remove_file(char **path)
{
	if (*path)
		unlink(*path);
	mem_free(*path);
}

/* Beside the data while they are half made; holds the name of the settings file that will end this. */
static char *mark_path(const struct embedded *embedded)
{
	return mem_format("%s.incomplete", embedded->data);
}

/* Made by somebody who was killed before the settings file was there: nobody can have used it. */
static bool is_half_made(const struct embedded *embedded)
{
	AUTO(mem_auto) char *mark = mark_path(embedded);
	AUTO(mem_auto) char *settings = NULL;
	struct error ignored = ERROR_INIT;
	bool half = file_read(&settings, NULL, mark, &ignored) == 0 && !file_exists(settings);
	error_clear(&ignored);
	return half;
}

static char *password_path(const struct embedded *embedded)
{
	return mem_format("%s.password", embedded->data);
}

static int write_mark(const struct embedded *embedded, struct error *err)
{
	AUTO(mem_auto) char *mark = mark_path(embedded);
	AUTO(mem_auto) char *parent = path_directory(embedded->data);
	int rc = file_make_directories(parent, 0755, err);
	if (!rc)
		rc = file_write(mark, 0600, embedded->settings, strlen(embedded->settings), err);
	if (rc && geteuid() != 0)
		error_hint(err, "run the command as root, or name folders of your own with `--embedded-data DIR "
			"--embedded-socket DIR`");
	return rc;
}

int embedded_finish(const struct embedded *embedded, struct error *err)
{
	AUTO(mem_auto) char *mark = mark_path(embedded);
	return file_remove(mark, err);
}

static int write_passfile(const struct embedded *embedded, const struct passwords *passwords, struct error *err)
{
	AUTO(mem_auto_secret) char *text = mem_format("*:*:*:postgres:%s\n*:*:*:%s:%s\n", passwords->superuser,
		EMBEDDED_ROLE, passwords->role);
	return file_write(embedded->passfile, 0600, text, strlen(text), err);
}

static int run_initdb(const struct embedded *embedded, const char *password_file, struct error *err)
{
	AUTO(mem_auto) char *program = path_join(embedded->bindir, "initdb");
	const char *const argv[] = {program, "-D", embedded->data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
		"-A", "scram-sha-256", "--pwfile", password_file, NULL};
	AUTO(list_clear) struct list environment = LIST_INIT;
	list_add(&environment, "LC_ALL=C.UTF-8");
	int rc = fault_point("embedded-initdb", err);
	if (!rc)
		rc = proc_run(NULL, NULL,
			&(struct proc){.argv = argv, .user = embedded->user, .environment = &environment}, err);
	if (rc == ERROR_FAILED && embedded->user)
		error_hint(err,
			"the user %s must be able to search every folder above %s; `--embedded-data DIR` names another",
			embedded->user, embedded->data);
	return rc;
}

/* initdb takes the superuser's password from a file only. */
static int make_data(const struct embedded *embedded, const struct passwords *passwords, struct error *err)
{
	AUTO(remove_file) char *password_file = password_path(embedded);
	int rc = embedded_make_folder(embedded, embedded->data, 0700, err);
	if (!rc)
		rc = file_write(password_file, 0600, passwords->superuser, strlen(passwords->superuser), err);
	if (!rc)
		rc = embedded_give(embedded, password_file, err);
	if (!rc)
		rc = run_initdb(embedded, password_file, err);
	if (rc)
		return rc;
	static const char include[] = "\ninclude '" EMBEDDED_CONF "'\n";
	AUTO(mem_auto) char *conf = path_join(embedded->data, "postgresql.conf");
	return file_append(conf, include, sizeof include - 1, err);
}

static int make_roles(const struct embedded *embedded, const struct passwords *passwords, bool database,
	struct error *err)
{
	AUTO(mem_auto_secret) char *conninfo = NULL;
	AUTO(db_auto) struct db *db = NULL;
	int rc = embedded_connection(&conninfo, embedded, "postgres", "postgres", err);
	if (!rc)
		rc = db_open(&db, conninfo, NULL, "anchore-admin init", err);
	if (!rc)
		rc = fault_point("embedded-roles", err);
	/* A statement that fails would stand in the server's log, with the password. */
	if (!rc)
		rc = db_exec(db, "SET log_min_error_statement = panic; SET log_statement = none", err);
	if (rc)
		return rc;
	AUTO(mem_auto_secret) char *literal = db_literal(db, passwords->role);
	rc = db_execf(db, err, "CREATE ROLE " EMBEDDED_ROLE " LOGIN CREATEDB PASSWORD %s", literal);
	if (!rc)
		rc = db_exec(db, "GRANT pg_monitor TO " EMBEDDED_ROLE, err);
	if (!rc && database)
		rc = db_exec(
			db, "CREATE DATABASE " EMBEDDED_DATABASE " OWNER " EMBEDDED_ROLE " TEMPLATE template0", err);
	return rc;
}

static int check_free(const struct embedded *embedded, struct error *err)
{
	if (is_half_made(embedded))
		return embedded_destroy(embedded, err);
	if (file_exists(embedded->data) || embedded_running(embedded, NULL)) {
		error_set(err, ERROR_REFUSED, "there is an embedded server %s already, its data are in %s",
			embedded->name, embedded->data);
		return error_hint(err, "choose another name with `--embedded=NAME`");
	}
	return 0;
}

int embedded_create(const struct embedded *embedded, bool database, struct error *err)
{
	AUTO(passwords_clear) struct passwords passwords;
	digest_random_hex(passwords.superuser, PASSWORD_BYTES);
	digest_random_hex(passwords.role, PASSWORD_BYTES);
	int rc = check_free(embedded, err);
	if (!rc)
		rc = write_mark(embedded, err);
	if (rc)
		return rc;
	rc = make_data(embedded, &passwords, err);
	if (!rc)
		rc = write_passfile(embedded, &passwords, err);
	if (!rc)
		rc = embedded_start(embedded, NULL, err);
	if (!rc)
		rc = make_roles(embedded, &passwords, database, err);
	if (rc) {
		struct error ignored = ERROR_INIT;
		embedded_destroy(embedded, &ignored);
		error_clear(&ignored);
	}
	return rc;
}

int embedded_destroy(const struct embedded *embedded, struct error *err)
{
	/* Also while a signal asks to stop: what is left behind would be in the way. */
	interrupt_defer(true);
	AUTO(mem_auto) char *password_file = password_path(embedded);
	int rc = file_exists(embedded->data) ? embedded_stop(embedded, NULL, err) : 0;
	if (!rc)
		rc = file_remove(embedded->data, err);
	if (!rc)
		rc = file_remove(embedded->socket, err);
	if (!rc)
		rc = file_remove(embedded->passfile, err);
	if (!rc)
		rc = file_remove(password_file, err);
	if (!rc)
		rc = embedded_finish(embedded, err);
	interrupt_defer(false);
	return rc;
}
