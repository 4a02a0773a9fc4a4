#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "unit.h"
#include "work/composefile.h"
#include "work/pin.h"

#define E "reg:5000/a/anchore-engine"
static const struct version NEW = {{0, 2, 4}};

static struct settings settings; /* zero is what settings_clear() can clear */
static char *folder;

static void put(const char *name, const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(folder, name);
	unit_assert_ok(file_write(path, 0640, text, strlen(text), &err), &err);
}

/* A deployment for the test, in a folder of the name "My.Engine_1". */
static void begin(void)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	unsetenv("COMPOSE_PROJECT_NAME");
	mem_replace(&folder, path_join(unit_folder(), "My.Engine_1"));
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	AUTO(mem_auto) char *path = path_join(folder, "docker-compose.yml");
	settings_clear(&settings);
	settings_set(&settings, OPTION_COMPOSE_FILE, path, SOURCE_FILE, "anchore-admin.yaml line 1", NULL, &ignored);
	settings_set_defaults(&settings);
}

static int read_file(struct composefile *out, const char *text, struct error *err)
{
	put("docker-compose.yml", text);
	return composefile_read(out, &settings, NULL, err);
}

static char *order(const struct composefile *file)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	for (size_t i = 0; i < file->count; i++)
		list_addf(&names, "%s%s", file->services[i].name, file->services[i].engine ? "*" : "");
	return list_join(&names, " ");
}

