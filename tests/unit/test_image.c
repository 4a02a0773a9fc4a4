#include <string.h>

#include "base/mem.h"
#include "model/image.h"
#include "unit.h"

START_TEST(references_are_taken_apart)
{
	static const struct {
		const char *text, *name, *tag, *digest, *release;
	} cases[] = {
		{"anchore-engine", "anchore-engine", NULL, NULL, NULL},
		{"anchore/anchore-engine:v0.2.4", "anchore/anchore-engine", "v0.2.4", NULL, "0.2.4"},
		{"docker.io/anchore/anchore-engine:0.10.2", "docker.io/anchore/anchore-engine", "0.10.2", NULL,
			"0.10.2"},
		{"localhost:5000/a/anchore-engine", "localhost:5000/a/anchore-engine", NULL, NULL, NULL},
		{"localhost:5000/anchore-engine:latest", "localhost:5000/anchore-engine", "latest", NULL, NULL},
		{"[::1]:5000/anchore-engine:v1.1.0", "[::1]:5000/anchore-engine", "v1.1.0", NULL, "1.1.0"},
		{"a/anchore-engine@sha256:0a1b", "a/anchore-engine", NULL, "sha256:0a1b", NULL},
		{"a/anchore-engine:v0.2.4@sha256:0a1b", "a/anchore-engine", "v0.2.4", "sha256:0a1b", NULL},
		{"anchore-engine:v0.2.4-dev", "anchore-engine", "v0.2.4-dev", NULL, NULL},
		{"anchore-engine:vv0.2.4", "anchore-engine", "vv0.2.4", NULL, NULL},
		{"anchore-engine:v0.2", "anchore-engine", "v0.2", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(image_clear) struct image image = {NULL, NULL, NULL};
		ck_assert_msg(image_parse(&image, cases[i].text), "case %zu is refused", i);
		ck_assert_str_eq(image.name, cases[i].name);
		ck_assert_msg(text_same(image.tag, cases[i].tag), "case %zu: tag %s", i, image.tag);
		ck_assert_msg(text_same(image.digest, cases[i].digest), "case %zu: digest %s", i, image.digest);
		ck_assert(image_is(&image, "anchore-engine"));
		AUTO(mem_auto) char *again = image_text(&image);
		ck_assert_str_eq(again, cases[i].text);
		struct version release = {{0, 0, 0}};
		bool named = image_release(&release, &image);
		ck_assert_msg(named == (cases[i].release != NULL), "case %zu", i);
		if (named)
			ck_assert_str_eq(VERSION_TEXT(release), cases[i].release);
	}
}
END_TEST

START_TEST(other_things_are_no_references)
{
	static const char *const bad[] = {"", ":", "a:", "a/", "/", "a b", "a:b c", "a@", "a@sha256", "${IMAGE}",
		"anchore-engine:${TAG}", "a:b\n", "a:b/c:"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct image image = {NULL, NULL, NULL};
		ck_assert_msg(!image_parse(&image, bad[i]), "taken: %s", bad[i]);
		ck_assert_ptr_null(image.name);
	}
}
END_TEST

START_TEST(the_whole_last_part_is_the_engine)
{
	static const char *const others[] = {"my-anchore-engine", "anchore-engine-ui", "anchore-engine/proxy",
		"anchore-engine:5000/proxy", "postgres:9"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		AUTO(image_clear) struct image image = {NULL, NULL, NULL};
		ck_assert(image_parse(&image, others[i]));
		ck_assert_msg(!image_is(&image, "anchore-engine"), "%s", others[i]);
	}
}
END_TEST

START_TEST(a_release_keeps_the_style)
{
	static const char *const cases[][2] = {
		{"anchore/anchore-engine:v0.2.3", "anchore/anchore-engine:v0.2.4"},
		{"anchore/anchore-engine:0.2.3", "anchore/anchore-engine:0.2.4"},
		{"localhost:5000/anchore-engine:latest", "localhost:5000/anchore-engine:v0.2.4"},
		{"localhost:5000/anchore-engine", "localhost:5000/anchore-engine:v0.2.4"},
		{"anchore-engine:v0.2.3@sha256:00", "anchore-engine:v0.2.4"},
		{"anchore-engine@sha256:00", "anchore-engine:v0.2.4"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(image_clear) struct image image = {NULL, NULL, NULL};
		ck_assert(image_parse(&image, cases[i][0]));
		AUTO(mem_auto) char *made = image_of_release(&image, (struct version){{0, 2, 4}});
		ck_assert_str_eq(made, cases[i][1]);
	}
}
END_TEST

static const char *lookup(const char *name, void *context)
{
	(void)context;
	return strcmp(name, "TAG") == 0 ? "v0.2.4" : strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

START_TEST(variables_are_expanded_as_compose_does)
{
	static const char *const cases[][3] = {
		{"a:${TAG}", "a:v0.2.4", "TAG"},
		{"a:$TAG/x", "a:v0.2.4/x", "TAG"},
		{"${TAG:-v0.2.3}", "v0.2.4", "TAG"},
		{"a:${NONE:-v0.2.3}", "a:v0.2.3", "NONE"},
		{"a:${EMPTY:-v0.2.3}", "a:v0.2.3", "EMPTY"},
		{"a:${EMPTY-v0.2.3}", "a:", "EMPTY"},
		{"a:${NONE:?must be set}", "a:", "NONE"},
		{"${NONE}${TAG}", "v0.2.4", "NONE,TAG"},
		{"$$TAG", "$TAG", ""},
		{"a:$", "a:$", ""},
		{"a:${", "a:${", ""},
		{"a:${}", "a:${}", ""},
		{"a:${TAG", "a:${TAG", ""},
		{"a:${1}", "a:${1}", ""},
		{"a:${TAG/v/x}", "a:${TAG/v/x}", ""},
		{"${_X:-y}", "y", "_X"},
		{"plain", "plain", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(list_clear) struct list names = LIST_INIT;
		AUTO(mem_auto) char *made = image_expand(&names, cases[i][0], lookup, NULL);
		AUTO(mem_auto) char *all = list_join(&names, ",");
		ck_assert_str_eq(made, cases[i][1]);
		ck_assert_str_eq(all, cases[i][2]);
	}
}
END_TEST

Suite *image_suite(void)
{
	return unit_suite("image", (const TTest *const[]){references_are_taken_apart, other_things_are_no_references,
		the_whole_last_part_is_the_engine, a_release_keeps_the_style, variables_are_expanded_as_compose_does,
		NULL});
}
