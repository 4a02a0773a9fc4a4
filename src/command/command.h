/* The commands and how they are reached. The table says what each accepts; main() parses, reads the settings, runs, and
 * prints the one error. A command opens what it needs itself (see work/run.h). One file per command; small subcommands
 * of one group share a file. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "model/settings.h"
#include "work/run.h"

enum { COMMAND_MOST_OPTIONS = 16 };

struct command {
	const char *name;      /* "backup", or "snapshot list" */
	const char *arguments; /* "SNAPSHOT", "[FROM] TO", NULL */
	const char *summary;   /* one line for the help */
	int least, most;       /* number of arguments; most -1: any */
	enum option options[COMMAND_MOST_OPTIONS]; /* besides those that every command takes; ends with OPTION_COUNT */
	int (*run)(struct run *run, struct error *err);
	bool without_file; /* no settings file is looked for */
};

extern const struct command command_table[]; /* ends with name NULL */

int command_backup(struct run *run, struct error *err);
int command_restore(struct run *run, struct error *err);
int command_upgrade(struct run *run, struct error *err);
int command_downgrade(struct run *run, struct error *err);
int command_snapshot_list(struct run *run, struct error *err);
int command_snapshot_show(struct run *run, struct error *err);
int command_snapshot_verify(struct run *run, struct error *err);
int command_snapshot_pin(struct run *run, struct error *err);
int command_snapshot_unpin(struct run *run, struct error *err);
int command_snapshot_prune(struct run *run, struct error *err);
int command_graph_show(struct run *run, struct error *err);
int command_graph_path(struct run *run, struct error *err);
int command_graph_lint(struct run *run, struct error *err);
int command_db_status(struct run *run, struct error *err);
int command_db_upgrade(struct run *run, struct error *err);
int command_db_check(struct run *run, struct error *err);
int command_db_history(struct run *run, struct error *err);
int command_service_start(struct run *run, struct error *err); /* of the embedded PostgreSQL, too */
int command_service_stop(struct run *run, struct error *err);
int command_service_restart(struct run *run, struct error *err);
int command_service_status(struct run *run, struct error *err);
int command_service_logs(struct run *run, struct error *err);
int command_service_list(struct run *run, struct error *err);
int command_system_status(struct run *run, struct error *err);
int command_system_wait(struct run *run, struct error *err);
int command_cron_run(struct run *run, struct error *err);
int command_cron_install(struct run *run, struct error *err);
int command_cron_status(struct run *run, struct error *err);
int command_cron_remove(struct run *run, struct error *err);
int command_completion(struct run *run, struct error *err);
int command_doctor(struct run *run, struct error *err);
int command_init(struct run *run, struct error *err);

#endif
