/* What of an earlier snapshot of the same database still holds, so that it need not be read again.
 *
 * The proof. Let S be the earlier snapshot's moment and A the row versions of a range of pages that S saw: they are
 * what S's archive has of that range. Let B be those that the new snapshot sees. Every transaction below S.xmin had
 * ended at S, and so had its subtransactions, whose ids are above its own. A version in B that one of them made was
 * therefore committed before S; and it was not deleted before S, or it would not be in B. So A has it. If all of B is
 * of that kind, B is a part of A; if B has as many versions as A, B is A. The limit must be xmin: a transaction that
 * was open at S may have an id below xmax, and what it made was not in A.
 *
 * A version's text is then the same, too, if nothing else that it depends on has changed: that is the table's shape
 * (work/shape.h). A version never changes in place or moves while the table keeps its file.
 *
 * What that rests on, and reuse_refusal() and reuse_build() check: the ids mean the same transactions, which a server
 * that was put back by a copy of its files would break, and a crash that lost what S saw (hence the server's start, and
 * that S was durable); 32 bits of an id are enough to compare (hence the limit on how many were given out since). */
#ifndef MODEL_REUSE_H
#define MODEL_REUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/manifest.h"

/* One range of a table as the earlier snapshot has it. */
struct reuse_range {
	struct page_range pages;
	uint64_t rows;
	size_t first, count; /* its chunks: reuse.chunks[first] … */
};
struct reuse_table {
	struct reuse_range *ranges; /* in order, covering all pages */
	size_t count;               /* 0: nothing of this table is to be had */
};
struct reuse_chunk {
	size_t table;    /* index into the earlier manifest's tables */
	uint64_t page;
	size_t member;   /* index into its members */
	uint64_t rows;
};
struct reuse {
	struct reuse_table *tables; /* as the new manifest's */
	size_t table_count;
	struct reuse_chunk *chunks; /* by table, page, member */
	size_t chunk_count;
	int64_t since;              /* a version counts as old when its xmin is before this one */
	bool untouched;             /* no transaction has ended since: every range still holds */
	bool schema;                /* so does what pg_dump would write: this program would call the same one as then */
};

/* Why nothing of then can be used for now, as a clause ("the server was restarted since"); NULL: something can.
 * Both are manifests whose first half is filled. */
const char *reuse_refusal(const struct manifest *then, const struct manifest *now);
/* Of then, which is not refused and whole. */
void reuse_build(struct reuse *out, const struct manifest *then, const struct manifest *now);
void reuse_clear(struct reuse *reuse);

#endif
