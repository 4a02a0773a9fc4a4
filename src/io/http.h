/* HTTP, by libcurl: small questions to services and daemons of this deployment. Over TCP or a unix socket, straight
 * there: no proxy, no redirect. Certificates are not checked, for the engine's services sign their own and nothing
 * secret is sent. */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <stddef.h>

#include "base/error.h"

struct http_answer {
	long status; /* 200 */
	char *body;  /* owned, NUL-terminated; at most 1 MB, what is over that is cut off */
	size_t size;
};
#define HTTP_ANSWER_INIT {0, NULL, 0}

/* GET of an http:// or https:// URL within seconds, from the name's look-up to the last byte; socket is the path of a
 * unix socket, or NULL. Any status is an answer. None is ERROR_UNREACHABLE with the reason, never the URL, which may
 * hold a password; a signal is ERROR_INTERRUPTED. */
int http_get(struct http_answer *out, const char *url, const char *socket, double seconds, struct error *err);
void http_answer_clear(struct http_answer *answer);

#endif
