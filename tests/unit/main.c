#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "unit.h"

static char *folder; /* of the program */
static int folders;  /* of tests in it, in this process */

Suite *unit_suite(const char *name, const TTest *const *tests)
{
	Suite *suite = suite_create(name);
	TCase *test_case = tcase_create(name);
	/* Against a test that hangs: a slow machine is no failure. */
	tcase_set_timeout(test_case, 60);
	for (; *tests; tests++)
		tcase_add_test(test_case, *tests);
	suite_add_tcase(suite, test_case);
	return suite;
}

const char *unit_folder(void)
{
	static char *mine;
	mem_replace(&mine, mem_format("%s/%ld-%d", folder, (long)getpid(), ++folders));
	ck_assert_int_eq(mkdir(mine, 0700), 0);
	return mine;
}

int main(void)
{
	folder = mem_copy("/tmp/anchore-admin-unit-XXXXXX");
	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	SRunner *runner = srunner_create(NULL);
#define ADD(name) srunner_add_suite(runner, name##_suite());
	UNIT_SUITES(ADD)
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	struct error err = ERROR_INIT;
	if (file_remove(folder, &err))
		failed++;
	error_clear(&err);
	mem_free(folder);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
