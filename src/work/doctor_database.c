/* What the database server says: is it there, what is in it, what may we do. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/proc.h"
#include "work/deployment.h"
#include "work/docker.h"
#include "work/doctor_private.h"
#include "work/embedded.h"
#include "work/facts.h"
#include "work/kept.h"
#include "work/site.h"

/* ---- the connection ---- */

/* Whatever else connects to an embedded server starts it first; this only looks. */
static bool is_down(struct doctor *doctor)
{
	const struct settings *settings = &doctor->run->settings;
	AUTO(embedded_clear) struct embedded embedded = {.name = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (!deployment_is_embedded(settings))
		return false;
	if (embedded_open(&embedded, settings, &why) != 0) {
		doctor_failed(doctor, "database", &why);
		return true;
	}
	if (embedded_running(&embedded, NULL))
		return false;
	doctor_add(doctor, "database", FINDING_PROBLEM, mem_format("the embedded server %s does not run",
		embedded.name),
		mem_copy("start it with `anchore-admin service start`"));
	return true;
}

void doctor_check_connection(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (is_down(doctor))
		return;
	if (run_connect(&doctor->db, doctor->run, NULL, &why) != 0)
		doctor_failed(doctor, "database", &why);
	else
		doctor_add(doctor, "database", FINDING_OK,
			mem_format("database \"%s\" answers on PostgreSQL %s, as %s says",
			db_name(doctor->db), db_version_text(doctor->db), doctor->run->database_where), NULL);
}

/* ---- programs ---- */

void doctor_check_tools(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = pgtool_find(&doctor->tool, settings_text(&doctor->run->settings, OPTION_PG_BINDIR), &why);
	if (!rc && doctor->db)
		rc = pgtool_check(&doctor->tool, doctor->db, &why);
	if (rc)
		doctor_failed(doctor, "tools", &why);
	else
		doctor_add(doctor, "tools", FINDING_OK, mem_format("%s and pg_restore are of version %s%s",
			doctor->tool.dump, doctor->tool.version, doctor->db ? ", which fits the server" : ""), NULL);
}

void doctor_check_compose(struct doctor *doctor)
{
	const struct settings *settings = &doctor->run->settings;
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (!settings_text(settings, OPTION_COMPOSE_FILE) &&
	    !text_same(settings_text(settings, OPTION_RUNTIME), "compose"))
		return;
	AUTO(mem_auto) char *program = proc_find("docker-compose");
	const struct proc plugin = {.argv = (const char *const[]){"docker", "compose", "version", NULL}};
	bool installed = program || proc_run(NULL, NULL, &plugin, &why) == 0;
	AUTO(docker_close) struct docker docker = {NULL, NULL};
	AUTO(error_clear) struct error silent = ERROR_INIT;
	if (installed)
		doctor_add(doctor, "compose", FINDING_OK, mem_format("%s is installed",
			program ? program : "`docker compose`"), NULL);
	else
		doctor_add(doctor, "compose", FINDING_PROBLEM,
			mem_copy("neither `docker compose` nor docker-compose is "
			"installed, which start the services"), mem_copy("`apt-get install docker-compose`"));
	/* Whose containers may be the database's, too. */
	doctor->no_docker = docker_open(&docker, settings, &silent) != 0;
	if (doctor->no_docker)
		doctor_failed(doctor, "compose", &silent);
}

/* ---- what is in it ---- */

void doctor_check_database(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	if (!doctor->db || !doctor->migrations_read)
		return;
	if (facts_gather(&doctor->facts, doctor->run, doctor->db, &doctor->migrations, &why) != 0) {
		doctor_failed(doctor, "version", &why);
		return;
	}
	doctor->facts_known = true;
	doctor_database(doctor->out, &doctor->facts);
}

/* Settings of the role or the database that would stop a long run; our own sessions set theirs, the engine's do not. */
static const char LIMITS[] =
	"SELECT split_part(setting, '=', 1), split_part(setting, '=', 2) FROM pg_db_role_setting s,\n"
	"  unnest(s.setconfig) setting\n"
	"WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))\n"
	"  AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))\n"
	"  AND split_part(setting, '=', 1) IN ('default_transaction_read_only', 'session_replication_role')\n"
	"  AND split_part(setting, '=', 2) NOT IN ('off', 'false', '0', 'origin') ORDER BY 1";

void doctor_check_rights(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(db_result_auto) struct db_result *role = NULL, *limits = NULL;
	if (!doctor->db)
		return;
	int rc = db_query(&role, doctor->db, "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = "
		"current_user",
		0, NULL, &why);
	if (!rc)
		rc = db_query(&limits, doctor->db, LIMITS, 0, NULL, &why);
	if (rc) {
		doctor_failed(doctor, "rights", &why);
		return;
	}
	if (doctor->facts_known)
		doctor_rights(doctor->out, &doctor->facts, db_flag(role, 0, 0));
	for (size_t i = 0; i < db_rows(limits); i++)
		doctor_add(doctor, "rights", FINDING_PROBLEM, mem_format("%s is set to %s for this role or database",
			db_value(limits, i, 0), db_value(limits, i, 1)),
			mem_format("`ALTER ROLE … RESET %s` or `ALTER DATABASE … RESET %s`", db_value(limits, i, 0),
				db_value(limits, i, 0)));
}

/* ---- the clock ---- */

/* Newest of what the store records, which a clock that goes back would hide. */
static void find_newest(struct doctor_clocks *clocks, char **what, const struct snapshot_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->entries[i].manifest.created <= clocks->newest)
			continue;
		clocks->newest = list->entries[i].manifest.created;
		mem_replace(what, mem_format("snapshot %.12s", list->entries[i].manifest.id));
	}
	clocks->newest_what = *what;
}

