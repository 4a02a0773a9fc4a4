/* The supervisor's answers over HTTP: the engine's own shapes, so that its client needs no change, metrics for
 * Prometheus, and a page for people. Made from a view alone (work/view.h); nothing here asks anybody. */
#ifndef WORK_STATUS_H
#define WORK_STATUS_H

#include "base/error.h"
#include "io/httpd.h"
#include "work/run.h"
#include "work/view.h"

struct status {
	const struct view *view; /* read at every request; not owned */
	char *password;          /* of user admin; NULL: nobody may ask for what is behind it */
};

/* The password from the setting status_password_file, else from the engine's config.yaml. */
int status_open(struct status *out, const struct view *view, const struct run *run, struct error *err);
void status_clear(struct status *status);
/* A httpd_handler; context is a struct status. */
void status_answer(struct httpd_answer *out, const struct httpd_request *request, void *context);

#endif
