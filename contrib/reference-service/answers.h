/* The HTTP side, as small as it can be: GET and HEAD without a body, one request per connection, answers that fit the
 * socket's buffer. Never blocks; the owner of the loop polls what answers_descriptors() gives. */
#ifndef REFERENCE_ANSWERS_H
#define REFERENCE_ANSWERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "service.h"

enum { ANSWERS_MOST = 65 }; /* descriptors: 64 clients and where it listens */

/* Dies when it cannot listen there. Returns the port. */
int answers_open(const struct service *service);
/* Fills polls and returns how many. */
size_t answers_descriptors(struct pollfd *polls);
/* When the longest waiting client has waited long enough, on the clock of now(); a day from now without any. */
double answers_next(void);
/* The same polls, after poll(). status: what /status answers, JSON. */
void answers_run(const struct pollfd *polls, size_t count, bool healthy, const char *status);

#endif
