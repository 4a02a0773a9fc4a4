#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/mem.h"
#include "work/store.h"
#include "work/store_private.h"

/* The name says whose sidecar has to go with it, so that whoever sweeps can end what a kill began. */
static const char DROPPING[] = ".tmp-drop-";

/* The second half, after which nothing is left. A new archive of that name keeps its sidecar. */
static int finish(const char *store, const char *hidden, struct error *err)
{
	AUTO(mem_auto) char *archive = path_join(store, hidden + sizeof DROPPING - 1);
	AUTO(mem_auto) char *state = mem_format("%s.state", archive);
	AUTO(mem_auto) char *path = path_join(store, hidden);
	int rc = fault_point("prune-state", err);
	if (!rc && !file_exists(archive)) {
		AUTO(file_close) int lock = store_lock_sidecars(archive);
		rc = file_remove(state, err);
	}
	if (!rc)
		rc = fault_point("prune-remove", err);
	return rc ? rc : file_remove(path, err);
}

int store_drop(const char *store, const struct snapshot_entry *entry, struct error *err)
{
	AUTO(mem_auto) char *hidden = mem_format("%s%s", DROPPING, path_base(entry->path));
	AUTO(mem_auto) char *path = path_join(store, hidden);
	int rc = fault_point("prune-rename", err);
	if (rc)
		return rc;
	if (rename(entry->path, path) != 0)
		return error_errno(err, ERROR_FAILED, "cannot drop %s", entry->path);
	rc = fault_point("prune-sync", err);
	if (!rc)
		rc = file_sync_directory(store, err);
	return rc ? rc : finish(store, hidden, err);
}

int store_sweep(const char *store, struct error *err)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	int rc = file_list(&names, store, err);
	for (size_t i = 0; !rc && i < names.count; i++) {
		if (!text_starts(names.items[i], ".tmp-"))
			continue;
		AUTO(mem_auto) char *path = path_join(store, names.items[i]);
		rc = fault_point("store-sweep", err);
		if (!rc)
			rc = text_starts(names.items[i], DROPPING) ? finish(store, names.items[i], err)
				: file_remove(path, err);
	}
	return rc;
}
