#include "work/change.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/sqltext.h"
#include "work/facts.h"
#include "work/inspect.h"
#include "work/journal.h"
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
	list_clear(&change->warnings);
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

bool change_has_path(struct list *destroyed, const struct change *change, struct version to)
{
	const struct graph *graph = &change->migrations.graph;
	AUTO(graph_path_clear) struct graph_path path = {NULL, 0};
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (graph_path(&path, graph, change->facts.version, to, &ignored))
		return false;
	if (destroyed)
		graph_destroyed(destroyed, graph, &path);
	return true;
}

static int plan_statements(struct plan_edge *planned, const struct graph_edge *edge, struct error *err)
{
	AUTO(sql_script_clear) struct sql_script script = {NULL, 0};
	int rc = sqltext_split(&script, edge->sql, edge->file, err);
	for (size_t i = 0; !rc && i < script.count; i++)
		plan_add_statement(planned, mem_take(&script.items[i].text), mem_take(&script.items[i].label),
			script.items[i].line);
	return rc;
}

static int plan_edge(struct change *change, const struct graph_edge *edge, struct error *err)
{
	struct plan_edge *planned = plan_add_edge(&change->plan, edge);
	int rc = plan_statements(planned, edge, err);
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
	const struct graph *graph = &change->migrations.graph;
	AUTO(graph_path_clear) struct graph_path path = {NULL, 0};
	struct error why = ERROR_INIT;
	int rc = graph_path(&path, graph, change->facts.version, to, &why);
	if (rc == ERROR_REFUSED) {
		change->facts.no_path = mem_copy(why.message);
		error_clear(&why);
		return 0;
	}
	if (rc)
		return error_move(err, &why);
	if (path.count && graph->settle.file)
		rc = plan_statements(plan_add_settle(&change->plan, &graph->settle), &graph->settle, err);
	for (size_t i = 0; !rc && i < path.count; i++) {
		rc = plan_edge(change, path.edges[i], err);
		list_add_all(&change->plan.destroyed, &path.edges[i]->destroys);
	}
	graph_destroyed(&change->plan.destroyed, graph, &path);
	return rc;
}

/* The newest run that applied the edge, and the digest that it had then; NULL if none did. */
static const struct journal_entry *last_applied(const struct journal *journal, const char *file, const char **sha256)
{
	size_t size = strlen(file);
	for (size_t i = journal->count; i-- > 0;) {
		const struct journal_entry *entry = &journal->entries[i];
		for (size_t k = 0; text_same(entry->outcome, "done") && k < entry->edges.count; k++) {
			if (!text_starts(entry->edges.items[k], file) || entry->edges.items[k][size] != ' ')
				continue;
			*sha256 = entry->edges.items[k] + size + 1;
			return entry;
		}
	}
	return NULL;
}

/* Told, not refused: the catalog check says whether the database is as the SQL files expect. */
static void tell_changed_edges(struct change *change, const struct run *run)
{
	if (change->told)
		return;
	change->told = true;
	AUTO(journal_clear) struct journal journal = {NULL, 0};
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (journal_read(&journal, change_store(run), change->db, &why))
		log_warn("what was applied before is not known: %s", why.message);
	for (size_t i = 0; i < change->migrations.graph.edge_count; i++) {
		const struct graph_edge *edge = &change->migrations.graph.edges[i];
		const char *sha256 = NULL;
		const struct journal_entry *entry = last_applied(&journal, edge->file, &sha256);
		if (!entry || text_same(sha256, edge->sha256))
			continue;
		AUTO(mem_auto) char *when = text_time(entry->at);
		log_warn("%s is not what was applied at %s: its text was changed since", edge->file, when);
	}
}

/* A half-upgraded database is not made better by a snapshot of it. */
static bool plans_snapshot(const struct change *change)
{
	const struct evidence *evidence = &change->facts.evidence;
	const struct facts *facts = &change->facts;
	bool old = evidence->max_age && facts->now - evidence->created > evidence->max_age;
	bool good = evidence->found && !evidence->corrupt && evidence->fresh && !old;
	return change->snapshots && evidence->store_known && !evidence->skipped && !facts->shape.half_upgraded && !good;
}

/* What the run restores and compares by itself before it changes anything: the snapshot that it takes, or the one that
 * it finds fresh. */
static bool proves(const struct change *change)
{
	const struct evidence *evidence = &change->facts.evidence;
	bool fresh = evidence->found && !evidence->corrupt && evidence->fresh && !evidence->proven;
	return change->snapshots && evidence->wants_proven && (evidence->planned || fresh);
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
	change->facts.stops = change->stops;
	int rc = plan_path(change, to, err);
	if (!rc)
		rc = evidence_gather(&change->facts, &change->held, run, change->db, err);
	if (rc)
		return rc;
	change->facts.evidence.planned = plans_snapshot(change);
	change->facts.evidence.proves = proves(change);
	tell_changed_edges(change, run);
	plan_finish(plan, &change->facts);
	guard_check(&change->refusals, &change->facts, plan);
	return 0;
}

static int refuse_other_version(struct version then, struct version now, struct error *err)
{
	error_set(err, ERROR_REFUSED, "the database's version was changed after the check: it was %s and is %s",
		VERSION_TEXT(then), VERSION_TEXT(now));
	return error_hint(err, "look with `anchore-admin db status`, then run the command again");
}

int change_check_again(struct change *change, struct run *run, struct error *err)
{
	struct evidence *evidence = &change->facts.evidence;
	const struct version from = change->plan.from, to = change->plan.to, release = change->plan.release;
	bool release_known = change->plan.release_known;
	AUTO(mem_auto) char *verified = mem_take(evidence->found && !evidence->corrupt ? &evidence->id
		: &evidence->verified);
	struct list services = change->plan.services;
	change->plan.services = (struct list)LIST_INIT;
	snapshot_proof_clear(&change->held);
	refusals_clear(&change->refusals);
	plan_clear(&change->plan);
	change->plan.services = services;
	facts_clear(&change->facts);
	int rc = facts_gather(&change->facts, run, change->db, &change->migrations, err);
	if (!rc && !version_same(change->facts.version, from))
		rc = refuse_other_version(from, change->facts.version, err);
	if (rc)
		return rc;
	change->facts.evidence.verified = mem_take(&verified);
	return change_plan(change, run, to, release_known ? &release : NULL, err);
}

const char *change_snapshot(const struct change *change)
{
	const struct evidence *evidence = &change->facts.evidence;
	return evidence->planned ? NULL : evidence->id;
}
