#include "work/change.h"

#include "base/mem.h"
#include "io/sqltext.h"
#include "work/facts.h"
#include "work/inspect.h"
#include "work/sessions.h"

void change_init(struct change *change, const char *command, bool dry)
{
	*change = (struct change){.dry = dry};
	facts_init(&change->facts);
	plan_init(&change->plan, command);
}

void change_clear(struct change *change)
{
	snapshot_proof_clear(&change->held);
	refusals_clear(&change->refusals);
	plan_clear(&change->plan);
	facts_clear(&change->facts);
	db_close(change->db);
	change->db = NULL;
	migrations_clear(&change->migrations);
}

const char *change_store(const struct run *run)
{
	return settings_text(&run->settings, OPTION_STORE);
}

int change_open_migrations(struct change *change, const struct run *run, struct error *err)
{
	return migrations_open(&change->migrations, run, err);
}

int change_open(struct change *change, struct run *run, struct error *err)
{
	int rc = 0;
	/* Without a store there is nothing of the deployment's to lock but the database. */
	if (!change->dry && change_store(run))
		rc = run_lock(run, err);
	if (!rc)
		rc = run_connect(&change->db, run, NULL, err);
	if (!rc && !change->dry)
		rc = engine_lock(change->db, settings_number(&run->settings, OPTION_LOCK_TIMEOUT), err);
	if (!rc)
		rc = facts_gather(&change->facts, run, change->db, &change->migrations, err);
	return rc;
}

bool change_has_path(const struct change *change, struct version to)
{
	struct graph_path path;
	struct error ignored = ERROR_INIT;
	bool there = graph_path(&path, &change->migrations.graph, change->facts.version, to, &ignored) == 0;
	if (there)
		graph_path_clear(&path);
	error_clear(&ignored);
	return there;
}

static int plan_edge(struct change *change, const struct graph_edge *edge, struct error *err)
{
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	int rc = sqltext_split(&script, edge->sql, edge->file, err);
	if (rc)
		return rc;
	struct plan_edge *planned = plan_add_edge(&change->plan, edge);
	for (size_t i = 0; i < script.count; i++)
		plan_add_statement(planned, mem_take(&script.items[i].text), mem_take(&script.items[i].label),
			script.items[i].line);
	plan_add_locks(planned, edge->locks);
	for (size_t i = 0; !rc && i < edge->loss_count; i++) {
		uint64_t lost = 0;
		rc = inspect_loss(&lost, change->db, &edge->losses[i], err);
		if (!rc && lost)
			plan_add_loss(&change->plan, loss_text(&edge->losses[i]), lost);
	}
	return rc;
}

static int plan_path(struct change *change, struct version to, struct error *err)
{
	struct graph_path path;
	struct error why = ERROR_INIT;
	int rc = graph_path(&path, &change->migrations.graph, change->facts.version, to, &why);
	if (rc == ERROR_REFUSED) {
		change->facts.no_path = mem_copy(why.message);
		error_clear(&why);
		return 0;
	}
	if (rc)
		return error_move(err, &why);
	for (size_t i = 0; !rc && i < path.count; i++)
		rc = plan_edge(change, path.edges[i], err);
	graph_path_clear(&path);
	return rc;
}

int change_plan(struct change *change, struct run *run, struct version to, const struct version *release,
	struct error *err)
{
	struct plan *plan = &change->plan;
	plan->from = change->facts.version;
	plan->to = to;
	plan->release_known = release || releases_newest(&plan->release, &change->migrations.releases, to);
	if (release)
		plan->release = *release;
	int rc = plan_path(change, to, err);
	if (!rc)
		rc = evidence_gather(&change->facts, &change->held, run, change->db, err);
	if (rc)
		return rc;
	plan_finish(plan, &change->facts);
	guard_check(&change->refusals, &change->facts, plan);
	return 0;
}
