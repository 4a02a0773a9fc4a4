#include "work/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/child.h"

enum { MOST_LINE = 8 << 20 }; /* of an answer: the view with its snapshots */
static const double SILENCE = 30; /* seconds without a line from a supervisor that is well */

static int folder(char **out, const struct run *run, enum option option, const char *name, struct error *err)
{
	const char *setting = settings_text(&run->settings, option);
	const char *file = settings_text(&run->settings, OPTION_CONFIG);
	if (!setting && !file) {
		error_set(err, ERROR_USAGE, "no settings file is read, and no folder is named for the services' %s",
			name);
		return error_hint(err, "name the settings file with `--config FILE`, or the folder with `--%s DIR`",
			option_table[option].name);
	}
	AUTO(mem_auto) char *directory = setting ? NULL : path_directory(file);
	AUTO(mem_auto) char *path = setting ? mem_copy(setting) : path_join(directory, name);
	*out = path_absolute(path);
	return 0;
}

int control_directory(char **out, const struct run *run, struct error *err)
{
	return folder(out, run, OPTION_RUN_DIR, "run", err);
}

int control_log_directory(char **out, const struct run *run, struct error *err)
{
	return folder(out, run, OPTION_LOG_DIR, "log", err);
}

int control_address(struct sockaddr_un *out, const char *directory, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(directory, CONTROL_SOCKET);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		error_set(err, ERROR_USAGE, "the socket %s has a longer name than the %zu bytes that the system allows",
			path, sizeof address.sun_path - 1);
		return error_hint(err, "name a shorter folder with `--run-dir DIR`");
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	*out = address;
	return 0;
}

static int nobody(const struct sockaddr_un *address, struct error *err)
{
	if (errno == EACCES || errno == EPERM) {
		error_errno(err, ERROR_REFUSED, "the supervisor of the services may not be asked");
		return error_hint(err, "run the command as the user who runs the supervisor, or as root");
	}
	if (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR)
		return error_errno(err, ERROR_FAILED, "the supervisor of the services cannot be asked on %s",
			address->sun_path);
	error_set(err, ERROR_UNREACHABLE, "no supervisor of the services runs (nobody answers on %s)",
		address->sun_path);
	return error_hint(err, "start it with `anchore-admin service start`");
}

static int reach(int *out, const struct run *run, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	struct sockaddr_un address;
	int rc = control_directory(&directory, run, err);
	if (!rc)
		rc = control_address(&address, directory, err);
	if (rc)
		return rc;
	AUTO(file_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, ERROR_FAILED, "cannot make a socket");
	/* Nobody accepts on behalf of one that is stopped: once its queue is full, to connect would wait for ever. */
	const struct timeval limit = {.tv_sec = (time_t)SILENCE};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return nobody(&address, err);
	*out = fd;
	fd = -1;
	return 0;
}

/* It says every second that it is at work: one that does not is stopped, or hangs in a system call. */
static int silent(int fd, double silence, struct error *err)
{
	struct ucred peer = {0};
	socklen_t size = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
		return error_set(err, ERROR_SERVICES,
			"the supervisor of the services has said nothing for %.0f seconds", silence);
	error_set(err, ERROR_SERVICES, "the supervisor of the services, process %ld, has said nothing for %.0f seconds",
		(long)peer.pid, silence);
	return error_hint(err, "see how it is with `ps -o stat,wchan -p %ld`; if it was stopped (T), let it go on with "
		"`kill -CONT %ld`", (long)peer.pid, (long)peer.pid);
}

