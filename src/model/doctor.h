/* What `doctor` finds: one finding for each thing that it looked at, in the order in which things depend on each other,
 * so that the problems from the top down are what to do first. work/doctor looks, the functions here judge. Pure. */
#ifndef MODEL_DOCTOR_H
#define MODEL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"
#include "model/attempt.h"
#include "model/facts.h"

enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_PROBLEM };

struct finding {
	const char *check;        /* "settings", "store"; not owned */
	enum finding_level level;
	char *sentence;
	char *remedy;             /* names the command to type; NULL: there is nothing to do */
};
struct findings {
	struct finding *items;
	size_t count;
};

struct doctor_file;
/* The path as a shell takes it, quoted where it has to be; owned. */
char *doctor_word(const char *path);
/* Why this user may not write to the folder, with what to do; the file is a folder that is not usable. */
void doctor_not_writable(struct findings *out, const char *check, const struct doctor_file *file);

/* Both strings are owned from now on. */
void findings_add(struct findings *findings, const char *check, enum finding_level level, char *sentence, char *remedy);
void findings_clear(struct findings *findings);
size_t findings_count(const struct findings *findings, enum finding_level level);
const char *finding_level_name(enum finding_level level);
/* For people: a line each, then what to fix, in order; owned. */
char *findings_text(const struct findings *findings);

/* ---- judging ---- */

/* A file or a folder, as stat() saw it. */
struct doctor_file {
	const char *what;         /* "the settings file" */
	const char *path;
	bool found;
	bool folder;              /* it is one */
	bool usable;              /* this user may read it, a folder also write to it */
	bool read_only;           /* the file system is, which is why a folder is not usable */
	unsigned mode;            /* permissions alone */
	bool foreign;             /* belongs to neither this user nor root */
};
/* The settings file. secret: it holds a password. */
void doctor_settings_file(struct findings *out, const struct doctor_file *file, bool secret);

/* Clocks. Each is left out where it is not known. */
struct doctor_clocks {
	time_t now;
	bool database_known;
	double database;          /* seconds that the database server's is ahead of ours; negative: behind */
	time_t newest;            /* of what is recorded in the store; 0: nothing */
	const char *newest_what;  /* "snapshot 0123456789ab" */
};
enum { DOCTOR_CLOCK_OFF = 60 }; /* seconds that do no harm */
void doctor_clocks(struct findings *out, const struct doctor_clocks *clocks);

/* The store's folder and what lies in it. */
struct doctor_store {
	struct doctor_file file;
	struct list corrupt;      /* "NAME: why" */
	struct list foreign;      /* archives that are no snapshots, or a later version's */
	struct list leftovers;    /* .tmp-* */
	long holder;              /* process that holds the lock, 0: none */
	char *lost;               /* what the newest snapshot says store.json did, which is gone; NULL: it is not */
};
void doctor_store(struct findings *out, const struct doctor_store *store);

/* The newest snapshot of this deployment, and the newest that is proven. */
struct doctor_snapshots {
	time_t now;
	bool found;
	char *id;
	time_t created;
	long long max_age;        /* seconds, of the setting snapshot_max_age; 0: no limit */
	bool fresh;               /* the database provably is what it holds */
	bool fresh_known;         /* it could be asked without reading rows */
	struct list damaged;      /* ids of those that a verification found damaged */
	struct list unproven;     /* "ID: why" of those that could not be restored */
	time_t proven;            /* when one was proven last; 0: never */
	char *proven_id;
	bool wants_proven;        /* the setting upgrade_require */
};
/* Seconds: an old snapshot without a limit of its own, an old proof. */
enum { DOCTOR_SNAPSHOT_OLD = 3 * 86400, DOCTOR_PROOF_OLD = 90 * 86400 };
void doctor_snapshots(struct findings *out, const struct doctor_snapshots *snapshots);

/* What facts_gather() found of the database. */
void doctor_database(struct findings *out, const struct facts *facts);
void doctor_rights(struct findings *out, const struct facts *facts, bool createdb);

/* The scheduled job. */
struct doctor_schedule {
	struct list where;        /* the files that install it; empty: none */
	char *unit;               /* of a timer that is installed and not enabled; NULL: none is */
	char *remedy;             /* where it does not run: the command that shows whether what starts it does */
	struct attempt attempt;
	bool killed;              /* the run that has begun by attempt is no more */
	uint64_t missed;          /* how often it was due since it ran last, or since it was installed */
	time_t now;
};
void doctor_schedule(struct findings *out, const struct doctor_schedule *schedule);

#endif
