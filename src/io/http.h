/* HTTP, by libcurl: small questions to services and daemons of this deployment. Over TCP or a unix socket, straight
 * there: no proxy, no redirect. Certificates are not checked, for the engine's services sign their own and nothing
 * secret is sent. */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "io/loop.h"

struct http_answer {
	long status; /* 200 */
	char *body;  /* owned, NUL-terminated; at most 1 MB, what is over that is cut off */
	size_t size;
};
#define HTTP_ANSWER_INIT {0, NULL, 0}

/* Gets the body of an answer piece by piece; false ends the transfer, which then counts as complete. */
typedef bool http_take(const char *bytes, size_t size, void *context);

struct http_request {
	const char *method;  /* "GET", "POST"; a POST has an empty body */
	const char *url;     /* http:// or https:// */
	const char *socket;  /* path of a unix socket, NULL: none */
	double seconds;      /* from the name's look-up to the last byte; 0: no limit */
	double silence;      /* longest time without a byte; 0: no limit. In whole seconds. */
	http_take *take;     /* of a status below 300; NULL: the body is kept in the answer */
	void *context;
};

/* Any status is an answer. None is ERROR_UNREACHABLE with the reason, never the URL, which may hold a password; a
 * signal is ERROR_INTERRUPTED. May be called by several threads at once, but not for the first time. */
int http_ask(struct http_answer *out, const struct http_request *request, struct error *err);
/* GET within seconds. */
int http_get(struct http_answer *out, const char *url, const char *socket, double seconds, struct error *err);
void http_answer_clear(struct http_answer *answer);
/* Text as it stands in a URL's path or query, owned. */
char *http_escape(const char *text);

/* ---- questions that nobody waits for, on an event loop ---- */

struct http_pool;
struct http_probe;
/* status is the answer's, or 0 without one; why then says what was wrong, and never holds the URL. */
typedef void http_answered(void *context, long status, const char *why);

int http_pool_open(struct http_pool **out, struct loop *loop, struct error *err);
/* Ends all its questions. Accepts NULL. */
void http_pool_close(struct http_pool *pool);
/* GET of url within so many seconds of the real clock, the body thrown away. answered is called once, later, never from
 * within; then *out is gone. Until then it may be ended by http_probe_end(). */
int http_pool_get(struct http_probe **out, struct http_pool *pool, const char *url, double seconds,
	http_answered *answered, void *context, struct error *err);
/* Nothing is answered any more. Accepts NULL. */
void http_probe_end(struct http_probe *ask);

#endif
