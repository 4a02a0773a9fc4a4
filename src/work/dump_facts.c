#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/digest.h"
#include "model/version.h"
#include "work/database.h"
#include "work/dump.h"
#include "work/inspect.h"
#include "work/migrations.h"
#include "work/shape.h"
#include "work/store.h"

static int refuse(struct error *err, const char *name, const char *why)
{
	error_set(err, ERROR_REFUSED, "%s is not a database that can be kept: %s", name, why);
	return error_hint(err, "check which database the setting `database` names, with `anchore-admin db status`");
}

static int check_engine(const struct engine_version *version, const char *name, struct error *err)
{
	struct version ignored;
	if (version->state == VERSION_NO_TABLE)
		return refuse(err, name, "it has no table anchore, so it is not an Anchore Engine database");
	if (version->state == VERSION_NO_ROW)
		return refuse(err, name, "its table anchore has no row, so that its version is not known");
	if (version->state == VERSION_SEVERAL)
		return refuse(err, name, "its table anchore has several rows, so that its version is not known");
	if (!version->db_version || !version_parse(&ignored, version->db_version))
		return refuse(err, name, "the version in its table anchore is none");
	return 0;
}

/* The settings know which release is installed; else the database says which one wrote to it last. */
static void take_release(struct manifest *manifest, const struct settings *settings,
	const struct engine_version *version)
{
	const char *typed = settings_text(settings, OPTION_ENGINE);
	struct version release;
	bool by_option = settings->values[OPTION_ENGINE].source == SOURCE_COMMAND_LINE;
	if (typed && version_parse_typed(&release, typed))
		manifest->engine_release = mem_copy(VERSION_TEXT(release));
	else
		manifest->engine_release = mem_copy(typed ? typed : version->service_version);
	if (manifest->engine_release)
		manifest->engine_source = mem_copy(!typed ? "table" : by_option ? "option" : "settings");
}

/* Only for the record: a backup does not need the migrations. */
static char *read_commit(const struct run *run)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct migrations migrations = {0};
	char *commit = NULL;
	if (migrations_open(&migrations, run, &err) == 0) {
		commit = mem_copy(migrations.commit);
		migrations_clear(&migrations);
	} else {
		log_detail("the commit of the SQL files is not known: %s", err.message);
	}
	return commit;
}

static int take_version(struct dump *dump, struct error *err)
{
	struct engine_version version = {0};
	int rc = inspect_version(&version, dump->db, err);
	if (rc)
		return rc;
	rc = check_engine(&version, db_name(dump->db), err);
	if (!rc) {
		dump->manifest.db_version = mem_copy(version.db_version);
		take_release(&dump->manifest, &dump->run->settings, &version);
	}
	engine_version_clear(&version);
	return rc;
}

static void take_tables(struct manifest *manifest, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++) {
		const struct stock *stock = &inventory->tables[i];
		struct manifest_table *table = manifest_add_table(manifest, stock->schema, stock->name);
		list_add_all(&table->columns, &stock->columns);
		list_add_all(&table->floats, &stock->floats);
	}
}

static int take_header(struct dump *dump, struct error *err)
{
	struct manifest *manifest = &dump->manifest;
	manifest_init(manifest);
	int rc = store_deployment(&manifest->deployment, dump->store, true, err);
	if (rc)
		return rc;
	manifest->id = mem_new(33);
	digest_random_hex(manifest->id, 16);
	manifest->created = clock_now();
	manifest->tool_version = mem_copy(PACKAGE_VERSION);
	manifest->server_version = mem_copy(db_version_text(dump->db));
	manifest->server_number = db_version(dump->db);
	manifest->client_version = mem_copy(dump->tool->version);
	manifest->sql_commit = read_commit(dump->run);
	return 0;
}

/* Reading a catalog may prune it, which writes to the WAL, and what an open transaction wrote reaches the disk late.
 * So the moment is read once outside, to have that behind us, and again as the first thing inside, where the end of
 * the WAL is waited for. */
static int begin(struct dump *dump, struct error *err)
{
	AUTO(moment_clear) struct moment before = {0};
	int rc = database_moment(&before, dump->db, false, err);
	if (!rc)
		rc = db_exec(dump->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
	if (!rc)
		rc = db_scalar(&dump->snapshot, dump->db, "SELECT pg_export_snapshot()", 0, NULL, err);
	if (!rc)
		rc = database_moment(&dump->manifest.moment, dump->db, true, err);
	return rc ? rc : fault_point("backup-snapshot", err);
}

/* A column that is dropped and added again looks the same in the catalog, and its table keeps its file, but what it
 * held is gone: only its number tells. */
static const char COLUMNS[] =
	"SELECT md5(string_agg(concat_ws(' ', a.attrelid::text, a.attnum::text, a.attname::text), E'\n' "
	"ORDER BY a.attrelid, a.attnum)) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
	"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND a.attnum > 0 "
	"AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'anchore_admin')";

int dump_facts(struct dump *dump, struct error *err)
{
	struct manifest *manifest = &dump->manifest;
	int rc = take_header(dump, err);
	if (!rc)
		rc = begin(dump, err);
	if (!rc)
		rc = take_version(dump, err);
	if (!rc)
		rc = inventory_read(&dump->inventory, dump->db, err);
	if (!rc)
		rc = db_scalar(&dump->columns, dump->db, COLUMNS, 0, NULL, err);
	if (!rc)
		rc = inspect_catalog(&manifest->catalog, dump->db, err);
	if (!rc)
		rc = inspect_other(&manifest->other, dump->db, err);
	if (!rc)
		rc = database_identity(&manifest->identity, dump->db, err);
	if (!rc)
		rc = database_properties(&manifest->properties, dump->db, db_name(dump->db), err);
	if (rc)
		return rc;
	take_tables(manifest, &dump->inventory);
	return shape_read(manifest, &dump->inventory, dump->db, err);
}

int dump_check_catalog(struct dump *dump, struct error *err)
{
	AUTO(list_clear) struct list catalog = LIST_INIT;
	AUTO(list_clear) struct list other = LIST_INIT;
	int rc = inspect_catalog(&catalog, dump->db, err);
	if (!rc)
		rc = inspect_other(&other, dump->db, err);
	AUTO(mem_auto) char *columns = NULL;
	if (!rc)
		rc = db_scalar(&columns, dump->db, COLUMNS, 0, NULL, err);
	if (rc || (list_same(&catalog, &dump->manifest.catalog) && list_same(&other, &dump->manifest.other) &&
		text_same(columns, dump->columns)))
		return rc;
	dump->changed = mem_copy("the schema");
	return error_set(err, ERROR_FAILED, "another session changed the schema meanwhile");
}
