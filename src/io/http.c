#include "io/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/text.h"

enum { MOST_BODY = 1 << 20 };

struct body {
	struct text text;
	bool cut;
};

static size_t take(char *bytes, size_t one, size_t size, void *context)
{
	(void)one; /* always 1 */
	struct body *body = context;
	size_t room = MOST_BODY - body->text.size;
	body->cut = size > room;
	text_add_bytes(&body->text, bytes, body->cut ? room : size);
	return body->cut ? 0 : size; /* another number ends the transfer */
}

static int stop_on_signal(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)context, (void)a, (void)b, (void)c, (void)d;
	return interrupt_signal() != 0;
}

static void close_handle(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void prepare(CURL *curl, const char *url, const char *socket, double seconds, struct body *body)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (socket)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(seconds * 1000));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_on_signal);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

int http_get(struct http_answer *out, const char *url, const char *socket, double seconds, struct error *err)
{
	AUTO(close_handle) CURL *curl = curl_easy_init();
	if (!curl)
		return error_set(err, ERROR_FAILED, "libcurl cannot be initialised");
	struct body body = {TEXT_INIT, false};
	prepare(curl, url, socket, seconds, &body);
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK && !body.cut) {
		text_clear(&body.text);
		int rc = interrupt_check(err);
		return rc ? rc : error_set(err, ERROR_UNREACHABLE, "no answer: %s", curl_easy_strerror(code));
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	out->size = body.text.size;
	out->body = text_take(&body.text);
	return 0;
}

void http_answer_clear(struct http_answer *answer)
{
	mem_free(answer->body);
	*answer = (struct http_answer)HTTP_ANSWER_INIT;
}

/* ---- on an event loop ---- */

struct http_pool {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer timer;
	struct http_ask *asks;
};

struct http_ask {
	struct http_pool *pool;
	CURL *curl;
	http_answered *answered;
	void *context;
	struct http_ask *next;
};

static size_t throw_away(char *bytes, size_t one, size_t size, void *context)
{
	(void)bytes, (void)one, (void)context;
	return size;
}

void http_ask_end(struct http_ask *ask)
{
	if (!ask)
		return;
	struct http_pool *pool = ask->pool;
	for (struct http_ask **at = &pool->asks; *at; at = &(*at)->next) {
		if (*at != ask)
			continue;
		*at = ask->next;
		break;
	}
	curl_multi_remove_handle(pool->multi, ask->curl);
	curl_easy_cleanup(ask->curl);
	mem_free(ask);
}

/* Hands on what has ended. The function that is called may end or begin others. */
static void deliver(struct http_pool *pool)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(pool->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct http_ask *ask = pool->asks;
		while (ask && ask->curl != message->easy_handle)
			ask = ask->next;
		long status = 0;
		CURLcode code = message->data.result;
		if (code == CURLE_OK)
			curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		if (!ask)
			continue;
		http_answered *answered = ask->answered;
		void *context = ask->context;
		http_ask_end(ask);
		answered(context, status, code == CURLE_OK ? NULL : curl_easy_strerror(code));
	}
}

static void on_ready(void *context, int fd, int events)
{
	struct http_pool *pool = context;
	int running;
	curl_multi_socket_action(pool->multi, fd,
		(events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0), &running);
	deliver(pool);
}

static void on_due(void *context)
{
	struct http_pool *pool = context;
	int running;
	curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	deliver(pool);
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *unused)
{
	(void)curl, (void)unused;
	struct http_pool *pool = context;
	struct error err = ERROR_INIT;
	int rc = 0;
	if (what == CURL_POLL_REMOVE)
		loop_forget(pool->loop, fd);
	else
		rc = loop_watch(pool->loop, fd,
			(what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0), on_ready, pool, &err);
	error_clear(&err);
	return rc ? -1 : 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *context)
{
	(void)multi;
	struct http_pool *pool = context;
	if (milliseconds < 0)
		loop_timer_stop(pool->loop, &pool->timer);
	else
		loop_timer(pool->loop, &pool->timer, (double)milliseconds / 1000 * clock_speed());
	return 0;
}

int http_pool_open(struct http_pool **out, struct loop *loop, struct error *err)
{
	CURLM *multi = curl_multi_init();
	if (!multi)
		return error_set(err, ERROR_FAILED, "libcurl cannot be initialised");
	struct http_pool *pool = mem_new(sizeof *pool);
	*pool = (struct http_pool){.multi = multi, .loop = loop, .timer = {.due = on_due, .context = pool}};
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool);
	*out = pool;
	return 0;
}

void http_pool_close(struct http_pool *pool)
{
	if (!pool)
		return;
	while (pool->asks)
		http_ask_end(pool->asks);
	loop_timer_stop(pool->loop, &pool->timer);
	curl_multi_cleanup(pool->multi);
	loop_timer_stop(pool->loop, &pool->timer);
	mem_free(pool);
}

int http_pool_get(struct http_ask **out, struct http_pool *pool, const char *url, double seconds,
	http_answered *answered, void *context, struct error *err)
{
	CURL *curl = curl_easy_init();
	if (!curl)
		return error_set(err, ERROR_FAILED, "libcurl cannot be initialised");
	prepare(curl, url, NULL, seconds, NULL);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 1L);
	/* A service that was started anew must not be asked over what is left of the old one's connection. */
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	struct http_ask *ask = mem_new(sizeof *ask);
	*ask = (struct http_ask){pool, curl, answered, context, pool->asks};
	pool->asks = ask;
	*out = ask;
	curl_multi_add_handle(pool->multi, curl);
	return 0;
}
