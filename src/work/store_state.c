#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/digest.h"
#include "io/json.h"
#include "work/archive.h"
#include "work/store.h"
#include "work/store_private.h"

/* ---- what is known of an archive besides: <archive>.state ---- */

static char *state_path(const struct snapshot_entry *entry)
{
	return mem_format("%s.state", entry->path);
}

static void load_check(struct snapshot_check *check, const json_t *object)
{
	const char *at = json_text(object, "at");
	if (!at || !text_time_parse(at, &check->at))
		return;
	check->failed = json_flag(object, "failed");
	check->seconds = json_number_value(json_object_get(object, "seconds"));
	check->server = mem_copy(json_text(object, "server"));
	check->message = mem_copy(json_text(object, "message"));
}

static void load_copies(struct snapshot_entry *entry, const json_t *array)
{
	entry->copies = mem_array(json_array_size(array), sizeof *entry->copies);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *object = json_array_get(array, i);
		struct restored_copy *copy = &entry->copies[entry->copy_count];
		AUTO(error_clear) struct error err = ERROR_INIT;
		if (archive_read_identity(&copy->identity, json_object_get(object, "identity"), "copy", &err))
			continue;
		if (archive_read_moment(&copy->moment, json_object_get(object, "moment"), "copy", &err)) {
			identity_clear(&copy->identity);
			continue;
		}
		entry->copy_count++;
	}
}

void store_load_state(struct snapshot_entry *entry)
{
	AUTO(mem_auto) char *path = state_path(entry);
	AUTO(mem_auto) char *text = NULL;
	AUTO(json_auto) json_t *state = NULL;
	AUTO(error_clear) struct error err = ERROR_INIT;
	size_t size = 0;
	if (!file_exists(path))
		return;
	if (file_read(&text, &size, path, &err) || json_parse(&state, text, size, path, &err)) {
		/* On the safe side: it may have been pinned. */
		log_warn("%s, so its snapshot counts as pinned", err.message);
		entry->pinned = true;
		return;
	}
	entry->pinned = json_flag(state, "pinned");
	load_check(&entry->verified, json_object_get(state, "verified"));
	load_check(&entry->proven, json_object_get(state, "proven"));
	load_copies(entry, json_object_get(state, "copies"));
}

static json_t *print_copy(const struct restored_copy *copy)
{
	json_t *object = json_object();
	json_put_value(object, "identity", archive_identity(&copy->identity));
	json_put_value(object, "moment", archive_moment(&copy->moment));
	return object;
}

static bool same_database(const struct restored_copy *a, const struct restored_copy *b)
{
	return identity_same(&a->identity, &b->identity);
}

json_t *store_check_json(const struct snapshot_check *check)
{
	if (!check->at)
		return json_null();
	AUTO(mem_auto) char *at = text_time(check->at);
	json_t *object = json_object();
	json_put(object, "at", at);
	json_put_flag(object, "failed", check->failed);
	json_put_value(object, "seconds", json_real(check->seconds));
	json_put(object, "server", check->server);
	json_put(object, "message", check->message);
	return object;
}

/* added, unless NULL, replaces what was known of the same database. */
static int write_state(const struct snapshot_entry *entry, const struct restored_copy *added, struct error *err)
{
	AUTO(mem_auto) char *path = state_path(entry);
	AUTO(json_auto) json_t *state = json_object();
	json_t *copies = json_array();
	for (size_t i = 0; i < entry->copy_count; i++)
		if (!added || !same_database(&entry->copies[i], added))
			json_array_append_new(copies, print_copy(&entry->copies[i]));
	if (added)
		json_array_append_new(copies, print_copy(added));
	json_put_flag(state, "pinned", entry->pinned);
	json_put_value(state, "verified", store_check_json(&entry->verified));
	json_put_value(state, "proven", store_check_json(&entry->proven));
	json_put_value(state, "copies", copies);
	AUTO(mem_auto) char *text = json_print(state);
	return file_write(path, 0600, text, strlen(text), err);
}

int store_lock_sidecars(const char *archive)
{
	AUTO(mem_auto) char *folder = path_directory(archive);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0)
		file_close(&fd);
	return fd;
}

/* The sidecar as it is now, which another run may have written since entry was read. */
static void reload(struct snapshot_entry *fresh, const struct snapshot_entry *entry)
{
	*fresh = (struct snapshot_entry){.path = mem_copy(entry->path)};
	store_load_state(fresh);
}

