/* What is left to do, of three facts: the database's version, the pinned release, a hold; and what may start. */
#include <string.h>

#include "base/mem.h"
#include "model/cycle.h"
#include "unit.h"

static const struct version V6 = {{0, 0, 6}}, V7 = {{0, 0, 7}}, R1 = {{0, 2, 1}}, R2 = {{0, 2, 2}}, R4 = {{0, 2, 4}};
static struct release known[] = {{{{0, 2, 0}}, {{0, 0, 6}}}, {{{0, 2, 1}}, {{0, 0, 6}}}, {{{0, 2, 2}}, {{0, 0, 7}}},
	{{{0, 2, 4}}, {{0, 0, 7}}}};
static const struct releases RELEASES = {known, 4};

/* A database of that version under that release. */
static struct cycle_state make_state(struct version database, struct version release)
{
	struct cycle_state state = {.database_known = true, .database = database, .pinned = true, .release = release};
	state.needs_known = releases_find(&state.needs, &RELEASES, release);
	return state;
}

START_TEST(the_database_is_seen_from_the_release)
{
	struct cycle_state state = make_state(V6, R1);
	ck_assert_int_eq(cycle_fit(&state), FIT_SAME);
	state = make_state(V6, R4);
	ck_assert_int_eq(cycle_fit(&state), FIT_BEHIND);
	state = make_state(V7, R1);
	ck_assert_int_eq(cycle_fit(&state), FIT_AHEAD);
	state = make_state(V7, (struct version){{9, 9, 9}});
	ck_assert_int_eq(cycle_fit(&state), FIT_UNKNOWN);
	state = make_state(V7, R4);
	state.pinned = false;
	ck_assert_int_eq(cycle_fit(&state), FIT_UNKNOWN);
	state = make_state(V7, R4);
	state.database_known = false;
	ck_assert_int_eq(cycle_fit(&state), FIT_UNKNOWN);
}
END_TEST

