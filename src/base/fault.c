#include "base/fault.h"

#ifdef ANCHORE_TEST_BUILD

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { MOST_FAULTS = 16 };

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static unsigned long reached[MOST_FAULTS];

static void note(const char *name)
{
	const char *path = getenv("ANCHORE_ADMIN_FAULT_LOG");
	if (!path)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	AUTO(mem_auto) char *line = mem_format("%s\n", name);
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		abort();
	if (fd >= 0)
		close(fd);
}

static int happen(const char *what, const char *name, struct error *err)
{
	if (strcmp(what, "kill") == 0)
		kill(getpid(), SIGKILL);
	else if (strcmp(what, "stop") == 0)
		raise(SIGSTOP); /* kill() may have another thread take it, and this one would go on meanwhile */
	else if (strcmp(what, "term") == 0)
		kill(getpid(), SIGTERM);
	else if (strcmp(what, "int") == 0)
		kill(getpid(), SIGINT);
	else if (strcmp(what, "space") == 0)
		return error_set(err, ERROR_NO_SPACE, "fault %s: no space left on device", name);
	else
		return error_set(err, ERROR_FAILED, "fault %s", name);
	return 0;
}

int fault_point(const char *name, struct error *err)
{
	note(name);
	const char *faults = getenv("ANCHORE_ADMIN_FAULT");
	if (!faults)
		return 0;
	AUTO(mem_auto) char *copy = mem_copy(faults);
	char *rest = copy, *item;
	int rc = 0;
	for (int i = 0; i < MOST_FAULTS && rc == 0 && (item = strsep(&rest, ",")); i++) {
		char *step = strsep(&item, ":");
		char *number = strsep(&item, ":");
		if (!number || !item || (strcmp(step, "*") != 0 && strcmp(step, name) != 0))
			continue;
		pthread_mutex_lock(&guard);
		bool now = ++reached[i] == strtoul(number, NULL, 10);
		pthread_mutex_unlock(&guard);
		if (now)
			rc = happen(item, name, err);
	}
	return rc;
}

#else
/* ISO C forbids an empty translation unit. */
typedef int fault_is_for_the_test_build_only;
#endif
