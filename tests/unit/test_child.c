#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/child.h"
#include "unit.h"

/* All that it writes until its end. */
static char *read_all(int fd)
{
	struct text text = TEXT_INIT;
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	ssize_t got = 1;
	text_add(&text, "");
	while (got > 0 && poll(&poller, 1, 20000) == 1) {
		char bytes[4096];
		got = read(fd, bytes, sizeof bytes);
		if (got > 0)
			text_add_bytes(&text, bytes, (size_t)got);
	}
	close(fd);
	return text_take(&text);
}

static int reap(pid_t wanted)
{
	int status = 0;
	ck_assert_int_eq(waitpid(wanted, &status, 0), wanted);
	return status;
}

static pid_t start(int *output, const char *script, const struct list *environment)
{
	struct error err = ERROR_INIT;
	const char *const argv[] = {"sh", "-c", script, NULL};
	pid_t pid = 0;
	const struct child_spec spec = {argv, environment, NULL, false};
	unit_assert_ok(child_start(&pid, output, &spec, &err), &err);
	return pid;
}

START_TEST(output_environment_and_status)
{
	AUTO(list_clear) struct list environment = LIST_INIT;
	setenv("AA_GONE", "1", 1);
	list_add(&environment, "AA_NEW=new value");
	list_add(&environment, "AA_GONE");
	int output = -1;
	pid_t pid = start(&output, "echo \"$AA_NEW,${AA_GONE-none}\"; cat; echo err >&2; exit 3", &environment);
	AUTO(mem_auto) char *said = read_all(output);
	ck_assert_str_eq(said, "new value,none\nerr\n");
	AUTO(mem_auto) char *reason = child_reason(reap(pid));
	ck_assert_str_eq(reason, "exit status 3");
}
END_TEST

START_TEST(what_cannot_start_says_why)
{
	static const struct {
		const char *program, *user, *words;
	} cases[] = {{"/nowhere/x", NULL, "cannot start /nowhere/x: No such file"}, {"/etc", NULL, "Permission denied"},
		{"/etc/passwd", NULL, "Permission denied"}, {"no-such-program-at-all", NULL, "is not in PATH"},
		{"/bin/true", "no-such-user", "no user no-such-user"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error err = ERROR_INIT;
		const char *const argv[] = {cases[i].program, NULL};
		pid_t pid = 77;
		int output = 77;
		const struct child_spec spec = {argv, NULL, cases[i].user, false};
		ck_assert_int_eq(child_start(&pid, &output, &spec, &err), ERROR_FAILED);
		ck_assert_int_eq(pid, 77);
		ck_assert_int_eq(output, 77);
		unit_assert_error(&err, ERROR_FAILED, cases[i].words);
	}
	/* Nothing is left of any of them. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* The mask on the line that begins so, without the two signals that the C library keeps for itself: nobody can set them
 * to anything, and what ignored them at first (a shell's parent may) is inherited by all that it starts. */
static uint64_t signals_of(const char *said, const char *name)
{
	static const uint64_t INTERNAL = UINT64_C(3) << 31;
	const char *found = strstr(said, name);
	ck_assert_msg(found != NULL, "no %s in \"%s\"", name, said);
	return strtoull(found + strlen(name), NULL, 16) & ~INTERNAL;
}

START_TEST(signals_are_as_at_first)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	int output = -1;
	pid_t pid = start(&output, "grep -E '^Sig(Blk|Ign)' /proc/self/status", NULL);
	AUTO(mem_auto) char *said = read_all(output);
	ck_assert_uint_eq(signals_of(said, "SigBlk:"), 0);
	ck_assert_uint_eq(signals_of(said, "SigIgn:"), 0);
	reap(pid);
}
END_TEST

START_TEST(a_group_is_ended_as_a_whole)
{
	int output = -1;
	pid_t pid = start(&output, "sleep 100 & sleep 100 & echo ready; wait", NULL);
	char line[16];
	struct pollfd poller = {.fd = output, .events = POLLIN};
	ck_assert_int_eq(poll(&poller, 1, 20000), 1);
	ck_assert_int_gt(read(output, line, sizeof line), 0);
	ck_assert(child_alive(pid));
	ck_assert_uint_gt(child_born(pid), 0);
	ck_assert(child_signal(pid, SIGKILL));
	AUTO(mem_auto) char *reason = child_reason(reap(pid));
	ck_assert_str_eq(reason, "ended by signal 9 (Killed)");
	/* The pipe ends with the last of them. */
	AUTO(mem_auto) char *said = read_all(output);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(child_born(pid), 0);
	ck_assert(!child_alive(pid));
	/* These would be everybody, and ourselves. */
	ck_assert(!child_signal(0, SIGKILL));
	ck_assert(!child_signal(1, SIGKILL));
}
END_TEST

START_TEST(orphans_become_ours)
{
	struct error err = ERROR_INIT;
	unit_assert_ok(child_adopt(&err), &err);
	AUTO(list_clear) struct list environment = LIST_INIT;
	AUTO(mem_auto) char *mark = mem_format("AA_MARK=%ld", (long)getpid());
	list_add(&environment, mark);
	int output = -1;
	pid_t pid = start(&output, "setsid sleep 100 & echo $!", &environment);
	char line[32] = "";
	struct pollfd poller = {.fd = output, .events = POLLIN};
	ck_assert_int_eq(poll(&poller, 1, 20000), 1);
	ck_assert_int_gt(read(output, line, sizeof line - 1), 0);
	reap(pid);
	struct pids pids = {NULL, 0};
	/* While it becomes another program its environment is empty for a moment. */
	for (int i = 0; i < 1000 && !pids.count; i++) {
		child_marked(&pids, mark);
		usleep(10000);
	}
	ck_assert_uint_eq(pids.count, 1);
	ck_assert_int_eq(pids.items[0], strtol(line, NULL, 10));
	kill(pids.items[0], SIGKILL);
	ck_assert_int_eq(reap(pids.items[0]) & 0x7f, SIGKILL);
	pids_clear(&pids);
	child_marked(&pids, mark);
	ck_assert_uint_eq(pids.count, 0);
	close(output);
}
END_TEST

START_TEST(it_dies_with_its_parent)
{
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	pid_t parent = fork();
	if (parent == 0) {
		int output = -1;
		pid_t pid = start(&output, "trap '' TERM HUP; echo ready; sleep 100; sleep 100", NULL);
		char line[16];
		struct pollfd poller = {.fd = output, .events = POLLIN};
		if (poll(&poller, 1, 20000) == 1 && read(output, line, sizeof line) > 0 &&
			write(ends[1], &pid, sizeof pid) > 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	pid_t pid = 0;
	ck_assert_int_eq(read(ends[0], &pid, sizeof pid), sizeof pid);
	reap(parent);
	for (int i = 0; i < 1000 && child_alive(pid); i++)
		usleep(10000);
	ck_assert(!child_alive(pid));
	kill(-pid, SIGKILL); /* its sleep */
}
END_TEST

Suite *child_suite(void)
{
	const TTest *const tests[] = {output_environment_and_status, what_cannot_start_says_why,
		signals_are_as_at_first, a_group_is_ended_as_a_whole, orphans_become_ours, it_dies_with_its_parent,
			NULL};
	return unit_suite("child", tests);
}
