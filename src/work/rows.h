/* From rows to chunks: the workers of a scan lay their rows out by column, digest and compress them, and decode what
 * they compressed: its rows must have the same digest. One thread takes the finished chunks from a bounded queue and
 * writes them. A worker needs the memory of one chunk and of its frame.
 *
 * Calling order: rows_new(), scan_start() with rows_sink and rows_workers(), rows_next() until it says false,
 * scan_finish(), rows_free(). Whoever takes must go on taking until the end, or the workers wait for ever. */
#ifndef WORK_ROWS_H
#define WORK_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "model/manifest.h"
#include "work/scan.h"

/* Every range of pages that was read or taken ends with one that has no rows and no frame. */
struct chunk {
	size_t table;           /* index into manifest->tables */
	struct content content; /* of its rows */
	uint64_t bytes;         /* of COPY text */
	struct text frame;      /* compressed */
	char sha256[65];        /* of the frame */
	struct page_range pages; /* of the table, that the rows are from */
	bool last;              /* of its range: all of that is there now */
	bool reused;            /* taken from the earlier snapshot */
};

struct rows;
struct earlier;
extern const struct scan_sink rows_sink;

/* The scan's table ids are indexes into manifest->tables. level: zstd's. earlier: where ranges that still hold are
 * taken from; NULL where the scan knows of none. */
struct rows *rows_new(int jobs, int level, const struct manifest *manifest, const struct earlier *earlier);
void *const *rows_workers(struct rows *rows);
/* The next chunk, the caller's; false when all workers are gone and nothing is left. */
bool rows_next(struct rows *rows, struct chunk *out);
void rows_free(struct rows *rows);
void rows_auto(struct rows **rows);

#endif
