#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "sample.h"
#include "unit.h"
#include "work/reader.h"
#include "work/snapshot.h"
#include "work/store.h"

#define FIRST "aaaa456789abcdef0123456789abcdef"
#define SECOND "aabb456789abcdef0123456789abcdef"
#define THIRD "cccc456789abcdef0123456789abcdef"

static void put(const char *store, const char *name, const char *id, const char *deployment, const char *version,
	time_t created, enum sample_fault fault)
{
	AUTO(mem_auto) char *path = path_join(store, name);
	AUTO(manifest_clear) struct manifest manifest;
	sample_manifest(&manifest, id, deployment, created);
	mem_replace(&manifest.db_version, mem_copy(version));
	sample_archive(path, &manifest, fault);
}

/* This deployment's two, and another's newer one. */
static const char *make_store(char **deployment)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *store = unit_folder();
	unit_assert_ok(store_deployment(deployment, store, true, &err), &err);
	put(store, "a-0.0.6-20260101T000000Z.tar", FIRST, *deployment, "0.0.6", 1000, SAMPLE_RIGHT);
	put(store, "a-0.0.7-20260102T000000Z.tar", SECOND, *deployment, "0.0.7", 2000, SAMPLE_RIGHT);
	put(store, "b.tar", THIRD, "another", "0.0.6", 3000, SAMPLE_RIGHT);
	return store;
}

static void assert_found(const char *store, const char *wanted, const char *id)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	unit_assert_ok(store_find(&entry, store, wanted, &err), &err);
	ck_assert_str_eq(entry.manifest.id, id);
}

static void assert_not_found(const char *store, const char *wanted, enum error_code code, const char *words)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	ck_assert_msg(store_find(&entry, store, wanted, &err) == (int)code, "%s: %s", wanted, err.message);
	ck_assert_ptr_nonnull(err.hint);
	ck_assert_ptr_null(entry.path);
	unit_assert_error(&err, code, words);
}

START_TEST(newest_come_first)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	const char *store = make_store(&deployment);
	unit_assert_ok(store_list(&list, store, &err), &err);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.entries[0].manifest.id, THIRD);
	ck_assert_str_eq(list.entries[2].manifest.id, FIRST);
	ck_assert_int_eq(list.entries[0].health, SNAPSHOT_WHOLE);
	ck_assert_uint_eq(list.entries[2].manifest.tables[0].content.rows, 2);
}
END_TEST

START_TEST(a_missing_store_is_empty)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct snapshot_list list = {0};
	unit_assert_ok(store_list(&list, "/nonexistent/store", &err), &err);
	ck_assert_uint_eq(list.count, 0);
	assert_not_found("/nonexistent/store", "latest", ERROR_USAGE, "no usable snapshot");
}
END_TEST

START_TEST(snapshots_are_found)
{
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = make_store(&deployment);
	AUTO(mem_auto) char *path = path_join(store, "b.tar");
	assert_found(store, "latest", SECOND);
	assert_found(store, "latest:0.0.6", FIRST);
	assert_found(store, "oldest", FIRST);
	assert_found(store, SECOND, SECOND);
	assert_found(store, "aab", SECOND);
	assert_found(store, "c", THIRD);
	assert_found(store, "b.tar", THIRD);
	assert_found(store, path, THIRD);
	assert_not_found(store, "aa", ERROR_USAGE, "2 snapshots begin with aa");
	assert_not_found(store, "dd", ERROR_USAGE, "there is no snapshot dd");
	assert_not_found(store, "", ERROR_USAGE, "there is no snapshot");
	assert_not_found(store, "latest:0.0.9", ERROR_USAGE, "at database version 0.0.9");
	assert_not_found(store, "./missing.tar", ERROR_USAGE, "there is no file");
}
END_TEST

