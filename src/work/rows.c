#include "work/rows.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "io/codec.h"
#include "io/digest.h"
#include "model/columns.h"
#include "work/earlier.h"

/* Enough that no worker waits while a chunk is written, few enough that memory stays small. */
enum { QUEUE_ROOM = 4 };

struct rows_worker {
	struct rows *rows;
	struct codec *codec;
	struct columns columns;
	bool open;            /* columns belong to table */
	size_t table;
	struct content content;
	struct chunk range;   /* of the range at hand: its table and pages */
	bool empty;           /* nothing of it was pushed */
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
	size_t first, waiting;
	int working;
};

struct rows *rows_new(int jobs, const struct manifest *manifest, const struct earlier *earlier)
{
	struct rows *rows = mem_new(sizeof *rows);
	rows->manifest = manifest;
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
	while (rows->waiting == QUEUE_ROOM)
		pthread_cond_wait(&rows->moved, &rows->guard);
	rows->queue[(rows->first + rows->waiting++) % QUEUE_ROOM] = *chunk;
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
		pthread_cond_broadcast(&rows->moved);
	}
	pthread_mutex_unlock(&rows->guard);
	return found;
}

static int flush(struct rows_worker *worker, struct error *err)
{
	struct columns *columns = &worker->columns;
	if (!worker->open || !columns->rows)
		return 0;
	AUTO(mem_auto) struct codec_piece *pieces = mem_array(columns->count, sizeof *pieces);
	for (size_t i = 0; i < columns->count; i++)
		pieces[i] = (struct codec_piece){columns->values[i].data, columns->values[i].size};
	struct chunk chunk = {.table = worker->table, .content = worker->content, .bytes = columns->bytes,
		.pages = worker->range.pages};
	int rc = codec_compress(&chunk.frame, worker->codec, CODEC_LEVEL, pieces, columns->count, err);
	if (rc) {
		text_clear(&chunk.frame);
		return rc;
	}
	digest_sha256_hex(chunk.sha256, chunk.frame.data, chunk.frame.size);
	worker->content = (struct content){0};
	columns_reset(columns);
	worker->empty = false;
	push(worker->rows, &chunk);
	return 0;
}

static int on_row(void *context, size_t id, const char *row, size_t size, struct error *err)
{
	struct rows_worker *worker = context;
	if (!worker->open || worker->table != id) {
		int rc = flush(worker, err);
		if (rc)
			return rc;
		columns_clear(&worker->columns);
		columns_init(&worker->columns, worker->rows->manifest->tables[id].columns.count);
		worker->table = id;
		worker->open = true;
	}
	if (!columns_add(&worker->columns, row, size))
		return error_set(err, ERROR_FAILED,
			"the server sent a row with another number of columns than asked for");
	digest_add_row(&worker->content.high, &worker->content.low, row, size);
	worker->content.rows++;
	return worker->columns.bytes >= scan_chunk() ? flush(worker, err) : 0;
}

static void on_begin(void *context, size_t id, struct page_range pages)
{
	struct rows_worker *worker = context;
	worker->range = (struct chunk){.table = id, .pages = pages};
	worker->empty = true;
}

static int on_end(void *context, struct error *err)
{
	struct rows_worker *worker = context;
	int rc = flush(worker, err);
	if (!rc && worker->empty)
		push(worker->rows, &worker->range);
	return rc;
}

static int on_same(void *context, size_t id, const struct reuse_range *range, bool *taken, struct error *err)
{
	struct rows_worker *worker = context;
	AUTO(mem_auto) struct chunk *chunks = NULL;
	int rc = earlier_load(&chunks, taken, worker->rows->earlier, id, range, err);
	for (size_t i = 0; !rc && *taken && i < (range->count ? range->count : 1); i++)
		push(worker->rows, &chunks[i]);
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

const struct scan_sink rows_sink = {.row = on_row, .begin = on_begin, .end = on_end, .same = on_same,
	.gone = on_gone};

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (int i = 0; i < rows->jobs; i++) {
		codec_free(rows->workers[i].codec);
		columns_clear(&rows->workers[i].columns);
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
