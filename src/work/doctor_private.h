/* What the checks of work/doctor.c share: each looks at one thing and adds at least one finding, or none where there is
 * nothing of the kind. What an earlier one could not open is NULL for the later ones, which then say nothing of it: the
 * first finding is the one to act upon, and the last one says what was not looked at. */
#ifndef WORK_DOCTOR_PRIVATE_H
#define WORK_DOCTOR_PRIVATE_H

#include "io/db.h"
#include "io/pgtool.h"
#include "model/doctor.h"
#include "work/migrations.h"
#include "work/run.h"
#include "work/store.h"

enum { DOCTOR_LEAST_ROOM = 100000000 }; /* bytes, less of which is next to nothing */

struct doctor {
	struct run *run;
	struct findings *out;
	const char *directory;        /* where relative paths start */
	time_t now;
	struct migrations migrations;
	bool migrations_read;
	struct db *db;                /* NULL: not reached, or not named */
	struct facts facts;
	bool facts_known;             /* the database is an engine's, at a version that is known here */
	struct pgtool tool;           /* dump NULL: there is none */
	struct snapshot_list list;
	char *deployment;             /* NULL: the store has none yet */
	bool listed;
	bool no_docker;               /* a compose deployment's Docker does not answer */
	struct error stop;            /* a signal came */
};

void doctor_add(struct doctor *doctor, const char *check, enum finding_level level, char *sentence, char *remedy);
/* The failure as a problem, with its hint; one that a signal brought ends the whole instead. */
void doctor_failed(struct doctor *doctor, const char *check, struct error *failure);
/* stat() of path, and what this user may do there. */
void doctor_look_at(struct doctor_file *out, const char *path);

void doctor_check_settings(struct doctor *doctor);
void doctor_check_hooks(struct doctor *doctor);
void doctor_check_metrics(struct doctor *doctor);
void doctor_check_logs(struct doctor *doctor);
void doctor_check_tools(struct doctor *doctor);
void doctor_check_compose(struct doctor *doctor);
void doctor_check_migrations(struct doctor *doctor);
void doctor_check_connection(struct doctor *doctor);
void doctor_check_database(struct doctor *doctor);
void doctor_check_rights(struct doctor *doctor);
void doctor_check_store(struct doctor *doctor);
void doctor_check_snapshots(struct doctor *doctor);
void doctor_check_room(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);
void doctor_check_leftovers(struct doctor *doctor);
void doctor_check_services(struct doctor *doctor);
void doctor_check_schedule(struct doctor *doctor);

#endif
