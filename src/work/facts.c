#include "work/facts.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "io/pgtool.h"
#include "work/database.h"
#include "work/evidence.h"
#include "work/inspect.h"
#include "work/roles.h"
#include "work/sessions.h"

/* ---- the version ---- */

/* "; its schema fits version 0.0.6", or nothing; owned. */
static char *what_it_fits(const struct migrations *migrations, const struct list *catalog)
{
	AUTO(list_clear) struct list versions = LIST_INIT;
	graph_guess(&versions, &migrations->graph, catalog);
	AUTO(mem_auto) char *joined = list_join(&versions, " or ");
	return *joined ? mem_format("; its schema fits version %s", joined) : mem_copy("");
}

static int refuse_row(const struct engine_version *row, const struct db *db, const struct migrations *migrations,
	const struct list *catalog, struct error *err)
{
	AUTO(mem_auto) char *fits = what_it_fits(migrations, catalog);
	if (row->state == VERSION_NO_TABLE && !catalog->count)
		error_set(err, ERROR_REFUSED, "database \"%s\" is empty", db_name(db));
	else if (row->state == VERSION_NO_TABLE)
		error_set(err, ERROR_REFUSED, "database \"%s\" is not an engine's: it has no table anchore%s",
			db_name(db), fits);
	else if (row->state == VERSION_NO_ROW)
		error_set(err, ERROR_REFUSED,
			"the version of database \"%s\" is not known, for its table anchore is empty%s", db_name(db),
			fits);
	else
		error_set(err, ERROR_REFUSED,
			"the version of database \"%s\" is not known, for its table anchore has %zu rows "
			"where one is meant%s",
			db_name(db), row->rows, fits);
	if (row->state == VERSION_NO_TABLE)
		return error_hint(err, "name the engine's database with `--database CONNINFO`");
	return error_hint(err, "go back to a good state with `anchore-admin restore latest`");
}

static int refuse_version(struct version version, const struct migrations *migrations, struct error *err)
{
	struct version newest;
	if (graph_newest(&newest, &migrations->graph) && version_compare(version, newest) > 0)
		error_set(err, ERROR_REFUSED, "the database is at version %s, and the newest that is known here is %s",
			VERSION_TEXT(version), VERSION_TEXT(newest));
	else
		error_set(err, ERROR_REFUSED, "the database is at version %s, which is not known here",
			VERSION_TEXT(version));
	return error_hint(err, "name SQL files that know it with `--migrations DIR`; `anchore-admin graph show` lists "
		"what these know");
}

static int gather_version(struct facts *facts, struct db *db, const struct migrations *migrations, struct error *err)
{
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	int rc = inspect_version(&row, db, err);
	if (rc)
		return rc;
	if (row.state != VERSION_ONE)
		return refuse_row(&row, db, migrations, &facts->catalog, err);
	if (!row.db_version || !version_parse(&facts->version, row.db_version)) {
		error_set(err, ERROR_REFUSED,
			"the table anchore says that the database is at version \"%s\", which is no version",
			row.db_version ? row.db_version : "");
		return error_hint(err, "go back to a good state with `anchore-admin restore latest`");
	}
	facts->service_version = mem_take(&row.service_version);
	if (!graph_node(&migrations->graph, facts->version))
		return refuse_version(facts->version, migrations, err);
	return 0;
}

/* ---- the schema ---- */

static int gather_tables(struct facts *facts, struct db *db, struct error *err)
{
	AUTO(table_sizes_clear) struct table_sizes sizes = {NULL, 0};
	int rc = inspect_sizes(&sizes, db, err);
	if (rc)
		return rc;
	facts->tables = mem_array(sizes.count, sizeof *facts->tables);
	facts->table_count = sizes.count;
	for (size_t i = 0; i < sizes.count; i++)
		facts->tables[i] = (struct fact_table){mem_take(&sizes.items[i].name), sizes.items[i].bytes,
			sizes.items[i].rows};
	return 0;
}

static void judge_schema(struct facts *facts, const struct run *run, const struct migrations *migrations)
{
	graph_compare(&facts->shape, &migrations->graph, facts->version, &facts->catalog);
	if (facts->shape.blocking.count)
		graph_guess(&facts->guesses, &migrations->graph, &facts->catalog);
	if (facts->shape.half_upgraded)
		evidence_way_back(facts, run, &migrations->graph);
}

/* ---- rights ---- */

static const char not_owned_sql[] =
	"SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname || ' (owner '\n"
	"  || pg_get_userbyid(c.relowner) || ')'\n"
	"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
	"WHERE c.relkind IN ('r', 'p', 'S', 'm') AND n.nspname !~ '^pg_'\n"
	"  AND n.nspname NOT IN ('information_schema', 'anchore_admin') AND NOT pg_has_role(c.relowner, 'USAGE')\n"
	"ORDER BY 1";

