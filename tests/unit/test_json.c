#include <string.h>

#include "base/mem.h"
#include "io/json.h"
#include "unit.h"

START_TEST(objects_go_out_and_in)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(json_auto) json_t *object = json_object();
	AUTO(list_clear) struct list list = LIST_INIT;
	list_add(&list, "a");
	list_add(&list, "b \"quoted\"\n");
	json_put(object, "text", "x");
	json_put(object, "none", NULL);
	json_put_number(object, "number", INT64_MAX);
	json_put_flag(object, "flag", true);
	json_put_value(object, "list", json_from_list(&list));
	AUTO(mem_auto) char *line = json_print_line(object);
	ck_assert_str_eq(line, "{\"text\":\"x\",\"none\":null,\"number\":9223372036854775807,\"flag\":true,"
		"\"list\":[\"a\",\"b \\\"quoted\\\"\\n\"]}");
	AUTO(json_auto) json_t *again = NULL;
	unit_assert_ok(json_parse(&again, line, strlen(line), "test", &err), &err);
	ck_assert(json_equal(object, again));
	ck_assert_str_eq(json_text(again, "text"), "x");
	ck_assert_ptr_null(json_text(again, "none"));
	ck_assert_ptr_null(json_text(again, "number"));
	ck_assert_ptr_null(json_text(again, "missing"));
	ck_assert(json_flag(again, "flag"));
	ck_assert(!json_flag(again, "number"));
	AUTO(list_clear) struct list back = LIST_INIT;
	json_to_list(&back, json_object_get(again, "list"));
	json_to_list(&back, json_object_get(again, "text"));
	json_to_list(&back, NULL);
	ck_assert_uint_eq(back.count, 2);
	ck_assert_str_eq(back.items[1], "b \"quoted\"\n");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced)
{
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "a", "x\xffy");
	json_put(object, "b", "caf\xc3\xa9 \xe2\x82");
	json_put(object, "c", "\xf0\x9f\x90\x98");
	ck_assert_str_eq(json_text(object, "a"), "x\xef\xbf\xbdy");
	ck_assert_str_eq(json_text(object, "b"), "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd");
	ck_assert_str_eq(json_text(object, "c"), "\xf0\x9f\x90\x98");
}
END_TEST

START_TEST(bad_json_is_refused)
{
	static const char *const bad[] = {"", "{", "{\"a\":1,\"a\":2}", "{} {}", "{'a':1}", "nul", "[1,]"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		json_t *value = NULL;
		ck_assert_msg(json_parse(&value, bad[i], strlen(bad[i]), "state", &err) != 0, "accepted %s", bad[i]);
		ck_assert_ptr_null(value);
		unit_assert_error(&err, ERROR_FAILED, "state is not valid JSON");
	}
}
END_TEST

Suite *json_suite(void)
{
	return unit_suite("json", (const TTest *const[]){objects_go_out_and_in, bytes_that_are_no_text_are_replaced,
		bad_json_is_refused, NULL});
}
