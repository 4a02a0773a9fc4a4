/* The engine's own config.yaml, as far as it says where the database is (credentials.database.db_connect and
 * db_connect_args) and what its user admin is let in with, with ${VAR} from the environment. */
#ifndef WORK_ENGINECONFIG_H
#define WORK_ENGINECONFIG_H

#include "base/error.h"

/* A libpq keyword string, owned; may hold a password. */
int engineconfig_conninfo(char **conninfo, const char *path, struct error *err);
/* credentials.users.admin.password, or default_admin_password as releases from 0.3 on call it; owned. Untouched where
 * there is neither. */
int engineconfig_admin_password(char **password, const char *path, struct error *err);

#endif
