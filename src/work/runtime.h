/* What the engine's services run in, as the commands that change the database see it: processes under the supervisor
 * (work/runtime_process.c, which asks the supervisor over its control socket) or a compose project
 * (work/runtime_compose.c, which asks the Docker Engine API).
 *
 * Calling order of a change: runtime_open(), runtime_prepare(), runtime_hold(), … the database …, runtime_repin(),
 * runtime_release(), runtime_wait(), runtime_close(). A hold outlives the process that took it: whatever happens to
 * that process, the services stay down until a later run has settled the database and releases them. It is kept in the
 * file `held.json` of the run folder, which names the run and the instances that ran before it. */
#ifndef WORK_RUNTIME_H
#define WORK_RUNTIME_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/json.h"
#include "model/instance.h"
#include "model/version.h"
#include "work/run.h"

struct runtime;

/* *out is NULL where no runtime is configured, or with --no-services. ERROR_USAGE for settings that contradict each
 * other; ERROR_UNREACHABLE for a Docker socket that does not answer, with the remedy. That no supervisor runs is no
 * error: then no process of it runs either. */
int runtime_open(struct runtime **out, struct run *run, struct error *err);
/* Accepts NULL. Changes nothing. */
void runtime_close(struct runtime *runtime);
/* For AUTO() on a struct runtime *. */
void runtime_auto(struct runtime **runtime);
/* "process" or "compose". */
const char *runtime_kind(const struct runtime *runtime);

/* Every instance of the engine's services, in the order in which they start. */
int runtime_list(struct instances *out, struct runtime *runtime, struct error *err);
/* The release that the services are pinned to, owned, without its "v": the tag in the compose file, or the setting
 * engine; and what says so ("docker-compose.yaml line 12"), owned. Both NULL where nothing does. */
int runtime_pinned(char **release, char **where, struct runtime *runtime, struct error *err);

/* Before anything is stopped: is there all that the release needs? Checks that it can be pinned (ERROR_REFUSED for
 * `latest`, digests, variables, anchors, each with its remedy) and pulls its images or finds its programs. */
int runtime_prepare(struct runtime *runtime, struct version release, struct error *err);
/* Stops every instance, in reverse order, and returns when all are gone; what ran before is remembered. why: "upgrade".
 * ERROR_SERVICES names those that would not. Adopts a hold that a dead run left. */
int runtime_hold(struct runtime *runtime, const char *why, struct error *err);
/* Pins the release in the file that says it: byte for byte but for the tag, atomically; the old file is kept beside it.
 * Nothing to do is fine. what: for the commit's message, "upgrade 0.0.6 to 0.0.7, snapshot 1234". */
int runtime_repin(struct runtime *runtime, struct version release, const char *what, struct error *err);
/* Ends the hold and starts what ran before it, in order. Returns when they are started, not when they are healthy. */
int runtime_release(struct runtime *runtime, struct error *err);
/* Waits until everything that is wanted is up. ERROR_SERVICES names what is not, with its last error. */
int runtime_wait(struct runtime *runtime, double seconds, struct error *err);

/* What an operator asks for by `service …`; names of services, none for all, ERROR_USAGE for one that there is not.
 * Start and restart return when they are started; with seconds above 0 they wait so long for them to be healthy.
 * Refused while a run holds the services. Stop returns when every instance is gone, ERROR_SERVICES names those that are
 * not. */
int runtime_start(struct runtime *runtime, const struct list *names, double seconds, struct error *err);
int runtime_stop(struct runtime *runtime, const struct list *names, struct error *err);
int runtime_restart(struct runtime *runtime, const struct list *names, double seconds, struct error *err);
/* What `service status --json` says: {"runtime", "services": […], …}, a new reference. */
int runtime_status(json_t **out, struct runtime *runtime, struct error *err);
/* The last lines of what they wrote, to stdout as "[service:NAME] line"; with follow what comes, until a signal. */
int runtime_logs(struct runtime *runtime, const struct list *names, long long lines, bool follow, struct error *err);

#endif
