/* The guard: every refusal, each with its remedy, and all at once. */
#include <string.h>

#include "base/mem.h"
#include "model/guard.h"
#include "unit.h"

static const struct version V6 = {{0, 0, 6}}, V7 = {{0, 0, 7}};

/* Facts against which nothing stands. */
static void make_facts(struct facts *facts)
{
	facts_init(facts);
	facts->now = 1000000;
	facts->database = mem_copy("anchore");
	facts->user = mem_copy("engine");
	facts->version = V6;
	facts->migrations = mem_copy("/srv/sql");
	facts->evidence.store_known = true;
	facts->evidence.found = true;
	facts->evidence.id = mem_copy("0123456789abcdef0123456789abcdef");
	facts->evidence.created = 1000000 - 600;
	facts->evidence.fresh = true;
	facts->evidence.how = mem_copy("nothing was written since");
}

static void add_session(struct sessions *sessions, int64_t pid, const char *application)
{
	sessions->items = mem_resize(sessions->items, (sessions->count + 1) * sizeof *sessions->items);
	sessions->items[sessions->count++] = (struct session){.pid = pid, .user = mem_copy("anchore"),
		.client = mem_copy("10.0.0.5"), .application = mem_copy(application), .state = mem_copy("idle"),
		.query = mem_copy("COMMIT")};
}

static struct plan make_plan(void)
{
	struct plan plan;
	plan_init(&plan, "upgrade");
	plan.from = V6;
	plan.to = V7;
	return plan;
}

/* Runs the guard; facts are cleared. The refusals are the caller's. */
static struct refusals judge(struct facts *facts)
{
	struct refusals refusals = {NULL, 0};
	struct plan plan = make_plan();
	guard_check(&refusals, facts, &plan);
	plan_clear(&plan);
	facts_clear(facts);
	return refusals;
}

static void expect_none(struct facts *facts)
{
	struct refusals refusals = judge(facts);
	ck_assert_uint_eq(refusals.count, 0);
	refusals_clear(&refusals);
}

static void expect_one(struct facts *facts, const char *check, const char *words, const char *remedy)
{
	struct refusals refusals = judge(facts);
	ck_assert_uint_eq(refusals.count, 1);
	ck_assert_str_eq(refusals.items[0].check, check);
	ck_assert_msg(strstr(refusals.items[0].sentence, words), "%s", refusals.items[0].sentence);
	ck_assert_msg(strstr(refusals.items[0].remedy, remedy), "%s", refusals.items[0].remedy);
	refusals_clear(&refusals);
}

START_TEST(nothing_stands_against_it)
{
	struct facts facts;
	make_facts(&facts);
	struct refusals refusals = judge(&facts);
	ck_assert_uint_eq(refusals.count, 0);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(refusals_error(&refusals, "upgrade", &err), 0);
	refusals_clear(&refusals);
}
END_TEST

START_TEST(no_snapshot)
{
	struct facts facts;
	make_facts(&facts);
	evidence_clear(&facts.evidence);
	facts.evidence.store_known = true;
	expect_one(&facts, "snapshot", "no snapshot of database \"anchore\" at version 0.0.6",
		"`anchore-admin backup`");
}
END_TEST

START_TEST(no_store)
{
	struct facts facts;
	make_facts(&facts);
	evidence_clear(&facts.evidence);
	expect_one(&facts, "snapshot", "no folder for snapshots", "--no-snapshot=REASON");
}
END_TEST

START_TEST(skipped_snapshot)
{
	struct facts facts;
	make_facts(&facts);
	evidence_clear(&facts.evidence);
	facts.evidence.skipped = mem_copy("a copy of a copy");
	facts.tools = mem_copy("no pg_restore");
	expect_none(&facts);
}
END_TEST

