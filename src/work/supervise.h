/* The supervisor of the process runtime: one event loop that starts the services, restarts what dies, asks for their
 * health, keeps what they write, and answers on the control socket (work/control.h). It owns the run folder while it
 * lives:
 *
 *   lock           flock'ed, with our process id
 *   control        the socket
 *   services.json  the processes that it started, for whoever comes after a supervisor that was killed
 *   held.json      a hold on the services, see work/hold.h; outlives it
 *
 * Files: supervise.c (from start to end), supervise_unit.c (one service), supervise_job.c (what was asked for and takes
 * time), supervise_client.c (the socket), supervise_orphan.c (what an earlier one left), supervise_view.c and
 * supervise_facts.c (what is shown), supervise_http.c (to whom). */
#ifndef WORK_SUPERVISE_H
#define WORK_SUPERVISE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "work/run.h"

struct supervise_request {
	const struct list *names; /* the services to start; none: all */
	double wait;              /* report when they are healthy, or after so many seconds; 0: when they are started */
	int report;               /* a descriptor that gets what a client would be answered; -1 none; closed by it */
	bool echo;                /* what the services write comes on stdout, too */
};

/* Runs until somebody says quit, or SIGTERM, SIGINT: then every service is stopped, in reverse order, and it returns 0.
 * SIGHUP reads the settings again. ERROR_LOCKED, naming the process, when another supervisor runs. */
int supervise_run(struct run *run, const struct supervise_request *request, struct error *err);

#endif
