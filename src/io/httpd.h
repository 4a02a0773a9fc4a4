/* An HTTP server in somebody else's event loop, by libmicrohttpd: no thread, no blocking, nothing on stderr. The owner
 * of the loop watches httpd_descriptor() for reading and calls httpd_run() when it is ready and when httpd_wait()
 * milliseconds are over.
 *
 * Limits against strangers are the server's own: HTTPD_CONNECTIONS at once (more wait in the kernel's queue, where
 * there is room for a thousand and more), one request per connection and HTTPD_SECONDS for all of it, or
 * HTTPD_BUSY_SECONDS while every connection is taken, HTTPD_MEMORY bytes of header, GET and HEAD only, no bodies. */
#ifndef IO_HTTPD_H
#define IO_HTTPD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { HTTPD_CONNECTIONS = 256, HTTPD_SECONDS = 10, HTTPD_BUSY_SECONDS = 2, HTTPD_MEMORY = 16384 };

struct httpd_request {
	const char *method, *path;         /* "GET", "/v1/status"; without the query */
	const char *user, *password;       /* of Basic authentication, NULL without */
	const char *accept;                /* header, NULL without */
};

struct httpd_answer {
	unsigned status;                   /* 200 */
	const char *type;                  /* "application/json"; lives on */
	char *body;                        /* owned, taken over; NULL: empty */
	size_t size;
	const char *realm;                 /* with 401: asks for Basic authentication; lives on */
	char *policy;                      /* Content-Security-Policy, owned; NULL: nothing is allowed */
};

/* Fills the answer; it was zeroed. Must not block. */
typedef void httpd_handler(struct httpd_answer *out, const struct httpd_request *request, void *context);

struct httpd;
/* Listens on "127.0.0.1:8229", "localhost:8229" or "[::1]:8229"; port 0 chooses one. ERROR_USAGE for an address that is
 * none, ERROR_FAILED when it cannot listen there: "port 8229 is taken". */
int httpd_open(struct httpd **out, const char *listen, httpd_handler *handler, void *context, struct error *err);
/* Accepts NULL. Connections that are open are cut. */
void httpd_close(struct httpd *httpd);
int httpd_port(const struct httpd *httpd);
int httpd_descriptor(const struct httpd *httpd);
/* Milliseconds until httpd_run() is wanted at the latest; -1: only when the descriptor is ready. */
int httpd_wait(const struct httpd *httpd);
void httpd_run(struct httpd *httpd);

/* Whether what httpd_open() would listen on is reached from this machine alone. ERROR_USAGE as there. */
int httpd_is_loopback(bool *out, const char *listen, struct error *err);

#endif
