/* What starts the scheduled job: a file in cron.d or a systemd timer with its service, made by `cron install` and
 * recognized by a line in it that names the deployment's settings file. Others' files are left alone. Files:
 * /etc/cron.d/NAME, /etc/systemd/system/NAME.{service,timer}; NAME is anchore-admin-backup, and for a settings file
 * in another folder than anchore-admin that with the folder's name. In the test build ANCHORE_ADMIN_ROOT stands before
 * these paths. */
#ifndef WORK_INSTALLED_H
#define WORK_INSTALLED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "model/crontab.h"
#include "work/run.h"

enum installed_kind { INSTALLED_NOT, INSTALLED_CRON, INSTALLED_SYSTEMD };

struct installed {
	enum installed_kind kind;
	struct list paths;       /* of its files */
	struct list texts;       /* what they hold, one each */
	char *unit;              /* "anchore-admin-backup.timer"; NULL for cron */
	bool disabled;           /* systemd does not start that timer */
	time_t since;            /* when the file was written last; 0: not known */
	char *at;                /* the five fields; NULL: not to be read from the file */
	bool known;              /* crontab is what they say */
	struct crontab crontab;
};
void installed_clear(struct installed *installed);

/* Stands before every path; empty but in the test build. */
const char *installed_root(void);
/* What is there for this deployment; without a settings file nothing is. */
void installed_find(struct installed *out, const struct run *run);
/* Whether text, a file's, says that it is of another deployment than the one of this settings file, which may be
 * NULL. */
bool installed_is_anothers(const char *text, const char *config);
/* crontab_missed() of a job that last ran at last; one that never did should have since it was installed. */
uint64_t installed_missed(const struct installed *installed, time_t last, time_t now);
/* What to do where it does not run, owned: the command that shows whether whatever starts it does. */
char *installed_remedy(const struct installed *installed);
/* What would be: the files with their texts. ERROR_USAGE for fields that are none or that the kind cannot say, without
 * a settings file, and for settings from elsewhere than that file, which the job would not see. */
int installed_plan(struct installed *out, const struct run *run, enum installed_kind kind, const char *at,
	struct error *err);
/* Writes the files that are not yet so, and takes away what there is of the other kind. systemd is told, where it runs;
 * otherwise a warning says what is left to do. ERROR_REFUSED unless root, and for a file that is not ours. */
int installed_write(const struct installed *plan, const struct run *run, struct error *err);
/* Takes away what there is; *was says what. */
int installed_remove(struct installed *was, const struct run *run, struct error *err);

#endif
