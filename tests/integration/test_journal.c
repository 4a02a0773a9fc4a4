#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "work/journal.h"

static struct journal_entry sample(const char *run)
{
	struct journal_entry entry = {
		.run = mem_copy(run), .command = mem_copy("upgrade"), .at = 1795437296, .by = mem_copy("op@host"),
		.tool_version = mem_copy("0.1.0"), .from = mem_copy("0.0.6"), .to = mem_copy("0.0.7"),
		.reason = mem_copy("it's \"odd\""),
	};
	list_add(&entry.edges, "0.0.6--0.0.7.sql 0123");
	return entry;
}

static void record(const char *dbname, const struct journal_entry *entry)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(db_auto) struct db *db = fixture_connect(dbname);
	fixture_assert_ok(db_exec(db, "BEGIN", &err), &err);
	fixture_assert_ok(journal_record(db, entry, &err), &err);
	fixture_assert_ok(db_exec(db, "COMMIT", &err), &err);
}

static void append_text(const char *store, const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(store, "journal.jsonl");
	fixture_assert_ok(file_append(path, text, strlen(text), &err), &err);
}

START_TEST(entry_knows_its_run)
{
	struct run run = {.command = "backup", .id = (char *)"0123456789abcdef"};
	AUTO(journal_entry_clear) struct journal_entry entry;
	journal_entry_init(&entry, &run);
	ck_assert_str_eq(entry.run, "0123456789abcdef");
	ck_assert_str_eq(entry.command, "backup");
	ck_assert_int_gt(entry.at, 0);
	ck_assert_ptr_nonnull(strchr(entry.by, '@'));
	ck_assert_ptr_nonnull(entry.tool_version);
	ck_assert_ptr_null(entry.from);
}
END_TEST

START_TEST(nothing_is_an_empty_journal)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_clear) struct journal journal = {0};
	fixture_database("journal_none");
	AUTO(mem_auto) char *store = fixture_folder();
	AUTO(db_auto) struct db *db = fixture_connect("journal_none");
	fixture_assert_ok(journal_read(&journal, NULL, NULL, &err), &err);
	ck_assert_uint_eq(journal.count, 0);
	fixture_assert_ok(journal_read(&journal, store, db, &err), &err);
	ck_assert_uint_eq(journal.count, 0);
	fixture_assert_ok(journal_read(&journal, "/no/such/store", NULL, &err), &err);
	ck_assert_uint_eq(journal.count, 0);
	/* Reading makes nothing. */
	fixture_assert_scalar("journal_none", "SELECT count(*) FROM pg_namespace WHERE nspname = 'anchore_admin'", "0");
}
END_TEST

