#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"

static int run_suites(void)
{
	SRunner *runner = srunner_create(NULL);
#define ADD(name) srunner_add_suite(runner, name##_suite());
	FIXTURE_SUITES(ADD)
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The keeper outlives the tests, whatever becomes of them: when the last process that holds the other end of the pipe
 * is gone, it cleans up. */
static void keep(const int alive[2])
{
	char byte;
	close(alive[1]);
	setsid();
	signal(SIGTERM, SIG_IGN);
	while (read(alive[0], &byte, 1) < 0 && errno == EINTR)
		;
	fixture_stop();
	_exit(0);
}

/* A machine without a server skips the lot; where everything must be there (CI=true) that is a failure. */
static int skip(const struct error *err)
{
	const char *must = getenv("CI");
	bool fail = err->code != ERROR_REFUSED || (must && strcmp(must, "true") == 0);
	if (fail)
		printf("Bail out! %s\n", err->message);
	else
		printf("1..0 # SKIP %s\n", err->message);
	return fail ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	/* The tests must not be led elsewhere by the environment of whoever runs them. */
	static const char *const ours[] = {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGPASSFILE",
		"PGSERVICE", "PGOPTIONS", "ANCHORE_ADMIN_NOW", "ANCHORE_ADMIN_FAULT"};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		unsetenv(ours[i]);
	setenv("CK_DEFAULT_TIMEOUT", "120", 0);
	if (fixture_start(&err)) {
		int status = skip(&err);
		fixture_stop();
		return status;
	}
	int alive[2];
	pid_t keeper = -1;
	if (pipe2(alive, O_CLOEXEC) == 0)
		keeper = fork();
	if (keeper == 0)
		keep(alive);
	close(alive[0]);
	int status = run_suites();
	close(alive[1]);
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
	return status;
}
