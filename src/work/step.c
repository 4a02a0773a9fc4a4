#include "work/step.h"

#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "io/json.h"

/* Workers tell how far they are, so there is a lock; base/progress holds its own before it takes this one. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char *path; /* NULL: nobody watches */
static char *run_id, *command, *step;
static struct progress_view part; /* of the step itself; what NULL: it has none */
static time_t since;
static bool failed; /* it was said once */

static void put_progress(json_t *object, const struct progress_view *view)
{
	bool timed = view && view->rate > 0 && view->total >= view->done;
	json_put(object, "what", view ? view->what : NULL);
	json_put_value(object, "done", view ? json_integer((json_int_t)view->done) : json_null());
	json_put_value(object, "total", view ? json_integer((json_int_t)view->total) : json_null());
	json_put_value(object, "rows", view && !view->parts ? json_integer((json_int_t)view->rows) : json_null());
	json_put_value(object, "rate", timed ? json_real(view->rate) : json_null());
	json_put_value(object, "seconds_left",
		timed ? json_real((double)(view->total - view->done) / view->rate) : json_null());
}

/* With the lock held. */
static void write_file(const struct progress_view *view)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(json_auto) json_t *object = json_object();
	AUTO(mem_auto) char *at = text_time(since);
	json_put(object, "run", run_id);
	json_put(object, "command", command);
	json_put(object, "step", step);
	json_put(object, "at", at);
	put_progress(object, view || !part.what ? view : &part);
	AUTO(mem_auto) char *line = json_print_line(object);
	AUTO(mem_auto) char *text = mem_format("%s\n", line);
	if (file_publish(path, 0600, text, strlen(text), &why) == 0 || failed)
		return;
	failed = true;
	log_warn("the step is not shown to those who watch: %s", why.message);
}

static void watch(const struct progress_view *view)
{
	pthread_mutex_lock(&guard);
	if (path && step)
		write_file(view);
	pthread_mutex_unlock(&guard);
}

void step_open(const struct run *run, const char *directory)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (!file_is_directory(directory) && file_make_directories(directory, 0700, &why)) {
		log_warn("the steps are not shown to those who watch: %s", why.message);
		return;
	}
	pthread_mutex_lock(&guard);
	mem_replace(&path, path_join(directory, "progress.json"));
	mem_replace(&run_id, mem_copy(run->id));
	mem_replace(&command, mem_copy(run->command));
	mem_replace(&step, NULL);
	failed = false;
	pthread_mutex_unlock(&guard);
	progress_watch(watch);
}

void step_sweep(const char *directory)
{
	AUTO(mem_auto) char *left = path_join(directory, "progress.json");
	unlink(left);
}

static void say(const struct progress_view *view, const char *format, va_list args)
{
	pthread_mutex_lock(&guard);
	if (path) {
		mem_replace(&step, mem_format_v(format, args));
		part = *view;
		since = clock_now();
		write_file(NULL);
	}
	pthread_mutex_unlock(&guard);
}

void step_say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(&(struct progress_view){.what = NULL}, format, args);
	va_end(args);
}

void step_say_part(const char *what, size_t done, size_t total, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(&(struct progress_view){.what = what, .parts = true, .done = done, .total = total}, format, args);
	va_end(args);
}

void step_close(void)
{
	progress_watch(NULL);
	pthread_mutex_lock(&guard);
	if (path)
		unlink(path);
	char **const owned[] = {&path, &run_id, &command, &step};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		mem_replace(owned[i], NULL);
	pthread_mutex_unlock(&guard);
}