int store_pin(const struct snapshot_entry *entry, bool pinned, struct error *err)
{
	AUTO(file_close) int lock = store_lock_sidecars(entry->path);
	AUTO(snapshot_entry_clear) struct snapshot_entry fresh;
	reload(&fresh, entry);
	fresh.pinned = pinned;
	return write_state(&fresh, NULL, err);
}

static bool is_inside(const char *store, const char *path)
{
	AUTO(mem_auto) char *folder = path_directory(path);
	AUTO(mem_auto) char *a = realpath(folder, NULL), *b = realpath(store, NULL);
	return a && text_same(a, b);
}

int store_record_copy(const char *store, const struct snapshot_entry *entry, const struct restored_copy *copy,
	struct error *err)
{
	if (!is_inside(store, entry->path))
		return 0;
	AUTO(file_close) int lock = store_lock_sidecars(entry->path);
	AUTO(snapshot_entry_clear) struct snapshot_entry fresh;
	reload(&fresh, entry);
	return write_state(&fresh, copy, err);
}

/* ---- what was found when it was read, or restored ---- */

static void set_check(struct snapshot_check *to, const struct snapshot_check *from)
{
	mem_replace(&to->server, mem_copy(from->server));
	mem_replace(&to->message, mem_copy(from->message));
	to->at = from->at;
	to->failed = from->failed;
	to->seconds = from->seconds;
}

int store_record_check(const char *store, const struct snapshot_entry *entry, enum snapshot_check_kind kind,
	const struct snapshot_check *check, struct error *err)
{
	if (!is_inside(store, entry->path))
		return 0;
	AUTO(file_close) int lock = store_lock_sidecars(entry->path);
	if (!file_exists(entry->path)) /* dropped meanwhile */
		return 0;
	AUTO(snapshot_entry_clear) struct snapshot_entry fresh;
	reload(&fresh, entry);
	set_check(kind == CHECK_PROVEN ? &fresh.proven : &fresh.verified, check);
	return write_state(&fresh, NULL, err);
}

/* The last time that it was read it was damaged, unless a proof, which reads it too, went well later. When it was taken
 * does not matter: a clock that was wrong then may be right now. */
static bool is_damaged(const struct snapshot_entry *entry)
{
	bool proven_since = entry->proven.at > entry->verified.at && !entry->proven.failed;
	return entry->health != SNAPSHOT_WHOLE || (entry->verified.failed && !proven_since);
}

bool snapshot_proven(const struct snapshot_entry *entry)
{
	return entry->proven.at && !entry->proven.failed && !is_damaged(entry);
}

time_t snapshot_verified_at(const struct snapshot_entry *entry)
{
	time_t at = entry->manifest.created;
	if (is_damaged(entry))
		return 0;
	if (!entry->verified.failed && entry->verified.at > at)
		at = entry->verified.at;
	return snapshot_proven(entry) && entry->proven.at > at ? entry->proven.at : at;
}

/* ---- store.json ---- */

/* A random UUID, version 4. */
static char *new_uuid(void)
{
	char hex[33];
	digest_random_hex(hex, 16);
	hex[12] = '4';
	hex[16] = "89ab"[hex[16] & 3];
	return mem_format("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static int make_deployment(char **uuid, const char *path, struct error *err)
{
	AUTO(mem_auto) char *made = new_uuid();
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "deployment", made);
	AUTO(mem_auto) char *text = json_print(object);
	int rc = file_write(path, 0600, text, strlen(text), err);
	if (!rc)
		*uuid = mem_take(&made);
	return rc;
}

int store_deployment(char **uuid, const char *store, bool make, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(store, "store.json");
	AUTO(mem_auto) char *text = NULL;
	AUTO(json_auto) json_t *object = NULL;
	size_t size = 0;
	if (!file_exists(path)) {
		if (make)
			return make_deployment(uuid, path, err);
		*uuid = NULL;
		return 0;
	}
	int rc = file_read(&text, &size, path, err);
	if (!rc)
		rc = json_parse(&object, text, size, path, err);
	const char *found = rc ? NULL : json_text(object, "deployment");
	if (!rc && !found)
		rc = error_set(err, ERROR_FAILED, "%s does not say which deployment the store belongs to", path);
	if (rc)
		return error_hint(err,
			"bring the file back, or remove it: the next backup makes a new one, and earlier snapshots "
			"then count as another deployment's");
	*uuid = mem_copy(found);
	return 0;
}
