/* Whether a range of a table still holds the rows that an earlier snapshot has of it. */
#ifndef WORK_SCAN_KNOWN_H
#define WORK_SCAN_KNOWN_H

#include <stdbool.h>

#include "base/error.h"
#include "io/db.h"
#include "work/scan_plan.h"

/* In the transaction that would read the rows, its table locked. As model/reuse.h proves it: as many row versions as
 * then, and none from later. */
int scan_known_holds(bool *same, struct db *db, const struct scan_table *table, const struct scan_task *task,
	struct error *err);

#endif
