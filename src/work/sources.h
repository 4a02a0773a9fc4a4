/* Where settings come from: the environment and the settings file (the command line is command/parse's). Call the
 * strongest first. */
#ifndef WORK_SOURCES_H
#define WORK_SOURCES_H

#include "base/error.h"
#include "model/settings.h"

#define SOURCES_FILE "anchore-admin.yaml"

/* ANCHORE_ADMIN_<NAME> of every option that may stand there; an empty variable counts as unset. Relative paths
 * start from directory. */
int sources_environment(struct settings *settings, const char *directory, struct error *err);
/* Reads the settings file that --config or ANCHORE_ADMIN_CONFIG named, else ./anchore-admin.yaml, else
 * /etc/anchore-admin/anchore-admin.yaml; none of the last two is fine. The file that was read becomes the setting
 * `config`. Relative paths start from the file's folder. */
int sources_file(struct settings *settings, const char *directory, struct error *err);
/* Defaults of the table, and those that the machine decides (jobs). */
int sources_defaults(struct settings *settings, struct error *err);

#endif
