/* What a runtime must be able to do: the table that work/runtime.c dispatches over. A kind keeps what it needs between
 * open and close in state; everything else about calling order, ownership and failure is in work/runtime.h, which has a
 * function of the same name for each of these. */
#ifndef WORK_RUNTIME_KIND_H
#define WORK_RUNTIME_KIND_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/json.h"
#include "model/instance.h"
#include "model/version.h"
#include "work/run.h"

struct runtime {
	const struct runtime_kind *kind;
	struct run *run; /* not owned */
	void *state;     /* of the kind; NULL before open */
};

struct runtime_kind {
	const char *name; /* as the setting `runtime` has it */
	/* Do the settings describe services of this kind? *where is what says so ("FILE line 12"), owned, NULL for no.
	 * Only settings and files are read. */
	int (*configured)(char **where, const struct run *run, struct error *err);
	/* Sets runtime->state. */
	int (*open)(struct runtime *runtime, struct error *err);
	/* Also after an open that failed: state may be NULL. */
	void (*close)(struct runtime *runtime);
	int (*list)(struct instances *out, struct runtime *runtime, struct error *err);
	int (*pinned)(char **release, char **where, struct runtime *runtime, struct error *err);
	int (*prepare)(struct runtime *runtime, struct version release, struct error *err);
	int (*hold)(struct runtime *runtime, const char *why, struct error *err);
	int (*repin)(struct runtime *runtime, struct version release, const char *what, struct error *err);
	int (*release)(struct runtime *runtime, struct error *err);
	int (*wait)(struct runtime *runtime, double seconds, struct error *err);
	/* `service …`: no names means all. */
	int (*start)(struct runtime *runtime, const struct list *names, double seconds, struct error *err);
	int (*stop)(struct runtime *runtime, const struct list *names, struct error *err);
	int (*restart)(struct runtime *runtime, const struct list *names, double seconds, struct error *err);
	/* NULL: {"runtime", "services"} made from the list. */
	int (*status)(json_t **out, struct runtime *runtime, struct error *err);
	int (*logs)(struct runtime *runtime, const struct list *names, long long lines, bool follow, struct error *err);
};

extern const struct runtime_kind runtime_process, runtime_compose;

#endif
