/* The swap: a new database takes the name of the present one, which keeps its contents under another name. One
 * transaction from a maintenance database, a few milliseconds; killed at any point, the name leads to the one or to the
 * other. Nobody may be connected to either, ourselves included. */
#ifndef WORK_SWAP_H
#define WORK_SWAP_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"

/* Called inside the transaction, when everything but the COMMIT is done; xid is the transaction's own number. */
typedef int swap_commit_function(void *context, int64_t xid, struct error *err);

struct swap {
	const char *incoming;         /* present name of the new database */
	const char *name;             /* that it is to have */
	const char *kept;             /* name for the one that has it now; NULL: nobody has it */
	const char *kept_comment;
	const struct list *statements; /* run in the transaction before the renaming; NULL: none */
	long long seconds;            /* to wait for others to leave */
	swap_commit_function *before_commit; /* may be NULL */
	void *context;
};

/* ERROR_REFUSED naming who, if somebody is connected to either database now; except (may be NULL) is a connection of
 * ours that does not count. */
int swap_check(struct db *maintenance, const struct swap *swap, const struct db *except, struct error *err);
/* maintenance: a connection to a third database, in no transaction. ERROR_REFUSED naming the sessions when somebody
 * stays connected. ERROR_BETWEEN if the server went away during the COMMIT, so that it is not known which it is. */
int swap_run(struct db *maintenance, const struct swap *swap, struct error *err);

#endif
