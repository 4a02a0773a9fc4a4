#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/digest.h"
#include "io/tarball.h"
#include "work/archive.h"
#include "work/dump.h"
#include "work/guide.h"
#include "work/rows.h"
#include "work/scan.h"

enum { PIECE = 1 << 20 };

/* Adds a member that is in memory, and its line in the manifest. sha256 NULL: not known yet. */
static int add_member(struct dump *dump, struct tarball_writer *writer, const char *name, const void *data, size_t size,
	const char *sha256, struct error *err)
{
	int rc = interrupt_check(err);
	if (!rc)
		rc = fault_point("backup-member", err);
	if (!rc)
		rc = tarball_add(writer, name, data, size, err);
	if (rc)
		return rc;
	struct manifest_member *member = manifest_add_member(&dump->manifest, name, size);
	if (sha256)
		memcpy(member->sha256, sha256, sizeof member->sha256);
	else
		digest_sha256_hex(member->sha256, data, size);
	return 0;
}

static int add_text(struct dump *dump, struct tarball_writer *writer, const char *name, const char *text,
	struct error *err)
{
	return add_member(dump, writer, name, text, strlen(text), NULL, err);
}

/* A file's bytes; it must not change meanwhile. */
static int add_bytes(char sha256[65], struct tarball_writer *writer, int fd, uint64_t size, struct error *err)
{
	AUTO(digest_auto) struct digest *digest = digest_new();
	AUTO(mem_auto) char *piece = mem_new(PIECE);
	for (uint64_t done = 0; done < size;) {
		ssize_t got = read(fd, piece, PIECE);
		if (got <= 0)
			return error_set(err, ERROR_FAILED, "the file that pg_dump wrote became shorter");
		int rc = tarball_data(writer, piece, (size_t)got, err);
		if (!rc)
			rc = interrupt_check(err);
		if (rc)
			return rc;
		digest_add(digest, piece, (size_t)got);
		done += (uint64_t)got;
	}
	digest_hex(digest, sha256);
	return 0;
}

