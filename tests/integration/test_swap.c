#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"
#include "work/database.h"
#include "work/kept.h"
#include "work/properties.h"
#include "work/restore.h"
#include "work/site.h"
#include "work/swap.h"

/* Two databases that are told apart by a table, and the swap of them from a third. */
static void make_pair(const char *present, const char *incoming)
{
	fixture_database(present);
	fixture_database(incoming);
	fixture_sql(present, "CREATE TABLE old_one ()");
	fixture_sql(incoming, "CREATE TABLE new_one ()");
}

static void drop_database(const char *name)
{
	AUTO(mem_auto) char *sql = mem_format("DROP DATABASE IF EXISTS \"%s\"", name);
	fixture_sql("postgres", sql);
}

static bool is_new(const char *dbname)
{
	AUTO(mem_auto) char *there = fixture_scalar(dbname, "SELECT to_regclass('public.new_one') IS NOT NULL");
	return strcmp(there, "t") == 0;
}

static int swap_pair(const char *present, const char *incoming, const char *kept, long long seconds, struct error *err)
{
	AUTO(db_auto) struct db *db = fixture_connect("postgres");
	struct swap swap = {
		.incoming = incoming, .name = present, .kept = kept, .kept_comment = "kept", .seconds = seconds};
	return swap_run(db, &swap, err);
}

START_TEST(names_are_swapped)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	drop_database("swap_names_before");
	make_pair("swap_names", "swap_names_incoming");
	fixture_assert_ok(swap_pair("swap_names", "swap_names_incoming", "swap_names_before", 5, &err), &err);
	ck_assert(is_new("swap_names"));
	ck_assert(!is_new("swap_names_before"));
	fixture_assert_scalar("postgres", "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
		"WHERE datname = 'swap_names_before'", "kept");
	fixture_assert_scalar(
		"postgres", "SELECT count(*) FROM pg_database WHERE datname = 'swap_names_incoming'", "0");
}
END_TEST

START_TEST(odd_names_are_swapped)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	static const char present[] = "swap \"odd\" '1", incoming[] = "swap%s; -- 2", kept[] = "swap\\ 3";
	static const char *const all[] = {"swap \"\"odd\"\" '1", incoming, kept};
	for (size_t i = 0; i < 3; i++)
		drop_database(all[i]);
	fixture_sql("postgres", "CREATE DATABASE \"swap \"\"odd\"\" '1\"");
	fixture_sql("postgres", "CREATE DATABASE \"swap%s; -- 2\"");
	fixture_assert_ok(swap_pair(present, incoming, kept, 5, &err), &err);
	fixture_assert_scalar("postgres", "SELECT count(*) FROM pg_database WHERE datname IN "
		"('swap \"odd\" ''1', 'swap\\ 3')", "2");
	for (size_t i = 0; i < 3; i++)
		drop_database(all[i]);
}
END_TEST

START_TEST(a_database_in_use_is_refused_and_named)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	drop_database("swap_used_before");
	make_pair("swap_used", "swap_used_incoming");
	AUTO(db_auto) struct db *other = fixture_connect("swap_used");
	AUTO(mem_auto) char *pid = mem_format("pid %d, user postgres, client local, application psql", db_pid(other));
	ck_assert_int_ne(swap_pair("swap_used", "swap_used_incoming", "swap_used_before", 0, &err), 0);
	fixture_assert_error(&err, ERROR_REFUSED, pid);
	ck_assert(!is_new("swap_used"));
	ck_assert(is_new("swap_used_incoming"));
}
END_TEST

START_TEST(a_prepared_transaction_is_named)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *most = fixture_scalar("postgres", "SHOW max_prepared_transactions");
	if (atoi(most) == 0)
		return;
	drop_database("swap_prepared_before");
	make_pair("swap_prepared", "swap_prepared_incoming");
	fixture_sql("swap_prepared", "BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'left over'");
	ck_assert_int_ne(swap_pair("swap_prepared", "swap_prepared_incoming", "swap_prepared_before", 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.hint, "ROLLBACK PREPARED 'left over'"));
	fixture_assert_error(&err, ERROR_REFUSED, "prepared transaction left over");
	fixture_sql("swap_prepared", "ROLLBACK PREPARED 'left over'");
}
END_TEST

