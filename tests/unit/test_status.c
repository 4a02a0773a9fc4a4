/* The supervisor's answers: who may ask, and where it listens. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "work/status.h"
#include "unit.h"

static struct httpd_answer ask_as(struct status *status, const char *path, const char *user, const char *password)
{
	struct httpd_answer answer = {.status = 0};
	struct httpd_request request = {.method = "GET", .path = path, .user = user, .password = password};
	status_answer(&answer, &request, status);
	return answer;
}

static unsigned status_of(struct status *status, const char *path, const char *user, const char *password)
{
	struct httpd_answer answer = ask_as(status, path, user, password);
	ck_assert_int_eq(answer.realm != NULL, answer.status == 401);
	ck_assert_ptr_null(answer.body ? strstr(answer.body, "foobar") : NULL);
	mem_free(answer.body);
	mem_free(answer.policy);
	return answer.status;
}

START_TEST(password_is_needed)
{
	static const char *const guarded[] = {"/v1/status", "/v1/system", "/v1/system/services", "/v1/system/",
		"/system"};
	static const char *const here[] = {"/", "/metrics"};
	static const char *const always[] = {"/health", "/health/", "/v1", "/v1/"};
	struct view view = {.snapshots = NULL};
	struct status status = {.view = &view, .password = "foobar"};
	for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++) {
		ck_assert_uint_eq(status_of(&status, guarded[i], "admin", "foobar"), 200);
		ck_assert_uint_eq(status_of(&status, guarded[i], NULL, NULL), 401);
		ck_assert_uint_eq(status_of(&status, guarded[i], "admin", NULL), 401);
		ck_assert_uint_eq(status_of(&status, guarded[i], "admin", ""), 401);
		ck_assert_uint_eq(status_of(&status, guarded[i], "admin", "fooba"), 401);
		ck_assert_uint_eq(status_of(&status, guarded[i], "admin", "foobarx"), 401);
		ck_assert_uint_eq(status_of(&status, guarded[i], "Admin", "foobar"), 401);
	}
	for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
		status.guarded = false;
		ck_assert_uint_eq(status_of(&status, here[i], NULL, NULL), 200);
		status.guarded = true;
		ck_assert_uint_eq(status_of(&status, here[i], NULL, NULL), 401);
		ck_assert_uint_eq(status_of(&status, here[i], "admin", "foobar"), 200);
	}
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		ck_assert_uint_eq(status_of(&status, always[i], NULL, NULL), 200);
}
END_TEST

START_TEST(no_password_lets_nobody_in)
{
	struct view view = {.snapshots = NULL};
	struct status status = {.view = &view};
	ck_assert_uint_eq(status_of(&status, "/v1/system", "admin", ""), 401);
	ck_assert_uint_eq(status_of(&status, "/v1/system", NULL, NULL), 401);
	struct httpd_answer answer = ask_as(&status, "/v1/status", "admin", "x");
	ck_assert_ptr_nonnull(strstr(answer.body, "status_password_file"));
	ck_assert_ptr_nonnull(strstr(answer.body, "\"httpcode\": 401"));
	mem_free(answer.body);
}
END_TEST

START_TEST(other_paths)
{
	static const char *const paths[] = {"", "/x", "/v2", "/v1/systemx", "/healthy", "//", "/v1/system//",
		"/metrics/x"};
	struct view view = {.snapshots = NULL};
	struct status status = {.view = &view, .password = "foobar"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		ck_assert_uint_eq(status_of(&status, paths[i], "admin", "foobar"), 404);
	struct httpd_answer answer = ask_as(&status, "/nothing", NULL, NULL);
	ck_assert_str_eq(answer.type, "application/json");
	ck_assert_ptr_nonnull(strstr(answer.body, "\"httpcode\": 404"));
	mem_free(answer.body);
}
END_TEST

static int open_with(struct status *status, const char *file, const char *config, struct error *err)
{
	struct run run;
	struct error ignored = ERROR_INIT;
	run_init(&run);
	if (file)
		settings_set(&run.settings, OPTION_STATUS_PASSWORD_FILE, file, SOURCE_FILE, "test", NULL, &ignored);
	if (config)
		settings_set(&run.settings, OPTION_ENGINE_CONFIG, config, SOURCE_FILE, "test", NULL, &ignored);
	int rc = status_open(status, NULL, &run, err);
	run_clear(&run);
	return rc;
}

static char *write_file(const char *text)
{
	struct error err = ERROR_INIT;
	char *path = path_join(unit_folder(), "file");
	unit_assert_ok(file_write(path, 0600, text, strlen(text), &err), &err);
	return path;
}

START_TEST(password_from_a_file)
{
	static const char *const good[] = {"secret word", "secret word\n", "secret word\r\n"};
	static const char *const bad[] = {"", "\n", "a\nb", "\nsecret\n"};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		AUTO(mem_auto) char *path = write_file(good[i]);
		struct status status = {.view = NULL};
		unit_assert_ok(open_with(&status, path, NULL, &err), &err);
		ck_assert_str_eq(status.password, "secret word");
		status_clear(&status);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(mem_auto) char *path = write_file(bad[i]);
		struct status status = {.view = NULL};
		ck_assert_int_ne(open_with(&status, path, NULL, &err), 0);
		ck_assert_ptr_null(strstr(err.message, "secret"));
		unit_assert_error(&err, ERROR_USAGE, "status_password_file");
		ck_assert_ptr_null(status.password);
	}
	struct status status = {.view = NULL};
	ck_assert_int_ne(open_with(&status, "/nowhere/at/all", NULL, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "status_password_file");
}
END_TEST

START_TEST(password_from_the_engine)
{
	static const struct {
		const char *yaml, *password;
	} cases[] = {
		{"credentials:\n  users:\n    admin:\n      password: 'foobar'\n", "foobar"},
		{"credentials: {users: {admin: {password: \"${AA_TEST_PASSWORD}\"}}}\n", "from outside"},
		{"default_admin_password: later\n", "later"},
		{"credentials: {users: {admin: {password: }}}\ndefault_admin_password: later\n", "later"},
		{"credentials: {users: {admin: {password: ''}}}\n", NULL}, {"credentials: {}\n", NULL},
		{"credentials: {users: {admin: {password: '${AA_TEST_UNSET}'}}}\n", NULL}, {"a: [\n", NULL},
	};
	AUTO(error_clear) struct error err = ERROR_INIT;
	setenv("AA_TEST_PASSWORD", "from outside", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *path = write_file(cases[i].yaml);
		struct status status = {.view = NULL};
		unit_assert_ok(open_with(&status, NULL, path, &err), &err);
		ck_assert_msg(text_same(status.password, cases[i].password), "%s: %s", cases[i].yaml,
			status.password ? status.password : "none");
		status_clear(&status);
	}
}
END_TEST

static int serve_at(struct httpd **httpd, struct status *status, const char *listen, struct error *err)
{
	struct run run;
	run_init(&run);
	settings_set(&run.settings, OPTION_STATUS_LISTEN, listen, SOURCE_FILE, "x.yaml line 3", NULL, err);
	int rc = status_serve(httpd, status, &run, err);
	run_clear(&run);
	return rc;
}

START_TEST(beyond_this_machine_a_password_is_needed)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct httpd *httpd = NULL;
	struct status status = {.password = NULL};
	ck_assert_int_ne(serve_at(&httpd, &status, "0.0.0.0:0", &err), 0);
	ck_assert_ptr_nonnull(err.hint);
	unit_assert_error(&err, ERROR_USAGE, "no password is set for that");
	ck_assert_int_ne(serve_at(&httpd, &status, "somewhere", &err), 0);
	unit_assert_error(&err, ERROR_USAGE, "x.yaml line 3");
	unit_assert_ok(serve_at(&httpd, &status, "off", &err), &err);
	ck_assert_ptr_null(httpd);
	unit_assert_ok(serve_at(&httpd, &status, "127.0.0.1:0", &err), &err);
	ck_assert(!status.guarded);
	AUTO(mem_auto) char *url = mem_format("http://127.0.0.1:%d/", httpd_port(httpd));
	ck_assert_str_eq(status.url, url);
	httpd_close(httpd);
	status.password = "foobar";
	unit_assert_ok(serve_at(&httpd, &status, "0.0.0.0:0", &err), &err);
	ck_assert(status.guarded);
	httpd_close(httpd);
	status.password = NULL;
	status_clear(&status);
}
END_TEST

Suite *status_suite(void)
{
	return unit_suite("status", (const TTest *const[]){password_is_needed, no_password_lets_nobody_in, other_paths,
		password_from_a_file, password_from_the_engine, beyond_this_machine_a_password_is_needed, NULL});
}
