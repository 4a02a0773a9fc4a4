/* A settings file as `init` writes it: every key with what it means; the given ones active, the others as comments with
 * their defaults. */
#ifndef WORK_SETTINGSFILE_H
#define WORK_SETTINGSFILE_H

#include "base/error.h"
#include "model/settings.h"

/* Active are the values that the command line gave. Mode 0600 where a password is among them, else 0644. Never
 * replaces a file: ERROR_REFUSED. */
int settingsfile_write(const char *path, const struct settings *settings, struct error *err);

#endif
