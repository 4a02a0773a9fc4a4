#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/proc.h"
#include "unit.h"

static int shell(char **out, char **errors, const char *script, const struct list *environment, struct error *err)
{
	const char *const argv[] = {"sh", "-c", script, "zero", "one two", NULL};
	return proc_run(out, errors, &(struct proc){.argv = argv, .environment = environment}, err);
}

START_TEST(output_is_captured)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *out = NULL;
	AUTO(mem_auto) char *errors = NULL;
	unit_assert_ok(shell(&out, &errors, "echo \"$1\"; echo oops >&2; cat", NULL, &err), &err);
	ck_assert_str_eq(out, "one two\n");
	ck_assert_str_eq(errors, "oops\n");
	mem_replace(&out, NULL);
	mem_replace(&errors, NULL);
	unit_assert_ok(shell(&out, &errors, ":", NULL, &err), &err);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(much_on_both_pipes)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *out = NULL;
	AUTO(mem_auto) char *errors = NULL;
	unit_assert_ok(shell(&out, &errors,
		"i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789;"
		" echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done", NULL, &err), &err);
	ck_assert_uint_eq(strlen(out), 3000 * 41);
	ck_assert_uint_eq(strlen(errors), 3000 * 41);
}
END_TEST

START_TEST(more_than_is_kept)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *out = NULL;
	AUTO(mem_auto) char *errors = NULL;
	const char *const argv[] = {"sh", "-c",
		"head -c 10000000 /dev/zero | tr '\\0' x; echo end; echo few >&2", NULL};
	const struct proc proc = {.argv = argv, .most = 1000};
	unit_assert_ok(proc_run(&out, &errors, &proc, &err), &err);
	ck_assert_uint_ge(strlen(out), 1000);
	ck_assert_uint_le(strlen(out), 2000);
	ck_assert_str_eq(out + strlen(out) - 5, "xend\n");
	ck_assert_str_eq(errors, "few\n");
}
END_TEST

START_TEST(failures_say_the_last_line)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *out = NULL;
	ck_assert_int_ne(shell(&out, NULL, "echo so far; echo first >&2; echo 'the reason' >&2; exit 3", NULL, &err),
		0);
	ck_assert_str_eq(out, "so far\n");
	unit_assert_error(&err, ERROR_FAILED, "sh failed with exit status 3: the reason");
	ck_assert_int_ne(shell(NULL, NULL, "exit 4", NULL, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "sh failed with exit status 4");
	ck_assert_int_ne(shell(NULL, NULL, "kill -9 $$", NULL, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "signal 9");
	const char *const argv[] = {"no-such-program", NULL};
	ck_assert_int_ne(proc_run(NULL, NULL, &(struct proc){.argv = argv}, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "no-such-program is not installed");
	const char *const path[] = {"/no/such/program", NULL};
	ck_assert_int_ne(proc_run(NULL, NULL, &(struct proc){.argv = path}, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "program");
}
END_TEST

START_TEST(environment_is_added_to)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list environment = LIST_INIT;
	AUTO(mem_auto) char *out = NULL;
	list_add(&environment, "PROC_TEST=a b");
	list_add(&environment, "HOME=/nowhere");
	list_add(&environment, "PROC_GONE");
	setenv("PROC_GONE", "still there", 1);
	unit_assert_ok(shell(&out, NULL, "echo \"$PROC_TEST $HOME$PROC_GONE\"; env | grep -c '^HOME=';"
		"test -n \"$PATH\"", &environment, &err), &err);
	ck_assert_str_eq(out, "a b /nowhere\n1\n");
}
END_TEST

START_TEST(output_to_a_file_is_appended)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "log");
	AUTO(mem_auto) char *log = NULL;
	const char *const argv[] = {"sh", "-c", "pwd; echo oops >&2", NULL};
	for (int i = 0; i < 2; i++)
		unit_assert_ok(proc_run(NULL, NULL, &(struct proc){.argv = argv, .output = path, .directory = "/"},
			&err), &err);
	unit_assert_ok(file_read(&log, NULL, path, &err), &err);
	ck_assert_str_eq(log, "/\noops\n/\noops\n");
}
END_TEST

START_TEST(programs_are_found_in_the_path)
{
	AUTO(mem_auto) char *found = proc_find("sh");
	ck_assert_int_eq(found[0], '/');
	ck_assert_ptr_null(proc_find("no-such-program"));
}
END_TEST

/* Ctrl-C goes to the terminal's whole group: while we defer it, neither we nor the program may be stopped by it. */
START_TEST(a_group_of_its_own_is_not_reached_by_our_groups_signals)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *fork_mode = getenv("CK_FORK");
	if (fork_mode && strcmp(fork_mode, "no") == 0)
		return; /* the signal would reach whoever runs the tests */
	AUTO(mem_auto) char *out = NULL;
	AUTO(mem_auto) char *script = NULL;
	ck_assert_int_eq(setpgid(0, 0), 0);
	script = mem_format("kill -INT -%ld; sleep 0.2; echo done", (long)getpid());
	const char *const argv[] = {"sh", "-c", script, NULL};
	interrupt_setup();
	interrupt_defer(true);
	unit_assert_ok(proc_run(&out, NULL, &(struct proc){.argv = argv, .group = true}, &err), &err);
	ck_assert_str_eq(out, "done\n");
	/* Not deferred, the whole group is asked to end. */
	interrupt_defer(false);
	const char *const sleepers[] = {"sh", "-c", "sleep 1000 & wait", NULL};
	ck_assert_int_eq(proc_run(NULL, NULL, &(struct proc){.argv = sleepers, .group = true}, &err),
		ERROR_INTERRUPTED);
}
END_TEST

Suite *proc_suite(void)
{
	return unit_suite("proc", (const TTest *const[]){output_is_captured, much_on_both_pipes, more_than_is_kept,
		failures_say_the_last_line,
		environment_is_added_to, output_to_a_file_is_appended,
		programs_are_found_in_the_path, a_group_of_its_own_is_not_reached_by_our_groups_signals, NULL});
}
