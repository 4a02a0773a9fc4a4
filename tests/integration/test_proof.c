/* The freshness proof: what is fresh, how it is known, and what is not. */
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "work/database.h"
#include "work/evidence.h"
#include "work/facts.h"
#include "work/snapshot.h"

struct scene {
	const char *dbname;
	char *store;
	struct migrations migrations;
};

static void take(const struct scene *scene)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(run_clear) struct run run;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	fixture_run(&run, "backup", scene->dbname, scene->store);
	fixture_assert_ok(run_lock(&run, &err), &err);
	fixture_assert_ok(snapshot_take(&entry, &run, &err), &err);
}

static void open_migrations(struct scene *scene)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *folder = fixture_source("sql");
	fixture_assert_ok(migrations_load(&scene->migrations, folder, NULL, &err), &err);
}

/* A database of 0.0.6 with rows, and a snapshot of it. */
static struct scene scene_make(const char *dbname)
{
	struct scene scene = {.dbname = dbname, .store = fixture_folder()};
	fixture_engine(dbname, "0.0.6", true);
	open_migrations(&scene);
	take(&scene);
	return scene;
}

static void scene_clear(struct scene *scene)
{
	mem_free(scene->store);
	migrations_clear(&scene->migrations);
}

/* Facts and evidence as a dry run gathers them; db is the connection they came by. */
struct look {
	struct run run;
	struct db *db;
	struct facts facts;
	struct snapshot_proof held;
};

static void look(struct look *out, const struct scene *scene)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	*out = (struct look){.db = NULL};
	fixture_run(&out->run, "upgrade", scene->dbname, scene->store);
	facts_init(&out->facts);
	fixture_assert_ok(run_connect(&out->db, &out->run, NULL, &err), &err);
	fixture_assert_ok(facts_gather(&out->facts, &out->run, out->db, &scene->migrations, &err), &err);
	fixture_assert_ok(evidence_gather(&out->facts, &out->held, &out->run, out->db, &err), &err);
}

static void look_clear(struct look *look)
{
	snapshot_proof_clear(&look->held);
	facts_clear(&look->facts);
	db_close(look->db);
	run_clear(&look->run);
}

/* how NULL: by either of the two. */
static void assert_fresh(const struct scene *scene, const char *how)
{
	AUTO(look_clear) struct look seen;
	look(&seen, scene);
	const struct evidence *evidence = &seen.facts.evidence;
	ck_assert(evidence->found);
	ck_assert_pstr_eq(evidence->corrupt, NULL);
	ck_assert_msg(evidence->fresh, "%s", evidence->differences.count ? evidence->differences.items[0] : "?");
	if (how)
		ck_assert_str_eq(evidence->how, how);
}

static void assert_stale(const struct scene *scene, const char *words)
{
	AUTO(look_clear) struct look seen;
	look(&seen, scene);
	const struct evidence *evidence = &seen.facts.evidence;
	ck_assert(evidence->found);
	ck_assert(!evidence->fresh);
	AUTO(mem_auto) char *all = list_join(&evidence->differences, "\n");
	ck_assert_msg(strstr(all, words), "\"%s\" is not in:\n%s", words, all);
}

#define MOMENT "nothing was written since"
#define CONTENTS "every row was read again and is the same"

START_TEST(fresh_by_the_moment)
{
	AUTO(scene_clear) struct scene scene = scene_make("proof_moment");
	assert_fresh(&scene, MOMENT);
	fixture_sql("proof_moment", "SELECT count(*) FROM users; CHECKPOINT");
	assert_fresh(&scene, MOMENT);
	/* Where it cuts empty pages off a table, it takes a transaction id for the lock. */
	fixture_sql("proof_moment", "VACUUM");
	assert_fresh(&scene, NULL);
}
END_TEST

START_TEST(fresh_by_the_contents)
{
	AUTO(scene_clear) struct scene scene = scene_make("proof_contents");
	fixture_sql("proof_contents", "BEGIN; UPDATE users SET email = 'x'; ROLLBACK");
	assert_fresh(&scene, CONTENTS);
	fixture_sql("proof_contents", "VACUUM FULL");
	assert_fresh(&scene, CONTENTS);
	fixture_sql("proof_contents", "UPDATE users SET email = email");
	assert_fresh(&scene, CONTENTS);
	fixture_database("proof_other");
	fixture_sql("proof_other", "CREATE TABLE t (a integer)");
	assert_fresh(&scene, CONTENTS);
}
END_TEST

START_TEST(fresh_after_a_restart)
{
	AUTO(scene_clear) struct scene scene = scene_make("proof_restart");
	fixture_restart(false);
	assert_fresh(&scene, CONTENTS);
	fixture_restart(true);
	assert_fresh(&scene, CONTENTS);
}
END_TEST

