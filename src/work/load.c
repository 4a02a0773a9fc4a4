#include "work/load.h"

#include "base/fault.h"
#include "base/mem.h"
#include "base/progress.h"
#include "work/load_private.h"

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

/* ---- statistics ---- */

/* What a plain ANALYZE would look at, but for what the workers did. */
static const char RELATIONS[] =
	"SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
	"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
	"WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' ORDER BY 1, 2";

static bool is_analyzed(const struct load *load, const struct load_plan *plan, const char *schema, const char *name)
{
	for (size_t i = 0; plan->toc.count && i < load->manifest->table_count; i++) {
		const struct manifest_table *table = &load->manifest->tables[i];
		if (plan->order.analyze[i] && text_same(table->name, name) && text_same(table->schema, schema))
			return true;
	}
	return false;
}

static int analyze(const struct load *load, const struct load_plan *plan, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = fault_point("restore-analyze", err);
	if (!rc)
		rc = db_query(&result, load->db, RELATIONS, 0, NULL, err);
	size_t count = rc ? 0 : db_rows(result);
	progress_start_parts("statistics", count);
	for (size_t i = 0; !rc && i < count; i++, progress_add(1, 0)) {
		const char *schema = db_value(result, i, 0), *name = db_value(result, i, 1);
		if (is_analyzed(load, plan, schema, name))
			continue;
		AUTO(mem_auto) char *outer = db_identifier(load->db, schema);
		AUTO(mem_auto) char *inner = db_identifier(load->db, name);
		rc = db_execf(load->db, err, "ANALYZE %s.%s", outer, inner);
	}
	progress_end();
	return rc;
}

int load_all(struct load *load, struct content *contents, struct error *err)
{
	AUTO(load_plan_clear) struct load_plan plan = {0};
	int workers = 1;
	int rc = load_section(load, "pre-data", NULL, NULL, 1, err);
	if (!rc)
		rc = load_plan_make(&plan, load, err);
	if (!rc && plan.order.early.count)
		rc = load_section(load, "post-data", &plan, &plan.order.early, 1, err);
	if (!rc)
		rc = load_pool(load, &plan, contents, &workers, err);
	if (!rc)
		rc = load_section(load, "data", NULL, NULL, 1, err);
	if (!rc)
		rc = set_sequences(load, err);
	if (!rc)
		rc = load_section(load, "post-data", &plan, plan.toc.count ? &plan.order.last : NULL, workers, err);
	return rc ? rc : analyze(load, &plan, err);
}
