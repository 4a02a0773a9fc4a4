/* One run of one command: its settings, its arguments, where its answer goes, and the things that most commands
 * open first. Every changing command has one shape: lock, facts, plan, guard, run. */
#ifndef WORK_RUN_H
#define WORK_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "io/json.h"
#include "model/settings.h"

/* Of the objects that --json prints, their first member. It grows when a member goes or changes its meaning; new ones
 * may come at any time. */
enum { RUN_JSON_SCHEMA = 1 };

struct run {
	const char *command;      /* "backup", "snapshot list" */
	struct settings settings;
	struct list arguments;
	char *id;                 /* of this run, 16 hex digits: joins the journal's lines */
	char *conninfo;           /* libpq string of the deployment's database; NULL until run_resolve_database() */
	char *database_where;     /* what said so: "--database", "anchore-admin.yaml line 3", "PG* variables" */
	int lock;                 /* descriptor of the store's lock, -1 while not held */
	bool told;                /* the one error needs no telling: main() prints it only as JSON */
	bool *answered;           /* the one JSON object was printed; main() then adds none for an error */
};

void run_init(struct run *run);
void run_clear(struct run *run);

/* The same run for what the journal is to know by itself: an id and a command of its own, all else is run's, which may
 * not be used until run_as_end(). */
struct run run_as(const struct run *run, const char *command);
void run_as_end(struct run *run, struct run *as);

/* Where the database is, from --db-connect, --database, embedded, --engine-config, the PG* variables, in that order;
 * starts the embedded server when it is one and does not run. Called by run_connect(); harmless again. */
int run_resolve_database(struct run *run, struct error *err);
/* Opens the deployment's database, dbname unless NULL another one of the same server. */
int run_connect(struct db **out, struct run *run, const char *dbname, struct error *err);

/* How many workers the settings allow; at least 1. */
int run_jobs(const struct run *run);

/* The store's folder: setting, else ERROR_USAGE with a hint. Made (0700) when make is true. */
int run_store(const char **path, struct run *run, bool make, struct error *err);
/* Takes the store's lock for the rest of the run. */
int run_lock(struct run *run, struct error *err);

/* Asks on the terminal; default No. --yes answers yes. Without a terminal, or when declined: ERROR_REFUSED. */
int run_confirm(struct run *run, const char *question, struct error *err);

/* The answer, to stdout. run_print() is for people and does nothing with --json; run_answer() prints the one JSON
 * object, with its schema's number, and only with --json. A failing stdout is an error at the end of main(). */
void run_print(const struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void run_answer(const struct run *run, const json_t *answer);
/* The same in one line, as one of several of a command that goes on. */
void run_answer_line(const struct run *run, const json_t *answer);
bool run_json(const struct run *run);

#endif
