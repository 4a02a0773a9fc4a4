/* The part of work/system that reads the table services, in which every service of the engine writes once a minute that
 * it is there. */
#ifndef WORK_HEARTBEAT_H
#define WORK_HEARTBEAT_H

#include "io/db.h"
#include "work/system.h"

/* Into system->heartbeats, or system->locked where a change of the database keeps the table locked. */
int heartbeats_read(struct system *system, struct db *db, bool ask, struct error *err);
void heartbeats_clear(struct system *system);
/* Appends the services that no host beats for, as sentences. A host that went away leaves its row behind, so that one
 * that beats is enough. */
void heartbeats_missing(struct list *out, const struct system *system);

#endif
