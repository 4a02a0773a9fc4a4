#include "work/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/digest.h"
#include "work/archive.h"
#include "work/reader.h"
#include "work/store_private.h"

static void judge(struct snapshot_entry *entry, enum snapshot_health health, char *why)
{
	entry->health = health;
	mem_replace(&entry->why, why);
}

/* "<database>-<version>-<time>.tar": only a name like ours makes an unreadable file one of ours. */
static bool name_is_ours(const char *path)
{
	const char *name = path_base(path), *dash = strrchr(name, '-');
	if (!dash || dash == name || strlen(dash) < strlen("-20261123T120000Z.tar"))
		return false;
	return strspn(dash + 1, "0123456789") == 8 && dash[9] == 'T' && strspn(dash + 10, "0123456789") == 6 &&
		dash[16] == 'Z';
}

static int64_t read_format(const struct tarball *tarball, const char *first)
{
	int64_t format = 0;
	struct error err = ERROR_INIT;
	archive_read_format(&format, first, tarball->members[0].size, &err);
	error_clear(&err);
	return format;
}

/* Before anybody acts on what it says: a role whose name is damaged is no role that is missing. */
static int check_snapshot(const struct manifest *manifest, const char *text, size_t size, struct error *err)
{
	char sha256[65];
	digest_sha256_hex(sha256, text, size);
	bool same = manifest->member_count && strcmp(sha256, manifest->members[0].sha256) == 0;
	return same ? 0 : error_set(err, ERROR_CORRUPT,
		"the member " ARCHIVE_SNAPSHOT " is damaged: its SHA-256 is not the manifest's");
}

static int read_manifests(struct snapshot_entry *entry, const struct tarball *tarball, const char *first,
	struct error *err)
{
	const struct tarball_member *last = &tarball->members[tarball->count - 1];
	AUTO(mem_auto) char *text = NULL;
	struct frame frame;
	int rc = archive_read_snapshot(&entry->manifest, first, tarball->members[0].size, err);
	if (!rc && tarball->damage)
		rc = error_set(err, ERROR_CORRUPT, "%s", tarball->damage);
	if (!rc && strcmp(last->name, ARCHIVE_MANIFEST) != 0)
		rc = error_set(err, ERROR_CORRUPT, "it has no manifest, so it was cut or never finished");
	if (!rc)
		rc = reader_load(&text, tarball, last, err);
	if (!rc)
		rc = archive_read_manifest(&entry->manifest, &frame, text, last->size, err);
	if (!rc)
		rc = check_snapshot(&entry->manifest, first, tarball->members[0].size, err);
	if (!rc)
		rc = archive_check_members(&entry->manifest, tarball, err);
	return rc ? rc : tarball_tail(tarball, err);
}

static void examine(struct snapshot_entry *entry, const struct tarball *tarball)
{
	bool begins = tarball->count && strcmp(tarball->members[0].name, ARCHIVE_SNAPSHOT) == 0;
	if (!begins) {
		const char *damage = tarball->damage ? tarball->damage : "it does not begin with " ARCHIVE_SNAPSHOT;
		judge(entry, name_is_ours(entry->path) ? SNAPSHOT_CORRUPT : SNAPSHOT_FOREIGN, mem_copy(damage));
		return;
	}
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *first = NULL;
	int rc = reader_load(&first, tarball, &tarball->members[0], &err);
	int64_t format = rc ? 0 : read_format(tarball, first);
	if (format > MANIFEST_FORMAT) {
		judge(entry, SNAPSHOT_FUTURE, mem_format("it has format %" PRId64 ", which a later version wrote",
			format));
		return;
	}
	if (!rc)
		rc = read_manifests(entry, tarball, first, &err);
	if (rc)
		judge(entry, SNAPSHOT_CORRUPT, mem_copy(err.message));
}

int store_load(struct snapshot_entry *out, const char *path, struct error *err)
{
	AUTO(tarball_close) struct tarball tarball = {.fd = -1};
	int rc = tarball_open(&tarball, path, err);
	if (rc)
		return rc;
	struct snapshot_entry entry = {.path = mem_copy(path), .size = tarball.size, .health = SNAPSHOT_WHOLE};
	manifest_init(&entry.manifest);
	examine(&entry, &tarball);
	store_load_state(&entry);
	*out = entry;
	return 0;
}

static void check_clear(struct snapshot_check *check)
{
	mem_free(check->server);
	mem_free(check->message);
}

void snapshot_entry_clear(struct snapshot_entry *entry)
{
	mem_free(entry->path);
	mem_free(entry->why);
	manifest_clear(&entry->manifest);
	for (size_t i = 0; i < entry->copy_count; i++) {
		identity_clear(&entry->copies[i].identity);
		moment_clear(&entry->copies[i].moment);
	}
	mem_free(entry->copies);
	check_clear(&entry->verified);
	check_clear(&entry->proven);
	*entry = (struct snapshot_entry){0};
}

void snapshot_list_clear(struct snapshot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		snapshot_entry_clear(&list->entries[i]);
	mem_free(list->entries);
	*list = (struct snapshot_list){0};
}

/* ---- listing ---- */

/* Two snapshots of one second are told apart by when their files were written. */
struct dated {
	struct snapshot_entry entry;
	struct timespec written;
	time_t when;
};

static int newest_first(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;
	if (x->when != y->when)
		return x->when < y->when ? 1 : -1;
	if (x->written.tv_sec != y->written.tv_sec)
		return x->written.tv_sec < y->written.tv_sec ? 1 : -1;
	if (x->written.tv_nsec != y->written.tv_nsec)
		return x->written.tv_nsec < y->written.tv_nsec ? 1 : -1;
	return strcmp(x->entry.path, y->entry.path);
}

static void date(struct dated *dated)
{
	struct stat status;
	if (stat(dated->entry.path, &status) == 0)
		dated->written = status.st_mtim;
	dated->when = dated->entry.manifest.created ? dated->entry.manifest.created : dated->written.tv_sec;
}

/* A file that cannot even be read is listed as what it is. */
static struct snapshot_entry unreadable(const char *path, const struct error *err)
{
	struct snapshot_entry entry = {.path = mem_copy(path), .health = SNAPSHOT_CORRUPT,
		.why = mem_copy(err->message)};
	manifest_init(&entry.manifest);
	return entry;
}

int store_list(struct snapshot_list *out, const char *store, struct error *err)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	if (!file_exists(store)) {
		*out = (struct snapshot_list){0};
		return 0;
	}
	int rc = file_list(&names, store, err);
	if (rc)
		return rc;
	AUTO(mem_auto) struct dated *found = mem_array(names.count, sizeof *found);
	size_t count = 0;
	for (size_t i = 0; i < names.count; i++) {
		if (names.items[i][0] == '.' || !text_ends(names.items[i], ".tar"))
			continue;
		AUTO(mem_auto) char *path = path_join(store, names.items[i]);
		AUTO(error_clear) struct error why = ERROR_INIT;
		if (store_load(&found[count].entry, path, &why))
			found[count].entry = unreadable(path, &why);
		date(&found[count++]);
	}
	qsort(found, count, sizeof *found, newest_first);
	*out = (struct snapshot_list){mem_array(count, sizeof *out->entries), count};
	for (size_t i = 0; i < count; i++)
		out->entries[i] = found[i].entry;
	return 0;
}