static void assert_health(const char *store, const char *name, enum snapshot_health health, const char *why)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	unit_assert_ok(store_list(&list, store, &err), &err);
	for (size_t i = 0; i < list.count; i++) {
		const struct snapshot_entry *entry = &list.entries[i];
		if (strcmp(path_base(entry->path), name) != 0)
			continue;
		ck_assert_msg(entry->health == health && entry->why && strstr(entry->why, why), "%s: %d, %s", name,
			entry->health, entry->why ? entry->why : "nothing");
		return;
	}
	ck_abort_msg("%s is not listed", name);
}

static void write_file(const char *store, const char *name, const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(store, name);
	unit_assert_ok(file_write(path, 0600, text, strlen(text), &err), &err);
}

START_TEST(nothing_is_hidden)
{
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = make_store(&deployment);
	AUTO(mem_auto) char *folder = path_join(store, "folder.tar");
	AUTO(mem_auto) char *pipe = path_join(store, "pipe.tar");
	put(store, "cut.tar", THIRD, deployment, "0.0.6", 4000, SAMPLE_NO_MANIFEST);
	put(store, "new.tar", THIRD, deployment, "0.0.6", 5000, SAMPLE_FUTURE);
	put(store, "misplaced.tar", THIRD, deployment, "0.0.6", 5000, SAMPLE_MISPLACED);
	put(store, "folders.tar", THIRD, deployment, "0.0.6", 5000, SAMPLE_OTHER_FOLDER);
	put(store, "more.tar", THIRD, deployment, "0.0.6", 5000, SAMPLE_UNLISTED);
	write_file(store, "a-0.0.6-20260103T000000Z.tar", "");
	write_file(store, "other.tar", "hello");
	write_file(store, "readme.txt", "not listed");
	mkdir(folder, 0700);
	mkfifo(pipe, 0600);
	assert_health(store, "cut.tar", SNAPSHOT_CORRUPT, "no manifest");
	assert_health(store, "new.tar", SNAPSHOT_FUTURE, "format 2");
	assert_health(store, "misplaced.tar", SNAPSHOT_CORRUPT, "not a chunk of any table");
	assert_health(store, "folders.tar", SNAPSHOT_CORRUPT, "not a chunk of its table");
	assert_health(store, "more.tar", SNAPSHOT_CORRUPT, "members");
	assert_health(store, "a-0.0.6-20260103T000000Z.tar", SNAPSHOT_CORRUPT, "empty");
	assert_health(store, "other.tar", SNAPSHOT_FOREIGN, "");
	assert_health(store, "folder.tar", SNAPSHOT_CORRUPT, "not a plain file");
	assert_health(store, "pipe.tar", SNAPSHOT_CORRUPT, "not a plain file");
	assert_found(store, "latest", SECOND);
	assert_not_found(store, "cut.tar", ERROR_CORRUPT, "no manifest");
	assert_not_found(store, "other.tar", ERROR_CORRUPT, "is not a snapshot");
	assert_not_found(store, "new.tar", ERROR_CORRUPT, "cannot be read by this version");
}
END_TEST

START_TEST(a_damaged_copy_does_not_stand_in_the_way)
{
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = make_store(&deployment);
	put(store, "copy.tar", SECOND, deployment, "0.0.7", 2500, SAMPLE_NO_MANIFEST);
	assert_found(store, "aab", SECOND);
	assert_found(store, "latest", SECOND);
}
END_TEST

static void assert_verified(enum sample_fault fault, int expected, const char *words)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *store = unit_folder();
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	put(store, "x.tar", FIRST, "d", "0.0.6", 1000, fault);
	unit_assert_ok(store_find(&entry, store, "x.tar", &err), &err);
	int rc = snapshot_verify(&entry, 2, &err);
	ck_assert_msg(rc == expected, "%d: %s", fault, err.message ? err.message : "no error");
	if (rc)
		unit_assert_error(&err, (enum error_code)expected, words);
}

