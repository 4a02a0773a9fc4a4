#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "work/reader.h"
#include "work/snapshot.h"

/* Shared by the threads of one verification. */
struct check {
	const struct snapshot_reader *reader;
	const struct manifest *manifest;
	bool decode;              /* else only the members' SHA-256 */
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t guard;    /* of what follows */
	struct content *contents; /* one per table */
	uint64_t *sizes;          /* COPY text of each table */
	struct error failure;
};

static int count_bytes(void *context, const char *text, size_t size, uint64_t rows, struct error *err)
{
	(void)text;
	(void)err;
	*(uint64_t *)context += size;
	progress_add(size, rows);
	return 0;
}

static int check_rows(struct check *check, size_t index, size_t table, struct error *err)
{
	struct content content = {0};
	uint64_t size = 0;
	int rc = snapshot_read_chunk(check->reader, index, &content, count_bytes, &size, err);
	if (rc)
		return rc;
	pthread_mutex_lock(&check->guard);
	content_add(&check->contents[table], &content);
	check->sizes[table] += size;
	pthread_mutex_unlock(&check->guard);
	return 0;
}

static int check_chunk(struct check *check, size_t index, struct error *err)
{
	struct snapshot_chunk chunk = snapshot_chunk(check->reader, index);
	if (check->decode)
		return check_rows(check, index, chunk.table, err);
	int rc = reader_check_member(check->reader, chunk.member, err);
	if (!rc)
		progress_add(chunk.size, chunk.rows);
	return rc;
}

static void *work(void *context)
{
	struct check *check = context;
	struct error err = ERROR_INIT;
	int rc = 0;
	while (!rc && !atomic_load(&check->stop)) {
		size_t index = atomic_fetch_add(&check->next, 1);
		if (index >= snapshot_chunks(check->reader))
			break;
		rc = check_chunk(check, index, &err);
	}
	if (rc) {
		atomic_store(&check->stop, true);
		pthread_mutex_lock(&check->guard);
		if (!check->failure.code)
			error_move(&check->failure, &err);
		pthread_mutex_unlock(&check->guard);
		error_clear(&err);
	}
	return NULL;
}

static int run_threads(struct check *check, int jobs, struct error *err)
{
	size_t chunks = snapshot_chunks(check->reader);
	if (jobs < 1)
		jobs = 1;
	size_t count = (size_t)jobs < chunks ? (size_t)jobs : chunks;
	AUTO(mem_auto) pthread_t *threads = mem_array(count, sizeof *threads);
	for (size_t i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, work, check) != 0)
			abort();
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return check->failure.code ? error_move(err, &check->failure) : 0;
}

static int check_others(const struct check *check, struct error *err)
{
	const struct manifest *manifest = check->manifest;
	for (size_t i = 0; i < manifest->member_count; i++) {
		if (text_starts(manifest->members[i].name, "data/"))
			continue;
		int rc = reader_check_member(check->reader, i, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int compare_tables(const struct check *check, struct error *err)
{
	for (size_t i = 0; i < check->manifest->table_count; i++) {
		const struct manifest_table *table = &check->manifest->tables[i];
		const struct content *found = &check->contents[i];
		if (found->rows != table->content.rows)
			return error_set(err, ERROR_CORRUPT,
				"table %s.%s has %" PRIu64 " rows, the manifest says %" PRIu64,
				table->schema, table->name, found->rows, table->content.rows);
		if (!content_same(found, &table->content))
			return error_set(err, ERROR_CORRUPT,
				"the rows of table %s.%s do not have the manifest's digest",
				table->schema, table->name);
		if (check->sizes[i] != table->bytes)
			return error_set(err, ERROR_CORRUPT, "the rows of table %s.%s do not have the manifest's size",
				table->schema, table->name);
	}
	return 0;
}

/* Bytes of what is looked at: the rows' text, or the chunks as they are in the archive. */
static void say_total(const struct check *check)
{
	const struct manifest *manifest = check->manifest;
	uint64_t bytes = 0, rows = 0;
	for (size_t i = 0; check->decode && i < manifest->table_count; i++)
		bytes += manifest->tables[i].bytes;
	for (size_t i = 0; !check->decode && i < snapshot_chunks(check->reader); i++)
		bytes += snapshot_chunk(check->reader, i).size;
	for (size_t i = 0; i < manifest->table_count; i++)
		rows += manifest->tables[i].content.rows;
	progress_start("verifying", bytes, rows);
}

static int check_all(struct check *check, int jobs, struct error *err)
{
	say_total(check);
	int rc = check_others(check, err);
	if (!rc)
		rc = run_threads(check, jobs, err);
	progress_end();
	return rc || !check->decode ? rc : compare_tables(check, err);
}

static int verify(const struct snapshot_entry *entry, bool decode, int jobs, struct error *err)
{
	AUTO(snapshot_reader_auto) struct snapshot_reader *reader = NULL;
	int rc = snapshot_open(&reader, entry, err);
	if (rc)
		return rc;
	size_t tables = entry->manifest.table_count;
	AUTO(mem_auto) struct content *contents = mem_array(tables, sizeof *contents);
	AUTO(mem_auto) uint64_t *sizes = mem_array(tables, sizeof *sizes);
	struct check check = {.reader = reader, .manifest = &entry->manifest, .decode = decode, .contents = contents,
		.sizes = sizes};
	pthread_mutex_init(&check.guard, NULL);
	rc = check_all(&check, jobs, err);
	pthread_mutex_destroy(&check.guard);
	return rc ? error_context(err, "%s", entry->path) : 0;
}

int snapshot_verify(const struct snapshot_entry *entry, int jobs, struct error *err)
{
	return verify(entry, true, jobs, err);
}

int snapshot_verify_bytes(const struct snapshot_entry *entry, int jobs, struct error *err)
{
	return verify(entry, false, jobs, err);
}
