#include "io/tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/digest.h"

/* The end of an archive: two blocks of zeros. */
enum { BLOCK = 512, TAIL = 2 * BLOCK, READ_STEP = 65536 };

struct tarball_writer {
	struct archive *archive;
	int fd;
	char *path;
	time_t time;
	uint64_t left;         /* bytes that the open member still wants */
	bool in_data;          /* what libarchive writes now is a member's data */
	uint64_t written, begun; /* bytes, and how many of them were given to the disk to write */
	struct digest *frame;  /* of everything else that it wrote */
	struct error failure;  /* of the write callback */
	bool broken;           /* it failed or was given up: nothing more goes to the file */
};

/* Never fails towards libarchive, which would not free all of itself then: check() looks at what was kept here. */
static la_ssize_t on_write(struct archive *archive, void *context, const void *data, size_t size)
{
	(void)archive;
	struct tarball_writer *writer = context;
	if (writer->broken)
		return (la_ssize_t)size;
	if (!writer->in_data)
		digest_add(writer->frame, data, size);
	if (file_write_all(writer->fd, data, size, &writer->failure)) {
		error_context(&writer->failure, "%s", writer->path);
		writer->broken = true;
	}
	writer->written += size;
	return (la_ssize_t)size;
}

/* The disk writes while the next bytes are made: sync at the end has little left to wait for. A failure shows there. */
static void begin_writing(struct tarball_writer *writer)
{
	enum { LEAST = 4 << 20 };
	uint64_t size = writer->written - writer->begun;
	if (size < LEAST)
		return;
#ifdef HAVE_SYNC_FILE_RANGE
	sync_file_range(writer->fd, (off_t)writer->begun, (off_t)size, SYNC_FILE_RANGE_WRITE);
#endif
	writer->begun = writer->written;
}

static int check(struct tarball_writer *writer, int rc, struct error *err)
{
	if (writer->failure.code)
		return error_move(err, &writer->failure);
	if (writer->broken)
		return error_set(err, ERROR_FAILED, "cannot write %s: an earlier write failed", writer->path);
	if (rc != ARCHIVE_OK)
		return error_set(err, ERROR_FAILED, "cannot write %s: %s", writer->path,
			archive_error_string(writer->archive));
	return 0;
}

int tarball_create(struct tarball_writer **out, const char *path, time_t time, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) != 0) {
		error_errno(err, ERROR_FAILED, "cannot write %s", path);
		file_close(&fd);
		return err->code;
	}
	struct tarball_writer *writer = mem_new(sizeof *writer);
	*writer = (struct tarball_writer){.archive = archive_write_new(), .fd = fd, .path = mem_copy(path),
		.time = time, .frame = digest_new()};
	/* Restricted: a pax header only where a plain one cannot say it (8 GB and more). No blocking, so that
	 * on_write() can tell headers from data. */
	archive_write_set_format_pax_restricted(writer->archive);
	archive_write_set_bytes_per_block(writer->archive, 0);
	archive_write_set_bytes_in_last_block(writer->archive, 1);
	int rc = check(writer, archive_write_open(writer->archive, writer, NULL, on_write, NULL), err);
	if (rc) {
		tarball_abandon(writer);
		return rc;
	}
	*out = writer;
	return 0;
}

int tarball_begin(struct tarball_writer *writer, const char *name, uint64_t size, struct error *err)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, writer->time, 0);
	int rc = archive_write_header(writer->archive, entry);
	archive_entry_free(entry);
	writer->left = size;
	return check(writer, rc, err);
}

int tarball_data(struct tarball_writer *writer, const void *data, size_t size, struct error *err)
{
	if (size > writer->left)
		return error_set(err, ERROR_FAILED, "cannot write %s: a member is longer than announced", writer->path);
	writer->left -= size;
	writer->in_data = true;
	const char *at = data;
	int rc = 0;
	while (size && !rc) {
		la_ssize_t written = archive_write_data(writer->archive, at, size);
		rc = check(writer, written > 0 ? ARCHIVE_OK : ARCHIVE_FATAL, err);
		if (!rc) {
			at += written;
			size -= (size_t)written;
		}
	}
	writer->in_data = false;
	return rc;
}

