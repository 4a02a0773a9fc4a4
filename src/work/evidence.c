#include "work/evidence.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "work/snapshot.h"

void snapshot_proof_clear(struct snapshot_proof *held)
{
	if (held->held) {
		snapshot_entry_clear(&held->entry);
		proof_clear(&held->proof);
	}
	*held = (struct snapshot_proof){.held = false};
}

/* ---- which one ---- */

static bool of_deployment(const struct snapshot_entry *entry, const char *deployment, const char *name)
{
	return entry->health == SNAPSHOT_WHOLE && deployment && text_same(entry->manifest.deployment, deployment) &&
		text_same(entry->manifest.identity.name, name);
}

/* Taken of this very database, or this database was made from it. */
static bool of_database(const struct snapshot_entry *entry, const struct identity *identity)
{
	if (identity_same(&entry->manifest.identity, identity))
		return true;
	for (size_t i = 0; i < entry->copy_count; i++)
		if (identity_same(&entry->copies[i].identity, identity))
			return true;
	return false;
}

long evidence_newest(const struct snapshot_list *list, const char *deployment, const char *name, const char *version)
{
	for (size_t i = 0; i < list->count; i++)
		if (of_deployment(&list->entries[i], deployment, name) &&
			text_same(list->entries[i].manifest.db_version, version))
			return (long)i;
	return -1;
}

int evidence_find(struct snapshot_entry *out, const char *store, const char *name, const char *version,
	struct error *err)
{
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	int rc = store_list(&list, store, err);
	if (!rc)
		rc = store_deployment(&deployment, store, false, err);
	if (rc)
		return rc;
	long at = evidence_newest(&list, deployment, name, version);
	*out = at < 0 ? (struct snapshot_entry){.path = NULL} : list.entries[at];
	if (at >= 0)
		list.entries[at] = (struct snapshot_entry){.path = NULL};
	return 0;
}

static long choose(const struct snapshot_list *list, const char *deployment, const struct facts *facts)
{
	const char *version = VERSION_TEXT(facts->version);
	for (size_t i = 0; i < list->count; i++) {
		const struct snapshot_entry *entry = &list->entries[i];
		if (of_deployment(entry, deployment, facts->database) &&
			text_same(entry->manifest.db_version, version) && of_database(entry, &facts->identity))
			return (long)i;
	}
	return -1;
}

/* Why none of those that are there will do; owned, NULL where there are none at all. */
static char *what_else(const struct snapshot_list *list, const char *deployment, const struct facts *facts)
{
	if (!list->count)
		return NULL;
	const struct snapshot_entry *newest = &list->entries[0];
	const char *file = strrchr(newest->path, '/');
	file = file ? file + 1 : newest->path;
	if (newest->health != SNAPSHOT_WHOLE)
		return mem_format("the newest file, %s, is not usable: %s", file,
			newest->why ? newest->why : "not a snapshot");
	if (!of_deployment(newest, deployment, facts->database))
		return mem_format("the newest, %.12s, is of another deployment or database", newest->manifest.id);
	if (!text_same(newest->manifest.db_version, VERSION_TEXT(facts->version)))
		return mem_format("the newest, %.12s, is of version %s", newest->manifest.id,
			newest->manifest.db_version);
	return mem_format("the newest, %.12s, was taken before the database was replaced by another of the same name",
		newest->manifest.id);
}

/* Of this deployment and version by its schema too: one that was taken of the half-upgraded database is no way back. */
static const char *newest_good(const struct snapshot_list *list, const char *deployment, const struct facts *facts,
	const struct graph *graph)
{
	const char *version = VERSION_TEXT(facts->version);
	for (size_t i = 0; i < list->count; i++) {
		const struct manifest *manifest = &list->entries[i].manifest;
		if (!of_deployment(&list->entries[i], deployment, facts->database) ||
			!text_same(manifest->db_version, version))
			continue;
		AUTO(catalog_result_clear) struct catalog_result result;
		graph_compare(&result, graph, facts->version, &manifest->catalog);
		if (!result.blocking.count)
			return manifest->id;
	}
	return NULL;
}

void evidence_way_back(struct facts *facts, const struct run *run, const struct graph *graph)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = settings_text(&run->settings, OPTION_STORE);
	facts->store_known = store != NULL;
	if (!store)
		return;
	if (store_list(&list, store, &why) || store_deployment(&deployment, store, false, &why))
		log_warn("the snapshots cannot be read: %s", why.message);
	else
		facts->back = mem_copy(newest_good(&list, deployment, facts, graph));
}

/* ---- what is proven ---- */

