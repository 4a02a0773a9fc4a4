#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/loop.h"
#include "unit.h"

/* What happened, in order. */
struct record {
	struct loop *loop;
	struct text text;
	int fd;
	struct loop_timer *other;
};

static void on_signal(void *context, int number)
{
	struct record *record = context;
	text_addf(&record->text, "signal %s;", number == SIGHUP ? "HUP" : number == SIGTERM ? "TERM" : "?");
	if (number == SIGTERM)
		loop_stop(record->loop);
}

static void open_loop(struct record *record)
{
	struct error err = ERROR_INIT;
	*record = (struct record){.text = TEXT_INIT, .fd = -1};
	unit_assert_ok(loop_open(&record->loop, on_signal, record, &err), &err);
}

static void run(struct record *record, const char *wanted)
{
	struct error err = ERROR_INIT;
	unit_assert_ok(loop_run(record->loop, &err), &err);
	ck_assert_str_eq(record->text.data ? record->text.data : "", wanted);
	loop_close(record->loop);
	text_clear(&record->text);
}

static void say_one(void *context)
{
	text_add(&((struct record *)context)->text, "one;");
}

static void say_two(void *context)
{
	text_add(&((struct record *)context)->text, "two;");
}

static void stop(void *context)
{
	loop_stop(((struct record *)context)->loop);
}

START_TEST(timers_in_their_order)
{
	struct record record;
	open_loop(&record);
	struct loop_timer one = {.due = say_one, .context = &record}, two = {.due = say_two, .context = &record};
	struct loop_timer end = {.due = stop, .context = &record}, never = {.due = say_one, .context = &record};
	loop_timer(record.loop, &end, 0.06);
	loop_timer(record.loop, &two, 0.04);
	loop_timer(record.loop, &one, 5);
	loop_timer(record.loop, &one, 0.02); /* begins anew, sooner */
	loop_timer(record.loop, &never, 0.01);
	loop_timer_stop(record.loop, &never);
	loop_timer_stop(record.loop, &never);
	run(&record, "one;two;");
	ck_assert(!one.runs && !two.runs);
}
END_TEST

static void stop_other(void *context)
{
	struct record *record = context;
	text_add(&record->text, "first;");
	loop_timer_stop(record->loop, record->other);
}

START_TEST(a_timer_may_stop_another_that_is_due)
{
	struct record record;
	open_loop(&record);
	struct loop_timer one = {.due = stop_other, .context = &record}, two = {.due = say_two, .context = &record};
	struct loop_timer end = {.due = stop, .context = &record};
	record.other = &two;
	loop_timer(record.loop, &one, 0);
	loop_timer(record.loop, &two, 0.0001);
	loop_timer(record.loop, &end, 0.01);
	usleep(2000); /* so that both are due in the same round */
	run(&record, "first;");
}
END_TEST

static void read_one(void *context, int fd, int events)
{
	struct record *record = context;
	char byte;
	ck_assert(events & LOOP_READ);
	if (read(fd, &byte, 1) == 1) {
		text_addf(&record->text, "read %c;", byte);
		return;
	}
	text_add(&record->text, "end;");
	loop_forget(record->loop, fd);
	loop_stop(record->loop);
}

START_TEST(descriptors)
{
	struct error err = ERROR_INIT;
	struct record record;
	int ends[2];
	open_loop(&record);
	ck_assert_int_eq(pipe(ends), 0);
	unit_assert_ok(loop_watch(record.loop, ends[0], LOOP_READ, read_one, &record, &err), &err);
	ck_assert_int_eq(write(ends[1], "ab", 2), 2);
	close(ends[1]);
	run(&record, "read a;read b;end;");
	close(ends[0]);
	/* A file of the disk cannot be waited for. */
	open_loop(&record);
	AUTO(mem_auto) char *path = path_join(unit_folder(), "file");
	unit_assert_ok(file_write(path, 0600, "x", 1, &err), &err);
	FILE *file = fopen(path, "r");
	ck_assert_int_eq(loop_watch(record.loop, fileno(file), LOOP_READ, read_one, &record, &err), ERROR_FAILED);
	error_clear(&err);
	fclose(file);
	loop_close(record.loop);
}
END_TEST

/* Forgets the other one, which is ready in the same round, and puts another file in its place. */
static void replace_other(void *context, int fd, int events)
{
	(void)events;
	struct record *record = context;
	struct error err = ERROR_INIT;
	int ends[2];
	text_add(&record->text, "replaced;");
	loop_forget(record->loop, fd);
	loop_forget(record->loop, record->fd);
	close(record->fd);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(ends[0] == record->fd || ends[1] == record->fd);
	unit_assert_ok(loop_watch(record->loop, ends[0], LOOP_READ, read_one, record, &err), &err);
}

START_TEST(what_was_forgotten_is_not_told)
{
	struct error err = ERROR_INIT;
	struct record record;
	struct loop_timer end = {.due = stop, .context = &record};
	int first[2], second[2];
	open_loop(&record);
	ck_assert_int_eq(pipe(first), 0);
	ck_assert_int_eq(pipe(second), 0);
	unit_assert_ok(loop_watch(record.loop, first[0], LOOP_READ, replace_other, &record, &err), &err);
	unit_assert_ok(loop_watch(record.loop, second[0], LOOP_READ, read_one, &record, &err), &err);
	record.fd = second[0];
	ck_assert_int_eq(write(first[1], "a", 1), 1);
	ck_assert_int_eq(write(second[1], "b", 1), 1);
	loop_timer(record.loop, &end, 0.05);
	run(&record, "replaced;");
}
END_TEST

START_TEST(signals_come_as_events)
{
	struct record record;
	open_loop(&record);
	raise(SIGHUP);
	raise(SIGTERM);
	run(&record, "signal HUP;signal TERM;");
	/* Afterwards they are the handlers' again. */
	sigset_t mask;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
}
END_TEST

Suite *loop_suite(void)
{
	const TTest *const tests[] = {timers_in_their_order, a_timer_may_stop_another_that_is_due, descriptors,
		what_was_forgotten_is_not_told, signals_come_as_events, NULL};
	return unit_suite("loop", tests);
}
