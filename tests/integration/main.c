#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"

static pid_t tests; /* for the handler */

static void pass_on(int number)
{
	if (tests > 0)
		kill(tests, number);
}

static int run_suites(void)
{
	SRunner *runner = srunner_create(NULL);
#define ADD(name) \
	if (name##_suite) \
		srunner_add_suite(runner, name##_suite());
	FIXTURE_SUITES(ADD)
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
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
	/* This process is the keeper: it outlives the tests, whatever becomes of them, and cleans up. */
	fflush(NULL);
	tests = fork();
	if (tests == 0)
		return run_suites();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, pass_on);
	int status = 0;
	while (waitpid(tests, &status, 0) < 0 && errno == EINTR)
		;
	fixture_stop();
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
