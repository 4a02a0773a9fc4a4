/* Who does what next while a snapshot is loaded: chunks of rows, keys and indexes, reading back, statistics, handed to
 * any number of workers. Pure and without locks: the caller holds its own around every call.
 *
 * The task whose table has the most work left comes first, so that the longest chain is never begun last. A build waits
 * for its tables' rows and for what it needs; foreign keys wait for all rows. Of one table, indexes may be built side
 * by side, also while its rows are read back; a key, a foreign key and ANALYZE are alone with it: the server's locks
 * would make them wait anyway. */
#ifndef MODEL_SCHEDULE_H
#define MODEL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/toc.h"

enum task_kind { TASK_LOAD, TASK_BUILD, TASK_CHECK, TASK_ANALYZE };

struct task {
	enum task_kind kind;
	size_t item;      /* the chunk's index, the entry's in the toc, or the table's */
	size_t table;     /* index into manifest.tables; TOC_NOTHING for a build that has none with rows */
	uint64_t weight;  /* roughly in bytes that pass */
	int helpers;      /* TASK_BUILD: parallel workers that the server may use besides */
	size_t part, parts; /* TASK_CHECK: which of how many parts of the table's pages is to be read back */
};

struct schedule_chunk {
	size_t table;
	uint64_t size;    /* as compressed */
};

struct schedule;
/* toc and plan may be NULL: then nothing is built. parts: in how many parts each table of the manifest is read back, at
 * least 1; NULL: not at all. All that is passed must outlive the schedule, but for chunks and parts. */
struct schedule *schedule_new(const struct manifest *manifest, const struct schedule_chunk *chunks, size_t chunk_count,
	const struct toc *toc, const struct toc_plan *plan, const size_t *parts);
void schedule_free(struct schedule *schedule);

enum schedule_answer {
	SCHEDULE_TASK,   /* *out is the caller's to do */
	SCHEDULE_WAIT,   /* ask again when another task is done */
	SCHEDULE_END     /* nothing is left and nothing runs */
};
/* workers: how many there are, for the helpers. */
enum schedule_answer schedule_take(struct task *out, struct schedule *schedule, int workers);
void schedule_done(struct schedule *schedule, const struct task *task);

/* Chunks that are not done yet. */
size_t schedule_chunks_left(const struct schedule *schedule);
/* Of what is not done yet, without chunks. */
uint64_t schedule_builds_left(const struct schedule *schedule);
/* How many tasks there were, chunks included; for a last check that each was done. */
size_t schedule_tasks(const struct schedule *schedule);

#endif
