/* snapshot prune: what retention keeps and drops, and why; then it is dropped. */
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/snapshot.h"
#include "work/prune.h"

enum { SHORT_ID = 12 };

/* "5 snapshots (1.2 GB) and 1 database that a restore put aside"; owned. */
static char *amount(size_t snapshots, uint64_t bytes, size_t databases)
{
	AUTO(list_clear) struct list words = LIST_INIT;
	AUTO(mem_auto) char *count = text_plural(snapshots, "snapshot");
	AUTO(mem_auto) char *size = text_bytes(bytes);
	AUTO(mem_auto) char *kept = text_plural(databases, "database");
	if (snapshots)
		list_addf(&words, "%s (%s)", count, size);
	if (databases)
		list_addf(&words, "%s put aside by a restore", kept);
	return list_join(&words, " and ");
}

/* ---- the table ---- */

static void print_snapshot(const struct run *run, const struct snapshot_entry *entry,
	const struct retention_verdict *verdict)
{
	const struct manifest *manifest = &entry->manifest;
	AUTO(mem_auto) char *reasons = list_join(&verdict->reasons, "; ");
	AUTO(mem_auto) char *size = text_bytes(entry->size);
	AUTO(mem_auto) char *created = manifest->id ? text_time(manifest->created) : mem_copy("-");
	const char *version = manifest->db_version ? manifest->db_version : "-";
	bool whole = entry->health == SNAPSHOT_WHOLE;
	run_print(run, "%-4s  %-*.*s  %-20s  %-8s  %9s  %s%s%s%s\n", verdict->keep ? "keep" : "drop", SHORT_ID,
		SHORT_ID, manifest->id ? manifest->id : "-", created, version, size, reasons,
		whole ? "" : " (", whole ? "" : path_base(entry->path), whole ? "" : ")");
}

static void print_database(const struct run *run, const struct kept_database *database,
	const struct retention_verdict *verdict)
{
	AUTO(mem_auto) char *reasons = list_join(&verdict->reasons, "; ");
	AUTO(mem_auto) char *size = text_bytes(database->bytes);
	run_print(run, "%-4s  %s, %s, version %s, since %s: %s\n", verdict->keep ? "keep" : "drop", database->name,
		size, database->db_version ? database->db_version : "unknown", database->since, reasons);
}

static void print_plan(const struct run *run, const struct prune_plan *plan)
{
	AUTO(mem_auto) char *in_use = list_join(&plan->in_use, ", ");
	if (!plan->list.count) {
		run_print(run, "no snapshots in %s\n", plan->store);
	} else {
		run_print(run, "%-4s  %-*s  %-20s  %-8s  %9s  %s\n", "", SHORT_ID, "ID", "CREATED", "DB", "SIZE",
			"WHY (times and days are UTC)");
		for (size_t i = 0; i < plan->list.count; i++)
			print_snapshot(run, &plan->list.entries[i], &plan->verdicts[i]);
		run_print(run, "database versions in use: %s\n", plan->in_use.count ? in_use : "not known");
	}
	if (plan->databases.count)
		run_print(run, "databases put aside by a restore:\n");
	for (size_t i = 0; i < plan->databases.count; i++)
		print_database(run, &plan->databases.items[i], &plan->asides[i]);
}

/* ---- the object ---- */

static json_t *rules_json(const struct retention_rules *rules)
{
	static const char *const names[RETENTION_PERIODS] = {[RETENTION_HOURLY] = "hourly", [RETENTION_DAILY] = "daily",
		[RETENTION_WEEKLY] = "weekly", [RETENTION_MONTHLY] = "monthly", [RETENTION_YEARLY] = "yearly"};
	json_t *object = json_object();
	json_put_number(object, "last", rules->last);
	for (int i = 0; i < RETENTION_PERIODS; i++)
		json_put_number(object, names[i], rules->periods[i]);
	json_put_number(object, "within_seconds", rules->within);
	return object;
}

static json_t *snapshots_json(const struct prune_plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->list.count; i++) {
		json_t *object = snapshot_json(&plan->list.entries[i], plan->deployment);
		json_put_flag(object, "keep", plan->verdicts[i].keep);
		json_put_value(object, "reasons", json_from_list(&plan->verdicts[i].reasons));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *databases_json(const struct prune_plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->databases.count; i++) {
		const struct kept_database *database = &plan->databases.items[i];
		json_t *object = json_object();
		json_put(object, "name", database->name);
		json_put_number(object, "bytes", (int64_t)database->bytes);
		json_put(object, "since", database->since);
		json_put(object, "db_version", database->db_version);
		json_put_flag(object, "keep", plan->asides[i].keep);
		json_put_value(object, "reasons", json_from_list(&plan->asides[i].reasons));
		json_array_append_new(array, object);
	}
	return array;
}

