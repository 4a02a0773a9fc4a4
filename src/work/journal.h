/* The journal: what was done to this deployment. Two places that are joined by the run's id: lines of JSON in the
 * store's journal.jsonl, written and synced before anything changes ("started") and after ("ended"), and a row in the
 * table anchore_admin.journal of the database, written in the transaction that makes the change. The row decides. */
#ifndef WORK_JOURNAL_H
#define WORK_JOURNAL_H

#include <stdbool.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "io/json.h"
#include "work/run.h"

struct journal_entry {
	char *run;       /* id of the run */
	char *command;   /* "upgrade" */
	time_t at;       /* of the start */
	char *by;        /* user@host */
	char *tool_version;
	char *from, *to; /* database versions, NULL where not known */
	char *snapshot;  /* id of the snapshot that brings it back, or that was restored; NULL */
	char *commit;    /* of the SQL files; NULL */
	char *reason;    /* of --no-snapshot; NULL */
	char *outcome;   /* "done", "failed", "refused", NULL while it runs or when it was killed */
	char *message;   /* the error's, or what a restore that nobody was asked about has lost; NULL */
	struct list edges; /* "0.0.6--0.0.7.sql <sha256>" */
	/* In the file alone: */
	char *release, *release_was; /* pinned by the run, and before it; NULL */
	char *services;              /* "healthy", or why not; NULL: the run did nothing to them */
	struct list dropped;         /* by a prune: ids of snapshots, names of databases */
	bool in_database, in_file;
};

void journal_entry_init(struct journal_entry *entry, const struct run *run);
void journal_entry_clear(struct journal_entry *entry);

/* A line in the store's file, synced. */
int journal_started(const char *store, const struct journal_entry *entry, struct error *err);
/* failure NULL: done. A line that cannot be written is only warned about, for the work is done already. */
void journal_ended(const char *store, const struct journal_entry *entry, const struct error *failure);
/* What became of the services, once the database was changed; failure NULL: they are healthy. Warns as that does. */
void journal_services(const char *store, const struct run *run, const char *release, const char *release_was,
	const struct error *failure);
/* The row, in db's current transaction; makes schema and table when they are missing. */
int journal_record(struct db *db, const struct journal_entry *entry, struct error *err);
/* Copies the rows of from's journal that to lacks (restore and undo, before the swap). */
int journal_carry_over(struct db *to, struct db *from, struct error *err);

struct journal {
	struct journal_entry *entries; /* oldest first */
	size_t count;
};
/* Both places, joined by run id. store or db may be NULL. */
int journal_read(struct journal *out, const char *store, struct db *db, struct error *err);
void journal_clear(struct journal *journal);

#endif
