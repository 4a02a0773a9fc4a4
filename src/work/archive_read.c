#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/digest.h"
#include "work/archive.h"

/* A reader remembers its first failure; after it every field is NULL, 0 or false. */
struct reader {
	const char *where;
	struct error *err;
	int rc;
};

static void complain(struct reader *reader, const char *key, const char *what)
{
	if (!reader->rc)
		reader->rc = error_set(reader->err, ERROR_CORRUPT, "%s: \"%s\" is missing or not %s", reader->where,
			key, what);
}

static const json_t *field(struct reader *reader, const json_t *object, const char *key)
{
	return reader->rc ? NULL : json_object_get(object, key);
}

/* Owned. */
static char *want_text(struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = field(reader, object, key);
	if (!json_is_string(value))
		complain(reader, key, "a text");
	return reader->rc ? NULL : mem_copy(json_string_value(value));
}

/* null is fine, a missing field is not. */
static char *want_text_or_null(struct reader *reader, const json_t *object, const char *key)
{
	return json_is_null(field(reader, object, key)) ? NULL : want_text(reader, object, key);
}

static int64_t want_number(struct reader *reader, const json_t *object, const char *key, int64_t least)
{
	const json_t *value = field(reader, object, key);
	if (!json_is_integer(value) || json_integer_value(value) < least)
		complain(reader, key, "a number");
	return reader->rc ? 0 : json_integer_value(value);
}

static bool want_flag(struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = field(reader, object, key);
	if (!json_is_boolean(value))
		complain(reader, key, "true or false");
	return !reader->rc && json_is_true(value);
}

/* An object or array; NULL after a failure. */
static const json_t *want(struct reader *reader, const json_t *object, const char *key, json_type type)
{
	const json_t *value = field(reader, object, key);
	if (!value || json_typeof(value) != type)
		complain(reader, key, type == JSON_ARRAY ? "a list" : "an object");
	return reader->rc ? NULL : value;
}

static bool has(const struct reader *reader, const json_t *object, const char *key)
{
	return !reader->rc && json_object_get(object, key);
}

static void want_list(struct reader *reader, struct list *out, const json_t *object, const char *key)
{
	const json_t *array = want(reader, object, key, JSON_ARRAY);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		if (!text)
			complain(reader, key, "a list of texts");
		else
			list_add(out, text);
	}
}

static void want_hex(struct reader *reader, char *out, size_t digits, const json_t *object, const char *key)
{
	AUTO(mem_auto) char *text = want_text(reader, object, key);
	if (!text)
		return;
	if (strlen(text) != digits || text[strspn(text, "0123456789abcdef")] != '\0')
		complain(reader, key, "a digest");
	else
		memcpy(out, text, digits + 1);
}

static int parse(json_t **out, const char *text, size_t size, const char *where, struct error *err)
{
	int rc = json_parse(out, text, size, where, err);
	if (!rc && !json_is_object(*out))
		rc = error_set(err, ERROR_CORRUPT, "%s is not an object", where);
	if (rc)
		err->code = ERROR_CORRUPT; /* whatever the parser thought of it */
	return rc ? ERROR_CORRUPT : 0;
}

int archive_read_format(int64_t *format, const char *text, size_t size, struct error *err)
{
	AUTO(json_auto) json_t *object = NULL;
	struct reader reader = {ARCHIVE_SNAPSHOT, err, parse(&object, text, size, ARCHIVE_SNAPSHOT, err)};
	int64_t number = want_number(&reader, object, "format", 1);
	if (!reader.rc)
		*format = number;
	return reader.rc;
}

static void take_identity(struct reader *reader, struct identity *out, const json_t *object)
{
	out->system_identifier = want_text(reader, object, "system_identifier");
	out->timeline = want_number(reader, object, "timeline", 0);
	out->name = want_text(reader, object, "name");
	out->oid = want_number(reader, object, "oid", 0);
	out->started = want_text(reader, object, "started");
}

static void take_moment(struct reader *reader, struct moment *out, const json_t *object)
{
	out->xid_snapshot = want_text(reader, object, "xid_snapshot");
	out->xmin = want_number(reader, object, "xmin", 0);
	out->xmax = want_number(reader, object, "xmax", 0);
	out->prepared = want_number(reader, object, "prepared", 0);
	out->durable = want_flag(reader, object, "durable");
}

int archive_read_identity(struct identity *out, const json_t *object, const char *where, struct error *err)
{
	struct reader reader = {where, err, 0};
	struct identity identity = {0};
	take_identity(&reader, &identity, object);
	if (reader.rc)
		identity_clear(&identity);
	else
		*out = identity;
	return reader.rc;
}

int archive_read_moment(struct moment *out, const json_t *object, const char *where, struct error *err)
{
	struct reader reader = {where, err, 0};
	struct moment moment = {0};
	take_moment(&reader, &moment, object);
	if (reader.rc)
		moment_clear(&moment);
	else
		*out = moment;
	return reader.rc;
}

