/* Connection strings. The engine names its database by an SQLAlchemy URL
 * (postgresql+pg8000://user:password@host:5432/name), libpq by a keyword string (host=… dbname=…) or a URI of its own.
 * Nothing here connects, and no error shows a password. */
#ifndef MODEL_CONNINFO_H
#define MODEL_CONNINFO_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* postgresql://, postgres:// or either with +driver: what SQLAlchemy would take. */
bool conninfo_is_url(const char *text);
/* A URL that names a driver, so that libpq cannot read it. */
bool conninfo_has_driver(const char *text);

/* An SQLAlchemy URL as a libpq keyword string, owned. User, password and database are percent-decoded; a % without
 * two hex digits is itself, as it is for the engine. The password ends at the last @. Of the parameters timeout, ssl
 * and unix_sock are translated, the others are libpq's. where names the source in errors (ERROR_USAGE). */
int conninfo_from_url(char **out, const char *url, const char *where, struct error *err);

/* Adds what db_connect_args of the engine's configuration says: timeout, ssl, and libpq's own names of both drivers.
 * What libpq has no word for is left out. conninfo is a keyword string. */
int conninfo_add_argument(struct text *conninfo, const char *name, const char *value, const char *where,
	struct error *err);
/* Adds keyword=value, quoted where libpq wants it. */
void conninfo_add(struct text *conninfo, const char *keyword, const char *value);
/* The same string with sslmode=require, owned; any form. */
char *conninfo_with_ssl(const char *conninfo);

/* Replaces each ${NAME} in text; owned. lookup returns NULL for a name that is not defined: ERROR_USAGE naming it. */
typedef const char *conninfo_lookup(void *context, const char *name);
int conninfo_expand(char **out, const char *text, conninfo_lookup *lookup, void *context, const char *where,
	struct error *err);

/* For showing: every password is ***; owned. */
char *conninfo_redact(const char *conninfo);

#endif