START_TEST(whoever_leaves_in_time_is_waited_for)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	drop_database("swap_wait_before");
	make_pair("swap_wait", "swap_wait_incoming");
	pid_t child = fork();
	if (child == 0) {
		AUTO(db_auto) struct db *other = fixture_connect("swap_wait");
		usleep(700000);
		db_close(other);
		_exit(0);
	}
	usleep(300000);
	int rc = swap_pair("swap_wait", "swap_wait_incoming", "swap_wait_before", 10, &err);
	fixture_assert_children(&child, 1);
	fixture_assert_ok(rc, &err);
	ck_assert(is_new("swap_wait"));
}
END_TEST

/* Killed at any step, the name leads to the one or to the other, and the swap can be done after all. */
START_TEST(a_kill_leaves_one_or_the_other)
{
	static const char *const steps[] = {"swap-begin", "swap-keep", "swap-rename", "swap-commit"};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		drop_database("swap_kill_before");
		make_pair("swap_kill", "swap_kill_incoming");
		pid_t child = fork();
		if (child == 0) {
			AUTO(mem_auto) char *fault = mem_format("%s:1:kill", steps[i]);
			setenv("ANCHORE_ADMIN_FAULT", fault, 1);
			swap_pair("swap_kill", "swap_kill_incoming", "swap_kill_before", 5, &err);
			_exit(0);
		}
		int status = 0;
		waitpid(child, &status, 0);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was not reached", steps[i]);
		fixture_assert_ok(swap_pair("swap_kill", "swap_kill_incoming", "swap_kill_before", 5, &err), &err);
		ck_assert(is_new("swap_kill"));
		ck_assert(!is_new("swap_kill_before"));
	}
}
END_TEST

/* ---- properties ---- */

static const char carried_sql[] =
	"SELECT concat_ws(' | ', pg_get_userbyid(datdba), (SELECT string_agg(a::text, ',' ORDER BY a::text)\n"
	"  FROM unnest(datacl) a), datconnlimit, shobj_description(oid, 'pg_database'),\n"
	"  (SELECT string_agg(setrole::regrole || ':' || c, ',' ORDER BY setrole, c) FROM pg_db_role_setting,\n"
	"    unnest(setconfig) c WHERE setdatabase = d.oid)) FROM pg_database d WHERE datname = 'swap_carry'";

static void make_roles(void)
{
	drop_database("swap_carry");
	drop_database("swap_carry_before");
	fixture_sql("postgres", "DROP ROLE IF EXISTS \"swap owner\", swap_reader, swap_deputy");
	fixture_sql("postgres", "CREATE ROLE \"swap owner\"; CREATE ROLE swap_reader; CREATE ROLE swap_deputy");
}

static void give_properties(void)
{
	fixture_sql("postgres",
		"ALTER DATABASE swap_carry OWNER TO \"swap owner\"; ALTER DATABASE swap_carry CONNECTION LIMIT 42;"
		"COMMENT ON DATABASE swap_carry IS 'it''s \\the one'; REVOKE ALL ON DATABASE swap_carry FROM PUBLIC;"
		"GRANT CONNECT ON DATABASE swap_carry TO swap_deputy WITH GRANT OPTION;"
		"SET ROLE swap_deputy; GRANT CONNECT ON DATABASE swap_carry TO swap_reader; RESET ROLE;"
		"ALTER DATABASE swap_carry SET search_path = \"$user\", \"odd, path\", public;"
		"ALTER DATABASE swap_carry SET work_mem = '65537kB'; "
		"ALTER DATABASE swap_carry SET my.setting = 'a=b''c';"
		"ALTER DATABASE swap_carry SET role = 'swap owner';"
		"ALTER ROLE swap_reader IN DATABASE swap_carry SET statement_timeout = '7s'");
}

START_TEST(properties_are_carried)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(properties_clear) struct properties properties = {.owner = NULL};
	AUTO(list_clear) struct list statements = LIST_INIT;
	AUTO(list_clear) struct list notes = LIST_INIT;
	make_roles();
	make_pair("swap_carry", "swap_carry_incoming");
	give_properties();
	AUTO(mem_auto) char *before = fixture_scalar("postgres", carried_sql);
	AUTO(db_auto) struct db *db = fixture_connect("postgres");
	fixture_assert_ok(database_properties(&properties, db, "swap_carry", &err), &err);
	fixture_assert_ok(
		properties_plan(&statements, &notes, db, "swap_carry_incoming", &properties, false, &err), &err);
	ck_assert_msg(notes.count == 0, "%s", notes.count ? notes.items[0] : "");
	struct swap swap = {.incoming = "swap_carry_incoming", .name = "swap_carry", .kept = "swap_carry_before",
		.kept_comment = "kept", .statements = &statements, .seconds = 5};
	fixture_assert_ok(swap_run(db, &swap, &err), &err);
	fixture_assert_scalar("postgres", carried_sql, before);
	drop_database("swap_carry");
	drop_database("swap_carry_before");
}
END_TEST

