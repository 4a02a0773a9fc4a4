/* An operator's own programs around what this one does: executables in pre-COMMAND.d and post-COMMAND.d of the folder
 * hooks_dir, in byte order of their names, for backup, restore, upgrade and downgrade. They get ANCHORE_ADMIN_* in
 * their environment, nothing on stdin, and their output goes to stderr. */
#ifndef WORK_HOOKS_H
#define WORK_HOOKS_H

#include "base/error.h"
#include "base/text.h"
#include "work/run.h"

enum { HOOK_STOPS = 63 }; /* exit status of a pre hook that forbids it */

/* facts: "SNAPSHOT=1234…", "FROM=0.0.6": the hooks see ANCHORE_ADMIN_HOOK_… of each. A hook that ends with HOOK_STOPS is
 * ERROR_REFUSED, any other failure a warning. */
int hooks_before(const struct run *run, const char *command, const struct list *facts, struct error *err);
/* Always, with the outcome: STATUS is the exit status to come, ERROR the message. Failures are warnings. */
void hooks_after(const struct run *run, const char *command, const struct list *facts, const struct error *failure);

#endif
