#include "work/engineconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/yaml.h"
#include "model/conninfo.h"

static const char CONNECT[] = "credentials.database.db_connect";
static const char *const ADMIN_PASSWORD[] = {"credentials.users.admin.password", "default_admin_password"};
static const char ARGUMENTS[] = "credentials.database.db_connect_args.";

static const char *from_environment(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

/* The value of an entry with its variables replaced; owned, NULL for null. */
static int expanded(char **out, const struct yaml *yaml, const struct yaml_entry *entry, struct error *err)
{
	const char *value;
	int rc = yaml_scalar(&value, yaml, entry, err);
	if (rc || !value)
		return rc;
	AUTO(mem_auto) char *where = mem_format("%s line %d", yaml->where, entry->line);
	return conninfo_expand(out, value, from_environment, NULL, where, err);
}

static int add_arguments(struct text *conninfo, const struct yaml *yaml, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < yaml->count; i++) {
		const struct yaml_entry *entry = &yaml->entries[i];
		if (!text_starts(entry->path, ARGUMENTS))
			continue;
		AUTO(mem_auto_secret) char *value = NULL;
		rc = expanded(&value, yaml, entry, err);
		if (rc || !value)
			continue;
		AUTO(mem_auto) char *where = mem_format("%s line %d", yaml->where, entry->line);
		rc = conninfo_add_argument(conninfo, entry->path + strlen(ARGUMENTS), value, where, err);
	}
	return rc;
}

static int read_config(char **conninfo, const char *path, struct error *err)
{
	AUTO(yaml_clear) struct yaml yaml = {0};
	int rc = yaml_read(&yaml, path, err);
	if (rc)
		return rc;
	const struct yaml_entry *entry = yaml_find(&yaml, CONNECT);
	if (!entry)
		return error_set(err, ERROR_USAGE, "%s has no %s", path, CONNECT);
	AUTO(mem_auto_secret) char *url = NULL;
	rc = expanded(&url, &yaml, entry, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *where = mem_format("%s line %d: db_connect", path, entry->line);
	if (!url || !*url)
		return error_set(err, ERROR_USAGE, "%s is empty", where);
	AUTO(mem_auto_secret) char *base = NULL;
	rc = conninfo_from_url(&base, url, where, err);
	if (rc)
		return rc;
	struct text text = TEXT_INIT;
	text_add(&text, base);
	rc = add_arguments(&text, &yaml, err);
	AUTO(mem_auto_secret) char *whole = text_take(&text);
	if (!rc)
		*conninfo = mem_take(&whole);
	return rc;
}

int engineconfig_conninfo(char **conninfo, const char *path, struct error *err)
{
	int rc = read_config(conninfo, path, err);
	if (rc && !err->hint)
		error_hint(err, "correct the engine's configuration, or name the database with `--database`");
	return rc;
}

int engineconfig_admin_password(char **password, const char *path, struct error *err)
{
	AUTO(yaml_clear) struct yaml yaml = {0};
	AUTO(mem_auto_secret) char *value = NULL;
	int rc = yaml_read(&yaml, path, err);
	for (size_t i = 0; !rc && !value && i < sizeof ADMIN_PASSWORD / sizeof *ADMIN_PASSWORD; i++) {
		const struct yaml_entry *entry = yaml_find(&yaml, ADMIN_PASSWORD[i]);
		rc = entry ? expanded(&value, &yaml, entry, err) : 0;
	}
	if (!rc && value && *value)
		*password = mem_take(&value);
	return rc;
}
