#include "command/snapshot.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "command/command.h"

enum { SHORT_ID = 12 };

uint64_t snapshot_rows(const struct manifest *manifest)
{
	uint64_t rows = 0;
	for (size_t i = 0; i < manifest->table_count; i++)
		rows += manifest->tables[i].content.rows;
	return rows;
}

uint64_t snapshot_bytes(const struct manifest *manifest)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < manifest->table_count; i++)
		bytes += manifest->tables[i].bytes;
	return bytes;
}

json_t *snapshot_reused_json(const struct manifest *manifest)
{
	if (!manifest->reused.from)
		return json_null();
	json_t *object = json_object();
	json_put(object, "from", manifest->reused.from);
	json_put_number(object, "chunks", (int64_t)manifest->reused.chunks);
	json_put_number(object, "bytes", (int64_t)manifest->reused.bytes);
	return object;
}

char *snapshot_reused_text(const struct manifest *manifest)
{
	if (!manifest->reused.from)
		return NULL;
	uint64_t chunks = 0;
	for (size_t i = 0; i < manifest->member_count; i++)
		chunks += manifest->members[i].ranged;
	AUTO(mem_auto) char *bytes = text_bytes(manifest->reused.bytes);
	return mem_format("%" PRIu64 " of %" PRIu64 " chunks (%s) taken from snapshot %.*s", manifest->reused.chunks,
		chunks, bytes, SHORT_ID, manifest->reused.from);
}

static const char *snapshot_health_name(enum snapshot_health health)
{
	static const char *const names[] = {[SNAPSHOT_WHOLE] = "whole", [SNAPSHOT_CORRUPT] = "corrupt",
		[SNAPSHOT_FOREIGN] = "foreign", [SNAPSHOT_FUTURE] = "future"};
	return names[health];
}

json_t *snapshot_json(const struct snapshot_entry *entry, const char *deployment)
{
	const struct manifest *manifest = &entry->manifest;
	AUTO(mem_auto) char *created = manifest->id ? text_time(manifest->created) : NULL;
	json_t *object = json_object();
	json_put(object, "id", manifest->id);
	json_put(object, "path", entry->path);
	json_put(object, "health", snapshot_health_name(entry->health));
	json_put(object, "why", entry->why);
	json_put(object, "created", created);
	json_put(object, "database", manifest->identity.name);
	json_put(object, "db_version", manifest->db_version);
	json_put(object, "engine_release", manifest->engine_release);
	json_put(object, "deployment", manifest->deployment);
	json_put_flag(object, "own", deployment && text_same(manifest->deployment, deployment));
	json_put_flag(object, "pinned", entry->pinned);
	json_put_flag(object, "proven", snapshot_proven(entry));
	json_put_value(object, "verification", store_check_json(&entry->verified));
	json_put_value(object, "proof", store_check_json(&entry->proven));
	json_put_number(object, "size", (int64_t)entry->size);
	json_put_number(object, "tables", (int64_t)manifest->table_count);
	json_put_number(object, "rows", (int64_t)snapshot_rows(manifest));
	json_put_number(object, "bytes", (int64_t)snapshot_bytes(manifest));
	return object;
}

int snapshot_store(const char **store, char **deployment, struct run *run, struct error *err)
{
	int rc = run_store(store, run, false, err);
	return rc ? rc : store_deployment(deployment, *store, false, err);
}

/* ---- list ---- */

/* When it was read or restored, and what came of it; a failed one is told in full. */
static void describe_checks(struct list *words, const struct snapshot_entry *entry)
{
	const struct snapshot_check *verified = &entry->verified, *proven = &entry->proven;
	AUTO(mem_auto) char *read = text_time(verified->at), *restored = text_time(proven->at);
	if (verified->at && verified->failed)
		list_addf(words, "found damaged %s: %s", read, verified->message);
	if (snapshot_proven(entry))
		list_addf(words, "proven %s", restored);
	else if (proven->at && proven->failed && !verified->failed)
		list_addf(words, "not proven %s: %s", restored, proven->message);
	if (verified->at > proven->at && !verified->failed)
		list_addf(words, "verified %s", read);
}

