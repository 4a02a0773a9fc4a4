/* snapshot verify: by digest, or with --restore by a restore into a scratch database. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/snapshot.h"
#include "work/prove.h"

static void say(const struct run *run, const struct snapshot_entry *entry, double seconds)
{
	if (settings_flag(&run->settings, OPTION_QUIET))
		return;
	AUTO(mem_auto) char *rows = text_plural(snapshot_rows(&entry->manifest), "row");
	AUTO(mem_auto) char *tables = text_plural(entry->manifest.table_count, "table");
	AUTO(mem_auto) char *duration = text_duration(seconds);
	if (settings_flag(&run->settings, OPTION_RESTORE))
		run_print(run, "snapshot %s is proven: %s in %s, restored%s%s, compared and dropped in %s\n",
			entry->manifest.id, rows, tables, entry->proven.server ? " on PostgreSQL " : "",
			entry->proven.server ? entry->proven.server : "", duration);
	else
		run_print(run, "snapshot %s is whole: %s in %s, read in %s\n", entry->manifest.id, rows, tables,
			duration);
}

static int verify_one(json_t *array, struct run *run, const char *store, const char *deployment, const char *wanted,
	struct error *err)
{
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0}, after = {0};
	double start = clock_elapsed();
	int rc = store_find(&entry, store, wanted, err);
	if (!rc)
		rc = settings_flag(&run->settings, OPTION_RESTORE) ? prove_snapshot(run, &entry, err)
			: prove_digests(run, &entry, err);
	/* With what is recorded now. */
	if (!rc)
		rc = store_find(&after, store, entry.path, err);
	if (rc)
		return rc;
	json_array_append_new(array, snapshot_json(&after, deployment));
	say(run, &after, clock_elapsed() - start);
	return 0;
}

/* All that are named are read, whatever is found; the first failure is the result. */
int command_snapshot_verify(struct run *run, struct error *err)
{
	const char *store;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(list_clear) struct list wanted = LIST_INIT;
	int rc = snapshot_store(&store, &deployment, run, err);
	if (rc)
		return rc;
	list_add_all(&wanted, &run->arguments);
	if (!wanted.count)
		list_add(&wanted, "latest");
	AUTO(json_auto) json_t *object = json_object();
	json_t *array = json_array();
	json_put_value(object, "verified", array);
	for (size_t i = 0; i < wanted.count; i++) {
		AUTO(error_clear) struct error later = ERROR_INIT;
		int one = verify_one(array, run, store, deployment, wanted.items[i], rc ? &later : err);
		if (one && rc)
			log_warn("%s", later.message);
		rc = rc ? rc : one;
		if (one == ERROR_INTERRUPTED)
			break;
	}
	if (!rc)
		run_answer(run, object);
	return rc;
}
