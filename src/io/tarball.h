/* Plain pax tar archives, by libarchive: written in one go with every size known beforehand, read by position.
 *
 * Writing: tarball_create(), then for each member tarball_add(), or tarball_begin(), tarball_data() …,
 * tarball_end(); at last tarball_finish(), which syncs. A member that gets fewer or more bytes than announced is an
 * error: libarchive alone would pad or cut it in silence. Errors: ERROR_NO_SPACE, ERROR_FAILED.
 *
 * Reading: tarball_open() lists the members with the place of their bytes, so that several threads can read them at
 * the same time. Only plain files with relative names are accepted. */
#ifndef IO_TARBALL_H
#define IO_TARBALL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

struct tarball_writer;
/* Makes the file (0600; it must not exist). Every member bears the time. */
int tarball_create(struct tarball_writer **out, const char *path, time_t time, struct error *err);
int tarball_begin(struct tarball_writer *writer, const char *name, uint64_t size, struct error *err);
int tarball_data(struct tarball_writer *writer, const void *data, size_t size, struct error *err);
int tarball_end(struct tarball_writer *writer, struct error *err);
/* A member that is in memory. */
int tarball_add(struct tarball_writer *writer, const char *name, const void *data, size_t size, struct error *err);
/* SHA-256 of all bytes written so far that are no member's data: headers and padding. Between tarball_begin() and the
 * first tarball_data() it covers the header of the member that begins. */
void tarball_frame(const struct tarball_writer *writer, char out[65]);
/* End marks, sync, close. The writer is gone afterwards, also after a failure. */
int tarball_finish(struct tarball_writer *writer, struct error *err);
/* Closes without finishing; the file stays. Accepts NULL. */
void tarball_abandon(struct tarball_writer *writer);
void tarball_abandon_auto(struct tarball_writer **writer);

struct tarball_member {
	char *name;
	uint64_t size;
	uint64_t offset; /* of its first byte in the file */
};
struct tarball {
	int fd;
	uint64_t size;      /* of the file */
	struct tarball_member *members;
	size_t count;
	char *damage;       /* in words, when the list ends before the archive should; NULL: all is well */
};

/* Lists an archive. A file that is damaged, cut, or no archive at all is no failure: damage says what was met after the
 * members that could be read. Fails with ERROR_FAILED when the file cannot be read. */
int tarball_open(struct tarball *out, const char *path, struct error *err);
void tarball_close(struct tarball *tarball);
/* Reads size bytes of a member from offset on. Any thread. ERROR_CORRUPT if the file ends before. */
int tarball_read(const struct tarball *tarball, const struct tarball_member *member, uint64_t offset, void *data,
	size_t size, struct error *err);
/* What tarball_frame() gave before the data of member number index. */
int tarball_frame_of(const struct tarball *tarball, size_t index, char out[65], struct error *err);
/* Whether nothing but zeros follows the data of the last member. */
int tarball_tail(const struct tarball *tarball, struct error *err);

#endif
