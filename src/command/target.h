/* Where upgrade and downgrade go: a database version, and the engine's release that is to run on it. */
#ifndef COMMAND_TARGET_H
#define COMMAND_TARGET_H

#include <stdbool.h>

#include "base/error.h"
#include "work/cycle.h"
#include "work/migrations.h"

struct target {
	struct version to, release;
	bool release_known;
	bool release_typed; /* the operator named that very release, not a database version */
};

/* What was typed for --to, or as the setting engine. */
int target_read(struct target *out, const struct migrations *migrations, const char *typed, struct error *err);
/* Once the pin is known: a release that nobody typed is the pinned one where that fits. ERROR_USAGE where the services
 * are to run on a version that no release is known for. */
int target_settle(struct target *target, const struct cycle *cycle, struct error *err);
/* NULL: not known. */
const struct version *target_release(const struct target *target);

#endif
