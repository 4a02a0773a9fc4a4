#include "work/scan.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "work/scan_known.h"
#include "work/scan_plan.h"

enum { LOCK_SECONDS = 60 };

struct worker {
	struct scan *scan;
	struct db *db;
	void *context;
	pthread_t thread;
	size_t id;     /* of the table at hand */
	uint64_t rows; /* of the task at hand */
	struct progress_share share;
};

struct scan {
	const struct scan_table *tables;
	const struct scan_sink *sink;
	struct scan_task *tasks;
	size_t task_count;
	char *begin;             /* SQL that opens a task's transaction */
	struct worker *workers;
	int worker_count;
	atomic_bool stop;
	pthread_mutex_t guard;   /* of what follows */
	size_t next_task;
	struct error failure;
	char *changed;
};

/* Predictable order (the number of rows read tells which row was too large), the pages in one sweep, no plan but a
 * scan of the pages asked for. Last, libpq reads as much at a time as its buffer has room for, and that grows to the
 * largest answer and stays: with a large one the rows come in gulps, which takes 3 % of the processor time away. */
static const char SESSION[] =
	"SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET enable_seqscan = off; "
	"SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; "
	"SELECT repeat(' ', 1000000)";

/* ---- tasks ---- */

static const struct scan_task *next_task(struct scan *scan)
{
	pthread_mutex_lock(&scan->guard);
	const struct scan_task *task = scan->next_task < scan->task_count ? &scan->tasks[scan->next_task++] : NULL;
	pthread_mutex_unlock(&scan->guard);
	return task;
}

/* ---- one task ---- */

static int on_rows(void *context, const char *text, size_t size, struct error *err)
{
	struct worker *worker = context;
	struct scan *scan = worker->scan;
	if (atomic_load_explicit(&scan->stop, memory_order_relaxed))
		return error_set(err, ERROR_FAILED, "given up");
	uint64_t before = worker->rows;
	int rc = scan->sink->rows(worker->context, worker->id, text, size, &worker->rows, err);
	progress_share_add(&worker->share, size, worker->rows - before);
	return rc;
}

static bool state_is_one_of(const struct db *db, const char *const *states)
{
	for (; *states; states++)
		if (strcmp(db_sqlstate(db), *states) == 0)
			return true;
	return false;
}

/* A table or column that the snapshot knows and the server no longer does. */
static bool is_gone(const struct db *db)
{
	return state_is_one_of(db, (const char *const[]){"42P01", "42703", "3F000", "42809", NULL});
}

static int say_changed(char **changed, const struct stock *stock, struct error *err)
{
	*changed = inventory_name(stock->schema, stock->name);
	return error_set(err, ERROR_FAILED, "the table %s was truncated, rewritten or changed by another session "
		"meanwhile", *changed);
}

/* Names can be given to another table, and a table can get another file. */
static int check_file(char **changed, struct db *db, const struct stock *stock, struct error *err)
{
	AUTO(mem_auto) char *oid = mem_format("%" PRId64, stock->oid);
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db, "SELECT to_regclass($1)::oid, pg_relation_filenode($2::oid)", err,
		stock->qualified, oid);
	if (!rc && (db_number(result, 0, 0) != stock->oid || db_number(result, 0, 1) != stock->file))
		rc = say_changed(changed, stock, err);
	return rc;
}

/* Which row the server could not make text of: as many were read as stand before it. */
static int name_large_row(struct worker *worker, const struct stock *stock, const struct scan_task *task,
	struct error *err)
{
	struct scan *scan = worker->scan;
	AUTO(mem_auto) char *table = inventory_name(stock->schema, stock->name);
	AUTO(mem_auto) char *rows = mem_format("%" PRIu64, worker->rows);
	AUTO(mem_auto) char *first = mem_format("(%" PRIu64 ",0)", task->pages.first);
	AUTO(mem_auto) char *sql = mem_format("SELECT ctid FROM ONLY %s WHERE ctid >= $1::tid OFFSET $2 LIMIT 1",
		stock->qualified);
	AUTO(mem_auto) char *ctid = NULL;
	struct error ignored = ERROR_INIT;
	int rc = db_exec(worker->db, "ROLLBACK", &ignored);
	if (!rc)
		rc = db_exec(worker->db, scan->begin, &ignored);
	if (!rc)
		rc = db_scalar(&ctid, worker->db, sql, 2, (const char *const[]){first, rows}, &ignored);
	error_clear(&ignored);
	error_set(err, ERROR_REFUSED,
		"a row of the table %s is larger than 1 GB as text, which no client can read (ctid %s)",
		table, ctid ? ctid : "unknown");
	return error_hint(err, "shorten or delete the row, which `SELECT … FROM %s WHERE ctid = '%s'` finds", table,
		ctid ? ctid : "(page,line)");
}

