#include "work/sources.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/yaml.h"
#include "model/conninfo.h"
#include "work/services.h"

static const char SYSTEM_FILE[] = "/etc/anchore-admin/" SOURCES_FILE;

int sources_environment(struct settings *settings, const char *directory, struct error *err)
{
	int rc = 0;
	for (int i = 0; !rc && i < OPTION_COUNT; i++) {
		enum option option = (enum option)i;
		if (!option_table[i].in_environment)
			continue;
		AUTO(mem_auto) char *variable = settings_variable(option);
		const char *value = getenv(variable);
		if (value && *value)
			rc = settings_set(settings, option, value, SOURCE_ENVIRONMENT, variable, directory, err);
		if (rc)
			error_hint(err, "correct the variable, or `unset %s`", variable);
	}
	return rc;
}

static int set_entry(struct settings *settings, const struct yaml *yaml, const struct yaml_entry *entry,
	const char *directory, struct error *err)
{
	AUTO(mem_auto) char *where = mem_format("%s line %d", yaml->where, entry->line);
	enum option option;
	if (entry->kind == YAML_MAPPING && settings_is_group(entry->path))
		return 0;
	int rc = settings_find_key(&option, entry->path, where, err);
	if (rc)
		return rc;
	const char *value;
	rc = yaml_scalar(&value, yaml, entry, err);
	/* `key:` without a value is what a template leaves: not set. */
	if (rc || !value)
		return rc;
	return settings_set(settings, option, value, SOURCE_FILE, where, directory, err);
}

/* A password that everyone on the machine may read. */
static void warn_open(const struct settings *settings, const char *path)
{
	struct stat status;
	const struct setting *database = &settings->values[OPTION_DATABASE];
	if (!database->value || database->source != SOURCE_FILE || stat(path, &status) != 0 || !(status.st_mode & 0004))
		return;
	AUTO(mem_auto) char *shown = conninfo_redact(database->value);
	if (strcmp(shown, database->value) != 0)
		log_warn("%s holds a password and can be read by everyone: `chmod 600 %s`", path, path);
}

static int read_settings(struct settings *settings, const char *path, struct error *err)
{
	AUTO(yaml_clear) struct yaml yaml = {0};
	int rc = yaml_read(&yaml, path, err);
	if (rc)
		return err->hint ? rc
				 : error_hint(err, "correct the settings file, or name another with `--config FILE`");
	AUTO(mem_auto) char *directory = path_directory(path);
	/* The services are looked at now, so that a mistake in them is found by whichever command comes first. */
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	rc = services_parse(&specs, &yaml, err);
	for (size_t i = 0; !rc && i < yaml.count; i++)
		if (!services_key(yaml.entries[i].path))
			rc = set_entry(settings, &yaml, &yaml.entries[i], directory, err);
	if (rc)
		return err->hint ? rc : error_hint(err, "correct the line; anchore-admin.yaml(5) describes every key");
	warn_open(settings, path);
	return 0;
}

int sources_file(struct settings *settings, const char *directory, struct error *err)
{
	const char *named = settings_text(settings, OPTION_CONFIG);
	if (named) {
		AUTO(mem_auto) char *copy = mem_copy(named);
		return read_settings(settings, copy, err);
	}
	AUTO(mem_auto) char *here = path_join(directory, SOURCES_FILE);
	const char *found = access(here, F_OK) == 0 ? here : access(SYSTEM_FILE, F_OK) == 0 ? SYSTEM_FILE : NULL;
	if (!found)
		return 0;
	int rc = settings_set(settings, OPTION_CONFIG, found, SOURCE_DEFAULT, "default", NULL, err);
	return rc ? rc : read_settings(settings, found, err);
}

int sources_defaults(struct settings *settings, struct error *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long most = (long)option_table[OPTION_JOBS].most;
	AUTO(mem_auto) char *jobs = mem_format("%ld", processors < 1 ? 1 : processors > most ? most : processors);
	settings_set_defaults(settings);
	return settings_set(settings, OPTION_JOBS, jobs, SOURCE_DEFAULT, "the number of processors", NULL, err);
}
