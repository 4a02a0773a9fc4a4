#include "work/prune.h"

#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/journal.h"

void pruned_clear(struct pruned *pruned)
{
	list_clear(&pruned->ids);
	list_clear(&pruned->databases);
	*pruned = (struct pruned){0};
}

/* ---- the journal around it ---- */

static void describe(struct journal_entry *entry, const struct prune_plan *plan)
{
	for (size_t i = 0; i < plan->list.count; i++)
		if (!plan->verdicts[i].keep)
			list_addf(&entry->dropped, "snapshot %s", plan->list.entries[i].manifest.id);
	for (size_t i = 0; i < plan->databases.count; i++)
		if (!plan->asides[i].keep)
			list_addf(&entry->dropped, "database %s", plan->databases.items[i].name);
}

/* A disk that is too full for this line is what a prune is for: the line of its end says the same. */
static int start(const char *store, const struct journal_entry *entry, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = journal_started(store, entry, &why);
	if (rc != ERROR_NO_SPACE)
		return rc ? error_move(err, &why) : 0;
	log_warn("the journal's line has to wait until there is room: %s", why.message);
	return 0;
}

/* ---- dropping ---- */

static int drop_snapshots(struct pruned *out, const struct prune_plan *plan, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < plan->list.count; i++) {
		const struct snapshot_entry *entry = &plan->list.entries[i];
		out->kept += plan->verdicts[i].keep;
		if (plan->verdicts[i].keep)
			continue;
		rc = interrupt_check(err);
		if (!rc)
			rc = store_drop(plan->store, entry, err);
		if (rc)
			return rc;
		list_add(&out->ids, entry->manifest.id);
		out->dropped++;
		out->freed += entry->size;
	}
	return out->dropped ? file_sync_directory(plan->store, err) : 0;
}

static int drop_databases(struct pruned *out, struct run *run, const struct prune_plan *plan, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	int rc = plan->databases_dropped ? run_connect(&db, run, NULL, err) : 0;
	for (size_t i = 0; !rc && i < plan->databases.count; i++) {
		const char *name = plan->databases.items[i].name;
		if (plan->asides[i].keep)
			continue;
		AUTO(error_clear) struct error why = ERROR_INIT;
		AUTO(mem_auto) char *quoted = db_identifier(db, name);
		rc = fault_point("prune-database", err);
		if (!rc)
			rc = interrupt_check(err);
		if (rc)
			return rc;
		rc = db_execf(db, &why, "DROP DATABASE IF EXISTS %s", quoted);
		if (rc == ERROR_INTERRUPTED || rc == ERROR_UNREACHABLE)
			return error_move(err, &why);
		if (rc)
			log_warn("database \"%s\", which a restore put aside, stays: %s", name, why.message);
		else
			list_add(&out->databases, name);
		rc = 0;
	}
	return rc;
}

int prune_do(struct pruned *out, struct run *run, const struct prune_plan *plan, struct error *err)
{
	AUTO(pruned_clear) struct pruned pruned = {0};
	if (!plan->dropped && !plan->databases_dropped) {
		*out = (struct pruned){.kept = plan->list.count};
		return 0;
	}
	AUTO(journal_entry_clear) struct journal_entry entry;
	/* A run that does more than this has a line of its own. */
	struct run as = run_as(run, "snapshot prune");
	journal_entry_init(&entry, &as);
	describe(&entry, plan);
	int rc = start(plan->store, &entry, err);
	if (!rc) {
		rc = drop_snapshots(&pruned, plan, err);
		if (!rc)
			rc = drop_databases(&pruned, &as, plan, err);
		journal_ended(plan->store, &entry, rc ? err : NULL);
	}
	run_as_end(run, &as);
	if (rc)
		return rc;
	*out = pruned;
	pruned = (struct pruned){0};
	return 0;
}

int prune_run(struct pruned *out, struct run *run, struct error *err)
{
	AUTO(prune_plan_clear) struct prune_plan plan = {.store = NULL};
	int rc = prune_plan(&plan, run, err);
	return rc ? rc : prune_do(out, run, &plan, err);
}
