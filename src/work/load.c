#include "work/load.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/digest.h"
#include "model/conninfo.h"

/* ---- pg_restore ---- */

/* The first complaint and the command it is about, without the program's name before it. */
static int explain(struct load *load, const char *section, const char *talk, struct error *err)
{
	static const char *const rights[] = {" OWNER TO ", "Command was: GRANT ", "Command was: REVOKE ",
		"Command was: ALTER DEFAULT PRIVILEGES ", "Command was: SET SESSION AUTHORIZATION "};
	static const char before[] = "pg_restore: error: ";
	const char *at = talk ? strstr(talk, before) : NULL;
	if (!at)
		return error_context(err, "restoring the snapshot's section %s", section);
	const char *command = strstr(at, "Command was: ");
	for (size_t i = 0; command && i < sizeof rights / sizeof *rights; i++) {
		const char *hit = strstr(at, rights[i]);
		load->rights_failed = load->rights_failed || (hit && hit < command + strcspn(command, "\n"));
	}
	at += sizeof before - 1;
	int size = (int)strcspn(at, "\n");
	return error_set(err, ERROR_FAILED, "pg_restore failed in section %s: %.*s", section, size, at);
}

static int restore_section(struct load *load, const char *section, int jobs, struct error *err)
{
	AUTO(text_clear) struct text conninfo = TEXT_INIT;
	AUTO(list_clear) struct list arguments = LIST_INIT;
	conninfo_add(&conninfo, "dbname", load->dbname);
	/* Under this name the next run knows what a killed one left. */
	conninfo_add(&conninfo, "application_name", "pg_restore");
	list_addf(&arguments, "--dbname=%s", conninfo.data);
	list_addf(&arguments, "--section=%s", section);
	list_add(&arguments, "--exit-on-error");
	list_add(&arguments, "--no-password");
	if (jobs > 1)
		list_addf(&arguments, "--jobs=%d", jobs);
	if (load->no_owner) {
		list_add(&arguments, "--no-owner");
		list_add(&arguments, "--no-privileges");
		if (load->owner)
			list_addf(&arguments, "--role=%s", load->owner);
	}
	list_add(&arguments, load->archive);
	AUTO(mem_auto) char *fault = mem_format("restore-%s", section);
	AUTO(mem_auto) char *talk = NULL;
	int rc = fault_point(fault, err);
	if (!rc)
		rc = pgtool_run(load->tool->restore, &arguments, load->db, NULL, &talk, err);
	if (rc == ERROR_FAILED)
		return explain(load, section, talk, err);
	if (!rc && talk && *talk)
		log_detail("pg_restore said: %s", talk);
	return rc;
}

/* ---- rows ---- */

struct pool {
	struct load *load;
	pthread_mutex_t mutex; /* guards what follows */
	size_t next;
	uint64_t done;
	bool stop;
	struct content *contents;
};

struct worker {
	struct pool *pool;
	struct db *db;
	pthread_t thread;
	struct error err;
	int rc;
};

static int send_rows(void *context, const char *text, size_t size, uint64_t rows, struct error *err)
{
	(void)rows;
	return db_copy_in_data(context, text, size, err);
}