START_TEST(verify_finds_what_the_list_does_not)
{
	assert_verified(SAMPLE_RIGHT, 0, NULL);
	assert_verified(SAMPLE_LESS_ROWS, ERROR_CORRUPT, "does not hold the rows that its name says");
	assert_verified(SAMPLE_OTHER_ROW, ERROR_CORRUPT, "do not have the manifest's digest");
	assert_verified(SAMPLE_OTHER_SHA, ERROR_CORRUPT, "schema.pgdump is damaged");
	assert_verified(SAMPLE_OTHER_FRAME, ERROR_CORRUPT, "headers are not as they were written");
}
END_TEST

START_TEST(members_are_extracted)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *store = unit_folder();
	AUTO(mem_auto) char *path = path_join(store, "out");
	AUTO(mem_auto) char *text = NULL;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	AUTO(snapshot_reader_auto) struct snapshot_reader *reader = NULL;
	size_t size = 0;
	put(store, "x.tar", FIRST, "d", "0.0.6", 1000, SAMPLE_OTHER_SHA);
	unit_assert_ok(store_find(&entry, store, "x.tar", &err), &err);
	unit_assert_ok(snapshot_open(&reader, &entry, &err), &err);
	unit_assert_ok(snapshot_extract(reader, "RESTORE.txt", path, &err), &err);
	unit_assert_ok(file_read(&text, &size, path, &err), &err);
	ck_assert_str_eq(text, "text\n");
	ck_assert_int_eq(snapshot_extract(reader, "schema.pgdump", path, &err), ERROR_CORRUPT);
	ck_assert(!file_exists(path));
	ck_assert_int_eq(snapshot_extract(reader, "nothing", path, &err), ERROR_CORRUPT);
}
END_TEST

START_TEST(pins_and_copies_are_kept)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = make_store(&deployment);
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	AUTO(snapshot_entry_clear) struct snapshot_entry again = {0};
	struct restored_copy copy = {{(char *)"7000", 1, (char *)"anchore", 99, (char *)"t"},
		{(char *)"1:1:", 1, 1, 0, true}};
	unit_assert_ok(store_find(&entry, store, "latest", &err), &err);
	ck_assert(!entry.pinned);
	unit_assert_ok(store_pin(&entry, true, &err), &err);
	unit_assert_ok(store_record_copy(store, &entry, &copy, &err), &err);
	copy.moment.xmax = 5;
	/* Outside of the store nothing is kept. */
	unit_assert_ok(store_record_copy("/tmp", &entry, &copy, &err), &err);
	unit_assert_ok(store_find(&again, store, "latest", &err), &err);
	ck_assert_int_ne(again.copies[0].moment.xmax, 5);
	snapshot_entry_clear(&again);
	unit_assert_ok(store_record_copy(store, &entry, &copy, &err), &err);
	unit_assert_ok(store_find(&again, store, "latest", &err), &err);
	ck_assert(again.pinned);
	ck_assert_uint_eq(again.copy_count, 1);
	ck_assert_int_eq(again.copies[0].identity.oid, 99);
	ck_assert_int_eq(again.copies[0].moment.xmax, 5);
	unit_assert_ok(store_pin(&again, false, &err), &err);
	snapshot_entry_clear(&again);
	unit_assert_ok(store_find(&again, store, "latest", &err), &err);
	ck_assert(!again.pinned);
	ck_assert_uint_eq(again.copy_count, 1);
}
END_TEST

static void look(struct snapshot_entry *entry, const char *store)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	snapshot_entry_clear(entry);
	unit_assert_ok(store_find(entry, store, SECOND, &err), &err);
}

static void found(const char *store, struct snapshot_entry *entry, enum snapshot_check_kind kind, time_t at,
	char *message)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const struct snapshot_check check = {.at = at, .failed = message != NULL, .seconds = 1.5, .server = "15.6",
		.message = message};
	unit_assert_ok(store_record_check(store, entry, kind, &check, &err), &err);
	look(entry, store);
}

