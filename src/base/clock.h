/* Time is an input, so that tests own it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <time.h>

/* Seconds since the epoch, UTC. In the test build ANCHORE_ADMIN_NOW, a number of seconds, stands in
 * for the system's clock. */
time_t clock_now(void);
/* Seconds of a clock that never goes back, for durations. */
double clock_elapsed(void);
/* The same for what is shown of work under way. In the test build ANCHORE_ADMIN_PACE makes it so many times as fast,
 * and ANCHORE_ADMIN_SHOWN, a number of seconds, stands in for it. */
double clock_shown(void);
/* The supervisor's time, which never goes back, in seconds: pauses, limits, intervals are measured by it. In the test
 * build ANCHORE_ADMIN_SPEED makes it so many times as fast, so that a day passes in a minute; clock_speed() says how
 * fast, 1 otherwise. */
double clock_supervised(void);
double clock_speed(void);
/* Sleeps, or returns early when a signal asked the program to stop (see interrupt.h). */
void clock_sleep(double seconds);

#endif