START_TEST(corrupt_snapshot)
{
	struct facts facts;
	make_facts(&facts);
	facts.evidence.corrupt = mem_copy("member data/1 has another digest");
	facts.evidence.fresh = false;
	expect_one(&facts, "snapshot", "0123456789ab does not verify: member data/1", "`anchore-admin backup`");
}
END_TEST

START_TEST(unproven_snapshot)
{
	struct facts facts;
	make_facts(&facts);
	facts.evidence.wants_proven = true;
	expect_one(&facts, "proven", "0123456789ab was never restored, and the setting upgrade_require",
		"`anchore-admin snapshot verify --restore 0123456789ab`");
	make_facts(&facts);
	facts.evidence.wants_proven = true;
	facts.evidence.unproven = mem_copy("table users differs");
	expect_one(&facts, "proven", "was not proven when it was tried: table users differs", "verify --restore");
	make_facts(&facts);
	facts.evidence.wants_proven = true;
	facts.evidence.fresh = false;
	expect_one(&facts, "fresh", "no longer what", "backup");
}
END_TEST

START_TEST(proven_snapshot)
{
	struct facts facts;
	make_facts(&facts);
	facts.evidence.wants_proven = facts.evidence.proven = true;
	expect_none(&facts);
	make_facts(&facts);
	facts.evidence.wants_proven = facts.evidence.proves = true;
	expect_none(&facts);
	make_facts(&facts);
	facts.evidence.wants_proven = facts.evidence.planned = true;
	expect_none(&facts);
	make_facts(&facts);
	facts.evidence.found = false;
	facts.evidence.wants_proven = true;
	facts.evidence.skipped = mem_copy("a copy of a copy");
	expect_none(&facts);
}
END_TEST

START_TEST(stale_snapshot)
{
	struct facts facts;
	make_facts(&facts);
	facts.evidence.fresh = false;
	list_add(&facts.evidence.differences, "table users had 1 row and has 2");
	list_add(&facts.evidence.differences, "sequence tasks_id_seq stood at 1 and stands at 2");
	expect_one(&facts, "fresh", "table users had 1 row and has 2; sequence tasks_id_seq", "`anchore-admin backup`");
}
END_TEST

START_TEST(many_differences_are_cut)
{
	struct facts facts;
	make_facts(&facts);
	facts.evidence.fresh = false;
	for (int i = 0; i < 20; i++)
		list_addf(&facts.evidence.differences, "table t%d", i);
	expect_one(&facts, "fresh", "table t5; and 14 more", "backup");
}
END_TEST

START_TEST(age_is_limited_if_asked)
{
	struct facts facts;
	make_facts(&facts);
	facts.evidence.max_age = 600;
	struct refusals refusals = judge(&facts);
	ck_assert_uint_eq(refusals.count, 0);
	make_facts(&facts);
	facts.evidence.max_age = 599;
	expect_one(&facts, "age", "old, and the limit is", "`anchore-admin backup`");
}
END_TEST

START_TEST(services_are_named)
{
	struct facts facts;
	make_facts(&facts);
	for (int i = 0; i < 7; i++)
		add_session(&facts.services, 4711 + i, "");
	expect_one(&facts, "services",
		"7 other sessions are in the database: pid 4711, user anchore, client 10.0.0.5, idle",
		"stop all anchore-engine services");
	make_facts(&facts);
	add_session(&facts.services, 4711, "gunicorn");
	expect_one(&facts, "services", "1 other session is in the database: pid 4711, user anchore, client 10.0.0.5, "
		"application gunicorn", "stop");
}
END_TEST

START_TEST(prepared_transactions_are_named)
{
	struct facts facts;
	make_facts(&facts);
	facts.prepared.items = mem_array(1, sizeof *facts.prepared.items);
	facts.prepared.items[0] = (struct session){.user = mem_copy("engine"), .query = mem_copy("left over")};
	facts.prepared.count = 1;
	expect_one(&facts, "services", "'left over' of user engine", "ROLLBACK PREPARED 'left over'");
}
END_TEST

