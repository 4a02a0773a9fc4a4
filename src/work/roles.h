/* Roles that own things in a snapshot, or have privileges on them, and that a server does not have. */
#ifndef WORK_ROLES_H
#define WORK_ROLES_H

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/manifest.h"

/* Adds their names, sorted, each once. Only what the manifest tells: owners of large objects are not in it. */
int roles_unknown(struct list *names, struct db *db, const struct manifest *manifest, struct error *err);

#endif
