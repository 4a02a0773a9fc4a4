#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static bool is_quiet, is_verbose;
static struct {
	char *what; /* NULL: no bar */
	uint64_t total;
	double started, drawn;
} bar;

void log_setup(bool quiet, bool verbose)
{
	is_quiet = quiet;
	is_verbose = verbose;
}

/* With the lock held: a bar on the line is wiped, it comes back with the next update. */
static void say(const char *prefix, const char *format, va_list args)
{
	AUTO(mem_auto) char *line = mem_format_v(format, args);
	pthread_mutex_lock(&guard);
	fprintf(stderr, "%s%s%s\n", bar.what ? "\r\033[K" : "", prefix, line);
	bar.drawn = 0;
	pthread_mutex_unlock(&guard);
}

void log_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say("warning: ", format, args);
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

void progress_start(const char *what, uint64_t total)
{
	progress_end();
	if (is_quiet || !isatty(STDERR_FILENO))
		return;
	pthread_mutex_lock(&guard);
	bar.what = mem_copy(what);
	bar.total = total;
	bar.started = clock_elapsed();
	bar.drawn = 0;
	pthread_mutex_unlock(&guard);
}

static void draw(uint64_t done, double now)
{
	double spent = now - bar.started;
	double rate = spent > 0 ? (double)done / spent : 0;
	AUTO(mem_auto) char *done_text = text_bytes(done);
	AUTO(mem_auto) char *rate_text = text_bytes((uint64_t)rate);
	if (bar.total == 0) {
		fprintf(stderr, "\r\033[K%s  %s  %s/s", bar.what, done_text, rate_text);
		return;
	}
	if (done > bar.total)
		bar.total = done; /* the total was an estimate */
	AUTO(mem_auto) char *total_text = text_bytes(bar.total);
	AUTO(mem_auto) char *left_text = text_duration(rate > 0 ? (double)(bar.total - done) / rate : 0);
	fprintf(stderr, "\r\033[K%s  %2.0f %%  %s of %s  %s/s  %s left", bar.what,
		100 * (double)done / (double)bar.total, done_text, total_text, rate_text, left_text);
}

void progress_update(uint64_t done)
{
	pthread_mutex_lock(&guard);
	double now = clock_elapsed();
	if (bar.what && now - bar.drawn > 0.2) {
		draw(done, now);
		fflush(stderr);
		bar.drawn = now;
	}
	pthread_mutex_unlock(&guard);
}

void progress_end(void)
{
	pthread_mutex_lock(&guard);
	if (bar.what) {
		fputs("\r\033[K", stderr);
		mem_free(bar.what);
		bar.what = NULL;
	}
	pthread_mutex_unlock(&guard);
}
