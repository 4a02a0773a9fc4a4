/* Growing strings, lists of strings, and how numbers are shown to people. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A growing buffer. data is NUL-terminated once anything was added, NULL before. */
struct text {
	char *data;
	size_t size; /* bytes, without the NUL */
	size_t room;
};
#define TEXT_INIT {NULL, 0, 0}

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t size);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ensures room for size more bytes and returns where they go; text->size is the caller's to move. */
char *text_reserve(struct text *text, size_t size);
/* Gives room back that is not used. */
void text_fit(struct text *text);
/* Hands the string over (never NULL) and empties the buffer. */
char *text_take(struct text *text);
/* Frees and empties. Fits AUTO(). */
void text_clear(struct text *text);

/* A list of owned strings. */
struct list {
	char **items;
	size_t count;
};
#define LIST_INIT {NULL, 0}

void list_add(struct list *list, const char *string);
void list_addf(struct list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Takes ownership of string. */
void list_give(struct list *list, char *string);
bool list_has(const struct list *list, const char *string);
/* The same strings in the same order. */
bool list_same(const struct list *a, const struct list *b);
/* By strcmp, which is byte order. */
void list_sort(struct list *list);
char *list_join(const struct list *list, const char *separator);
/* Unless it is there. */
void list_add_once(struct list *list, const char *item);
/* Appends a copy of every item of from. */
void list_add_all(struct list *list, const struct list *from);
/* Appends each line of string, without its newline; a last line without newline counts. */
void list_add_lines(struct list *list, const char *string);
void list_clear(struct list *list);

bool text_starts(const char *string, const char *prefix);
bool text_ends(const char *string, const char *suffix);
/* Equal, where NULL equals only NULL. */
bool text_same(const char *a, const char *b);
/* Of count names the one at least Levenshtein distance from word, NULL if none is near enough
 * (at most a third of the longer one's length, and at least one). */
const char *text_nearest(const char *word, const char *const *names, size_t count);
/* Whole string is a decimal number within [least, most]. */
bool text_to_number(const char *string, long long least, long long most, long long *out);

/* For people; each returns an owned string. */
char *text_bytes(uint64_t bytes);           /* "1.5 GB": powers of 1000, three digits */
char *text_count(uint64_t number);          /* "1,234,567" */
char *text_duration(double seconds);        /* "850 ms", "12.3 s", "4 min 05 s", "2 h 10 min" */
char *text_plural(uint64_t n, const char *noun); /* "1 row", "1,200 rows": adds s, es after s/x, ies for y */

/* 2026-11-23T12:34:56Z */
char *text_time(time_t when);
/* 20261123T123456Z, for file names */
char *text_time_compact(time_t when);
/* Reads text_time()'s form; false if it is not that. */
bool text_time_parse(const char *string, time_t *out);

#endif