START_TEST(what_was_found_is_kept)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = make_store(&deployment);
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	look(&entry, store);
	/* Taking it was the first verification. */
	ck_assert(!snapshot_proven(&entry) && !entry.verified.at && snapshot_verified_at(&entry) == 2000);
	found(store, &entry, CHECK_PROVEN, 3000, NULL);
	ck_assert(snapshot_proven(&entry) && snapshot_verified_at(&entry) == 3000);
	ck_assert(entry.proven.seconds == 1.5);
	ck_assert_str_eq(entry.proven.server, "15.6");
	unit_assert_ok(store_pin(&entry, true, &err), &err);
	found(store, &entry, CHECK_VERIFIED, 4000, NULL);
	ck_assert(entry.pinned && snapshot_proven(&entry) && snapshot_verified_at(&entry) == 4000);
	/* Damage found later ends a proof, and a later success the damage. */
	found(store, &entry, CHECK_VERIFIED, 5000, "data/1 is damaged");
	ck_assert(!snapshot_proven(&entry) && snapshot_verified_at(&entry) == 0);
	ck_assert_str_eq(entry.verified.message, "data/1 is damaged");
	found(store, &entry, CHECK_PROVEN, 6000, NULL);
	ck_assert(snapshot_proven(&entry) && snapshot_verified_at(&entry) == 6000);
	found(store, &entry, CHECK_PROVEN, 7000, "the rows differ");
	ck_assert(!snapshot_proven(&entry));
	/* Taken while a clock was ahead: damage is damage. */
	found(store, &entry, CHECK_VERIFIED, 1500, "data/1 is damaged");
	found(store, &entry, CHECK_PROVEN, 1000, NULL);
	ck_assert(!snapshot_proven(&entry) && snapshot_verified_at(&entry) == 0);
	found(store, &entry, CHECK_PROVEN, 7000, "the rows differ");
	/* Of an archive elsewhere nothing is kept. */
	const struct snapshot_check check = {.at = 9000};
	unit_assert_ok(store_record_check("/tmp", &entry, CHECK_PROVEN, &check, &err), &err);
	look(&entry, store);
	ck_assert_int_eq(entry.proven.at, 7000);
}
END_TEST

START_TEST(a_damaged_state_counts_as_pinned)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	const char *store = make_store(&deployment);
	write_file(store, "b.tar.state", "{");
	unit_assert_ok(store_find(&entry, store, "b.tar", &err), &err);
	ck_assert(entry.pinned);
}
END_TEST

START_TEST(a_deployment_is_made_once)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *store = unit_folder();
	AUTO(mem_auto) char *none = NULL;
	AUTO(mem_auto) char *made = NULL;
	AUTO(mem_auto) char *again = NULL;
	unit_assert_ok(store_deployment(&none, store, false, &err), &err);
	ck_assert_ptr_null(none);
	unit_assert_ok(store_deployment(&made, store, true, &err), &err);
	unit_assert_ok(store_deployment(&again, store, true, &err), &err);
	ck_assert_str_eq(made, again);
	ck_assert_uint_eq(strlen(made), 36);
	ck_assert_int_eq(made[14], '4');
	write_file(store, "store.json", "{}");
	ck_assert_int_eq(store_deployment(&none, store, true, &err), ERROR_FAILED);
	unit_assert_error(&err, ERROR_FAILED, "which deployment");
}
END_TEST

START_TEST(leftovers_are_swept)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(list_clear) struct list names = LIST_INIT;
	const char *store = make_store(&deployment);
	write_file(store, ".tmp-x.tar", "x");
	unit_assert_ok(store_sweep(store, &err), &err);
	unit_assert_ok(file_list(&names, store, &err), &err);
	ck_assert_uint_eq(names.count, 4);
	ck_assert(!list_has(&names, ".tmp-x.tar"));
}
END_TEST

Suite *store_suite(void)
{
	const TTest *const tests[] = {newest_come_first, a_missing_store_is_empty, snapshots_are_found,
		nothing_is_hidden, a_damaged_copy_does_not_stand_in_the_way,
		verify_finds_what_the_list_does_not, members_are_extracted, pins_and_copies_are_kept,
		what_was_found_is_kept,
		a_damaged_state_counts_as_pinned, a_deployment_is_made_once, leftovers_are_swept, NULL};
	return unit_suite("store", tests);
}
