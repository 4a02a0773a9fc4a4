/* The engine's own config.yaml, as far as it says where the database is: credentials.database.db_connect and
 * db_connect_args, with ${VAR} from the environment. */
#ifndef WORK_ENGINECONFIG_H
#define WORK_ENGINECONFIG_H

#include "base/error.h"

/* A libpq keyword string, owned; may hold a password. */
int engineconfig_conninfo(char **conninfo, const char *path, struct error *err);

#endif
