#include <string.h>

#include "base/mem.h"
#include "model/schedule.h"
#include "unit.h"

/* Three tables: big (0) with a key and two indexes, middle (1) with a key, small (2) without anything. */
struct scene {
	struct manifest manifest;
	struct toc toc;
	struct toc_plan plan;
	struct schedule *schedule;
	const size_t *parts;
	struct text told; /* what was handed out: "L0 " chunk, "B20 " build, "A1 " statistics */
};

static const char TABLES[] =
	"10; 1259 1 TABLE public big me\n11; 1259 2 TABLE public middle me\n12; 1259 3 TABLE public small me\n";
static const char KEYS[] =
	"20; 2606 20 CONSTRAINT public big big_pkey me\n"
	"21; 1259 21 INDEX public big_a me\n"
	"22; 1259 22 INDEX public big_b me\n"
	"23; 2606 23 CONSTRAINT public middle middle_pkey me\n";
static const char NEEDS[] =
	"20; 2606 20 CONSTRAINT public big big_pkey me\n;\tdepends on: 10\n"
	"21; 1259 21 INDEX public big_a me\n;\tdepends on: 10\n"
	"22; 1259 22 INDEX public big_b me\n;\tdepends on: 10\n"
	"23; 2606 23 CONSTRAINT public middle middle_pkey me\n;\tdepends on: 11\n";

static void scene_clear(struct scene *scene)
{
	schedule_free(scene->schedule);
	toc_plan_clear(&scene->plan);
	toc_clear(&scene->toc);
	manifest_clear(&scene->manifest);
	text_clear(&scene->told);
}

static void scene_make_read_back(struct scene *scene, const char *more_needs, const char *more, const size_t *parts)
{
	struct error err = ERROR_INIT;
	*scene = (struct scene){.parts = parts, .told = TEXT_INIT};
	manifest_init(&scene->manifest);
	manifest_add_table(&scene->manifest, "public", "big")->bytes = 1000;
	manifest_add_table(&scene->manifest, "public", "middle")->bytes = 500;
	manifest_add_table(&scene->manifest, "public", "small")->bytes = 5;
	AUTO(mem_auto) char *all = mem_format("%s%s%s", TABLES, NEEDS, more_needs);
	AUTO(mem_auto) char *post = mem_format("%s%s", KEYS, more);
	unit_assert_ok(toc_parse(&scene->toc, all, post, &scene->manifest, &err), &err);
	unit_assert_ok(toc_plan(&scene->plan, &scene->toc, &scene->manifest, 100, false, &err), &err);
	/* Archive order is not the order of size, and a table's chunks need not stand together. */
	const struct schedule_chunk chunks[] = {{2, 1}, {0, 10}, {1, 10}, {0, 10}};
	scene->schedule = schedule_new(&scene->manifest, chunks, 4, &scene->toc, &scene->plan, scene->parts);
}

static void scene_make(struct scene *scene, const char *more_needs, const char *more)
{
	scene_make_read_back(scene, more_needs, more, NULL);
}

static enum schedule_answer take(struct scene *scene, struct task *task, int workers)
{
	static const char letters[] = {
		[TASK_LOAD] = 'L', [TASK_BUILD] = 'B', [TASK_CHECK] = 'C', [TASK_ANALYZE] = 'A'};
	enum schedule_answer answer = schedule_take(task, scene->schedule, workers);
	if (answer == SCHEDULE_TASK)
		text_addf(&scene->told, "%c%ld ", letters[task->kind],
			task->kind == TASK_BUILD ? scene->toc.entries[task->item].id : (long)task->item);
	return answer;
}

/* By one worker; what was told. */
static const char *run_alone(struct scene *scene)
{
	struct task task;
	while (take(scene, &task, 1) == SCHEDULE_TASK)
		schedule_done(scene->schedule, &task);
	return scene->told.data;
}

START_TEST(the_longest_work_comes_first)
{
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "", "");
	ck_assert_uint_eq(schedule_tasks(scene.schedule), 10);
	ck_assert_uint_eq(schedule_chunks_left(scene.schedule), 4);
	ck_assert_uint_eq(schedule_builds_left(scene.schedule), 3000 + 1000 + 500 + 500);
	ck_assert_str_eq(run_alone(&scene), "L1 L3 B20 B21 B22 L2 B23 A0 A1 L0 ");
	ck_assert_uint_eq(schedule_chunks_left(scene.schedule), 0);
	ck_assert_uint_eq(schedule_builds_left(scene.schedule), 0);
}
END_TEST

