/* Roles: those of a snapshot that a server does not have, and the one that owns the engine's tables. */
#ifndef WORK_ROLES_H
#define WORK_ROLES_H

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/manifest.h"

/* Adds the names of roles that own things in a snapshot, or have privileges on them, and that the server does not have;
 * sorted, each once. Only what the manifest tells: owners of large objects are not in it. */
int roles_unknown(struct list *names, struct db *db, const struct manifest *manifest, struct error *err);

/* In SQL, for pg_has_role(): the right to SET ROLE, which a member has before PostgreSQL 16 and may lack since. */
#define ROLES_MAY_SET "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END"

/* The role that an edge acts as, for what a superuser's upgrade makes must be the engine's, or the engine could not
 * use it: the owner of the engine's tables, where all have one that may make tables. NULL: the role that is connected.
 * Owned by the caller. */
int roles_engine(char **out, struct db *db, struct error *err);

#endif
