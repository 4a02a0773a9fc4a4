#include "sample.h"

#include <string.h>

#include "base/mem.h"
#include "io/codec.h"
#include "io/digest.h"
#include "io/tarball.h"
#include "unit.h"
#include "work/archive.h"

static const char ROWS[] = "0.2.1\t0.0.6\n\\N\ta\\tb\n";
static const char COLUMNS[] = "0.2.1\n\\N\n0.0.6\na\\tb\n";
static const char CHUNK[] = "data/0001-anchore/1.2.zst";

void sample_manifest(struct manifest *manifest, const char *id, const char *deployment, time_t created)
{
	manifest_init(manifest);
	manifest->id = mem_copy(id);
	manifest->created = created;
	manifest->tool_version = mem_copy("0.1");
	manifest->deployment = mem_copy(deployment);
	manifest->identity = (struct identity){mem_copy("7000"), 1, mem_copy("anchore"), 16384, mem_copy("2026-11-23")};
	manifest->moment = (struct moment){mem_copy("10:12:11"), 10, 12, 0, true};
	manifest->properties = (struct properties){.owner = mem_copy("o"), .encoding = mem_copy("UTF8"),
		.collate = mem_copy("C"), .ctype = mem_copy("C"), .provider = mem_copy("c"),
		.tablespace = mem_copy("pg_default"),
		.comment = mem_copy("a \"comment\"\n"), .connection_limit = -1, .allow_connections = true};
	list_add(&manifest->properties.privileges, "\tCONNECT\tf\to");
	list_add(&manifest->properties.settings, "\twork_mem\t8MB");
	manifest->server_version = mem_copy("15.18");
	manifest->server_number = 150018;
	manifest->client_version = mem_copy("15.18");
	manifest->engine_release = mem_copy("0.2.1");
	manifest->engine_source = mem_copy("table");
	manifest->db_version = mem_copy("0.0.6");
	list_add(&manifest->catalog, "table anchore");
	list_add(&manifest->other, "owner anchore o");
	struct manifest_table *table = manifest_add_table(manifest, "public", "anchore");
	list_add(&table->columns, "db_version");
	list_add(&table->columns, "service_version");
	list_add(&table->floats, "service_version");
	manifest_add_table(manifest, "odd \"schema\"", "em pty");
}

/* A member and its line in the manifest. */
static void add(struct tarball_writer *writer, struct manifest *manifest, const char *name, const char *data,
	size_t size)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	unit_assert_ok(tarball_add(writer, name, data, size, &err), &err);
	digest_sha256_hex(manifest_add_member(manifest, name, size)->sha256, data, size);
}

static void add_chunk(struct tarball_writer *writer, struct manifest *manifest, enum sample_fault fault)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(text_clear) struct text frame = TEXT_INIT;
	AUTO(codec_auto) struct codec *codec = codec_new();
	AUTO(mem_auto) char *text = mem_copy(COLUMNS);
	if (fault == SAMPLE_OTHER_ROW)
		text[0] = '9';
	size_t size = fault == SAMPLE_LESS_ROWS ? strlen(text) - 5 : strlen(text);
	unit_assert_ok(codec_compress(&frame, codec, CODEC_LEVEL, text, size, &err), &err);
	const char *name = fault == SAMPLE_MISPLACED ? "data/0003-anchore/1.2.zst" :
		fault == SAMPLE_OTHER_FOLDER ? "data/0001-anchor/1.2.zst" : CHUNK;
	add(writer, manifest, name, frame.data, frame.size);
	struct manifest_table *table = &manifest->tables[0];
	table->bytes = strlen(ROWS);
	table->content.rows = 2;
	for (const char *row = ROWS; *row; row = strchr(row, '\n') + 1)
		digest_add_row(&table->content.high, &table->content.low, row, strcspn(row, "\n"));
}

static void add_manifest(struct tarball_writer *writer, struct manifest *manifest, enum sample_fault fault)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct frame frame;
	memset(frame.sha256, '0', 64);
	frame.sha256[64] = '\0';
	AUTO(mem_auto) char *draft = archive_print_manifest(manifest, &frame);
	unit_assert_ok(tarball_begin(writer, ARCHIVE_MANIFEST, strlen(draft), &err), &err);
	if (fault != SAMPLE_OTHER_FRAME)
		tarball_frame(writer, frame.sha256);
	AUTO(mem_auto) char *text = archive_print_manifest(manifest, &frame);
	unit_assert_ok(tarball_data(writer, text, strlen(text), &err), &err);
	unit_assert_ok(tarball_end(writer, &err), &err);
}

void sample_archive(const char *path, struct manifest *manifest, enum sample_fault fault)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct tarball_writer *writer = NULL;
	unit_assert_ok(tarball_create(&writer, path, manifest->created, &err), &err);
	if (fault == SAMPLE_FUTURE)
		manifest->format = 2;
	AUTO(mem_auto) char *first = archive_print_snapshot(manifest);
	add(writer, manifest, ARCHIVE_SNAPSHOT, first, strlen(first));
	add(writer, manifest, ARCHIVE_GUIDE, "text\n", 5);
	add(writer, manifest, ARCHIVE_SCHEMA, "PGDMP", 5);
	add_chunk(writer, manifest, fault);
	if (fault == SAMPLE_OTHER_SHA)
		manifest->members[2].sha256[0] ^= 1;
	add(writer, manifest, ARCHIVE_SUMS, "sums\n", 5);
	struct manifest_sequence *sequence = manifest_add_sequence(manifest, "public", "s");
	sequence->last_value = mem_copy("-9223372036854775808");
	sequence->is_called = true;
	if (fault == SAMPLE_UNLISTED)
		unit_assert_ok(tarball_add(writer, "more", "x", 1, &err), &err);
	if (fault != SAMPLE_NO_MANIFEST)
		add_manifest(writer, manifest, fault);
	unit_assert_ok(tarball_finish(writer, &err), &err);
}