START_TEST(builds_wait_for_the_rows_and_for_the_table)
{
	AUTO(scene_clear) struct scene scene;
	struct task first, second, third, middle, small, more;
	scene_make(&scene, "", "");
	ck_assert_int_eq(take(&scene, &first, 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &second, 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &middle, 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &small, 4), SCHEDULE_TASK);
	ck_assert_str_eq(scene.told.data, "L1 L3 L2 L0 ");
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	schedule_done(scene.schedule, &first);
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	schedule_done(scene.schedule, &second);
	/* The key alone, then both indexes, then the statistics. */
	ck_assert_int_eq(take(&scene, &first, 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	schedule_done(scene.schedule, &first);
	ck_assert_int_eq(take(&scene, &second, 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &third, 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	schedule_done(scene.schedule, &second);
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	schedule_done(scene.schedule, &third);
	ck_assert_int_eq(take(&scene, &first, 4), SCHEDULE_TASK);
	ck_assert_str_eq(scene.told.data, "L1 L3 L2 L0 B20 B21 B22 A0 ");
	schedule_done(scene.schedule, &middle);
	ck_assert_int_eq(take(&scene, &second, 4), SCHEDULE_TASK);
	ck_assert_str_eq(scene.told.data, "L1 L3 L2 L0 B20 B21 B22 A0 B23 ");
}
END_TEST

START_TEST(tables_are_read_back_beside_their_indexes_but_not_beside_a_key)
{
	static const size_t parts[] = {2, 1, 1};
	AUTO(scene_clear) struct scene scene;
	struct task tasks[4], more;
	scene_make_read_back(&scene, "", "", parts);
	ck_assert_uint_eq(schedule_tasks(scene.schedule), 14);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(take(&scene, &tasks[i], 4), SCHEDULE_TASK);
	schedule_done(scene.schedule, &tasks[0]);
	/* Half of the big table's rows: nothing can be read back yet. */
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	schedule_done(scene.schedule, &tasks[1]);
	ck_assert_int_eq(take(&scene, &tasks[0], 4), SCHEDULE_TASK);
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	ck_assert_str_eq(scene.told.data, "L1 L3 L2 L0 B20 ");
	schedule_done(scene.schedule, &tasks[0]);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(take(&scene, i < 2 ? &tasks[i] : &more, 4), SCHEDULE_TASK);
	ck_assert_uint_eq(more.part, 1);
	ck_assert_uint_eq(more.parts, 2);
	/* The statistics are alone with the table. */
	ck_assert_int_eq(take(&scene, &more, 4), SCHEDULE_WAIT);
	ck_assert_str_eq(scene.told.data, "L1 L3 L2 L0 B20 B21 B22 C0 C0 ");
}
END_TEST

START_TEST(without_a_plan_tables_are_still_read_back)
{
	AUTO(manifest_clear) struct manifest manifest;
	manifest_init(&manifest);
	manifest_add_table(&manifest, "public", "empty");
	struct schedule *schedule = schedule_new(&manifest, NULL, 0, NULL, NULL, (const size_t[]){1});
	struct task task;
	ck_assert_int_eq(schedule_take(&task, schedule, 2), SCHEDULE_TASK);
	ck_assert_int_eq(task.kind, TASK_CHECK);
	schedule_done(schedule, &task);
	ck_assert_int_eq(schedule_take(&task, schedule, 2), SCHEDULE_END);
	schedule_free(schedule);
}
END_TEST

START_TEST(a_foreign_key_waits_for_all_rows_and_for_the_key_it_needs)
{
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene, "30; 2606 30 FK CONSTRAINT public big f me\n;\tdepends on: 10 11 23\n",
		"30; 2606 30 FK CONSTRAINT public big f me\n");
	const char *told = run_alone(&scene);
	ck_assert_ptr_nonnull(strstr(told, "B30 "));
	ck_assert(strstr(told, "B30 ") > strstr(told, "B23 "));
	ck_assert(strstr(told, "B30 ") > strstr(told, "L0 "));
	ck_assert(strstr(told, "A0 ") > strstr(told, "B30 "));
}
END_TEST

/* It cannot be: then it ends without them, and the caller sees that not all was done. */
START_TEST(needs_in_a_circle_end)
{
	AUTO(scene_clear) struct scene scene;
	scene_make(&scene,
		"30; 1259 30 INDEX public x me\n;\tdepends on: 11 31\n"
		"31; 1259 31 INDEX public y me\n;\tdepends on: 11 30\n",
		"30; 1259 30 INDEX public x me\n31; 1259 31 INDEX public y me\n");
	size_t done = 0;
	for (const char *at = run_alone(&scene); *at; at++)
		done += *at == ' ';
	ck_assert_uint_eq(schedule_tasks(scene.schedule), 12);
	ck_assert_uint_eq(done, 9);
}
END_TEST

START_TEST(the_server_helps_when_little_else_is_left)
{
	AUTO(scene_clear) struct scene scene;
	struct task task;
	scene_make(&scene, "", "");
	int last = -1;
	while (take(&scene, &task, 2) == SCHEDULE_TASK) {
		if (task.kind == TASK_BUILD && task.table == 0)
			ck_assert_int_eq(task.helpers, 0);
		if (task.kind != TASK_LOAD)
			last = task.helpers;
		schedule_done(scene.schedule, &task);
	}
	ck_assert_int_eq(last, 1);
}
END_TEST

START_TEST(without_a_plan_there_are_the_rows)
{
	AUTO(manifest_clear) struct manifest manifest;
	struct task task;
	manifest_init(&manifest);
	manifest_add_table(&manifest, "public", "t");
	struct schedule *schedule = schedule_new(&manifest, &(struct schedule_chunk){0, 10}, 1, NULL, NULL, NULL);
	ck_assert_int_eq(schedule_take(&task, schedule, 1), SCHEDULE_TASK);
	ck_assert_int_eq(schedule_take(&task, schedule, 1), SCHEDULE_WAIT);
	schedule_done(schedule, &task);
	ck_assert_int_eq(schedule_take(&task, schedule, 1), SCHEDULE_END);
	schedule_free(schedule);
}
END_TEST

Suite *schedule_suite(void)
{
	const TTest *const tests[] = {the_longest_work_comes_first, builds_wait_for_the_rows_and_for_the_table,
		a_foreign_key_waits_for_all_rows_and_for_the_key_it_needs, needs_in_a_circle_end,
		the_server_helps_when_little_else_is_left, without_a_plan_there_are_the_rows,
		tables_are_read_back_beside_their_indexes_but_not_beside_a_key,
		without_a_plan_tables_are_still_read_back, NULL};
	return unit_suite("schedule", tests);
}