int tarball_end(struct tarball_writer *writer, struct error *err)
{
	if (writer->left)
		return error_set(err, ERROR_FAILED, "cannot write %s: a member is shorter than announced",
			writer->path);
	begin_writing(writer);
	return check(writer, archive_write_finish_entry(writer->archive), err);
}

int tarball_add(struct tarball_writer *writer, const char *name, const void *data, size_t size, struct error *err)
{
	int rc = tarball_begin(writer, name, size, err);
	if (!rc)
		rc = tarball_data(writer, data, size, err);
	return rc ? rc : tarball_end(writer, err);
}

void tarball_frame(const struct tarball_writer *writer, char out[65])
{
	AUTO(digest_auto) struct digest *so_far = digest_copy(writer->frame);
	digest_hex(so_far, out);
}

void tarball_abandon(struct tarball_writer *writer)
{
	if (!writer)
		return;
	/* Without the mark libarchive would end the archive properly on its way out. */
	writer->broken = true;
	archive_write_free(writer->archive);
	file_close(&writer->fd);
	digest_free(writer->frame);
	error_clear(&writer->failure);
	mem_free(writer->path);
	mem_free(writer);
}

void tarball_abandon_auto(struct tarball_writer **writer)
{
	tarball_abandon(*writer);
}

int tarball_finish(struct tarball_writer *writer, struct error *err)
{
	int rc = check(writer, archive_write_close(writer->archive), err);
	if (!rc && fsync(writer->fd) != 0)
		rc = error_errno(err, ERROR_FAILED, "cannot write %s", writer->path);
	int fd = writer->fd;
	writer->fd = -1;
	/* Some file systems report a full disk only now. */
	if (close(fd) != 0 && !rc)
		rc = error_errno(err, ERROR_FAILED, "cannot write %s", writer->path);
	tarball_abandon(writer);
	return rc;
}

static void free_archive(struct archive **archive)
{
	archive_read_free(*archive);
}

static bool name_is_safe(const char *name)
{
	if (!name || !*name || name[0] == '/')
		return false;
	for (const char *at = name; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return false;
	}
	return true;
}

/* NULL, or what is wrong with it in words (owned). */
static char *judge(const struct tarball *tarball, struct archive_entry *entry, uint64_t offset)
{
	const char *name = archive_entry_pathname(entry);
	if (!name_is_safe(name))
		return mem_format("member %zu has an unsafe name", tarball->count + 1);
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
		archive_entry_symlink(entry) || archive_entry_sparse_count(entry) != 0)
		return mem_format("member %s is not a plain file", name);
	la_int64_t size = archive_entry_size(entry);
	if (!archive_entry_size_is_set(entry) || size < 0 || offset > tarball->size ||
		(uint64_t)size > tarball->size - offset)
		return mem_format("it ends within the member %s", name);
	return NULL;
}

