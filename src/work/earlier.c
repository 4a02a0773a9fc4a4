#include "work/earlier.h"

#include <string.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/digest.h"
#include "io/tarball.h"
#include "work/archive.h"
#include "work/reader.h"
#include "work/scan.h"
#include "work/store.h"

struct earlier {
	struct snapshot_entry entry;
	struct tarball tarball;
	struct reuse reuse;
};

/* Its headers and documents are checked, then it is opened; what it has of rows is checked when it is wanted. */
static int open_archive(struct earlier *earlier, struct error *err)
{
	AUTO(snapshot_reader_auto) struct snapshot_reader *reader = NULL;
	int rc = fault_point("backup-earlier", err);
	if (!rc)
		rc = snapshot_open(&reader, &earlier->entry, err);
	if (!rc)
		rc = tarball_open(&earlier->tarball, earlier->entry.path, err);
	if (!rc && earlier->tarball.count != earlier->entry.manifest.member_count + 1)
		rc = error_set(err, ERROR_CORRUPT, "%s was replaced meanwhile", earlier->entry.path);
	return rc;
}

/* NULL when it cannot be used; *why, owned, is the reason. Takes the entry over if it can. */
static struct earlier *try_entry(char **why, struct snapshot_entry *entry, const struct manifest *now)
{
	const char *refusal = reuse_refusal(&entry->manifest, now);
	if (refusal) {
		*why = mem_copy(refusal);
		return NULL;
	}
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct earlier *earlier = mem_new(sizeof *earlier);
	earlier->entry = *entry;
	*entry = (struct snapshot_entry){0};
	if (open_archive(earlier, &err)) {
		*why = mem_copy(err.message);
		earlier_close(earlier);
		return NULL;
	}
	reuse_build(&earlier->reuse, &earlier->entry.manifest, now);
	return earlier;
}

static bool is_ours(const struct snapshot_entry *entry, const struct manifest *now)
{
	return entry->health == SNAPSHOT_WHOLE && text_same(entry->manifest.deployment, now->deployment) &&
		text_same(entry->manifest.identity.name, now->identity.name);
}

int earlier_find(struct earlier **out, const char *store, const struct manifest *now, struct error *err)
{
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	AUTO(mem_auto) char *first_reason = NULL;
	struct earlier *found = NULL;
	int rc = store_list(&list, store, err);
	for (size_t i = 0; !rc && !found && i < list.count; i++) {
		AUTO(mem_auto) char *why = NULL;
		AUTO(mem_auto) char *id = mem_copy(list.entries[i].manifest.id);
		if (!is_ours(&list.entries[i], now))
			continue;
		found = try_entry(&why, &list.entries[i], now);
		if (!found && !first_reason)
			first_reason = mem_format("snapshot %.12s cannot be built on: %s", id, why);
	}
	/* Or that would be told as what is wrong with a snapshot. */
	if (!rc)
		rc = interrupt_check(err);
	if (rc) {
		earlier_close(found);
		return rc;
	}
	if (found)
		log_detail("building on snapshot %.12s%s", found->entry.manifest.id,
			found->reuse.untouched ? ", since which no transaction has ended" : "");
	else
		log_note("%s; reading everything", first_reason ? first_reason : "there is no snapshot to build on");
	*out = found;
	return 0;
}

void earlier_close(struct earlier *earlier)
{
	if (!earlier)
		return;
	tarball_close(&earlier->tarball);
	reuse_clear(&earlier->reuse);
	snapshot_entry_clear(&earlier->entry);
	mem_free(earlier);
}

const struct reuse *earlier_reuse(const struct earlier *earlier)
{
	return &earlier->reuse;
}

const char *earlier_id(const struct earlier *earlier)
{
	return earlier->entry.manifest.id;
}

static int load_member(struct text *out, char sha256[65], const struct earlier *earlier, size_t index,
	struct error *err)
{
	const struct manifest_member *member = &earlier->entry.manifest.members[index];
	const struct tarball_member *place = &earlier->tarball.members[index];
	int rc = interrupt_check(err);
	if (!rc && place->size != member->size)
		rc = error_set(err, ERROR_CORRUPT, "the member %s has another size", member->name);
	if (!rc)
		rc = tarball_read(&earlier->tarball, place, 0, text_reserve(out, (size_t)place->size),
			(size_t)place->size, err);
	if (rc)
		return rc;
	out->size = (size_t)place->size;
	digest_sha256_hex(sha256, out->data, out->size);
	if (strcmp(sha256, member->sha256) != 0)
		return error_set(err, ERROR_CORRUPT, "the member %s is damaged", member->name);
	return 0;
}

