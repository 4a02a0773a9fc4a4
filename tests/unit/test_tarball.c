#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/tarball.h"
#include "unit.h"

static void write_two(const char *path)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct tarball_writer *writer = NULL;
	unit_assert_ok(tarball_create(&writer, path, 1000000000, &err), &err);
	unit_assert_ok(tarball_add(writer, "one", "first", 5, &err), &err);
	unit_assert_ok(tarball_begin(writer, "folder/two", 7, &err), &err);
	unit_assert_ok(tarball_data(writer, "sec", 3, &err), &err);
	unit_assert_ok(tarball_data(writer, "ond\n", 4, &err), &err);
	unit_assert_ok(tarball_end(writer, &err), &err);
	unit_assert_ok(tarball_finish(writer, &err), &err);
}

/* The damage that is found in a file with these bytes, owned; NULL: none. */
static char *damage_of(const void *bytes, size_t size)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	struct tarball tarball;
	unit_assert_ok(file_write(path, 0600, bytes, size, &err), &err);
	unit_assert_ok(tarball_open(&tarball, path, &err), &err);
	char *damage = mem_take(&tarball.damage);
	tarball_close(&tarball);
	return damage;
}

/* A header by hand, of what the writer would never make. */
static void put_header(char *block, const char *name, char type, const char *link)
{
	unsigned sum = 0;
	memset(block, 0, 512);
	snprintf(block, 100, "%s", name);
	memcpy(block + 100, "0000600", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	memcpy(block + 124, "00000000000", 12);
	memcpy(block + 136, "00000000000", 12);
	memset(block + 148, ' ', 8);
	block[156] = type;
	snprintf(block + 157, 100, "%s", link);
	memcpy(block + 257, "ustar\00000", 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
}

static void assert_refused(const char *name, char type, const char *link, const char *words)
{
	char blocks[3 * 512] = {0};
	put_header(blocks, name, type, link);
	AUTO(mem_auto) char *damage = damage_of(blocks, sizeof blocks);
	ck_assert_msg(damage && strstr(damage, words), "%s: %s", name, damage ? damage : "no damage");
}

START_TEST(members_come_back)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	struct tarball tarball;
	struct stat status;
	char data[8] = "";
	write_two(path);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	unit_assert_ok(tarball_open(&tarball, path, &err), &err);
	ck_assert_ptr_null(tarball.damage);
	ck_assert_uint_eq(tarball.count, 2);
	ck_assert_str_eq(tarball.members[1].name, "folder/two");
	const struct tarball_member *two = &tarball.members[1];
	unit_assert_ok(tarball_read(&tarball, two, 0, data, 7, &err), &err);
	ck_assert_str_eq(data, "second\n");
	unit_assert_ok(tarball_read(&tarball, two, 3, data, 3, &err), &err);
	ck_assert_int_eq(memcmp(data, "ond", 3), 0);
	ck_assert_int_eq(tarball_read(&tarball, two, 3, data, 5, &err), ERROR_CORRUPT);
	unit_assert_ok(tarball_tail(&tarball, &err), &err);
	tarball_close(&tarball);
}
END_TEST

START_TEST(counts_are_checked)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	AUTO(tarball_abandon_auto) struct tarball_writer *writer = NULL;
	unit_assert_ok(tarball_create(&writer, path, 0, &err), &err);
	unit_assert_ok(tarball_begin(writer, "one", 5, &err), &err);
	ck_assert_int_eq(tarball_data(writer, "longer", 6, &err), ERROR_FAILED);
	unit_assert_error(&err, ERROR_FAILED, "longer than announced");
	unit_assert_ok(tarball_data(writer, "shor", 4, &err), &err);
	ck_assert_int_eq(tarball_end(writer, &err), ERROR_FAILED);
	unit_assert_error(&err, ERROR_FAILED, "shorter than announced");
}
END_TEST

