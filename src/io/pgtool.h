/* PostgreSQL's own client programs: where they are, how old, and how they are run on a connection.
 * Secrets reach them through a passfile in memory, which ends with the run. */
#ifndef IO_PGTOOL_H
#define IO_PGTOOL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"

struct pgtool {
	char *dump, *restore; /* absolute paths */
	int major;            /* 15 */
	char *version;        /* "15.18 (Debian 15.18-0+deb12u1)" */
};

/* bindir NULL: the newest of /usr/lib/postgresql/<n>/bin, else PATH. Fails with ERROR_REFUSED and the package to
 * install. */
int pgtool_find(struct pgtool *out, const char *bindir, struct error *err);
/* ERROR_REFUSED unless the tools are at least as new as the server. */
int pgtool_check(const struct pgtool *tool, const struct db *db, struct error *err);
void pgtool_clear(struct pgtool *tool);

/* Runs `program arguments…` connected as db is; database is put in the environment (PGDATABASE), unless NULL
 * another than db's. stderr is captured into the error. Interruptible. A program that ends well but said something
 * on stderr (warnings) hands it to *talk, owned (may be NULL). */
int pgtool_run(const char *program, const struct list *arguments, struct db *db, const char *database,
	char **talk, struct error *err);
/* Whether what failed is that the server, or a limit of the role or the database, left it no connection. */
bool pgtool_lacks_connection(const struct error *err);

#endif