static void take_properties(struct reader *reader, struct properties *out, const json_t *object)
{
	out->owner = want_text(reader, object, "owner");
	out->encoding = want_text(reader, object, "encoding");
	out->collate = want_text(reader, object, "collate");
	out->ctype = want_text(reader, object, "ctype");
	out->provider = want_text(reader, object, "provider");
	out->icu_locale = want_text_or_null(reader, object, "icu_locale");
	out->tablespace = want_text(reader, object, "tablespace");
	out->comment = want_text_or_null(reader, object, "comment");
	out->connection_limit = want_number(reader, object, "connection_limit", -1);
	out->allow_connections = want_flag(reader, object, "allow_connections");
	out->is_template = want_flag(reader, object, "is_template");
	out->default_privileges = want_flag(reader, object, "default_privileges");
	want_list(reader, &out->privileges, object, "privileges");
	want_list(reader, &out->settings, object, "settings");
}

static void take_tables(struct reader *reader, struct manifest *out, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array) && !reader->rc; i++) {
		const json_t *object = json_array_get(array, i);
		AUTO(mem_auto) char *schema = want_text(reader, object, "schema");
		AUTO(mem_auto) char *name = want_text(reader, object, "name");
		if (want_number(reader, object, "ordinal", 1) != (int64_t)i + 1)
			complain(reader, "ordinal", "the next number");
		if (reader->rc)
			return;
		struct manifest_table *table = manifest_add_table(out, schema, name);
		want_list(reader, &table->columns, object, "columns");
		want_list(reader, &table->floats, object, "floats");
		if (has(reader, object, "file")) {
			table->oid = want_number(reader, object, "oid", 0);
			table->file = want_number(reader, object, "file", 0);
			table->shape = want_text_or_null(reader, object, "shape");
		}
	}
}

static void take_snapshot(struct reader *reader, struct manifest *out, const json_t *object)
{
	out->id = want_text(reader, object, "id");
	AUTO(mem_auto) char *created = want_text(reader, object, "created");
	if (created && !text_time_parse(created, &out->created))
		complain(reader, "created", "a time");
	out->tool_version = want_text(reader, object, "tool_version");
	out->deployment = want_text(reader, object, "deployment");
	take_identity(reader, &out->identity, want(reader, object, "identity", JSON_OBJECT));
	take_properties(reader, &out->properties, want(reader, object, "properties", JSON_OBJECT));
	take_moment(reader, &out->moment, want(reader, object, "moment", JSON_OBJECT));
	out->server_version = want_text(reader, object, "server_version");
	out->server_number = want_number(reader, object, "server_number", 0);
	out->client_version = want_text(reader, object, "client_version");
	out->engine_release = want_text_or_null(reader, object, "engine_release");
	out->engine_source = want_text_or_null(reader, object, "engine_source");
	out->db_version = want_text(reader, object, "db_version");
	out->sql_commit = want_text_or_null(reader, object, "sql_commit");
	want_list(reader, &out->catalog, object, "catalog");
	want_list(reader, &out->other, object, "other");
	take_tables(reader, out, want(reader, object, "tables", JSON_ARRAY));
}

int archive_read_snapshot(struct manifest *out, const char *text, size_t size, struct error *err)
{
	AUTO(json_auto) json_t *object = NULL;
	AUTO(manifest_clear) struct manifest manifest;
	manifest_init(&manifest);
	struct reader reader = {ARCHIVE_SNAPSHOT, err, parse(&object, text, size, ARCHIVE_SNAPSHOT, err)};
	manifest.format = want_number(&reader, object, "format", 1);
	take_snapshot(&reader, &manifest, object);
	if (reader.rc)
		return reader.rc;
	*out = manifest;
	manifest_init(&manifest);
	return 0;
}

static void take_digest(struct reader *reader, struct content *out, const json_t *object)
{
	char hex[33] = "";
	want_hex(reader, hex, 32, object, "digest");
	out->low = strtoull(hex[0] ? hex + 16 : "0", NULL, 16);
	hex[hex[0] ? 16 : 0] = '\0';
	out->high = strtoull(hex, NULL, 16);
}

static void take_ranges(struct reader *reader, struct manifest_table *table, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *pair = json_array_get(array, i);
		const json_t *first = json_array_get(pair, 0), *end = json_array_get(pair, 1);
		if (json_integer_value(first) < 0 || !json_is_integer(first) || json_integer_value(end) < 0 ||
			!json_is_integer(end)) {
			complain(reader, "ranges", "a list of pairs of page numbers");
			return;
		}
		manifest_add_range(table, (struct page_range){(uint64_t)json_integer_value(first),
			(uint64_t)json_integer_value(end)});
	}
	if (!manifest_close_ranges(table))
		complain(reader, "ranges", "all pages of a table");
}

