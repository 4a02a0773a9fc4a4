#include "model/columns.h"

#include <string.h>

#include "base/mem.h"

/* Buffers that one huge row has blown up are not kept for the next rows. */
enum { KEEP_ROOM = 96 << 20 };

void columns_init(struct columns *columns, size_t count)
{
	if (count == 0)
		count = 1;
	*columns = (struct columns){.values = mem_array(count, sizeof(struct text)), .count = count};
}

static void add_value(struct text *text, const char *value, size_t size)
{
	char *end = text_reserve(text, size + 1);
	memcpy(end, value, size);
	end[size] = '\n';
	text->size += size + 1;
}

/* Takes the row's first values back out, for it turned out to have another number of them. */
static void take_back(struct columns *columns, const char *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strcspn(row, "\t");
		columns->values[i].size -= size + 1;
		row += size + 1;
	}
}

bool columns_add(struct columns *columns, const char *row, size_t size)
{
	const char *value = row, *end = row + size;
	size_t last = columns->count - 1;
	for (size_t i = 0; i < last; i++) {
		const char *tab = memchr(value, '\t', (size_t)(end - value));
		if (!tab) {
			take_back(columns, row, i);
			return false;
		}
		add_value(&columns->values[i], value, (size_t)(tab - value));
		value = tab + 1;
	}
	if (memchr(value, '\t', (size_t)(end - value))) {
		take_back(columns, row, last);
		return false;
	}
	add_value(&columns->values[last], value, (size_t)(end - value));
	columns->rows++;
	columns->bytes += size + 1;
	return true;
}

void columns_reset(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->values[i].room > KEEP_ROOM)
			text_clear(&columns->values[i]);
		columns->values[i].size = 0;
	}
	columns->rows = columns->bytes = 0;
}

void columns_clear(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		text_clear(&columns->values[i]);
	mem_free(columns->values);
	*columns = (struct columns){0};
}

/* Where each column starts; false unless text is count × rows lines and nothing else. */
static bool find_starts(const char **starts, const char *text, size_t size, size_t count, uint64_t rows)
{
	const char *at = text, *end = text + size;
	for (size_t i = 0; i < count; i++) {
		starts[i] = at;
		for (uint64_t row = 0; row < rows; row++) {
			const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
			if (!newline)
				return false;
			at = newline + 1;
		}
	}
	return at == end;
}

bool columns_join(struct text *out, const char *text, size_t size, size_t count, uint64_t rows)
{
	if (count == 0)
		count = 1;
	AUTO(mem_auto) const char **cursors = mem_array(count, sizeof *cursors);
	if (!find_starts(cursors, text, size, count, rows))
		return false;
	const char *end = text + size;
	char *to = text_reserve(out, size);
	for (uint64_t row = 0; row < rows; row++)
		for (size_t i = 0; i < count; i++) {
			const char *value = cursors[i];
			const char *newline = memchr(value, '\n', (size_t)(end - value));
			size_t length = (size_t)(newline - value);
			memcpy(to, value, length);
			to += length;
			*to++ = i + 1 < count ? '\t' : '\n';
			cursors[i] = newline + 1;
		}
	out->size += size;
	*to = '\0';
	return true;
}
