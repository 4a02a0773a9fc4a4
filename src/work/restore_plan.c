#include "work/restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/pgtool.h"
#include "work/archive.h"
#include "work/inspect.h"
#include "work/kept.h"
#include "work/roles.h"
#include "work/sessions.h"
#include "work/site.h"

/* An empty database, and how much larger rows are with their indexes than as text; measured on the engine's tables. */
enum { EMPTY_BYTES = 8000000, MOST_NAME_BYTES = 63, VERSION_STEP = 10000 };
static const double GROWTH = 2;

struct context {
	struct run *run;
	const struct snapshot_entry *entry;
	const struct restore_options *options;
	struct site site;
	struct restore_plan plan;
	uint64_t present_bytes;
	char *present_version; /* NULL unknown */
};

static void context_clear(struct context *context)
{
	site_clear(&context->site);
	restore_plan_clear(&context->plan);
	mem_free(context->present_version);
}

void restore_plan_clear(struct restore_plan *plan)
{
	list_clear(&plan->lines);
	refusals_clear(&plan->refusals);
	mem_free(plan->kept_name);
	mem_free(plan->server);
	*plan = (struct restore_plan){.kept_name = NULL};
}

/* Owns both. */
static void refuse(struct context *context, const char *check, char *sentence, char *remedy)
{
	refusals_add(&context->plan.refusals, check, sentence, remedy);
}

static bool swaps(const struct context *context)
{
	return !context->options->into && !context->options->scratch && context->site.present;
}

/* ---- refusals ---- */

static int check_sessions(struct context *context, struct error *err)
{
	struct site *site = &context->site;
	AUTO(sessions_clear) struct sessions sessions = {NULL, 0}, holders = {NULL, 0};
	int rc = site_sessions(&sessions, site->maintenance, site->name, site->present, err);
	if (!rc)
		rc = sessions_holders(&holders, site->present, err);
	if (rc)
		return rc;
	if (sessions.count) {
		AUTO(mem_auto) char *who = sessions_text(&sessions);
		const struct session *first = &sessions.items[0];
		refuse(context, "services", mem_format("database %s is in use: %s", site->name, who), first->pid ?
			mem_copy("stop all anchore-engine services and end these sessions, then try again") :
			mem_format("end it with `COMMIT PREPARED '%s'` or `ROLLBACK PREPARED '%s'`", first->query,
				first->query));
	} else if (holders.count) {
		AUTO(mem_auto) char *who = sessions_text(&holders);
		refuse(context, "lock", mem_format("the engine's lock on the database is held by %s", who),
			mem_copy("wait until that program is done, or stop it"));
	}
	return 0;
}

static int check_deployment(struct context *context, struct error *err)
{
	const char *store = NULL;
	AUTO(mem_auto) char *deployment = NULL;
	int rc = run_store(&store, context->run, false, err);
	if (!rc)
		rc = store_deployment(&deployment, store, false, err);
	if (rc)
		return rc;
	if (!context->options->foreign && !text_same(deployment, context->entry->manifest.deployment))
		refuse(context, "snapshot",
			mem_format("snapshot %.12s is of another deployment (database %s), and database %s exists",
				context->entry->manifest.id, context->entry->manifest.identity.name,
				context->site.name),
			mem_copy("add `--foreign` if it is meant to take that database's place, or `--into NAME`"));
	return 0;
}

static int check_rights(struct context *context, struct error *err)
{
	struct site *site = &context->site;
	AUTO(db_result_auto) struct db_result *role = NULL, *owner = NULL;
	int rc = db_query(&role, site->maintenance, "SELECT rolcreatedb OR rolsuper, rolname FROM pg_roles "
		"WHERE rolname = current_user", 0, NULL, err);
	if (!rc)
		rc = DB_QUERY(&owner, site->maintenance, "SELECT pg_get_userbyid(datdba), pg_has_role(datdba, 'USAGE') "
			"FROM pg_database WHERE datname = $1", err, site->name);
	if (rc)
		return rc;
	const char *user = db_value(role, 0, 1);
	AUTO(mem_auto) char *quoted = db_identifier(site->maintenance, user);
	AUTO(mem_auto) char *present = db_rows(owner) ? db_identifier(site->maintenance, db_value(owner, 0, 0)) : NULL;
	if (!db_flag(role, 0, 0))
		refuse(context, "rights", mem_format("role %s may not create databases", user),
			mem_format("as a superuser of the server: `ALTER ROLE %s CREATEDB`", quoted));
	if (swaps(context) && db_rows(owner) && !db_flag(owner, 0, 1))
		refuse(context, "rights",
			mem_format("database %s belongs to role %s, so that %s may not rename it", site->name,
				db_value(owner, 0, 0), user),
			mem_format("as a superuser of the server: `GRANT %s TO %s`", present, quoted));
	return 0;
}

