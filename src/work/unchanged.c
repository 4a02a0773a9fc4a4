#include "work/unchanged.h"

#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/facts.h"
#include "model/version.h"
#include "work/archive.h"
#include "work/database.h"
#include "work/inspect.h"
#include "work/proof.h"
#include "work/prove.h"
#include "work/schema_same.h"

/* Of this deployment and database, whole, and not known to be damaged inside or to fail when it is restored. */
static bool usable(const struct snapshot_entry *entry, const char *deployment, const char *name)
{
	return entry->health == SNAPSHOT_WHOLE && deployment && text_same(entry->manifest.deployment, deployment) &&
		text_same(entry->manifest.identity.name, name) && snapshot_verified_at(entry) != 0 &&
		!entry->proven.failed;
}

/* The newest but the one called skip; -1: none. */
static long newest(const struct snapshot_list *list, const char *deployment, const char *name, const char *skip)
{
	for (size_t i = 0; i < list->count; i++)
		if (usable(&list->entries[i], deployment, name) && !text_same(list->entries[i].manifest.id, skip))
			return (long)i;
	return -1;
}

static int list_store(struct snapshot_list *list, char **deployment, struct run *run, struct error *err)
{
	const char *store = NULL;
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = store_list(list, store, err);
	return rc ? rc : store_deployment(deployment, store, false, err);
}

/* ---- without reading a row ---- */

static int gather(struct facts *facts, char **db_version, struct db *db, struct error *err)
{
	AUTO(engine_version_clear) struct engine_version version = {.state = VERSION_NO_TABLE};
	facts_init(facts);
	int rc = inspect_version(&version, db, err);
	if (!rc)
		rc = inspect_catalog(&facts->catalog, db, err);
	if (!rc)
		rc = inspect_other(&facts->other, db, err);
	if (!rc)
		rc = database_identity(&facts->identity, db, err);
	if (!rc && version.state == VERSION_ONE)
		mem_replace(db_version, mem_copy(version.db_version));
	return rc;
}

/* A snapshot says which release to go back to, so that another one is something new. */
static bool same_release(const struct manifest *manifest, const struct settings *settings)
{
	const char *typed = settings_text(settings, OPTION_ENGINE);
	struct version release;
	if (!typed)
		return text_same(manifest->engine_source, "table");
	return text_same(manifest->engine_release,
		version_parse_typed(&release, typed) ? VERSION_TEXT(release) : typed);
}

int unchanged_look(char **id, char **db_version, struct run *run, struct db *db, struct error *err)
{
	AUTO(facts_clear) struct facts facts;
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	bool fresh = false;
	int rc = gather(&facts, db_version, db, err);
	if (!rc)
		rc = list_store(&list, &deployment, run, err);
	if (rc)
		return rc;
	long at = newest(&list, deployment, db_name(db), NULL);
	*id = NULL;
	if (at < 0 || !same_release(&list.entries[at].manifest, &run->settings))
		return 0;
	rc = proof_quick(&fresh, db, &list.entries[at], &facts, err);
	if (!rc && fresh)
		*id = mem_copy(list.entries[at].manifest.id);
	return rc;
}

/* ---- after an incremental backup ---- */

/* What a database carries besides its contents: owner, privileges, settings. */
static bool same_properties(const struct manifest *a, const struct manifest *b)
{
	AUTO(mem_auto) char *text_a = archive_print_snapshot(a), *text_b = archive_print_snapshot(b);
	AUTO(json_auto) json_t *json_a = NULL, *json_b = NULL;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (json_parse(&json_a, text_a, strlen(text_a), "a", &ignored) ||
		json_parse(&json_b, text_b, strlen(text_b), "b", &ignored))
		return false;
	const json_t *of_a = json_object_get(json_a, "properties"), *of_b = json_object_get(json_b, "properties");
	return of_a && of_b && json_equal((json_t *)(uintptr_t)of_a, (json_t *)(uintptr_t)of_b);
}

static bool same(const struct manifest *a, const struct manifest *b)
{
	return text_same(a->db_version, b->db_version) && text_same(a->engine_release, b->engine_release) &&
		same_properties(a, b) && proof_equal(a, b);
}

/* The manifests are the same; the archives too? The older one's file may have rotted since, unnoticed, and then the new
 * one is the only copy. */
static int same_archives(bool *out, struct run *run, const struct snapshot_entry *older,
	const struct snapshot_entry *taken, struct error *err)
{
	struct error why = ERROR_INIT;
	bool same = false;
	int rc = schema_same(&same, older, taken, &why);
	if (!rc && same)
		rc = prove_bytes(run, older, &why);
	if (rc && rc != ERROR_CORRUPT)
		return error_move(err, &why);
	*out = !rc && same;
	if (rc)
		log_detail("%s; keeping the new snapshot, which holds the same", why.message);
	error_clear(&why);
	return 0;
}

/* The moment first: killed in between, both archives are there and both are right. */
static int drop(struct run *run, const struct snapshot_entry *older, const struct snapshot_entry *taken,
	struct error *err)
{
	const char *store = NULL;
	struct restored_copy copy = {.identity = taken->manifest.identity, .moment = taken->manifest.moment};
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = store_record_copy(store, older, &copy, err);
	if (!rc)
		rc = fault_point("unchanged-drop", err);
	if (!rc && unlink(taken->path) != 0)
		rc = error_errno(err, ERROR_FAILED, "cannot remove %s", taken->path);
	return rc ? rc : file_sync_directory(store, err);
}

int unchanged_drop(char **id, struct run *run, struct db *db, const struct snapshot_entry *taken, struct error *err)
{
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	bool provable = false;
	int rc = list_store(&list, &deployment, run, err);
	if (!rc)
		rc = proof_provable(&provable, db, err);
	if (rc)
		return rc;
	long at = newest(&list, deployment, db_name(db), taken->manifest.id);
	if (at < 0 || !provable || !same(&list.entries[at].manifest, &taken->manifest))
		return 0;
	bool whole = false;
	rc = same_archives(&whole, run, &list.entries[at], taken, err);
	if (rc || !whole)
		return rc;
	log_detail("it holds what snapshot %.12s does", list.entries[at].manifest.id);
	rc = drop(run, &list.entries[at], taken, err);
	if (!rc)
		*id = mem_copy(list.entries[at].manifest.id);
	return rc;
}
