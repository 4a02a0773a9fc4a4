#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/yaml_tree.h"
#include "unit.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define IMAGE KEYS("services", "api", "image")

static struct yaml_tree *parsed(const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct yaml_tree *tree = NULL;
	unit_assert_ok(yaml_tree_parse(&tree, text, strlen(text), "f.yaml", &err), &err);
	return tree;
}

static int replace(char **out, const char *text, const char *const *keys, const char *value, struct error *err)
{
	size_t size = 0;
	int rc = yaml_replace(out, &size, text, strlen(text), keys, value, "f.yaml", err);
	if (!rc)
		ck_assert_uint_eq(size, strlen(*out));
	return rc;
}

/* Every text has the value "a/engine:v1" once as itself; all that may differ afterwards is the digit. */
START_TEST(only_the_value_changes)
{
	static const char *const texts[] = {
		"services:\n  api:\n    image: a/engine:v1\n",
		"services:\n  api:\n    image: a/engine:v1",
		"services:\n  api:\n    image:    a/engine:v1   # pinned, was a/engine:v0\n    command: x # y\n",
		"services:\r\n  api:\r\n    image: a/engine:v1\r\n    x: y\r\n",
		"services:\r\n  api:\r\n    image: 'a/engine:v1' # c\r\n",
		"\xef\xbb\xbfservices:\n  api:\n    image: a/engine:v1\n",
		"# caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n"
		"services:\n  api:\n    label: \xc3\xa4\n    image: \"a/engine:v1\"\n",
		"services: {api: {image: a/engine:v1, ports: [\"8228:8228\"]}}\n",
		"{\"services\":{\"api\":{\"image\":\"a/engine:v1\"}}}",
		"services:\n  ? api\n  : image: a/engine:v1\n",
		"services:\n  api:\n    image:\n      a/engine:v1\n\n\n",
		"services:\n  api:\n    image: !!str a/engine:v1\n",
		"services:\n  api:\n    \"image\":\t'a/engine:v1'\t# tabs\n",
		"%YAML 1.1\n---\nservices:\n  api:\n    image: a/engine:v1\n...\n",
		"x: &x {a: 1}\nservices:\n  api:\n    <<: *x\n    image: a/engine:v1\n  db: {image: postgres}\n",
		"x: &x\n  image: other:v1\nservices:\n  api:\n    <<: *x\n    image: a/engine:v1\n",
		"services:\n  db: &db\n    image: postgres\n  api:\n    image: a/engine:v1\n  db2: *db\n",
		"services:\n  api:\n    environment: |\n      image: b/engine:v1\n    image: a/engine:v1\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(mem_auto) char *out = NULL, *expected = mem_copy(texts[i]);
		*(strstr(expected, "a/engine:v1") + strlen("a/engine:v")) = '2';
		int rc = replace(&out, texts[i], IMAGE, "a/engine:v2", &err);
		ck_assert_msg(rc == 0, "case %zu: %s", i, err.message);
		ck_assert_str_eq(out, expected);
	}
}
END_TEST

START_TEST(quotes_are_kept)
{
	static const struct {
		const char *text, *value, *expected;
	} cases[] = {
		{"a: 'x'\n", "it's", "a: 'it''s'\n"},
		{"a: ''\n", "x", "a: 'x'\n"},
		{"a: \"x\"\n", "q\"\\", "a: \"q\\\"\\\\\"\n"},
		{"a: \"\\x41b\" # c\n", "x", "a: \"x\" # c\n"},
		{"a: one\n  two\nb: c\n", "x", "a: x\nb: c\n"},
		{"a: x\n", "longer:than/it@was", "a: longer:than/it@was\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(mem_auto) char *out = NULL;
		unit_assert_ok(replace(&out, cases[i].text, KEYS("a"), cases[i].value, &err), &err);
		ck_assert_str_eq(out, cases[i].expected);
	}
}
END_TEST

START_TEST(what_is_not_its_own_is_refused)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"x: &i a:v1\nservices: {api: {image: *i}}\n",
			"line 2: the value of 'services.api.image' comes from an anchor"},
		{"x: &x {image: a:v1}\nservices:\n  api: *x\n", "comes from an anchor"},
		{"x: &x {image: a:v1}\nservices:\n  api:\n    <<: *x\n", "comes from an anchor"},
		{"x: &x {image: a:v1}\nservices:\n  api:\n    <<: [*x]\n    b: c\n", "comes from an anchor"},
		{"services: {<<: {api: {image: a:v1}}}\n", "comes from an anchor"},
		{"services:\n  api: {image: &i a:v1}\n  b: {image: *i}\n", "is used by an alias in line 3, too"},
		{"services:\n  api: &x {image: a:v1}\n  b:\n    <<: *x\n", "is used by an alias in line 4, too"},
		{"services: {api: &x {image: a:v1}, b: [*x]}\n", "is used by an alias in line 1, too"},
		{"services:\n  api:\n    image: |\n      a:v1\n", "is written as a block"},
		{"services:\n  api:\n    image: >-\n      a:v1\n", "is written as a block"},
		{"services:\n  api:\n    image:\n", "is empty"},
		{"services:\n  api:\n    image: ~\n", "is empty"},
		{"services:\n  api:\n    image: [a]\n", "is not one word"},
		{"services:\n  api:\n    image: {a: b}\n", "is not one word"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		char *out = NULL;
		int rc = replace(&out, bad[i].text, IMAGE, "a:v2", &err);
		ck_assert_msg(rc == ERROR_REFUSED, "case %zu was taken", i);
		ck_assert_msg(strstr(err.message, bad[i].words) != NULL, "case %zu: %s", i, err.message);
		ck_assert_ptr_nonnull(err.hint);
		ck_assert_ptr_null(out);
	}
}
END_TEST