static void list_members(struct tarball *tarball, struct archive *archive)
{
	struct archive_entry *entry;
	int rc;
	while ((rc = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		uint64_t offset = (uint64_t)archive_filter_bytes(archive, 0);
		if ((tarball->damage = judge(tarball, entry, offset)))
			return;
		if ((tarball->count & (tarball->count - 1)) == 0)
			tarball->members = mem_resize(tarball->members,
				(tarball->count ? tarball->count * 2 : 1) * sizeof *tarball->members);
		tarball->members[tarball->count++] = (struct tarball_member){
			mem_copy(archive_entry_pathname(entry)), (uint64_t)archive_entry_size(entry), offset};
	}
	if (rc != ARCHIVE_EOF)
		tarball->damage = mem_format("it is cut or damaged: %s", archive_error_string(archive));
	else if (!tarball->count)
		tarball->damage = mem_copy("it has no members");
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_repeated(struct tarball *tarball)
{
	AUTO(mem_auto) char **names = mem_array(tarball->count, sizeof *names);
	for (size_t i = 0; i < tarball->count; i++)
		names[i] = tarball->members[i].name;
	qsort(names, tarball->count, sizeof *names, compare_names);
	for (size_t i = 1; i < tarball->count && !tarball->damage; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			tarball->damage = mem_format("it has the member %s twice", names[i]);
}

int tarball_open(struct tarball *out, const char *path, struct error *err)
{
	/* Without O_NONBLOCK a pipe that is called .tar would make us wait for ever. */
	AUTO(file_close) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return error_errno(err, ERROR_FAILED, "cannot read %s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_FAILED, "cannot read %s: it is not a plain file", path);
	struct tarball tarball = {.fd = -1, .size = (uint64_t)status.st_size};
	AUTO(free_archive) struct archive *archive = archive_read_new();
	archive_read_support_format_tar(archive);
	if (tarball.size == 0)
		tarball.damage = mem_copy("it is empty");
	else if (archive_read_open_fd(archive, fd, READ_STEP) == ARCHIVE_OK)
		list_members(&tarball, archive);
	else
		tarball.damage = mem_format("it is not an archive: %s", archive_error_string(archive));
	if (!tarball.damage)
		find_repeated(&tarball);
	tarball.fd = fd;
	fd = -1;
	*out = tarball;
	return 0;
}

void tarball_close(struct tarball *tarball)
{
	/* An unopened one is all zeros, and descriptor 0 is not ours. */
	if (tarball->fd > 0)
		file_close(&tarball->fd);
	for (size_t i = 0; i < tarball->count; i++)
		mem_free(tarball->members[i].name);
	mem_free(tarball->members);
	mem_free(tarball->damage);
	*tarball = (struct tarball){.fd = -1};
}

static int read_at(const struct tarball *tarball, uint64_t offset, void *data, size_t size, struct error *err)
{
	char *at = data;
	while (size) {
		ssize_t got = pread(tarball->fd, at, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, ERROR_FAILED, "cannot read the archive");
		if (got == 0)
			return error_set(err, ERROR_CORRUPT, "the archive is cut");
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int tarball_read(const struct tarball *tarball, const struct tarball_member *member, uint64_t offset, void *data,
	size_t size, struct error *err)
{
	if (offset > member->size || size > member->size - offset)
		return error_set(err, ERROR_CORRUPT, "the member %s is shorter than it should be", member->name);
	return read_at(tarball, member->offset + offset, data, size, err);
}

int tarball_frame_of(const struct tarball *tarball, size_t index, char out[65], struct error *err)
{
	AUTO(digest_auto) struct digest *digest = digest_new();
	uint64_t at = 0;
	for (size_t i = 0; i <= index; i++) {
		char block[READ_STEP];
		while (at < tarball->members[i].offset) {
			uint64_t gap = tarball->members[i].offset - at;
			size_t step = gap < sizeof block ? (size_t)gap : sizeof block;
			int rc = read_at(tarball, at, block, step, err);
			if (rc)
				return rc;
			digest_add(digest, block, step);
			at += step;
		}
		at += tarball->members[i].size;
	}
	digest_hex(digest, out);
	return 0;
}

int tarball_tail(const struct tarball *tarball, struct error *err)
{
	const struct tarball_member *last = &tarball->members[tarball->count - 1];
	uint64_t end = last->offset + last->size;
	char zeros[TAIL + BLOCK] = {0}, tail[TAIL + BLOCK];
	uint64_t want = TAIL + (BLOCK - end % BLOCK) % BLOCK;
	if (tarball->size - end != want)
		return error_set(err, ERROR_CORRUPT, "the archive does not end as it should");
	int rc = read_at(tarball, end, tail, (size_t)want, err);
	if (!rc && memcmp(tail, zeros, (size_t)want) != 0)
		return error_set(err, ERROR_CORRUPT, "the archive does not end as it should");
	return rc;
}
