/* The plan: what it holds, and how it prints itself. */
#include <string.h>

#include "base/mem.h"
#include "model/guard.h"
#include "model/plan.h"
#include "unit.h"

static const struct version V6 = {{0, 0, 6}}, V7 = {{0, 0, 7}};

static void make_facts(struct facts *facts)
{
	facts_init(facts);
	facts->now = 1000000;
	facts->database = mem_copy("anchore");
	facts->user = mem_copy("engine");
	facts->server_version = mem_copy("15.18");
	facts->version = V6;
	facts->migrations = mem_copy("/srv/sql");
	facts->commit = mem_copy("1234567890123456789012345678901234567890");
	facts->table_count = 3;
	facts->tables = mem_array(3, sizeof *facts->tables);
	facts->tables[0] = (struct fact_table){mem_copy("catalog_image"), 1000, 5};
	facts->tables[1] = (struct fact_table){mem_copy("users"), 2000, -1};
	facts->tables[2] = (struct fact_table){mem_copy("eventlog"), 4000, 7};
	facts->evidence.store_known = facts->evidence.found = facts->evidence.fresh = true;
	facts->evidence.id = mem_copy("0123456789abcdef0123456789abcdef");
	facts->evidence.how = mem_copy("nothing was written since");
	facts->evidence.created = 1000000 - 600;
	facts->evidence.size = 12345;
}

static void make_plan(struct plan *plan, const char *locks)
{
	const struct graph_edge edge = {.from = V6, .to = V7, .file = (char[]){"0.0.6--0.0.7.sql"}, .sha256 = "abc123"};
	plan_init(plan, "upgrade");
	plan->from = V6;
	plan->to = V7;
	plan->release = (struct version){{0, 2, 4}};
	plan->release_known = true;
	struct plan_edge *planned = plan_add_edge(plan, &edge);
	plan_add_statement(planned, mem_copy("CREATE TABLE events ()"), mem_copy("CREATE TABLE events"), 3);
	plan_add_statement(planned, mem_copy("ALTER TABLE catalog_image ADD x int"),
		mem_copy("ALTER TABLE catalog_image"), 9);
	plan_add_locks(planned, locks);
}

START_TEST(locks_go_to_their_statements)
{
	struct plan plan;
	make_plan(&plan, "3\n9\tAccessExclusiveLock catalog_image, RowExclusiveLock users\n77\tShareLock nowhere\n");
	const struct plan_edge *edge = &plan.edges[0];
	ck_assert(edge->locks_known);
	ck_assert_uint_eq(edge->statements[0].locks.count, 0);
	ck_assert_uint_eq(edge->statements[1].locks.count, 2);
	ck_assert_str_eq(edge->statements[1].locks.items[0], "AccessExclusiveLock catalog_image");
	ck_assert_str_eq(edge->statements[1].locks.items[1], "RowExclusiveLock users");
	plan_clear(&plan);
}
END_TEST

START_TEST(room_is_that_of_the_tables_written)
{
	struct plan plan;
	struct facts facts;
	make_facts(&facts);
	make_plan(&plan, "3\tShareRowExclusiveLock users\n9\tAccessExclusiveLock catalog_image\n");
	plan_finish(&plan, &facts);
	ck_assert_uint_eq(plan.room, 0); /* a lock writes nothing */
	ck_assert_uint_eq(plan.tables.count, 2);
	ck_assert_str_eq(plan.tables.items[0], "catalog_image");
	ck_assert_str_eq(plan.tables.items[1], "users");
	plan_clear(&plan);
	make_plan(&plan, NULL);
	plan_finish(&plan, &facts);
	ck_assert_uint_eq(plan.room, 14000); /* any table may be */
	plan_clear(&plan);
	facts_clear(&facts);
}
END_TEST

START_TEST(rewrites_changes_and_indexes_need_room)
{
	static const struct {
		const char *server, *locks;
		uint64_t room;
	} cases[] = {
		{"15.18", "9\tAccessExclusiveLock catalog_image, Rewrite catalog_image\n", 2000},
		{"15.18", "9\tShareLock users, Index users\n", 4000},
		{"15.18", "3\tRowExclusiveLock users\n9\tRowExclusiveLock catalog_image, Rewrite users\n", 6000},
		{"15.18", "9\tAccessExclusiveLock users, ShareRowExclusiveLock catalog_image\n", 0},
		{"10.23", "9\tAccessExclusiveLock users, ShareRowExclusiveLock catalog_image\n", 4000},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct plan plan;
		struct facts facts;
		make_facts(&facts);
		mem_replace(&facts.server_version, mem_copy(cases[i].server));
		make_plan(&plan, cases[i].locks);
		plan_finish(&plan, &facts);
		ck_assert_msg(plan.room == cases[i].room, "%s", cases[i].locks);
		plan_clear(&plan);
		facts_clear(&facts);
	}
}
END_TEST

