/* The guard: facts and plan in, every refusal out, all at once, each with its remedy. Pure.
 *
 *   snapshot    the newest snapshot of this database at this version is there and verifies
 *   fresh       the database provably still equals it
 *   proven      it was restored once and every row compared, where the setting upgrade_require says proven
 *   age         it is not older than the setting snapshot_max_age allows
 *   services    nothing else works in the database
 *   catalog     the schema is what its version says; a half-finished upgrade is told first, and without a word about
 *               snapshot, fresh, proven and age, for a snapshot of it would not help
 *   migrations  edges lead to the target, and they are committed
 *   rights      the role may do it
 *   space       there is room for what the plan writes
 *   server      the server accepts writes, the client programs fit
 *   lock        nobody holds the engine's own lock (a dry run's; a real run takes it first)
 *
 * A run that drives the services is judged twice: before anything is stopped, where facts->stops and evidence.planned
 * leave out what stopping them and taking a snapshot will cure, and in full once that is done.
 */
#ifndef MODEL_GUARD_H
#define MODEL_GUARD_H

#include <stddef.h>

#include "base/error.h"
#include "model/facts.h"
#include "model/plan.h"

struct refusal {
	const char *check; /* one of the names above, or of restore_plan()'s; not owned */
	char *sentence;
	char *remedy;
};

struct refusals {
	struct refusal *items;
	size_t count;
};

void guard_check(struct refusals *out, const struct facts *facts, const struct plan *plan);
void refusals_clear(struct refusals *refusals);
/* Adds one; both strings are owned from now on. */
void refusals_add(struct refusals *refusals, const char *check, char *sentence, char *remedy);
/* Turns them into one ERROR_REFUSED: the only sentence, or how many there are and of which checks; 0 if there are none.
 * command: "upgrade", for the message. */
int refusals_error(const struct refusals *refusals, const char *command, struct error *err);

#endif
