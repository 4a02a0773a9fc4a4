#include "model/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void manifest_init(struct manifest *manifest)
{
	*manifest = (struct manifest){.format = MANIFEST_FORMAT};
}

void identity_clear(struct identity *identity)
{
	mem_free(identity->system_identifier);
	mem_free(identity->name);
	mem_free(identity->started);
	*identity = (struct identity){0};
}

void moment_clear(struct moment *moment)
{
	mem_free(moment->xid_snapshot);
	*moment = (struct moment){0};
}

void properties_clear(struct properties *properties)
{
	char *texts[] = {properties->owner, properties->encoding, properties->collate, properties->ctype,
		properties->provider, properties->icu_locale, properties->tablespace, properties->comment};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		mem_free(texts[i]);
	list_clear(&properties->privileges);
	list_clear(&properties->settings);
	*properties = (struct properties){0};
}

static void clear_table(struct manifest_table *table)
{
	mem_free(table->schema);
	mem_free(table->name);
	list_clear(&table->columns);
	list_clear(&table->floats);
	mem_free(table->shape);
	mem_free(table->ranges);
}

static void clear_sequence(struct manifest_sequence *sequence)
{
	mem_free(sequence->schema);
	mem_free(sequence->name);
	mem_free(sequence->last_value);
}

void manifest_clear(struct manifest *manifest)
{
	char *texts[] = {manifest->id, manifest->tool_version, manifest->deployment, manifest->server_version,
		manifest->client_version, manifest->engine_release, manifest->engine_source, manifest->db_version,
		manifest->sql_commit, manifest->reused.from};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		mem_free(texts[i]);
	identity_clear(&manifest->identity);
	properties_clear(&manifest->properties);
	moment_clear(&manifest->moment);
	list_clear(&manifest->catalog);
	list_clear(&manifest->other);
	for (size_t i = 0; i < manifest->table_count; i++)
		clear_table(&manifest->tables[i]);
	for (size_t i = 0; i < manifest->sequence_count; i++)
		clear_sequence(&manifest->sequences[i]);
	for (size_t i = 0; i < manifest->member_count; i++)
		mem_free(manifest->members[i].name);
	mem_free(manifest->tables);
	mem_free(manifest->sequences);
	mem_free(manifest->members);
	*manifest = (struct manifest){0};
}

/* Room for one more of count items: it grows at powers of two. */
static void *grow(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0)
		return mem_resize(items, (count ? count * 2 : 1) * size);
	return items;
}

struct manifest_table *manifest_add_table(struct manifest *manifest, const char *schema, const char *name)
{
	manifest->tables = grow(manifest->tables, manifest->table_count, sizeof *manifest->tables);
	struct manifest_table *table = &manifest->tables[manifest->table_count++];
	*table = (struct manifest_table){.schema = mem_copy(schema), .name = mem_copy(name)};
	return table;
}

struct manifest_sequence *manifest_add_sequence(struct manifest *manifest, const char *schema, const char *name)
{
	manifest->sequences = grow(manifest->sequences, manifest->sequence_count, sizeof *manifest->sequences);
	struct manifest_sequence *sequence = &manifest->sequences[manifest->sequence_count++];
	*sequence = (struct manifest_sequence){.schema = mem_copy(schema), .name = mem_copy(name)};
	return sequence;
}

struct manifest_member *manifest_add_member(struct manifest *manifest, const char *name, uint64_t size)
{
	manifest->members = grow(manifest->members, manifest->member_count, sizeof *manifest->members);
	struct manifest_member *member = &manifest->members[manifest->member_count++];
	*member = (struct manifest_member){.name = mem_copy(name), .size = size};
	return member;
}

void manifest_add_range(struct manifest_table *table, struct page_range pages)
{
	for (size_t i = table->range_count; i-- > 0;)
		if (table->ranges[i].first == pages.first && table->ranges[i].end == pages.end)
			return;
	table->ranges = grow(table->ranges, table->range_count, sizeof *table->ranges);
	table->ranges[table->range_count++] = pages;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct page_range *x = a, *y = b;
	return x->first < y->first ? -1 : x->first > y->first;
}

bool manifest_close_ranges(struct manifest_table *table)
{
	if (!table->range_count)
		return true;
	qsort(table->ranges, table->range_count, sizeof *table->ranges, compare_ranges);
	uint64_t next = 0;
	size_t last = table->range_count - 1;
	bool whole = table->ranges[last].end == 0;
	for (size_t i = 0; i <= last && whole; i++) {
		const struct page_range *range = &table->ranges[i];
		whole = range->first == next && (i == last || range->end > range->first);
		next = range->end;
	}
	if (!whole)
		table->range_count = 0;
	return whole;
}

const struct manifest_table *manifest_find_table(const struct manifest *manifest, const char *schema, const char *name)
{
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		if (strcmp(table->name, name) == 0 && strcmp(table->schema, schema) == 0)
			return table;
	}
	return NULL;
}

bool identity_same(const struct identity *a, const struct identity *b)
{
	return text_same(a->system_identifier, b->system_identifier) && a->timeline == b->timeline && a->oid == b->oid;
}

void content_add(struct content *to, const struct content *more)
{
	to->rows += more->rows;
	to->low += more->low;
	to->high += more->high + (to->low < more->low);
}

bool content_same(const struct content *a, const struct content *b)
{
	return a->rows == b->rows && a->high == b->high && a->low == b->low;
}

char *manifest_table_folder(size_t ordinal, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	char short_name[41];
	size_t size = 0;
	for (; name[size] && size < sizeof short_name - 1; size++)
		short_name[size] = strchr(plain, name[size]) ? name[size] : '_';
	short_name[size] = '\0';
	return mem_format("data/%04zu-%s", ordinal, short_name);
}

bool manifest_read_chunk_name(const char *name, size_t *ordinal, uint64_t *rows)
{
	if (!text_starts(name, "data/"))
		return false;
	const char *dash = strchr(name, '-'), *slash = strrchr(name, '/'), *dot = slash ? strchr(slash, '.') : NULL;
	const char *end = dot ? strchr(dot + 1, '.') : NULL;
	if (!dash || !end || slash < dash || strcmp(end, ".zst") != 0)
		return false;
	AUTO(mem_auto) char *ordinal_text = mem_copy_bytes(name + 5, (size_t)(dash - name - 5));
	AUTO(mem_auto) char *number_text = mem_copy_bytes(slash + 1, (size_t)(dot - slash - 1));
	AUTO(mem_auto) char *rows_text = mem_copy_bytes(dot + 1, (size_t)(end - dot - 1));
	long long a, b, c;
	if (!text_to_number(ordinal_text, 1, 1000000000, &a) || !text_to_number(number_text, 1, 1000000000, &b) ||
		!text_to_number(rows_text, 1, INT64_MAX, &c))
		return false;
	*ordinal = (size_t)a;
	*rows = (uint64_t)c;
	return true;
}
