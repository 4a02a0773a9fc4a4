/* db status: the deployment's database on one page. */
#include <inttypes.h>

#include "base/mem.h"
#include "command/command.h"
#include "work/evidence.h"
#include "work/facts.h"
#include "work/kept.h"
#include "work/site.h"
#include "work/store.h"

/* Everything is said twice: as a line for people and as a value of the one JSON object. */
struct page {
	struct run *run;
	struct db *db;
	struct migrations migrations;
	struct facts facts;
	json_t *json;
};

static void page_clear(struct page *page)
{
	db_close(page->db);
	migrations_clear(&page->migrations);
	facts_clear(&page->facts);
	json_decref(page->json);
}

static void line(const struct page *page, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void line(const struct page *page, const char *label, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(mem_auto) char *words = mem_format_v(format, args);
	va_end(args);
	run_print(page->run, "%-15s %s\n", label, words);
}

static void show_database(struct page *page)
{
	const struct facts *facts = &page->facts;
	json_t *json = json_object();
	json_put(json, "name", facts->database);
	json_put(json, "host", facts->host);
	json_put(json, "user", facts->user);
	json_put(json, "from", page->run->database_where);
	json_put_value(page->json, "database", json);
	json_put(page->json, "server_version", facts->server_version);
	line(page, "Database:", "%s on %s as user %s (from %s)", facts->database, facts->host, facts->user,
		page->run->database_where);
	line(page, "Server:", "PostgreSQL %s%s", facts->server_version, facts->standby ? ", accepts no writes" : "");
}

static void show_version(struct page *page)
{
	const struct facts *facts = &page->facts;
	AUTO(mem_auto) char *releases = releases_of(&page->migrations.releases, facts->version);
	json_put(page->json, "db_version", VERSION_TEXT(facts->version));
	json_put(page->json, "service_version", facts->service_version);
	json_put(page->json, "releases", releases);
	line(page, "Engine:", "database version %s, which engine releases %s need%s%s", VERSION_TEXT(facts->version),
		*releases ? releases : "unknown here", facts->service_version ? "; last started by " : "",
		facts->service_version ? facts->service_version : "");
}

static void show_schema(struct page *page)
{
	const struct catalog_result *shape = &page->facts.shape;
	json_t *json = json_object();
	json_put_flag(json, "fits", !shape->blocking.count);
	json_put_value(json, "shapes", json_from_list(&shape->shapes));
	json_put_value(json, "blocking", json_from_list(&shape->blocking));
	json_put_value(json, "harmless", json_from_list(&shape->harmless));
	json_put_flag(json, "half_upgraded", shape->half_upgraded);
	json_put_value(page->json, "catalog", json);
	if (shape->half_upgraded) {
		AUTO(mem_auto) char *half = facts_half(&page->facts);
		line(page, "Schema:", "%s, see `anchore-admin db check`", half);
		return;
	}
	if (shape->blocking.count) {
		AUTO(mem_auto) char *count = text_plural(shape->blocking.count, "difference");
		line(page, "Schema:", "NOT what version %s has: %s, see `anchore-admin db check`",
			VERSION_TEXT(page->facts.version), count);
		return;
	}
	AUTO(mem_auto) char *name = catalog_result_shape(shape);
	AUTO(mem_auto) char *extra = text_plural(shape->harmless.count, "harmless addition");
	line(page, "Schema:", "as version %s has it (shape: %s)%s%s", VERSION_TEXT(page->facts.version), name,
		shape->harmless.count ? ", with " : "", shape->harmless.count ? extra : "");
}

static int show_size(struct page *page, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, page->db, "SELECT pg_database_size(current_database())", 0, NULL, err);
	if (rc)
		return rc;
	int64_t bytes = db_number(result, 0, 0);
	json_put_number(page->json, "bytes", bytes);
	json_put_number(page->json, "tables", (int64_t)page->facts.table_count);
	AUTO(mem_auto) char *size = text_bytes((uint64_t)bytes);
	AUTO(mem_auto) char *tables = text_plural(page->facts.table_count, "table");
	line(page, "Size:", "%s, %s", size, tables);
	return 0;
}

/* ---- snapshots ---- */

static void show_entry(struct page *page, const struct snapshot_entry *entry)
{
	const struct manifest *manifest = &entry->manifest;
	int64_t age = (int64_t)(page->facts.now - manifest->created);
	AUTO(mem_auto) char *created = text_time(manifest->created);
	AUTO(mem_auto) char *old = text_duration(age > 0 ? (double)age : 0);
	AUTO(mem_auto) char *size = text_bytes(entry->size);
	json_t *json = json_object();
	json_put(json, "id", manifest->id);
	json_put(json, "path", entry->path);
	json_put(json, "created", created);
	json_put_number(json, "age_seconds", age);
	json_put_number(json, "bytes", (int64_t)entry->size);
	json_put_flag(json, "pinned", entry->pinned);
	json_put_value(page->json, "snapshot", json);
	line(page, "Snapshot:", "%.12s, %s old, %s%s", manifest->id, old, size, entry->pinned ? ", pinned" : "");
}

/* A store that cannot be read is something to see here, not a reason to show nothing. */
static void show_snapshot(struct page *page)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	const char *store = settings_text(&page->run->settings, OPTION_STORE);
	json_put(page->json, "snapshot", NULL);
	if (!store) {
		line(page, "Snapshot:", "no folder for snapshots is named: add `--store DIR`");
		return;
	}
	if (store_list(&list, store, &why) || store_deployment(&deployment, store, false, &why)) {
		line(page, "Snapshot:", "unknown: %s", why.message);
		return;
	}
	long newest = evidence_newest(&list, deployment, page->facts.database, VERSION_TEXT(page->facts.version));
	if (newest < 0)
		line(page, "Snapshot:", "none of this database at version %s: take one with `anchore-admin backup`",
			VERSION_TEXT(page->facts.version));
	else
		show_entry(page, &list.entries[newest]);
}

