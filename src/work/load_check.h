/* Reading a table back that was just loaded, while keys and indexes of others are built: restore --deep. */
#ifndef WORK_LOAD_CHECK_H
#define WORK_LOAD_CHECK_H

#include <stddef.h>

#include "base/error.h"
#include "io/db.h"
#include "model/manifest.h"

/* In how many parts a table of so many chunks is worth reading by so many workers; at least 1. */
size_t load_check_parts(const struct db *db, size_t chunks, int workers);
/* The content of one of the parts (from 0), in a transaction of its own; nobody writes to the table meanwhile. */
int load_check(struct content *out, struct db *db, const struct manifest_table *table, size_t part, size_t parts,
	struct error *err);

#endif
