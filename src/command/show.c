#include "command/show.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"

int show_dry_run(bool *dry, bool *sql, const struct run *run, struct error *err)
{
	*dry = settings_given(&run->settings, OPTION_DRY_RUN);
	const char *form = *dry ? settings_text(&run->settings, OPTION_DRY_RUN) : NULL;
	*sql = form && text_same(form, "sql");
	if (!*dry && settings_flag(&run->settings, OPTION_EXIT_CODE)) {
		error_set(err, ERROR_USAGE, "--exit-code tells what a dry run found, and this is none");
		return error_hint(err, "add `--dry-run`, or leave `--exit-code` out");
	}
	if (!form || !*form || *sql || text_same(form, "true"))
		return 0;
	error_set(err, ERROR_USAGE, "--dry-run=%s is not known", form);
	return error_hint(err, "write `--dry-run`, or `--dry-run=sql` for the SQL itself");
}

/* ---- as data ---- */

/* The locks, and what was done under them; null where that is not known. */
static void put_locks(json_t *object, const struct plan_edge *edge, const struct list *locks)
{
	static const struct {
		const char *key;
		enum lock_kind kind;
	} deeds[] = {{"rewrites", LOCK_IS_REWRITE}, {"indexes", LOCK_IS_INDEX}};
	AUTO(list_clear) struct list modes = LIST_INIT;
	for (size_t i = 0; i < locks->count; i++)
		if (lock_kind(locks->items[i]) == LOCK_IS_OTHER || lock_kind(locks->items[i]) == LOCK_IS_CHANGE)
			list_add(&modes, locks->items[i]);
	json_put_value(object, "locks", edge->locks_known ? json_from_list(&modes) : json_null());
	for (size_t k = 0; k < sizeof deeds / sizeof *deeds; k++) {
		AUTO(list_clear) struct list tables = LIST_INIT;
		for (size_t i = 0; i < locks->count; i++)
			if (lock_kind(locks->items[i]) == deeds[k].kind)
				list_add(&tables, lock_table(locks->items[i]));
		json_put_value(object, deeds[k].key, edge->locks_known ? json_from_list(&tables) : json_null());
	}
}

static json_t *edge_json(const struct plan_edge *edge)
{
	json_t *object = json_object(), *statements = json_array();
	json_put(object, "file", edge->file);
	json_put(object, "from", VERSION_TEXT(edge->from));
	json_put(object, "to", VERSION_TEXT(edge->to));
	json_put(object, "sha256", edge->sha256);
	for (size_t i = 0; i < edge->count; i++) {
		json_t *statement = json_object();
		json_put(statement, "title", edge->statements[i].title);
		json_put(statement, "sql", edge->statements[i].sql);
		put_locks(statement, edge, &edge->statements[i].locks);
		json_array_append_new(statements, statement);
	}
	json_put_value(object, "statements", statements);
	return object;
}