static void take_contents(struct reader *reader, struct manifest *out, const json_t *array)
{
	if (array && json_array_size(array) != out->table_count)
		complain(reader, "tables", "as long as in " ARCHIVE_SNAPSHOT);
	for (size_t i = 0; i < json_array_size(array) && !reader->rc; i++) {
		const json_t *object = json_array_get(array, i);
		struct manifest_table *table = &out->tables[i];
		if (want_number(reader, object, "ordinal", 1) != (int64_t)i + 1)
			complain(reader, "ordinal", "the next number");
		table->content.rows = (uint64_t)want_number(reader, object, "rows", 0);
		table->bytes = (uint64_t)want_number(reader, object, "bytes", 0);
		take_digest(reader, &table->content, object);
		if (has(reader, object, "ranges"))
			take_ranges(reader, table, want(reader, object, "ranges", JSON_ARRAY));
	}
}

static void take_sequences(struct reader *reader, struct manifest *out, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array) && !reader->rc; i++) {
		const json_t *object = json_array_get(array, i);
		AUTO(mem_auto) char *schema = want_text(reader, object, "schema");
		AUTO(mem_auto) char *name = want_text(reader, object, "name");
		AUTO(mem_auto) char *last_value = want_text(reader, object, "last_value");
		long long ignored;
		if (last_value && !text_to_number(last_value, INT64_MIN, INT64_MAX, &ignored))
			complain(reader, "last_value", "a number");
		if (reader->rc)
			return;
		struct manifest_sequence *sequence = manifest_add_sequence(out, schema, name);
		sequence->last_value = mem_take(&last_value);
		sequence->is_called = want_flag(reader, object, "is_called");
	}
}

static void take_chunk(struct reader *reader, struct manifest_member *member, const json_t *object)
{
	size_t ordinal;
	member->ranged = true;
	member->page = (uint64_t)want_number(reader, object, "page", 0);
	member->bytes = (uint64_t)want_number(reader, object, "bytes", 0);
	take_digest(reader, &member->content, object);
	if (!manifest_read_chunk_name(member->name, &ordinal, &member->content.rows))
		complain(reader, "page", "that of a chunk");
	if (has(reader, object, "reused"))
		member->reused = want_flag(reader, object, "reused");
}

static void take_reused(struct reader *reader, struct manifest_reused *out, const json_t *object)
{
	out->from = want_text(reader, object, "from");
	out->chunks = (uint64_t)want_number(reader, object, "chunks", 0);
	out->bytes = (uint64_t)want_number(reader, object, "bytes", 0);
}

static void take_members(struct reader *reader, struct manifest *out, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array) && !reader->rc; i++) {
		const json_t *object = json_array_get(array, i);
		AUTO(mem_auto) char *name = want_text(reader, object, "name");
		int64_t size = want_number(reader, object, "size", 0);
		if (reader->rc)
			return;
		struct manifest_member *member = manifest_add_member(out, name, (uint64_t)size);
		want_hex(reader, member->sha256, 64, object, "sha256");
		if (has(reader, object, "page"))
			take_chunk(reader, member, object);
	}
}

/* The last line is the digest of all before it. */
static int check_signature(const char *text, size_t size, struct error *err)
{
	static const char start[] = "  \"sha256\": \"", end[] = "\"\n}\n";
	size_t line = sizeof start - 1 + 64 + sizeof end - 1;
	char sha256[65] = "";
	if (size > line)
		digest_sha256_hex(sha256, text, size - line);
	AUTO(mem_auto) char *expected = mem_format("%s%s%s", start, sha256, end);
	if (size > line && memcmp(text + size - line, expected, line) == 0)
		return 0;
	return error_set(err, ERROR_CORRUPT, "%s does not have the digest that it ends with", ARCHIVE_MANIFEST);
}

int archive_read_manifest(struct manifest *manifest, struct frame *frame, const char *text, size_t size,
	struct error *err)
{
	int rc = check_signature(text, size, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *object = NULL;
	struct reader reader = {ARCHIVE_MANIFEST, err, parse(&object, text, size, ARCHIVE_MANIFEST, err)};
	AUTO(mem_auto) char *id = want_text(&reader, object, "id");
	if (id && strcmp(id, manifest->id) != 0)
		complain(&reader, "id", "that of " ARCHIVE_SNAPSHOT);
	if (want_number(&reader, object, "format", 1) != manifest->format)
		complain(&reader, "format", "that of " ARCHIVE_SNAPSHOT);
	take_contents(&reader, manifest, want(&reader, object, "tables", JSON_ARRAY));
	take_sequences(&reader, manifest, want(&reader, object, "sequences", JSON_ARRAY));
	const json_t *large = want(&reader, object, "large_objects", JSON_OBJECT);
	manifest->large_objects.rows = (uint64_t)want_number(&reader, large, "objects", 0);
	take_digest(&reader, &manifest->large_objects, large);
	take_members(&reader, manifest, want(&reader, object, "members", JSON_ARRAY));
	if (has(&reader, object, "reused"))
		take_reused(&reader, &manifest->reused, want(&reader, object, "reused", JSON_OBJECT));
	want_hex(&reader, frame->sha256, 64, object, "frame");
	return reader.rc;
}
