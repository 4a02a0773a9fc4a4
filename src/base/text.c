#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

char *text_reserve(struct text *text, size_t size)
{
	size_t need = text->size + size + 1;
	if (need > text->room) {
		size_t room = text->room ? text->room : 64;
		while (room < need)
			room += room / 2;
		text->data = mem_resize(text->data, room);
		text->room = room;
	}
	return text->data + text->size;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
	char *end = text_reserve(text, size);
	if (size)
		memcpy(end, bytes, size);
	end[size] = '\0';
	text->size += size;
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(mem_auto) char *string = mem_format_v(format, args);
	va_end(args);
	text_add(text, string);
}

void text_fit(struct text *text)
{
	if (!text->data)
		return;
	text->room = text->size + 1;
	text->data = mem_resize(text->data, text->room);
}

char *text_take(struct text *text)
{
	char *data = text->data ? text->data : mem_copy("");
	*text = (struct text)TEXT_INIT;
	return data;
}

void text_clear(struct text *text)
{
	mem_free(text->data);
	*text = (struct text)TEXT_INIT;
}

void list_give(struct list *list, char *string)
{
	/* Room grows at powers of two, so that the struct needs no third member. */
	if ((list->count & (list->count - 1)) == 0)
		list->items = mem_resize(list->items, (list->count ? list->count * 2 : 1) * sizeof *list->items);
	list->items[list->count++] = string;
}

void list_add(struct list *list, const char *string)
{
	list_give(list, mem_copy(string));
}

void list_addf(struct list *list, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	list_give(list, mem_format_v(format, args));
	va_end(args);
}

bool list_has(const struct list *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], string) == 0)
			return true;
	return false;
}

bool list_same(const struct list *a, const struct list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, compare_items);
}

char *list_join(const struct list *list, const char *separator)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			text_add(&text, separator);
		text_add(&text, list->items[i]);
	}
	return text_take(&text);
}

void list_add_once(struct list *list, const char *item)
{
	if (!list_has(list, item))
		list_add(list, item);
}

void list_add_all(struct list *list, const struct list *from)
{
	for (size_t i = 0; i < from->count; i++)
		list_add(list, from->items[i]);
}

void list_add_lines(struct list *list, const char *string)
{
	while (*string) {
		size_t size = strcspn(string, "\n");
		list_give(list, mem_copy_bytes(string, size));
		string += size + (string[size] == '\n');
	}
}

void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mem_free(list->items[i]);
	mem_free(list->items);
	*list = (struct list)LIST_INIT;
}

bool text_starts(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *string, const char *suffix)
{
	size_t a = strlen(string), b = strlen(suffix);
	return a >= b && strcmp(string + a - b, suffix) == 0;
}

bool text_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static size_t distance(const char *a, const char *b)
{
	size_t width = strlen(b) + 1;
	AUTO(mem_auto) size_t *row = mem_array(width, sizeof *row);
	for (size_t j = 0; j < width; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 1; j < width; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[width - 1];
}

const char *text_nearest(const char *word, const char *const *names, size_t count)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		size_t a = strlen(word), b = strlen(names[i]);
		size_t limit = (a > b ? a : b) / 3;
		size_t d = distance(word, names[i]);
		if (d <= (limit ? limit : 1) && d < least) {
			least = d;
			nearest = names[i];
		}
	}
	return nearest;
}

bool text_to_number(const char *string, long long least, long long most, long long *out)
{
	char *end;
	errno = 0;
	long long number = strtoll(string, &end, 10);
	if (errno || end == string || *end || string[0] == ' ' || string[0] == '+' || number < least || number > most)
		return false;
	*out = number;
	return true;
}

char *text_bytes(uint64_t bytes)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
	if (bytes < 1000)
		return mem_format("%" PRIu64 " %s", bytes, bytes == 1 ? "byte" : "bytes");
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		value /= 1000;
		unit++;
	}
	return mem_format(value < 9.995 ? "%.2f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

char *text_count(uint64_t number)
{
	AUTO(mem_auto) char *plain = mem_format("%" PRIu64, number);
	struct text text = TEXT_INIT;
	size_t size = strlen(plain);
	for (size_t i = 0; i < size; i++) {
		if (i && (size - i) % 3 == 0)
			text_add(&text, ",");
		text_add_bytes(&text, plain + i, 1);
	}
	return text_take(&text);
}

char *text_duration(double seconds)
{
	/* The limits are where the rounded number would be the next unit's. */
	if (seconds < 0.9995)
		return mem_format("%.0f ms", seconds * 1000);
	if (seconds < 59.95)
		return mem_format("%.1f s", seconds);
	uint64_t whole = (uint64_t)(seconds + 0.5);
	if (whole < 3600)
		return mem_format("%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
	if (whole < 86400)
		return mem_format("%" PRIu64 " h %02" PRIu64 " min", whole / 3600, whole / 60 % 60);
	return mem_format("%" PRIu64 " d %02" PRIu64 " h", whole / 86400, whole / 3600 % 24);
}

char *text_plural(uint64_t n, const char *noun)
{
	AUTO(mem_auto) char *number = text_count(n);
	size_t size = strlen(noun);
	if (n == 1 || size == 0)
		return mem_format("%s %s", number, noun);
	char last = noun[size - 1];
	if (last == 'y' && size > 1 && !strchr("aeiou", noun[size - 2]))
		return mem_format("%s %.*sies", number, (int)size - 1, noun);
	return mem_format("%s %s%s", number, noun, last == 's' || last == 'x' ? "es" : "s");
}

static char *format_time(time_t when, const char *format)
{
	struct tm tm;
	char buffer[40];
	gmtime_r(&when, &tm);
	size_t size = strftime(buffer, sizeof buffer, format, &tm);
	return mem_copy_bytes(buffer, size);
}

char *text_time(time_t when)
{
	return format_time(when, "%Y-%m-%dT%H:%M:%SZ");
}

char *text_time_compact(time_t when)
{
	return format_time(when, "%Y%m%dT%H%M%SZ");
}

bool text_time_parse(const char *string, time_t *out)
{
	struct tm tm = {0};
	const char *end = strptime(string, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return false;
	*out = timegm(&tm);
	return true;
}
