/* The snapshots of a case of retention, newest first as a store lists them, and what was decided. */
#ifndef RETAINED_H
#define RETAINED_H

#include <time.h>

#include "model/retention.h"
#include "unit.h"

enum { RETAINED_MOST = 64 };
struct retained {
	struct retention_snapshot snapshots[RETAINED_MOST];
	size_t count;
	struct retention_rules rules;
	struct list in_use;
	time_t now;
	struct retention_verdict verdicts[RETAINED_MOST];
};

/* Sound ones of database anchore, version 0.0.6, of these times ("2026-11-27", which is noon, or to the second). */
struct retained retained_begin(const char *const *times);
#define RETAINED(...) retained_begin((const char *const[]){__VA_ARGS__, NULL})
time_t retained_time(const char *text);
void retained_clear(struct retained *retained);
void retained_decide(struct retained *retained);
/* expected: one letter for each, k or d. */
void retained_assert(const struct retained *retained, const char *expected);
/* All of them, joined by "; ". */
void retained_assert_reasons(const struct retained *retained, size_t i, const char *expected);

#endif