static bool is_too_large(const struct db *db, const struct error *err)
{
	/* 54000 since PostgreSQL 13, 53200 before. */
	if (state_is_one_of(db, (const char *const[]){"54000", "53200", NULL}))
		return strstr(err->message, "enlarge string buffer") != NULL;
	return strcmp(db_sqlstate(db), "XX000") == 0 && strstr(err->message, "invalid memory alloc request size");
}

static int copy(char **changed, struct worker *worker, const struct scan_table *table, const struct scan_task *task,
	struct error *err)
{
	const struct stock *stock = table->stock;
	AUTO(mem_auto) char *sql = inventory_copy(worker->db, stock->schema, stock->name, table->columns, &task->pages);
	uint64_t said = 0;
	worker->rows = 0;
	worker->id = table->id;
	int rc = db_copy_out(worker->db, sql, on_rows, worker, &said, err);
	if (rc && rc != ERROR_FAILED)
		return rc;
	if (rc && is_gone(worker->db))
		return say_changed(changed, stock, err);
	if (rc && is_too_large(worker->db, err))
		return name_large_row(worker, stock, task, err);
	if (!rc && said != worker->rows)
		rc = error_set(err, ERROR_FAILED, "the server sent %" PRIu64 " rows and says it were %" PRIu64,
			worker->rows, said);
	AUTO(mem_auto) char *name = inventory_name(stock->schema, stock->name);
	return rc ? error_context(err, "table %s", name) : 0;
}

static int lock(char **changed, struct worker *worker, const struct stock *stock, struct error *err)
{
	int rc = db_exec(worker->db, worker->scan->begin, err);
	if (!rc)
		rc = db_execf(worker->db, err, "LOCK TABLE ONLY %s IN ACCESS SHARE MODE", stock->qualified);
	if (!rc)
		return check_file(changed, worker->db, stock, err);
	if (rc == ERROR_FAILED && is_gone(worker->db))
		return say_changed(changed, stock, err);
	AUTO(mem_auto) char *name = inventory_name(stock->schema, stock->name);
	if (rc == ERROR_FAILED && state_is_one_of(worker->db, (const char *const[]){"55P03", NULL})) {
		error_set(err, ERROR_FAILED, "the table %s has been locked by another session for over %d s", name,
			LOCK_SECONDS);
		return error_hint(err, "run the command again when that session has ended its transaction");
	}
	return error_context(err, "table %s", name);
}

/* ---- what is known of a range ---- */

static int take_known(bool *taken, struct worker *worker, const struct scan_table *table,
	const struct scan_task *task, struct error *err)
{
	int rc = worker->scan->sink->same(worker->context, table->id, task->known, taken, err);
	if (!rc && *taken)
		progress_add(0, task->known->rows);
	return rc;
}

/* ---- a whole task ---- */

static int read_rows(char **changed, struct worker *worker, const struct scan_table *table,
	const struct scan_task *task, struct error *err)
{
	const struct scan_sink *sink = worker->scan->sink;
	if (sink->begin)
		sink->begin(worker->context, table->id, task->pages);
	int rc = copy(changed, worker, table, task, err);
	return rc || !sink->end ? rc : sink->end(worker->context, err);
}

static int run_locked(char **changed, struct worker *worker, const struct scan_table *table,
	const struct scan_task *task, struct error *err)
{
	bool same = false, taken = false;
	int rc = lock(changed, worker, table->stock, err);
	if (!rc)
		rc = fault_point("backup-locked", err);
	if (!rc && task->known && !table->untouched)
		rc = scan_known_holds(&same, worker->db, table, task, err);
	if (!rc && same)
		rc = take_known(&taken, worker, table, task, err);
	if (!rc && !taken)
		rc = read_rows(changed, worker, table, task, err);
	return rc ? rc : db_exec(worker->db, "COMMIT", err);
}

static int run_task(char **changed, struct worker *worker, const struct scan_task *task, struct error *err)
{
	const struct scan_table *table = &worker->scan->tables[task->table];
	bool taken = false;
	worker->share = (struct progress_share){.weight = task->weight};
	int rc = fault_point("backup-table", err);
	if (!rc && task->known && table->untouched)
		rc = take_known(&taken, worker, table, task, err);
	if (!rc && !taken)
		rc = run_locked(changed, worker, table, task, err);
	if (!rc)
		progress_share_end(&worker->share);
	return rc;
}

/* ---- workers ---- */

static void record(struct scan *scan, struct error *err, char *changed)
{
	pthread_mutex_lock(&scan->guard);
	if (!scan->failure.code) {
		error_move(&scan->failure, err);
		scan->changed = changed;
		changed = NULL;
	}
	pthread_mutex_unlock(&scan->guard);
	error_clear(err);
	mem_free(changed);
	scan_stop(scan);
}

/* The server sends 8 kB at a time. Where processors are few, a thread that is woken for each takes the server's place
 * every time: ten times as many switches, and a twentieth more time for all (measured). */
static void let_others_finish(void)
{
	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
}

