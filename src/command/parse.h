/* The command line, by the option table and a table of commands: --name VALUE, --name=VALUE, -x, -xVALUE, flags
 * together as in -qy; options anywhere, also between the two words of a command; `--` ends them. An option with
 * an optional value takes it by = only. Everything wrong is ERROR_USAGE with a hint. */
#ifndef COMMAND_PARSE_H
#define COMMAND_PARSE_H

#include "base/text.h"
#include "command/command.h"

struct parse {
	const struct command *command; /* NULL with --help or --version when none is named */
	char *group;                   /* "snapshot" where --help stands after half a command; else NULL */
	struct list arguments;
};

/* Values go to settings with SOURCE_COMMAND_LINE; relative paths start from directory. What was understood before a
 * failure stays in settings, so that --json counts for the error too. The number of arguments is checked
 * against the command's, and every option that was given must be one of the command's. */
int parse_command_line(struct parse *out, struct settings *settings, const struct command *table, int argc,
	char *const *argv, const char *directory, struct error *err);
void parse_clear(struct parse *parse);

/* Does the command take the option? */
bool command_takes(const struct command *command, enum option option);

#endif
