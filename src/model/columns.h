/* COPY text by column. Rows of COPY text are cut into their values, and the values of one column stand together, one
 * per line: like beside like, which compresses far better. COPY escapes tabs and newlines, so every value is a line.
 *
 * A table without columns has one empty line per row, as if it had one column: that is what COPY says, too. */
#ifndef MODEL_COLUMNS_H
#define MODEL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* Rows on their way in. All columns share one stretch of memory, in blocks: it is as large as the rows are, whichever
 * column they fill, and it is kept from one chunk to the next. Starts as {0}; then columns_start(), columns_add() …,
 * columns_join(), and again from columns_start(). */
struct columns {
	uint64_t rows;       /* whole ones */
	uint64_t bytes;      /* of COPY text with newlines, which is also the size of all columns together */
	bool open;           /* the last row has not ended yet */

	/* what follows is columns.c's own */
	struct column *list;
	size_t count;        /* at least 1 */
	size_t at;           /* column that the next byte belongs to */
	char *memory;
	uint32_t *next;      /* per block, the one that its column goes on in */
	uint32_t used, blocks;
};

/* Forgets all rows; the next ones have that many columns (0 counts as 1). */
void columns_start(struct columns *columns, size_t count);
/* COPY text, cut anywhere. False when a row has another number of values: the rows are then of no use. */
bool columns_add(struct columns *columns, const char *text, size_t size);
/* The memory that they take. */
uint64_t columns_memory(const struct columns *columns);
/* Something of every column that is not small, at most size bytes in all (16 kB at least), appended to out: how well it
 * compresses tells of the rest. */
void columns_sample(struct text *out, const struct columns *columns, size_t size);
/* All of it, in order and in one stretch: bytes of text, columns' own. Memory of larger chunks before is given back. No
 * more rows come: columns_start() is next. */
char *columns_join(struct columns *columns);
/* The memory for another use, size bytes of it. The rows are gone: columns_start() comes next. */
char *columns_borrow(struct columns *columns, size_t size);
void columns_clear(struct columns *columns);

/* The way back: rows from text by column, which must stay. */
struct columns_reader {
	const char **at; /* per column, its next value */
	const char *end;
	size_t count;
	uint64_t left;   /* rows */
};
/* False when text does not hold exactly rows values for each of count columns. */
bool columns_open(struct columns_reader *out, const char *text, size_t size, size_t count, uint64_t rows);
/* Hands all rows over as COPY text, in pieces that end with a row, but where a value is long: that is not copied. A
 * callback that fails (non-zero, err filled) ends it. */
typedef int columns_function(void *context, const char *text, size_t size, struct error *err);
int columns_pass(struct columns_reader *reader, columns_function *function, void *context, struct error *err);
void columns_close(struct columns_reader *reader);

#endif
