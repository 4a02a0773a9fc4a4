/* What `doctor` makes of what it sees. */
#include <string.h>

#include "base/mem.h"
#include "model/doctor.h"
#include "unit.h"

enum { NOW = 1800000000, DAY = 86400 };

/* The one finding, or the number index; its words and its remedy (NULL: none). */
static void expect_at(const struct findings *findings, size_t index, enum finding_level level, const char *words,
	const char *remedy)
{
	ck_assert_msg(index < findings->count, "only %zu findings", findings->count);
	const struct finding *finding = &findings->items[index];
	ck_assert_msg(finding->level == level, "%s: %s", finding_level_name(finding->level), finding->sentence);
	ck_assert_msg(strstr(finding->sentence, words), "%s", finding->sentence);
	if (remedy)
		ck_assert_msg(finding->remedy && strstr(finding->remedy, remedy), "%s",
			finding->remedy ? finding->remedy : "no remedy");
	else
		ck_assert_ptr_null(finding->remedy);
}

static void expect_one(struct findings *findings, enum finding_level level, const char *words, const char *remedy)
{
	ck_assert_uint_eq(findings->count, 1);
	expect_at(findings, 0, level, words, remedy);
	findings_clear(findings);
}

START_TEST(the_text_lists_what_to_fix_in_order)
{
	struct findings findings = {NULL, 0};
	findings_add(&findings, "settings", FINDING_OK, mem_copy("fine"), NULL);
	findings_add(&findings, "store", FINDING_PROBLEM, mem_copy("open"), mem_copy("`chmod 700 x`"));
	findings_add(&findings, "schedule", FINDING_NOTE, mem_copy("none"), mem_copy("`cron install`"));
	findings_add(&findings, "rights", FINDING_PROBLEM, mem_copy("few"), mem_copy("`ALTER ROLE`"));
	AUTO(mem_auto) char *text = findings_text(&findings);
	ck_assert_str_eq(text,
		"ok       settings    fine\n"
		"problem  store       open\n"
		"note     schedule    none\n"
		"problem  rights      few\n"
		"\nwhat to fix, in this order\n"
		"  1  store: `chmod 700 x`\n"
		"  2  rights: `ALTER ROLE`\n"
		"\nwhat may be done\n"
		"  1  schedule: `cron install`\n");
	ck_assert_uint_eq(findings_count(&findings, FINDING_PROBLEM), 2);
	findings_clear(&findings);
}
END_TEST

START_TEST(clocks_that_differ)
{
	struct findings findings = {NULL, 0};
	struct doctor_clocks clocks = {.now = NOW};
	doctor_clocks(&findings, &clocks);
	ck_assert_uint_eq(findings.count, 0);
	clocks.database_known = true;
	clocks.database = 60;
	doctor_clocks(&findings, &clocks);
	expect_one(&findings, FINDING_OK, "agree", NULL);
	clocks.database = 61;
	doctor_clocks(&findings, &clocks);
	expect_one(&findings, FINDING_PROBLEM, "1 min 01 s ahead of this machine's", "timedatectl");
	clocks.database = -7200;
	doctor_clocks(&findings, &clocks);
	expect_one(&findings, FINDING_PROBLEM, "2 h 00 min behind this machine's", "timedatectl");
	clocks = (struct doctor_clocks){.now = NOW, .newest = NOW + 60, .newest_what = "snapshot 1"};
	doctor_clocks(&findings, &clocks);
	ck_assert_uint_eq(findings.count, 0);
	clocks.newest = NOW + 61;
	doctor_clocks(&findings, &clocks);
	expect_one(&findings, FINDING_PROBLEM, "snapshot 1 is from 1 min 01 s in the future", "timedatectl");
}
END_TEST