void doctor_check_clock(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(db_result_auto) struct db_result *result = NULL;
	AUTO(mem_auto) char *what = NULL;
	struct doctor_clocks clocks = {.now = clock_now()};
	if (doctor->db && db_query(&result, doctor->db, "SELECT extract(epoch FROM clock_timestamp())::bigint", 0, NULL,
		&why) == 0) {
		clocks.database_known = true;
		clocks.database = (double)(db_number(result, 0, 0) - clocks.now);
	}
	find_newest(&clocks, &what, &doctor->list);
	doctor_clocks(doctor->out, &clocks);
}

/* ---- databases that were left ---- */

static void add_kept(struct doctor *doctor, const struct kept_databases *kept)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < kept->count; i++)
		bytes += kept->items[i].bytes;
	AUTO(mem_auto) char *size = text_bytes(bytes), *databases = text_plural(kept->count, "database");
	if (kept->count)
		doctor_add(doctor, "leftovers", FINDING_NOTE,
			mem_format("%s of earlier restores, %s, is kept, the oldest "
			"since %s", databases, size, kept->items[kept->count - 1].since),
			mem_copy("once nothing is to be undone, `anchore-admin snapshot prune` with the setting "
				 "keep_databases drops them"));
}

/* What a killed restore or proof left; one that goes on at present has sessions. */
static const char INCOMPLETE[] =
	"SELECT datname FROM pg_database d WHERE left(shobj_description(oid, 'pg_database'), length($1)) = $1\n"
	"  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname) ORDER BY 1";

void doctor_check_leftovers(struct doctor *doctor)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(kept_databases_clear) struct kept_databases kept = {NULL, 0};
	AUTO(db_result_auto) struct db_result *result = NULL;
	if (!doctor->db)
		return;
	int rc = restore_kept(&kept, doctor->db, db_name(doctor->db), &why);
	if (!rc)
		rc = DB_QUERY(&result, doctor->db, INCOMPLETE, &why, "anchore-admin: incomplete restore of snapshot ");
	if (rc) {
		doctor_failed(doctor, "leftovers", &why);
		return;
	}
	add_kept(doctor, &kept);
	for (size_t i = 0; i < db_rows(result); i++)
		doctor_add(doctor, "leftovers", FINDING_NOTE,
			mem_format("database %s is what a restore that was killed "
			"left", db_value(result, i, 0)), mem_copy("the next `anchore-admin restore` or `anchore-admin "
			"snapshot verify --restore` drops it"));
	if (!kept.count && !db_rows(result))
		doctor_add(doctor, "leftovers", FINDING_OK, mem_copy("no database of an earlier restore is left"),
			NULL);
}
