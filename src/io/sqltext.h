/* SQL scripts taken apart, by libpg_query (the parser of PostgreSQL 15). */
#ifndef IO_SQLTEXT_H
#define IO_SQLTEXT_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct sql_statement {
	char *text;    /* from its first word to before its semicolon */
	size_t line;   /* of its first word in the script, from 1 */
	char *label;   /* the first 60 characters or so on one line, without comments; of a DO block those of the
			* first sentence in the comment right before it */
};

struct sql_script {
	struct sql_statement *items;
	size_t count;
};

/* Splits at semicolons, not those in quotes, comments or function bodies. Statements without words are left out.
 * Fails with ERROR_USAGE where a quote or comment never ends. where names the script. */
int sqltext_split(struct sql_script *out, const char *sql, const char *where, struct error *err);
void sql_script_clear(struct sql_script *script);

/* Adds to problems, one sentence each ("0.0.6--0.0.7.sql line 12: …"): what does not parse, and what must not stand in
 * a script that runs inside a transaction of ours: transaction control, CONCURRENTLY, ALTER TYPE … ADD VALUE, and
 * commands that PostgreSQL refuses in a transaction. */
void sqltext_check(struct list *problems, const struct sql_script *script, const char *where);

#endif
