/* Where the deployment's database is.
 *
 * Named by --db-connect, or else by the strongest of the settings `database`, `embedded` and `engine_config` (an option
 * wins over the environment, that over the file; in this order where they are equally strong), or else by libpq's own
 * PG* variables. An embedded server is started when it does not run. */
#ifndef WORK_DEPLOYMENT_H
#define WORK_DEPLOYMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "model/settings.h"
#include "work/run.h"

/* *conninfo: a libpq string or URI, "" for the PG* variables, may hold a password; *where: what named it. Both owned.
 * ERROR_USAGE if nothing does. */
int deployment_database(char **conninfo, char **where, struct run *run, struct error *err);
/* Something names it; whether rightly is another question. */
bool deployment_is_named(const struct settings *settings);
/* They name an embedded server, which deployment_database() starts if it does not run. */
bool deployment_is_embedded(const struct settings *settings);

#endif
