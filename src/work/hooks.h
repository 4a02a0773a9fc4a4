/* An operator's own programs around what this one does: executables in pre-COMMAND.d and post-COMMAND.d of the folder
 * hooks_dir, in byte order of their names, for backup, restore, upgrade and downgrade.
 *
 * Only names of letters, digits, - and _ count, so that what editors and packages leave (x~, x.bak, x.dpkg-old) does
 * not run. A program or its folder that others may write to, or that belongs to neither root nor us, is not run, with a
 * warning. They get no arguments, nothing on stdin, at most HOOK_LIMIT seconds, and in their environment
 *
 *   ANCHORE_ADMIN_HOOK            pre-backup
 *   ANCHORE_ADMIN_HOOK_COMMAND    backup
 *   ANCHORE_ADMIN_HOOK_RUN        the run's id, as the journal has it
 *   ANCHORE_ADMIN_HOOK_…          facts: SNAPSHOT, DATABASE (its name), FROM, TO
 *   ANCHORE_ADMIN_HOOK_STATUS     (post) the exit status to come
 *   ANCHORE_ADMIN_HOOK_ERROR      (post) the message of a failure
 *   ANCHORE_ADMIN_CONFIG, ANCHORE_ADMIN_STORE   so that they can ask this program
 *
 * but no password: PGPASSWORD and ANCHORE_ADMIN_DATABASE are taken out. What they print goes to stderr, but with
 * --quiet only where they failed, and in the scheduled job not at all: its warning has the line that tells. */
#ifndef WORK_HOOKS_H
#define WORK_HOOKS_H

#include "base/error.h"
#include "base/text.h"
#include "work/run.h"

enum {
	HOOK_STOPS = 63,   /* exit status of a pre hook that forbids it */
	HOOK_LIMIT = 3600,
	HOOK_OUTPUT = 65536 /* so much of the end of what it prints is kept */
};

/* Database versions and the id of the snapshot that it is about; NULL for what is not known. */
void hooks_facts(struct list *facts, const char *from, const char *to, const char *snapshot);
/* facts: "SNAPSHOT=1234…", "FROM=0.0.6". A hook that ends with HOOK_STOPS is ERROR_REFUSED, and the rest are not run;
 * any other failure is a warning. */
int hooks_before(const struct run *run, const char *command, const struct list *facts, struct error *err);
/* Always, also where hooks_before() or a signal stopped it. failure NULL: it succeeded. Failures of hooks are
 * warnings. */
void hooks_after(const struct run *run, const char *command, const struct list *facts, const struct error *failure);

/* Whether a program of that name can be a hook, and a folder of that name, "pre-backup.d", hold hooks that run. */
bool hooks_name_counts(const char *name);
bool hooks_phase_is_known(const char *folder);

#endif