/* Wherever a run to 0.2.4 died: database, pin, hold. */
START_TEST(what_is_due_after_a_run_that_died)
{
	static const struct {
		int database; /* its last number */
		bool new_pin, held;
		enum cycle_due due;
		bool may_start; /* meanwhile */
	} cases[] = {
		{6, false, false, CYCLE_CHANGE, true},
		{6, false, true, CYCLE_CHANGE, true},
		{7, false, true, CYCLE_REPIN, false},
		{7, false, false, CYCLE_REPIN, false},
		{7, true, true, CYCLE_RELEASE, true},
		{7, true, false, CYCLE_NOTHING, true},
		{6, true, true, CYCLE_CHANGE, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cycle_state state = make_state(cases[i].database == 6 ? V6 : V7, cases[i].new_pin ? R4 : R1);
		state.held = cases[i].held;
		ck_assert_int_eq(cycle_due(&state, V7, &R4), cases[i].due);
		ck_assert_int_eq(cycle_may_start(&state), cases[i].may_start);
	}
}
END_TEST

START_TEST(what_is_due_without_a_pin)
{
	struct cycle_state state = {.database_known = true, .database = V7};
	ck_assert_int_eq(cycle_due(&state, V7, &R4), CYCLE_NOTHING);
	ck_assert_int_eq(cycle_due(&state, V6, &R1), CYCLE_CHANGE);
	ck_assert_int_eq(cycle_due(&state, V7, NULL), CYCLE_NOTHING);
	state.held = true;
	ck_assert_int_eq(cycle_due(&state, V7, &R4), CYCLE_RELEASE);
	state = (struct cycle_state){.database_known = false};
	ck_assert_int_eq(cycle_due(&state, V7, NULL), CYCLE_CHANGE);
}
END_TEST

START_TEST(the_release_to_pin)
{
	struct version release;
	struct cycle_state state = make_state(V6, R2);
	ck_assert(cycle_release(&release, &state, &RELEASES, V7));
	ck_assert(version_same(release, R2)); /* pinned already, though it is not the newest */
	ck_assert(cycle_release(&release, &state, &RELEASES, V6));
	ck_assert(version_same(release, R1));
	state.pinned = false;
	ck_assert(cycle_release(&release, &state, &RELEASES, V7));
	ck_assert(version_same(release, R4));
	ck_assert(!cycle_release(&release, &state, &RELEASES, (struct version){{0, 0, 99}}));
}
END_TEST

START_TEST(what_a_launch_does)
{
	static const struct {
		bool behind, ahead, held, alive, busy, automatic;
		enum launch launch;
	} cases[] = {
		{.launch = LAUNCH_START},
		{.busy = true, .launch = LAUNCH_START}, /* by a backup, say */
		{.held = true, .launch = LAUNCH_START},
		{.held = true, .alive = true, .launch = LAUNCH_LOCKED},
		{.behind = true, .held = true, .alive = true, .busy = true, .launch = LAUNCH_LOCKED},
		{.behind = true, .launch = LAUNCH_BEHIND},
		{.behind = true, .automatic = true, .launch = LAUNCH_UPGRADE},
		{.behind = true, .busy = true, .launch = LAUNCH_WAIT},
		{.behind = true, .busy = true, .automatic = true, .launch = LAUNCH_WAIT},
		/* A downgrade died: what it was to become is not undone by itself. */
		{.behind = true, .held = true, .automatic = true, .launch = LAUNCH_UNSETTLED},
		{.ahead = true, .launch = LAUNCH_AHEAD},
		{.ahead = true, .automatic = true, .launch = LAUNCH_AHEAD},
		{.ahead = true, .busy = true, .launch = LAUNCH_WAIT},
		{.ahead = true, .held = true, .launch = LAUNCH_UNSETTLED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cycle_state state = make_state(cases[i].ahead ? V7 : V6, cases[i].behind ? R4 : R1);
		state.held = cases[i].held;
		state.alive = cases[i].alive;
		enum launch launch = launch_decide(&state, cases[i].busy, cases[i].automatic);
		ck_assert_msg(launch == cases[i].launch, "case %zu", i);
	}
}
END_TEST

START_TEST(a_launch_of_what_nobody_knows)
{
	struct cycle_state state = make_state(V7, (struct version){{9, 9, 9}});
	ck_assert_int_eq(launch_decide(&state, false, true), LAUNCH_UNKNOWN);
	ck_assert_int_eq(launch_decide(&state, true, true), LAUNCH_UNKNOWN);
	state.held = true;
	ck_assert_int_eq(launch_decide(&state, false, true), LAUNCH_UNSETTLED);
}
END_TEST

/* ---- in words ---- */

static void add(struct instances *instances, const char *service, enum instance_state state)
{
	struct instance *instance = instances_add(instances);
	instance->service = mem_copy(service);
	instance->state = state;
}

static struct instances make_instances(void)
{
	struct instances instances = {NULL, 0};
	add(&instances, "catalog", INSTANCE_UP);
	add(&instances, "analyzer", INSTANCE_UP);
	add(&instances, "analyzer", INSTANCE_WAITING);
	add(&instances, "analyzer", INSTANCE_STOPPED);
	add(&instances, "simplequeue", INSTANCE_STOPPED);
	return instances;
}

START_TEST(names_of_services)
{
	struct instances instances = make_instances(), none = {NULL, 0};
	AUTO(mem_auto) char *wanted = cycle_names(&instances, true, false);
	AUTO(mem_auto) char *reverse = cycle_names(&instances, true, true);
	AUTO(mem_auto) char *stopped = cycle_names(&instances, false, false);
	AUTO(mem_auto) char *empty = cycle_names(&none, true, false);
	ck_assert_str_eq(wanted, "catalog, analyzer (2 instances)");
	ck_assert_str_eq(reverse, "analyzer (2 instances), catalog");
	ck_assert_str_eq(stopped, "simplequeue");
	ck_assert_str_eq(empty, "");
	ck_assert(cycle_any_wanted(&instances));
	ck_assert(!cycle_any_wanted(&none));
	instances_clear(&instances);
}
END_TEST

/* The steps, a line each. */
static char *steps_of(const struct cycle_show *show)
{
	AUTO(list_clear) struct list steps = LIST_INIT;
	cycle_steps(&steps, show);
	return list_join(&steps, "\n");
}

START_TEST(steps_of_an_upgrade)
{
	struct instances instances = make_instances();
	const struct cycle_state state = make_state(V6, R1);
	const struct cycle_show show = {.command = "upgrade", .instances = &instances, .state = &state,
		.pinned = "0.2.1", .where = "docker-compose.yaml line 3", .release = "0.2.4", .snapshot = true,
		.changes = true, .seconds = 90};
	AUTO(mem_auto) char *steps = steps_of(&show);
	ck_assert_str_eq(steps,
		"find all that release 0.2.4 needs, before anything is stopped\n"
		"stop analyzer (2 instances), catalog; wait until their sessions are gone from the database\n"
		"take a snapshot and verify it\n"
		"check all of it again, then the upgrade of the database\n"
		"pin release 0.2.4 in docker-compose.yaml line 3, where 0.2.1 is\n"
		"start catalog, analyzer (2 instances); leave simplequeue stopped\n"
		"wait until they are healthy, at most 1 min 30 s");
	instances_clear(&instances);
}
END_TEST

START_TEST(steps_with_a_proof)
{
	struct instances none = {NULL, 0};
	const struct cycle_state state = make_state(V6, R1);
	struct cycle_show show = {.command = "upgrade", .instances = &none, .state = &state, .snapshot = true,
		.proves = true, .proof = 12, .changes = true, .seconds = 90};
	AUTO(mem_auto) char *steps = steps_of(&show);
	ck_assert_msg(strstr(steps, "take a snapshot and verify it\n"
		"restore the snapshot into a scratch database, compare every row, drop it; the last time that took "
		"12.0 s\n"
		"check all of it again"), "%s", steps);
	/* It is there already, and how long that takes is not known. */
	show.snapshot = false;
	show.proof = 0;
	AUTO(mem_auto) char *fewer = steps_of(&show);
	ck_assert_msg(strstr(fewer, "drop it\ncheck all of it again") && !strstr(fewer, "take a snapshot"), "%s",
		fewer);
}
END_TEST

START_TEST(steps_that_settle_a_dead_run)
{
	struct instances none = {NULL, 0};
	struct cycle_state state = make_state(V7, R4);
	state.held = true;
	const struct cycle_show show = {.command = "upgrade", .instances = &none, .state = &state, .pinned = "0.2.4",
		.release = "0.2.4", .seconds = 300};
	AUTO(mem_auto) char *steps = steps_of(&show);
	ck_assert_str_eq(steps,
		"adopt the services that a run that did not end has stopped\n"
		"start what ran before that run\n"
		"wait until they are healthy, at most 5 min 00 s");
}
END_TEST

START_TEST(steps_where_nothing_runs)
{
	struct instances instances = {NULL, 0};
	add(&instances, "catalog", INSTANCE_STOPPED);
	const struct cycle_state state = make_state(V6, R1);
	const struct cycle_show show = {.command = "downgrade", .instances = &instances, .state = &state,
		.release = "0.2.4", .changes = true, .seconds = 300};
	AUTO(mem_auto) char *steps = steps_of(&show);
	ck_assert_str_eq(steps,
		"find all that release 0.2.4 needs, before anything is stopped\n"
		"hold the services; none of them runs\n"
		"check all of it again, then the downgrade of the database\n"
		"pin release 0.2.4\n"
		"end the hold; the services stay stopped");
	instances_clear(&instances);
}
END_TEST

Suite *cycle_suite(void)
{
	const TTest *const tests[] = {the_database_is_seen_from_the_release, what_is_due_after_a_run_that_died,
		what_is_due_without_a_pin, the_release_to_pin, what_a_launch_does, a_launch_of_what_nobody_knows,
		names_of_services, steps_of_an_upgrade, steps_with_a_proof, steps_that_settle_a_dead_run,
		steps_where_nothing_runs, NULL};
	return unit_suite("cycle", tests);
}
