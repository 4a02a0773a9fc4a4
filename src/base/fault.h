/* Faults for tests: fail or die at a named step. Compiled to nothing outside the test build.
 *
 * ANCHORE_ADMIN_FAULT is NAME:N:WHAT, comma-separated for several: at the Nth time (from 1) that the step
 * NAME is reached, WHAT happens:
 *   kill       SIGKILL to the process itself
 *   term, int  SIGTERM or SIGINT to the process itself, which goes on
 *   fail       fault_point() returns ERROR_FAILED "fault NAME"
 *   space      fault_point() returns ERROR_NO_SPACE
 *   stop       SIGSTOP to the process itself: a test does something, then sends SIGCONT
 * NAME may be `*`: every step counts, so that N = 1, 2, 3 … visits them all.
 * With ANCHORE_ADMIN_FAULT_LOG=FILE every step reached is appended to FILE, one name a line. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/error.h"

#ifdef ANCHORE_TEST_BUILD
int fault_point(const char *name, struct error *err);
#else
static inline int fault_point(const char *name, struct error *err)
{
	(void)name;
	(void)err;
	return 0;
}
#endif

#endif
