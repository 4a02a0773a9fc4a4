#include "work/deployment.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/conninfo.h"
#include "work/embedded.h"
#include "work/engineconfig.h"

/* What libpq would connect to by itself is a deployment only if somebody said so. */
static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE", "PGUSER"};

/* What --database takes: libpq's own forms, and SQLAlchemy URLs where they name a driver. */
static int from_database(char **conninfo, const char *value, const char *where, struct error *err)
{
	if (conninfo_has_driver(value))
		return conninfo_from_url(conninfo, value, where, err);
	*conninfo = mem_copy(value);
	return 0;
}

/* What the engine's manager takes: an SQLAlchemy URL, with a driver or without. */
static int from_db_connect(char **conninfo, const struct settings *settings, struct error *err)
{
	const char *value = settings_text(settings, OPTION_DB_CONNECT);
	const char *where = settings_where(settings, OPTION_DB_CONNECT);
	AUTO(mem_auto_secret) char *plain = NULL;
	int rc = conninfo_is_url(value) ? conninfo_from_url(&plain, value, where, err) : 0;
	if (rc)
		return rc;
	if (!plain)
		plain = mem_copy(value);
	*conninfo = settings_flag(settings, OPTION_DB_USE_SSL) ? conninfo_with_ssl(plain) : mem_take(&plain);
	return 0;
}

static int from_embedded(char **conninfo, const struct settings *settings, struct error *err)
{
	AUTO(embedded_clear) struct embedded embedded = {0};
	int rc = embedded_open(&embedded, settings, err);
	bool started = false;
	if (!rc)
		rc = embedded_start(&embedded, &started, err);
	if (rc)
		return rc;
	if (started)
		log_detail("started the embedded server %s", embedded.name);
	return embedded_connection(conninfo, &embedded, EMBEDDED_ROLE, EMBEDDED_DATABASE, err);
}

/* The setting that names the database; OPTION_COUNT if none does. */
static enum option named_by(const struct settings *settings)
{
	static const enum option order[] = {OPTION_DATABASE, OPTION_EMBEDDED, OPTION_ENGINE_CONFIG};
	enum option best = OPTION_COUNT;
	if (settings_text(settings, OPTION_DB_CONNECT))
		return OPTION_DB_CONNECT;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (!settings_text(settings, order[i]))
			continue;
		if (best == OPTION_COUNT || settings->values[order[i]].source < settings->values[best].source)
			best = order[i];
	}
	return best;
}

bool deployment_is_embedded(const struct settings *settings)
{
	return named_by(settings) == OPTION_EMBEDDED;
}

bool deployment_is_named(const struct settings *settings)
{
	bool named = named_by(settings) != OPTION_COUNT;
	for (size_t i = 0; !named && i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);
		named = value && *value;
	}
	return named;
}

static int from_variables(char **conninfo, char **where, struct error *err)
{
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);
		if (!value || !*value)
			continue;
		*conninfo = mem_copy("");
		*where = mem_copy("PG* variables");
		return 0;
	}
	error_set(err, ERROR_USAGE, "no database is named");
	return error_hint(err, "add `--database URL`, set `database` in anchore-admin.yaml, or make a deployment with "
		"`anchore-admin init DIR`");
}

int deployment_database(char **conninfo, char **where, struct run *run, struct error *err)
{
	const struct settings *settings = &run->settings;
	enum option option = named_by(settings);
	if (option == OPTION_COUNT)
		return from_variables(conninfo, where, err);
	const char *source = settings_where(settings, option);
	const char *value = settings_text(settings, option);
	int rc;
	if (option == OPTION_DB_CONNECT)
		rc = from_db_connect(conninfo, settings, err);
	else if (option == OPTION_DATABASE)
		rc = from_database(conninfo, value, source, err);
	else if (option == OPTION_EMBEDDED)
		rc = from_embedded(conninfo, settings, err);
	else
		rc = engineconfig_conninfo(conninfo, value, err);
	if (!rc)
		*where = mem_copy(source);
	return rc;
}
