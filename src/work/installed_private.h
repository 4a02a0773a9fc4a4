/* What work/installed.c (which writes and removes) and work/installed_find.c (which looks) share. */
#ifndef WORK_INSTALLED_PRIVATE_H
#define WORK_INSTALLED_PRIVATE_H

#include "work/installed.h"

/* Of a file of the kind: cron's, ending "", or a unit's, ".timer" or ".service"; owned. */
char *installed_path(enum installed_kind kind, const char *name, const char *ending);
/* The link that has systemd start the timer; owned. */
char *installed_wanted(const char *unit);
/* It bears the line of that deployment. */
bool installed_is_ours(const char *path, const char *config);
/* Nothing of another's would be lost if it were written: there is nothing, or what is there is ours. */
bool installed_is_free(const char *path, const char *config);
/* That the deployment's files of the kind have, or would have; owned. */
char *installed_name(enum installed_kind kind, const char *config);
/* What there is of one kind. */
void installed_find_kind(struct installed *out, const struct run *run, enum installed_kind kind);

#endif