/* What an operator should know before using it, in words. */
static char *describe(const struct snapshot_entry *entry, const char *deployment)
{
	AUTO(list_clear) struct list words = LIST_INIT;
	if (entry->health == SNAPSHOT_WHOLE)
		list_add(&words, "whole");
	else
		list_addf(&words, "%s: %s (%s)", snapshot_health_name(entry->health), entry->why,
			path_base(entry->path));
	describe_checks(&words, entry);
	if (entry->pinned)
		list_add(&words, "pinned");
	if (entry->manifest.deployment && !text_same(entry->manifest.deployment, deployment))
		list_add(&words, "of another deployment");
	return list_join(&words, ", ");
}

static void print_line(const struct run *run, const struct snapshot_entry *entry, const char *deployment)
{
	const struct manifest *manifest = &entry->manifest;
	AUTO(mem_auto) char *state = describe(entry, deployment);
	AUTO(mem_auto) char *size = text_bytes(entry->size);
	if (!manifest->id) {
		run_print(run, "%-*s  %-20s  %-8s  %-8s  %9s  %12s  %s\n", SHORT_ID, "-", "-", "-", "-", size, "-",
			state);
		return;
	}
	AUTO(mem_auto) char *created = text_time(manifest->created);
	bool whole = entry->health == SNAPSHOT_WHOLE;
	AUTO(mem_auto) char *rows = whole ? text_count(snapshot_rows(manifest)) : mem_copy("-");
	run_print(run, "%.*s  %-20s  %-8s  %-8s  %9s  %12s  %s\n", SHORT_ID, manifest->id, created,
		manifest->engine_release ? manifest->engine_release : "-", manifest->db_version, size, rows, state);
}

int command_snapshot_list(struct run *run, struct error *err)
{
	const char *store;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	int rc = snapshot_store(&store, &deployment, run, err);
	if (!rc)
		rc = store_list(&list, store, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *object = json_object();
	json_t *array = json_array();
	json_put(object, "store", store);
	json_put(object, "deployment", deployment);
	json_put_value(object, "snapshots", array);
	if (list.count)
		run_print(run, "%-*s  %-20s  %-8s  %-8s  %9s  %12s  %s\n", SHORT_ID, "ID", "CREATED", "RELEASE",
			"DB", "SIZE", "ROWS", "STATE");
	else
		run_print(run, "no snapshots in %s\n", store);
	for (size_t i = 0; i < list.count; i++) {
		json_array_append_new(array, snapshot_json(&list.entries[i], deployment));
		print_line(run, &list.entries[i], deployment);
	}
	run_answer(run, object);
	return 0;
}

/* ---- show ---- */

static char *table_name(const struct manifest_table *table)
{
	if (strcmp(table->schema, "public") == 0)
		return mem_copy(table->name);
	return mem_format("%s.%s", table->schema, table->name);
}

static json_t *tables_json(const struct manifest *manifest)
{
	json_t *array = json_array();
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		json_t *object = json_object();
		json_put(object, "schema", table->schema);
		json_put(object, "name", table->name);
		json_put_number(object, "rows", (int64_t)table->content.rows);
		json_put_number(object, "bytes", (int64_t)table->bytes);
		json_array_append_new(array, object);
	}
	return array;
}

static void print_tables(const struct run *run, const struct manifest *manifest)
{
	run_print(run, "\n%12s  %9s  %s\n", "ROWS", "TEXT", "TABLE");
	for (size_t i = 0; i < manifest->table_count; i++) {
		const struct manifest_table *table = &manifest->tables[i];
		AUTO(mem_auto) char *rows = text_count(table->content.rows);
		AUTO(mem_auto) char *bytes = text_bytes(table->bytes);
		AUTO(mem_auto) char *name = table_name(table);
		run_print(run, "%12s  %9s  %s\n", rows, bytes, name);
	}
}

static void print_check(const struct run *run, const char *title, const struct snapshot_check *check)
{
	if (!check->at)
		return;
	AUTO(mem_auto) char *at = text_time(check->at), *took = text_duration(check->seconds);
	run_print(run, "%-17s %s%s%s, %s%s%s\n", title, at, check->server ? " on PostgreSQL " : "",
		check->server ? check->server : "", took, check->failed ? ": failed: " : "",
		check->failed ? check->message : "");
}

