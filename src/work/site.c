#include "work/site.h"

#include <string.h>

#include "base/mem.h"

enum { IDENTIFIER_BYTES = 63 };

void site_clear(struct site *site)
{
	mem_free(site->name);
	db_close(site->maintenance);
	db_close(site->present);
	*site = (struct site){.name = NULL};
}

void site_leave(struct site *site)
{
	db_close(site->present);
	site->present = NULL;
}

int site_exists(bool *out, struct db *db, const char *name, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", err, name);
	if (!rc)
		*out = db_flag(result, 0, 0);
	return rc;
}

/* libpq's own rule: no name means the user's. */
static int configured_name(char **out, struct run *run, struct error *err)
{
	AUTO(mem_auto) char *name = NULL;
	int rc = run_resolve_database(run, err);
	if (!rc)
		rc = db_conninfo_value(&name, run->conninfo, "dbname", err);
	if (!rc && !name)
		rc = db_conninfo_value(&name, run->conninfo, "user", err);
	if (rc)
		return rc;
	if (!name || !*name) {
		error_set(err, ERROR_USAGE, "the connection string does not name a database");
		return error_hint(err, "add `dbname=NAME` to the setting `database`");
	}
	*out = mem_take(&name);
	return 0;
}

static int refuse_setting(const char *setting, struct error *err)
{
	error_set(err, ERROR_REFUSED, "the maintenance database %s is the deployment's own", setting);
	return error_hint(err, "name another database of the server with `--maintenance-database NAME`");
}

static int open_maintenance(struct db **out, struct run *run, const char *name, struct error *err)
{
	static const char *const usual[] = {"postgres", "template1"};
	const char *setting = settings_text(&run->settings, OPTION_MAINTENANCE_DATABASE);
	if (setting && strcmp(setting, name) == 0)
		return refuse_setting(setting, err);
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = setting ? run_connect(out, run, setting, &why) : ERROR_FAILED;
	for (size_t i = 0; rc && !setting && i < sizeof usual / sizeof *usual; i++) {
		if (strcmp(usual[i], name) == 0)
			continue;
		error_clear(&why);
		rc = run_connect(out, run, usual[i], &why);
		if (rc == ERROR_INTERRUPTED)
			break;
	}
	if (!rc)
		return 0;
	if (rc == ERROR_INTERRUPTED)
		return error_move(err, &why);
	error_set(err, ERROR_REFUSED, "no maintenance database can be connected, from which %s is to be renamed: %s",
		name, why.message);
	return error_hint(err, "name a database of the server that this role may connect to with "
		"`--maintenance-database NAME`");
}

int site_open(struct site *out, struct run *run, struct error *err)
{
	AUTO(site_clear) struct site site = {.name = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = configured_name(&site.name, run, err);
	if (rc)
		return rc;
	int missing = run_connect(&site.present, run, NULL, &why);
	if (missing && missing != ERROR_UNREACHABLE)
		return error_move(err, &why);
	if (site.present)
		mem_replace(&site.name, mem_copy(db_name(site.present)));
	AUTO(error_clear) struct error unreachable = ERROR_INIT;
	rc = open_maintenance(&site.maintenance, run, site.name, &unreachable);
	if (rc) /* A server that does not answer at all is the better news. */
		return error_move(err, missing ? &why : &unreachable);
	bool exists = false;
	rc = missing ? site_exists(&exists, site.maintenance, site.name, err) : 0;
	if (rc)
		return rc;
	if (missing && exists)
		return error_move(err, &why);
	*out = site;
	site = (struct site){.name = NULL};
	return 0;
}

/* Roles without pg_read_all_stats see no backend_type of others: such a session counts as a client's. */
static const char sessions_sql[] =
	"SELECT pid, usename, CASE WHEN client_addr IS NOT NULL THEN host(client_addr) WHEN client_port = -1\n"
	"  THEN 'local' END, application_name, state, NULL\n"
	"FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND pid <> $2::int\n"
	"  AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') IN ('client backend', 'walsender')\n"
	"UNION ALL\n"
	"SELECT 0, owner, NULL, NULL, NULL, gid FROM pg_prepared_xacts WHERE database = $1\n"
	"ORDER BY 1, 6";

int site_sessions(struct sessions *out, struct db *db, const char *name, const struct db *except, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	AUTO(mem_auto) char *pid = mem_format("%d", except ? db_pid(except) : 0);
	int rc = DB_QUERY(&result, db, sessions_sql, err, name, pid);
	if (rc)
		return error_context(err, "looking for sessions in database %s", name);
	out->items = mem_resize(out->items, (out->count + db_rows(result) + 1) * sizeof *out->items);
	for (size_t i = 0; i < db_rows(result); i++)
		out->items[out->count++] = (struct session){.pid = db_number(result, i, 0),
			.user = mem_copy(db_value(result, i, 1)), .client = mem_copy(db_value(result, i, 2)),
			.application = mem_copy(db_value(result, i, 3)), .state = mem_copy(db_value(result, i, 4)),
			.query = mem_copy(db_value(result, i, 5))};
	return 0;
}

char *site_name_with(const char *name, const char *suffix)
{
	size_t room = IDENTIFIER_BYTES - strlen(suffix), size = strlen(name);
	if (size > room)
		for (size = room; size && ((unsigned char)name[size] & 0xC0) == 0x80; size--)
			continue;
	return mem_format("%.*s%s", (int)size, name, suffix);
}
