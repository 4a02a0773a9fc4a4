/* Retention: which snapshots stay, which go, and why, in words. Pure; the calendar is UTC's.
 *
 * Only snapshots that count are judged by rules: whole, of this deployment, not of the future. All others stay as they
 * are and take nobody's place: what is damaged or failed its proof is something to look at, another deployment's is
 * not ours to drop, and one whose time has not come says that a clock is or was wrong.
 *
 * The snapshots of each database (by name) are judged by themselves, so that two databases that share a store do not
 * drive each other out. Among those of one database stay
 *
 *   the newest of all, and of each version in use the newest, the newest that has that version's schema, and the newest
 *   that is proven (by a restore), else the newest that was verified: whatever the rules say. Night by night a database
 *   that stopped half way would else drive out the last snapshot that leads back;
 *   those that are pinned, and those that a change in the journal depends on;
 *   what a rule keeps: the last N; the last one of each of the last N hours, days, ISO weeks (from Monday), months,
 *   years that have one; all that are at most so much older than the newest. A rule of 0 is off, as if it were not
 *   there. `within` starts from the newest snapshot, not from now, so that a pause of the backups drops nothing.
 *
 * Where every rule is off nothing is dropped at all. Every archive is whole by itself, an incremental one too, so that
 * dropping one never hurts another. */
#ifndef MODEL_RETENTION_H
#define MODEL_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/text.h"

enum retention_period {
	RETENTION_HOURLY,
	RETENTION_DAILY,
	RETENTION_WEEKLY,
	RETENTION_MONTHLY,
	RETENTION_YEARLY,
	RETENTION_PERIODS
};

/* 0: off. */
struct retention_rules {
	long long last;
	long long periods[RETENTION_PERIODS];
	long long within; /* seconds */
};
bool retention_rules_any(const struct retention_rules *rules);

struct retention_snapshot {
	const char *id, *database, *version; /* borrowed */
	time_t time;
	bool counts;        /* whole and of this deployment */
	const char *alone;  /* where it does not count: why it is left alone, in words */
	bool pinned, verified, proven;
	bool odd;           /* its schema is not that of its version: an upgrade of the engine's own ended half way */
	const char *needed; /* "upgrade of 2026-11-20" that depends on it; NULL: none does */
};

struct retention_verdict {
	bool keep;
	struct list reasons; /* at least one, of keeping or of dropping */
};

/* Judges count snapshots in the order given: newest first where times are the same. in_use: the database versions that
 * have to stay within reach. verdicts has room for count; the caller clears each. */
void retention_decide(struct retention_verdict *verdicts, const struct retention_snapshot *snapshots, size_t count,
	const struct retention_rules *rules, const struct list *in_use, time_t now);
void retention_verdict_clear(struct retention_verdict *verdict);

/* A database that a restore put aside. The newest one, which is the way back of the last restore, outlives its time
 * until a snapshot was taken after it. */
struct retention_aside {
	time_t since;
	bool newest;
	time_t last_snapshot; /* of the database that took its place; 0: there is none */
};
/* keep_for: so many seconds; 0: until somebody drops it. *verdict is the caller's to clear. */
void retention_decide_aside(struct retention_verdict *verdict, const struct retention_aside *aside, long long keep_for,
	time_t now);

#endif
