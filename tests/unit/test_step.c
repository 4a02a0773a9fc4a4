/* The file that shows what a run does. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "io/json.h"
#include "unit.h"
#include "work/step.h"

static char *directory; /* a run folder of each test's own */

static void make_run(struct run *run, const char *name)
{
	run_init(run);
	run->command = "upgrade";
	directory = path_join(unit_folder(), name);
}

static json_t *read_it(void)
{
	AUTO(mem_auto) char *path = path_join(directory, "progress.json");
	AUTO(mem_auto) char *text = NULL;
	struct error err = ERROR_INIT;
	json_t *value = NULL;
	size_t size = 0;
	unit_assert_ok(file_read(&text, &size, path, &err), &err);
	unit_assert_ok(json_parse(&value, text, size, path, &err), &err);
	return value;
}

static json_int_t done_so_far(void)
{
	AUTO(json_auto) json_t *value = read_it();
	return json_integer_value(json_object_get(value, "done"));
}

static bool is_there(void)
{
	AUTO(mem_auto) char *path = path_join(directory, "progress.json");
	return file_exists(path);
}

START_TEST(a_step_is_written_and_taken_away)
{
	struct run run;
	make_run(&run, "step-one");
	step_say("nobody watches yet");
	step_open(&run, directory);
	ck_assert(!is_there());
	step_say("statement %d of %d", 3, 12);
	AUTO(json_auto) json_t *value = read_it();
	ck_assert_str_eq(json_text(value, "run"), run.id);
	ck_assert_str_eq(json_text(value, "command"), "upgrade");
	ck_assert_str_eq(json_text(value, "step"), "statement 3 of 12");
	ck_assert(json_is_null(json_object_get(value, "what")));
	ck_assert(json_is_null(json_object_get(value, "done")));
	step_say_part("statements", 2, 12, "statement 3 of 12");
	AUTO(json_auto) json_t *part = read_it();
	ck_assert_str_eq(json_text(part, "what"), "statements");
	ck_assert_int_eq(json_integer_value(json_object_get(part, "done")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(part, "total")), 12);
	ck_assert(json_is_null(json_object_get(part, "rows")));
	step_say("and no part");
	AUTO(json_auto) json_t *whole = read_it();
	ck_assert(json_is_null(json_object_get(whole, "what")));
	step_close();
	ck_assert(!is_there());
	step_say("nobody watches any more");
	ck_assert(!is_there());
	step_close();
	run_clear(&run);
	mem_free(directory);
}
END_TEST

/* Also with --quiet, which shows nothing. */
START_TEST(progress_is_seen_in_it)
{
	struct run run;
	log_setup(true, false, false);
	make_run(&run, "step-two");
	step_open(&run, directory);
	step_say("taking a snapshot");
	progress_start("copying", 1000, 10);
	progress_add(400, 4);
	for (int i = 0; i < 200 && done_so_far() == 0; i++) {
		usleep(10000);
		progress_look();
	}
	AUTO(json_auto) json_t *value = read_it();
	ck_assert_str_eq(json_text(value, "step"), "taking a snapshot");
	ck_assert_str_eq(json_text(value, "what"), "copying");
	ck_assert_int_eq(json_integer_value(json_object_get(value, "done")), 400);
	ck_assert_int_eq(json_integer_value(json_object_get(value, "total")), 1000);
	ck_assert_int_eq(json_integer_value(json_object_get(value, "rows")), 4);
	progress_end();
	AUTO(json_auto) json_t *ended = read_it();
	ck_assert(json_is_null(json_object_get(ended, "what")));
	step_close();
	progress_start("copying", 1000, 10);
	progress_add(400, 4);
	ck_assert(!is_there());
	progress_end();
	run_clear(&run);
	mem_free(directory);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_nobodys_failure)
{
	struct run run;
	struct error err = ERROR_INIT;
	make_run(&run, "step-three");
	unit_assert_ok(file_write(directory, 0600, "", 0, &err), &err);
	step_open(&run, directory);
	step_say("checking");
	ck_assert(!is_there());
	step_close();
	run_clear(&run);
	mem_free(directory);
}
END_TEST

Suite *step_suite(void)
{
	const TTest *const tests[] = {a_step_is_written_and_taken_away, progress_is_seen_in_it,
		a_folder_that_cannot_be_written_is_nobodys_failure, NULL};
	return unit_suite("step", tests);
}
