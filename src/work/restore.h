/* Restore: a snapshot is loaded into a new database beside the present one, checked, and the two swap their names in
 * one transaction; the present one is kept. Nothing is ever overwritten. Calling order: run_lock() unless it is a dry
 * run, restore_plan(), the question, restore_run(). The caller holds no connection to the deployment's database
 * meanwhile: it would stand in the swap's way. */
#ifndef WORK_RESTORE_H
#define WORK_RESTORE_H

#include <stdbool.h>

#include "base/error.h"
#include "model/guard.h"
#include "work/run.h"
#include "work/store.h"

struct restore_options {
	const char *into;  /* restore into this name without a swap; NULL: beside and swap */
	bool deep;         /* read everything back and compare digests */
	bool no_owner;     /* leave owners and privileges of what the snapshot holds out */
	bool scratch;      /* load, read everything back and compare, then drop it again: work/prove.h */
	bool foreign;      /* another deployment's snapshot over an existing database */
	const char *losses; /* for the journal: what the snapshot does not have; NULL: nobody counted */
	bool stops;        /* for restore_plan(): the run will stop the services, and plan again then (work/cycle.h) */
};

/* What will happen, for --dry-run and the question. */
struct restore_plan {
	struct list lines;     /* steps in words, with sizes */
	struct refusals refusals; /* checks: services, lock, snapshot, rights, server, name, space */
	char *kept_name;       /* the name that the present database will have; NULL if there is none */
	uint64_t needs_bytes;
	char *server;          /* version of the server that it is restored on */
};
int restore_plan(struct restore_plan *out, struct run *run, const struct snapshot_entry *entry,
	const struct restore_options *options, struct error *err);
void restore_plan_clear(struct restore_plan *plan);

/* Load into a new database, check, and (unless into or scratch) swap. The run holds the store's lock. Journals.
 * *kept: owned name of the database that was kept, NULL if there was none. */
int restore_run(char **kept, struct run *run, const struct snapshot_entry *entry, const struct restore_options *options,
	struct error *err);
/* Swaps the newest kept database back. */
int restore_undo(char **kept, struct run *run, struct error *err);

#endif