START_TEST(services_come_in_the_order_of_their_start)
{
	begin();
	static const char *const cases[][2] = {
		{"services: {b: {image: " E "}, a: {image: x, depends_on: [b]}}\n", "b* a"},
		{"services: {a: {image: " E ", depends_on: {b: {condition: service_started}}}, b: {image: " E "}}\n",
			"b* a*"},
		{"services: {a: {image: " E "}, engine-catalog: {image: " E ", depends_on: [db]},"
			" db: {image: postgres:9}}\n", "db engine-catalog* a*"},
		{"services: {a: {image: " E ", links: ['b:alias']}, b: {build: .}}\n", "b a*"},
		{"services: {a: {image: " E ", depends_on: [b]}, b: {image: " E ", depends_on: [a]}}\n", "b* a*"},
		{"services: {a: {image: " E ", depends_on: [none, a]}}\n", "a*"},
		{"services: {my-catalog: {image: other}, a: {image: " E "}}\n", "my-catalog a*"},
		{"x: &x {image: " E "}\nservices: {a: *x, b: {<<: *x}, c: {<<: *x, image: y}}\n", "a* b* c"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(composefile_clear) struct composefile file = {.path = NULL};
		unit_assert_ok(read_file(&file, cases[i][0], &err), &err);
		AUTO(mem_auto) char *found = order(&file);
		ck_assert_str_eq(found, cases[i][1]);
	}
}
END_TEST

START_TEST(the_project_is_named_as_compose_does)
{
	begin();
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(composefile_clear) struct composefile file = {.path = NULL}, named = file, dotenv = file;
	AUTO(composefile_clear) struct composefile environment = {.path = NULL};
	unit_assert_ok(read_file(&file, "services: {a: {image: x, stop_grace_period: 1m30s}}\n", &err), &err);
	ck_assert_str_eq(file.project, "myengine_1");
	ck_assert(file.services[0].grace > 89.9 && file.services[0].grace < 90.1);
	unit_assert_ok(read_file(&named, "name: n${X:-1}\nservices: {a: {image: x, stop_grace_period: soon}}\n", &err),
		&err);
	ck_assert_str_eq(named.project, "n1");
	ck_assert(named.services[0].grace < 0);
	put(".env", "# comment\r\nCOMPOSE_PROJECT_NAME='from dotenv'\r\n");
	unit_assert_ok(read_file(&dotenv, "services: {a: {image: x}}\n", &err), &err);
	ck_assert_str_eq(dotenv.project, "from dotenv");
	setenv("COMPOSE_PROJECT_NAME", "from-environment", 1);
	unit_assert_ok(read_file(&environment, "services: {a: {image: x}}\n", &err), &err);
	ck_assert_str_eq(environment.project, "from-environment");
}
END_TEST

START_TEST(the_release_and_where_it_stands)
{
	begin();
	static const struct {
		const char *text, *release, *where;
	} cases[] = {
		{"services:\n  a:\n    image: " E ":v0.2.3\n  db: {image: postgres:9}\n", "0.2.3",
			"docker-compose.yml line 3"},
		{"services:\n  a: {image: " E ":0.2.3}\n  b: {image: x/anchore-engine:v0.2.3}\n", "0.2.3",
			"docker-compose.yml line 2"},
		{"services: {a: {image: '" E ":v${T:-0.2.3}'}}\n", "0.2.3", "docker-compose.yml line 1"},
		{"services: {a: {image: " E ":latest}}\n", NULL, NULL},
		{"services: {a: {image: " E "}, b: {image: " E ":v0.2.3}}\n", NULL, NULL},
		{"services: {a: {image: '" E ":v0.2.3@sha256:00'}}\n", NULL, NULL},
		{"services: {a: {image: postgres:9}}\n", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(composefile_clear) struct composefile file = {.path = NULL};
		AUTO(mem_auto) char *release = NULL, *where = NULL;
		unit_assert_ok(read_file(&file, cases[i].text, &err), &err);
		unit_assert_ok(pin_release(&release, &where, &file, &err), &err);
		ck_assert_msg(text_same(release, cases[i].release), "case %zu: %s", i, release);
		ck_assert_msg(text_same(where, cases[i].where), "case %zu: %s", i, where);
	}
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(composefile_clear) struct composefile file = {.path = NULL};
	char *release = NULL, *where = NULL;
	unit_assert_ok(read_file(&file, "services:\n  a: {image: " E ":v0.2.3}\n  b: {image: " E ":v0.2.4}\n", &err),
		&err);
	pin_release(&release, &where, &file, &err);
	ck_assert_ptr_nonnull(err.hint);
	unit_assert_error(&err, ERROR_REFUSED, E ":v0.2.4 (docker-compose.yml line 3)");
}
END_TEST

START_TEST(only_the_engines_tags_change)
{
	begin();
	static const char *const cases[][2] = {
		{"services:\r\n  a:\r\n    image: \"" E ":v0.2.3\" # a\r\n  b: {image: '" E ":0.2.3'}\r\n"
			"  db: {image: pg:v0.2.3}",
			"services:\r\n  a:\r\n    image: \"" E ":v0.2.4\" # a\r\n  b: {image: '" E ":0.2.4'}\r\n"
			"  db: {image: pg:v0.2.3}"},
		{"services: {a: {image: " E ":v0.2.4}, b: {image: " E ":v0.2.3}}\n",
			"services: {a: {image: " E ":v0.2.4}, b: {image: " E ":v0.2.4}}\n"},
		{"services: {a: {image: " E ":v0.2.4}}\n", "services: {a: {image: " E ":v0.2.4}}\n"},
		{"services: {a: {image: '" E ":v${T:-0.2.4}'}}\n", "services: {a: {image: '" E ":v${T:-0.2.4}'}}\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(composefile_clear) struct composefile file = {.path = NULL};
		AUTO(mem_auto) char *text = NULL;
		size_t size = 0;
		unit_assert_ok(read_file(&file, cases[i][0], &err), &err);
		unit_assert_ok(pin_edit(&text, &size, &file, NEW, false, &err), &err);
		ck_assert_str_eq(text, cases[i][1]);
		ck_assert_uint_eq(size, strlen(text));
	}
}
END_TEST

START_TEST(what_names_no_release_is_refused_unless_forced)
{
	begin();
	static const struct {
		const char *text, *words, *forced; /* NULL: refused nevertheless */
	} cases[] = {
		{"services: {a: {image: " E ":latest}}\n", "names no release",
			"services: {a: {image: " E ":v0.2.4}}\n"},
		{"services: {a: {image: " E "}}\n", "has no tag", "services: {a: {image: " E ":v0.2.4}}\n"},
		{"services: {a: {image: '" E "@sha256:0a'}}\n", "is pinned by a digest",
			"services: {a: {image: '" E ":v0.2.4'}}\n"},
		{"services: {a: {image: " E ":dev}, b: {image: " E ":v0.2.3}}\n", "the image of a",
			"services: {a: {image: " E ":v0.2.4}, b: {image: " E ":v0.2.4}}\n"},
		{"services: {a: {image: '" E ":${T}'}}\n", "variable T", NULL},
		{"services: {a: {image: '${R:-reg}/anchore-engine:v0.2.3'}}\n", "variable R", NULL},
		{"services: {a: {image: '${I:-" E ":v0.2.3}'}}\n", "variable I", NULL},
		{"x: &x " E ":v0.2.3\nservices: {a: {image: *x}}\n", "anchor", NULL},
		{"services: {a: {image: &x '" E ":v0.2.3'}, b: {image: *x}}\n", "alias", NULL},
		{"services: {a: {image: postgres:9}}\n", "has no service of the engine", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(composefile_clear) struct composefile file = {.path = NULL};
		AUTO(mem_auto) char *text = NULL;
		size_t size = 0;
		unit_assert_ok(read_file(&file, cases[i].text, &err), &err);
		int rc = pin_edit(&text, &size, &file, NEW, false, &err);
		ck_assert_msg(rc == ERROR_REFUSED && err.hint, "case %zu", i);
		unit_assert_error(&err, ERROR_REFUSED, cases[i].words);
		rc = pin_edit(&text, &size, &file, NEW, true, &err);
		ck_assert_msg(rc == (cases[i].forced ? 0 : ERROR_REFUSED), "case %zu forced", i);
		ck_assert_msg(text_same(text, cases[i].forced), "case %zu: %s", i, text);
	}
}
END_TEST

START_TEST(an_override_file_is_heeded)
{
	begin();
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(composefile_clear) struct composefile file = {.path = NULL}, other = {.path = NULL};
	AUTO(mem_auto) char *text = NULL;
	size_t size = 0;
	static const char base[] = "services: {a: {image: " E ":v0.2.3}, b: {image: " E ":v0.2.3}}\n";
	unit_assert_ok(read_file(&file, base, &err), &err);
	ck_assert_uint_eq(file.files.count, 1);
	put("docker-compose.override.yml", "services:\n  b:\n    image: " E ":v0.2.2\n");
	unit_assert_ok(read_file(&other, base, &err), &err);
	ck_assert_uint_eq(other.files.count, 2);
	pin_edit(&text, &size, &other, NEW, true, &err);
	unit_assert_error(&err, ERROR_REFUSED, "docker-compose.override.yml line 3: the image of b");
	/* Made from files that are named, the project does not have that one. */
	AUTO(composefile_clear) struct composefile named = {.path = NULL};
	AUTO(list_clear) struct list files = LIST_INIT;
	list_add(&files, file.path);
	list_give(&files, path_join(folder, "more.yml"));
	put("more.yml", "services: {a: {image: " E ":v0.2.0}}\n");
	unit_assert_ok(composefile_read(&named, &settings, &files, &err), &err);
	ck_assert(list_same(&named.files, &files));
	pin_edit(&text, &size, &named, NEW, true, &err);
	unit_assert_error(&err, ERROR_REFUSED, "more.yml line 1: the image of a stands in another file");
}
END_TEST

START_TEST(the_compose_file_says_the_engine)
{
	begin();
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(composefile_clear) struct composefile file = {.path = NULL};
	unit_assert_ok(read_file(&file, "services: {a: {image: " E ":v0.2.3}}\n", &err), &err);
	settings_set(&settings, OPTION_ENGINE, "0.2.1", SOURCE_FILE, "anchore-admin.yaml line 2", NULL, &err);
	unit_assert_ok(pin_engine_setting(&settings, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "0.2.3");
	ck_assert_str_eq(settings_where(&settings, OPTION_ENGINE), "docker-compose.yml line 1");
	settings_set(&settings, OPTION_RUNTIME, "process", SOURCE_FILE, "x", NULL, &err);
	settings_set(&settings, OPTION_ENGINE, "0.2.1", SOURCE_FILE, "x", NULL, &err);
	unit_assert_ok(pin_engine_setting(&settings, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "0.2.1");
	settings_set(&settings, OPTION_RUNTIME, "compose", SOURCE_FILE, "x", NULL, &err);
	settings_set(&settings, OPTION_ENGINE, "0.2.2", SOURCE_ENVIRONMENT, "x", NULL, &err);
	unit_assert_ok(pin_engine_setting(&settings, &err), &err);
	ck_assert_str_eq(settings_text(&settings, OPTION_ENGINE), "0.2.2");
	/* A file that says none, or that cannot be read, is nobody's failure here. */
	begin();
	unit_assert_ok(pin_engine_setting(&settings, &err), &err);
	ck_assert_ptr_null(settings_text(&settings, OPTION_ENGINE));
}
END_TEST

START_TEST(files_that_are_none)
{
	begin();
	static const char *const bad[] = {"", "a: 1\n", "services: [a]\n", "services: {a: {image: x\n", "- x\n",
		"services:\n  a: {image: x}\n  a: {image: y}\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		struct composefile file = {.path = NULL};
		int rc = read_file(&file, bad[i], &err);
		ck_assert_msg(rc == ERROR_USAGE && err.hint, "case %zu", i);
		ck_assert_ptr_null(file.path);
	}
}
END_TEST

START_TEST(a_file_is_replaced_through_its_link)
{
	begin();
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(composefile_clear) struct composefile file = {.path = NULL};
	AUTO(list_clear) struct list names = LIST_INIT;
	unit_assert_ok(read_file(&file, "services: {}\n", &err), &err);
	AUTO(mem_auto) char *link_path = path_join(unit_folder(), "link.yml");
	ck_assert_int_eq(symlink(file.path, link_path), 0);
	ck_assert_int_eq(chmod(file.path, 0604), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(file.path, 12345, 23456), 0);
	/* Whatever name an operator may have given to a file beside it is not ours. */
	put("docker-compose.yml.new", "theirs\n");
	setenv("ANCHORE_ADMIN_NOW", "1500000000", 1);
	unit_assert_ok(pin_check(link_path, false, &err), &err);
	unit_assert_ok(pin_write(link_path, "new\n", 4, false, NEW, "x", &err), &err);
	struct stat state;
	ck_assert_int_eq(lstat(link_path, &state), 0);
	ck_assert(S_ISLNK(state.st_mode));
	ck_assert_int_eq(stat(file.path, &state), 0);
	ck_assert_int_eq(state.st_mode & 07777, 0604);
	if (geteuid() == 0)
		ck_assert(state.st_uid == 12345 && state.st_gid == 23456);
	AUTO(mem_auto) char *text = NULL, *old = NULL, *old_path = mem_format("%s.before-20170714T024000Z", file.path);
	size_t size;
	unit_assert_ok(file_read(&text, &size, file.path, &err), &err);
	ck_assert_str_eq(text, "new\n");
	unit_assert_ok(file_read(&old, &size, old_path, &err), &err);
	ck_assert_str_eq(old, "services: {}\n");
	/* The same text again is nothing to do. */
	setenv("ANCHORE_ADMIN_NOW", "1500000001", 1);
	unit_assert_ok(pin_write(link_path, "new\n", 4, false, NEW, "x", &err), &err);
	unit_assert_ok(file_list(&names, folder, &err), &err);
	ck_assert_uint_eq(names.count, 3);
	AUTO(mem_auto) char *theirs = NULL, *their_path = path_join(folder, "docker-compose.yml.new");
	unit_assert_ok(file_read(&theirs, &size, their_path, &err), &err);
	ck_assert_str_eq(theirs, "theirs\n");
	pin_check(link_path, true, &err);
	unit_assert_error(&err, ERROR_REFUSED, "is in no git work tree");
	pin_check("/proc/none", false, &err);
	unit_assert_error(&err, ERROR_REFUSED, "No such file");
}
END_TEST

Suite *pin_suite(void)
{
	return unit_suite("pin", (const TTest *const[]){services_come_in_the_order_of_their_start,
		the_project_is_named_as_compose_does, the_release_and_where_it_stands, only_the_engines_tags_change,
		what_names_no_release_is_refused_unless_forced, an_override_file_is_heeded,
		the_compose_file_says_the_engine, files_that_are_none,
		a_file_is_replaced_through_its_link, NULL});
}