static json_t *tables_json(const struct change *change)
{
	json_t *array = json_array();
	for (size_t i = 0; i < change->plan.tables.count; i++) {
		const struct fact_table *table = facts_table(&change->facts, change->plan.tables.items[i]);
		if (!table)
			continue;
		json_t *object = json_object();
		json_put(object, "name", table->name);
		json_put_number(object, "bytes", (int64_t)table->bytes);
		json_put_value(object, "rows_estimated", table->rows < 0 ? json_null() : json_integer(table->rows));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *losses_json(const struct plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->loss_count; i++) {
		json_t *object = json_object();
		json_put(object, "what", plan->losses[i].what);
		json_put_number(object, "rows", (int64_t)plan->losses[i].rows);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *evidence_json(const struct facts *facts)
{
	const struct evidence *evidence = &facts->evidence;
	if (!evidence->found)
		return json_null();
	AUTO(mem_auto) char *created = text_time(evidence->created);
	json_t *object = json_object();
	json_put(object, "id", evidence->id);
	json_put(object, "path", evidence->path);
	json_put_number(object, "bytes", (int64_t)evidence->size);
	json_put(object, "created", created);
	json_put_number(object, "age_seconds", (int64_t)(facts->now - evidence->created));
	json_put_flag(object, "verified", !evidence->corrupt);
	json_put_flag(object, "fresh", evidence->fresh);
	json_put_flag(object, "proven", evidence->proven);
	json_put(object, "how", evidence->how);
	json_put_value(object, "differences", json_from_list(&evidence->differences));
	return object;
}

json_t *show_refusals_json(const struct refusals *refusals)
{
	json_t *array = json_array();
	for (size_t i = 0; i < refusals->count; i++) {
		json_t *object = json_object();
		json_put(object, "check", refusals->items[i].check);
		json_put(object, "sentence", refusals->items[i].sentence);
		json_put(object, "remedy", refusals->items[i].remedy);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *instance_json(const struct instance *instance)
{
	json_t *object = json_object();
	json_put(object, "service", instance->service);
	json_put(object, "name", instance->name);
	json_put(object, "state", instance_state_name(instance->state));
	json_put(object, "last_error", instance->last_error);
	return object;
}

json_t *show_services_json(const struct cycle *cycle)
{
	if (!cycle_drives(cycle))
		return json_null();
	json_t *object = json_object(), *instances = json_array();
	json_put(object, "runtime", runtime_kind(cycle->runtime));
	json_put(object, "pinned", cycle->pinned);
	json_put(object, "pinned_in", cycle->where);
	json_put_value(object, "steps", json_from_list(&cycle->steps));
	for (size_t i = 0; i < cycle->before.count; i++)
		json_array_append_new(instances, instance_json(&cycle->before.items[i]));
	json_put_value(object, "instances", instances);
	json_put_value(object, "seconds_down", cycle->down > 0 ? json_real(cycle->down) : json_null());
	return object;
}

json_t *show_json(const struct run *run, const struct change *change, const struct cycle *cycle, bool done)
{
	const struct plan *plan = &change->plan;
	const struct facts *facts = &change->facts;
	json_t *object = json_object(), *edges = json_array();
	json_put(object, "command", run->command);
	json_put(object, "run", run->id);
	json_put(object, "method", "edges");
	json_put_flag(object, "dry_run", change->dry);
	json_put_flag(object, "done", done);
	json_put(object, "database", facts->database);
	json_put(object, "from", VERSION_TEXT(plan->from));
	json_put(object, "to", VERSION_TEXT(plan->to));
	json_put(object, "release", plan->release_known ? VERSION_TEXT(plan->release) : NULL);
	json_put(object, "migrations", facts->migrations);
	json_put(object, "commit", facts->commit);
	for (size_t i = 0; i < plan->edge_count; i++)
		json_array_append_new(edges, edge_json(&plan->edges[i]));
	json_put_value(object, "edges", edges);
	json_put_value(object, "tables", tables_json(change));
	json_put_number(object, "room_needed", (int64_t)plan->room);
	json_put_value(object, "room_available", facts->room_known ? json_integer((int64_t)facts->room) : json_null());
	json_put_value(object, "losses", losses_json(plan));
	json_put_value(object, "destroyed", json_from_list(&plan->destroyed));
	json_put_value(object, "warnings", json_from_list(&change->warnings));
	json_put_value(object, "snapshot", evidence_json(facts));
	json_put(object, "no_snapshot", facts->evidence.skipped);
	json_put_value(object, "services", show_services_json(cycle));
	json_put_value(object, "refusals", show_refusals_json(&change->refusals));
	return object;
}

/* ---- for people ---- */

int show_plan(struct run *run, const struct change *change, const struct cycle *cycle, bool sql, struct error *err)
{
	AUTO(json_auto) json_t *answer = show_json(run, change, cycle, false);
	run_answer(run, answer);
	AUTO(mem_auto) char *text = sql ? plan_sql(&change->plan)
		: plan_text(&change->plan, &change->facts, &change->refusals);
	run_print(run, "%s", text);
	int rc = refusals_error(&change->refusals, change->plan.command, err);
	if (rc || !settings_flag(&run->settings, OPTION_EXIT_CODE))
		return rc;
	error_set(err, ERROR_PENDING, "the database is at version %s, and %s is pending",
		VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to));
	return error_hint(err, "type `anchore-admin %s --to %s`", change->plan.command, VERSION_TEXT(change->plan.to));
}

int show_refusals_list(const struct refusals *refusals, const char *command, struct error *err)
{
	for (size_t i = 0; i < refusals->count && refusals->count > 1; i++)
		fprintf(stderr, "%s: %s\n  hint: %s\n", refusals->items[i].check, refusals->items[i].sentence,
			refusals->items[i].remedy);
	return refusals_error(refusals, command, err);
}

int show_refusals(struct run *run, const struct change *change, const struct cycle *cycle, struct error *err)
{
	if (!change->refusals.count)
		return 0;
	AUTO(json_auto) json_t *answer = show_json(run, change, cycle, false);
	run_answer(run, answer);
	return show_refusals_list(&change->refusals, change->plan.command, err);
}

void show_destroyed(const struct change *change)
{
	const struct plan *plan = &change->plan;
	if (plan->destroyed.count)
		fprintf(stderr, version_compare(plan->from, plan->to) < 0 ?
			"no downgrade by SQL will give this back, only the snapshot:\n" :
			"this is not given back, for the upgrade destroyed it; only a snapshot has it:\n");
	for (size_t i = 0; i < plan->destroyed.count; i++)
		fprintf(stderr, "  %s\n", plan->destroyed.items[i]);
}

void show_warnings(const struct run *run, const struct change *change)
{
	if (change->warnings.count)
		run_print(run, "to look at\n");
	for (size_t i = 0; i < change->warnings.count; i++)
		run_print(run, "  %s\n", change->warnings.items[i]);
}

void show_nothing(const struct run *run, const struct change *change)
{
	AUTO(json_auto) json_t *answer = json_object();
	json_put(answer, "command", run->command);
	json_put(answer, "run", run->id);
	json_put_flag(answer, "dry_run", change->dry);
	json_put_flag(answer, "done", false);
	json_put(answer, "database", change->facts.database);
	json_put(answer, "from", VERSION_TEXT(change->facts.version));
	json_put(answer, "to", VERSION_TEXT(change->facts.version));
	run_answer(run, answer);
	run_print(run, "nothing to do: database \"%s\" is at version %s already\n", change->facts.database,
		VERSION_TEXT(change->facts.version));
}

void show_next(const struct run *run, const char *release)
{
	const char *configured = settings_text(&run->settings, OPTION_ENGINE);
	if (configured && *configured == 'v')
		configured++;
	AUTO(mem_auto) char *setting = NULL;
	if (configured && !text_same(configured, release))
		setting = mem_format(", set `engine` to it (%s says %s)", settings_where(&run->settings, OPTION_ENGINE),
			configured);
	run_print(run, "next: start engine release %s%s, then look with `anchore-admin system status`\n", release,
		setting ? setting : "");
}

void show_steps(const struct run *run, const struct cycle *cycle)
{
	if (settings_flag(&run->settings, OPTION_YES) || !cycle->steps.count)
		return;
	fprintf(stderr, "the services\n");
	for (size_t i = 0; i < cycle->steps.count; i++)
		fprintf(stderr, "  %zu  %s\n", i + 1, cycle->steps.items[i]);
}

void show_services(const struct run *run, const struct cycle *cycle)
{
	if (!cycle_drives(cycle))
		return;
	if (cycle->pinned)
		run_print(run, "engine release %s is pinned%s%s\n", cycle->pinned, cycle->where ? " in " : "",
			cycle->where ? cycle->where : "");
	for (size_t i = 0; i < cycle->before.count; i++) {
		const struct instance *instance = &cycle->before.items[i];
		run_print(run, "service %s: %s\n", instance->name ? instance->name : instance->service,
			instance_state_name(instance->state));
	}
	AUTO(mem_auto) char *down = text_duration(cycle->down);
	if (cycle_any_wanted(&cycle->before))
		run_print(run, "from the first that was stopped until all were healthy: %s\n", down);
}
