/* JSON, by jansson. This is the one place that includes it; json_t values may be held anywhere above.
 * Strings given to these functions must be UTF-8; others are replaced byte by byte, never dropped. */
#ifndef IO_JSON_H
#define IO_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"

/* Cleanup for AUTO() on a json_t *. */
void json_auto(json_t **value);
/* Sets object[key]; NULL string becomes null. */
void json_put(json_t *object, const char *key, const char *string);
void json_put_number(json_t *object, const char *key, int64_t number);
void json_put_flag(json_t *object, const char *key, bool flag);
/* As text_time() prints it; 0 becomes null. */
void json_put_time(json_t *object, const char *key, time_t when);
/* Takes the reference. */
void json_put_value(json_t *object, const char *key, json_t *value);
void json_add(json_t *array, const char *string);
json_t *json_from_list(const struct list *list);

/* Readers that accept a missing key or another type: NULL, 0, false. Strings are borrowed. */
const char *json_text(const json_t *object, const char *key);
time_t json_time(const json_t *object, const char *key);
bool json_flag(const json_t *object, const char *key);
void json_to_list(struct list *list, const json_t *array);

/* Text of a value, owned: indented with a newline at the end, or one line without. */
char *json_print(const json_t *value);
char *json_print_line(const json_t *value);
/* Parses size bytes; duplicate keys and anything after the value are errors. where names the source. */
int json_parse(json_t **value, const char *text, size_t size, const char *where, struct error *err);

#endif
