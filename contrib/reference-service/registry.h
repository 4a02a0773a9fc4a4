/* The database's side: reads the version row, registers the service in the table `services`, beats, and says goodbye.
 *
 * Never blocks: the owner of the loop waits for registry_events() on registry_descriptor(), at most until
 * registry_next(), and calls registry_run() whenever one of the two came. One statement is on its way at a time; one
 * that takes longer than ten seconds counts as a lost connection, and a lost connection is made again every second. */
#ifndef REFERENCE_REGISTRY_H
#define REFERENCE_REGISTRY_H

#include <stdbool.h>

#include "service.h"

/* service and status are read at each beat and not owned. status: what the service says of itself, JSON. */
void registry_open(const struct service *service, const char *status);
/* -1: none. */
int registry_descriptor(void);
short registry_events(void);
/* On the clock of now(). */
double registry_next(void);
/* Ends the program with status 1 when the database's version is not the one that the service needs. */
void registry_run(short events);
/* It is registered and the database answers. */
bool registry_ready(void);
/* Says in the table that the service is down, if the database answers. registry_gone() when that is done or in vain. */
void registry_leave(void);
bool registry_gone(void);

#endif