/* Adds what comes next; at the end of the connection *end. */
static int receive(struct text *text, bool *end, int fd, double silence, struct error *err)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	double begin = clock_elapsed();
	while (poll(&poller, 1, 200) <= 0) {
		int rc = interrupt_check(err);
		if (!rc && silence > 0 && clock_elapsed() - begin > silence)
			rc = silent(fd, silence, err);
		if (rc)
			return rc;
	}
	ssize_t got = read(fd, text_reserve(text, 65536), 65536);
	if (got < 0 && errno == EINTR)
		return 0;
	if (got > 0)
		text->size += (size_t)got;
	text->data[text->size] = '\0';
	*end = got <= 0;
	if (text->size > MOST_LINE)
		return error_set(err, ERROR_FAILED, "the supervisor's answer is too long");
	return 0;
}

static enum error_code code_of(const char *name)
{
	for (int code = ERROR_NONE + 1; code < ERROR_COUNT; code++)
		if (text_same(name, error_name((enum error_code)code)))
			return (enum error_code)code;
	return ERROR_FAILED;
}

int control_error(const json_t *error, struct error *err)
{
	const char *message = json_text(error, "message"), *hint = json_text(error, "hint");
	error_set(err, code_of(json_text(error, "code")), "%s",
		message ? message : "the supervisor failed and did not say why");
	return hint ? error_hint(err, "%s", hint) : (int)err->code;
}

json_t *control_error_json(const struct error *err)
{
	json_t *answer = json_object(), *inside = json_object();
	json_put_value(answer, "error", inside);
	json_put(inside, "code", error_name(err->code));
	json_put(inside, "message", err->message);
	json_put(inside, "hint", err->hint);
	return answer;
}

/* One line of the answer. *last: it was the one that ends it. */
static int take_line(json_t **done, bool *last, const char *line, size_t size, struct error *err)
{
	AUTO(json_auto) json_t *answer = NULL;
	int rc = json_parse(&answer, line, size, "the supervisor's answer", err);
	if (rc)
		return rc;
	json_t *error = json_object_get(answer, "error"), *result = json_object_get(answer, "done");
	if (json_text(answer, "note"))
		log_note("%s", json_text(answer, "note"));
	*last = error || result;
	if (error)
		return control_error(error, err);
	if (result)
		*done = json_incref(result);
	return 0;
}

int control_read(json_t **done, int fd, double silence, struct error *err)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	bool end = false, last = false;
	while (!end) {
		int rc = receive(&text, &end, fd, silence, err);
		char *newline;
		while (!rc && !last && text.size && (newline = memchr(text.data, '\n', text.size))) {
			size_t size = (size_t)(newline - text.data);
			rc = take_line(done, &last, text.data, size, err);
			text.size -= size + 1;
			memmove(text.data, newline + 1, text.size);
		}
		if (rc || last)
			return rc;
	}
	error_set(err, ERROR_SERVICES, "the supervisor ended before it answered");
	return error_hint(err, "`anchore-admin service status` says what runs");
}

int control_ask(json_t **done, const struct run *run, const json_t *question, struct error *err)
{
	AUTO(file_close) int fd = -1;
	int rc = reach(&fd, run, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *text = json_print_line(question);
	AUTO(mem_auto) char *line = mem_format("%s\n", text);
	rc = file_write_all(fd, line, strlen(line), err);
	/* It may have answered before it had read all: that says why. */
	if (rc && errno != EPIPE && errno != ECONNRESET)
		return error_context(err, "asking the supervisor");
	error_clear(err);
	return control_read(done, fd, SILENCE / clock_speed(), err);
}

bool control_answers(const struct run *run)
{
	AUTO(file_close) int fd = -1;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	return reach(&fd, run, &ignored) == 0;
}

/* Whoever wrote its id into the lock and still is this program. Asking the lock itself would be in a starting
 * supervisor's way. */
pid_t control_holder(const char *directory)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(directory, CONTROL_LOCK);
	AUTO(mem_auto) char *text = NULL;
	if (!file_exists(path) || file_read(&text, NULL, path, &ignored))
		return 0;
	long pid = strtol(text, NULL, 10);
	return pid > 0 && child_is_ours((pid_t)pid) ? (pid_t)pid : 0;
}
