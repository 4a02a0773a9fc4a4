#include "work/load_private.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "model/schedule.h"
#include "work/inventory.h"
#include "work/load_check.h"

struct worker;

struct pool {
	struct load *load;
	const struct load_plan *plan;
	struct worker *workers;
	int count;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct schedule *schedule;
	struct content *contents;
	size_t *chunks_left;   /* of each table */
	size_t *chunks;        /* the same, at first */
	bool building;         /* all rows are loaded, and that is shown */
	size_t done;           /* tasks */
	struct error failure;  /* the first */
};

struct worker {
	struct pool *pool;
	struct db *db;
	pthread_t thread;
};

/* ---- rows ---- */

static int send_rows(void *context, const char *text, size_t size, uint64_t rows, struct error *err)
{
	progress_add(size, rows);
	return db_copy_in_data(context, text, size, err);
}

static char *table_name(struct db *db, const struct manifest_table *table)
{
	AUTO(mem_auto) char *schema = db_identifier(db, table->schema), *name = db_identifier(db, table->name);
	return mem_format("%s.%s", schema, name);
}

static char *copy_statement(struct db *db, const struct manifest_table *table)
{
	AUTO(mem_auto) char *name = table_name(db, table);
	struct text sql = TEXT_INIT;
	text_addf(&sql, "COPY %s", name);
	for (size_t i = 0; i < table->columns.count; i++) {
		AUTO(mem_auto) char *column = db_identifier(db, table->columns.items[i]);
		text_add(&sql, i ? ", " : " (");
		text_add(&sql, column);
	}
	/* No columns at all: the list must be left out, for () is not SQL. */
	text_add(&sql, table->columns.count ? ") FROM STDIN" : " FROM STDIN");
	return text_take(&sql);
}

static int load_chunk(struct worker *worker, size_t index, struct content *content, struct error *err)
{
	const struct load *load = worker->pool->load;
	struct snapshot_chunk chunk = snapshot_chunk(load->reader, index);
	const struct manifest_table *table = &load->manifest->tables[chunk.table];
	AUTO(mem_auto) char *sql = copy_statement(worker->db, table);
	uint64_t rows = 0;
	int rc = fault_point("restore-chunk", err);
	if (!rc)
		rc = db_copy_in_begin(worker->db, sql, err);
	if (!rc)
		rc = snapshot_read_chunk(load->reader, index, content, send_rows, worker->db, err);
	if (!rc)
		rc = db_copy_in_end(worker->db, &rows, err);
	if (!rc && rows != chunk.rows)
		rc = error_set(err, ERROR_FAILED, "the server took %" PRIu64 " rows, the snapshot has %" PRIu64, rows,
			chunk.rows);
	return rc ? error_context(err, "loading table %s", table->name) : 0;
}

/* ---- keys, indexes, statistics ---- */

/* The number of helpers: PostgreSQL 11 and later. */
static int build(struct worker *worker, const struct task *task, struct error *err)
{
	const struct toc_entry *entry = &worker->pool->plan->toc.entries[task->item];
	AUTO(mem_auto) char *sql = NULL;
	int rc = fault_point("restore-build", err);
	if (!rc)
		rc = load_entry_sql(&sql, worker->pool->load, entry, err);
	if (!rc && db_version(worker->db) >= 110000)
		rc = db_execf(worker->db, err, "SET max_parallel_maintenance_workers = %d", task->helpers);
	if (!rc)
		rc = db_exec(worker->db, sql, err);
	if (!rc)
		rc = db_exec(worker->db, "RESET ROLE; RESET default_tablespace", err);
	return rc ? error_context(err, "restoring %s", entry->words) : 0;
}

static int analyze(struct worker *worker, size_t table, struct error *err)
{
	AUTO(mem_auto) char *name = table_name(worker->db, &worker->pool->load->manifest->tables[table]);
	int rc = fault_point("restore-analyze", err);
	return rc ? rc : db_execf(worker->db, err, "ANALYZE %s", name);
}

/* ---- the pool ---- */

