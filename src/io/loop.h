/* One event loop without threads: descriptors, timers and signals, each with a function to call.
 *
 * Calling order: loop_open(), which takes the signals SIGCHLD, SIGTERM, SIGINT, SIGHUP and SIGQUIT away from the
 * handlers of base/interrupt until loop_close(); loop_watch() and loop_timer() as one likes, also from within the
 * functions; loop_run() until somebody calls loop_stop(). Time is clock_supervised(). */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct loop;

/* events: LOOP_READ, LOOP_WRITE; an error or a hang-up counts as both. */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };
typedef void loop_ready(void *context, int fd, int events);
typedef void loop_due(void *context);
/* SIGCHLD may stand for several. */
typedef void loop_signal(void *context, int number);

/* Belongs to the caller, who zeroes it at first and stops it before it goes away. */
struct loop_timer {
	loop_due *due;
	void *context;
	double when;
	bool runs;
	struct loop_timer *next;
};

int loop_open(struct loop **out, loop_signal *on_signal, void *context, struct error *err);
/* Accepts NULL. Timers and descriptors stay their owners'. */
void loop_close(struct loop *loop);

/* Watches fd for these events, or from now on for these. */
int loop_watch(struct loop *loop, int fd, int events, loop_ready *ready, void *context, struct error *err);
/* Before fd is closed. Harmless for one that is not watched. */
void loop_forget(struct loop *loop, int fd);
/* Once, after so many seconds; a timer that runs begins anew. due and context are set by the caller. */
void loop_timer(struct loop *loop, struct loop_timer *timer, double seconds);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

int loop_run(struct loop *loop, struct error *err);
void loop_stop(struct loop *loop);

#endif
