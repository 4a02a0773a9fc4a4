/* Unit tests: base and model, and those parts of io and work that need no server.
 *
 * A suite lives in tests/unit/test_NAME.c, which defines `Suite *NAME_suite(void)`, and stands in the one list
 * below. Tests run in processes of their own (CK_FORK=no: in one, for valgrind and debuggers), so that a test may
 * leave behind what it likes, but a test that is meant to be clean under valgrind frees what it made. */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>

#include "base/error.h"

#define UNIT_SUITES(SUITE) \
	SUITE(base) \
	SUITE(progress) \
	SUITE(file) \
	SUITE(fault) \
	SUITE(json) \
	SUITE(proc) \
	SUITE(child) \
	SUITE(loop) \
	SUITE(service) \
	SUITE(version) \
	SUITE(graph) \
	SUITE(catalog) \
	SUITE(lint) \
	SUITE(repair) \
	SUITE(repo) \
	SUITE(sqltext) \
	SUITE(settings) \
	SUITE(conninfo) \
	SUITE(yaml) \
	SUITE(yaml_tree) \
	SUITE(parse) \
	SUITE(sources) \
	SUITE(manifest) \
	SUITE(columns) \
	SUITE(retention) \
	SUITE(retention_always) \
	SUITE(retention_property) \
	SUITE(reuse) \
	SUITE(scan_plan) \
	SUITE(codec) \
	SUITE(digest) \
	SUITE(tarball) \
	SUITE(archive) \
	SUITE(store) \
	SUITE(http) \
	SUITE(httpd) \
	SUITE(status) \
	SUITE(status_answers) \
	SUITE(status_page) \
	SUITE(image) \
	SUITE(guard) \
	SUITE(pin) \
	SUITE(docker) \
	SUITE(plan) \
	SUITE(cycle) \
	SUITE(step) \
	SUITE(toc) \
	SUITE(schedule) \
	SUITE(crontab) \
	SUITE(attempt)

#define UNIT_DECLARE(name) Suite *name##_suite(void);
UNIT_SUITES(UNIT_DECLARE)

/* A suite of one test case with the tests given, NULL-terminated: `return unit_suite("text", tests)`. */
Suite *unit_suite(const char *name, const TTest *const *tests);

/* An empty folder of this test's own, removed after the last test of the program; borrowed. */
const char *unit_folder(void);

/* err has this code, its message contains words (NULL: whatever it is); then err is emptied. */
#define unit_assert_error(err, expected, words) \
	do { \
		struct error *unit_err = (err); \
		ck_assert_int_eq(unit_err->code, (expected)); \
		const char *unit_words = (words); \
		if (unit_words) \
			ck_assert_msg(strstr(unit_err->message, unit_words), "\"%s\" is not in \"%s\"", unit_words, \
				unit_err->message); \
		error_clear(unit_err); \
	} while (0)

/* The call succeeded: rc is 0, otherwise the error's message is the test's. */
#define unit_assert_ok(rc, err) ck_assert_msg((rc) == 0, "%s", (err)->message ? (err)->message : "no message")

#endif