static int verify(struct evidence *evidence, const struct snapshot_entry *entry, const struct run *run,
	struct error *err)
{
	struct error why = ERROR_INIT;
	if (text_same(evidence->verified, entry->manifest.id))
		return 0;
	log_note("verifying snapshot %.12s", entry->manifest.id);
	int rc = snapshot_verify(entry, run_jobs(run), &why);
	if (rc && rc != ERROR_CORRUPT)
		return error_move(err, &why);
	if (rc)
		evidence->corrupt = mem_copy(why.message);
	error_clear(&why);
	return 0;
}

static int prove(struct facts *facts, struct snapshot_proof *held, struct run *run, struct db *db, struct error *err)
{
	struct evidence *evidence = &facts->evidence;
	const struct snapshot_entry *entry = &held->entry;
	evidence->found = true;
	evidence->id = mem_copy(entry->manifest.id);
	evidence->path = mem_copy(entry->path);
	evidence->size = entry->size;
	evidence->created = entry->manifest.created;
	evidence->proven = snapshot_proven(entry);
	if (entry->proven.failed)
		evidence->unproven = mem_copy(entry->proven.message);
	int rc = verify(evidence, entry, run, err);
	if (rc || evidence->corrupt)
		return rc;
	rc = proof_make(&held->proof, run, db, entry, facts, err);
	if (rc)
		return rc;
	evidence->fresh = held->proof.fresh;
	evidence->how = mem_copy(held->proof.how);
	list_add_all(&evidence->differences, &held->proof.differences);
	return 0;
}

static int read_reason(struct evidence *evidence, const struct run *run, struct error *err)
{
	if (!settings_given(&run->settings, OPTION_NO_SNAPSHOT))
		return 0;
	const char *reason = settings_text(&run->settings, OPTION_NO_SNAPSHOT);
	if (!reason || reason[strspn(reason, " \t\n")] == '\0') {
		error_set(err, ERROR_USAGE, "--no-snapshot wants a reason, which goes into the journal");
		return error_hint(err, "write `--no-snapshot=REASON`, or take a snapshot with `anchore-admin backup`");
	}
	evidence->skipped = mem_copy(reason);
	return 0;
}

/* fresh and verified ask the same today, for the archive is read in full for either. */
static int read_requirement(struct evidence *evidence, const struct run *run, struct error *err)
{
	const char *wanted = settings_text(&run->settings, OPTION_UPGRADE_REQUIRE);
	evidence->wants_proven = text_same(wanted, "proven");
	if (!wanted || evidence->wants_proven || text_same(wanted, "fresh") || text_same(wanted, "verified"))
		return 0;
	error_set(err, ERROR_USAGE, "%s: upgrade_require is '%s', which is not known",
		settings_where(&run->settings, OPTION_UPGRADE_REQUIRE), wanted);
	return error_hint(err, "write `fresh`, `verified` or `proven`");
}

/* How long the newest proof of any snapshot took. */
static void find_seconds(struct evidence *evidence, const struct snapshot_list *list)
{
	time_t newest = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct snapshot_check *proven = &list->entries[i].proven;
		if (proven->failed || proven->at <= newest)
			continue;
		newest = proven->at;
		evidence->seconds = proven->seconds;
	}
}

int evidence_gather(struct facts *facts, struct snapshot_proof *out, struct run *run, struct db *db, struct error *err)
{
	struct evidence *evidence = &facts->evidence;
	evidence->max_age = settings_number(&run->settings, OPTION_SNAPSHOT_MAX_AGE);
	int rc = read_reason(evidence, run, err);
	if (!rc)
		rc = read_requirement(evidence, run, err);
	const char *store = settings_text(&run->settings, OPTION_STORE);
	evidence->store_known = store != NULL;
	if (rc || evidence->skipped || !store)
		return rc;
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	rc = store_list(&list, store, err);
	if (!rc)
		rc = store_deployment(&deployment, store, false, err);
	if (rc)
		return rc;
	find_seconds(evidence, &list);
	/* Services that run write every minute: whatever it is, it will not be fresh any more. */
	if (facts->stops)
		return 0;
	long at = choose(&list, deployment, facts);
	if (at < 0) {
		evidence->other = what_else(&list, deployment, facts);
		return 0;
	}
	AUTO(snapshot_proof_clear) struct snapshot_proof held = {.held = true, .entry = list.entries[at]};
	list.entries[at] = (struct snapshot_entry){.path = NULL};
	rc = prove(facts, &held, run, db, err);
	if (rc)
		return rc;
	*out = held;
	held = (struct snapshot_proof){.held = false};
	return 0;
}
