#include "model/reuse.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Half of what 32 bits can tell apart, to be far from the edge. */
static const int64_t MOST_TRANSACTIONS = (int64_t)1 << 30;
/* Ids below are not a transaction's. */
enum { FIRST_TRANSACTION = 3 };

static bool has_ranges(const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->table_count; i++)
		if (manifest->tables[i].range_count)
			return true;
	return false;
}

const char *reuse_refusal(const struct manifest *then, const struct manifest *now)
{
	if (!identity_same(&then->identity, &now->identity))
		return "it is of another database or server";
	if (!text_same(then->identity.started, now->identity.started))
		return "the server was restarted since";
	if (!then->moment.durable)
		return "not all that it saw was on the server's disk";
	if (then->server_number != now->server_number)
		return "it is of another version of PostgreSQL";
	if (!text_same(then->properties.encoding, now->properties.encoding))
		return "it is in another encoding";
	if (now->moment.xmax < then->moment.xmax)
		return "the server's transactions do not go on from it";
	if (now->moment.xmax - then->moment.xmin >= MOST_TRANSACTIONS)
		return "too many transactions have ended since";
	if (then->moment.xmin > then->moment.xmax || (uint32_t)then->moment.xmin < FIRST_TRANSACTION)
		return "its transaction snapshot is of an unknown kind";
	if (!has_ranges(then))
		return "it was written by a version that did not record what is needed";
	return NULL;
}

/* No transaction older than xmax was open then, so that whatever committed since has moved xmax. */
static bool untouched(const struct moment *then, const struct moment *now)
{
	return then->xmin == then->xmax && now->xmax == then->xmax && !then->prepared && !now->prepared;
}

static bool same_table(const struct manifest_table *then, const struct manifest_table *now)
{
	return then->oid == now->oid && then->file && then->file == now->file && now->shape &&
		text_same(then->shape, now->shape) && list_same(&then->columns, &now->columns) &&
		list_same(&then->floats, &now->floats);
}

static int compare_chunks(const void *a, const void *b)
{
	const struct reuse_chunk *x = a, *y = b;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->page != y->page)
		return x->page < y->page ? -1 : 1;
	return x->member < y->member ? -1 : x->member > y->member;
}

static void list_chunks(struct reuse *reuse, const struct manifest *then)
{
	reuse->chunks = mem_array(then->member_count, sizeof *reuse->chunks);
	for (size_t i = 0; i < then->member_count; i++) {
		const struct manifest_member *member = &then->members[i];
		size_t ordinal;
		uint64_t rows;
		if (member->ranged && manifest_read_chunk_name(member->name, &ordinal, &rows))
			reuse->chunks[reuse->chunk_count++] = (struct reuse_chunk){ordinal - 1, member->page, i, rows};
	}
	qsort(reuse->chunks, reuse->chunk_count, sizeof *reuse->chunks, compare_chunks);
}

/* Gives the ranges their chunks. False when they do not add up to the table's rows: then a chunk was not recorded. */
static bool take_ranges(struct reuse_table *out, const struct reuse *reuse, const struct manifest *then, size_t index)
{
	const struct manifest_table *table = &then->tables[index];
	uint64_t rows = 0;
	size_t at = 0;
	while (at < reuse->chunk_count && reuse->chunks[at].table < index)
		at++;
	out->ranges = mem_array(table->range_count, sizeof *out->ranges);
	out->count = table->range_count;
	for (size_t i = 0; i < table->range_count; i++) {
		struct reuse_range *range = &out->ranges[i];
		*range = (struct reuse_range){.pages = table->ranges[i], .first = at};
		for (; at < reuse->chunk_count && reuse->chunks[at].table == index &&
			reuse->chunks[at].page == range->pages.first; at++) {
			range->rows += reuse->chunks[at].rows;
			range->count++;
		}
		rows += range->rows;
	}
	return rows == table->content.rows;
}

void reuse_build(struct reuse *out, const struct manifest *then, const struct manifest *now)
{
	*out = (struct reuse){.since = then->moment.xmin, .untouched = untouched(&then->moment, &now->moment),
		.tables = mem_array(now->table_count, sizeof *out->tables), .table_count = now->table_count};
	out->schema = out->untouched && text_same(then->tool_version, now->tool_version) &&
		text_same(then->client_version, now->client_version);
	list_chunks(out, then);
	for (size_t i = 0; i < now->table_count; i++) {
		const struct manifest_table *table = &now->tables[i];
		const struct manifest_table *before = manifest_find_table(then, table->schema, table->name);
		if (!before || !before->range_count || !same_table(before, table))
			continue;
		if (!take_ranges(&out->tables[i], out, then, (size_t)(before - then->tables))) {
			mem_free(out->tables[i].ranges);
			out->tables[i] = (struct reuse_table){NULL, 0};
		}
	}
}

void reuse_clear(struct reuse *reuse)
{
	for (size_t i = 0; i < reuse->table_count; i++)
		mem_free(reuse->tables[i].ranges);
	mem_free(reuse->tables);
	mem_free(reuse->chunks);
	*reuse = (struct reuse){.tables = NULL};
}