static char *copy_statement(struct db *db, const struct manifest_table *table)
{
	AUTO(mem_auto) char *schema = db_identifier(db, table->schema), *name = db_identifier(db, table->name);
	struct text sql = TEXT_INIT;
	text_addf(&sql, "COPY %s.%s", schema, name);
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

/* False when there is nothing left to do. */
static bool take_chunk(struct pool *pool, size_t *index)
{
	pthread_mutex_lock(&pool->mutex);
	bool more = !pool->stop && pool->next < snapshot_chunks(pool->load->reader);
	if (more)
		*index = pool->next++;
	pthread_mutex_unlock(&pool->mutex);
	return more;
}

static void chunk_done(struct pool *pool, size_t index, const struct content *content, bool failed)
{
	struct snapshot_chunk chunk = snapshot_chunk(pool->load->reader, index);
	pthread_mutex_lock(&pool->mutex);
	pool->stop = pool->stop || failed;
	pool->done += chunk.size;
	if (!failed) {
		struct content *sum = &pool->contents[chunk.table];
		sum->rows += content->rows;
		digest_add_sum(&sum->high, &sum->low, content->high, content->low);
	}
	progress_update(pool->done);
	pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *context)
{
	struct worker *worker = context;
	size_t index;
	while (!worker->rc && take_chunk(worker->pool, &index)) {
		struct content content = {0, 0, 0};
		worker->rc = interrupt_check(&worker->err);
		if (!worker->rc)
			worker->rc = load_chunk(worker, index, &content, &worker->err);
		chunk_done(worker->pool, index, &content, worker->rc != 0);
	}
	return NULL;
}

static int prepare_worker(struct worker *worker, struct pool *pool, struct error *err)
{
	worker->pool = pool;
	int rc = run_connect(&worker->db, pool->load->run, pool->load->dbname, err);
	/* Nobody sees these rows before the swap, whose commit waits for all of the log. */
	return rc ? rc : db_exec(worker->db, "SET synchronous_commit = off", err);
}

/* Starts what can be started, joins all, returns the first failure. */
static int run_workers(struct worker *workers, size_t count, struct error *err)
{
	size_t started = 0;
	while (started < count && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
		started++;
	if (!started)
		return error_set(err, ERROR_FAILED, "cannot start a thread");
	for (size_t i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	int rc = 0;
	for (size_t i = 0; i < started; i++) {
		if (workers[i].rc && !rc)
			rc = error_move(err, &workers[i].err);
		error_clear(&workers[i].err);
	}
	return rc;
}

static uint64_t compressed_size(const struct snapshot_reader *reader)
{
	uint64_t size = 0;
	for (size_t i = 0; i < snapshot_chunks(reader); i++)
		size += snapshot_chunk(reader, i).size;
	return size;
}

static int load_rows(struct load *load, size_t jobs, struct content *contents, struct error *err)
{
	size_t chunks = snapshot_chunks(load->reader), count = jobs < chunks ? jobs : chunks;
	if (!count)
		return 0;
	struct pool pool = {.load = load, .contents = contents};
	pthread_mutex_init(&pool.mutex, NULL);
	AUTO(mem_auto) struct worker *workers = mem_array(count, sizeof *workers);
	int rc = 0;
	for (size_t i = 0; !rc && i < count; i++)
		rc = prepare_worker(&workers[i], &pool, err);
	progress_start("restore", compressed_size(load->reader));
	if (!rc)
		rc = run_workers(workers, count, err);
	progress_end();
	for (size_t i = 0; i < count; i++)
		db_close(workers[i].db);
	pthread_mutex_destroy(&pool.mutex);
	return rc;
}

/* ---- sequences ---- */

/* Sequences do not obey snapshots: the manifest's value was read last, and is the one that counts. */
static int set_sequences(const struct load *load, struct error *err)
{
	int rc = fault_point("restore-sequences", err);
	for (size_t i = 0; !rc && i < load->manifest->sequence_count; i++) {
		const struct manifest_sequence *sequence = &load->manifest->sequences[i];
		AUTO(mem_auto) char *schema = db_identifier(load->db, sequence->schema);
		AUTO(mem_auto) char *name = db_identifier(load->db, sequence->name);
		AUTO(mem_auto) char *whole = mem_format("%s.%s", schema, name);
		AUTO(db_result_auto) struct db_result *result = NULL;
		rc = DB_QUERY(&result, load->db, "SELECT setval($1::regclass, $2::bigint, $3::boolean)", err, whole,
			sequence->last_value, sequence->is_called ? "true" : "false");
		if (rc)
			return error_context(err, "setting sequence %s", sequence->name);
	}
	return rc;
}

int load_all(struct load *load, struct content *contents, struct error *err)
{
	int jobs = run_jobs(load->run);
	int rc = restore_section(load, "pre-data", 1, err);
	if (!rc)
		rc = load_rows(load, (size_t)jobs, contents, err);
	if (!rc)
		rc = restore_section(load, "data", 1, err);
	if (!rc)
		rc = set_sequences(load, err);
	if (!rc)
		rc = restore_section(load, "post-data", jobs, err);
	if (!rc)
		rc = fault_point("restore-analyze", err);
	return rc ? rc : db_exec(load->db, "ANALYZE", err);
}