START_TEST(what_is_unknown_here_is_told)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list statements = LIST_INIT;
	AUTO(list_clear) struct list notes = LIST_INIT;
	struct properties properties = {.owner = (char *)"nobody here", .connection_limit = -1};
	list_add(&properties.settings, "\tno_such_setting\tx");
	list_add(&properties.settings, "\twork_mem\t8MB");
	fixture_database("swap_unknown");
	AUTO(db_auto) struct db *db = fixture_connect("postgres");
	properties.default_privileges = true;
	fixture_assert_ok(properties_plan(&statements, &notes, db, "swap_unknown", &properties, false, &err), &err);
	list_clear(&properties.settings);
	ck_assert_uint_eq(notes.count, 2);
	ck_assert_ptr_nonnull(strstr(notes.items[0], "owner nobody here"));
	ck_assert_ptr_nonnull(strstr(notes.items[1], "no_such_setting"));
	ck_assert_uint_eq(statements.count, 2); /* work_mem, comment */
}
END_TEST

/* ---- names ---- */

START_TEST(names_are_cut_at_characters)
{
	static const char name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9";
	AUTO(mem_auto) char *cut = site_name_with(name, "_before_20261123T123456Z");
	ck_assert_str_eq(cut, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_before_20261123T123456Z");
	AUTO(mem_auto) char *whole = site_name_with("anchore", "_before_x");
	ck_assert_str_eq(whole, "anchore_before_x");
}
END_TEST

START_TEST(kept_databases_are_listed_newest_first)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(kept_databases_clear) struct kept_databases kept = {NULL, 0};
	static const char *const names[] = {
		"swap_list_before_a", "swap_list_before_b", "swap_list_before_c", "swap_list_before_d"};
	for (size_t i = 0; i < 4; i++)
		fixture_database(names[i]);
	fixture_sql("postgres",
		"COMMENT ON DATABASE swap_list_before_a IS 'anchore-admin: kept by restore of snapshot 1 at "
		"2026-01-01T00:00:00Z, database version 0.0.6, of swap_list'");
	fixture_sql("postgres",
		"COMMENT ON DATABASE swap_list_before_b IS 'anchore-admin: kept by undo at 2026-01-02T00:00:00Z, "
		"database version unknown, of swap_list'");
	fixture_sql("postgres",
		"COMMENT ON DATABASE swap_list_before_c IS 'anchore-admin: kept by undo at 2026-01-03T00:00:00Z, "
		"database version 0.0.7, of swap_list_of_another'");
	AUTO(db_auto) struct db *db = fixture_connect("postgres");
	fixture_assert_ok(restore_kept(&kept, db, "swap_list", &err), &err);
	ck_assert_uint_eq(kept.count, 2);
	ck_assert_str_eq(kept.items[0].name, "swap_list_before_b");
	ck_assert_ptr_null(kept.items[0].db_version);
	ck_assert_str_eq(kept.items[1].db_version, "0.0.6");
	ck_assert_str_eq(kept.items[1].since, "2026-01-01T00:00:00Z");
	ck_assert_uint_gt(kept.items[1].bytes, 1000000);
	AUTO(mem_auto) char *name = NULL;
	fixture_assert_ok(kept_name(&name, db, "swap_list", &err), &err);
	ck_assert_ptr_nonnull(strstr(name, "swap_list_before_2"));
}
END_TEST

Suite *swap_suite(void)
{
	const TTest *const tests[] = {names_are_swapped, odd_names_are_swapped, a_database_in_use_is_refused_and_named,
		a_prepared_transaction_is_named, whoever_leaves_in_time_is_waited_for, a_kill_leaves_one_or_the_other,
		properties_are_carried, what_is_unknown_here_is_told, names_are_cut_at_characters,
		kept_databases_are_listed_newest_first, NULL};
	return fixture_suite("swap", tests);
}
