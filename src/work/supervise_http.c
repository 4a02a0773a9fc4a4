#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/supervise_private.h"

/* What is told is what is so now: the view is filled before every round of answers. */
static void run(struct supervisor *supervisor)
{
	view_look(supervisor);
	httpd_run(supervisor->httpd);
	int wait = httpd_wait(supervisor->httpd);
	if (wait < 0)
		loop_timer_stop(supervisor->loop, &supervisor->http_timer);
	else
		loop_timer(supervisor->loop, &supervisor->http_timer, wait / 1000.0 * clock_speed());
}

static void on_ready(void *context, int fd, int events)
{
	(void)fd, (void)events;
	run(context);
}

static void on_due(void *context)
{
	run(context);
}

/* It is for those who look; the services do not depend on it. So where nobody chose the port, and another program has
 * it, they are started all the same. */
static int may_do_without(const struct supervisor *supervisor, int rc, struct error *err)
{
	if (rc != ERROR_FAILED || settings_given(&supervisor->run->settings, OPTION_STATUS_LISTEN))
		return rc;
	log_warn("nobody is told over HTTP how the services are: %s%s%s", err->message, err->hint ? "; " : "",
		err->hint ? err->hint : "");
	error_clear(err);
	return 0;
}

int supervisor_serve(struct supervisor *supervisor, struct error *err)
{
	int rc = status_open(&supervisor->status, &supervisor->view, supervisor->run, err);
	if (!rc)
		rc = may_do_without(supervisor,
			status_serve(&supervisor->httpd, &supervisor->status, supervisor->run, err), err);
	if (rc || !supervisor->httpd)
		return rc;
	supervisor->http_timer = (struct loop_timer){.due = on_due, .context = supervisor};
	rc = loop_watch(supervisor->loop, httpd_descriptor(supervisor->httpd), LOOP_READ, on_ready, supervisor, err);
	if (rc)
		return rc;
	log_note("how the services are is told on %s", supervisor->status.url);
	mem_replace(&supervisor->view.url, mem_copy(supervisor->status.url));
	return 0;
}

void supervisor_serve_end(struct supervisor *supervisor)
{
	if (supervisor->httpd) {
		loop_forget(supervisor->loop, httpd_descriptor(supervisor->httpd));
		loop_timer_stop(supervisor->loop, &supervisor->http_timer);
	}
	httpd_close(supervisor->httpd);
	supervisor->httpd = NULL;
	status_clear(&supervisor->status);
}
