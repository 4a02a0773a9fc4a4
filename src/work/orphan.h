/* Processes of services that outlived their supervisor: it was killed, and what they had started does not die with it.
 * They are known by the file services.json of the run folder (id and time of birth) and by a mark in their
 * environment. */
#ifndef WORK_ORPHAN_H
#define WORK_ORPHAN_H

#include "base/error.h"

/* Kills them and returns when they are gone. Only for whoever holds the run folder's lock: then no supervisor runs.
 * ERROR_SERVICES names those that would not go. */
int orphans_sweep(const char *directory, struct error *err);

#endif