static void *work(void *context)
{
	let_others_finish();
	struct worker *worker = context;
	struct scan *scan = worker->scan;
	struct error err = ERROR_INIT;
	char *changed = NULL;
	const struct scan_task *task;
	int rc = 0;
	while (!rc && !atomic_load(&scan->stop) && (task = next_task(scan)))
		rc = run_task(&changed, worker, task, &err);
	if (rc)
		record(scan, &err, changed);
	if (scan->sink->gone)
		scan->sink->gone(worker->context);
	return NULL;
}

static void scan_free(struct scan *scan)
{
	for (int i = 0; i < scan->worker_count; i++)
		db_close(scan->workers[i].db);
	pthread_mutex_destroy(&scan->guard);
	mem_free(scan->workers);
	mem_free(scan->tasks);
	mem_free(scan->begin);
	mem_free(scan->changed);
	error_clear(&scan->failure);
	mem_free(scan);
}

static void say_fewer(struct scan *scan, int wanted)
{
	int count = scan->worker_count;
	if (scan->sink->spares_one && count > 1) {
		db_close(scan->workers[--scan->worker_count].db);
		scan->workers[scan->worker_count].db = NULL;
	}
	log_warn("the server allows only %d of %d connections: going on with %d", count, wanted, scan->worker_count);
}

static int connect_one(struct db **out, struct run *run, const char *dbname, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	int rc = run_connect(&db, run, dbname, err);
	if (!rc)
		rc = db_exec(db, SESSION, err);
	if (!rc)
		rc = db_execf(db, err, "SET lock_timeout = '%ds'", LOCK_SECONDS);
	if (rc)
		return rc;
	*out = db;
	db = NULL;
	return 0;
}

/* One connection must be had; where the server has no room for more, fewer do. That it has room for the one that is to
 * be spared only shows when that is had, too. */
static int connect_workers(struct scan *scan, struct run *run, const char *dbname, int jobs, struct error *err)
{
	int wanted = jobs + (scan->sink->spares_one ? 1 : 0);
	for (int i = 0; i < wanted; i++) {
		AUTO(db_auto) struct db *db = NULL;
		int rc = connect_one(&db, run, dbname, err);
		if (rc && i > 0 && rc != ERROR_INTERRUPTED) {
			log_detail("%s", err->message);
			error_clear(err);
			say_fewer(scan, wanted);
			break;
		}
		if (rc)
			return rc;
		if (i < jobs) {
			scan->workers[scan->worker_count++] = (struct worker){.scan = scan, .db = db};
			db = NULL;
		}
	}
	return 0;
}

int scan_start(struct scan **out, struct run *run, const char *dbname, const char *snapshot,
	const struct scan_table *tables, size_t count, const struct scan_sink *sink, void *const *workers, int jobs,
	struct error *err)
{
	struct scan *scan = mem_new(sizeof *scan);
	scan->tables = tables;
	scan->sink = sink;
	scan->workers = mem_array((size_t)jobs, sizeof *scan->workers);
	pthread_mutex_init(&scan->guard, NULL);
	int rc = connect_workers(scan, run, dbname, jobs, err);
	if (rc) {
		scan_free(scan);
		return rc;
	}
	struct db *first = scan->workers[0].db;
	AUTO(mem_auto) char *literal = db_literal(first, snapshot);
	scan->begin = mem_format("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT %s",
		literal);
	/* Before 14 a range of pages costs a scan of the whole table. */
	scan->tasks = scan_plan(&scan->task_count, tables, count, db_version(first) >= 140000);
	for (int i = 0; i < scan->worker_count; i++)
		scan->workers[i].context = workers[i];
	for (int i = scan->worker_count; i < jobs && sink->gone; i++)
		sink->gone(workers[i]);
	progress_start(sink->what, scan_plan_weight(scan->tasks, scan->task_count), 0);
	for (int i = 0; i < scan->worker_count; i++)
		if (pthread_create(&scan->workers[i].thread, NULL, work, &scan->workers[i]) != 0)
			abort();
	*out = scan;
	return 0;
}

void scan_count_ranges(const struct scan *scan, size_t *counts)
{
	for (size_t i = 0; i < scan->task_count; i++)
		counts[scan->tables[scan->tasks[i].table].id]++;
}

void scan_stop(struct scan *scan)
{
	if (atomic_exchange(&scan->stop, true))
		return;
	for (int i = 0; i < scan->worker_count; i++)
		db_cancel(scan->workers[i].db);
}

int scan_finish(struct scan *scan, char **changed, struct error *err)
{
	for (int i = 0; i < scan->worker_count; i++)
		pthread_join(scan->workers[i].thread, NULL);
	progress_end();
	int rc = scan->failure.code ? error_move(err, &scan->failure) : 0;
	if (rc && changed) {
		*changed = scan->changed;
		scan->changed = NULL;
	}
	scan_free(scan);
	return rc;
}