START_TEST(settings_files)
{
	struct findings findings = {NULL, 0};
	struct doctor_file file = {.path = "/e/a.yaml", .found = true, .usable = true, .mode = 0644};
	doctor_settings_file(&findings, &file, false);
	expect_one(&findings, FINDING_OK, "mode 0644", NULL);
	doctor_settings_file(&findings, &file, true);
	expect_one(&findings, FINDING_PROBLEM, "holds a password and can be read by others", "`chmod 600 /e/a.yaml`");
	file.mode = 0600;
	doctor_settings_file(&findings, &file, true);
	expect_one(&findings, FINDING_OK, "mode 0600", NULL);
	file.mode = 0646;
	doctor_settings_file(&findings, &file, false);
	expect_one(&findings, FINDING_PROBLEM, "can be written by others", "`chmod go-w /e/a.yaml`");
	file.mode = 0600;
	file.foreign = true;
	doctor_settings_file(&findings, &file, false);
	expect_one(&findings, FINDING_PROBLEM, "belongs to another user", "`chown root /e/a.yaml`");
}
END_TEST

START_TEST(stores)
{
	struct findings findings = {NULL, 0};
	struct doctor_store store = {.file = {.path = "/s", .found = true, .folder = true, .usable = true,
		.mode = 0700}};
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_OK, "/s", NULL);
	store.file.mode = 0750;
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_PROBLEM, "others may look into /s", "`chmod 700 /s`");
	store.file.foreign = true;
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_PROBLEM, "/s belongs to another user", "chown -R");
	store.file.usable = false;
	store.file.read_only = true;
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_PROBLEM, "the file system of /s is read-only", "remount,rw");
	store.file.read_only = false;
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_PROBLEM, "may not write", "`ls -ld /s`");
	store.file.folder = false;
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_PROBLEM, "is no folder", "`store`");
	store.file.found = false;
	doctor_store(&findings, &store);
	expect_one(&findings, FINDING_NOTE, "no folder /s yet", "`anchore-admin backup`");
	store.file = (struct doctor_file){.path = "/s", .found = true, .folder = true, .usable = true, .mode = 0700};
	for (int i = 0; i < 5; i++)
		list_addf(&store.corrupt, "%d.tar: cut", i);
	list_add(&store.foreign, "mine.tar");
	list_add(&store.leftovers, ".tmp-1");
	doctor_store(&findings, &store);
	ck_assert_uint_eq(findings.count, 3);
	expect_at(&findings, 0, FINDING_PROBLEM, "0.tar: cut; 1.tar: cut; 2.tar: cut; and 2 more", "snapshot list");
	expect_at(&findings, 1, FINDING_NOTE, "mine.tar", "another folder");
	expect_at(&findings, 2, FINDING_NOTE, "killed left .tmp-1", "backup");
	findings_clear(&findings);
	store.lost = "1-2";
	doctor_store(&findings, &store);
	expect_at(&findings, 0, FINDING_PROBLEM, "store.json is gone",
		"`echo '{\"deployment\": \"1-2\"}' >/s/store.json`");
	findings_clear(&findings);
	store.lost = NULL;
	/* Of a run that goes on they are its work. */
	store.holder = 4711;
	doctor_store(&findings, &store);
	expect_at(&findings, 2, FINDING_NOTE, "process 4711 works", NULL);
	findings_clear(&findings);
	list_clear(&store.corrupt);
	list_clear(&store.foreign);
	list_clear(&store.leftovers);
}
END_TEST

START_TEST(snapshots_by_age)
{
	struct findings findings = {NULL, 0};
	struct doctor_snapshots snapshots = {.now = NOW};
	doctor_snapshots(&findings, &snapshots);
	expect_one(&findings, FINDING_PROBLEM, "none of this deployment", "`anchore-admin backup`");
	snapshots = (struct doctor_snapshots){.now = NOW, .found = true, .id = "0123456789abcdef",
		.created = NOW - DAY, .proven = NOW - 10 * DAY, .proven_id = "fedcba9876543210"};
	doctor_snapshots(&findings, &snapshots);
	ck_assert_uint_eq(findings.count, 2);
	expect_at(&findings, 0, FINDING_OK, "the newest, 0123456789ab, is 1 d 00 h old", NULL);
	expect_at(&findings, 1, FINDING_OK, "fedcba987654 was proven", NULL);
	findings_clear(&findings);
	/* Old, but still what the database is: another one would say no more. */
	snapshots.created = NOW - DOCTOR_SNAPSHOT_OLD - 1;
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 0, FINDING_PROBLEM, "old", "`anchore-admin backup`");
	findings_clear(&findings);
	snapshots.fresh_known = snapshots.fresh = true;
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 0, FINDING_OK, "nothing was written since", NULL);
	findings_clear(&findings);
	snapshots.fresh = false;
	snapshots.created = NOW - 3601;
	snapshots.max_age = 3600;
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 0, FINDING_PROBLEM, "takes reading the rows", "`anchore-admin backup`");
	findings_clear(&findings);
}
END_TEST

