/* What runs in the containers of the tests: a program without libraries that stands for a service of the engine.
 *
 *   engine NAME    says that it runs, writes a line on either output, and waits for SIGTERM. MODE in the environment:
 *                  dies (exit status 3 at once), deaf (ignores SIGTERM), sick (its check fails); anything else: well
 *   engine check   the health check: exit status 0 but where MODE is sick */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = getenv("MODE"), *release = getenv("RELEASE"), *name = argc > 1 ? argv[1] : "engine";
	if (!mode)
		mode = "well";
	if (strcmp(name, "check") == 0) {
		puts(strcmp(mode, "sick") == 0 ? "the check of the test fails" : "fine");
		return strcmp(mode, "sick") == 0;
	}
	signal(SIGTERM, strcmp(mode, "deaf") == 0 ? SIG_IGN : end);
	fprintf(stderr, "%s of release %s starts\n", name, release ? release : "?");
	if (strcmp(mode, "dies") == 0)
		return 3;
	printf("%s of release %s runs\n", name, release ? release : "?");
	fflush(stdout);
	for (;;)
		pause();
}
