#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "unit.h"

/* Counters of faults and the flag of a signal stay for the life of a process, so these tests look only at names of
 * their own, and the ones that would disturb others under CK_FORK=no put back what they can. */

START_TEST(fails_at_the_nth_time)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *log = path_join(unit_folder(), "steps");
	ck_assert_int_eq(fault_point("a", &err), 0);
	setenv("ANCHORE_ADMIN_FAULT_LOG", log, 1);
	setenv("ANCHORE_ADMIN_FAULT", "a:2:fail,b:1:space", 1);
	ck_assert_int_eq(fault_point("a", &err), 0);
	ck_assert_int_eq(fault_point("c", &err), 0);
	ck_assert_int_ne(fault_point("a", &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "fault a");
	ck_assert_int_eq(fault_point("a", &err), 0);
	ck_assert_int_ne(fault_point("b", &err), 0);
	unit_assert_error(&err, ERROR_NO_SPACE, "fault b");
	unsetenv("ANCHORE_ADMIN_FAULT");
	unsetenv("ANCHORE_ADMIN_FAULT_LOG");
	AUTO(mem_auto) char *steps = NULL;
	unit_assert_ok(file_read(&steps, NULL, log, &err), &err);
	ck_assert_str_eq(steps, "a\nc\na\na\nb\n");
}
END_TEST

START_TEST(time_is_an_input)
{
	setenv("ANCHORE_ADMIN_NOW", "1795437296", 1);
	ck_assert_int_eq(clock_now(), 1795437296);
	unsetenv("ANCHORE_ADMIN_NOW");
	ck_assert_int_ne(clock_now(), 1795437296);
}
END_TEST

START_TEST(signal_asks_to_stop)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *fork_mode = getenv("CK_FORK");
	if (fork_mode && strcmp(fork_mode, "no") == 0)
		return; /* the flag would stop every test after this one */
	interrupt_setup();
	ck_assert_int_eq(interrupt_check(&err), 0);
	setenv("ANCHORE_ADMIN_FAULT", "x:1:int", 1);
	ck_assert_int_eq(fault_point("x", &err), 0);
	unsetenv("ANCHORE_ADMIN_FAULT");
	ck_assert_int_eq(interrupt_signal(), SIGINT);
	interrupt_defer(true);
	ck_assert_int_eq(interrupt_signal(), 0);
	ck_assert_int_eq(interrupt_check(&err), 0);
	interrupt_defer(false);
	ck_assert_int_ne(interrupt_check(&err), 0);
	unit_assert_error(&err, ERROR_INTERRUPTED, "SIGINT");
	double before = clock_elapsed();
	clock_sleep(10);
	ck_assert(clock_elapsed() - before < 5);
}
END_TEST

Suite *fault_suite(void)
{
	return unit_suite("fault", (const TTest *const[]){fails_at_the_nth_time, time_is_an_input, signal_asks_to_stop,
		NULL});
}