START_TEST(proofs)
{
	struct findings findings = {NULL, 0};
	struct doctor_snapshots snapshots = {.now = NOW, .found = true, .id = "0123456789abcdef", .created = NOW};
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 1, FINDING_NOTE, "none is proven", "`anchore-admin snapshot verify --restore`");
	findings_clear(&findings);
	snapshots.wants_proven = true;
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 1, FINDING_PROBLEM, "none is proven", "`anchore-admin snapshot verify --restore`");
	findings_clear(&findings);
	snapshots.proven = NOW - DOCTOR_PROOF_OLD - 1;
	snapshots.proven_id = "fedcba9876543210";
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 1, FINDING_NOTE, "fedcba987654, was that", "`anchore-admin snapshot verify --restore`");
	findings_clear(&findings);
	list_add(&snapshots.damaged, "aaaa");
	list_add(&snapshots.unproven, "bbbb: the rows differ");
	doctor_snapshots(&findings, &snapshots);
	expect_at(&findings, 0, FINDING_PROBLEM, "found damaged when they were read: aaaa", "backup");
	expect_at(&findings, 1, FINDING_PROBLEM, "could not be restored: bbbb: the rows differ", "--restore");
	findings_clear(&findings);
	list_clear(&snapshots.damaged);
	list_clear(&snapshots.unproven);
}
END_TEST

START_TEST(databases)
{
	struct findings findings = {NULL, 0};
	struct facts facts;
	facts_init(&facts);
	facts.database = mem_copy("anchore");
	facts.user = mem_copy("engine");
	facts.version = (struct version){{0, 0, 6}};
	doctor_database(&findings, &facts);
	ck_assert_uint_eq(findings.count, 2);
	expect_at(&findings, 0, FINDING_OK, "\"anchore\" is at version 0.0.6", NULL);
	expect_at(&findings, 1, FINDING_OK, "what version 0.0.6 has", NULL);
	findings_clear(&findings);
	list_add(&facts.shape.blocking, "missing: column users.email");
	facts.standby = true;
	doctor_database(&findings, &facts);
	expect_at(&findings, 1, FINDING_PROBLEM, "1 difference, the first: missing: column users.email", "db check");
	expect_at(&findings, 2, FINDING_PROBLEM, "standby", "`database`");
	findings_clear(&findings);
	facts.shape.half_upgraded = true;
	facts.shape.first = facts.version;
	facts.shape.last = (struct version){{0, 0, 7}};
	doctor_database(&findings, &facts);
	expect_at(&findings, 1, FINDING_PROBLEM, "half", "");
	findings_clear(&findings);
	facts_clear(&facts);
}
END_TEST

