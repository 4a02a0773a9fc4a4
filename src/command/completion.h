/* Completion of the command line in a shell, made from the option table and the command table, so that it never knows
 * less or more than the parser. */
#ifndef COMMAND_COMPLETION_H
#define COMMAND_COMPLETION_H

#include "base/text.h"
#include "command/command.h"

/* What can stand where the help shows "FILE", "a|b", "SNAPSHOT". */
enum completion {
	COMPLETE_NOTHING,
	COMPLETE_FILES,
	COMPLETE_FOLDERS,
	COMPLETE_WORDS,     /* the argument itself lists them: "edges|snapshot" */
	COMPLETE_VERSIONS,  /* of the graph: releases and database versions */
	COMPLETE_SNAPSHOTS, /* ids, latest, oldest, files */
	COMPLETE_SERVICES   /* that the settings name */
};

/* argument: as in the tables; NULL gives COMPLETE_NOTHING. */
enum completion completion_of(const char *argument);
/* "words edges snapshot", "files"; owned. What the script calls it. */
char *completion_name(const char *argument);
/* Must a value follow as a word of its own, or may it follow by = only? */
bool completion_wants_value(enum option option);
bool completion_is_optional(enum option option);

/* In the order of the table: the first words, or the second words after group. */
void completion_next_words(struct list *out, const struct command *table, const char *group);

/* Each appends the whole script. */
void completion_bash(struct text *out, const struct command *table);
void completion_zsh(struct text *out, const struct command *table);

#endif
