/* RESTORE.txt: how to restore one snapshot without anchore-admin, as a text that bash also runs. */
#ifndef WORK_GUIDE_H
#define WORK_GUIDE_H

#include "io/db.h"
#include "model/manifest.h"

/* For a manifest whose tables are known; db quotes their names. Owned. */
char *guide_text(const struct manifest *manifest, struct db *db);

#endif
