/* Does a database that was made from a snapshot equal it? Asked before it is given a name that anybody uses. */
#ifndef WORK_COPYCHECK_H
#define WORK_COPYCHECK_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/manifest.h"

struct copycheck {
	const struct manifest *manifest;
	struct db *db;                  /* a connection to the copy */
	const struct content *contents; /* what load_all() sent and the server counted */
	const struct content *read;     /* the same as read back from the copy; NULL: it was not */
	bool same_rights;               /* owners and privileges were restored, so compare them too */
};

/* ERROR_FAILED with the first difference. What cannot be compared is added to *notes, one sentence each. */
int copycheck_run(const struct copycheck *check, struct list *notes, struct error *err);

#endif
