#include "work/rows.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "io/codec.h"
#include "io/digest.h"
#include "model/columns.h"
#include "work/earlier.h"

/* Enough that no worker waits while a chunk is written, little enough that memory stays small. */
enum { QUEUE_ROOM = 4, QUEUE_BYTES = 16 << 20 };
/* A chunk and its frame share a worker's memory. Where rows repeat what came long before, larger chunks are much
 * smaller in all (a fifth larger, a tenth smaller: measured on the engine's largest table); where they compress
 * badly, the size of a chunk makes no difference, but its frame takes memory, too: a sample tells. */
enum {
	FULL_BYTES = 114 << 20, /* chunk and frame */
	SMALL_BYTES = 32 << 20,
	SAMPLE_BYTES = 1 << 19,
	GOOD_RATIO = 3          /* of a sample */
};

struct rows_worker {
	struct rows *rows;
	struct codec *codec;
	struct columns columns;
	struct row_digest digest; /* of the rows in columns */
	uint64_t most;            /* memory of them in a chunk */
	uint64_t sampled;         /* memory of them when that was found */
	struct chunk range;       /* the last of the range at hand: its table and pages */
};

struct rows {
	const struct manifest *manifest;
	const struct earlier *earlier;
	struct rows_worker *workers;
	void **contexts;
	int jobs;
	pthread_mutex_t guard; /* of what follows */
	pthread_cond_t moved;  /* a chunk came or went, or a worker left */
	struct chunk queue[QUEUE_ROOM];
	size_t first, waiting, bytes;
	int working;
	int level;             /* of the compression */
};

struct rows *rows_new(int jobs, int level, const struct manifest *manifest, const struct earlier *earlier)
{
	struct rows *rows = mem_new(sizeof *rows);
	rows->manifest = manifest;
	rows->level = level;
	rows->earlier = earlier;
	rows->jobs = rows->working = jobs;
	rows->workers = mem_array((size_t)jobs, sizeof *rows->workers);
	rows->contexts = mem_array((size_t)jobs, sizeof *rows->contexts);
	pthread_mutex_init(&rows->guard, NULL);
	pthread_cond_init(&rows->moved, NULL);
	for (int i = 0; i < jobs; i++) {
		rows->workers[i] = (struct rows_worker){.rows = rows, .codec = codec_new()};
		rows->contexts[i] = &rows->workers[i];
	}
	return rows;
}

void *const *rows_workers(struct rows *rows)
{
	return rows->contexts;
}

static void push(struct rows *rows, const struct chunk *chunk)
{
	pthread_mutex_lock(&rows->guard);
	while (rows->waiting == QUEUE_ROOM || (rows->waiting && rows->bytes + chunk->frame.size > QUEUE_BYTES))
		pthread_cond_wait(&rows->moved, &rows->guard);
	rows->queue[(rows->first + rows->waiting++) % QUEUE_ROOM] = *chunk;
	rows->bytes += chunk->frame.size;
	pthread_cond_broadcast(&rows->moved);
	pthread_mutex_unlock(&rows->guard);
}

bool rows_next(struct rows *rows, struct chunk *out)
{
	pthread_mutex_lock(&rows->guard);
	while (!rows->waiting && rows->working)
		pthread_cond_wait(&rows->moved, &rows->guard);
	bool found = rows->waiting != 0;
	if (found) {
		*out = rows->queue[rows->first];
		rows->first = (rows->first + 1) % QUEUE_ROOM;
		rows->waiting--;
		rows->bytes -= out->frame.size;
		pthread_cond_broadcast(&rows->moved);
	}
	pthread_mutex_unlock(&rows->guard);
	return found;
}

static int add_to_digest(void *context, const char *text, size_t size, struct error *err)
{
	(void)err;
	digest_rows(context, text, size);
	return 0;
}

/* Decodes the frame, into the memory that its rows came from, and makes rows of the columns again: they must have the
 * digest of what the server sent. */
static int prove(struct rows_worker *worker, const struct chunk *chunk, struct error *err)
{
	AUTO(columns_close) struct columns_reader reader = {.left = 0};
	struct row_digest found = {0};
	char *text = columns_borrow(&worker->columns, chunk->bytes);
	int rc = codec_expand_to(text, chunk->bytes, worker->codec, chunk->frame.data, chunk->frame.size, err);
	size_t count = worker->rows->manifest->tables[chunk->table].columns.count;
	if (!rc && !columns_open(&reader, text, chunk->bytes, count, chunk->content.rows))
		rc = error_set(err, ERROR_CORRUPT, "not as many values come back as were compressed");
	if (!rc)
		rc = columns_pass(&reader, add_to_digest, &found, err);
	if (!rc && !content_same(&chunk->content, &(struct content){found.rows, found.high, found.low}))
		rc = error_set(err, ERROR_CORRUPT, "other rows come back than were compressed");
	return rc;
}

