#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "unit.h"

static void assert_holds(const char *path, const char *expected)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *data = NULL;
	size_t size = 0;
	unit_assert_ok(file_read(&data, &size, path, &err), &err);
	ck_assert_str_eq(data, expected);
	ck_assert_uint_eq(size, strlen(expected));
}

START_TEST(paths)
{
	AUTO(mem_auto) char *joined = path_join("/a", "b");
	ck_assert_str_eq(joined, "/a/b");
	mem_replace(&joined, path_join("/a/", "b"));
	ck_assert_str_eq(joined, "/a/b");
	mem_replace(&joined, path_join("/a", "/b"));
	ck_assert_str_eq(joined, "/b");
	mem_replace(&joined, path_join(NULL, "b"));
	ck_assert_str_eq(joined, "b");
	ck_assert_str_eq(path_base("/a/b"), "b");
	ck_assert_str_eq(path_base("b"), "b");
	mem_replace(&joined, path_directory("/a/b"));
	ck_assert_str_eq(joined, "/a");
	mem_replace(&joined, path_directory("/a"));
	ck_assert_str_eq(joined, "/");
	mem_replace(&joined, path_directory("a"));
	ck_assert_str_eq(joined, ".");
	AUTO(mem_auto) char *absolute = path_absolute("./x");
	ck_assert_int_eq(absolute[0], '/');
	ck_assert(strstr(absolute, "/./") == NULL);
	mem_replace(&absolute, path_absolute("/x"));
	ck_assert_str_eq(absolute, "/x");
}
END_TEST

START_TEST(write_is_whole_and_private)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "file");
	ck_assert(!file_exists(path));
	unit_assert_ok(file_write(path, 0600, "one", 3, &err), &err);
	assert_holds(path, "one");
	unit_assert_ok(file_write(path, 0640, "", 0, &err), &err);
	assert_holds(path, "");
	struct stat status;
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0640);
	AUTO(mem_auto) char *folder = path_directory(path);
	AUTO(list_clear) struct list names = LIST_INIT;
	unit_assert_ok(file_list(&names, folder, &err), &err);
	ck_assert_uint_eq(names.count, 1);
}
END_TEST

START_TEST(append_adds)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "journal");
	unit_assert_ok(file_append(path, "a\n", 2, &err), &err);
	unit_assert_ok(file_append(path, "b\n", 2, &err), &err);
	assert_holds(path, "a\nb\n");
}
END_TEST

START_TEST(failures_name_the_path)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "missing/file");
	char *data = NULL;
	size_t size = 7;
	ck_assert_int_ne(file_read(&data, &size, path, &err), 0);
	ck_assert_ptr_null(data);
	ck_assert_uint_eq(size, 7);
	unit_assert_error(&err, ERROR_FAILED, path);
	ck_assert_int_ne(file_write(path, 0600, "x", 1, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "missing/file");
	ck_assert_int_ne(file_append(path, "x", 1, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, path);
	AUTO(list_clear) struct list names = LIST_INIT;
	ck_assert_int_ne(file_list(&names, path, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, path);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(file_write_all(fd, "x", 1, &err), 0);
	file_close(&fd);
	ck_assert_int_eq(fd, -1);
	unit_assert_error(&err, ERROR_NO_SPACE, NULL);
}
END_TEST

START_TEST(trees_come_and_go)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *folder = unit_folder();
	AUTO(mem_auto) char *deep = path_join(folder, "a/b/c");
	unit_assert_ok(file_make_directories(deep, 0700, &err), &err);
	unit_assert_ok(file_make_directories(deep, 0700, &err), &err);
	ck_assert(file_is_directory(deep));
	AUTO(mem_auto) char *file = path_join(deep, "f");
	unit_assert_ok(file_write(file, 0600, "x", 1, &err), &err);
	ck_assert(!file_is_directory(file));
	AUTO(mem_auto) char *below = path_join(file, "d");
	ck_assert_int_ne(file_make_directories(below, 0700, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, file);
	/* A link to a folder goes, what it leads to stays. */
	AUTO(mem_auto) char *other = path_join(folder, "other");
	AUTO(mem_auto) char *link = path_join(folder, "a/link");
	unit_assert_ok(file_make_directories(other, 0700, &err), &err);
	ck_assert_int_eq(symlink(other, link), 0);
	AUTO(mem_auto) char *top = path_join(folder, "a");
	unit_assert_ok(file_remove(top, &err), &err);
	unit_assert_ok(file_remove(top, &err), &err);
	ck_assert(!file_exists(top));
	ck_assert(file_is_directory(other));
}
END_TEST

START_TEST(space_is_known)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	uint64_t bytes = 0;
	unit_assert_ok(file_space(&bytes, "/", &err), &err);
	ck_assert_uint_gt(bytes, 0);
	ck_assert_int_ne(file_space(&bytes, "/no/such/folder", &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "/no/such/folder");
}
END_TEST

START_TEST(lock_is_exclusive_and_dies_with_its_holder)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "lock");
	int ready[2], go[2];
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(go), 0);
	pid_t child = fork();
	if (child == 0) {
		int held = -1;
		char byte = file_lock(&held, path, &err) ? 'n' : 'y';
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	char byte = 0;
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'y');
	int fd = -1;
	ck_assert_int_ne(file_lock(&fd, path, &err), 0);
	ck_assert_int_eq(fd, -1);
	AUTO(mem_auto) char *holder = mem_format("process %ld", (long)child);
	ck_assert_ptr_nonnull(err.hint);
	unit_assert_error(&err, ERROR_LOCKED, holder);
	ck_assert_int_eq(write(go[1], &byte, 1), 1);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	unit_assert_ok(file_lock(&fd, path, &err), &err);
	file_close(&fd);
	unit_assert_ok(file_lock(&fd, path, &err), &err);
	file_close(&fd);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}
END_TEST

Suite *file_suite(void)
{
	return unit_suite("file", (const TTest *const[]){paths, write_is_whole_and_private, append_adds,
		failures_name_the_path, trees_come_and_go, space_is_known, lock_is_exclusive_and_dies_with_its_holder,
		NULL});
}