START_TEST(rights)
{
	struct findings findings = {NULL, 0};
	struct facts facts;
	facts_init(&facts);
	facts.database = mem_copy("anchore");
	facts.user = mem_copy("engine");
	doctor_rights(&findings, &facts, true);
	expect_one(&findings, FINDING_OK, "may back up, upgrade and restore", NULL);
	list_add(&facts.not_owned, "users (owner bob)");
	list_add(&facts.not_allowed, "create tables in schema public");
	facts.no_temporary = mem_copy("engine");
	doctor_rights(&findings, &facts, false);
	ck_assert_uint_eq(findings.count, 4);
	expect_at(&findings, 0, FINDING_PROBLEM, "may not create databases", "`ALTER ROLE \"engine\" CREATEDB`");
	expect_at(&findings, 1, FINDING_PROBLEM, "does not own 1 relation: users (owner bob)", "`database`");
	expect_at(&findings, 2, FINDING_PROBLEM, "may not create tables", "GRANT CREATE");
	expect_at(&findings, 3, FINDING_PROBLEM, "temporary tables",
		"`GRANT TEMPORARY ON DATABASE \"anchore\" TO \"engine\"`");
	findings_clear(&findings);
	facts_clear(&facts);
}
END_TEST

START_TEST(jobs)
{
	struct findings findings = {NULL, 0};
	struct doctor_schedule none = {.remedy = "`systemctl status cron`", .now = NOW}, job = none;
	list_add(&job.where, "/etc/cron.d/x");
	doctor_schedule(&findings, &none);
	expect_one(&findings, FINDING_NOTE, "no scheduled job is installed", "`anchore-admin cron install`");
	doctor_schedule(&findings, &job);
	expect_one(&findings, FINDING_NOTE, "/etc/cron.d/x has not run yet", "`anchore-admin cron run`");
	/* It is no excuse for ever. */
	job.missed = 2;
	doctor_schedule(&findings, &job);
	expect_one(&findings, FINDING_PROBLEM, "was due 2 times since it was installed, and has never run",
		"systemctl status cron");
	job.missed = 0;
	none.attempt.last = none.attempt.success = job.attempt.last = job.attempt.success = NOW - DAY / 2;
	doctor_schedule(&findings, &job);
	expect_one(&findings, FINDING_OK, "succeeded 12 h 00 min ago", NULL);
	doctor_schedule(&findings, &none);
	expect_one(&findings, FINDING_OK, "nothing on this machine starts it", NULL);
	job.attempt.begun = NOW - 3600;
	job.killed = true;
	doctor_schedule(&findings, &job);
	expect_one(&findings, FINDING_PROBLEM, "was ended before it was done", "`anchore-admin cron run`");
	job.killed = false;
	job.unit = "x.timer";
	doctor_schedule(&findings, &job);
	ck_assert_uint_eq(findings.count, 2);
	expect_at(&findings, 0, FINDING_PROBLEM, "x.timer is not enabled", "`systemctl enable --now x.timer`");
	findings_clear(&findings);
	job.unit = NULL;
	job.missed = 3;
	doctor_schedule(&findings, &job);
	expect_one(&findings, FINDING_PROBLEM, "was due 3 times since it last ran", "systemctl status cron");
	none.attempt.failing_since = job.attempt.failing_since = NOW - 60;
	none.attempt.message = job.attempt.message = "the disk is full";
	none.attempt.hint = job.attempt.hint = "make room";
	doctor_schedule(&findings, &job);
	expect_one(&findings, FINDING_PROBLEM, "the disk is full", "make room");
	/* Also where nobody knows what starts it. */
	doctor_schedule(&findings, &none);
	expect_one(&findings, FINDING_PROBLEM, "the disk is full", "make room");
	list_clear(&job.where);
}
END_TEST

START_TEST(words_of_a_shell)
{
	static const char *const pairs[][2] = {{"/a/b-c.d_1", "/a/b-c.d_1"}, {"/my disk", "'/my disk'"},
		{"/x;reboot", "'/x;reboot'"}, {"/it's", "'/it'\\''s'"}, {"/$(x)`y`", "'/$(x)`y`'"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		AUTO(mem_auto) char *word = doctor_word(pairs[i][0]);
		ck_assert_str_eq(word, pairs[i][1]);
	}
}
END_TEST

Suite *doctor_suite(void)
{
	const TTest *const tests[] = {the_text_lists_what_to_fix_in_order, clocks_that_differ, settings_files, stores,
		snapshots_by_age,
		proofs, databases, rights, jobs, words_of_a_shell, NULL};
	return unit_suite("doctor", tests);
}
