#include "io/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
