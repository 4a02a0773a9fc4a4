#include "base/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum form { FORM_NONE, FORM_BAR, FORM_JSON, FORM_LINES };
enum { COLUMNS = 80, LOOK_MS = 200, JSON_SECONDS = 1, LINE_SECONDS = 60 };
static const uint64_t NEVER = UINT64_MAX;

static atomic_uint_fast64_t done, rows;
static atomic_uint_fast64_t next_look = UINT64_MAX; /* milliseconds; written with the lock held */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct progress_view work; /* what NULL: none */
static struct progress_rate rate;
static enum form form;
static double started;
static double said; /* the last line; 0: none, nor any work. One work after the other must not hide a long command. */
static bool has_said; /* of this work */
static progress_watcher *watcher; /* NULL: none */

/* ---- words ---- */

static void add_left(struct list *words, const struct progress_view *view)
{
	if (view->rate <= 0 || view->done >= view->total)
		return;
	double seconds = (double)(view->total - view->done) / view->rate;
	AUTO(mem_auto) char *text = seconds < 59 ? mem_format("%d s", (int)seconds + 1) : text_duration(seconds);
	list_addf(words, "%s left", text);
}

static void add_bytes(struct list *words, const struct progress_view *view)
{
	AUTO(mem_auto) char *is = text_bytes(view->done), *of = text_bytes(view->total);
	if (view->total)
		list_addf(words, "%s of %s", is, of);
	else
		list_add(words, is);
	AUTO(mem_auto) char *count = text_count(view->rows), *of_rows = text_plural(view->rows_total, "row");
	if (view->rows_total)
		list_addf(words, "%s of %s", count, of_rows);
	else
		list_give(words, text_plural(view->rows, "row"));
	if (view->rate < 1)
		return;
	AUTO(mem_auto) char *speed = text_bytes((uint64_t)view->rate);
	list_addf(words, "%s/s", speed);
}

/* Rounded down: 100 % is all of it. */
static struct list words_of(const struct progress_view *view)
{
	struct list words = LIST_INIT;
	if (view->total) {
		int percent = (int)(100 * ((double)view->done / (double)view->total));
		list_addf(&words, "%d %%", percent == 100 && view->done < view->total ? 99 : percent);
	}
	if (!view->parts)
		add_bytes(&words, view);
	add_left(&words, view);
	return words;
}

char *progress_bar(const struct progress_view *view, size_t columns)
{
	AUTO(list_clear) struct list words = words_of(view);
	struct text bar = TEXT_INIT;
	text_add(&bar, view->what);
	/* A bar that fills its line to the end makes some terminals go to the next one. */
	for (size_t i = 0; i < words.count && bar.size + 2 + strlen(words.items[i]) < columns; i++)
		text_addf(&bar, "  %s", words.items[i]);
	if (columns && bar.size >= columns)
		bar.data[columns - 1] = '\0';
	return text_take(&bar);
}

char *progress_sentence(const struct progress_view *view)
{
	AUTO(list_clear) struct list words = words_of(view);
	AUTO(mem_auto) char *joined = list_join(&words, ", ");
	return mem_format("%s: %s", view->what, joined);
}

char *progress_json(const struct progress_view *view)
{
	struct text line = TEXT_INIT;
	text_addf(&line, "{\"progress\":\"%s\",\"unit\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64, view->what,
		view->parts ? "parts" : "bytes", view->done, view->total);
	if (view->parts)
		text_add(&line, ",\"rows\":null");
	else
		text_addf(&line, ",\"rows\":%" PRIu64, view->rows);
	if (view->rows_total)
		text_addf(&line, ",\"rows_total\":%" PRIu64, view->rows_total);
	else
		text_add(&line, ",\"rows_total\":null");
	text_addf(&line, ",\"seconds\":%.1f}", view->seconds);
	return text_take(&line);
}

/* ---- the rate ---- */

double progress_rate_look(struct progress_rate *looks, double now, uint64_t is_done)
{
	size_t next = looks->count % PROGRESS_LOOKS, oldest = looks->count < PROGRESS_LOOKS ? 0 : next;
	double span = looks->count ? now - looks->when[oldest] : 0;
	double found = span > 0 ? (double)(is_done - looks->done[oldest]) / span : 0;
	looks->when[next] = now;
	looks->done[next] = is_done;
	looks->count++;
	return found;
}