/* pruned is NULL where nothing was done. */
static void answer(const struct run *run, const struct prune_plan *plan, const struct pruned *pruned)
{
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "command", run->command);
	json_put(object, "store", plan->store);
	json_put(object, "deployment", plan->deployment);
	json_put_flag(object, "dry_run", settings_flag(&run->settings, OPTION_DRY_RUN));
	json_put_flag(object, "done", pruned != NULL);
	json_put_value(object, "rules", rules_json(&plan->rules));
	json_put_value(object, "in_use", json_from_list(&plan->in_use));
	json_put_value(object, "snapshots", snapshots_json(plan));
	json_put_value(object, "databases", databases_json(plan));
	json_put_number(object, "kept", (int64_t)(pruned ? pruned->kept : plan->list.count - plan->dropped));
	json_put_number(object, "dropped", (int64_t)(pruned ? pruned->dropped : plan->dropped));
	json_put_number(object, "freed", (int64_t)(pruned ? pruned->freed : plan->freed));
	if (pruned)
		json_put_value(object, "dropped_databases", json_from_list(&pruned->databases));
	run_answer(run, object);
}

/* ---- doing it ---- */

static void print_nothing(const struct run *run, const struct prune_plan *plan)
{
	AUTO(mem_auto) char *files = text_plural(plan->list.count, "file");
	if (plan->list.count && !retention_rules_any(&plan->rules))
		run_print(run, "no rule is set, so no snapshot is dropped: set `keep` in anchore-admin.yaml, or add "
			"`--keep-daily N`\n");
	else if (plan->list.count)
		run_print(run, "nothing to drop: %s stay%s\n", files, plan->list.count == 1 ? "s" : "");
}

static int drop(struct run *run, const struct prune_plan *plan, struct error *err)
{
	AUTO(pruned_clear) struct pruned pruned = {0};
	AUTO(mem_auto) char *what = amount(plan->dropped, plan->freed, plan->databases_dropped);
	AUTO(mem_auto) char *question = mem_format("Drop %s?", what);
	int rc = run_confirm(run, question, err);
	if (!rc)
		rc = prune_do(&pruned, run, plan, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *done = amount(pruned.dropped, pruned.freed, pruned.databases.count);
	AUTO(mem_auto) char *files = text_plural(pruned.kept, "file");
	if (!settings_flag(&run->settings, OPTION_QUIET))
		run_print(run, "dropped %s; %s stay%s\n", *done ? done : "nothing", files, pruned.kept == 1 ? "s" : "");
	answer(run, plan, &pruned);
	return 0;
}

static int read_dry(bool *dry, const struct run *run, struct error *err)
{
	const char *form = settings_text(&run->settings, OPTION_DRY_RUN);
	*dry = form != NULL;
	if (!form || !*form)
		return 0;
	error_set(err, ERROR_USAGE, "--dry-run=%s is not known here", form);
	return error_hint(err, "write `--dry-run`");
}

int command_snapshot_prune(struct run *run, struct error *err)
{
	AUTO(prune_plan_clear) struct prune_plan plan = {.store = NULL};
	const char *store;
	bool dry = false, quiet = settings_flag(&run->settings, OPTION_QUIET);
	int rc = read_dry(&dry, run, err);
	if (!rc)
		rc = run_store(&store, run, false, err);
	if (!rc && !dry && file_is_directory(store))
		rc = run_lock(run, err);
	if (!rc)
		rc = prune_plan(&plan, run, err);
	if (rc)
		return rc;
	if (dry || !quiet)
		print_plan(run, &plan);
	bool nothing = !plan.dropped && !plan.databases_dropped;
	if (!nothing && !dry)
		return drop(run, &plan, err);
	if (nothing && (dry || !quiet))
		print_nothing(run, &plan);
	AUTO(mem_auto) char *what = amount(plan.dropped, plan.freed, plan.databases_dropped);
	if (!nothing)
		run_print(run, "would drop %s; nothing was changed\n", what);
	answer(run, &plan, NULL);
	return 0;
}
