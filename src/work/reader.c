#include "work/reader.h"


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/codec.h"
#include "io/digest.h"
#include "io/tarball.h"
#include "model/columns.h"
#include "work/archive.h"

enum { PIECE = 1 << 20 };

struct snapshot_reader {
	struct tarball tarball;
	const struct manifest *manifest; /* the entry's */
	struct snapshot_chunk *chunks;
	size_t count;
};

static void list_chunks(struct snapshot_reader *reader)
{
	const struct manifest *manifest = reader->manifest;
	reader->chunks = mem_array(manifest->member_count, sizeof *reader->chunks);
	for (size_t i = 0; i < manifest->member_count; i++) {
		size_t ordinal;
		uint64_t rows;
		if (manifest_read_chunk_name(manifest->members[i].name, &ordinal, &rows))
			reader->chunks[reader->count++] = (struct snapshot_chunk){
				.table = ordinal - 1, .member = i, .rows = rows, .size = manifest->members[i].size};
	}
}

/* The bytes between the members, which no member's digest covers. */
static int check_frame(const struct tarball *tarball, const struct frame *frame, struct error *err)
{
	char sha256[65];
	int rc = tarball_frame_of(tarball, tarball->count - 1, sha256, err);
	if (!rc && strcmp(sha256, frame->sha256) != 0)
		rc = error_set(err, ERROR_CORRUPT, "the archive's headers are not as they were written");
	return rc ? rc : tarball_tail(tarball, err);
}

static int read_frame(struct frame *frame, const struct tarball *tarball, const struct manifest *expected,
	struct error *err)
{
	const struct tarball_member *members = tarball->members;
	AUTO(manifest_clear) struct manifest manifest;
	manifest_init(&manifest);
	AUTO(mem_auto) char *first = NULL;
	AUTO(mem_auto) char *last = NULL;
	int rc = reader_load(&first, tarball, &members[0], err);
	if (!rc)
		rc = reader_load(&last, tarball, &members[tarball->count - 1], err);
	if (!rc)
		rc = archive_read_snapshot(&manifest, first, members[0].size, err);
	if (!rc)
		rc = archive_read_manifest(&manifest, frame, last, members[tarball->count - 1].size, err);
	if (!rc && !text_same(manifest.id, expected->id))
		rc = error_set(err, ERROR_CORRUPT, "the file was replaced meanwhile");
	return rc;
}

/* The rows and the schema are checked when they are read; these are read once, before there was anything to check
 * them against, and by store_load() of a file that was opened then. */
static int check_documents(const struct snapshot_reader *reader, struct error *err)
{
	for (size_t i = 0; i < reader->manifest->member_count; i++) {
		const char *name = reader->manifest->members[i].name;
		int rc = 0;
		if (text_same(name, ARCHIVE_SNAPSHOT) || text_same(name, ARCHIVE_GUIDE) ||
			text_same(name, ARCHIVE_SUMS))
			rc = reader_check_member(reader, i, err);
		if (rc)
			return rc;
	}
	return 0;
}

int snapshot_open(struct snapshot_reader **out, const struct snapshot_entry *entry, struct error *err)
{
	if (entry->health != SNAPSHOT_WHOLE)
		return error_set(err, ERROR_CORRUPT, "%s cannot be used: %s", entry->path, entry->why);
	AUTO(snapshot_reader_auto) struct snapshot_reader *reader = mem_new(sizeof *reader);
	reader->manifest = &entry->manifest;
	struct frame frame;
	int rc = tarball_open(&reader->tarball, entry->path, err);
	if (!rc && reader->tarball.damage)
		rc = error_set(err, ERROR_CORRUPT, "%s", reader->tarball.damage);
	if (!rc)
		rc = archive_check_members(reader->manifest, &reader->tarball, err);
	if (!rc)
		rc = read_frame(&frame, &reader->tarball, reader->manifest, err);
	if (!rc)
		rc = check_frame(&reader->tarball, &frame, err);
	if (!rc)
		rc = check_documents(reader, err);
	if (rc)
		return error_context(err, "%s", entry->path);
	list_chunks(reader);
	*out = reader;
	reader = NULL;
	return 0;
}

void snapshot_close(struct snapshot_reader *reader)
{
	if (!reader)
		return;
	tarball_close(&reader->tarball);
	mem_free(reader->chunks);
	mem_free(reader);
}

void snapshot_reader_auto(struct snapshot_reader **reader)
{
	snapshot_close(*reader);
}

size_t snapshot_chunks(const struct snapshot_reader *reader)
{
	return reader->count;
}

struct snapshot_chunk snapshot_chunk(const struct snapshot_reader *reader, size_t index)
{
	return reader->chunks[index];
}

int reader_load(char **out, const struct tarball *tarball, const struct tarball_member *member, struct error *err)
{
	/* Nothing that a snapshot lists in JSON comes near this. */
	enum { MOST = 1 << 30 };
	if (member->size > MOST)
		return error_set(err, ERROR_CORRUPT, "the member %s is too large", member->name);
	AUTO(mem_auto) char *text = mem_new((size_t)member->size + 1);
	int rc = tarball_read(tarball, member, 0, text, (size_t)member->size, err);
	if (!rc)
		*out = mem_take(&text);
	return rc;
}

