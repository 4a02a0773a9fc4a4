/* reference-service: a stand-in for one of Anchore Engine's micro-services (catalog, apiext, policy_engine,
 * simplequeue, analyzer), for the quickstart and the tests of anchore-admin. It is not the engine and does none of its
 * work. It does what a supervisor and an operator see of such a service:
 *
 *   - refuses a database whose version is not the one that its release needs: exit status 1 and a sentence;
 *   - registers itself in the database's table `services` and beats there, by default every 60 seconds;
 *   - answers GET /health (200, or 503 while the database is away), /status (JSON, also /v1/status) and / (200);
 *   - waits for a database that is not up yet, and connects again to one that went away;
 *   - on SIGTERM says in the table that it is down, and exits with 0.
 *
 * One binary stands for every release: `--release 0.2.4 --needs 0.0.7`, or `--releases sql/releases`, which lists
 * what each release needs. Each option may be given as REFERENCE_NAME instead: REFERENCE_DATABASE and so on.
 * And it misbehaves where it is told to (see the table below), for tests.
 *
 * One loop around poll(), no threads; libpq is all it needs. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h> /* HUGE_VAL */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answers.h"
#include "registry.h"
#include "service.h"

enum setting { NAME, DATABASE, LISTEN, HOST, URL, RELEASE, NEEDS, RELEASES, HEARTBEAT, IGNORE_TERM, UNHEALTHY,
	NO_ANSWER, EXIT_AFTER, FORK, SETTINGS };

static const struct {
	const char *name, *argument, *help;
} table[SETTINGS] = {
	[NAME] = {"name", "NAME", "of the service: catalog, apiext, …"},
	[DATABASE] = {"database", "CONNINFO", "libpq's connection string or URI; else PGHOST, PGDATABASE, …"},
	[LISTEN] = {"listen", "ADDRESS:PORT", "where it answers, by default 127.0.0.1:0: a free port"},
	[HOST] = {"host", "ID", "host id to register by, by default the host's name"},
	[URL] = {"url", "URL", "base URL to register, by default where it listens"},
	[RELEASE] = {"release", "RELEASE", "of the engine that it stands for"},
	[NEEDS] = {"needs", "VERSION", "of the database"},
	[RELEASES] = {"releases", "FILE", "that says which release needs which version, in place of --needs"},
	[HEARTBEAT] = {"heartbeat", "SECONDS", "between two heartbeats, by default 60"},
	[IGNORE_TERM] = {"ignore-term", NULL, "ignore SIGTERM"},
	[UNHEALTHY] = {"unhealthy", NULL, "never become healthy"},
	[NO_ANSWER] = {"no-answer", NULL, "accept connections and never answer"},
	[EXIT_AFTER] = {"exit-after", "SECONDS", "exit with status 3 after so many seconds"},
	[FORK] = {"fork", "worker|daemon", "have a child that ignores SIGTERM, or go on in a child and end the parent"},
};

static volatile sig_atomic_t told_to_end;
static const char *called = "reference-service";

double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void say(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
	fflush(stdout);
}

