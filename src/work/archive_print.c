#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "io/digest.h"
#include "work/archive.h"

static char *archive_content_hex(const struct content *content)
{
	return mem_format("%016" PRIx64 "%016" PRIx64, content->high, content->low);
}

json_t *archive_identity(const struct identity *identity)
{
	json_t *object = json_object();
	json_put(object, "system_identifier", identity->system_identifier);
	json_put_number(object, "timeline", identity->timeline);
	json_put(object, "name", identity->name);
	json_put_number(object, "oid", identity->oid);
	json_put(object, "started", identity->started);
	return object;
}

json_t *archive_moment(const struct moment *moment)
{
	json_t *object = json_object();
	json_put(object, "xid_snapshot", moment->xid_snapshot);
	json_put_number(object, "xmin", moment->xmin);
	json_put_number(object, "xmax", moment->xmax);
	json_put_number(object, "prepared", moment->prepared);
	json_put_flag(object, "durable", moment->durable);
	return object;
}

static json_t *print_properties(const struct properties *properties)
{
	json_t *object = json_object();
	json_put(object, "owner", properties->owner);
	json_put(object, "encoding", properties->encoding);
	json_put(object, "collate", properties->collate);
	json_put(object, "ctype", properties->ctype);
	json_put(object, "provider", properties->provider);
	json_put(object, "icu_locale", properties->icu_locale);
	json_put(object, "tablespace", properties->tablespace);
	json_put(object, "comment", properties->comment);
	json_put_number(object, "connection_limit", properties->connection_limit);
	json_put_flag(object, "allow_connections", properties->allow_connections);
	json_put_flag(object, "is_template", properties->is_template);
	json_put_flag(object, "default_privileges", properties->default_privileges);
	json_put_value(object, "privileges", json_from_list(&properties->privileges));
	json_put_value(object, "settings", json_from_list(&properties->settings));
	return object;
}

static json_t *print_tables(const struct manifest *manifest)
{
	json_t *array = json_array();
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		json_t *object = json_object();
		json_put_number(object, "ordinal", (int64_t)i + 1);
		json_put(object, "schema", table->schema);
		json_put(object, "name", table->name);
		json_put_value(object, "columns", json_from_list(&table->columns));
		json_put_value(object, "floats", json_from_list(&table->floats));
		if (table->file) {
			json_put_number(object, "oid", table->oid);
			json_put_number(object, "file", table->file);
			json_put(object, "shape", table->shape);
		}
		json_array_append_new(array, object);
	}
	return array;
}

char *archive_print_snapshot(const struct manifest *manifest)
{
	AUTO(json_auto) json_t *object = json_object();
	AUTO(mem_auto) char *created = text_time(manifest->created);
	json_put_number(object, "format", manifest->format);
	json_put(object, "id", manifest->id);
	json_put(object, "created", created);
	json_put(object, "tool_version", manifest->tool_version);
	json_put(object, "deployment", manifest->deployment);
	json_put_value(object, "identity", archive_identity(&manifest->identity));
	json_put_value(object, "properties", print_properties(&manifest->properties));
	json_put_value(object, "moment", archive_moment(&manifest->moment));
	json_put(object, "server_version", manifest->server_version);
	json_put_number(object, "server_number", manifest->server_number);
	json_put(object, "client_version", manifest->client_version);
	json_put(object, "engine_release", manifest->engine_release);
	json_put(object, "engine_source", manifest->engine_source);
	json_put(object, "db_version", manifest->db_version);
	json_put(object, "sql_commit", manifest->sql_commit);
	json_put_value(object, "catalog", json_from_list(&manifest->catalog));
	json_put_value(object, "other", json_from_list(&manifest->other));
	json_put_value(object, "tables", print_tables(manifest));
	return json_print(object);
}

static json_t *print_ranges(const struct manifest_table *table)
{
	json_t *array = json_array();
	for (size_t i = 0; i < table->range_count; i++)
		json_array_append_new(array, json_pack("[I, I]", (json_int_t)table->ranges[i].first,
			(json_int_t)table->ranges[i].end));
	return array;
}

static json_t *print_contents(const struct manifest *manifest)
{
	json_t *array = json_array();
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		AUTO(mem_auto) char *digest = archive_content_hex(&table->content);
		json_t *object = json_object();
		json_put_number(object, "ordinal", (int64_t)i + 1);
		json_put_number(object, "rows", (int64_t)table->content.rows);
		json_put_number(object, "bytes", (int64_t)table->bytes);
		json_put(object, "digest", digest);
		if (table->range_count)
			json_put_value(object, "ranges", print_ranges(table));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *print_sequences(const struct manifest *manifest)
{
	json_t *array = json_array();
	for (size_t i = 0; i < manifest->sequence_count; i++) {
		const struct manifest_sequence *sequence = &manifest->sequences[i];
		json_t *object = json_object();
		json_put(object, "schema", sequence->schema);
		json_put(object, "name", sequence->name);
		json_put(object, "last_value", sequence->last_value);
		json_put_flag(object, "is_called", sequence->is_called);
		json_array_append_new(array, object);
	}
	return array;
}

static void print_chunk(json_t *object, const struct manifest_member *member)
{
	AUTO(mem_auto) char *digest = archive_content_hex(&member->content);
	json_put_number(object, "page", (int64_t)member->page);
	json_put_number(object, "bytes", (int64_t)member->bytes);
	json_put(object, "digest", digest);
	if (member->reused)
		json_put_flag(object, "reused", true);
}

static json_t *print_members(const struct manifest *manifest)
{
	json_t *array = json_array();
	for (size_t i = 0; i < manifest->member_count; i++) {
		const struct manifest_member *member = &manifest->members[i];
		json_t *object = json_object();
		json_put(object, "name", member->name);
		json_put_number(object, "size", (int64_t)member->size);
		json_put(object, "sha256", member->sha256);
		if (member->ranged)
			print_chunk(object, member);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *print_reused(const struct manifest_reused *reused)
{
	json_t *object = json_object();
	json_put(object, "from", reused->from);
	json_put_number(object, "chunks", (int64_t)reused->chunks);
	json_put_number(object, "bytes", (int64_t)reused->bytes);
	return object;
}

/* The last line proves all lines before it, for no other member can prove this one. */
static char *sign(const char *text)
{
	struct text out = TEXT_INIT;
	char sha256[65];
	text_add_bytes(&out, text, strlen(text) - strlen("\n}\n"));
	text_add(&out, ",\n");
	digest_sha256_hex(sha256, out.data, out.size);
	text_addf(&out, "  \"sha256\": \"%s\"\n}\n", sha256);
	return text_take(&out);
}

char *archive_print_manifest(const struct manifest *manifest, const struct frame *frame)
{
	AUTO(json_auto) json_t *object = json_object(), *large = json_object();
	AUTO(mem_auto) char *digest = archive_content_hex(&manifest->large_objects);
	json_put_number(large, "objects", (int64_t)manifest->large_objects.rows);
	json_put(large, "digest", digest);
	json_put_number(object, "format", manifest->format);
	json_put(object, "id", manifest->id);
	json_put_value(object, "tables", print_contents(manifest));
	json_put_value(object, "sequences", print_sequences(manifest));
	json_put_value(object, "large_objects", json_incref(large));
	json_put_value(object, "members", print_members(manifest));
	if (manifest->reused.from)
		json_put_value(object, "reused", print_reused(&manifest->reused));
	json_put(object, "frame", frame->sha256);
	AUTO(mem_auto) char *text = json_print(object);
	return sign(text);
}
