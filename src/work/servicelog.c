#include "work/servicelog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

/* A pipe takes so much without blocking once poll() says that it takes something. */
enum { MOST_ECHO = 4000 };
/* Seconds: on a disk that is full now and then, not every change is said. */
static const double SAY_AGAIN = 60;

void servicelog_init(struct servicelog *log, const char *directory, const char *name, bool echo)
{
	*log = (struct servicelog){.fd = -1, .name = mem_copy(name), .echo = echo};
	log->path = mem_format("%s/%s.log", directory, name);
}

void servicelog_clear(struct servicelog *log)
{
	mem_free(log->name);
	mem_free(log->path);
	text_clear(&log->line);
	file_close(&log->fd);
}

/* ---- the file ---- */

static void lose(struct servicelog *log, size_t size)
{
	if (!log->lost) {
		log_warn("the log %s cannot be written: %s; what the service %s writes is lost until it can",
			log->path, strerror(errno), log->name);
		log->said = clock_supervised();
	}
	log->lost += size;
}

static bool open_file(struct servicelog *log)
{
	struct stat status;
	if (log->fd >= 0)
		return true;
	log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	log->size = log->fd >= 0 && fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
	return log->fd >= 0;
}

/* NAME.log.4 becomes NAME.log.5, …, NAME.log NAME.log.1. A rename that fails leaves the file to grow. */
static void rotate(struct servicelog *log)
{
	for (int i = SERVICELOG_KEPT; i > 0; i--) {
		AUTO(mem_auto) char *to = mem_format("%s.%d", log->path, i);
		AUTO(mem_auto) char *from = i > 1 ? mem_format("%s.%d", log->path, i - 1) : mem_copy(log->path);
		if (rename(from, to) != 0 && i == 1)
			return;
	}
	file_close(&log->fd);
}

static void write_file(struct servicelog *log, const char *bytes, size_t size)
{
	if (open_file(log) && log->size + size > SERVICELOG_MOST_BYTES && log->size)
		rotate(log);
	size_t done = 0;
	errno = 0;
	while (open_file(log) && done < size) {
		ssize_t wrote = write(log->fd, bytes + done, size - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			break;
		done += (size_t)wrote;
		log->size += (uint64_t)wrote;
	}
	if (done < size) {
		lose(log, size - done);
	} else if (log->lost && clock_supervised() - log->said > SAY_AGAIN) {
		log_warn("the log %s can be written again; %llu bytes of the service %s are lost", log->path,
			(unsigned long long)log->lost, log->name);
		log->lost = 0;
	}
}

/* ---- stdout ---- */

/* Whoever reads stdout may be slow or stuck. */
static void echo(struct servicelog *log)
{
	struct pollfd poller = {.fd = STDOUT_FILENO, .events = POLLOUT};
	AUTO(text_clear) struct text line = TEXT_INIT;
	text_addf(&line, "[service:%s] ", log->name);
	text_add_bytes(&line, log->line.data ? log->line.data : "", log->line.size);
	text_add(&line, "\n");
	log->line.size = 0;
	if (poll(&poller, 1, 0) == 1 && (poller.revents & POLLOUT) &&
		write(STDOUT_FILENO, line.data, line.size) == (ssize_t)line.size) {
		if (log->unseen)
			log_warn("%llu lines of the service %s were not shown here; the log has them",
				(unsigned long long)log->unseen, log->name);
		log->unseen = 0;
	} else {
		log->unseen++;
	}
}

static void echo_bytes(struct servicelog *log, const char *bytes, size_t size)
{
	while (size) {
		const char *newline = memchr(bytes, '\n', size);
		size_t part = newline ? (size_t)(newline - bytes) : size;
		size_t room = MOST_ECHO - log->line.size;
		bool full = part > room;
		part = full ? room : part;
		text_add_bytes(&log->line, bytes, part);
		bytes += part;
		size -= part;
		if (full || newline)
			echo(log);
		if (!full && newline) {
			bytes++;
			size--;
		}
	}
}

void servicelog_write(struct servicelog *log, const char *bytes, size_t size)
{
	write_file(log, bytes, size);
	if (log->echo)
		echo_bytes(log, bytes, size);
}

void servicelog_reopen(struct servicelog *log)
{
	file_close(&log->fd);
}

void servicelog_end(struct servicelog *log)
{
	if (log->echo && log->line.size)
		echo(log);
}

/* ---- reading them ---- */

/* Puts the last lines of a file before those that are there already. */
static int tail_file(struct list *out, const char *path, size_t lines, struct error *err)
{
	AUTO(mem_auto) char *text = NULL;
	AUTO(list_clear) struct list all = LIST_INIT;
	int rc = file_exists(path) ? file_read(&text, NULL, path, err) : 0;
	if (rc || !text)
		return rc;
	list_add_lines(&all, text);
	size_t wanted = lines - out->count, from = all.count > wanted ? all.count - wanted : 0;
	struct list joined = LIST_INIT;
	for (size_t i = from; i < all.count; i++)
		list_add(&joined, all.items[i]);
	for (size_t i = 0; i < out->count; i++)
		list_give(&joined, mem_take(&out->items[i]));
	mem_free(out->items);
	*out = joined;
	return 0;
}

int servicelog_tail(struct list *out, const char *directory, const char *name, size_t lines, struct error *err)
{
	int rc = 0;
	for (int i = 0; !rc && i <= SERVICELOG_KEPT && out->count < lines; i++) {
		AUTO(mem_auto) char *path = i ? mem_format("%s/%s.log.%d", directory, name, i)
					      : mem_format("%s/%s.log", directory, name);
		rc = tail_file(out, path, lines, err);
	}
	return rc;
}
