/* The help, made from the tables. On stdout, unless the caller wants it elsewhere. */
#ifndef COMMAND_HELP_H
#define COMMAND_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "command/command.h"

/* The overview: commands and the options that every command takes; with all also each command's own options. */
void help_overview(FILE *out, const struct command *table, bool all);
/* One command, or (of "snapshot") its group. With all also the options that every command takes. */
void help_command(FILE *out, const struct command *command, bool all);
void help_group(FILE *out, const struct command *table, const char *group);
/* Name, version, versions of libpq. */
void help_version(FILE *out);

#endif
