/* Databases that a swap kept: how they are named and marked. Listing them is in work/restore.h. */
#ifndef WORK_KEPT_H
#define WORK_KEPT_H

#include "base/error.h"
#include "io/db.h"

/* `<name>_before_<UTC>` of now, cut to what an identifier holds, and no database's yet; owned. */
int kept_name(char **out, struct db *db, const char *name, struct error *err);
/* "anchore-admin: kept by <what> at TIME, database version V, of NAME"; db_version may be NULL; owned. */
char *kept_comment(const char *what, const char *db_version, const char *name);

#endif
