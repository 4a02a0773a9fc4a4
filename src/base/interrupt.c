#include "base/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/* Any thread may look, and a handler may write to what is atomic without a lock. */
static atomic_int caught;
static atomic_bool deferred;

static void on_signal(int number)
{
	atomic_store(&caught, number);
}

void interrupt_setup(void)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

int interrupt_signal(void)
{
	return atomic_load(&deferred) ? 0 : atomic_load(&caught);
}

int interrupt_check(struct error *err)
{
	int number = interrupt_signal();
	if (!number)
		return 0;
	const char *name = number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
	return error_set(err, ERROR_INTERRUPTED, "stopped by %s", name);
}

void interrupt_defer(bool defer)
{
	atomic_store(&deferred, defer);
}

int interrupt_status(const struct error *err)
{
	int status = error_status(err->code), number = atomic_load(&caught);
	if (err->code != ERROR_INTERRUPTED)
		return status;
	return status + (number ? number : SIGINT);
}
