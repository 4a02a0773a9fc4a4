#include "io/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/text.h"

enum { MOST_BODY = 1 << 20 };

struct transfer {
	CURL *curl;
	const struct http_request *request;
	struct text body;
	bool cut; /* ended by us, not by a failure */
};

static void transfer_clear(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->curl);
	text_clear(&transfer->body);
}

static size_t keep(struct transfer *transfer, const char *bytes, size_t size)
{
	size_t room = MOST_BODY - transfer->body.size;
	transfer->cut = size > room;
	text_add_bytes(&transfer->body, bytes, transfer->cut ? room : size);
	return transfer->cut ? 0 : size; /* another number ends the transfer */
}

static size_t take(char *bytes, size_t one, size_t size, void *context)
{
	(void)one; /* always 1 */
	struct transfer *transfer = context;
	long status = 0;
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!transfer->request->take || status >= 300)
		return keep(transfer, bytes, size);
	transfer->cut = !transfer->request->take(bytes, size, transfer->request->context);
	return transfer->cut ? 0 : size;
}

static int stop_on_signal(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)context, (void)a, (void)b, (void)c, (void)d;
	return interrupt_signal() != 0;
}

static void prepare(CURL *curl, const struct http_request *request, struct transfer *transfer)
{
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (request->socket)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
	if (strcmp(request->method, "POST") == 0)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(request->seconds * 1000));
	if (request->silence > 0) {
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)request->silence);
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_on_signal);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

int http_ask(struct http_answer *out, const struct http_request *request, struct error *err)
{
	AUTO(transfer_clear) struct transfer transfer = {curl_easy_init(), request, TEXT_INIT, false};
	if (!transfer.curl)
		return error_set(err, ERROR_FAILED, "libcurl cannot be initialised");
	prepare(transfer.curl, request, &transfer);
	CURLcode code = curl_easy_perform(transfer.curl);
	if (code != CURLE_OK && !transfer.cut) {
		int rc = interrupt_check(err);
		return rc ? rc : error_set(err, ERROR_UNREACHABLE, "no answer: %s", curl_easy_strerror(code));
	}
	curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &out->status);
	out->size = transfer.body.size;
	out->body = text_take(&transfer.body);
	return 0;
}

int http_get(struct http_answer *out, const char *url, const char *socket, double seconds, struct error *err)
{
	struct http_request request = {.method = "GET", .url = url, .socket = socket, .seconds = seconds};
	return http_ask(out, &request, err);
}

char *http_escape(const char *text)
{
	struct text made = TEXT_INIT;
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	text_add(&made, "");
	for (; *text; text++)
		text_addf(&made, strchr(plain, *text) ? "%c" : "%%%02X", (unsigned char)*text);
	return text_take(&made);
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
	struct http_probe *probes;
};

struct http_probe {
	struct http_pool *pool;
	CURL *curl;
	http_answered *answered;
	void *context;
	struct http_probe *next;
};

static size_t throw_away(char *bytes, size_t one, size_t size, void *context)
{
	(void)bytes, (void)one, (void)context;
	return size;
}

void http_probe_end(struct http_probe *probe)
{
	if (!probe)
		return;
	struct http_pool *pool = probe->pool;
	for (struct http_probe **at = &pool->probes; *at; at = &(*at)->next) {
		if (*at != probe)
			continue;
		*at = probe->next;
		break;
	}
	curl_multi_remove_handle(pool->multi, probe->curl);
	curl_easy_cleanup(probe->curl);
	mem_free(probe);
}

/* Hands on what has ended. The function that is called may end or begin others. */
static void deliver(struct http_pool *pool)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(pool->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct http_probe *probe = pool->probes;
		while (probe && probe->curl != message->easy_handle)
			probe = probe->next;
		long status = 0;
		CURLcode code = message->data.result;
		if (code == CURLE_OK)
			curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		if (!probe)
			continue;
		http_answered *answered = probe->answered;
		void *context = probe->context;
		http_probe_end(probe);
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
			(what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0), on_ready,
				pool, &err);
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
	while (pool->probes)
		http_probe_end(pool->probes);
	loop_timer_stop(pool->loop, &pool->timer);
	curl_multi_cleanup(pool->multi);
	loop_timer_stop(pool->loop, &pool->timer);
	mem_free(pool);
}

int http_pool_get(struct http_probe **out, struct http_pool *pool, const char *url, double seconds,
	http_answered *answered, void *context, struct error *err)
{
	CURL *curl = curl_easy_init();
	if (!curl)
		return error_set(err, ERROR_FAILED, "libcurl cannot be initialised");
	const struct http_request request = {.method = "GET", .url = url, .seconds = seconds};
	prepare(curl, &request, NULL);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 1L);
	/* A service that was started anew must not be asked over what is left of the old one's connection. */
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	struct http_probe *probe = mem_new(sizeof *probe);
	*probe = (struct http_probe){pool, curl, answered, context, pool->probes};
	pool->probes = probe;
	*out = probe;
	curl_multi_add_handle(pool->multi, curl);
	return 0;
}
