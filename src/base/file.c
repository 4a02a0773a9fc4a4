#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"

enum { MOST_BYTES = 1000000000 };

void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

char *path_join(const char *directory, const char *name)
{
	if (!directory || name[0] == '/')
		return mem_copy(name);
	return mem_format("%s%s%s", directory, text_ends(directory, "/") ? "" : "/", name);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

char *path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return mem_copy(".");
	return slash == path ? mem_copy("/") : mem_copy_bytes(path, (size_t)(slash - path));
}

char *path_absolute(const char *path)
{
	if (path[0] == '/')
		return mem_copy(path);
	AUTO(mem_auto) char *here = getcwd(NULL, 0);
	return path_join(here ? here : "/", text_starts(path, "./") ? path + 2 : path);
}

bool file_exists(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0;
}

bool file_is_directory(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int file_read(char **data, size_t *size, const char *path, struct error *err)
{
	AUTO(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return error_errno(err, ERROR_FAILED, "cannot read %s", path);
	if (S_ISDIR(status.st_mode))
		return error_set(err, ERROR_FAILED, "cannot read %s: it is a directory", path);
	AUTO(text_clear) struct text text = TEXT_INIT;
	for (;;) {
		ssize_t got = read(fd, text_reserve(&text, 65536), 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, ERROR_FAILED, "cannot read %s", path);
		if (got == 0)
			break;
		text.size += (size_t)got;
		if (text.size > MOST_BYTES)
			return error_set(err, ERROR_FAILED, "cannot read %s: it is over 1 GB", path);
	}
	text.data[text.size] = '\0';
	if (size)
		*size = text.size;
	*data = text_take(&text);
	return 0;
}

int file_write_all(int fd, const void *data, size_t size, struct error *err)
{
	const char *at = data;
	while (size) {
		ssize_t written = write(fd, at, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_errno(err, ERROR_FAILED, "cannot write");
		at += written;
		size -= (size_t)written;
	}
	return 0;
}

int file_sync_directory(const char *path, struct error *err)
{
	AUTO(file_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return error_errno(err, ERROR_FAILED, "cannot sync %s", path);
	return 0;
}

/* path is what messages name, temporary what is written. */
static int write_temporary(const char *path, const char *temporary, mode_t mode, const void *data, size_t size,
	bool sync, struct error *err)
{
	/* In a folder that is another's, a link of that name could lead to any file of ours. */
	if (unlink(temporary) != 0 && errno != ENOENT)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	AUTO(file_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) != 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	int rc = file_write_all(fd, data, size, err);
	if (rc)
		return error_context(err, "%s", path);
	if (sync && fsync(fd) != 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	return 0;
}

static int replace(const char *path, mode_t mode, const void *data, size_t size, bool sync, struct error *err)
{
	AUTO(mem_auto) char *directory = path_directory(path);
	/* Not the ending of the file's own name: by that some programs choose what they read, hidden or not. */
	AUTO(mem_auto) char *temporary = mem_format("%s/.tmp-%s.new", directory, path_base(path));
	int rc = write_temporary(path, temporary, mode, data, size, sync, err);
	if (!rc)
		rc = fault_point(sync ? "file-rename" : "file-publish", err);
	if (!rc && rename(temporary, path) != 0)
		rc = error_errno(err, ERROR_FAILED, "cannot write %s", path);
	if (rc)
		unlink(temporary);
	return rc || !sync ? rc : file_sync_directory(directory, err);
}

int file_write(const char *path, mode_t mode, const void *data, size_t size, struct error *err)
{
	return replace(path, mode, data, size, true, err);
}

int file_publish(const char *path, mode_t mode, const void *data, size_t size, struct error *err)
{
	return replace(path, mode, data, size, false, err);
}

int file_append(const char *path, const void *data, size_t size, struct error *err)
{
	bool made = !file_exists(path);
	AUTO(file_close) int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	int rc = file_write_all(fd, data, size, err);
	if (rc)
		return error_context(err, "%s", path);
	if (fsync(fd) != 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	AUTO(mem_auto) char *directory = path_directory(path);
	return made ? file_sync_directory(directory, err) : 0;
}

int file_make_directories(const char *path, mode_t mode, struct error *err)
{
	AUTO(mem_auto) char *copy = mem_copy(path);
	for (char *at = copy + 1;; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char kept = *at;
		*at = '\0';
		if (mkdir(copy, mode) != 0) {
			int number = errno;
			bool there = file_is_directory(copy);
			errno = number;
			if (!there)
				return error_errno(err, ERROR_FAILED, "cannot make the directory %s", copy);
		}
		*at = kept;
		if (kept == '\0')
			return 0;
	}
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

int file_list(struct list *names, const char *directory, struct error *err)
{
	AUTO(close_directory) DIR *open_directory = opendir(directory);
	if (!open_directory)
		return error_errno(err, ERROR_FAILED, "cannot read the directory %s", directory);
	struct dirent *entry;
	while ((entry = readdir(open_directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			list_add(names, entry->d_name);
	list_sort(names);
	return 0;
}

int file_remove(const char *path, struct error *err)
{
	struct stat status;
	if (lstat(path, &status) != 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(err, ERROR_FAILED, "cannot remove %s", path);
	}
	if (S_ISDIR(status.st_mode)) {
		AUTO(list_clear) struct list names = LIST_INIT;
		int rc = file_list(&names, path, err);
		for (size_t i = 0; !rc && i < names.count; i++) {
			AUTO(mem_auto) char *inside = path_join(path, names.items[i]);
			rc = file_remove(inside, err);
		}
		if (rc)
			return rc;
	}
	if (remove(path) != 0)
		return error_errno(err, ERROR_FAILED, "cannot remove %s", path);
	return 0;
}

int file_space(uint64_t *bytes, const char *path, struct error *err)
{
	struct statvfs status;
	if (statvfs(path, &status) != 0)
		return error_errno(err, ERROR_FAILED, "cannot tell the free space of %s", path);
	*bytes = (uint64_t)status.f_bavail * status.f_frsize;
	return 0;
}

int file_lock(int *fd, const char *path, struct error *err)
{
	AUTO(file_close) int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return error_errno(err, ERROR_FAILED, "cannot open the lock %s", path);
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return error_errno(err, ERROR_FAILED, "cannot lock %s", path);
		char holder[24] = "";
		ssize_t got = pread(lock, holder, sizeof holder - 1, 0);
		holder[got > 0 ? strcspn(holder, "\n") : 0] = '\0';
		error_set(err, ERROR_LOCKED, "another run of anchore-admin%s%s holds %s", *holder ? ", process " : "",
			holder, path);
		return error_hint(err, "wait until it has ended, then run the command again");
	}
	AUTO(mem_auto) char *mine = mem_format("%ld\n", (long)getpid());
	/* On a full disk the number is missing, which only tells others who it is, and the lock holds all the same. */
	bool written = ftruncate(lock, 0) == 0 && pwrite(lock, mine, strlen(mine), 0) >= 0;
	if (!written && errno != ENOSPC && errno != EDQUOT)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	*fd = lock;
	lock = -1;
	return 0;
}

long file_lock_holder(const char *path)
{
	struct stat status;
	char line[256];
	long found = 0;
	FILE *locks = stat(path, &status) == 0 ? fopen("/proc/locks", "re") : NULL;
	while (locks && fgets(line, sizeof line, locks)) {
		long pid;
		unsigned long long inode;
		if (sscanf(line, "%*d: FLOCK %*s %*s %ld %*x:%*x:%llu", &pid, &inode) == 2 && inode == status.st_ino)
			found = pid;
	}
	if (locks)
		fclose(locks);
	return found;
}
