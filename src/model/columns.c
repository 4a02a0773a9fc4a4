#include "model/columns.h"

#include <string.h>

#include "base/mem.h"

/* A block is small, for 1,600 columns have one each, and large enough that few values lie across two of them. Memory
 * that one huge row has blown up is not kept for the next rows. */
enum { BLOCK = 16384, FIRST_BLOCKS = 16, KEEP_BLOCKS = (160 << 20) / BLOCK };
/* What is handed over at a time stays in the processor's cache. */
enum { PASS_BYTES = 256 << 10, LONG_VALUE = 64 << 10 };

struct column {
	char *end;            /* where its next byte goes */
	size_t left;          /* room there, before the next block */
	uint32_t first, last; /* blocks; only if it has any */
	uint32_t blocks;
};

static void resize(struct columns *columns, uint32_t blocks)
{
	char *before = columns->memory;
	columns->memory = mem_resize(columns->memory, (size_t)blocks * BLOCK);
	columns->next = mem_resize(columns->next, blocks * sizeof *columns->next);
	columns->blocks = blocks;
	for (size_t i = 0; i < columns->count; i++)
		if (columns->list[i].blocks)
			columns->list[i].end = columns->memory + (columns->list[i].end - before);
}

static void add_block(struct columns *columns, struct column *column)
{
	if (columns->used == columns->blocks)
		resize(columns, columns->blocks + columns->blocks / 4 + FIRST_BLOCKS);
	uint32_t block = columns->used++;
	if (column->blocks++)
		columns->next[column->last] = block;
	else
		column->first = block;
	column->last = block;
	column->end = columns->memory + (size_t)block * BLOCK;
	column->left = BLOCK;
}

void columns_start(struct columns *columns, size_t count)
{
	if (count == 0)
		count = 1;
	if (columns->blocks > KEEP_BLOCKS) {
		mem_free(columns->memory);
		mem_free(columns->next);
		columns->memory = NULL;
		columns->next = NULL;
		columns->blocks = 0;
	}
	if (columns->count != count) {
		mem_free(columns->list);
		columns->list = mem_array(count, sizeof *columns->list);
	}
	memset(columns->list, 0, count * sizeof *columns->list);
	columns->count = count;
	columns->used = 0;
	columns->at = 0;
	columns->open = false;
	columns->rows = columns->bytes = 0;
}

/* Most values are short: a copy of so many bytes at once, more than there are, costs less than a call. end: of what may
 * be read; room: what may be written. */
static void copy_value(char *to, size_t room, const char *value, size_t size, const char *end)
{
	enum { AT_ONCE = 32 };
	if (size <= AT_ONCE && room >= AT_ONCE && end - value >= AT_ONCE)
		memcpy(to, value, AT_ONCE);
	else
		memcpy(to, value, size);
}

static void put(struct columns *columns, struct column *column, const char *value, size_t size)
{
	while (size > column->left) {
		size_t part = column->left;
		if (part)
			memcpy(column->end, value, part);
		value += part;
		size -= part;
		add_block(columns, column);
	}
	if (size) /* a column has no memory yet when its first value is empty */
		memcpy(column->end, value, size);
	column->end += size;
	column->left -= size;
}

/* A value with its end: a newline, whatever it was. end: of the text that it is in. */
static void put_whole(struct columns *columns, struct column *column, const char *value, size_t size, const char *end)
{
	if (size < column->left) {
		copy_value(column->end, column->left, value, size, end);
		column->end[size] = '\n';
		column->end += size + 1;
		column->left -= size + 1;
	} else {
		put(columns, column, value, size);
		put(columns, column, "\n", 1);
	}
}

/* Values up to end, which is the row's if ends, else all that there is of it yet. limit: the text's end. */
static bool add_values(struct columns *columns, const char *value, const char *end, bool ends, const char *limit)
{
	const char *tab;
	while ((tab = memchr(value, '\t', (size_t)(end - value)))) {
		if (columns->at + 1 == columns->count)
			return false;
		put_whole(columns, &columns->list[columns->at++], value, (size_t)(tab - value), limit);
		value = tab + 1;
	}
	columns->open = !ends;
	if (!ends) {
		put(columns, &columns->list[columns->at], value, (size_t)(end - value));
		return true;
	}
	if (columns->at + 1 != columns->count)
		return false;
	put_whole(columns, &columns->list[columns->at], value, (size_t)(end - value), limit);
	columns->at = 0;
	columns->rows++;
	return true;
}

bool columns_add(struct columns *columns, const char *text, size_t size)
{
	const char *end = text + size;
	columns->bytes += size;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		if (!add_values(columns, text, newline ? newline : end, newline != NULL, end))
			return false;
		text = newline ? newline + 1 : end;
	}
	return true;
}

uint64_t columns_memory(const struct columns *columns)
{
	return (uint64_t)columns->used * BLOCK;
}

void columns_sample(struct text *out, const struct columns *columns, size_t size)
{
	uint32_t step = columns->used / (uint32_t)(size / BLOCK) + 1, number = 0;
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		/* Its last block is not full yet. */
		for (uint32_t k = 1, block = column->first; k < column->blocks; k++, block = columns->next[block])
			if (number++ % step == 0)
				text_add_bytes(out, columns->memory + (size_t)block * BLOCK, BLOCK);
	}
}

/* Per place, the block that belongs there: column by column. */
static uint32_t *order(const struct columns *columns)
{
	uint32_t *blocks = mem_array(columns->used, sizeof *blocks);
	uint32_t place = 0;
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		for (uint32_t k = 0, block = column->first; k < column->blocks; k++, block = columns->next[block])
			blocks[place++] = block;
	}
	return blocks;
}

