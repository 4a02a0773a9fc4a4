/* The store, its snapshots, and the room for more. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "work/doctor_private.h"
#include "work/unchanged.h"

/* ---- the folder ---- */

static void read_folder(struct doctor_store *store, const struct snapshot_list *list, const char *path)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(list_clear) struct list names = LIST_INIT;
	AUTO(mem_auto) char *lock = path_join(path, "lock");
	store->holder = file_lock_holder(lock);
	for (size_t i = 0; i < list->count; i++) {
		const struct snapshot_entry *entry = &list->entries[i];
		if (entry->health == SNAPSHOT_CORRUPT)
			list_addf(&store->corrupt, "%s: %s", path_base(entry->path), entry->why);
		else if (entry->health != SNAPSHOT_WHOLE)
			list_add(&store->foreign, path_base(entry->path));
	}
	if (file_list(&names, path, &ignored) != 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (text_starts(names.items[i], ".tmp-"))
			list_add(&store->leftovers, names.items[i]);
}

static void store_clear(struct doctor_store *store)
{
	list_clear(&store->corrupt);
	list_clear(&store->foreign);
	list_clear(&store->leftovers);
	mem_free(store->lost);
}

/* A new store.json would make everything in the store another deployment's. */
static void find_lost(struct doctor_store *store, const struct snapshot_list *list)
{
	for (size_t i = 0; !store->lost && i < list->count; i++)
		if (list->entries[i].health == SNAPSHOT_WHOLE)
			store->lost = mem_copy(list->entries[i].manifest.deployment);
}

void doctor_check_store(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(store_clear) struct doctor_store store = {.file = {.what = "the store"}};
	const char *path = settings_text(&doctor->run->settings, OPTION_STORE);
	if (!path) {
		doctor_add(doctor, "store", FINDING_PROBLEM, mem_copy("no folder for snapshots is named"),
			mem_copy("add `--store DIR`, or set `store` in anchore-admin.yaml"));
		return;
	}
	doctor_look_at(&store.file, path);
	int rc = store_list(&doctor->list, path, &why);
	doctor->listed = !rc;
	if (!rc)
		rc = store_deployment(&doctor->deployment, path, false, &why);
	if (!rc)
		read_folder(&store, &doctor->list, path);
	if (!rc && !doctor->deployment)
		find_lost(&store, &doctor->list);
	doctor_store(doctor->out, &store);
	if (rc && store.file.usable && store.file.folder)
		doctor_failed(doctor, "store", &why);
}

/* ---- room ---- */

static uint64_t size_of_newest(const struct snapshot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].health == SNAPSHOT_WHOLE)
			return list->entries[i].size;
	return 0;
}

/* The folder, or where it will be made. */
static char *nearest_folder(const char *path)
{
	char *folder = mem_copy(path);
	while (!file_is_directory(folder) && strcmp(folder, "/") != 0 && strcmp(folder, ".") != 0)
		mem_replace(&folder, path_directory(folder));
	return folder;
}

/* The next one is as large as the newest, if nothing much has changed. */
static void room_of_store(struct doctor *doctor, const char *path)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *folder = nearest_folder(path), *word = doctor_word(folder);
	uint64_t room = 0, next = size_of_newest(&doctor->list);
	if (file_space(&room, folder, &ignored) != 0)
		return;
	AUTO(mem_auto) char *have = text_bytes(room), *need = text_bytes(next);
	bool little = room < next + next / 2 || room < DOCTOR_LEAST_ROOM;
	doctor_add(doctor, "room", little ? FINDING_PROBLEM : FINDING_OK, mem_format("%s are free in the store%s%s",
		have, next ? ", the newest snapshot has " : "", next ? need : ""),
		little ? mem_format("drop old ones with `anchore-admin snapshot prune`, or make room on the disk, see "
			"`df -h %s`", word) : NULL);
}

/* A restore makes the database once more beside the present one. */
static void room_of_server(struct doctor *doctor)
{
	const struct facts *facts = &doctor->facts;
	uint64_t size = 0;
	for (size_t i = 0; i < facts->table_count; i++)
		size += facts->tables[i].bytes;
	if (!doctor->facts_known || !facts->room_known)
		return;
	AUTO(mem_auto) char *have = text_bytes(facts->room), *need = text_bytes(size);
	bool little = facts->room < size + size / 2;
	doctor_add(doctor, "room", little ? FINDING_PROBLEM : FINDING_OK,
		mem_format("%s are free on the database server, "
		"whose tables take %s: a restore makes them once more", have, need),
		little ? mem_copy("make room there; `anchore-admin db status` lists the databases that are kept") :
		NULL);
}

void doctor_check_room(struct doctor *doctor)
{
	const char *path = settings_text(&doctor->run->settings, OPTION_STORE);
	if (path)
		room_of_store(doctor, path);
	room_of_server(doctor);
}

/* ---- snapshots ---- */

static void snapshots_clear(struct doctor_snapshots *snapshots)
{
	mem_free(snapshots->id);
	mem_free(snapshots->proven_id);
	list_clear(&snapshots->damaged);
	list_clear(&snapshots->unproven);
}

static void read_entry(struct doctor_snapshots *out, const struct snapshot_entry *entry)
{
	const char *id = entry->manifest.id;
	if (!snapshot_verified_at(entry)) {
		list_addf(&out->damaged, "%.12s", id);
		return;
	}
	if (!out->found) {
		out->found = true;
		out->id = mem_copy(id);
		out->created = entry->manifest.created;
	}
	if (entry->proven.failed)
		list_addf(&out->unproven, "%.12s: %s", id, entry->proven.message ? entry->proven.message : "unknown");
	if (snapshot_proven(entry) && entry->proven.at > out->proven) {
		out->proven = entry->proven.at;
		mem_replace(&out->proven_id, mem_copy(id));
	}
}

void doctor_check_snapshots(struct doctor *doctor)
{
	const struct settings *settings = &doctor->run->settings;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *same = NULL;
	AUTO(mem_auto) char *version = NULL;
	AUTO(snapshots_clear) struct doctor_snapshots snapshots = {.now = doctor->now,
		.max_age = settings_number(settings, OPTION_SNAPSHOT_MAX_AGE),
		.wants_proven = text_same(settings_text(settings, OPTION_UPGRADE_REQUIRE), "proven")};
	if (!doctor->listed)
		return;
	for (size_t i = 0; i < doctor->list.count; i++) {
		const struct snapshot_entry *entry = &doctor->list.entries[i];
		if (entry->health == SNAPSHOT_WHOLE && doctor->deployment &&
		    text_same(entry->manifest.deployment, doctor->deployment))
			read_entry(&snapshots, entry);
	}
	if (doctor->db && snapshots.found)
		snapshots.fresh_known = unchanged_look(&same, &version, doctor->run, doctor->db, &ignored) == 0;
	snapshots.fresh = same && text_same(same, snapshots.id);
	doctor_snapshots(doctor->out, &snapshots);
}
