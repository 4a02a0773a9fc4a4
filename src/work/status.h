/* The supervisor's answers over HTTP: the engine's own shapes, so that its client needs no change, metrics for
 * Prometheus, and a page for people. Made from a view alone (work/view.h); nothing here asks anybody.
 *
 *   GET /health                         200, for probes: the supervisor is there
 *   GET /v1                             200, for the client's first question
 *   GET /v1/status                      of the deployment as a whole; this and the next two for user admin with the
 *                                       password, and also without /v1, as the client asks where its URL has none
 *   GET /v1/system                      {"service_states": […]}
 *   GET /v1/system/services             the array alone
 *   GET /metrics, /                     free on loopback, else with the password, too
 *
 * Calling order: status_open(), status_serve(), httpd_run() in the loop, httpd_close(), status_clear(). */
#ifndef WORK_STATUS_H
#define WORK_STATUS_H

#include <stdbool.h>

#include "base/error.h"
#include "io/httpd.h"
#include "work/run.h"
#include "work/view.h"

struct status {
	const struct view *view; /* read at every request; not owned */
	char *password;          /* of user admin; NULL: nobody may ask for what is behind it */
	char *url;               /* "http://127.0.0.1:8229/"; NULL: it does not listen */
	bool guarded;            /* others can ask, too: without the password only /health and /v1 */
};

/* The password from the setting status_password_file, else from the engine's config.yaml; none is no error, and a
 * config.yaml that cannot be read is a warning. ERROR_USAGE or ERROR_FAILED for a file that was named and has none. */
int status_open(struct status *out, const struct view *view, const struct run *run, struct error *err);
void status_clear(struct status *status);
/* Listens where the setting status_listen says; *out stays NULL when that is `off`. status must stay where it is.
 * ERROR_USAGE for an address beyond loopback without a password. */
int status_serve(struct httpd **out, struct status *status, const struct run *run, struct error *err);
/* A httpd_handler; context is a struct status. */
void status_answer(struct httpd_answer *out, const struct httpd_request *request, void *context);

#endif
