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

void supervisor_serve(struct supervisor *supervisor)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	int rc = status_open(&supervisor->status, &supervisor->view, supervisor->run, &err);
	if (!rc)
		rc = status_serve(&supervisor->httpd, &supervisor->status, supervisor->run, &err);
	supervisor->http_timer = (struct loop_timer){.due = on_due, .context = supervisor};
	if (!rc && supervisor->httpd)
		rc = loop_watch(supervisor->loop, httpd_descriptor(supervisor->httpd), LOOP_READ, on_ready, supervisor,
			&err);
	/* It is for those who look; the services do not depend on it. */
	if (rc)
		log_warn("nobody is told over HTTP how the services are: %s%s%s", err.message, err.hint ? "; " : "",
			err.hint ? err.hint : "");
	else if (supervisor->httpd)
		log_note("how the services are is told on port %d", httpd_port(supervisor->httpd));
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