/* The rows count themselves, see send_rows(). */
static void show_progress(struct pool *pool, const struct task *task)
{
	uint64_t left = schedule_builds_left(pool->schedule);
	if (pool->building) {
		progress_add(task->weight, 0);
	} else if (!schedule_chunks_left(pool->schedule) && left) {
		pool->building = true;
		progress_start_parts(pool->load->read ? "building keys and indexes, reading back" :
			"building keys and indexes", left);
	}
}

static void chunk_loaded(struct pool *pool, const struct task *task, const struct content *content)
{
	content_add(&pool->contents[task->table], content);
	if (--pool->chunks_left[task->table])
		return;
	AUTO(mem_auto) char *summary = inventory_summary(&pool->load->manifest->tables[task->table],
		pool->chunks[task->table]);
	log_detail("loaded %s", summary);
}

static void cancel_others(const struct worker *worker)
{
	for (int i = 0; i < worker->pool->count; i++)
		if (&worker->pool->workers[i] != worker)
			db_cancel(worker->pool->workers[i].db);
}

static void task_done(struct worker *worker, const struct task *task, const struct content *content, struct error *err)
{
	struct pool *pool = worker->pool;
	pthread_mutex_lock(&pool->mutex);
	if (err->code) {
		if (!pool->failure.code) {
			error_move(&pool->failure, err);
			cancel_others(worker);
		}
	} else {
		schedule_done(pool->schedule, task);
		pool->done++;
		if (task->kind == TASK_LOAD)
			chunk_loaded(pool, task, content);
		if (task->kind == TASK_CHECK)
			content_add(&pool->load->read[task->table], content);
		show_progress(pool, task);
	}
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
}

/* False when there is nothing left to do. */
static bool take_task(struct pool *pool, struct task *task)
{
	pthread_mutex_lock(&pool->mutex);
	enum schedule_answer answer = SCHEDULE_END;
	while (!pool->failure.code && (answer = schedule_take(task, pool->schedule, pool->count)) == SCHEDULE_WAIT)
		pthread_cond_wait(&pool->changed, &pool->mutex);
	bool more = !pool->failure.code && answer == SCHEDULE_TASK;
	pthread_mutex_unlock(&pool->mutex);
	return more;
}

static int run_task(struct worker *worker, const struct task *task, struct content *content, struct error *err)
{
	int rc = interrupt_check(err);
	if (rc)
		return rc;
	switch (task->kind) {
	case TASK_LOAD: return load_chunk(worker, task->item, content, err);
	case TASK_BUILD: return build(worker, task, err);
	case TASK_CHECK:
		return load_check(content, worker->db, &worker->pool->load->manifest->tables[task->table], task->part,
			task->parts, err);
	case TASK_ANALYZE: return analyze(worker, task->item, err);
	}
	return 0;
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct task task;
	int rc = 0;
	while (!rc && take_task(worker->pool, &task)) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		struct content content = {0, 0, 0};
		rc = run_task(worker, &task, &content, &err);
		task_done(worker, &task, &content, &err);
	}
	return NULL;
}

/* ---- connections ---- */

static int prepare(struct db **out, const struct pool *pool, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	int rc = run_connect(&db, pool->load->run, pool->load->dbname, err);
	/* Nobody sees these rows before the swap, whose commit waits for all of the log. */
	if (!rc)
		rc = db_exec(db, "SET synchronous_commit = off", err);
	if (!rc && pool->plan->order.early.count)
		rc = db_exec(db, "SET session_replication_role = replica", err);
	if (!rc) {
		*out = db;
		db = NULL;
	}
	return rc;
}

/* A server that is short of connections may still be about to end pg_restore's. */
static int prepare_patiently(struct db **out, const struct pool *pool, struct error *err)
{
	enum { TRIES = 20 };
	int rc = prepare(out, pool, err);
	for (int i = 0; rc == ERROR_UNREACHABLE && i < TRIES && !interrupt_signal(); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		error_clear(err);
		rc = prepare(out, pool, err);
	}
	return rc;
}

