#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/yaml.h"
#include "unit.h"

static int parse(struct yaml *yaml, const char *text, struct error *err)
{
	return yaml_parse(yaml, text, strlen(text), "f.yaml", err);
}

START_TEST(values_come_in_order)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(yaml_clear) struct yaml yaml = {0};
	static const char text[] = "# comment\na: 1\nb: 'it''s'\nc: \"x\\ty\"\nd:\ne: ~\nf: null\ng: \"\"\n"
		"h:\n  i:\n    j: |\n      two\n      lines\n  k: [1, 2]\nl: {m: n}\n";
	unit_assert_ok(parse(&yaml, text, &err), &err);
	static const struct {
		const char *path, *value;
		enum yaml_kind kind;
		int line;
	} wanted[] = {{"a", "1", YAML_SCALAR, 2}, {"b", "it's", YAML_SCALAR, 3}, {"c", "x\ty", YAML_SCALAR, 4},
		{"d", NULL, YAML_NULL, 5}, {"e", NULL, YAML_NULL, 6}, {"f", NULL, YAML_NULL, 7},
		{"g", "", YAML_SCALAR, 8}, {"h", NULL, YAML_MAPPING, 9}, {"h.i", NULL, YAML_MAPPING, 10},
		{"h.i.j", "two\nlines\n", YAML_SCALAR, 11}, {"h.k", NULL, YAML_LIST, 14}, {"h.k.0", "1", YAML_SCALAR,
			14},
		{"h.k.1", "2", YAML_SCALAR, 14}, {"l", NULL, YAML_MAPPING, 15}, {"l.m", "n", YAML_SCALAR, 15}};
	ck_assert_uint_eq(yaml.count, sizeof wanted / sizeof *wanted);
	for (size_t i = 0; i < yaml.count; i++) {
		const struct yaml_entry *entry = &yaml.entries[i];
		ck_assert_str_eq(entry->path, wanted[i].path);
		ck_assert_int_eq(entry->kind, wanted[i].kind);
		ck_assert_pstr_eq(entry->value, wanted[i].value);
		ck_assert_msg(entry->line == wanted[i].line, "%s: line %d", entry->path, entry->line);
	}
	const char *value;
	unit_assert_ok(yaml_scalar(&value, &yaml, yaml_find(&yaml, "h.i.j"), &err), &err);
	ck_assert_ptr_null(yaml_find(&yaml, "h.x"));
	ck_assert_int_eq(yaml_scalar(&value, &yaml, yaml_find(&yaml, "h"), &err), ERROR_USAGE);
	ck_assert_str_eq(err.message, "f.yaml line 9: 'h' wants one value, not a mapping");
	ck_assert_int_eq(yaml_scalar(&value, &yaml, yaml_find(&yaml, "h.k"), &err), ERROR_USAGE);
	ck_assert_str_eq(err.message, "f.yaml line 14: 'h.k' wants one value, not a list");
}
END_TEST

START_TEST(anchors_are_resolved)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(yaml_clear) struct yaml yaml = {0};
	static const char text[] = "base: &b {x: 1, y: 2}\nword: &w hello\nuse: *w\nmerged:\n  <<: *b\n  y: 3\n";
	unit_assert_ok(parse(&yaml, text, &err), &err);
	ck_assert_str_eq(yaml_find(&yaml, "use")->value, "hello");
	ck_assert_str_eq(yaml_find(&yaml, "merged.x")->value, "1");
	ck_assert_str_eq(yaml_find(&yaml, "merged.y")->value, "3");
}
END_TEST

START_TEST(nothing_is_an_empty_file)
{
	static const char *const texts[] = {"", "\n\n", "# only this\n", "---\n", "  \n\t\n", "~\n", "--- {}\n"};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO(yaml_clear) struct yaml yaml = {0};
		unit_assert_ok(parse(&yaml, texts[i], &err), &err);
		ck_assert_uint_eq(yaml.count, 0);
	}
}
END_TEST

