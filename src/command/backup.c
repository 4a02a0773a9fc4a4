#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/cron.h"
#include "command/snapshot.h"
#include "work/hooks.h"
#include "work/journal.h"
#include "work/snapshot.h"
#include "work/store.h"

static void answer(const struct run *run, const struct snapshot_entry *entry, double seconds)
{
	AUTO(json_auto) json_t *object = snapshot_json(entry, entry->manifest.deployment);
	json_put_value(object, "seconds", json_real((double)(int64_t)(seconds * 1000) / 1000));
	json_put_value(object, "reused", snapshot_reused_json(&entry->manifest));
	run_answer(run, object);
	if (settings_flag(&run->settings, OPTION_QUIET))
		return;
	uint64_t bytes = snapshot_bytes(&entry->manifest);
	AUTO(mem_auto) char *size = text_bytes(entry->size);
	AUTO(mem_auto) char *text = text_bytes(bytes);
	AUTO(mem_auto) char *rows = text_plural(snapshot_rows(&entry->manifest), "row");
	AUTO(mem_auto) char *tables = text_plural(entry->manifest.table_count, "table");
	AUTO(mem_auto) char *duration = text_duration(seconds);
	AUTO(mem_auto) char *ratio = mem_copy("");
	if (bytes > entry->size)
		mem_replace(&ratio, mem_format(", %.1f times smaller than the rows' text",
			(double)bytes / (double)entry->size));
	run_print(run, "%s\n", entry->path);
	run_print(run, "snapshot %s of %s, database version %s, engine %s\n", entry->manifest.id,
		entry->manifest.identity.name, entry->manifest.db_version,
		entry->manifest.engine_release ? entry->manifest.engine_release : "unknown");
	run_print(run, "%s in %s (%s of text), written and verified in %s\n", rows, tables, text, duration);
	run_print(run, "%s%s\n", size, ratio);
	AUTO(mem_auto) char *reused = snapshot_reused_text(&entry->manifest);
	if (reused)
		run_print(run, "%s\n", reused);
}

static int take(struct snapshot_entry *entry, struct run *run, const char *store, struct error *err)
{
	AUTO(journal_entry_clear) struct journal_entry journal = {0};
	journal_entry_init(&journal, run);
	int rc = journal_started(store, &journal, err);
	if (rc)
		return rc;
	rc = snapshot_take(entry, run, err);
	if (!rc) {
		journal.from = mem_copy(entry->manifest.db_version);
		journal.snapshot = mem_copy(entry->manifest.id);
	}
	journal_ended(store, &journal, rc ? err : NULL);
	return rc;
}

int command_backup(struct run *run, struct error *err)
{
	const char *store;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	AUTO(list_clear) struct list facts = LIST_INIT;
	double start = clock_elapsed();
	if (settings_flag(&run->settings, OPTION_SCHEDULED))
		return cron_run(run, err);
	int rc = run_lock(run, err);
	if (!rc)
		rc = run_store(&store, run, true, err);
	if (!rc)
		rc = run_resolve_database(run, err);
	if (rc)
		return rc;
	rc = hooks_before(run, "backup", &facts, err);
	if (!rc)
		rc = take(&entry, run, store, err);
	if (!rc)
		hooks_facts(&facts, entry.manifest.db_version, NULL, entry.manifest.id);
	hooks_after(run, "backup", &facts, rc ? err : NULL);
	if (!rc)
		answer(run, &entry, clock_elapsed() - start);
	return rc;
}
