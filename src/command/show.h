/* How upgrade, downgrade and `db upgrade` show a change: its plan, as text, SQL or JSON, and its refusals. */
#ifndef COMMAND_SHOW_H
#define COMMAND_SHOW_H

#include <stdbool.h>

#include "base/error.h"
#include "io/json.h"
#include "work/change.h"
#include "work/cycle.h"
#include "work/run.h"

/* --dry-run was given; ERROR_USAGE for another form than --dry-run or --dry-run=sql. */
int show_dry_run(bool *dry, bool *sql, const struct run *run, struct error *err);
/* What a dry run says. Fails with ERROR_REFUSED if the guard refuses, else with ERROR_PENDING under --exit-code. */
int show_plan(struct run *run, const struct change *change, const struct cycle *cycle, bool sql, struct error *err);
/* Before anything is asked: every refusal on stderr where there are several, and the one error; 0 if there are none. */
int show_refusals(struct run *run, const struct change *change, const struct cycle *cycle, struct error *err);
/* The parts of it for what is no change by edges: on stderr where there are several, and the one error; as JSON. */
int show_refusals_list(const struct refusals *refusals, const char *command, struct error *err);
json_t *show_refusals_json(const struct refusals *refusals);
/* Before it is asked, on stderr: what no way back by SQL gives again. */
void show_destroyed(const struct change *change);
/* What the SQL files said while they ran, once more behind all the progress. */
void show_warnings(const struct run *run, const struct change *change);
/* Nothing to do: the database is at the version already. */
void show_nothing(const struct run *run, const struct change *change);
/* What to do once the database is where it should be; says so too when the settings name another release. */
void show_next(const struct run *run, const char *release);
/* The whole of it as one object. */
json_t *show_json(const struct run *run, const struct change *change, const struct cycle *cycle, bool done);

/* What is done to the services: before the question, on stderr. */
void show_steps(const struct run *run, const struct cycle *cycle);
/* How they are once it is done, and what is pinned. */
void show_services(const struct run *run, const struct cycle *cycle);
/* The same as an object; null without a runtime. */
json_t *show_services_json(const struct cycle *cycle);

#endif