START_TEST(mistakes_have_a_line)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"a: 1\nb: 2\na: 3\n", "line 3: 'a' stands there twice"},
		{"x:\n  a: 1\n  a: 3\n", "line 3: 'x.a' stands there twice"},
		{"a: 1\n\tb: 2\n", "line "},
		{"a: 'open\n", "line "},
		{"a: [1, 2\n", "line "},
		{"a: *nowhere\n", "line 1: "},
		{"a: 1\nb\n", "line "},
		{"just words\n", "does not hold `key: value` lines"},
		{"- a\n- b\n", "does not hold `key: value` lines"},
		{"? [a, b]\n: c\n", "a key is not a plain word"},
		{"a: \"x\\0y\"\n", "line 1: 'a' holds a NUL character"},
		{"\x7f\x45LF\x01\x02", "f.yaml"},
		{"a: 1\n---\nb: 2\n", "holds more than one document"},
		{"a: 1\n...\nb: 2\n", "f.yaml"},
		{"a: 1\nb: {c: 1\n", "line "},
		{"a: &x {b: *x}\n", "nested too deeply"},
		{"a: {<<: 3}\n", "<< wants an alias of a mapping"},
	};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(yaml_clear) struct yaml yaml = {0};
		ck_assert_msg(parse(&yaml, bad[i].text, &err) == ERROR_USAGE, "case %zu was taken: %s", i, bad[i].text);
		ck_assert_msg(strstr(err.message, bad[i].words) != NULL, "case %zu: %s", i, err.message);
		ck_assert_msg(strncmp(err.message, "f.yaml", 6) == 0, "case %zu: %s", i, err.message);
		ck_assert_uint_eq(yaml.count, 0);
		error_clear(&err);
	}
	AUTO(yaml_clear) struct yaml yaml = {0};
	ck_assert_int_eq(yaml_parse(&yaml, "a: 1\0b", 6, "f.yaml", &err), ERROR_USAGE);
	unit_assert_error(&err, ERROR_USAGE, "f.yaml is not a text file");
}
END_TEST

/* Ten levels of ten aliases each: 10^10 values. */
START_TEST(a_bomb_does_not_go_off)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(text_clear) struct text text = TEXT_INIT;
	text_add(&text, "a0: &a0 {x: y}\n");
	for (int i = 1; i <= 10; i++) {
		text_addf(&text, "a%d: &a%d {", i, i);
		for (int j = 0; j < 10; j++)
			text_addf(&text, "%sk%d: *a%d", j ? ", " : "", j, i - 1);
		text_add(&text, "}\n");
	}
	AUTO(yaml_clear) struct yaml yaml = {0};
	ck_assert_int_eq(parse(&yaml, text.data, &err), ERROR_USAGE);
}
END_TEST

START_TEST(files_are_read)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(yaml_clear) struct yaml yaml = {0};
	AUTO(mem_auto) char *path = path_join(unit_folder(), "a.yaml");
	ck_assert_int_eq(yaml_read(&yaml, path, &err), ERROR_USAGE);
	unit_assert_error(&err, ERROR_USAGE, "No such file");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(yaml_read(&yaml, path, &err), ERROR_USAGE);
	unit_assert_error(&err, ERROR_USAGE, "it is a directory");
	unit_assert_ok(file_remove(path, &err), &err);
	unit_assert_ok(file_write(path, 0600, "a: b\n", 5, &err), &err);
	unit_assert_ok(yaml_read(&yaml, path, &err), &err);
	ck_assert_str_eq(yaml.where, path);
	ck_assert_str_eq(yaml_find(&yaml, "a")->value, "b");
}
END_TEST

Suite *yaml_suite(void)
{
	const TTest *const tests[] = {values_come_in_order, anchors_are_resolved, nothing_is_an_empty_file,
		mistakes_have_a_line, a_bomb_does_not_go_off, files_are_read, NULL};
	return unit_suite("yaml", tests);
}
