#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/proc.h"
#include "io/yaml.h"
#include "io/yaml_tree.h"
#include "work/pin.h"
#include "work/runtime_process.h"
#include "work/services.h"

static const char KEY[] = "engine";

/* What the settings file says about the release. */
struct named {
	bool engine;  /* it has the key */
	bool wanted;  /* a service has ${engine} */
};

static bool has_engine(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (strstr(list->items[i], "${engine}"))
			return true;
	return false;
}

static int look(struct named *out, const char *file, struct error *err)
{
	AUTO(yaml_clear) struct yaml yaml = {0};
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	int rc = yaml_read(&yaml, file, err);
	if (!rc)
		rc = services_parse(&specs, &yaml, err);
	if (rc)
		return rc;
	const struct yaml_entry *entry = yaml_find(&yaml, KEY);
	out->engine = entry && entry->kind == YAML_SCALAR;
	out->wanted = false;
	for (size_t i = 0; i < specs.count; i++)
		out->wanted = out->wanted || has_engine(&specs.items[i].argv) ||
			has_engine(&specs.items[i].environment);
	return 0;
}

static int check_pin(const struct run *run, struct error *err)
{
	const struct setting *setting = &run->settings.values[OPTION_ENGINE];
	const char *file = settings_text(&run->settings, OPTION_CONFIG);
	struct named named;
	int rc = look(&named, file, err);
	if (rc || (!named.engine && !named.wanted))
		return rc;
	if (!named.engine) {
		error_set(err, ERROR_REFUSED,
			"the services are started with ${engine}, and %s does not say which release that is",
			file);
		return error_hint(err, "write `engine: RELEASE` into it");
	}
	if (setting->source == SOURCE_ENVIRONMENT && named.wanted) {
		error_set(err, ERROR_REFUSED, "the release is set by %s, which wins over %s", setting->where, file);
		return error_hint(err, "type `unset %s`, for the supervisor too, so that the file counts",
			setting->where);
	}
	return pin_check(file, settings_flag(&run->settings, OPTION_DEPLOYMENT_GIT), err);
}

int process_check_release(const struct settings *settings, struct error *err)
{
	const struct setting *setting = &settings->values[OPTION_ENGINE];
	const char *file = settings_text(settings, OPTION_CONFIG), *value = NULL;
	AUTO(yaml_clear) struct yaml yaml = {0};
	struct named named;
	struct version one, other;
	if (!file || !setting->value || setting->source > SOURCE_ENVIRONMENT)
		return 0;
	int rc = look(&named, file, err);
	if (!rc)
		rc = yaml_read(&yaml, file, err);
	if (rc || !named.engine || !named.wanted)
		return rc;
	rc = yaml_scalar(&value, &yaml, yaml_find(&yaml, KEY), err);
	if (rc || !value || text_same(value, setting->value) || (version_parse_typed(&one, value) &&
		version_parse_typed(&other, setting->value) && version_same(one, other)))
		return rc;
	error_set(err, ERROR_REFUSED, "%s names release %s, and the supervisor has %s from %s, which wins; end it with "
		"`anchore-admin service stop` and start it without that", file, value, setting->value, setting->where);
	return err->code;
}

int process_repin(struct runtime *runtime, struct version release, const char *what, struct error *err)
{
	const struct settings *settings = &runtime->run->settings;
	const char *file = settings_text(settings, OPTION_CONFIG);
	static const char *const keys[] = {KEY, NULL};
	struct named named;
	int rc = look(&named, file, err);
	if (rc || (!named.engine && !named.wanted))
		return rc;
	AUTO(mem_auto_secret) char *text = NULL;
	AUTO(mem_auto_secret) char *edited = NULL;
	size_t size = 0, edited_size = 0;
	rc = check_pin(runtime->run, err);
	if (!rc)
		rc = file_read(&text, &size, file, err);
	if (!rc)
		rc = yaml_replace(&edited, &edited_size, text, size, keys, VERSION_TEXT(release), file, err);
	if (rc)
		return rc;
	return pin_write(file, edited, edited_size, settings_flag(settings, OPTION_DEPLOYMENT_GIT), release, what, err);
}

static bool can_run(const char *program)
{
	if (strchr(program, '/'))
		return access(program, X_OK) == 0 && !file_is_directory(program);
	AUTO(mem_auto) char *found = proc_find(program);
	return found != NULL;
}

int process_prepare(struct runtime *runtime, struct version release, struct error *err)
{
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	AUTO(list_clear) struct list missing = LIST_INIT;
	int rc = services_read(&specs, NULL, &runtime->run->settings, VERSION_TEXT(release), err);
	if (!rc)
		rc = check_pin(runtime->run, err);
	for (size_t i = 0; !rc && i < specs.count; i++)
		if (!can_run(specs.items[i].argv.items[0]))
			list_addf(&missing, "%s of the service %s", specs.items[i].argv.items[0], specs.items[i].name);
	if (rc || !missing.count)
		return rc;
	AUTO(mem_auto) char *all = list_join(&missing, ", ");
	error_set(err, ERROR_REFUSED, "release %s is not installed: there is no program %s", VERSION_TEXT(release),
		all);
	return error_hint(err, "install the release first, or correct `argv` in %s",
		settings_where(&runtime->run->settings, OPTION_CONFIG));
}