START_TEST(wrong_schema)
{
	struct facts facts;
	make_facts(&facts);
	list_add(&facts.shape.blocking, "missing: column users.email");
	list_add(&facts.guesses, "0.0.7");
	expect_one(&facts, "catalog", "1 difference: missing: column users.email; it fits version 0.0.7", "db check");
}
END_TEST

START_TEST(migrations_missing_or_dirty)
{
	struct facts facts;
	make_facts(&facts);
	facts.no_path = mem_copy("no edges lead from 0.0.6 to 0.0.8");
	expect_one(&facts, "migrations", "no edges lead", "graph show");
	make_facts(&facts);
	list_add(&facts.dirty, "0.0.6--0.0.7.sql (changed)");
	expect_one(&facts, "migrations", "not as committed: 0.0.6--0.0.7.sql (changed)", "git");
}
END_TEST

START_TEST(rights)
{
	struct facts facts;
	make_facts(&facts);
	list_add(&facts.not_owned, "users (owner postgres)");
	expect_one(&facts, "rights", "role \"engine\" does not own 1 relation: users (owner postgres)", "owns");
	make_facts(&facts);
	list_add(&facts.not_allowed, "create tables in schema public");
	expect_one(&facts, "rights", "may not create tables", "GRANT CREATE");
	make_facts(&facts);
	list_add(&facts.not_owned, "users (owner postgres)");
	facts.superuser = true;
	facts.no_temporary = mem_copy("engine"); /* of which the plan has none */
	struct refusals refusals = judge(&facts);
	ck_assert_uint_eq(refusals.count, 0);
}
END_TEST

START_TEST(helpers_need_the_right_to_temporary_tables)
{
	const struct graph_edge edge = {.from = V6, .to = V7, .file = (char *)"a.sql"};
	struct refusals refusals = {NULL, 0};
	struct facts facts;
	struct plan plan = make_plan();
	make_facts(&facts);
	facts.superuser = true;
	facts.no_temporary = mem_copy("owner");
	plan_add_statement(plan_add_edge(&plan, &edge), mem_copy("CREATE FUNCTION pg_temp.f() RETURNS int"),
		mem_copy("CREATE FUNCTION"), 1);
	guard_check(&refusals, &facts, &plan);
	ck_assert_uint_eq(refusals.count, 1);
	ck_assert_str_eq(refusals.items[0].check, "rights");
	ck_assert(strstr(refusals.items[0].remedy, "GRANT TEMPORARY ON DATABASE \"anchore\" TO \"owner\"") != NULL);
	refusals_clear(&refusals);
	plan_clear(&plan);
	facts_clear(&facts);
}
END_TEST

START_TEST(half_upgraded)
{
	struct facts facts;
	make_facts(&facts);
	facts.shape.half_upgraded = true;
	facts.shape.first = facts.shape.last = V7;
	list_add(&facts.shape.blocking, "extra table events, as version 0.0.7 has it");
	facts.evidence.fresh = false; /* is not worth a word */
	facts.store_known = true;
	facts.back = mem_copy("fedcba9876543210fedcba9876543210");
	expect_one(&facts, "catalog", "the database is a half-finished upgrade from version 0.0.6: it has parts of "
		"0.0.7, and the engine's own upgrade stopped on the way (1 difference)",
		"`anchore-admin restore fedcba987654`");
	make_facts(&facts);
	facts.shape.half_upgraded = true;
	list_add(&facts.shape.blocking, "extra table events, as version 0.0.7 has it");
	facts.store_known = true;
	expect_one(&facts, "catalog", "half-finished", "the store has no snapshot of version 0.0.6");
	make_facts(&facts);
	facts.shape.half_upgraded = true;
	list_add(&facts.shape.blocking, "extra table events, as version 0.0.7 has it");
	expect_one(&facts, "catalog", "half-finished", "`--store DIR`");
}
END_TEST