static int show_kept(struct page *page, struct error *err)
{
	AUTO(kept_databases_clear) struct kept_databases kept = {NULL, 0};
	int rc = restore_kept(&kept, page->db, page->facts.database, err);
	if (rc)
		return rc;
	json_t *array = json_array();
	for (size_t i = 0; i < kept.count; i++) {
		const struct kept_database *one = &kept.items[i];
		AUTO(mem_auto) char *size = text_bytes(one->bytes);
		json_t *json = json_object();
		json_put(json, "name", one->name);
		json_put_number(json, "bytes", (int64_t)one->bytes);
		json_put(json, "since", one->since);
		json_put(json, "db_version", one->db_version);
		json_array_append_new(array, json);
		line(page, i ? "" : "Kept:", "%s, %s, version %s, since %s", one->name, size,
			one->db_version ? one->db_version : "unknown", one->since ? one->since : "unknown");
	}
	json_put_value(page->json, "kept", array);
	return 0;
}

/* ---- others ---- */

static json_t *session_json(const struct session *session)
{
	json_t *json = json_object();
	json_put_number(json, "pid", session->pid);
	json_put(json, "user", session->user);
	json_put(json, "client", session->client);
	json_put(json, "application", session->application);
	return json;
}

static json_t *sessions_json(const struct sessions *sessions)
{
	json_t *array = json_array();
	for (size_t i = 0; i < sessions->count; i++)
		json_array_append_new(array, session_json(&sessions->items[i]));
	return array;
}

static int show_sessions(struct page *page, struct error *err)
{
	AUTO(sessions_clear) struct sessions all = {NULL, 0};
	int rc = site_sessions(&all, page->db, page->facts.database, NULL, err);
	if (rc)
		return rc;
	const struct sessions *holders = &page->facts.holders;
	json_put_value(page->json, "sessions", sessions_json(&all));
	json_put_value(page->json, "lock_holders", sessions_json(holders));
	AUTO(mem_auto) char *count = text_plural(all.count, "other");
	AUTO(mem_auto) char *who = sessions_text(&all);
	AUTO(mem_auto) char *holder = sessions_text(holders);
	line(page, "Sessions:", "%s%s%s", all.count ? count : "no others", all.count ? ": " : "", all.count ? who : "");
	line(page, "Engine's lock:", "%s%s", holders->count ? "held by " : "free", holders->count ? holder : "");
	return 0;
}

/* Where `upgrade` would go by itself: to what the configured release needs if that is newer, else to the newest version
 * there is. */
static bool find_target(struct version *target, const struct page *page)
{
	struct version release, needed;
	const char *engine = settings_text(&page->run->settings, OPTION_ENGINE);
	bool newer = engine && version_parse_typed(&release, engine) &&
		releases_find(&needed, &page->migrations.releases, release) &&
		version_compare(needed, page->facts.version) > 0;
	if (newer)
		*target = needed;
	return newer || graph_newest(target, &page->migrations.graph);
}

static bool show_pending(struct page *page)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(graph_path_clear) struct graph_path path = {NULL, 0};
	struct version from = page->facts.version, to = from;
	bool behind = find_target(&to, page) && version_compare(from, to) < 0;
	if (!behind) {
		json_put(page->json, "pending", NULL);
		line(page, "Upgrade:", "nothing to do");
		return false;
	}
	bool reachable = graph_path(&path, &page->migrations.graph, from, to, &why) == 0;
	json_t *json = json_object();
	json_put(json, "from", VERSION_TEXT(from));
	json_put(json, "to", VERSION_TEXT(to));
	json_put_flag(json, "path", reachable);
	json_put(json, "command", "anchore-admin upgrade");
	json_put_value(page->json, "pending", json);
	if (reachable)
		line(page, "Upgrade:", "%s to %s is pending: type `anchore-admin upgrade`", VERSION_TEXT(from),
			VERSION_TEXT(to));
	else
		line(page, "Upgrade:", "%s to %s is wanted, but %s", VERSION_TEXT(from), VERSION_TEXT(to), why.message);
	return true;
}

static int refuse_pending(struct error *err)
{
	error_set(err, ERROR_PENDING, "an upgrade of the database is pending");
	return error_hint(err, "see what it would do with `anchore-admin upgrade --dry-run`");
}

int command_db_status(struct run *run, struct error *err)
{
	AUTO(page_clear) struct page page = {.run = run, .json = json_object()};
	facts_init(&page.facts);
	int rc = migrations_open(&page.migrations, run, err);
	if (!rc)
		rc = run_connect(&page.db, run, NULL, err);
	if (!rc)
		rc = facts_gather(&page.facts, run, page.db, &page.migrations, err);
	if (rc)
		return rc;
	show_database(&page);
	show_version(&page);
	show_schema(&page);
	rc = show_size(&page, err);
	if (rc)
		return rc;
	show_snapshot(&page);
	rc = show_kept(&page, err);
	if (!rc)
		rc = show_sessions(&page, err);
	if (rc)
		return rc;
	bool pending = show_pending(&page);
	run_answer(run, page.json);
	if (pending && settings_flag(&run->settings, OPTION_EXIT_CODE))
		return refuse_pending(err);
	return 0;
}
