#include "base/clock.h"

#include <stdlib.h>

#include "base/interrupt.h"

time_t clock_now(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *now = getenv("ANCHORE_ADMIN_NOW");
	if (now)
		return (time_t)strtoll(now, NULL, 10);
#endif
	return time(NULL);
}

double clock_elapsed(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double clock_shown(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *shown = getenv("ANCHORE_ADMIN_SHOWN"), *pace = getenv("ANCHORE_ADMIN_PACE");
	if (shown)
		return strtod(shown, NULL);
	if (pace)
		return clock_elapsed() * (double)strtoll(pace, NULL, 10);
#endif
	return clock_elapsed();
}

double clock_speed(void)
{
#ifdef ANCHORE_TEST_BUILD
	const char *speed = getenv("ANCHORE_ADMIN_SPEED");
	if (speed)
		return (double)strtoll(speed, NULL, 10);
#endif
	return 1;
}

double clock_supervised(void)
{
	return clock_elapsed() * clock_speed();
}

void clock_sleep(double seconds)
{
	double end = clock_elapsed() + seconds;
	while (!interrupt_signal()) {
		double left = end - clock_elapsed();
		if (left <= 0)
			return;
		double step = left < 0.1 ? left : 0.1;
		struct timespec span = {.tv_sec = 0, .tv_nsec = (long)(step * 1e9)};
		nanosleep(&span, NULL);
	}
}
