#include "work/lint.h"

#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/db.h"
#include "io/sqltext.h"
#include "work/inspect.h"
#include "work/lint_node.h"

/* One name for all runs, so that the next one drops what a killed one left. */
static const char SCRATCH[] = "anchore_admin_lint";

enum { LOCKS_SINCE = 110000 };

/* What one proof works with. */
struct proof {
	struct list *problems, *written;
	const struct migrations *migrations;
	struct run *run;
	bool write;
	struct db *admin; /* makes and drops the scratch database */
};

static int drop_scratch(struct proof *proof, struct error *err)
{
	int code = db_execf(proof->admin, err, "DROP DATABASE IF EXISTS %s", SCRATCH);
	if (code && strcmp(db_sqlstate(proof->admin), "55006") == 0)
		return error_hint(err, "wait until the other `graph lint` on this server has ended");
	return code;
}

static int make_scratch(struct db **out, struct proof *proof, struct error *err)
{
	int code = drop_scratch(proof, err);
	if (!code)
		code = db_execf(proof->admin, err, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", SCRATCH);
	if (code && strcmp(db_sqlstate(proof->admin), "42501") == 0)
		error_hint(err, "give the right to make databases: `ALTER ROLE %s CREATEDB`, or leave out the database "
			"to check the files alone", db_user(proof->admin));
	if (!code)
		code = db_execf(proof->admin, err,
			"COMMENT ON DATABASE %s IS 'scratch database of anchore-admin graph lint, safe to drop'",
			SCRATCH);
	if (!code)
		code = run_connect(out, proof->run, SCRATCH, err);
	return code;
}

/* Writes, or reports, a made file whose text is not what it should be. */
static int settle_file(struct proof *proof, const char *name, const char *is, const char *should, struct error *err)
{
	if (is && strcmp(is, should) == 0)
		return 0;
	if (!proof->write) {
		list_addf(proof->problems, "%s %s: `anchore-admin graph lint --write` makes it", name,
			is ? "is not what the scratch database shows" : "is missing");
		return 0;
	}
	AUTO(mem_auto) char *path = path_join(proof->migrations->path, name);
	int code = file_write(path, 0644, should, strlen(should), err);
	if (!code)
		list_add(proof->written, name);
	return code;
}

static char *joined_lines(const struct list *lines)
{
	AUTO(mem_auto) char *all = list_join(lines, "\n");
	return mem_format("%s%s", all, *all ? "\n" : "");
}

static int check_node(struct proof *proof, struct db *db, const struct graph_node *node, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	int code = inspect_catalog(&facts, db, err);
	if (code)
		return code;
	AUTO(mem_auto) char *name = mem_format("%s.catalog", VERSION_TEXT(node->version));
	AUTO(mem_auto) char *should = joined_lines(&facts);
	AUTO(mem_auto) char *is = node->has_catalog ? joined_lines(&node->catalog.facts) : NULL;
	return settle_file(proof, name, is, should, err);
}

/* ---- locks ---- */

/* Names are remembered, for a table that the edge drops has none any more. No sequences: nobody waits for them. */
static const char tables_sql[] =
	"SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname\n"
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
	"WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

static const char locks_sql[] =
	"SELECT relation, mode FROM pg_locks\n"
	"WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND mode <> 'AccessShareLock'";

/* The files of tables and of their indexes: a new one is a table that was written anew, or an index that was built. */
static const char files_sql[] =
	"SELECT coalesce(i.indrelid, c.oid),\n"
	"    CASE c.relkind WHEN 'i' THEN '" LOCK_INDEX "' ELSE '" LOCK_REWRITE "' END, c.relfilenode\n"
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid\n"
	"WHERE c.relkind IN ('r', 'm', 'i') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

static const char *table_name(const struct db_result *tables, const char *oid)
{
	for (size_t i = 0; i < db_rows(tables); i++)
		if (strcmp(db_value(tables, i, 0), oid) == 0)
			return db_value(tables, i, 1);
	return NULL;
}

/* What the session has done to the tables that were there before the edge. */
struct deeds {
	struct list locks; /* "AccessExclusiveLock catalog_image" */
	struct list files; /* "Rewrite catalog_image\t16384": the last is the name of a file */
};

static void deeds_clear(struct deeds *deeds)
{
	list_clear(&deeds->locks);
	list_clear(&deeds->files);
}

static int read_deeds(struct deeds *out, struct db *db, const struct db_result *tables, struct error *err)
{
	AUTO(db_result_auto) struct db_result *locks = NULL, *files = NULL;
	int code = db_query(&locks, db, locks_sql, 0, NULL, err);
	if (!code)
		code = db_query(&files, db, files_sql, 0, NULL, err);
	if (code)
		return code;
	for (size_t i = 0; i < db_rows(locks); i++) {
		const char *name = table_name(tables, db_value(locks, i, 0));
		if (name)
			list_addf(&out->locks, "%s %s", db_value(locks, i, 1), name);
	}
	for (size_t i = 0; i < db_rows(files); i++) {
		const char *name = table_name(tables, db_value(files, i, 0));
		if (name)
			list_addf(&out->files, "%s %s\t%s", db_value(files, i, 1), name, db_value(files, i, 2));
	}
	list_sort(&out->locks);
	list_sort(&out->files);
	return 0;
}

/* Adds what is in after and not in before. A table that is written anew gets all its indexes anew: that is one deed. */
static void add_files(struct list *fresh, const struct list *before, const struct list *after)
{
	AUTO(list_clear) struct list items = LIST_INIT;
	for (size_t i = 0; i < after->count; i++)
		if (!list_has(before, after->items[i]))
			list_give(&items, mem_copy_bytes(after->items[i], strcspn(after->items[i], "\t")));
	for (size_t i = 0; i < items.count; i++) {
		AUTO(mem_auto) char *rewrite = mem_format(LOCK_REWRITE " %s", lock_table(items.items[i]));
		if (!list_has(fresh, items.items[i]) &&
			(lock_kind(items.items[i]) == LOCK_IS_REWRITE || !list_has(&items, rewrite)))
			list_add(fresh, items.items[i]);
	}
}

/* A line for one statement: what it locked that was not locked before it, and the files that are new. */
static void add_lock_line(struct text *text, size_t line, const struct deeds *before, const struct deeds *after)
{
	AUTO(list_clear) struct list fresh = LIST_INIT;
	for (size_t i = 0; i < after->locks.count; i++)
		if (!list_has(&before->locks, after->locks.items[i]))
			list_add(&fresh, after->locks.items[i]);
	add_files(&fresh, &before->files, &after->files);
	AUTO(mem_auto) char *locks = list_join(&fresh, ", ");
	text_addf(text, "%zu%s%s\n", line, fresh.count ? "\t" : "", locks);
}

static int run_statements(struct text *locks, struct proof *proof, struct db *db, const struct graph_edge *edge,
	const struct sql_script *script, struct error *err)
{
	AUTO(db_result_auto) struct db_result *tables = NULL;
	AUTO(deeds_clear) struct deeds before = {LIST_INIT, LIST_INIT};
	int code = db_query(&tables, db, tables_sql, 0, NULL, err);
	if (!code)
		code = read_deeds(&before, db, tables, err);
	if (!code)
		code = db_exec(db, "SET LOCAL search_path TO public", err);
	for (size_t i = 0; !code && i < script->count; i++) {
		AUTO(deeds_clear) struct deeds after = {LIST_INIT, LIST_INIT};
		AUTO(error_clear) struct error failure = ERROR_INIT;
		code = db_exec(db, script->items[i].text, &failure);
		if (code == ERROR_FAILED) {
			list_addf(proof->problems, "%s line %zu fails on the scratch database: %s", edge->file,
				script->items[i].line, failure.message);
			return ERROR_FAILED;
		}
		if (code)
			return error_move(err, &failure);
		code = read_deeds(&after, db, tables, err);
		add_lock_line(locks, script->items[i].line, &before, &after);
		deeds_clear(&before);
		before = after;
		after = (struct deeds){LIST_INIT, LIST_INIT};
	}
	return code;
}

static int check_arrival(struct proof *proof, struct db *db, const struct graph_edge *edge, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	int code = inspect_catalog(&facts, db, err);
	if (code)
		return code;
	AUTO(catalog_result_clear) struct catalog_result result;
	graph_compare(&result, &proof->migrations->graph, edge->to, &facts);
	for (size_t i = 0; i < result.blocking.count; i++)
		list_addf(proof->problems, "%s does not lead to version %s: %s", edge->file, VERSION_TEXT(edge->to),
			result.blocking.items[i]);
	for (size_t i = 0; i < result.harmless.count; i++)
		list_addf(proof->problems, "%s leaves something behind: %s", edge->file, result.harmless.items[i]);
	return 0;
}

static int check_edge(struct proof *proof, struct db *db, const struct graph_edge *edge, struct error *err)
{
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	AUTO(text_clear) struct text locks = TEXT_INIT;
	size_t problems = proof->problems->count;
	int code = sqltext_split(&script, edge->sql, edge->file, err);
	if (!code)
		code = db_exec(db, "BEGIN", err);
	if (!code)
		code = run_statements(&locks, proof, db, edge, &script, err);
	if (code && proof->problems->count > problems)
		return db_exec(db, "ROLLBACK", err);
	if (!code)
		code = check_arrival(proof, db, edge, err);
	if (!code)
		code = db_exec(db, "ROLLBACK", err);
	if (code)
		return code;
	/* PostgreSQL 10 rewrites more than later ones do: its locks are not what the files state. */
	if (db_version(db) < LOCKS_SINCE)
		return 0;
	AUTO(mem_auto) char *name = mem_copy(edge->file);
	name[strlen(name) - strlen(".sql")] = '\0';
	mem_replace(&name, mem_format("%s.locks", name));
	AUTO(mem_auto) char *should = text_take(&locks);
	return settle_file(proof, name, edge->locks, should, err);
}

/* One version: its schema, and the edges that start there. */
static int prove_version(struct proof *proof, const struct graph_node *node, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	AUTO(error_clear) struct error failure = ERROR_INIT;
	AUTO(mem_auto) char *version = mem_copy(VERSION_TEXT(node->version));
	const struct graph *graph = &proof->migrations->graph;
	log_detail("building version %s in database %s", version, SCRATCH);
	int code = make_scratch(&db, proof, err);
	if (!code)
		code = db_exec(db, "SET search_path TO public", err);
	if (code)
		return code;
	code = db_exec(db, node->sql, &failure);
	if (code == ERROR_FAILED) {
		list_addf(proof->problems, "%s.sql fails on the scratch database: %s", version, failure.message);
		return 0;
	}
	if (code)
		return error_move(err, &failure);
	code = check_node(proof, db, node, err);
	if (!code)
		code = lint_losses(proof->problems, db, graph, node, err);
	if (!code)
		code = lint_settle(proof->problems, db, graph, node, err);
	for (size_t i = 0; !code && i < graph->edge_count; i++)
		if (version_same(graph->edges[i].from, node->version))
			code = check_edge(proof, db, &graph->edges[i], err);
	return code;
}

int lint_proof(struct list *problems, struct list *written, const struct migrations *migrations, struct run *run,
	bool write, struct error *err)
{
	AUTO(db_auto) struct db *admin = NULL;
	if (write && migrations->ref) {
		error_set(err, ERROR_USAGE, "the files of %s cannot be written", migrations->ref);
		return error_hint(err, "leave out --write or --migrations-ref");
	}
	int code = run_connect(&admin, run, NULL, err);
	if (code)
		return code;
	struct proof proof = {problems, written, migrations, run, write, admin};
	for (size_t i = 0; !code && i < migrations->graph.node_count; i++)
		code = prove_version(&proof, &migrations->graph.nodes[i], err);
	/* Dropped in any case, after a signal too; why the proof failed matters more than why this failed. */
	interrupt_defer(true);
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	int dropped = drop_scratch(&proof, code ? &ignored : err);
	interrupt_defer(false);
	return code ? code : dropped;
}
