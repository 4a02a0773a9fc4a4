#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/control.h"
#include "work/supervise_private.h"

/* Limits against clients that are broken or slow; seconds of the real clock. */
enum { MOST_CLIENTS = 64, MOST_QUESTION = 65536, MOST_UNREAD = 16 << 20 };
static const double QUESTION_WITHIN = 10, READ_WITHIN = 30;

struct client {
	struct supervisor *supervisor;
	int fd;
	pid_t pid;
	bool socket;       /* reads and writes; else a pipe that is only written to */
	bool asked;        /* its question was read */
	bool answered;     /* nothing follows what is in out */
	struct text in, out;
	size_t sent;       /* of out */
	struct loop_timer timer; /* for its question, then for what it does not read */
	struct client *next;
};

static void on_ready(void *context, int fd, int events);

static void client_close(struct client *client)
{
	struct supervisor *supervisor = client->supervisor;
	for (struct client **at = &supervisor->clients; *at; at = &(*at)->next) {
		if (*at != client)
			continue;
		*at = client->next;
		supervisor->client_count--;
		break;
	}
	jobs_forget(supervisor, client);
	loop_forget(supervisor->loop, client->fd);
	loop_timer_stop(supervisor->loop, &client->timer);
	file_close(&client->fd);
	text_clear(&client->in);
	text_clear(&client->out);
	mem_free(client);
}

static void on_late(void *context)
{
	client_close(context);
}

/* ---- what it is told ---- */

/* Wants to know when it can be written to only while there is something to write. False: it is gone. */
static bool client_watch(struct client *client)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	bool left = client->sent < client->out.size;
	int events = (client->socket ? LOOP_READ : 0) | (left ? LOOP_WRITE : 0);
	if (loop_watch(client->supervisor->loop, client->fd, events, on_ready, client, &err) == 0)
		return true;
	client_close(client);
	return false;
}

static ssize_t client_write(struct client *client)
{
	const char *bytes = client->out.data + client->sent;
	size_t size = client->out.size - client->sent;
	if (client->socket)
		return send(client->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	return write(client->fd, bytes, size);
}

/* Writes what it takes now. False: it is gone. */
static bool client_flush(struct client *client)
{
	while (client->sent < client->out.size) {
		ssize_t wrote = client_write(client);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (wrote <= 0) {
			client_close(client);
			return false;
		}
		client->sent += (size_t)wrote;
		if (client->asked)
			loop_timer(client->supervisor->loop, &client->timer, READ_WITHIN * clock_speed());
	}
	if (client->sent == client->out.size) {
		client->sent = client->out.size = 0;
		if (client->asked)
			loop_timer_stop(client->supervisor->loop, &client->timer);
		if (client->answered) {
			client_close(client);
			return false;
		}
	}
	return client_watch(client);
}

static void client_say(struct client *client, json_t *line)
{
	AUTO(mem_auto) char *text = json_print_line(line);
	text_add(&client->out, text);
	text_add(&client->out, "\n");
	json_decref(line);
	if (client->out.size - client->sent > MOST_UNREAD) {
		client_close(client);
		return;
	}
	if (!client->timer.runs)
		loop_timer(client->supervisor->loop, &client->timer, READ_WITHIN * clock_speed());
	client_flush(client);
}

void client_note(struct client *client, const char *note)
{
	json_t *line = json_object();
	json_put(line, "note", note);
	client_say(client, line);
}

void client_reassure(struct client *client)
{
	client_say(client, json_object());
}

void client_done(struct client *client, json_t *done)
{
	json_t *line = json_object();
	json_put_value(line, "done", done ? done : json_object());
	client->answered = true;
	client_say(client, line);
}

void client_fail(struct client *client, const struct error *err)
{
	client->answered = true;
	client_say(client, control_error_json(err));
}

/* ---- what it asks ---- */

static void refuse(struct client *client, enum error_code code, const char *message)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	error_set(&err, code, "%s", message);
	client->asked = true;
	client_fail(client, &err);
}