static void print_details(const struct run *run, const struct snapshot_entry *entry, const char *deployment)
{
	const struct manifest *manifest = &entry->manifest;
	AUTO(mem_auto) char *created = text_time(manifest->created);
	AUTO(mem_auto) char *size = text_bytes(entry->size);
	AUTO(mem_auto) char *state = describe(entry, deployment);
	run_print(run, "id                %s\n", manifest->id);
	run_print(run, "file              %s (%s)\n", entry->path, size);
	run_print(run, "state             %s\n", state);
	run_print(run, "created           %s by anchore-admin %s\n", created, manifest->tool_version);
	run_print(run, "database          %s, version %s, owner %s\n", manifest->identity.name, manifest->db_version,
		manifest->properties.owner);
	run_print(run, "engine release    %s\n", manifest->engine_release ? manifest->engine_release : "unknown");
	run_print(run, "server            PostgreSQL %s, system %s\n", manifest->server_version,
		manifest->identity.system_identifier);
	run_print(run, "pg_dump           %s\n", manifest->client_version);
	run_print(run, "SQL files         %s\n", manifest->sql_commit ? manifest->sql_commit : "of no known commit");
	run_print(run, "sequences         %zu\n", manifest->sequence_count);
	run_print(run, "large objects     %" PRIu64 "\n", manifest->large_objects.rows);
	run_print(run, "restored copies   %zu\n", entry->copy_count);
	print_check(run, "verified", &entry->verified);
	print_check(run, "proven", &entry->proven);
	AUTO(mem_auto) char *reused = snapshot_reused_text(manifest);
	if (reused)
		run_print(run, "incremental       %s\n", reused);
}

int command_snapshot_show(struct run *run, struct error *err)
{
	const char *store;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	int rc = snapshot_store(&store, &deployment, run, err);
	if (!rc)
		rc = store_find(&entry, store, run->arguments.items[0], err);
	if (rc)
		return rc;
	print_details(run, &entry, deployment);
	print_tables(run, &entry.manifest);
	AUTO(json_auto) json_t *object = snapshot_json(&entry, deployment);
	json_put(object, "server_version", entry.manifest.server_version);
	json_put(object, "client_version", entry.manifest.client_version);
	json_put(object, "tool_version", entry.manifest.tool_version);
	json_put(object, "owner", entry.manifest.properties.owner);
	json_put(object, "sql_commit", entry.manifest.sql_commit);
	json_put_number(object, "sequences", (int64_t)entry.manifest.sequence_count);
	json_put_number(object, "large_objects", (int64_t)entry.manifest.large_objects.rows);
	json_put_number(object, "copies", (int64_t)entry.copy_count);
	json_put_value(object, "reused", snapshot_reused_json(&entry.manifest));
	json_put_value(object, "contents", tables_json(&entry.manifest));
	run_answer(run, object);
	return 0;
}

/* ---- pin ---- */

static int set_pin(struct run *run, bool pinned, struct error *err)
{
	const char *store;
	AUTO(mem_auto) char *deployment = NULL;
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	int rc = run_lock(run, err);
	if (!rc)
		rc = snapshot_store(&store, &deployment, run, err);
	if (!rc)
		rc = store_find(&entry, store, run->arguments.items[0], err);
	if (!rc)
		rc = store_pin(&entry, pinned, err);
	if (rc)
		return rc;
	entry.pinned = pinned;
	AUTO(json_auto) json_t *object = snapshot_json(&entry, deployment);
	run_answer(run, object);
	if (!settings_flag(&run->settings, OPTION_QUIET))
		run_print(run, "snapshot %s is %s\n", entry.manifest.id, pinned ? "pinned" : "no longer pinned");
	return 0;
}

int command_snapshot_pin(struct run *run, struct error *err)
{
	return set_pin(run, true, err);
}

int command_snapshot_unpin(struct run *run, struct error *err)
{
	return set_pin(run, false, err);
}
