/* What is done to the database while the services are stopped. */
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/cycle.h"
#include "work/migrate.h"
#include "work/prove.h"
#include "work/snapshot.h"
#include "work/step.h"

/* ---- by edges ---- */

/* The deployment's database is not touched by it, but for the services that stay stopped meanwhile. */
static int prove(struct cycle *cycle, const struct snapshot_entry *entry, struct error *err)
{
	step_say("proving snapshot %.12s", entry->manifest.id);
	int rc = fault_point("cycle-prove", err);
	if (!rc)
		rc = prove_snapshot(cycle->run, entry, err);
	return rc ? error_context(err, "the proof of the snapshot") : 0;
}

static int take_snapshot(struct cycle *cycle, struct change *change, struct error *err)
{
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(mem_auto) char *size = NULL;
	step_say("taking a snapshot");
	log_note("taking a snapshot of database \"%s\"", change->facts.database);
	/* What an earlier snapshot has already need not be read while nobody can work. */
	struct run *run = cycle->run;
	int rc = settings_set(&run->settings, OPTION_INCREMENTAL, "true", SOURCE_COMMAND_LINE, run->command, NULL, err);
	if (!rc)
		rc = fault_point("cycle-snapshot", err);
	if (!rc)
		rc = snapshot_take(&entry, run, err);
	if (rc)
		return error_context(err, "the snapshot");
	size = text_bytes(entry.size);
	log_note("snapshot %.12s, %s, is written and verified", entry.manifest.id, size);
	if (change->facts.evidence.proves)
		rc = prove(cycle, &entry, err);
	if (rc)
		return rc;
	evidence_clear(&change->facts.evidence);
	change->facts.evidence.verified = mem_copy(entry.manifest.id);
	return fault_point("cycle-snapshot-taken", err);
}

/* The snapshot if one is due, and the guard again; were the one that was there proven stale by then, a new one. */
static int secure(struct cycle *cycle, struct change *change, struct error *err)
{
	change->stops = false;
	for (;;) {
		int rc = 0;
		if (change->facts.evidence.planned) {
			rc = take_snapshot(cycle, change, err);
			change->snapshots = false;
		} else if (change->facts.evidence.proves) {
			rc = prove(cycle, &change->held.entry, err);
			/* A record that could not be written would ask for it again and again. */
			change->snapshots = false;
		}
		step_say("checking");
		if (!rc)
			rc = fault_point("cycle-guard", err);
		if (!rc)
			rc = change_check_again(change, cycle->run, err);
		const struct evidence *evidence = &change->facts.evidence;
		if (rc || !(evidence->planned || evidence->proves))
			return rc;
	}
}

static int refused(const struct change *change, struct error *err)
{
	const struct refusals *refusals = &change->refusals;
	for (size_t i = 0; i < refusals->count && refusals->count > 1; i++)
		log_warn("%s: %s: %s", refusals->items[i].check, refusals->items[i].sentence,
			refusals->items[i].remedy);
	return refusals_error(refusals, change->plan.command, err);
}

static int migrate(struct cycle *cycle, void *context, struct error *err)
{
	struct change *change = context;
	int rc = 0;
	if (cycle->runtime)
		rc = cycle_drain(cycle, change->db, err);
	if (!rc && (cycle->runtime || change->snapshots))
		rc = secure(cycle, change, err);
	if (!rc)
		rc = refused(change, err);
	if (!rc)
		rc = migrate_run(change, cycle->run, err);
	/* The engine takes the lock of this session when it starts. */
	db_close(change->db);
	change->db = NULL;
	return rc;
}

int cycle_migrate(struct cycle *cycle, struct change *change, struct error *err)
{
	return cycle_around(cycle, migrate, change, err);
}

/* ---- by swap ---- */

struct swap_in {
	char **kept;
	const struct snapshot_entry *entry;
	const struct restore_options *options;
};

static int swap_in(struct cycle *cycle, void *context, struct error *err)
{
	struct swap_in *swap = context;
	struct restore_options options = *swap->options;
	options.stops = false;
	AUTO(restore_plan_clear) struct restore_plan plan = {.kept_name = NULL};
	int rc = 0;
	if (cycle->runtime)
		rc = cycle_drain_any(cycle, err);
	if (!rc && cycle->runtime)
		rc = restore_plan(&plan, cycle->run, swap->entry, &options, err);
	if (!rc)
		rc = refusals_error(&plan.refusals, cycle->run->command, err);
	step_say("restoring snapshot %.12s", swap->entry->manifest.id);
	if (!rc)
		rc = fault_point("cycle-restore", err);
	return rc ? rc : restore_run(swap->kept, cycle->run, swap->entry, &options, err);
}

int cycle_restore(char **kept, struct cycle *cycle, const struct snapshot_entry *entry,
	const struct restore_options *options, struct error *err)
{
	struct swap_in swap = {kept, entry, options};
	return cycle_around(cycle, swap_in, &swap, err);
}

static int swap_back(struct cycle *cycle, void *context, struct error *err)
{
	int rc = cycle->runtime ? cycle_drain_any(cycle, err) : 0;
	step_say("swapping the kept database back");
	return rc ? rc : restore_undo(context, cycle->run, err);
}

int cycle_undo(char **kept, struct cycle *cycle, struct error *err)
{
	return cycle_around(cycle, swap_back, kept, err);
}