/* One connection must be had; where the server has no room for more, fewer do. */
static int connect_workers(struct pool *pool, int wanted, struct error *err)
{
	int rc = prepare_patiently(&pool->workers[0].db, pool, err);
	if (rc)
		return rc;
	for (pool->count = 1; pool->count < wanted; pool->count++) {
		AUTO(error_clear) struct error why = ERROR_INIT;
		rc = prepare(&pool->workers[pool->count].db, pool, &why);
		if (rc == ERROR_INTERRUPTED)
			return error_move(err, &why);
		if (rc) {
			log_warn("the server allows only %d of %d connections: going on with %d", pool->count, wanted,
				pool->count);
			log_detail("%s", why.message);
			break;
		}
	}
	for (int i = 0; i < pool->count; i++)
		pool->workers[i].pool = pool;
	return 0;
}

/* Starts what can be started, joins all, returns the first failure. */
static int run_workers(struct pool *pool, struct error *err)
{
	int started = 0;
	while (started < pool->count &&
		pthread_create(&pool->workers[started].thread, NULL, work, &pool->workers[started]) == 0)
		started++;
	if (!started)
		return error_set(err, ERROR_FAILED, "cannot start a thread");
	for (int i = 0; i < started; i++)
		pthread_join(pool->workers[i].thread, NULL);
	if (pool->failure.code)
		return error_move(err, &pool->failure);
	if (pool->done != schedule_tasks(pool->schedule))
		return error_set(err, ERROR_FAILED, "of %zu steps %zu were not possible, as each waits for another",
			schedule_tasks(pool->schedule), schedule_tasks(pool->schedule) - pool->done);
	return 0;
}

static struct schedule *make_schedule(struct pool *pool)
{
	const struct load *load = pool->load;
	const struct load_plan *plan = pool->plan;
	size_t count = snapshot_chunks(load->reader);
	AUTO(mem_auto) struct schedule_chunk *chunks = mem_array(count, sizeof *chunks);
	for (size_t i = 0; i < count; i++) {
		struct snapshot_chunk chunk = snapshot_chunk(load->reader, i);
		chunks[i] = (struct schedule_chunk){chunk.table, chunk.size};
		pool->chunks[chunk.table] = ++pool->chunks_left[chunk.table];
	}
	AUTO(mem_auto) size_t *parts = load->read ? mem_array(load->manifest->table_count, sizeof *parts) : NULL;
	for (size_t i = 0; parts && i < load->manifest->table_count; i++)
		parts[i] = load_check_parts(load->db, pool->chunks[i], run_jobs(load->run));
	bool planned = plan->toc.count;
	return schedule_new(load->manifest, chunks, count, planned ? &plan->toc : NULL, planned ? &plan->order : NULL,
		parts);
}

static void say_total(const struct manifest *manifest)
{
	uint64_t bytes = 0, rows = 0;
	for (size_t i = 0; i < manifest->table_count; i++) {
		bytes += manifest->tables[i].bytes;
		rows += manifest->tables[i].content.rows;
	}
	progress_start("loading rows", bytes, rows);
}

int load_pool(struct load *load, const struct load_plan *plan, struct content *contents, int *workers,
	struct error *err)
{
	int jobs = run_jobs(load->run);
	struct pool pool = {.load = load, .plan = plan, .contents = contents};
	AUTO(mem_auto) size_t *left = mem_array(load->manifest->table_count, sizeof *left);
	AUTO(mem_auto) size_t *chunks = mem_array(load->manifest->table_count, sizeof *chunks);
	pool.chunks_left = left;
	pool.chunks = chunks;
	pool.schedule = make_schedule(&pool);
	size_t tasks = schedule_tasks(pool.schedule);
	AUTO(mem_auto) struct worker *array = mem_array((size_t)jobs, sizeof *array);
	pool.workers = array;
	pthread_mutex_init(&pool.mutex, NULL);
	pthread_cond_init(&pool.changed, NULL);
	int rc = tasks ? connect_workers(&pool, tasks < (size_t)jobs ? (int)tasks : jobs, err) : 0;
	say_total(load->manifest);
	if (!rc && tasks)
		rc = run_workers(&pool, err);
	progress_end();
	for (int i = 0; i < pool.count; i++)
		db_close(pool.workers[i].db);
	pthread_cond_destroy(&pool.changed);
	pthread_mutex_destroy(&pool.mutex);
	schedule_free(pool.schedule);
	error_clear(&pool.failure);
	*workers = tasks < (size_t)jobs ? jobs : pool.count;
	return rc;
}
