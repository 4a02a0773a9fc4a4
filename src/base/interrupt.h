/* SIGINT, SIGTERM and SIGHUP ask the program to stop. They only set a flag; whatever waits looks at it and
 * unwinds with ERROR_INTERRUPTED. SIGPIPE is ignored. A second SIGINT or SIGTERM does the same as the
 * first: there is nothing to be gained from a harder stop that `kill -9` does not give. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/error.h"

void interrupt_setup(void);
/* Number of the signal that asked to stop, 0 if none did. Safe in any thread. */
int interrupt_signal(void);
/* Fails with ERROR_INTERRUPTED "stopped by SIGINT" once a signal came, unless deferred. */
int interrupt_check(struct error *err);
/* The exit status that an error makes: of one that a signal brought, 128 and its number. */
int interrupt_status(const struct error *err);
/* While deferred (a short step that must be finished, such as a swap) interrupt_signal() says 0. */
void interrupt_defer(bool defer);

#endif
