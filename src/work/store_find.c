#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "work/store.h"
#include "work/store_private.h"

/* Hands one entry of the list over; the list keeps an empty one in its place. */
static void take(struct snapshot_entry *out, struct snapshot_entry *from)
{
	*out = *from;
	*from = (struct snapshot_entry){0};
}

static int check_whole(const struct snapshot_entry *entry, struct error *err)
{
	static const char *const words[] = {
		[SNAPSHOT_WHOLE] = "is whole",
		[SNAPSHOT_CORRUPT] = "is corrupt",
		[SNAPSHOT_FOREIGN] = "is not a snapshot",
		[SNAPSHOT_FUTURE] = "cannot be read by this version",
	};
	if (entry->health == SNAPSHOT_WHOLE)
		return 0;
	error_set(err, ERROR_CORRUPT, "%s %s: %s", entry->path, words[entry->health], entry->why);
	if (entry->health == SNAPSHOT_FUTURE)
		return error_hint(err, "use the version of anchore-admin that made it, or a later one");
	return error_hint(err, "name another one; `anchore-admin snapshot list` shows them all");
}

static bool is_wanted(const struct snapshot_entry *entry, const char *deployment, const char *version)
{
	return entry->health == SNAPSHOT_WHOLE && text_same(entry->manifest.deployment, deployment) &&
		(!version || text_same(entry->manifest.db_version, version));
}

/* The first of the wanted ones, or the last. */
static int find_by_age(struct snapshot_entry *out, struct snapshot_list *list, const char *deployment,
	const char *version, bool newest, struct error *err)
{
	struct snapshot_entry *found = NULL;
	size_t others = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (deployment && is_wanted(&list->entries[i], deployment, version)) {
			if (!found || !newest)
				found = &list->entries[i];
		} else {
			others++;
		}
	}
	if (found) {
		take(out, found);
		return 0;
	}
	AUTO(mem_auto) char *at = version ? mem_format(" at database version %s", version) : mem_copy("");
	AUTO(mem_auto) char *rest = text_plural(others, "other file");
	error_set(err, ERROR_USAGE, "the store has no usable snapshot of this deployment%s%s%s%s", at,
		others ? " (" : "", others ? rest : "", others ? ")" : "");
	return error_hint(err, others ? "see `anchore-admin snapshot list`" : "take one with `anchore-admin backup`");
}

static bool id_starts(const struct snapshot_entry *entry, const char *prefix)
{
	return *prefix && entry->manifest.id && text_starts(entry->manifest.id, prefix);
}

static int find_by_id(struct snapshot_entry *out, struct snapshot_list *list, const char *wanted, struct error *err)
{
	struct snapshot_entry *found = NULL;
	size_t matches = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct snapshot_entry *entry = &list->entries[i];
		if (!id_starts(entry, wanted))
			continue;
		/* The same snapshot under two names is one, and as good as the better of the two. */
		bool again = found && text_same(found->manifest.id, entry->manifest.id);
		if (!again || found->health != SNAPSHOT_WHOLE)
			found = entry;
		matches += !again;
	}
	if (matches == 1) {
		int rc = check_whole(found, err);
		if (!rc)
			take(out, found);
		return rc;
	}
	if (matches) {
		error_set(err, ERROR_USAGE, "%zu snapshots begin with %s", matches, wanted);
		return error_hint(err, "type more of the id; `anchore-admin snapshot list` shows them");
	}
	error_set(err, ERROR_USAGE, "there is no snapshot %s", wanted);
	return error_hint(err, "name one of those that `anchore-admin snapshot list` shows");
}

static int find_by_path(struct snapshot_entry *out, const char *path, struct error *err)
{
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	int rc = store_load(&entry, path, err);
	if (rc)
		return error_hint(err, "name one of those that `anchore-admin snapshot list` shows");
	rc = check_whole(&entry, err);
	if (!rc)
		take(out, &entry);
	return rc;
}

int store_find(struct snapshot_entry *out, const char *store, const char *wanted, struct error *err)
{
	AUTO(mem_auto) char *inside = path_join(store, wanted);
	bool is_path = strchr(wanted, '/') != NULL || text_ends(wanted, ".tar");
	if (is_path && !strchr(wanted, '/') && file_exists(inside))
		return find_by_path(out, inside, err);
	if (is_path && !file_exists(wanted)) {
		error_set(err, ERROR_USAGE, "there is no file %s", wanted);
		return error_hint(err, "name one of those that `anchore-admin snapshot list` shows");
	}
	if (is_path)
		return find_by_path(out, wanted, err);
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	int rc = store_list(&list, store, err);
	if (!rc)
		rc = store_deployment(&deployment, store, false, err);
	if (rc)
		return rc;
	if (strcmp(wanted, "latest") == 0 || text_starts(wanted, "latest:"))
		return find_by_age(out, &list, deployment, wanted[6] ? wanted + 7 : NULL, true, err);
	if (strcmp(wanted, "oldest") == 0)
		return find_by_age(out, &list, deployment, NULL, false, err);
	return find_by_id(out, &list, wanted, err);
}