START_TEST(row_and_lines_are_joined)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_entry_clear) struct journal_entry entry = sample("00000000000000aa");
	AUTO(mem_auto) char *store = fixture_folder();
	fixture_database("journal_joined");
	fixture_assert_ok(journal_started(store, &entry, &err), &err);
	entry.snapshot = mem_copy("abc");
	record("journal_joined", &entry);
	journal_ended(store, &entry, NULL);
	AUTO(db_auto) struct db *db = fixture_connect("journal_joined");
	AUTO(journal_clear) struct journal journal = {0};
	fixture_assert_ok(journal_read(&journal, store, db, &err), &err);
	ck_assert_uint_eq(journal.count, 1);
	const struct journal_entry *read = &journal.entries[0];
	ck_assert(read->in_file && read->in_database);
	ck_assert_str_eq(read->run, entry.run);
	ck_assert_str_eq(read->command, "upgrade");
	ck_assert_int_eq(read->at, entry.at);
	ck_assert_str_eq(read->by, "op@host");
	ck_assert_str_eq(read->tool_version, "0.1.0");
	ck_assert_str_eq(read->from, "0.0.6");
	ck_assert_str_eq(read->to, "0.0.7");
	ck_assert_str_eq(read->snapshot, "abc");
	ck_assert_ptr_null(read->commit);
	ck_assert_str_eq(read->reason, "it's \"odd\"");
	ck_assert_str_eq(read->outcome, "done");
	ck_assert_uint_eq(read->edges.count, 1);
	ck_assert_str_eq(read->edges.items[0], "0.0.6--0.0.7.sql 0123");
	struct stat status;
	AUTO(mem_auto) char *path = path_join(store, "journal.jsonl");
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(row_decides)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *store = fixture_folder();
	fixture_database("journal_decides");
	AUTO(journal_entry_clear) struct journal_entry done = sample("00000000000000ab");
	AUTO(journal_entry_clear) struct journal_entry killed = sample("00000000000000ac");
	AUTO(journal_entry_clear) struct journal_entry failed = sample("00000000000000ad");
	AUTO(journal_entry_clear) struct journal_entry refused = sample("00000000000000ae");
	/* Committed, then killed before the last line. */
	fixture_assert_ok(journal_started(store, &done, &err), &err);
	record("journal_decides", &done);
	fixture_assert_ok(journal_started(store, &killed, &err), &err);
	struct error why = ERROR_INIT;
	fixture_assert_ok(journal_started(store, &failed, &err), &err);
	error_set(&why, ERROR_FAILED, "division by zero");
	journal_ended(store, &failed, &why);
	fixture_assert_ok(journal_started(store, &refused, &err), &err);
	error_set(&why, ERROR_REFUSED, "not fresh");
	journal_ended(store, &refused, &why);
	error_clear(&why);
	AUTO(db_auto) struct db *db = fixture_connect("journal_decides");
	AUTO(journal_clear) struct journal journal = {0};
	fixture_assert_ok(journal_read(&journal, store, db, &err), &err);
	ck_assert_uint_eq(journal.count, 4);
	ck_assert_str_eq(journal.entries[0].outcome, "done");
	ck_assert_ptr_null(journal.entries[1].outcome);
	ck_assert_str_eq(journal.entries[2].outcome, "failed");
	ck_assert_str_eq(journal.entries[2].message, "division by zero");
	ck_assert_str_eq(journal.entries[3].outcome, "refused");
	ck_assert(!journal.entries[3].in_database);
}
END_TEST

START_TEST(damaged_lines_are_left_out)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *store = fixture_folder();
	AUTO(journal_entry_clear) struct journal_entry first = sample("00000000000000ba");
	AUTO(journal_entry_clear) struct journal_entry second = sample("00000000000000bb");
	fixture_assert_ok(journal_started(store, &first, &err), &err);
	append_text(store, "{}\n[1]\nnull\n{\"run\":\"x\",\"event\":\"started\",\"at\":\"yesterday\"}\n\n");
	append_text(store, "{\"event\":\"ended\",\"run\":\"00000000000000ba\",\"at\":\"2026-1");
	/* The line that a power cut left half does not swallow the next one. */
	fixture_assert_ok(journal_started(store, &second, &err), &err);
	AUTO(journal_clear) struct journal journal = {0};
	fixture_assert_ok(journal_read(&journal, store, NULL, &err), &err);
	ck_assert_uint_eq(journal.count, 2);
	ck_assert_str_eq(journal.entries[0].run, first.run);
	ck_assert_ptr_null(journal.entries[0].outcome);
	ck_assert_str_eq(journal.entries[1].run, second.run);
}
END_TEST

START_TEST(one_row_a_run)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_entry_clear) struct journal_entry entry = sample("00000000000000ca");
	fixture_database("journal_once");
	record("journal_once", &entry);
	AUTO(db_auto) struct db *db = fixture_connect("journal_once");
	ck_assert_int_ne(journal_record(db, &entry, &err), 0);
	fixture_assert_error(&err, ERROR_FAILED, "journal");
	fixture_assert_scalar("journal_once", "SELECT count(*) FROM anchore_admin.journal", "1");
	fixture_assert_scalar("journal_once", "SELECT started_at AT TIME ZONE 'UTC' FROM anchore_admin.journal",
		"2026-11-23 12:34:56");
}
END_TEST