static int load_frame(struct chunk *out, const struct earlier *earlier, size_t index, struct error *err)
{
	const struct manifest_member *member = &earlier->entry.manifest.members[index];
	int rc = load_member(&out->frame, out->sha256, earlier, index, err);
	if (rc)
		return rc;
	out->content = member->content;
	out->bytes = member->bytes;
	out->reused = true;
	return 0;
}

/* What cannot be had from the archive is read from the database, but not when the user has had enough. */
static int pass_over(struct error *err, const struct earlier *earlier, struct error *why, const char *instead)
{
	if (why->code == ERROR_INTERRUPTED)
		return error_move(err, why);
	log_warn("%s: %s; %s", earlier->entry.path, why->message, instead);
	error_clear(why);
	return 0;
}

/* Of the frames that a worker keeps at once: a page of pointers to long values is a range of any size. Where a range
 * has more, they are all read to be checked, and then one by one. */
static uint64_t most_kept(void)
{
	return scan_chunk() / 3;
}

static bool fits(const struct earlier *earlier, const struct reuse_range *range)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < range->count; i++)
		bytes += earlier->entry.manifest.members[earlier->reuse.chunks[range->first + i].member].size;
	return bytes <= most_kept();
}

int earlier_load(struct chunk **out, bool *whole, const struct earlier *earlier, size_t table,
	const struct reuse_range *range, struct error *err)
{
	const struct chunk empty = {.table = table, .pages = range->pages};
	struct chunk *chunks = mem_array(range->count ? range->count : 1, sizeof *chunks);
	struct error why = ERROR_INIT;
	bool keep = fits(earlier, range);
	int rc = 0;
	chunks[0] = empty;
	for (size_t i = 0; !rc && i < range->count; i++) {
		chunks[i] = empty;
		rc = load_frame(&chunks[i], earlier, earlier->reuse.chunks[range->first + i].member, &why);
		if (!keep)
			text_clear(&chunks[i].frame);
	}
	*whole = !rc;
	if (!rc) {
		*out = chunks;
		return 0;
	}
	for (size_t i = 0; i < range->count; i++)
		text_clear(&chunks[i].frame);
	mem_free(chunks);
	return pass_over(err, earlier, &why, "reading its rows from the database");
}

int earlier_schema(struct text *out, char sha256[65], bool *taken, const struct earlier *earlier, struct error *err)
{
	enum { MOST = 16 << 20 }; /* large objects are in it, too, and memory is for the rows */
	const struct manifest *manifest = &earlier->entry.manifest;
	AUTO(text_clear) struct text text = TEXT_INIT;
	struct error why = ERROR_INIT;
	size_t at = 0;
	*taken = false;
	while (at < manifest->member_count && strcmp(manifest->members[at].name, ARCHIVE_SCHEMA) != 0)
		at++;
	if (!earlier->reuse.schema || at == manifest->member_count || manifest->members[at].size > MOST)
		return 0;
	if (load_member(&text, sha256, earlier, at, &why))
		return pass_over(err, earlier, &why, "asking pg_dump for it");
	*taken = true;
	*out = text;
	text = (struct text)TEXT_INIT;
	return 0;
}

int earlier_again(struct chunk *chunk, const struct earlier *earlier, const struct reuse_range *range, size_t index,
	struct error *err)
{
	if (index >= range->count || chunk->frame.size)
		return 0;
	int rc = fault_point("backup-earlier-again", err);
	if (!rc)
		rc = load_frame(chunk, earlier, earlier->reuse.chunks[range->first + index].member, err);
	if (!rc || rc == ERROR_INTERRUPTED)
		return rc;
	text_clear(&chunk->frame);
	error_context(err, "%s changed while it was read", earlier->entry.path);
	return error_hint(err, "run the command again when nothing else writes to the store");
}