START_TEST(a_file_is_never_overwritten)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	struct tarball_writer *writer = NULL;
	write_two(path);
	ck_assert_int_eq(tarball_create(&writer, path, 0, &err), ERROR_FAILED);
	ck_assert_ptr_null(writer);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	AUTO(tarball_abandon_auto) struct tarball_writer *writer = NULL;
	unit_assert_ok(tarball_create(&writer, path, 0, &err), &err);
	/* The writer's descriptor is the newest one. */
	int full = open("/dev/full", O_WRONLY), mine = full - 1;
	if (full < 0 || dup2(full, mine) < 0)
		return;
	ck_assert_int_eq(tarball_add(writer, "one", "first", 5, &err), ERROR_NO_SPACE);
	close(full);
}
END_TEST

START_TEST(the_frame_is_the_same_for_both_sides)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	struct tarball_writer *writer = NULL;
	struct tarball tarball;
	char written[65], read[65];
	unit_assert_ok(tarball_create(&writer, path, 0, &err), &err);
	unit_assert_ok(tarball_add(writer, "one", "first", 5, &err), &err);
	unit_assert_ok(tarball_begin(writer, "two", 6, &err), &err);
	tarball_frame(writer, written);
	unit_assert_ok(tarball_data(writer, "second", 6, &err), &err);
	unit_assert_ok(tarball_end(writer, &err), &err);
	unit_assert_ok(tarball_finish(writer, &err), &err);
	unit_assert_ok(tarball_open(&tarball, path, &err), &err);
	unit_assert_ok(tarball_frame_of(&tarball, 1, read, &err), &err);
	ck_assert_str_eq(written, read);
	tarball_close(&tarball);
}
END_TEST

START_TEST(cut_archives_are_damaged)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	AUTO(mem_auto) char *bytes = NULL;
	size_t size = 0;
	write_two(path);
	unit_assert_ok(file_read(&bytes, &size, path, &err), &err);
	ck_assert_uint_eq(size, 6 * 512);
	/* Within the second member's data; within a header; at the very start. */
	const size_t cuts[] = {3 * 512 + 6, 2 * 512 + 100, 511, 1, 0};
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		AUTO(mem_auto) char *damage = damage_of(bytes, cuts[i]);
		ck_assert_msg(damage != NULL, "cut at %zu", cuts[i]);
	}
	AUTO(mem_auto) char *garbage = damage_of("this is no archive, and never was", 33);
	ck_assert_ptr_nonnull(garbage);
}
END_TEST

START_TEST(the_tail_must_be_zeros)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "x.tar");
	struct tarball tarball;
	write_two(path);
	unit_assert_ok(file_append(path, "x", 1, &err), &err);
	unit_assert_ok(tarball_open(&tarball, path, &err), &err);
	ck_assert_int_eq(tarball_tail(&tarball, &err), ERROR_CORRUPT);
	tarball_close(&tarball);
}
END_TEST

START_TEST(unsafe_members_are_refused)
{
	assert_refused("/etc/passwd", '0', "", "unsafe name");
	assert_refused("../x", '0', "", "unsafe name");
	assert_refused("a/../../x", '0', "", "unsafe name");
	assert_refused("a/..", '0', "", "unsafe name");
	assert_refused("link", '2', "/etc/passwd", "not a plain file");
	assert_refused("hard", '1', "one", "not a plain file");
	assert_refused("device", '3', "", "not a plain file");
	assert_refused("pipe", '6', "", "not a plain file");
	assert_refused("folder", '5', "", "not a plain file");
	char twice[4 * 512] = {0};
	put_header(twice, "same", '0', "");
	put_header(twice + 512, "same", '0', "");
	AUTO(mem_auto) char *damage = damage_of(twice, sizeof twice);
	ck_assert_str_eq(damage, "it has the member same twice");
	char fine[3 * 512] = {0};
	put_header(fine, "..a/b..", '0', "");
	AUTO(mem_auto) char *none = damage_of(fine, sizeof fine);
	ck_assert_ptr_null(none);
}
END_TEST

Suite *tarball_suite(void)
{
	const TTest *const tests[] = {members_come_back, counts_are_checked, a_file_is_never_overwritten,
		a_full_disk_is_told, the_frame_is_the_same_for_both_sides, cut_archives_are_damaged,
		the_tail_must_be_zeros,
		unsafe_members_are_refused, NULL};
	return unit_suite("tarball", tests);
}