START_TEST(unlogged_tables_are_always_read)
{
	struct scene scene = {.dbname = "proof_unlogged", .store = fixture_folder()};
	fixture_engine("proof_unlogged", "0.0.6", true);
	fixture_sql("proof_unlogged", "CREATE UNLOGGED TABLE scratch AS SELECT 1 AS a");
	open_migrations(&scene);
	take(&scene);
	assert_fresh(&scene, CONTENTS);
	scene_clear(&scene);
}
END_TEST

START_TEST(changed_rows_are_named)
{
	AUTO(scene_clear) struct scene scene = scene_make("proof_rows");
	fixture_sql("proof_rows", "UPDATE users SET email = 'x'");
	assert_stale(&scene, "table users has as many rows as then");
	fixture_sql("proof_rows", "TRUNCATE eventlog");
	assert_stale(&scene, "table eventlog had 1 row and has 0");
	fixture_sql("proof_rows", "SET track_counts = off; DELETE FROM users");
	assert_stale(&scene, "table users had");
}
END_TEST

START_TEST(what_is_no_row_is_named)
{
	AUTO(scene_clear) struct scene scene = scene_make("proof_catalog");
	fixture_sql("proof_catalog", "SELECT nextval('tasks_id_seq')");
	assert_stale(&scene, "sequence tasks_id_seq stood at");
	take(&scene);
	fixture_sql("proof_catalog", "SELECT lo_from_bytea(4711, 'x')");
	assert_stale(&scene, "the large objects differ");
	take(&scene);
	fixture_sql("proof_catalog", "SELECT lo_put(4711, 0, 'y')");
	assert_stale(&scene, "the large objects differ");
	take(&scene);
	fixture_sql("proof_catalog", "ALTER TABLE eventlog ADD COLUMN extra integer DEFAULT 7");
	assert_stale(&scene, "there is now: column eventlog.extra integer DEFAULT 7");
	take(&scene);
	fixture_sql("proof_catalog", "COMMENT ON TABLE users IS 'new'");
	assert_stale(&scene, "there is now: comment");
	take(&scene);
	fixture_sql("proof_catalog", "CREATE TABLE notes (t text)");
	assert_stale(&scene, "there is now: table notes");
}
END_TEST

START_TEST(open_at_the_snapshot_committed_later)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct scene scene = {.dbname = "proof_open", .store = fixture_folder()};
	fixture_engine("proof_open", "0.0.6", true);
	open_migrations(&scene);
	AUTO(db_auto) struct db *db = fixture_connect("proof_open");
	fixture_assert_ok(db_exec(db, "BEGIN; UPDATE users SET email = 'late'", &err), &err);
	take(&scene);
	/* By the moment, too: if it is the newest transaction there is, xmax is its number, which its COMMIT moves. */
	assert_fresh(&scene, NULL);
	fixture_assert_ok(db_exec(db, "COMMIT", &err), &err);
	assert_stale(&scene, "table users");
	scene_clear(&scene);
}
END_TEST

START_TEST(prepared_at_the_snapshot_committed_later)
{
	struct scene scene = {.dbname = "proof_prepared", .store = fixture_folder()};
	fixture_engine("proof_prepared", "0.0.6", true);
	open_migrations(&scene);
	fixture_sql("proof_prepared", "BEGIN; UPDATE users SET email = 'late'; PREPARE TRANSACTION 'proof'");
	take(&scene);
	assert_fresh(&scene, CONTENTS);
	fixture_sql("proof_prepared", "COMMIT PREPARED 'proof'");
	assert_stale(&scene, "table users");
	scene_clear(&scene);
}
END_TEST

/* A database that restore made from the snapshot has its own moment, recorded beside the archive. */
START_TEST(a_recorded_copy_is_fresh)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene = scene_make("proof_copy");
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	fixture_sql("postgres", "ALTER DATABASE proof_copy RENAME TO proof_copy_away");
	fixture_sql("postgres", "CREATE DATABASE proof_copy TEMPLATE proof_copy_away");
	{
		AUTO(look_clear) struct look before;
		look(&before, &scene);
		ck_assert(!before.facts.evidence.found);
		ck_assert_ptr_nonnull(strstr(before.facts.evidence.other, "replaced by another"));
	}
	struct restored_copy copy = {.moment = {.xid_snapshot = NULL}};
	AUTO(db_auto) struct db *db = fixture_connect("proof_copy");
	fixture_assert_ok(database_identity(&copy.identity, db, &err), &err);
	fixture_assert_ok(database_moment(&copy.moment, db, true, &err), &err);
	fixture_assert_ok(store_list(&list, scene.store, &err), &err);
	fixture_assert_ok(store_record_copy(scene.store, &list.entries[0], &copy, &err), &err);
	identity_clear(&copy.identity);
	moment_clear(&copy.moment);
	assert_fresh(&scene, MOMENT);
	fixture_sql("proof_copy", "UPDATE users SET email = 'x'");
	assert_stale(&scene, "table users");
}
END_TEST