/* What would be another value, or another file, when it is read again. */
START_TEST(what_does_not_read_back_is_refused)
{
	static const struct {
		const char *text, *value;
	} bad[] = {{"a: x\n", "b # c"}, {"a: x\n", "b: c"}, {"a: x\n", "'b"}, {"a: x\n", "~"}, {"a: x\n", ""},
		{"a: x\n", "&b c"}, {"a: x\nb: y\n", "z\nc: d"}, {"a: {b: c}\n", "x, d: e"}, {"a: x\n", " b"},
		{"a: \"x\"\n", "b\nc"}, {"a: 'x'\n", "\x01"}, {"a: x\n", "*b"}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		char *out = NULL;
		const char *const *keys = bad[i].text[3] == '{' ? KEYS("a", "b") : KEYS("a");
		int rc = replace(&out, bad[i].text, keys, bad[i].value, &err);
		ck_assert_msg(rc == ERROR_REFUSED, "case %zu was taken", i);
		unit_assert_error(&err, ERROR_REFUSED, "cannot be replaced ");
	}
}
END_TEST

START_TEST(what_is_missing_or_broken_is_wrong_usage)
{
	static const char *const bad[] = {"", "\n# nothing\n", "a: 1\n", "services: x\n", "services: [api]\n",
		"services:\n  api:\n    image: a\n    image: b\n", "services: {api: {image: a\n", "a: 1\n---\nb: 2\n",
		"- x\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		char *out = NULL;
		ck_assert_msg(replace(&out, bad[i], IMAGE, "a:v2", &err) == ERROR_USAGE, "case %zu was taken", i);
		ck_assert_msg(strncmp(err.message, "f.yaml", 6) == 0, "case %zu: %s", i, err.message);
	}
}
END_TEST

START_TEST(keys_may_hold_dots)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *out = NULL;
	const char *text = "services:\n  a.b:\n    image: one:v1\n  a:\n    b: {image: two:v1}\n";
	unit_assert_ok(replace(&out, text, KEYS("services", "a.b", "image"), "one:v2", &err), &err);
	ck_assert_str_eq(out, "services:\n  a.b:\n    image: one:v2\n  a:\n    b: {image: two:v1}\n");
}
END_TEST

START_TEST(trees_are_read_through_anchors)
{
	AUTO(yaml_tree_auto) struct yaml_tree *tree = parsed("x: &x\n  image: a:v1\n  l: [1, two, {}, *s]\n"
		"y: &y {image: b:v1, only: y}\ns: &s word\n"
		"services:\n  api:\n    <<: [*x, *y]\n    own: 1\n  \"<<\": quoted\n");
	struct yaml_node top = yaml_tree_top(tree), api = yaml_node_find(top, KEYS("services", "api"));
	AUTO(list_clear) struct list keys = LIST_INIT, items = LIST_INIT, services = LIST_INIT;
	yaml_node_keys(&keys, api);
	yaml_node_keys(&services, yaml_node_get(top, "services"));
	yaml_node_items(&items, yaml_node_get(api, "l"));
	AUTO(mem_auto) char *all = list_join(&keys, ","), *each = list_join(&items, ","),
			    *named = list_join(&services, ","),
			    *image = yaml_node_text(yaml_node_get(api, "image"));
	ck_assert_str_eq(all, "own,image,l,only");
	ck_assert_str_eq(each, "1,two,word");
	ck_assert_str_eq(named, "api,<<");
	ck_assert_str_eq(image, "a:v1");
	ck_assert(yaml_node_get(api, "image").indirect);
	ck_assert(!yaml_node_get(api, "own").indirect);
	ck_assert_int_eq(yaml_node_get(api, "own").line, 9);
	ck_assert_ptr_null(yaml_node_get(api, "none").of);
	ck_assert_ptr_null(yaml_node_text(api));
}
END_TEST

/* Merges that lead to each other, and ten levels of ten aliases each, which nobody expands. */
START_TEST(circles_and_bombs_end)
{
	AUTO(yaml_tree_auto) struct yaml_tree *circle = parsed("a: &x {b: *x, <<: *x}\n");
	AUTO(list_clear) struct list keys = LIST_INIT;
	ck_assert_ptr_null(yaml_node_find(yaml_tree_top(circle), KEYS("a", "c")).of);
	yaml_node_keys(&keys, yaml_node_get(yaml_tree_top(circle), "a"));
	ck_assert_uint_eq(keys.count, 1);
	AUTO(text_clear) struct text text = TEXT_INIT;
	text_add(&text, "a0: &a0 {x: y}\n");
	for (int i = 1; i <= 10; i++) {
		text_addf(&text, "a%d: &a%d {", i, i);
		for (int j = 0; j < 10; j++)
			text_addf(&text, "%sk%d: *a%d", j ? ", " : "", j, i - 1);
		text_add(&text, "}\n");
	}
	text_add(&text, "z: old\n");
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *out = NULL;
	unit_assert_ok(replace(&out, text.data, KEYS("z"), "new", &err), &err);
	ck_assert_ptr_nonnull(strstr(out, "\nz: new\n"));
}
END_TEST

Suite *yaml_tree_suite(void)
{
	return unit_suite("yaml_tree", (const TTest *const[]){only_the_value_changes, quotes_are_kept,
		what_is_not_its_own_is_refused, what_does_not_read_back_is_refused,
		what_is_missing_or_broken_is_wrong_usage, keys_may_hold_dots, trees_are_read_through_anchors,
		circles_and_bombs_end, NULL});
}
