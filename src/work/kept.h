/* Databases that a swap kept: how they are named, marked and listed. */
#ifndef WORK_KEPT_H
#define WORK_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/db.h"

/* `<name>_before_<UTC>` of now, cut to what an identifier holds, and no database's yet; owned. */
int kept_name(char **out, struct db *db, const char *name, struct error *err);
/* "anchore-admin: kept by <what> at TIME, database version V, of NAME"; db_version may be NULL; owned. */
char *kept_comment(const char *what, const char *db_version, const char *name);

struct kept_database {
	char *name;
	uint64_t bytes;
	char *since;      /* text_time() */
	char *db_version; /* as the comment says, NULL unknown */
};
struct kept_databases {
	struct kept_database *items; /* newest first */
	size_t count;
};
/* Those of the database called name, known by their comment; db may be connected to any database of the server. */
int restore_kept(struct kept_databases *out, struct db *db, const char *name, struct error *err);
void kept_databases_clear(struct kept_databases *kept);

#endif
