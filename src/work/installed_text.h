/* The texts of work/installed's files. Every name is quoted as its reader wants it: in a crontab a shell, for which
 * cron takes `\%` for %; in a unit systemd, for which %% is % and $$ is $. */
#ifndef WORK_INSTALLED_TEXT_H
#define WORK_INSTALLED_TEXT_H

struct installed_facts {
	const char *program, *config; /* absolute paths */
	const char *at;               /* five fields */
};

/* Each owned. calendar: of the timer, as crontab_calendar() makes it. */
char *installed_cron(const struct installed_facts *facts);
char *installed_service(const struct installed_facts *facts);
char *installed_timer(const struct installed_facts *facts, const char *calendar);

#endif