static void expect_words(const char *text, const char *const *words)
{
	for (; *words; words++)
		ck_assert_msg(strstr(text, *words), "\"%s\" is not in:\n%s", *words, text);
}

START_TEST(text_says_everything)
{
	struct plan plan;
	struct facts facts;
	struct refusals refusals = {NULL, 0};
	make_facts(&facts);
	make_plan(&plan, "3\n9\tAccessExclusiveLock catalog_image, Index users, Rewrite catalog_image\n");
	plan_finish(&plan, &facts);
	char *text = plan_text(&plan, &facts, &refusals);
	expect_words(text,
		(const char *const[]){"upgrade of database \"anchore\" from version 0.0.6 to 0.0.7",
			"engine release 0.2.4", "0.0.6--0.0.7.sql, 2 statements", "abc123",
			"1234567890123456789012345678901234567890", "ALTER TABLE catalog_image",
			"locks AccessExclusiveLock catalog_image", "  rewrites catalog_image",
			"builds an index of users", "about 5 rows", "room: at most 6",
			"snapshot 0123456789ab", "10 min", "nothing was written since",
			"anchore-admin restore 0123456789ab", "nothing stands against it", NULL});
	mem_free(text);
	refusals_add(&refusals, "services", mem_copy("a session is there"), mem_copy("stop it"));
	text = plan_text(&plan, &facts, &refusals);
	expect_words(text,
		(const char *const[]){"the upgrade is refused", "services: a session is there", "stop it", NULL});
	mem_free(text);
	refusals_clear(&refusals);
	plan_clear(&plan);
	facts_clear(&facts);
}
END_TEST

START_TEST(sql_is_the_statements)
{
	struct plan plan;
	make_plan(&plan, NULL);
	char *sql = plan_sql(&plan);
	ck_assert_str_eq(sql, "-- 0.0.6--0.0.7.sql, SHA-256 abc123\nCREATE TABLE events ();\n\n"
		"ALTER TABLE catalog_image ADD x int;\n\n");
	mem_free(sql);
	plan_clear(&plan);
}
END_TEST

START_TEST(losses_in_words)
{
	struct plan plan;
	plan_init(&plan, "downgrade");
	char *none = plan_losses(&plan);
	ck_assert_str_eq(none, "");
	mem_free(none);
	plan_add_loss(&plan, mem_copy("table events"), 1200);
	plan_add_loss(&plan, mem_copy("column catalog_image.analyzed_at"), 1);
	plan_add_loss(&plan, mem_copy("rows images where size > 5"), 2);
	plan_add_loss(&plan, mem_copy("column users.password where \"userId\" IN (SELECT name FROM accounts WHERE "
		"state = 'deleting' OR email IS NULL)"), 3);
	char *some = plan_losses(&plan);
	ck_assert_str_eq(some, "1,200 rows of table events, 1 value of column catalog_image.analyzed_at, "
		"2 rows of images where size > 5, 3 values of column users.password where \"userId\" IN (SELECT name "
		"FROM accounts WHERE state = 'deleting…");
	mem_free(some);
	plan_clear(&plan);
}
END_TEST

START_TEST(settling_is_a_step_that_stays_and_what_is_destroyed_is_said)
{
	const struct graph_edge settle = {.file = (char *)"settle.sql", .sql = (char *)"SELECT 1;"};
	struct plan plan;
	struct facts facts;
	struct refusals refusals = {NULL, 0};
	make_facts(&facts);
	make_plan(&plan, NULL);
	struct plan_edge *step = plan_add_settle(&plan, &settle);
	ck_assert(version_same(step->from, plan.from) && version_same(step->to, plan.from));
	list_add(&plan.destroyed, "rows images: the next sync brings them");
	char *up = plan_text(&plan, &facts, &refusals);
	expect_words(up, (const char *const[]){"settle.sql", "no downgrade by SQL will give back", "rows images: the",
		NULL});
	mem_free(up);
	struct version from = plan.from;
	plan.from = plan.to;
	plan.to = from;
	char *down = plan_text(&plan, &facts, &refusals);
	expect_words(down, (const char *const[]){"not given back, for the upgrade destroyed it", NULL});
	mem_free(down);
	plan_clear(&plan);
	facts_clear(&facts);
}
END_TEST

Suite *plan_suite(void)
{
	const TTest *const tests[] = {locks_go_to_their_statements, room_is_that_of_the_tables_written,
		rewrites_changes_and_indexes_need_room,
		text_says_everything, sql_is_the_statements, losses_in_words,
		settling_is_a_step_that_stays_and_what_is_destroyed_is_said, NULL};
	return unit_suite("plan", tests);
}