/* ---- showing; with the lock held ---- */

static size_t columns_of_terminal(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : COLUMNS;
}

static void show(double now)
{
	AUTO(mem_auto) char *text = form == FORM_BAR ? progress_bar(&work, columns_of_terminal()) :
		form == FORM_JSON ? progress_json(&work) : progress_sentence(&work);
	if (form == FORM_BAR)
		log_bar(text);
	else
		log_note("%s", text);
	said = now;
	has_said = true;
}

static void look(double now)
{
	uint64_t is_done = atomic_load(&done);
	work.done = work.total && is_done > work.total ? work.total : is_done;
	work.rows = atomic_load(&rows);
	work.seconds = now - started;
	work.rate = progress_rate_look(&rate, now, work.done);
	atomic_store(&next_look, (uint64_t)(now * 1000) + LOOK_MS);
	if (watcher)
		watcher(&work);
}

static void start(const struct progress_view *view)
{
	progress_end();
	enum form wanted = log_is_quiet() ? FORM_NONE : log_is_json() ? FORM_JSON :
		isatty(STDERR_FILENO) ? FORM_BAR : FORM_LINES;
	pthread_mutex_lock(&guard);
	if (wanted == FORM_NONE && !watcher) {
		pthread_mutex_unlock(&guard);
		return;
	}
	form = wanted;
	work = *view;
	rate = (struct progress_rate){.count = 0};
	started = clock_shown();
	has_said = false;
	if (said <= 0 || said > started)
		said = started;
	atomic_store(&done, 0);
	atomic_store(&rows, 0);
	look(started);
	pthread_mutex_unlock(&guard);
}

void progress_start(const char *what, uint64_t bytes, uint64_t of_rows)
{
	start(&(struct progress_view){.what = what, .total = bytes, .rows_total = of_rows});
}

void progress_start_parts(const char *what, uint64_t parts)
{
	start(&(struct progress_view){.what = what, .parts = true, .total = parts});
}

void progress_add(uint64_t more, uint64_t more_rows)
{
	atomic_fetch_add_explicit(&done, more, memory_order_relaxed);
	atomic_fetch_add_explicit(&rows, more_rows, memory_order_relaxed);
	if (atomic_load_explicit(&next_look, memory_order_relaxed) == NEVER)
		return;
	double now = clock_shown();
	/* Somebody else is showing it: no reason to wait. */
	if ((uint64_t)(now * 1000) < atomic_load(&next_look) || pthread_mutex_trylock(&guard) != 0)
		return;
	if (work.what && (uint64_t)(now * 1000) >= atomic_load(&next_look)) {
		look(now);
		if (form == FORM_BAR || (form != FORM_NONE &&
				now - said >= (form == FORM_JSON ? JSON_SECONDS : LINE_SECONDS)))
			show(now);
	}
	pthread_mutex_unlock(&guard);
}

void progress_look(void)
{
	progress_add(0, 0);
}

void progress_end(void)
{
	pthread_mutex_lock(&guard);
	if (work.what && form == FORM_BAR)
		log_bar(NULL);
	if (work.what && form == FORM_JSON && has_said) {
		double now = clock_shown();
		look(now);
		show(now);
	}
	if (work.what && watcher)
		watcher(NULL);
	work.what = NULL;
	atomic_store(&next_look, NEVER);
	pthread_mutex_unlock(&guard);
}

void progress_watch(progress_watcher *watch)
{
	pthread_mutex_lock(&guard);
	watcher = watch;
	pthread_mutex_unlock(&guard);
}

/* ---- shares ---- */

void progress_share_add(struct progress_share *share, uint64_t text, uint64_t of_rows)
{
	uint64_t left = share->weight - share->done, most = left ? left - 1 : 0, more = text < most ? text : most;
	share->done += more;
	progress_add(more, of_rows);
}

void progress_share_end(struct progress_share *share)
{
	progress_add(share->weight - share->done, 0);
	share->done = share->weight;
}