static void copy_block(char *memory, uint32_t to, uint32_t from)
{
	memcpy(memory + (size_t)to * BLOCK, memory + (size_t)from * BLOCK, BLOCK);
}

/* Every block goes to its place, without a second memory as large: the one that stands there goes to its own first, and
 * so on, until the one comes that was set aside in the beginning. */
static void sort_blocks(char *memory, uint32_t *blocks, uint32_t count)
{
	char aside[BLOCK];
	for (uint32_t start = 0; start < count; start++) {
		if (blocks[start] == start)
			continue;
		memcpy(aside, memory + (size_t)start * BLOCK, BLOCK);
		uint32_t place = start;
		while (blocks[place] != start) {
			uint32_t from = blocks[place];
			copy_block(memory, place, from);
			blocks[place] = place;
			place = from;
		}
		memcpy(memory + (size_t)place * BLOCK, aside, BLOCK);
		blocks[place] = place;
	}
}

char *columns_join(struct columns *columns)
{
	AUTO(mem_auto) uint32_t *blocks = order(columns);
	sort_blocks(columns->memory, blocks, columns->used);
	resize(columns, columns->used);
	/* Where a column's last block is not full, the next column moves up. */
	char *end = columns->memory, *from = columns->memory;
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		size_t room = (size_t)column->blocks * BLOCK, size = room - column->left;
		if (end != from)
			memmove(end, from, size);
		end += size;
		from += room;
	}
	return columns->memory;
}

char *columns_borrow(struct columns *columns, size_t size)
{
	uint32_t blocks = (uint32_t)(size / BLOCK) + 1;
	if (blocks > columns->blocks)
		resize(columns, blocks);
	return columns->memory;
}

void columns_clear(struct columns *columns)
{
	mem_free(columns->list);
	mem_free(columns->memory);
	mem_free(columns->next);
	*columns = (struct columns){0};
}

/* ---- the way back ---- */

/* Past that many newlines; NULL if there are fewer. Whole blocks are only counted, which a compiler makes many bytes
 * at a time of. */
static const char *skip_lines(const char *at, const char *end, uint64_t lines)
{
	enum { LANES = 64, STEPS = 64 };
	while (end - at >= LANES * STEPS && lines >= LANES * STEPS) {
		unsigned char sums[LANES] = {0};
		for (size_t step = 0; step < STEPS; step++)
			for (size_t lane = 0; lane < LANES; lane++)
				sums[lane] = (unsigned char)(sums[lane] + (at[step * LANES + lane] == '\n'));
		for (size_t lane = 0; lane < LANES; lane++)
			lines -= sums[lane];
		at += LANES * STEPS;
	}
	for (; lines; lines--) {
		const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		if (!newline)
			return NULL;
		at = newline + 1;
	}
	return at;
}

bool columns_open(struct columns_reader *out, const char *text, size_t size, size_t count, uint64_t rows)
{
	if (count == 0)
		count = 1;
	AUTO(mem_auto) const char **at = mem_array(count, sizeof *at);
	const char *end = text + size, *next = text;
	for (size_t i = 0; i < count && next; i++) {
		at[i] = next;
		next = skip_lines(next, end, rows);
	}
	if (next != end)
		return false;
	*out = (struct columns_reader){.at = at, .end = end, .count = count, .left = rows};
	at = NULL;
	return true;
}

struct pass {
	struct text text; /* what is to be handed over */
	columns_function *function;
	void *context;
};

static int hand_over(struct pass *pass, const char *text, size_t size, struct error *err)
{
	return size ? pass->function(pass->context, text, size, err) : 0;
}

static int flush(struct pass *pass, struct error *err)
{
	size_t size = pass->text.size;
	pass->text.size = 0;
	return hand_over(pass, pass->text.data, size, err);
}

static int pass_value(struct pass *pass, const char *value, size_t size, char ending, const char *end,
	struct error *err)
{
	int rc = 0;
	if (size > LONG_VALUE) {
		rc = flush(pass, err);
		if (!rc)
			rc = hand_over(pass, value, size, err);
		size = 0;
	}
	struct text *text = &pass->text;
	if (text->room - text->size < size + 2)
		text_reserve(text, size + 1);
	char *to = text->data + text->size;
	copy_value(to, text->room - text->size, value, size, end);
	to[size] = ending;
	text->size += size + 1;
	return rc;
}

static int pass_row(struct pass *pass, struct columns_reader *reader, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; i < reader->count && !rc; i++) {
		const char *value = reader->at[i];
		const char *newline = memchr(value, '\n', (size_t)(reader->end - value));
		char ending = i + 1 < reader->count ? '\t' : '\n';
		rc = pass_value(pass, value, (size_t)(newline - value), ending, reader->end, err);
		reader->at[i] = newline + 1;
	}
	return rc;
}

int columns_pass(struct columns_reader *reader, columns_function *function, void *context, struct error *err)
{
	struct pass pass = {.text = TEXT_INIT, .function = function, .context = context};
	int rc = 0;
	for (; reader->left && !rc; reader->left--) {
		rc = pass_row(&pass, reader, err);
		if (!rc && pass.text.size >= PASS_BYTES)
			rc = flush(&pass, err);
	}
	if (!rc)
		rc = flush(&pass, err);
	text_clear(&pass.text);
	return rc;
}

void columns_close(struct columns_reader *reader)
{
	mem_free(reader->at);
	*reader = (struct columns_reader){0};
}