START_TEST(other_snapshots_do_not_count)
{
	AUTO(scene_clear) struct scene scene = scene_make("proof_none");
	scene.dbname = "proof_none_other";
	fixture_engine("proof_none_other", "0.0.6", true);
	AUTO(look_clear) struct look seen;
	look(&seen, &scene);
	ck_assert(!seen.facts.evidence.found);
	ck_assert(seen.facts.evidence.store_known);
	ck_assert_ptr_nonnull(strstr(seen.facts.evidence.other, "another deployment or database"));
}
END_TEST

START_TEST(a_reason_instead_of_a_snapshot)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene = scene_make("proof_reason");
	AUTO(look_clear) struct look seen;
	look(&seen, &scene);
	AUTO(snapshot_proof_clear) struct snapshot_proof held = {.held = false};
	evidence_clear(&seen.facts.evidence);
	fixture_option(&seen.run, OPTION_NO_SNAPSHOT, "a copy of a copy");
	fixture_assert_ok(evidence_gather(&seen.facts, &held, &seen.run, seen.db, &err), &err);
	ck_assert_str_eq(seen.facts.evidence.skipped, "a copy of a copy");
	ck_assert(!held.held);
	fixture_option(&seen.run, OPTION_NO_SNAPSHOT, "  ");
	evidence_clear(&seen.facts.evidence);
	evidence_gather(&seen.facts, &held, &seen.run, seen.db, &err);
	fixture_assert_error(&err, ERROR_USAGE, "wants a reason");
}
END_TEST

/* ---- again, in the transaction ---- */

static int repeat(struct look *seen, struct error *err)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	int rc = db_exec(seen->db, "BEGIN; LOCK TABLE public.users IN EXCLUSIVE MODE", err);
	if (!rc)
		rc = proof_repeat(seen->db, &seen->held.entry, &seen->held.proof, err);
	db_exec(seen->db, "ROLLBACK", &ignored);
	return rc;
}

START_TEST(the_repetition)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene = scene_make("proof_repeat");
	AUTO(look_clear) struct look seen;
	look(&seen, &scene);
	ck_assert(seen.facts.evidence.fresh);
	fixture_assert_ok(repeat(&seen, &err), &err);
	fixture_sql("proof_repeat", "BEGIN; UPDATE users SET email = 'x'; ROLLBACK");
	fixture_assert_ok(repeat(&seen, &err), &err);
	fixture_sql("proof_repeat", "UPDATE users SET email = 'x'");
	repeat(&seen, &err);
	fixture_assert_error(&err, ERROR_REFUSED, "something was written after the check: table users");
}
END_TEST

START_TEST(the_repetition_looks_at_everything)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(scene_clear) struct scene scene = scene_make("proof_repeat_all");
	AUTO(look_clear) struct look seen;
	fixture_sql("proof_repeat_all", "BEGIN; UPDATE users SET email = 'x'; ROLLBACK");
	look(&seen, &scene);
	ck_assert_str_eq(seen.facts.evidence.how, CONTENTS);
	fixture_assert_ok(repeat(&seen, &err), &err);
	fixture_sql("proof_repeat_all", "SELECT nextval('tasks_id_seq')");
	repeat(&seen, &err);
	fixture_assert_error(&err, ERROR_REFUSED, "sequence tasks_id_seq");
	fixture_sql("proof_repeat_all", "ALTER TABLE users ALTER COLUMN email SET DEFAULT 'x'");
	repeat(&seen, &err);
	fixture_assert_error(&err, ERROR_REFUSED, "column users.email");
}
END_TEST

Suite *proof_suite(void)
{
	return fixture_suite("proof",
		(const TTest *const[]){fresh_by_the_moment, fresh_by_the_contents, fresh_after_a_restart,
			unlogged_tables_are_always_read, changed_rows_are_named, what_is_no_row_is_named,
			open_at_the_snapshot_committed_later, prepared_at_the_snapshot_committed_later,
			a_recorded_copy_is_fresh, other_snapshots_do_not_count, a_reason_instead_of_a_snapshot,
			the_repetition, the_repetition_looks_at_everything, NULL});
}
