#include "io/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>

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