static int check_tools(struct context *context, struct error *err)
{
	const struct manifest *manifest = &context->entry->manifest;
	struct db *db = context->site.maintenance;
	AUTO(pgtool_clear) struct pgtool tool = {0};
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = pgtool_find(&tool, settings_text(&context->run->settings, OPTION_PG_BINDIR), &why);
	if (!rc)
		rc = pgtool_check(&tool, db, &why);
	if (rc && rc != ERROR_REFUSED)
		return error_move(err, &why);
	if (rc)
		refuse(context, "server", mem_copy(why.message),
			mem_copy(why.hint ? why.hint : "install PostgreSQL's client programs"));
	int dumped_by = manifest->client_version ? (int)strtol(manifest->client_version, NULL, 10) : 0;
	if (!rc && dumped_by > tool.major)
		refuse(context, "server",
			mem_format("the snapshot was written by pg_dump %s, which pg_restore %s cannot read",
				manifest->client_version, tool.version),
			mem_format("install `postgresql-client-%d`", dumped_by));
	if (manifest->server_number / VERSION_STEP > db_version(db) / VERSION_STEP)
		refuse(context, "server",
			mem_format("the snapshot was taken on PostgreSQL %s, newer than this server's %s",
				manifest->server_version, db_version_text(db)),
			mem_copy("restore it on a server that is at least as new"));
	return 0;
}

/* Over a database that works, losing owners and privileges could lock the engine out: that has to be asked for. In a
 * new one it is only told. */
static int check_roles(struct context *context, struct error *err)
{
	AUTO(list_clear) struct list unknown = LIST_INIT;
	int rc = context->options->no_owner ? 0 :
		roles_unknown(&unknown, context->site.maintenance, &context->entry->manifest, err);
	if (rc || !unknown.count)
		return rc;
	AUTO(mem_auto) char *names = list_join(&unknown, ", ");
	if (swaps(context))
		refuse(context, "rights",
			mem_format("the snapshot has owners or privileges of roles that are not here: %s", names),
			mem_copy("create them, or add `--no-owner`: all of it then belongs to the database's owner"));
	else
		list_addf(&context->plan.lines, "leave owners and privileges out, for these roles are not here: %s",
			names);
	return 0;
}

static int check_into(struct context *context, struct error *err)
{
	const char *into = context->options->into;
	bool exists = false;
	if (!*into || strlen(into) > MOST_NAME_BYTES)
		return error_set(err, ERROR_USAGE, "a database's name has 1 to %d bytes", MOST_NAME_BYTES);
	int rc = site_exists(&exists, context->site.maintenance, into, err);
	if (!rc && exists)
		refuse(context, "name", mem_format("database %s exists", into),
			mem_copy("name another one with `--into NAME`; restore never overwrites"));
	return rc;
}

/* ---- room ---- */

static uint64_t needed_bytes(const struct manifest *manifest)
{
	double text = 0;
	for (size_t i = 0; i < manifest->table_count; i++)
		text += (double)manifest->tables[i].bytes;
	uint64_t archive = 0;
	for (size_t i = 0; i < manifest->member_count; i++)
		if (strcmp(manifest->members[i].name, ARCHIVE_SCHEMA) == 0)
			archive = manifest->members[i].size; /* holds the large objects */
	return EMPTY_BYTES + (uint64_t)(text * GROWTH) + archive * 2;
}

/* Where the server will write, if that is to be seen from here: only over a local socket, and only by a role that may
 * ask. *path stays NULL otherwise. */
static int data_folder(char **path, struct context *context, struct error *err)
{
	struct db *db = context->site.maintenance;
	if (!db_host(db) || db_host(db)[0] != '/')
		return 0;
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(mem_auto) char *folder = NULL;
	int rc = db_scalar(&folder, db, "SELECT setting FROM pg_settings WHERE name = 'data_directory'", 0, NULL, &why);
	if (rc)
		return error_move(err, &why);
	AUTO(mem_auto) char *mark = folder ? path_join(folder, "postmaster.pid") : NULL;
	if (mark && file_exists(mark))
		*path = mem_take(&folder);
	return 0;
}

