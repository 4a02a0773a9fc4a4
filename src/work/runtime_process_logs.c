#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/control.h"
#include "work/runtime_process.h"
#include "work/servicelog.h"

static const double LOOK_AGAIN = 0.2;
enum { READ_AT_ONCE = 65536 };

/* One file that is followed. */
struct follow {
	const char *name; /* of the service */
	char *path;
	int fd;           /* -1: not there yet */
	struct text line; /* begun */
};

static void show(const char *name, const char *line)
{
	fprintf(stdout, "[service:%s] %s\n", name, line);
}

static int show_last(const char *directory, const char *name, size_t lines, struct error *err)
{
	AUTO(list_clear) struct list last = LIST_INIT;
	int rc = servicelog_tail(&last, directory, name, lines, err);
	for (size_t i = 0; !rc && i < last.count; i++)
		show(name, last.items[i]);
	return rc;
}

/* ---- following ---- */

static void show_lines(struct follow *follow, char *bytes, size_t size)
{
	text_add_bytes(&follow->line, bytes, size);
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, follow->line.data);
	bool whole = follow->line.data[follow->line.size - 1] == '\n';
	for (size_t i = 0; i < lines.count - !whole; i++)
		show(follow->name, lines.items[i]);
	AUTO(mem_auto) char *rest = whole ? NULL : mem_copy(lines.items[lines.count - 1]);
	text_clear(&follow->line);
	if (rest)
		text_add(&follow->line, rest);
}

static void read_on(struct follow *follow)
{
	char bytes[READ_AT_ONCE];
	ssize_t got;
	while (follow->fd >= 0 && (got = read(follow->fd, bytes, sizeof bytes)) > 0)
		show_lines(follow, bytes, (size_t)got);
}

/* The file of that name is another one since it was rotated: its rest was read, now the new one from its start. */
static void reopen(struct follow *follow)
{
	struct stat there, ours;
	if (stat(follow->path, &there) != 0)
		return;
	if (follow->fd >= 0 && fstat(follow->fd, &ours) == 0 && ours.st_ino == there.st_ino &&
		ours.st_dev == there.st_dev)
		return;
	read_on(follow);
	file_close(&follow->fd);
	follow->fd = open(follow->path, O_RDONLY | O_CLOEXEC);
}

static int follow_all(struct follow *follows, size_t count, struct error *err)
{
	for (;;) {
		for (size_t i = 0; i < count; i++) {
			read_on(&follows[i]);
			reopen(&follows[i]);
			read_on(&follows[i]);
		}
		if (fflush(stdout) != 0)
			return error_errno(err, ERROR_FAILED, "cannot write to stdout");
		clock_sleep(LOOK_AGAIN);
		/* Whoever follows ends it by a signal: that is no failure, but the exit status says so. */
		int rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}

static int follow_from_now(const char *directory, const struct list *names, size_t lines, struct error *err)
{
	struct follow *follows = mem_array(names->count + 1, sizeof *follows);
	int rc = 0;
	for (size_t i = 0; !rc && i < names->count; i++) {
		struct follow *follow = &follows[i];
		follow->name = names->items[i];
		follow->path = mem_format("%s/%s.log", directory, follow->name);
		/* Opened and placed before the last lines are shown: a line may come twice then, but none is lost. */
		follow->fd = open(follow->path, O_RDONLY | O_CLOEXEC);
		if (follow->fd >= 0 && lseek(follow->fd, 0, SEEK_END) < 0)
			rc = error_errno(err, ERROR_FAILED, "cannot read %s", follow->path);
		if (!rc)
			rc = show_last(directory, follow->name, lines, err);
	}
	if (!rc)
		rc = follow_all(follows, names->count, err);
	for (size_t i = 0; i < names->count; i++) {
		text_clear(&follows[i].line);
		if (follows[i].path)
			file_close(&follows[i].fd);
		mem_free(follows[i].path);
	}
	mem_free(follows);
	return rc;
}

int process_logs(const struct run *run, const struct list *names, size_t lines, bool follow, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	int rc = control_log_directory(&directory, run, err);
	if (rc)
		return rc;
	if (follow)
		return follow_from_now(directory, names, lines, err);
	for (size_t i = 0; !rc && i < names->count; i++)
		rc = show_last(directory, names->items[i], lines, err);
	return rc;
}