START_TEST(two_runs_at_once)
{
	fixture_database("journal_two");
	static const char *const runs[] = {"00000000000000d0", "00000000000000d1", "00000000000000d2",
		"00000000000000d3"};
	pid_t children[4];
	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		struct journal_entry entry = sample(runs[i]);
		record("journal_two", &entry);
		journal_entry_clear(&entry);
		_exit(0);
	}
	fixture_assert_children(children, 4);
	fixture_assert_scalar("journal_two", "SELECT count(*) FROM anchore_admin.journal", "4");
}
END_TEST

START_TEST(rolled_back_is_not_recorded)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_entry_clear) struct journal_entry entry = sample("00000000000000ea");
	fixture_database("journal_rollback");
	AUTO(db_auto) struct db *db = fixture_connect("journal_rollback");
	fixture_assert_ok(db_exec(db, "BEGIN", &err), &err);
	fixture_assert_ok(journal_record(db, &entry, &err), &err);
	fixture_assert_ok(db_exec(db, "ROLLBACK", &err), &err);
	AUTO(journal_clear) struct journal journal = {0};
	fixture_assert_ok(journal_read(&journal, NULL, db, &err), &err);
	ck_assert_uint_eq(journal.count, 0);
}
END_TEST

START_TEST(journal_is_carried_over)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_entry_clear) struct journal_entry old = sample("00000000000000fa");
	AUTO(journal_entry_clear) struct journal_entry both = sample("00000000000000fb");
	AUTO(journal_entry_clear) struct journal_entry mine = sample("00000000000000fc");
	fixture_database("journal_from");
	fixture_database("journal_to");
	fixture_database("journal_bare");
	record("journal_from", &old);
	record("journal_from", &both);
	record("journal_to", &both);
	record("journal_to", &mine);
	/* A column of a later version of the program is no obstacle. */
	fixture_sql("journal_from", "ALTER TABLE anchore_admin.journal ADD COLUMN later text DEFAULT 'x'");
	AUTO(db_auto) struct db *from = fixture_connect("journal_from");
	AUTO(db_auto) struct db *to = fixture_connect("journal_to");
	AUTO(db_auto) struct db *bare = fixture_connect("journal_bare");
	fixture_assert_ok(journal_carry_over(to, from, &err), &err);
	fixture_assert_ok(journal_carry_over(to, from, &err), &err);
	fixture_assert_scalar("journal_to",
		"SELECT string_agg(right(run, 2), ' ' ORDER BY run) FROM anchore_admin.journal", "fa fb fc");
	fixture_assert_scalar("journal_to", "SELECT edges->>0 FROM anchore_admin.journal WHERE run LIKE '%fa'",
		"0.0.6--0.0.7.sql 0123");
	/* From nowhere comes nothing, to nowhere the table is made. */
	fixture_assert_ok(journal_carry_over(to, bare, &err), &err);
	fixture_assert_scalar("journal_bare", "SELECT to_regclass('anchore_admin.journal')", NULL);
	fixture_assert_ok(journal_carry_over(bare, to, &err), &err);
	fixture_assert_scalar("journal_bare", "SELECT count(*) FROM anchore_admin.journal", "3");
}
END_TEST

START_TEST(unwritable_store)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(journal_entry_clear) struct journal_entry entry = sample("00000000000000ff");
	ck_assert_int_ne(journal_started("/no/such/store", &entry, &err), 0);
	fixture_assert_error(&err, ERROR_FAILED, "/no/such/store/journal.jsonl");
	/* Only a warning: what the run did is done. */
	journal_ended("/no/such/store", &entry, NULL);
}
END_TEST

Suite *journal_suite(void)
{
	return fixture_suite("journal", (const TTest *const[]){entry_knows_its_run, nothing_is_an_empty_journal,
		row_and_lines_are_joined, row_decides, damaged_lines_are_left_out, one_row_a_run, two_runs_at_once,
		rolled_back_is_not_recorded, journal_is_carried_over, unwritable_store, NULL});
}