static int check_room(struct context *context, struct error *err)
{
	AUTO(mem_auto) char *folder = NULL;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	uint64_t room = 0, needs = context->plan.needs_bytes;
	int rc = data_folder(&folder, context, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *need = text_bytes(needs);
	if (!folder || file_space(&room, folder, &ignored) != 0) {
		list_addf(&context->plan.lines,
			"room: about %s are needed on the server; whether they are free was not checked", need);
		return 0;
	}
	AUTO(mem_auto) char *have = text_bytes(room);
	list_addf(&context->plan.lines, "room: about %s are needed, %s are free", need, have);
	if (room < needs)
		refuse(context, "space",
			mem_format("the copy needs about %s, the server has %s left in %s", need, have, folder),
			mem_copy("make room there: `anchore-admin db status` lists the databases that were kept"));
	return 0;
}

/* ---- what will be done ---- */

static int read_present(struct context *context, struct error *err)
{
	AUTO(db_result_auto) struct db_result *size = NULL;
	AUTO(engine_version_clear) struct engine_version version = {VERSION_NO_TABLE, 0, NULL, NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = db_query(&size, context->site.present, "SELECT pg_database_size(current_database())", 0, NULL, err);
	if (rc)
		return rc;
	context->present_bytes = (uint64_t)db_number(size, 0, 0);
	rc = inspect_version(&version, context->site.present, &why);
	if (rc && rc != ERROR_FAILED) /* Whatever state the database is in: that is what a restore is for. */
		return error_move(err, &why);
	context->present_version = mem_take(&version.db_version);
	return 0;
}

static void describe_load(struct context *context)
{
	const struct manifest *manifest = &context->entry->manifest;
	uint64_t rows = 0, bytes = 0;
	for (size_t i = 0; i < manifest->table_count; i++) {
		rows += manifest->tables[i].content.rows;
		bytes += manifest->tables[i].bytes;
	}
	AUTO(mem_auto) char *tables = text_plural(manifest->table_count, "table"), *lines = text_plural(rows, "row");
	AUTO(mem_auto) char *size = text_bytes(bytes), *archive = text_bytes(context->entry->size);
	AUTO(mem_auto) char *objects = text_plural(manifest->large_objects.rows, "large object");
	AUTO(mem_auto) char *sequences = text_plural(manifest->sequence_count, "sequence");
	struct list *out = &context->plan.lines;
	list_addf(out, "snapshot %.12s: database %s at version %s, %s", manifest->id, manifest->identity.name,
		manifest->db_version ? manifest->db_version : "unknown", archive);
	list_addf(out, "create a new database beside %s, encoding %s, locale %s", context->site.name,
		manifest->properties.encoding, manifest->properties.ctype);
	list_addf(out, "load %s with %s (%s), %s and %s, by %d workers", tables, lines, size, sequences, objects,
		run_jobs(context->run));
	list_addf(out, "check every chunk's digest, the server's row counts, the schema and the sequences%s",
		context->options->deep || context->options->scratch ? ", then read every row back and compare" : "");
}

static int describe_names(struct context *context, struct error *err)
{
	struct list *out = &context->plan.lines;
	const char *name = context->site.name;
	if (context->options->scratch) {
		list_addf(out, "drop it again; database %s stays as it is", name);
		return 0;
	}
	if (context->options->into) {
		list_addf(out, "name it %s; database %s stays as it is", context->options->into, name);
		return 0;
	}
	if (!context->site.present) {
		list_addf(out, "name it %s, which does not exist yet", name);
		return 0;
	}
	int rc = kept_name(&context->plan.kept_name, context->site.maintenance, name, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *size = text_bytes(context->present_bytes);
	list_addf(out, "swap in one transaction: %s (%s, version %s) becomes %s, the copy becomes %s", name, size,
		context->present_version ? context->present_version : "unknown", context->plan.kept_name, name);
	list_addf(out, "`anchore-admin restore --undo` would swap them back");
	return 0;
}

static int gather(struct context *context, struct error *err)
{
	context->plan.needs_bytes = needed_bytes(&context->entry->manifest);
	const char *server = db_version_text(context->site.maintenance);
	context->plan.server = mem_copy_bytes(server, strcspn(server, " "));
	int rc = swaps(context) ? read_present(context, err) : 0;
	if (rc)
		return rc;
	describe_load(context);
	rc = describe_names(context, err);
	if (!rc && swaps(context) && !context->options->stops)
		rc = check_sessions(context, err);
	if (!rc && swaps(context))
		rc = check_deployment(context, err);
	if (!rc && context->options->into)
		rc = check_into(context, err);
	if (!rc)
		rc = check_rights(context, err);
	if (!rc)
		rc = check_roles(context, err);
	if (!rc)
		rc = check_tools(context, err);
	return rc ? rc : check_room(context, err);
}

int restore_plan(struct restore_plan *out, struct run *run, const struct snapshot_entry *entry,
	const struct restore_options *options, struct error *err)
{
	AUTO(context_clear) struct context context = {.run = run, .entry = entry, .options = options};
	if (entry->health != SNAPSHOT_WHOLE)
		return error_set(err, ERROR_CORRUPT, "%s cannot be restored: %s", entry->path,
			entry->why ? entry->why : "damaged");
	int rc = site_open(&context.site, run, err);
	if (!rc)
		rc = gather(&context, err);
	if (rc)
		return rc;
	*out = context.plan;
	context.plan = (struct restore_plan){.kept_name = NULL};
	return 0;
}
