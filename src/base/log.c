#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static bool is_quiet, is_verbose, is_json, never_waits;
static bool has_bar; /* on the line that the cursor is in */
static struct list *collected; /* warnings; NULL: they are said */

void log_setup(bool quiet, bool verbose, bool json)
{
	is_quiet = quiet;
	is_verbose = verbose;
	is_json = json;
}

void log_never_wait(void)
{
	never_waits = true;
}

static bool would_wait(void)
{
	struct pollfd poller = {.fd = STDERR_FILENO, .events = POLLOUT};
	return never_waits && (poll(&poller, 1, 0) != 1 || !(poller.revents & POLLOUT));
}

bool log_is_quiet(void)
{
	return is_quiet;
}

bool log_is_json(void)
{
	return is_json;
}

/* A bar on the line is wiped, it comes back when progress is shown next. */
static void say(const char *prefix, const char *format, va_list args)
{
	AUTO(mem_auto) char *line = mem_format_v(format, args);
	pthread_mutex_lock(&guard);
	if (!would_wait())
		fprintf(stderr, "%s%s%s\n", has_bar ? "\r\033[K" : "", prefix, line);
	has_bar = false;
	pthread_mutex_unlock(&guard);
}

void log_collect(struct list *warnings)
{
	pthread_mutex_lock(&guard);
	collected = warnings;
	pthread_mutex_unlock(&guard);
}

bool log_is_collected(void)
{
	pthread_mutex_lock(&guard);
	bool is = collected != NULL;
	pthread_mutex_unlock(&guard);
	return is;
}

static bool collect(const char *format, va_list args)
{
	AUTO(mem_auto) char *line = mem_format_v(format, args);
	pthread_mutex_lock(&guard);
	bool wanted = collected != NULL;
	if (wanted)
		list_add_once(collected, line);
	pthread_mutex_unlock(&guard);
	return wanted;
}

void log_warn(const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	if (!collect(format, again))
		say("warning: ", format, args);
	va_end(again);
	va_end(args);
}

void log_note(const char *format, ...)
{
	if (is_quiet)
		return;
	va_list args;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void log_detail(const char *format, ...)
{
	if (is_quiet || !is_verbose)
		return;
	va_list args;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void log_bar(const char *line)
{
	pthread_mutex_lock(&guard);
	if (line)
		fprintf(stderr, "\r\033[K%s", line);
	else if (has_bar)
		fputs("\r\033[K", stderr);
	has_bar = line != NULL;
	pthread_mutex_unlock(&guard);
}
