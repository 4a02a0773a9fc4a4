#include "io/json.h"

#include <string.h>

#include "base/mem.h"

void json_auto(json_t **value)
{
	json_decref(*value);
}

/* A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. */
static json_t *any_string(const char *string)
{
	json_t *value = json_string(string);
	if (value)
		return value;
	AUTO(text_clear) struct text text = TEXT_INIT;
	for (const char *at = string; *at;) {
		unsigned char lead = (unsigned char)*at;
		size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		json_t *one = strnlen(at, size) == size ? json_stringn(at, size) : NULL;
		text_add_bytes(&text, one ? at : "\xef\xbf\xbd", one ? size : 3);
		at += one ? size : 1;
		json_decref(one);
	}
	return json_string(text.data ? text.data : "");
}

void json_put(json_t *object, const char *key, const char *string)
{
	json_object_set_new(object, key, string ? any_string(string) : json_null());
}

void json_put_number(json_t *object, const char *key, int64_t number)
{
	json_object_set_new(object, key, json_integer(number));
}

void json_put_flag(json_t *object, const char *key, bool flag)
{
	json_object_set_new(object, key, json_boolean(flag));
}

void json_put_time(json_t *object, const char *key, time_t when)
{
	AUTO(mem_auto) char *text = when ? text_time(when) : NULL;
	json_put(object, key, text);
}

void json_put_value(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

void json_add(json_t *array, const char *string)
{
	json_array_append_new(array, any_string(string));
}

json_t *json_from_list(const struct list *list)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_add(array, list->items[i]);
	return array;
}

const char *json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

time_t json_time(const json_t *object, const char *key)
{
	const char *text = json_text(object, key);
	time_t when = 0;
	return text && text_time_parse(text, &when) ? when : 0;
}

bool json_flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

void json_to_list(struct list *list, const json_t *array)
{
	size_t i;
	json_t *item;
	json_array_foreach(array, i, item)
		if (json_is_string(item))
			list_add(list, json_string_value(item));
}

static char *print(const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags | JSON_ENCODE_ANY);
	return text ? text : mem_copy("null");
}

char *json_print(const json_t *value)
{
	AUTO(mem_auto) char *text = print(value, JSON_INDENT(2));
	return mem_format("%s\n", text);
}

char *json_print_line(const json_t *value)
{
	return print(value, JSON_COMPACT);
}

int json_parse(json_t **value, const char *text, size_t size, const char *where, struct error *err)
{
	json_error_t why;
	json_t *parsed = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	if (!parsed)
		return error_set(err, ERROR_FAILED, "%s is not valid JSON: line %d: %s", where, why.line, why.text);
	*value = parsed;
	return 0;
}