/* How much memory a chunk of rows like those so far may take. */
static int sample(uint64_t *most, struct rows_worker *worker, struct error *err)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	AUTO(text_clear) struct text frame = TEXT_INIT;
	columns_sample(&text, &worker->columns, SAMPLE_BYTES);
	int rc = codec_compress(&frame, worker->codec, CODEC_LEVEL, text.data, text.size, err);
	*most = SMALL_BYTES;
	if (!rc && frame.size < text.size / GOOD_RATIO)
		*most = FULL_BYTES - (uint64_t)FULL_BYTES * frame.size / (text.size + frame.size);
	return rc;
}

/* Between two rows: whether the chunk is to end here. Rows may change: now and then they are looked at again. */
static int is_full(bool *full, struct rows_worker *worker, struct error *err)
{
	const struct columns *columns = &worker->columns;
	*full = false;
	uint64_t memory = columns_memory(columns);
	if (columns->open || memory < SMALL_BYTES)
		return 0;
	int rc = 0;
	if (memory >= worker->sampled + SMALL_BYTES) {
		rc = sample(&worker->most, worker, err);
		worker->sampled = memory;
	}
	*full = memory >= worker->most;
	return rc;
}

static int make_chunk(struct chunk *out, struct rows_worker *worker, struct error *err)
{
	struct columns *columns = &worker->columns;
	struct chunk chunk = {.table = worker->range.table, .pages = worker->range.pages, .bytes = columns->bytes,
		.content = {worker->digest.rows, worker->digest.high, worker->digest.low}};
	int rc = codec_compress(&chunk.frame, worker->codec, worker->rows->level, columns_join(columns), chunk.bytes,
		err);
	if (!rc)
		rc = prove(worker, &chunk, err);
	if (rc) {
		text_clear(&chunk.frame);
		return rc;
	}
	digest_sha256_hex(chunk.sha256, chunk.frame.data, chunk.frame.size);
	*out = chunk;
	return 0;
}

static void start(struct rows_worker *worker)
{
	worker->digest = (struct row_digest){0};
	worker->sampled = 0;
	columns_start(&worker->columns, worker->rows->manifest->tables[worker->range.table].columns.count);
}

static int flush(struct rows_worker *worker, struct error *err)
{
	if (!worker->columns.rows)
		return 0;
	struct chunk chunk;
	int rc = make_chunk(&chunk, worker, err);
	if (rc)
		return rc;
	start(worker);
	push(worker->rows, &chunk);
	return 0;
}

static int on_rows(void *context, size_t id, const char *text, size_t size, uint64_t *count, struct error *err)
{
	(void)id;
	struct rows_worker *worker = context;
	uint64_t before = worker->digest.rows;
	if (!columns_add(&worker->columns, text, size))
		return error_set(err, ERROR_FAILED,
			"the server sent a row with another number of columns than asked for");
	digest_rows(&worker->digest, text, size);
	*count += worker->digest.rows - before;
	bool full;
	int rc = is_full(&full, worker, err);
	return !rc && full ? flush(worker, err) : rc;
}

static void on_begin(void *context, size_t id, struct page_range pages)
{
	struct rows_worker *worker = context;
	worker->range = (struct chunk){.table = id, .pages = pages, .last = true};
	start(worker);
}

static int on_end(void *context, struct error *err)
{
	struct rows_worker *worker = context;
	int rc = flush(worker, err);
	if (!rc)
		push(worker->rows, &worker->range);
	return rc;
}

static int on_same(void *context, size_t id, const struct reuse_range *range, bool *taken, struct error *err)
{
	struct rows_worker *worker = context;
	AUTO(mem_auto) struct chunk *chunks = NULL;
	const struct earlier *earlier = worker->rows->earlier;
	columns_clear(&worker->columns); /* the frames that come need the memory */
	int rc = earlier_load(&chunks, taken, earlier, id, range, err);
	for (size_t i = 0; !rc && *taken && i < (range->count ? range->count : 1); i++) {
		rc = earlier_again(&chunks[i], earlier, range, i, err);
		if (!rc)
			push(worker->rows, &chunks[i]);
	}
	if (!rc && *taken)
		push(worker->rows, &(struct chunk){.table = id, .pages = range->pages, .last = true});
	return rc;
}

static void on_gone(void *context)
{
	struct rows_worker *worker = context;
	struct rows *rows = worker->rows;
	pthread_mutex_lock(&rows->guard);
	rows->working--;
	pthread_cond_broadcast(&rows->moved);
	pthread_mutex_unlock(&rows->guard);
}

const struct scan_sink rows_sink = {.what = "copying", .rows = on_rows, .begin = on_begin, .end = on_end,
	.same = on_same, .gone = on_gone, .spares_one = true};

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (int i = 0; i < rows->jobs; i++) {
		codec_free(rows->workers[i].codec);
		columns_clear(&rows->workers[i].columns);
		digest_rows_clear(&rows->workers[i].digest);
	}
	for (size_t i = 0; i < rows->waiting; i++)
		text_clear(&rows->queue[(rows->first + i) % QUEUE_ROOM].frame);
	pthread_cond_destroy(&rows->moved);
	pthread_mutex_destroy(&rows->guard);
	mem_free(rows->workers);
	mem_free(rows->contexts);
	mem_free(rows);
}

void rows_auto(struct rows **rows)
{
	rows_free(*rows);
}