static int wrong_digest(const struct manifest_member *member, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "the member %s is damaged: its SHA-256 is not the manifest's",
		member->name);
}

/* Compressed, checked against the manifest. */
static int load_chunk(struct text *out, const struct snapshot_reader *reader, const struct snapshot_chunk *chunk,
	struct error *err)
{
	const struct manifest_member *member = &reader->manifest->members[chunk->member];
	const struct tarball_member *place = &reader->tarball.members[chunk->member];
	char sha256[65];
	int rc = tarball_read(&reader->tarball, place, 0, text_reserve(out, (size_t)place->size), (size_t)place->size,
		err);
	if (rc)
		return rc;
	out->size += (size_t)place->size;
	digest_sha256_hex(sha256, out->data, out->size);
	return strcmp(sha256, member->sha256) == 0 ? 0 : wrong_digest(member, err);
}

/* The chunk's text by column. */
static int decode_chunk(struct text *out, const struct snapshot_reader *reader, const struct snapshot_chunk *chunk,
	struct error *err)
{
	const struct manifest_table *table = &reader->manifest->tables[chunk->table];
	AUTO(text_clear) struct text frame = TEXT_INIT;
	AUTO(codec_auto) struct codec *codec = codec_new();
	int rc = load_chunk(&frame, reader, chunk, err);
	/* A chunk cannot be larger than its table. */
	if (!rc && codec_expand(out, codec, frame.data, frame.size, (size_t)table->bytes, err))
		rc = error_context(err, "%s", reader->manifest->members[chunk->member].name);
	return rc;
}

struct passing {
	struct row_digest digest;
	snapshot_rows_function *rows;
	void *context;
};

static int pass_rows(void *context, const char *text, size_t size, struct error *err)
{
	struct passing *passing = context;
	uint64_t before = passing->digest.rows;
	digest_rows(&passing->digest, text, size);
	int rc = interrupt_check(err);
	if (!rc && passing->rows)
		rc = passing->rows(passing->context, text, size, passing->digest.rows - before, err);
	return rc;
}

int snapshot_read_chunk(const struct snapshot_reader *reader, size_t index, struct content *content,
	snapshot_rows_function *rows, void *context, struct error *err)
{
	const struct snapshot_chunk *chunk = &reader->chunks[index];
	const struct manifest_table *table = &reader->manifest->tables[chunk->table];
	AUTO(text_clear) struct text text = TEXT_INIT;
	AUTO(columns_close) struct columns_reader columns = {.left = 0};
	int rc = interrupt_check(err);
	if (!rc)
		rc = decode_chunk(&text, reader, chunk, err);
	if (!rc && !columns_open(&columns, text.data, text.size, table->columns.count, chunk->rows))
		rc = error_set(err, ERROR_CORRUPT, "the member %s does not hold the rows that its name says",
			reader->manifest->members[chunk->member].name);
	struct passing passing = {.rows = rows, .context = context};
	if (!rc)
		rc = columns_pass(&columns, pass_rows, &passing, err);
	digest_rows_clear(&passing.digest);
	if (!rc && content)
		content_add(content,
			&(struct content){passing.digest.rows, passing.digest.high, passing.digest.low});
	return rc;
}

/* fd -1: only checks. */
static int stream(int fd, const struct snapshot_reader *reader, size_t index, struct error *err)
{
	const struct tarball_member *place = &reader->tarball.members[index];
	const struct manifest_member *member = &reader->manifest->members[index];
	AUTO(digest_auto) struct digest *digest = digest_new();
	AUTO(mem_auto) char *piece = mem_new(PIECE);
	char sha256[65];
	for (uint64_t done = 0; done < place->size;) {
		size_t step = place->size - done < PIECE ? (size_t)(place->size - done) : PIECE;
		int rc = interrupt_check(err);
		if (!rc)
			rc = tarball_read(&reader->tarball, place, done, piece, step, err);
		if (!rc && fd >= 0)
			rc = file_write_all(fd, piece, step, err);
		if (rc)
			return rc;
		digest_add(digest, piece, step);
		done += step;
	}
	digest_hex(digest, sha256);
	return strcmp(sha256, member->sha256) == 0 ? 0 : wrong_digest(member, err);
}

int reader_check_member(const struct snapshot_reader *reader, size_t index, struct error *err)
{
	return stream(-1, reader, index, err);
}

int snapshot_extract(const struct snapshot_reader *reader, const char *member, const char *path, struct error *err)
{
	size_t index = 0;
	while (index < reader->manifest->member_count && strcmp(reader->manifest->members[index].name, member) != 0)
		index++;
	if (index == reader->manifest->member_count)
		return error_set(err, ERROR_CORRUPT, "the snapshot has no member %s", member);
	AUTO(file_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) != 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	int rc = stream(fd, reader, index, err);
	if (rc) {
		unlink(path);
		return error_context(err, "%s", path);
	}
	return 0;
}
