/* Files: whole reads, writes that readers see entirely or not at all, locks that die with their
 * holder. Paths in messages are as given. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

/* Closes *fd if it is not negative, and makes it -1. For AUTO() on an int. */
void file_close(int *fd);
/* directory + "/" + name, owned; name alone if it is absolute or directory is NULL. */
char *path_join(const char *directory, const char *name);
/* The part after the last slash (points into path). */
const char *path_base(const char *path);
/* Owned; "." where there is no slash. */
char *path_directory(const char *path);
/* Owned absolute path without following the last link; a relative one starts at the working directory. */
char *path_absolute(const char *path);

bool file_exists(const char *path);
bool file_is_directory(const char *path);
/* The whole file, NUL-terminated; *data owned. Fails with ERROR_FAILED, also when over 1 GB. */
int file_read(char **data, size_t *size, const char *path, struct error *err);
/* Temporary name beside it, fsync, rename, fsync of the folder: old or new, never half. */
int file_write(const char *path, mode_t mode, const void *data, size_t size, struct error *err);
/* The same without a word to the disk: for what nobody needs any more once the machine went down. */
int file_publish(const char *path, mode_t mode, const void *data, size_t size, struct error *err);
/* Appends in one write and fsyncs, the folder too where the file is new; creates with 0600. */
int file_append(const char *path, const void *data, size_t size, struct error *err);
int file_sync_directory(const char *path, struct error *err);
/* Writes all of it, however often write() stops short. */
int file_write_all(int fd, const void *data, size_t size, struct error *err);
/* Like mkdir -p; what it makes gets the mode. */
int file_make_directories(const char *path, mode_t mode, struct error *err);
/* Names in a folder, sorted, without . and .. */
int file_list(struct list *names, const char *directory, struct error *err);
/* Removes a file or a whole tree; a missing one is fine. */
int file_remove(const char *path, struct error *err);
/* Bytes that this user may still write to the file system of path. */
int file_space(uint64_t *bytes, const char *path, struct error *err);
/* Takes an exclusive flock on path, made if missing, without waiting. ERROR_LOCKED if another holds
 * it; the error then names the process id that the holder wrote there. The lock ends with *fd. */
int file_lock(int *fd, const char *path, struct error *err);
/* The process that holds a flock on path, as the kernel says; 0: none on this machine does. Asking for the lock itself
 * would stand in the way of a run that starts. */
long file_lock_holder(const char *path);

#endif