static int add_schema(struct dump *dump, struct tarball_writer *writer, struct error *err)
{
	AUTO(file_close) int fd = open(dump->schema, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char sha256[65];
	if (fd < 0 || fstat(fd, &status) != 0)
		return error_errno(err, ERROR_FAILED, "cannot read %s", dump->schema);
	uint64_t size = (uint64_t)status.st_size;
	int rc = fault_point("backup-member", err);
	if (!rc)
		rc = tarball_begin(writer, ARCHIVE_SCHEMA, size, err);
	if (!rc)
		rc = add_bytes(sha256, writer, fd, size, err);
	if (!rc)
		rc = tarball_end(writer, err);
	if (!rc)
		memcpy(manifest_add_member(&dump->manifest, ARCHIVE_SCHEMA, size)->sha256, sha256, sizeof sha256);
	/* Its room is wanted for the rows. */
	unlink(dump->schema);
	return rc;
}

/* As the earlier snapshot has it, or as pg_dump writes it now. */
static int take_schema(struct dump *dump, struct tarball_writer *writer, struct error *err)
{
	AUTO(text_clear) struct text schema = TEXT_INIT;
	char sha256[65];
	bool taken = false;
	int rc = dump->earlier ? earlier_schema(&schema, sha256, &taken, dump->earlier, err) : 0;
	if (rc || taken)
		return rc ? rc : add_member(dump, writer, ARCHIVE_SCHEMA, schema.data, schema.size, sha256, err);
	rc = dump_schema(dump, err);
	return rc ? rc : add_schema(dump, writer, err);
}

/* ---- rows ---- */

/* For the next snapshot, which may take the chunk from this one. */
static void note_chunk(struct manifest *manifest, const struct chunk *chunk)
{
	struct manifest_member *member = &manifest->members[manifest->member_count - 1];
	member->ranged = true;
	member->page = chunk->pages.first;
	member->content = chunk->content;
	member->bytes = chunk->bytes;
	member->reused = chunk->reused;
	manifest->reused.chunks += chunk->reused;
	manifest->reused.bytes += chunk->reused ? chunk->frame.size : 0;
}

static int add_chunk(struct dump *dump, struct tarball_writer *writer, const struct chunk *chunk, size_t number,
	struct error *err)
{
	struct manifest_table *table = &dump->manifest.tables[chunk->table];
	manifest_add_range(table, chunk->pages);
	if (!chunk->content.rows)
		return 0;
	AUTO(mem_auto) char *folder = manifest_table_folder(chunk->table + 1, table->name);
	AUTO(mem_auto) char *name = mem_format("%s/%zu.%llu.zst", folder, number,
		(unsigned long long)chunk->content.rows);
	int rc = add_member(dump, writer, name, chunk->frame.data, chunk->frame.size, chunk->sha256, err);
	if (rc)
		return rc;
	note_chunk(&dump->manifest, chunk);
	content_add(&table->content, &chunk->content);
	table->bytes += chunk->bytes;
	return 0;
}

/* What the archive has of a table so far. */
struct written {
	size_t chunks;
	size_t ranges_left;
};

static int write_chunk(struct dump *dump, struct tarball_writer *writer, const struct chunk *chunk,
	struct written *written, struct error *err)
{
	written->chunks += chunk->content.rows != 0;
	int rc = add_chunk(dump, writer, chunk, written->chunks, err);
	if (rc || !chunk->last || --written->ranges_left)
		return rc;
	AUTO(mem_auto) char *summary = inventory_summary(&dump->manifest.tables[chunk->table], written->chunks);
	log_detail("%s", summary);
	return 0;
}

static struct written *expect_tables(const struct manifest *manifest, const struct scan *scan)
{
	AUTO(mem_auto) size_t *ranges = mem_array(manifest->table_count, sizeof *ranges);
	struct written *tables = mem_array(manifest->table_count, sizeof *tables);
	scan_count_ranges(scan, ranges);
	for (size_t i = 0; i < manifest->table_count; i++)
		tables[i].ranges_left = ranges[i];
	return tables;
}

/* Takes chunks to the end also after a failure, so that no worker waits for room. */
static int add_chunks(struct dump *dump, struct tarball_writer *writer, struct rows *rows, struct scan *scan, int rc,
	struct error *err)
{
	AUTO(mem_auto) struct written *tables = expect_tables(&dump->manifest, scan);
	struct chunk chunk;
	if (rc)
		scan_stop(scan);
	while (rows_next(rows, &chunk)) {
		if (!rc) {
			rc = write_chunk(dump, writer, &chunk, &tables[chunk.table], err);
			if (rc)
				scan_stop(scan);
		}
		text_clear(&chunk.frame);
	}
	struct error of_scan = ERROR_INIT;
	char *changed = NULL;
	int scanned = scan_finish(scan, &changed, rc ? &of_scan : err);
	error_clear(&of_scan);
	if (rc && !changed)
		return rc;
	/* What the workers met explains what pg_dump met, but not a full disk. */
	if (rc == ERROR_NO_SPACE || rc == ERROR_INTERRUPTED) {
		mem_free(changed);
		return rc;
	}
	dump->changed = changed;
	return rc ? rc : scanned;
}

static void list_tables(struct scan_table *tables, struct dump *dump)
{
	const struct reuse *reuse = dump->earlier ? earlier_reuse(dump->earlier) : NULL;
	for (size_t i = 0; i < dump->inventory.count; i++) {
		tables[i] = (struct scan_table){.id = i, .stock = &dump->inventory.tables[i],
			.columns = &dump->manifest.tables[i].columns};
		if (!reuse)
			continue;
		tables[i].known = &reuse->tables[i];
		tables[i].since = reuse->since;
		tables[i].untouched = reuse->untouched;
	}
	if (reuse)
		dump->manifest.reused.from = mem_copy(earlier_id(dump->earlier));
}

/* pg_dump and the workers run at the same time. */
static int add_rows(struct dump *dump, struct tarball_writer *writer, struct error *err)
{
	const struct inventory *inventory = &dump->inventory;
	AUTO(mem_auto) struct scan_table *tables = mem_array(inventory->count, sizeof *tables);
	list_tables(tables, dump);
	int jobs = scan_jobs(dump->run, tables, inventory->count);
	AUTO(rows_auto) struct rows *rows = rows_new(jobs, (int)settings_number(&dump->run->settings, OPTION_COMPRESS),
		&dump->manifest, dump->earlier);
	struct scan *scan = NULL;
	int rc = scan_start(&scan, dump->run, NULL, dump->snapshot, tables, inventory->count, &rows_sink,
		rows_workers(rows), jobs, err);
	if (!rc) {
		rc = take_schema(dump, writer, err);
		rc = add_chunks(dump, writer, rows, scan, rc, err);
	}
	return rc;
}

/* ---- the end ---- */

/* Every page of every table was asked for once. */
static int check_ranges(struct manifest *manifest, struct error *err)
{
	for (size_t i = 0; i < manifest->table_count; i++) {
		struct manifest_table *table = &manifest->tables[i];
		if (!table->range_count || !manifest_close_ranges(table))
			return error_set(err, ERROR_FAILED, "not every page of the table %s.%s was read", table->schema,
				table->name);
	}
	return 0;
}

/* What snapshots do not cover comes last: it is at least as new as the rows. */
static int read_last(struct dump *dump, struct error *err)
{
	struct manifest *manifest = &dump->manifest;
	int rc = check_ranges(manifest, err);
	if (!rc)
		rc = inventory_large_objects(&manifest->large_objects, dump->db, err);
	if (!rc)
		rc = db_exec(dump->db, "COMMIT", err);
	if (!rc)
		rc = fault_point("backup-last", err);
	if (!rc)
		rc = dump_check_catalog(dump, err);
	return rc ? rc : inventory_sequences(&manifest->sequences, &manifest->sequence_count, dump->db, err);
}

static int add_sums(struct dump *dump, struct tarball_writer *writer, struct error *err)
{
	AUTO(text_clear) struct text sums = TEXT_INIT;
	for (size_t i = 0; i < dump->manifest.member_count; i++)
		text_addf(&sums, "%s  %s\n", dump->manifest.members[i].sha256, dump->manifest.members[i].name);
	return add_text(dump, writer, ARCHIVE_SUMS, sums.data, err);
}

/* The manifest also proves the headers of all members, its own included: they are known once its size is. */
static int add_manifest(struct dump *dump, struct tarball_writer *writer, struct error *err)
{
	struct frame frame;
	memset(frame.sha256, '0', 64);
	frame.sha256[64] = '\0';
	AUTO(mem_auto) char *draft = archive_print_manifest(&dump->manifest, &frame);
	int rc = fault_point("backup-manifest", err);
	if (!rc)
		rc = tarball_begin(writer, ARCHIVE_MANIFEST, strlen(draft), err);
	if (rc)
		return rc;
	tarball_frame(writer, frame.sha256);
	AUTO(mem_auto) char *text = archive_print_manifest(&dump->manifest, &frame);
	rc = tarball_data(writer, text, strlen(text), err);
	return rc ? rc : tarball_end(writer, err);
}

static int add_all(struct dump *dump, struct tarball_writer *writer, struct error *err)
{
	AUTO(mem_auto) char *snapshot = archive_print_snapshot(&dump->manifest);
	AUTO(mem_auto) char *guide = guide_text(&dump->manifest, dump->db);
	int rc = add_text(dump, writer, ARCHIVE_SNAPSHOT, snapshot, err);
	if (!rc)
		rc = add_text(dump, writer, ARCHIVE_GUIDE, guide, err);
	if (!rc)
		rc = add_rows(dump, writer, err);
	if (!rc)
		rc = read_last(dump, err);
	if (!rc)
		rc = add_sums(dump, writer, err);
	return rc ? rc : add_manifest(dump, writer, err);
}

int dump_archive(struct dump *dump, struct error *err)
{
	AUTO(tarball_abandon_auto) struct tarball_writer *writer = NULL;
	int rc = fault_point("backup-create", err);
	if (!rc)
		rc = tarball_create(&writer, dump->archive, dump->manifest.created, err);
	if (!rc)
		rc = add_all(dump, writer, err);
	if (!rc)
		rc = fault_point("backup-sync", err);
	if (rc)
		return rc;
	struct tarball_writer *whole = writer;
	writer = NULL;
	return tarball_finish(whole, err);
}
