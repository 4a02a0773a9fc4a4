/* The supervisor's HTTP server on its event loop. */
#include "base/log.h"
#include "base/mem.h"
#include "work/supervise_private.h"

static void run_server(struct supervisor *supervisor)
{
	httpd_run(supervisor->httpd);
	int wait = httpd_wait(supervisor->httpd);
	if (wait >= 0)
		loop_timer(supervisor->loop, &supervisor->http_timer, wait / 1000.0);
	else
		loop_timer_stop(supervisor->loop, &supervisor->http_timer);
}

static void on_ready(void *context, int fd, int events)
{
	(void)fd, (void)events;
	run_server(context);
}

static void on_time(void *context)
{
	run_server(context);
}

static void answer(struct httpd_answer *out, const struct httpd_request *request, void *context)
{
	struct supervisor *supervisor = context;
	view_look(supervisor);
	status_answer(out, request, &supervisor->status);
}

/* To look after the services is worth more than to show them: where nobody chose the port, and another program has it,
 * that is no reason not to start. */
static int may_do_without(const struct supervisor *supervisor, int rc, struct error *err)
{
	if (rc != ERROR_FAILED || settings_given(&supervisor->run->settings, OPTION_STATUS_LISTEN))
		return rc;
	log_warn("the status is not shown over HTTP: %s; choose an address with `status_listen` in the settings",
		err->message);
	error_clear(err);
	return 0;
}

int http_begin(struct supervisor *supervisor, struct error *err)
{
	int rc = status_open(&supervisor->status, &supervisor->view, supervisor->run, err);
	if (!rc)
		rc = may_do_without(supervisor, status_serve(&supervisor->httpd, &supervisor->status, supervisor->run,
			answer, supervisor, err), err);
	if (rc || !supervisor->httpd)
		return rc;
	supervisor->http_timer = (struct loop_timer){.due = on_time, .context = supervisor};
	rc = loop_watch(supervisor->loop, httpd_descriptor(supervisor->httpd), LOOP_READ, on_ready, supervisor, err);
	if (!rc)
		log_note("the status is on %s", supervisor->status.url);
	mem_replace(&supervisor->view.url, mem_copy(supervisor->status.url));
	return rc;
}

void http_end(struct supervisor *supervisor)
{
	if (supervisor->httpd) {
		loop_forget(supervisor->loop, httpd_descriptor(supervisor->httpd));
		loop_timer_stop(supervisor->loop, &supervisor->http_timer);
	}
	httpd_close(supervisor->httpd);
	supervisor->httpd = NULL;
	status_clear(&supervisor->status);
}
