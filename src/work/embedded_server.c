#include "work/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/proc.h"

enum { START_SECONDS = 60 };

/* Whoever listens on the socket in the server's own folder is the server. */
bool embedded_running(const struct embedded *embedded, pid_t *pid)
{
	AUTO(file_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO(mem_auto) char *path = mem_format("%s/.s.PGSQL.%d", embedded->socket, EMBEDDED_PORT);
	if (fd < 0 || strlen(path) >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return false;
	struct ucred peer = {0};
	socklen_t size = sizeof peer;
	if (pid)
		*pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
	return true;
}

/* Runs pg_ctl on the data folder as the server's user. */
static int run_pg_ctl(const struct embedded *embedded, const char *const *arguments, struct error *err)
{
	AUTO(mem_auto) char *program = path_join(embedded->bindir, "pg_ctl");
	const char *argv[16] = {program, "-D", embedded->data};
	for (size_t i = 0; arguments[i] && i < 12; i++)
		argv[3 + i] = arguments[i];
	AUTO(list_clear) struct list environment = LIST_INIT;
	/* Settings of the caller's session are not the server's, and its secrets not the server's user's. */
	list_add(&environment, "PGPASSWORD");
	list_add(&environment, "ANCHORE_ADMIN_DATABASE");
	list_add(&environment, "LC_ALL=C.UTF-8");
	list_add(&environment, "PGDATA=");
	return proc_run(
		NULL, NULL, &(struct proc){.argv = argv, .user = embedded->user, .environment = &environment}, err);
}

/* Only the owner of the data may run the server. */
static int check_owner(const struct embedded *embedded, struct error *err)
{
	struct stat status;
	if (stat(embedded->data, &status) != 0) {
		if (errno == ENOENT) {
			error_set(err, ERROR_REFUSED, "the embedded server %s has no data folder %s", embedded->name,
				embedded->data);
			return error_hint(err, "make a deployment with `anchore-admin init DIR --embedded`");
		}
		return error_errno(err, ERROR_REFUSED, "cannot read %s", embedded->data);
	}
	if (geteuid() == 0 || geteuid() == status.st_uid)
		return 0;
	error_set(err, ERROR_REFUSED,
		"the embedded server %s does not run, and only root or the owner of %s can start it", embedded->name,
		embedded->data);
	return error_hint(err, "run the command as root");
}

int embedded_give(const struct embedded *embedded, const char *path, struct error *err)
{
	if (!embedded->user)
		return 0;
	const struct passwd *user = getpwnam(embedded->user);
	if (!user) {
		error_set(err, ERROR_REFUSED, "there is no user %s to run the embedded server", embedded->user);
		return error_hint(err, "install PostgreSQL: `apt-get install postgresql`");
	}
	if (chown(path, user->pw_uid, user->pw_gid) != 0)
		return error_errno(err, ERROR_FAILED, "cannot give %s to %s", path, embedded->user);
	return 0;
}

int embedded_make_folder(const struct embedded *embedded, const char *path, mode_t mode, struct error *err)
{
	AUTO(mem_auto) char *parent = path_directory(path);
	int rc = file_make_directories(parent, 0755, err);
	if (!rc && mkdir(path, mode) != 0 && errno != EEXIST)
		rc = error_errno(err, ERROR_FAILED, "cannot make the directory %s", path);
	if (!rc)
		return embedded_give(embedded, path, err);
	if (geteuid() != 0)
		error_hint(err, "run the command as root, or name folders of your own with `--embedded-data DIR "
			"--embedded-socket DIR`");
	return rc;
}

/* Waits for whoever starts or stops the server now; the lock ends with *fd. */
static int lock_data(int *fd, const struct embedded *embedded, struct error *err)
{
	AUTO(file_close) int folder = open(embedded->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_errno(err, ERROR_FAILED, "cannot read %s", embedded->data);
	while (flock(folder, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return error_errno(err, ERROR_FAILED, "cannot lock %s", embedded->data);
		clock_sleep(0.1);
		int rc = interrupt_check(err);
		if (rc)
			return rc;
	}
	*fd = folder;
	folder = -1;
	return 0;
}

/* A server's processes all work in its data folder. */
static bool has_processes(const char *data)
{
	AUTO(mem_auto) char *real = realpath(data, NULL);
	AUTO(list_clear) struct list names = LIST_INIT;
	struct error ignored = ERROR_INIT;
	bool found = !real || file_list(&names, "/proc", &ignored) != 0;
	error_clear(&ignored);
	for (size_t i = 0; !found && i < names.count; i++) {
		char folder[PATH_MAX];
		AUTO(mem_auto) char *link = mem_format("/proc/%s/cwd", names.items[i]);
		ssize_t size = strspn(names.items[i], "0123456789") ? readlink(link, folder, sizeof folder - 1) : -1;
		if (size < 0)
			continue;
		folder[size] = '\0';
		found = strcmp(folder, real) == 0;
	}
	return found;
}

/* After a crash the old process id may be another program's by now (or a zombie's), and PostgreSQL would not start.
 * Only when none of the server's processes is left. */
static int drop_stale_locks(const struct embedded *embedded, struct error *err)
{
	if (has_processes(embedded->data))
		return 0;
	AUTO(mem_auto) char *pid = path_join(embedded->data, "postmaster.pid");
	AUTO(mem_auto) char *lock = mem_format("%s/.s.PGSQL.%d.lock", embedded->socket, EMBEDDED_PORT);
	int rc = file_remove(pid, err);
	return rc ? rc : file_remove(lock, err);
}

/* What postgresql.conf includes; written at each start, so that it follows the settings. */
static int write_configuration(const struct embedded *embedded, struct error *err)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	text_addf(
		&text, "# Written by anchore-admin at each start.\nlisten_addresses = ''\nport = %d\n", EMBEDDED_PORT);
	text_add(&text, "password_encryption = 'scram-sha-256'\nunix_socket_directories = '\"");
	for (const char *at = embedded->socket; *at; at++)
		text_addf(&text, "%s%c", *at == '\'' || *at == '"' ? (char[2]){*at, 0} : "", *at);
	text_add(&text, "\"'\n");
	AUTO(mem_auto) char *path = path_join(embedded->data, EMBEDDED_CONF);
	int rc = file_write(path, 0600, text.data, text.size, err);
	return rc ? rc : embedded_give(embedded, path, err);
}

static int start_server(const struct embedded *embedded, struct error *err)
{
	/* /run is empty after a boot. */
	int rc = embedded_make_folder(embedded, embedded->socket, 0755, err);
	if (!rc)
		rc = drop_stale_locks(embedded, err);
	if (!rc)
		rc = write_configuration(embedded, err);
	if (!rc)
		rc = fault_point("embedded-start", err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *log = path_join(embedded->data, "server.log");
	AUTO(mem_auto) char *seconds = mem_format("%d", START_SECONDS);
	const char *const arguments[] = {"-w", "-s", "-t", seconds, "-l", log, "start", NULL};
	rc = run_pg_ctl(embedded, arguments, err);
	if (!rc || rc == ERROR_INTERRUPTED)
		return rc;
	error_set(err, ERROR_UNREACHABLE, "the embedded server %s does not start", embedded->name);
	return error_hint(err, "the reason is at the end of %s", log);
}

int embedded_start(const struct embedded *embedded, bool *started, struct error *err)
{
	if (started)
		*started = false;
	/* Who may not look into the data may still use a server that runs. */
	if (embedded_running(embedded, NULL) && access(embedded->data, R_OK) != 0)
		return 0;
	AUTO(file_close) int lock = -1;
	int rc = check_owner(embedded, err);
	if (!rc)
		rc = lock_data(&lock, embedded, err);
	if (rc || embedded_running(embedded, NULL))
		return rc;
	rc = start_server(embedded, err);
	if (!rc && started)
		*started = true;
	return rc;
}

int embedded_stop(const struct embedded *embedded, bool *stopped, struct error *err)
{
	if (stopped)
		*stopped = false;
	if (!embedded_running(embedded, NULL))
		return 0;
	AUTO(file_close) int lock = -1;
	int rc = check_owner(embedded, err);
	if (!rc)
		rc = lock_data(&lock, embedded, err);
	const char *const arguments[] = {"-w", "-s", "-m", "fast", "stop", NULL};
	if (!rc)
		rc = run_pg_ctl(embedded, arguments, err);
	if (rc == ERROR_FAILED) {
		err->code = ERROR_SERVICES;
		return error_context(err, "the embedded server %s does not stop", embedded->name);
	}
	if (!rc && stopped)
		*stopped = true;
	return rc;
}
