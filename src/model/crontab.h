/* When a job runs, in cron's five fields: minute, hour, day of the month, month, day of the week. Numbers, names of
 * months and days (jan, mon), ranges, lists and steps, as cron(8) of Debian has them: where both days are restricted,
 * either will do; sunday is 0 and 7; what a change of the clock skips, or brings a second time, comes once where it is
 * a certain time of the day, and goes by the clock where it is not. Pure: the time is an argument, in the process's
 * time zone. */
#ifndef MODEL_CRONTAB_H
#define MODEL_CRONTAB_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

enum crontab_part { CRONTAB_MINUTE, CRONTAB_HOUR, CRONTAB_DAY, CRONTAB_MONTH, CRONTAB_WEEKDAY, CRONTAB_PARTS };

struct crontab {
	uint64_t at[CRONTAB_PARTS]; /* bit n: at n */
	bool either;                /* both kinds of days are restricted, so that either will do */
	bool fixed;                 /* neither minute nor hour begins with a star: at a certain time of the day */
};

/* ERROR_USAGE, naming the field and what is wrong with it; also for times that never come. */
int crontab_parse(struct crontab *out, const char *text, struct error *err);
/* The first minute after `after` that is due. */
time_t crontab_next(const struct crontab *crontab, time_t after);
/* How many were due and did not come, for a job that last ran at last, 0 for never, and that runs now, or would:
 * what was due less than half a gap ago may still be under way. crontab NULL: once a day from last on. */
uint64_t crontab_missed(const struct crontab *crontab, time_t last, time_t now);
/* The same for systemd's OnCalendar=, owned; NULL: that cannot say it. */
char *crontab_calendar(const struct crontab *crontab);

#endif
