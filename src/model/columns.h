/* COPY text by column. Rows of COPY text are cut into their values, and the values of one column stand together, one
 * per line: like beside like, which compresses far better. COPY escapes tabs and newlines, so every value is a line.
 *
 * A table without columns has one empty line per row, as if it had one column: that is what COPY says, too. */
#ifndef MODEL_COLUMNS_H
#define MODEL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Rows on their way in. */
struct columns {
	struct text *values; /* one buffer per column, each value ended by a newline */
	size_t count;        /* columns; at least 1 */
	uint64_t rows;
	uint64_t bytes;      /* of COPY text with newlines, which is also the size of all buffers together */
};
/* count 0 counts as 1. */
void columns_init(struct columns *columns, size_t count);
/* One row, size without its newline. False, and nothing is added, when it has another number of values. */
bool columns_add(struct columns *columns, const char *row, size_t size);
/* Forgets the rows; keeps the buffers for the next ones unless they are unusually large. */
void columns_reset(struct columns *columns);
void columns_clear(struct columns *columns);

/* The way back: appends the COPY text of all rows to out. False when text does not hold exactly rows values for each of
 * count columns. */
bool columns_join(struct text *out, const char *text, size_t size, size_t count, uint64_t rows);

#endif