/* The journal's schema is made when it is missing, its table too. */
static const char allowed_sql[] =
	"SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),\n"
	"  has_schema_privilege('public', 'CREATE'),\n"
	"  CASE WHEN to_regnamespace('anchore_admin') IS NULL THEN has_database_privilege(current_database(), "
	"'CREATE')\n"
	"  WHEN NOT has_schema_privilege('anchore_admin', 'USAGE') THEN false\n"
	"  WHEN to_regclass('anchore_admin.journal') IS NULL THEN has_schema_privilege('anchore_admin', 'CREATE')\n"
	"  ELSE has_table_privilege('anchore_admin.journal', 'INSERT') END,\n"
	"  pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,\n"
	"  has_database_privilege(coalesce($1, current_user), current_database(), 'TEMPORARY')";

static int gather_rights(struct facts *facts, struct db *db, struct error *err)
{
	AUTO(db_result_auto) struct db_result *owned = NULL, *allowed = NULL;
	AUTO(mem_auto) char *role = NULL;
	int rc = db_query(&owned, db, not_owned_sql, 0, NULL, err);
	if (!rc)
		rc = roles_engine(&role, db, err);
	if (!rc)
		rc = DB_QUERY(&allowed, db, allowed_sql, err, role);
	if (rc)
		return error_context(err, "reading what the role may do");
	for (size_t i = 0; i < db_rows(owned); i++)
		list_add(&facts->not_owned, db_value(owned, i, 0));
	facts->superuser = db_flag(allowed, 0, 0);
	if (!db_flag(allowed, 0, 1))
		list_add(&facts->not_allowed, "create tables in schema public");
	if (!db_flag(allowed, 0, 2))
		list_add(&facts->not_allowed, "write the journal, schema anchore_admin");
	facts->standby = db_flag(allowed, 0, 3);
	if (!db_flag(allowed, 0, 4))
		facts->no_temporary = mem_copy(role ? role : facts->user);
	return 0;
}

/* ---- room ---- */

/* Known only where the server's data folder is on this machine and the role may know its name. */
static int gather_room(struct facts *facts, struct db *db, struct error *err)
{
	AUTO(mem_auto) char *folder = NULL;
	int rc = db_scalar(&folder, db, "SELECT setting FROM pg_settings WHERE name = 'data_directory'", 0, NULL, err);
	if (rc || !folder || db_host(db)[0] != '/')
		return rc;
	AUTO(mem_auto) char *proof = path_join(folder, "PG_VERSION");
	struct error ignored = ERROR_INIT;
	if (file_exists(proof) && file_space(&facts->room, folder, &ignored) == 0)
		facts->room_known = true;
	error_clear(&ignored);
	return 0;
}

/* ---- all ---- */

static void gather_tools(struct facts *facts, struct run *run, struct db *db)
{
	AUTO(pgtool_clear) struct pgtool tool = {.dump = NULL};
	struct error why = ERROR_INIT;
	if (pgtool_find(&tool, settings_text(&run->settings, OPTION_PG_BINDIR), &why) ||
		pgtool_check(&tool, db, &why)) {
		facts->tools = mem_copy(why.message);
		facts->tools_remedy = mem_copy(why.hint);
	}
	error_clear(&why);
}

static int gather_server(struct facts *facts, struct db *db, struct error *err)
{
	facts->now = clock_now();
	facts->database = mem_copy(db_name(db));
	facts->user = mem_copy(db_user(db));
	facts->host = mem_copy(db_host(db));
	facts->server_version = mem_copy(db_version_text(db));
	int rc = database_identity(&facts->identity, db, err);
	if (!rc)
		rc = inspect_catalog(&facts->catalog, db, err);
	if (!rc)
		rc = inspect_other(&facts->other, db, err);
	return rc;
}

static int gather_sessions(struct facts *facts, struct db *db, struct error *err)
{
	int rc = sessions_services(&facts->services, db, err);
	if (!rc)
		rc = sessions_prepared(&facts->prepared, db, err);
	if (!rc)
		rc = sessions_holders(&facts->holders, db, err);
	return rc;
}

int facts_gather(struct facts *out, struct run *run, struct db *db, const struct migrations *migrations,
	struct error *err)
{
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	int rc = gather_server(&facts, db, err);
	if (!rc)
		rc = gather_version(&facts, db, migrations, err);
	if (!rc)
		rc = gather_tables(&facts, db, err);
	if (!rc)
		rc = gather_sessions(&facts, db, err);
	if (!rc)
		rc = gather_rights(&facts, db, err);
	if (!rc)
		rc = gather_room(&facts, db, err);
	if (rc)
		return rc;
	judge_schema(&facts, run, migrations);
	gather_tools(&facts, run, db);
	facts.migrations = migrations->ref ? mem_format("%s at %s", migrations->path, migrations->ref)
		: mem_copy(migrations->path);
	facts.commit = mem_copy(migrations->commit);
	list_add_all(&facts.dirty, &migrations->dirty);
	*out = facts;
	facts_init(&facts);
	return 0;
}