void die(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	fprintf(stderr, "reference-service: %s: ", called);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

/* ---- settings ---- */

static int usage(FILE *out, int status)
{
	fputs("Usage: reference-service --name NAME --release RELEASE --needs VERSION [OPTION …]\n"
		"A stand-in for one of Anchore Engine's micro-services, for tests.\n"
		"Options, each also as REFERENCE_… in the environment:\n", out);
	for (int i = 0; i < SETTINGS; i++) {
		const char *argument = table[i].argument ? table[i].argument : "";
		fprintf(out, "  --%-12s %-14s %s\n", table[i].name, argument, table[i].help);
	}
	return status;
}

static void read_environment(const char **values)
{
	for (int i = 0; i < SETTINGS; i++) {
		char variable[40] = "REFERENCE_";
		size_t size = strlen(variable);
		for (const char *at = table[i].name; *at; at++)
			variable[size++] = *at == '-' ? '_' : (char)(*at - 'a' + 'A');
		const char *value = getenv(variable);
		if (value && *value)
			values[i] = value;
	}
}

/* Returns -1, or the exit status at which to end. */
static int read_arguments(const char **values, int argc, char **argv)
{
	struct option options[SETTINGS + 2] = {[SETTINGS] = {"help", no_argument, NULL, SETTINGS}};
	for (int i = 0; i < SETTINGS; i++) {
		int has_argument = table[i].argument ? required_argument : no_argument;
		options[i] = (struct option){table[i].name, has_argument, NULL, i};
	}
	for (int found; (found = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (found == SETTINGS)
			return usage(stdout, 0);
		if (found == '?')
			return usage(stderr, 2);
		values[found] = optarg ? optarg : "true";
	}
	return optind < argc ? usage(stderr, 2) : -1;
}

static double seconds(enum setting setting, const char *text, double least)
{
	char *end = NULL;
	double value = strtod(text, &end);
	if (end == text || *end || !(value >= least && value <= 1e6))
		die("--%s %s is not a number of seconds", table[setting].name, text);
	return value;
}

/* "0.2.4 0.0.7", one a line; also for "v0.2.4". Lives as long as the program. */
static const char *look_up(const char *release, const char *path)
{
	static char version[32];
	char line[200], name[32];
	FILE *file = fopen(path, "re");
	if (!file)
		die("cannot read %s: %s", path, strerror(errno));
	bool found = false;
	while (!found && fgets(line, sizeof line, file))
		found = sscanf(line, "%31s %31s", name, version) == 2 && strcmp(name, release + (*release == 'v')) == 0;
	fclose(file);
	if (!found)
		die("%s does not say which database version release %s needs", path, release);
	return version;
}

/* Both go into JSON as they are. */
static void check_version_text(enum setting setting, const char *text)
{
	for (const char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '.' && *at != '-')
			die("--%s %s is not a version", table[setting].name, text);
}

static void settle(struct service *out, const char **values)
{
	static char host[256];
	called = values[NAME] ? values[NAME] : called;
	if (gethostname(host, sizeof host - 1) < 0)
		die("this host has no name");
	if (values[RELEASES] && values[RELEASE] && !values[NEEDS])
		values[NEEDS] = look_up(values[RELEASE], values[RELEASES]);
	if (!values[NAME] || !values[RELEASE] || !values[NEEDS])
		die("--name, --release and one of --needs and --releases have to be given");
	check_version_text(RELEASE, values[RELEASE]);
	check_version_text(NEEDS, values[NEEDS]);
	*out = (struct service){.name = values[NAME], .release = values[RELEASE], .needs = values[NEEDS],
		.database = values[DATABASE] ? values[DATABASE] : "",
		.listen = values[LISTEN] ? values[LISTEN] : "127.0.0.1:0",
		.host = values[HOST] ? values[HOST] : host,
		.url = values[URL],
		.heartbeat = values[HEARTBEAT] ? seconds(HEARTBEAT, values[HEARTBEAT], 0.1) : 60,
		.ignore_term = values[IGNORE_TERM], .unhealthy = values[UNHEALTHY], .no_answer = values[NO_ANSWER],
		.exit_after = values[EXIT_AFTER] ? seconds(EXIT_AFTER, values[EXIT_AFTER], 0) : -1,
		.fork = values[FORK]};
	if (out->fork && strcmp(out->fork, "worker") != 0 && strcmp(out->fork, "daemon") != 0)
		die("--fork takes worker or daemon, not %s", out->fork);
}

/* ---- the loop ---- */

static void on_signal(int number)
{
	told_to_end = number;
}

/* Signals come only while the loop waits. */
static sigset_t catch_signals(void)
{
	sigset_t ends, before;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, &before);
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	return before;
}

static void fork_as_told(const char *how)
{
	if (!how)
		return;
	bool worker = strcmp(how, "worker") == 0;
	fflush(NULL);
	pid_t child = fork();
	if (child < 0)
		die("cannot fork: %s", strerror(errno));
	if (worker && child == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	if (!worker && child > 0)
		_exit(EXIT_SUCCESS);
	say("forked: %s %ld", how, worker ? (long)child : (long)getpid());
}

static double earlier(double one, double other)
{
	return one < other ? one : other;
}

static void wait_for_something(struct pollfd *polls, size_t count, double end, const sigset_t *signals)
{
	double left = earlier(earlier(registry_next(), answers_next()), end) - now();
	long nanoseconds = left > 0 ? (long)(left * 1e9) : 0;
	struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
	if (ppoll(polls, count, &limit, signals) >= 0)
		return;
	if (errno != EINTR)
		die("cannot wait: %s", strerror(errno));
	for (size_t i = 0; i < count; i++)
		polls[i].revents = 0;
}

static bool is_to_end(const struct service *service)
{
	int number = told_to_end;
	told_to_end = 0;
	bool ignored = service->ignore_term && number == SIGTERM;
	if (ignored)
		say("ignoring SIGTERM, as told");
	else if (number)
		say("ending by signal %d", number);
	return number && !ignored;
}

static int run(const struct service *service, const sigset_t *signals)
{
	double end = service->exit_after < 0 ? HUGE_VAL : now() + service->exit_after;
	char status[512];
	snprintf(status, sizeof status, "{\"up\": true, \"available\": true, \"busy\": false, "
		"\"message\": \"all good\", \"version\": \"%s\", \"db_version\": \"%s\", \"detail\": {}}",
		service->release, service->needs);
	registry_open(service, status);
	for (bool leaving = false; !registry_gone();) {
		struct pollfd polls[ANSWERS_MOST + 1];
		polls[0] = (struct pollfd){.fd = registry_descriptor(), .events = registry_events()};
		size_t count = answers_descriptors(polls + 1);
		wait_for_something(polls, count + 1, end, signals);
		registry_run(polls[0].revents);
		answers_run(polls + 1, count, registry_ready() && !service->unhealthy && !leaving, status);
		if (now() >= end) {
			say("ending after %g seconds, as told", service->exit_after);
			return 3;
		}
		if (!leaving && is_to_end(service)) {
			leaving = true;
			registry_leave();
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *values[SETTINGS] = {NULL};
	struct service service;
	char url[300];
	read_environment(values);
	int status = read_arguments(values, argc, argv);
	if (status >= 0)
		return status;
	settle(&service, values);
	sigset_t signals = catch_signals();
	int port = answers_open(&service);
	fork_as_told(service.fork);
	int size = (int)(strrchr(service.listen, ':') - service.listen);
	if (size)
		snprintf(url, sizeof url, "http://%.*s:%d", size, service.listen, port);
	else
		snprintf(url, sizeof url, "http://%s:%d", service.host, port);
	say("release %s listens on %s", service.release, url);
	if (!service.url)
		service.url = url;
	return run(&service, &signals);
}
