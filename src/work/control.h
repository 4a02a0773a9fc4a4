/* The supervisor's control socket, `control` in the run folder (unix, mode 0600): how `service …`, `upgrade` and the
 * other commands talk to it.
 *
 * One question per connection: a line of JSON, {"do": "status"}. Its answer: any number of lines {"note": "stopped
 * catalog"}, or {} every second, which says that it is being worked on; then one line {"done": …} or {"error": {"code":
 * "SERVICES", "message": …, "hint": …}}, and the end.
 *
 *   do        besides                               done
 *   status                                          the view, as `service status --json` shows it
 *   stop      "names": […] (none: all)              when every one of them is gone
 *   start     "names": […]                          when they are started; "wait": seconds until they are healthy
 *   restart   "names": […], "wait"
 *   hold      "run", "for": "upgrade"               all are gone and stay so; what ran is remembered in held.json
 *   release   "run"                                 those that ran before the hold are started
 *   reload                                          the settings file was read again
 *   quit                                            all are gone and the supervisor ends */
#ifndef WORK_CONTROL_H
#define WORK_CONTROL_H

#include <stdbool.h>
#include <sys/un.h>

#include "base/error.h"
#include "io/json.h"
#include "work/run.h"

/* The run folder, owned: setting run_dir, else `run` beside the settings file. Not made here. */
int control_directory(char **out, const struct run *run, struct error *err);
/* The same of the services' output: setting log_dir, else `log`. */
int control_log_directory(char **out, const struct run *run, struct error *err);
/* Asks the supervisor. question is not taken over. *done is what stood under "done", owned. Notes go to log_note().
 * ERROR_UNREACHABLE when no supervisor runs, ERROR_REFUSED when there may be one that this user may not ask; the errors
 * it gives have its own code. ERROR_SERVICES when it is there and says nothing at all, be it that it is stopped. */
int control_ask(json_t **done, const struct run *run, const json_t *question, struct error *err);
/* A supervisor listens there. */
bool control_answers(const struct run *run);
/* The process that supervises this run folder, also while it starts and does not answer yet, or ends; 0: none. A guess
 * where its user is another one: then 0. */
pid_t control_holder(const char *directory);

/* ---- for the supervisor and the runtime ---- */

#define CONTROL_SOCKET "control"
#define CONTROL_LOCK "lock" /* held by the supervisor for as long as it lives */
int control_address(struct sockaddr_un *out, const char *directory, struct error *err);
/* Reads an answer to its end, from fd. silence: so many seconds without a line are ERROR_SERVICES; 0: no limit. */
int control_read(json_t **done, int fd, double silence, struct error *err);
/* {"error": {…}}, and back to an error. */
json_t *control_error_json(const struct error *err);
int control_error(const json_t *error, struct error *err);

#endif