/* A line is the question; whatever comes after it is of no interest. */
static void take_question(struct client *client)
{
	const char *newline = client->in.size ? memchr(client->in.data, '\n', client->in.size) : NULL;
	if (!newline && client->in.size > MOST_QUESTION) {
		refuse(client, ERROR_USAGE, "the question is too long");
	} else if (newline) {
		client->asked = true;
		loop_timer_stop(client->supervisor->loop, &client->timer);
		AUTO(mem_auto) char *line = mem_copy_bytes(client->in.data, (size_t)(newline - client->in.data));
		question_answer(client, client->supervisor, line, (size_t)(newline - client->in.data), client->pid);
	}
}

/* False: it is gone. */
static bool client_read(struct client *client)
{
	char thrown[4096];
	char *to = client->asked ? thrown : text_reserve(&client->in, sizeof thrown);
	ssize_t got = recv(client->fd, to, sizeof thrown, MSG_DONTWAIT);
	if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
		return true;
	/* Who hangs up does not want to know any more; a job goes on. */
	if (got <= 0) {
		client_close(client);
		return false;
	}
	if (client->asked)
		return true;
	client->in.size += (size_t)got;
	client->in.data[client->in.size] = '\0';
	take_question(client);
	return false; /* may be gone */
}

static void on_ready(void *context, int fd, int events)
{
	(void)fd;
	struct client *client = context;
	if ((events & LOOP_READ) && client->socket && !client_read(client))
		return;
	if (!client->socket && client->sent == client->out.size)
		client_close(client); /* its reader is gone */
	else if (events & LOOP_WRITE)
		client_flush(client);
}

/* ---- the socket ---- */

static struct client *client_new(struct supervisor *supervisor, int fd)
{
	struct client *client = mem_new(sizeof *client);
	*client = (struct client){.supervisor = supervisor, .fd = fd, .next = supervisor->clients};
	client->timer = (struct loop_timer){.due = on_late, .context = client};
	supervisor->clients = client;
	supervisor->client_count++;
	return client;
}

struct client *client_add(struct supervisor *supervisor, int fd)
{
	struct client *client = client_new(supervisor, fd);
	client->asked = true;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return client;
}

static void on_connection(void *context, int listener, int events)
{
	(void)events;
	struct supervisor *supervisor = context;
	AUTO(file_close) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = {0};
	socklen_t size = sizeof peer;
	if (fd < 0)
		return;
	bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
	struct client *client = client_new(supervisor, fd);
	fd = -1;
	client->socket = true;
	client->pid = peer.pid;
	/* The file's mode says the same, but a folder's owner may have changed that. */
	if (!known || (peer.uid != 0 && peer.uid != geteuid())) {
		refuse(client, ERROR_REFUSED, "only root and the user who runs the supervisor may ask it");
	} else if (supervisor->client_count > MOST_CLIENTS) {
		refuse(client, ERROR_LOCKED, "too many ask the supervisor at once");
	} else {
		loop_timer(supervisor->loop, &client->timer, QUESTION_WITHIN * clock_speed());
		client_watch(client);
	}
}

int clients_listen(struct supervisor *supervisor, struct error *err)
{
	struct sockaddr_un address;
	int rc = control_address(&address, supervisor->directory, err);
	if (rc)
		return rc;
	/* We hold the lock: nobody listens on what an earlier supervisor left. */
	rc = file_remove(address.sun_path, err);
	if (rc)
		return rc;
	supervisor->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);
	int bound = supervisor->listener < 0 ? -1
		: bind(supervisor->listener, (const struct sockaddr *)&address, sizeof address);
	umask(before);
	if (bound != 0 || listen(supervisor->listener, MOST_CLIENTS) != 0)
		return error_errno(err, ERROR_FAILED, "cannot listen on %s", address.sun_path);
	return loop_watch(supervisor->loop, supervisor->listener, LOOP_READ, on_connection, supervisor, err);
}

void clients_close(struct supervisor *supervisor)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	struct sockaddr_un address;
	while (supervisor->clients)
		client_close(supervisor->clients);
	if (supervisor->listener < 0)
		return;
	if (control_address(&address, supervisor->directory, &ignored) == 0)
		unlink(address.sun_path);
	loop_forget(supervisor->loop, supervisor->listener);
	file_close(&supervisor->listener);
}
