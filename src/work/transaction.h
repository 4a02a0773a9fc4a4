/* The inside of the transaction that changes the database's version; see work/migrate.h, its only caller. */
#ifndef WORK_TRANSACTION_H
#define WORK_TRANSACTION_H

#include <stdbool.h>

#include "base/error.h"
#include "work/change.h"
#include "work/journal.h"

/* Begins, and takes LOCK TABLE … IN EXCLUSIVE MODE on every table: readers go on, writers wait. seconds bounds each
 * wait for a lock in the transaction. ERROR_REFUSED if the database is no longer what the facts say, or if a
 * transaction of others that has written goes on (*busy is true then, and trying again may help). */
int transaction_begin(bool *busy, struct change *change, long long seconds, struct error *err);
/* Every statement of every edge, each edge's catalog check. */
int transaction_run(struct change *change, struct error *err);
/* The engine's version row and the journal's; all that is left is COMMIT. */
int transaction_record(struct change *change, const struct journal_entry *entry, struct error *err);

#endif