START_TEST(space_and_server)
{
	struct facts facts;
	struct refusals refusals = {NULL, 0};
	struct plan plan = make_plan();
	make_facts(&facts);
	plan.room = 5000;
	facts.room = 4999;
	guard_check(&refusals, &facts, &plan);
	ck_assert_uint_eq(refusals.count, 0); /* room is not known */
	facts.room_known = true;
	facts.standby = true;
	facts.tools = mem_copy("pg_restore 15 is older than the server, 17");
	guard_check(&refusals, &facts, &plan);
	ck_assert_uint_eq(refusals.count, 3);
	ck_assert_str_eq(refusals.items[0].check, "space");
	ck_assert_str_eq(refusals.items[1].check, "server");
	ck_assert_str_eq(refusals.items[2].check, "server");
	refusals_clear(&refusals);
	facts_clear(&facts);
}
END_TEST

START_TEST(all_at_once)
{
	struct facts facts;
	struct error err = ERROR_INIT;
	make_facts(&facts);
	facts.evidence.fresh = false;
	add_session(&facts.services, 1, "");
	add_session(&facts.holders, 2, "");
	list_add(&facts.not_owned, "users (owner postgres)");
	struct refusals refusals = judge(&facts);
	ck_assert_uint_eq(refusals.count, 4);
	refusals_error(&refusals, "upgrade", &err);
	ck_assert_ptr_nonnull(err.hint);
	unit_assert_error(&err, ERROR_REFUSED, "4 reasons: lock, fresh, services, rights");
	refusals_clear(&refusals);
}
END_TEST

START_TEST(one_refusal_is_the_error)
{
	struct error err = ERROR_INIT;
	struct refusals refusals = {NULL, 0};
	refusals_add(&refusals, "fresh", mem_copy("it is stale"), mem_copy("take a new one"));
	refusals_error(&refusals, "upgrade", &err);
	ck_assert_str_eq(err.hint, "take a new one");
	unit_assert_error(&err, ERROR_REFUSED, "the upgrade is refused: it is stale");
	refusals_clear(&refusals);
}
END_TEST

/* Before the services are stopped: what that and a snapshot will cure is left out, and nothing else is. */
START_TEST(what_stopping_and_a_snapshot_cure)
{
	struct facts facts;
	make_facts(&facts);
	add_session(&facts.services, 4711, "gunicorn");
	facts.evidence.found = facts.evidence.fresh = false;
	facts.evidence.max_age = 1;
	facts.stops = facts.evidence.planned = true;
	struct refusals refusals = judge(&facts);
	ck_assert_uint_eq(refusals.count, 0);
	make_facts(&facts);
	add_session(&facts.prepared, 0, NULL);
	facts.stops = facts.evidence.planned = true;
	expect_one(&facts, "services", "prepared transaction", "COMMIT PREPARED");
	make_facts(&facts);
	add_session(&facts.services, 4711, "gunicorn");
	facts.evidence.planned = true;
	expect_one(&facts, "services", "4711", "stop all");
	make_facts(&facts);
	facts.stops = true;
	facts.evidence.found = false;
	expect_one(&facts, "snapshot", "no snapshot", "anchore-admin backup");
	refusals_clear(&refusals);
}
END_TEST

Suite *guard_suite(void)
{
	const TTest *const tests[] = {nothing_stands_against_it, no_snapshot, no_store, skipped_snapshot,
		corrupt_snapshot, unproven_snapshot, proven_snapshot, stale_snapshot, many_differences_are_cut,
		age_is_limited_if_asked,
		services_are_named, prepared_transactions_are_named, wrong_schema, migrations_missing_or_dirty,
		rights, helpers_need_the_right_to_temporary_tables, half_upgraded, space_and_server, all_at_once,
		one_refusal_is_the_error, what_stopping_and_a_snapshot_cure, NULL};
	return unit_suite("guard", tests);
}
