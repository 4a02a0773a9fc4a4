/* The store: a folder (0700) with snapshot archives, what is known of them beside them, the journal's file and the
 * lock.
 *
 *   anchore-0.0.6-20261123T120000Z.tar         an archive, 0600
 *   anchore-0.0.6-20261123T120000Z.tar.state   JSON: pinned, what was found when it was read or restored, and the
 *                                              databases that were made from it (0600)
 *   store.json                                 the deployment's UUID
 *   journal.jsonl                              see work/journal.h
 *   lock                                       flock of whoever changes something
 *   .tmp-*                                     being written; removed by the next holder of the lock */
#ifndef WORK_STORE_H
#define WORK_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "io/json.h"
#include "model/manifest.h"

enum snapshot_health {
	SNAPSHOT_WHOLE,   /* has its manifest, members add up; digests are verify's work */
	SNAPSHOT_CORRUPT, /* one of ours, but damaged or cut */
	SNAPSHOT_FOREIGN, /* not one of ours at all */
	SNAPSHOT_FUTURE   /* a later format */
};

/* A database that restore made from the snapshot, checked and swapped in: the snapshot counts as fresh for it. */
struct restored_copy {
	struct identity identity;
	struct moment moment;
};

/* What came of it when the archive was last read in full, or restored and compared. The last time counts, so that a
 * success takes a failure's place, and a failure a success's. That something else was in the way (no space, no right, a
 * signal) says nothing about the snapshot and is not kept. */
struct snapshot_check {
	time_t at;            /* when it ended; 0: never */
	bool failed;
	double seconds;       /* that it took */
	char *server;         /* version of the server that it was restored on, "15.6"; NULL where none was needed */
	char *message;        /* what is wrong with it; NULL unless failed */
};

struct snapshot_entry {
	char *path;
	uint64_t size;
	enum snapshot_health health;
	char *why;                /* what is wrong with it; NULL for a whole one */
	bool pinned;
	struct snapshot_check verified; /* by digest; never, as long as nobody asked: taking it was the first time */
	struct snapshot_check proven;   /* by restoring it, work/prove.h; that verifies it too */
	struct manifest manifest; /* filled for whole ones; for corrupt ones as far as it could be read */
	struct restored_copy *copies;
	size_t copy_count;
};

struct snapshot_list {
	struct snapshot_entry *entries; /* newest first; those without a time (corrupt, foreign) by file time */
	size_t count;
};

/* Every *.tar of the store, nothing hidden. An empty or missing store is an empty list. Reads snapshot.json and
 * manifest.json of each, not the data. */
int store_list(struct snapshot_list *out, const char *store, struct error *err);
void snapshot_list_clear(struct snapshot_list *list);
void snapshot_entry_clear(struct snapshot_entry *entry);

/* Finds what the operator named: an id, a unique prefix of one, a path, a file name, `latest`, `latest:0.0.7`,
 * `oldest`. latest means of this deployment and whole. Fails with ERROR_USAGE (none, several), ERROR_CORRUPT (it is,
 * and says why). *out is the caller's. */
int store_find(struct snapshot_entry *out, const char *store, const char *wanted, struct error *err);

/* A check as the state file and --json have it; null when there was none. */
json_t *store_check_json(const struct snapshot_check *check);
int store_pin(const struct snapshot_entry *entry, bool pinned, struct error *err);
/* Records a copy (what copy points to is copied). Does nothing for an archive outside of the store, which is nobody's
 * proof and may be on a medium that cannot be written. */
int store_record_copy(const char *store, const struct snapshot_entry *entry, const struct restored_copy *copy,
	struct error *err);

/* The same for what came of reading or restoring it. */
enum snapshot_check_kind { CHECK_VERIFIED, CHECK_PROVEN };
int store_record_check(const char *store, const struct snapshot_entry *entry, enum snapshot_check_kind kind,
	const struct snapshot_check *check, struct error *err);

/* It was restored once, and nothing worse was found since. Retention and the guard count on these. */
bool snapshot_proven(const struct snapshot_entry *entry);
/* When it was last found to be whole, by whichever means; taking it counts. 0: it is known to be damaged. */
time_t snapshot_verified_at(const struct snapshot_entry *entry);

/* The deployment's UUID; made when there is none and make is true, else NULL. Owned. */
int store_deployment(char **uuid, const char *store, bool make, struct error *err);
/* Removes a snapshot with all that is known of it (the lock must be held). It is hidden before it is removed: killed in
 * between, it is no snapshot any more, and the next holder of the lock removes the rest. */
int store_drop(const char *store, const struct snapshot_entry *entry, struct error *err);
/* Removes .tmp-*, and ends what a killed store_drop() began (the lock must be held). */
int store_sweep(const char *store, struct error *err);

#endif
