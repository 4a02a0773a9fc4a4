#include "work/services.h"

#include <string.h>

#include "base/mem.h"
#include "model/version.h"

enum { MOST_ORDER = 1000000, MOST_STOP_TIMEOUT = 86400 };

/* One value of one service. */
struct field {
	const struct yaml *yaml;
	const struct yaml_entry *entry;
	struct service_spec *spec;
};

bool services_key(const char *path)
{
	return strcmp(path, SERVICES_KEY) == 0 || text_starts(path, SERVICES_KEY ".");
}

static int fail(const struct field *field, const char *key, const char *what, struct error *err)
{
	return error_set(err, ERROR_USAGE, "%s line %d: %s of the service %s %s", field->yaml->where,
		field->entry->line, key, field->spec->name, what);
}

/* ---- the keys of one service ---- */

static int take_text(char **out, const struct field *field, const char *key, struct error *err)
{
	const char *value;
	int rc = yaml_scalar(&value, field->yaml, field->entry, err);
	if (rc)
		return rc;
	if (!value || !*value)
		return fail(field, key, "is empty", err);
	mem_replace(out, mem_copy(value));
	return 0;
}

static int take_number(long long *out, const struct field *field, const char *key, long long least, long long most,
	struct error *err)
{
	const char *value;
	int rc = yaml_scalar(&value, field->yaml, field->entry, err);
	if (rc)
		return rc;
	if (!value || !text_to_number(value, least, most, out)) {
		AUTO(mem_auto) char *wants = mem_format("wants a whole number from %lld to %lld", least, most);
		return fail(field, key, wants, err);
	}
	return 0;
}

/* The entries of a list or mapping, which stand behind it. */
static bool inside(const struct yaml_entry *entry, const struct yaml_entry *parent)
{
	size_t size = strlen(parent->path);
	return strncmp(entry->path, parent->path, size) == 0 && entry->path[size] == '.';
}

static const char *last_part(const struct yaml_entry *entry, const struct yaml_entry *parent)
{
	return entry->path + strlen(parent->path) + 1;
}

static int take_argv(const struct field *field, struct error *err)
{
	const struct yaml_entry *end = field->yaml->entries + field->yaml->count;
	if (field->entry->kind != YAML_LIST) {
		fail(field, "argv", "is no list", err);
		return error_hint(err,
			"write the program and its arguments as `argv: [/path/to/program, argument]`; no "
			"shell reads them");
	}
	for (const struct yaml_entry *item = field->entry + 1; item < end && inside(item, field->entry); item++) {
		const char *value;
		int rc = yaml_scalar(&value, field->yaml, item, err);
		if (rc)
			return rc;
		list_add(&field->spec->argv, value ? value : "");
	}
	if (!field->spec->argv.count || !*field->spec->argv.items[0])
		return fail(field, "argv", "is empty", err);
	return 0;
}

static int take_environment(const struct field *field, struct error *err)
{
	const struct yaml_entry *end = field->yaml->entries + field->yaml->count;
	if (field->entry->kind == YAML_NULL)
		return 0;
	if (field->entry->kind != YAML_MAPPING)
		return fail(field, "env", "wants a mapping, as in `env: {NAME: value}`", err);
	for (const struct yaml_entry *item = field->entry + 1; item < end && inside(item, field->entry); item++) {
		const char *value, *name = last_part(item, field->entry);
		int rc = yaml_scalar(&value, field->yaml, item, err);
		if (rc)
			return rc;
		if (!*name || strchr(name, '='))
			return fail(field, "env", "has a name that cannot be a variable's", err);
		list_addf(&field->spec->environment, "%s=%s", name, value ? value : "");
	}
	return 0;
}

static int take_health(const struct field *field, struct error *err)
{
	int rc = take_text(&field->spec->health, field, "health", err);
	if (!rc && !text_starts(field->spec->health, "http://") && !text_starts(field->spec->health, "https://"))
		rc = fail(field, "health", "wants an http:// or https:// address", err);
	return rc;
}

static int unknown_key(const struct field *field, const char *key, struct error *err)
{
	static const char *const keys[] = {"name", "argv", "env", "user", "health", "order", "stop_timeout"};
	const size_t count = sizeof keys / sizeof *keys;
	error_set(err, ERROR_USAGE, "%s line %d: unknown key '%s' of the service %s", field->yaml->where,
		field->entry->line, key, field->spec->name);
	const char *nearest = text_nearest(key, keys, count);
	if (nearest)
		return error_hint(err, "did you mean `%s`?", nearest);
	return error_hint(err, "the keys of a service are name, argv, env, user, health, order and stop_timeout");
}

static int take_key(const struct field *field, const char *key, struct error *err)
{
	struct service_spec *spec = field->spec;
	if (strcmp(key, "name") == 0)
		return 0;
	if (strcmp(key, "argv") == 0)
		return take_argv(field, err);
	if (strcmp(key, "env") == 0)
		return take_environment(field, err);
	if (strcmp(key, "user") == 0)
		return take_text(&spec->user, field, key, err);
	if (strcmp(key, "health") == 0)
		return take_health(field, err);
	if (strcmp(key, "order") == 0)
		return take_number(&spec->order, field, key, 0, MOST_ORDER, err);
	if (strcmp(key, "stop_timeout") == 0)
		return take_number(&spec->stop_timeout, field, key, 0, MOST_STOP_TIMEOUT, err);
	return unknown_key(field, key, err);
}

/* ---- the list ---- */

static int take_name(char **out, const struct service_specs *specs, const struct yaml *yaml,
	const struct yaml_entry *item, struct error *err)
{
	AUTO(mem_auto) char *path = mem_format("%s.name", item->path);
	const struct yaml_entry *entry = item->kind == YAML_MAPPING ? yaml_find(yaml, path) : NULL;
	const char *name = NULL;
	int rc = entry ? yaml_scalar(&name, yaml, entry, err) : 0;
	if (rc)
		return rc;
	if (!name) {
		error_set(err, ERROR_USAGE, "%s line %d: a service has no name", yaml->where, item->line);
		return error_hint(err, "write each as `- name: catalog` with `argv: [/path/to/program]` below");
	}
	if (!service_name_valid(name)) {
		error_set(err, ERROR_USAGE, "%s line %d: '%s' cannot be a service's name", yaml->where, entry->line,
			name);
		return error_hint(err,
			"use letters, digits, dot, dash and underscore, 40 at most, as in `name: catalog`");
	}
	if (service_specs_find(specs, name))
		return error_set(err, ERROR_USAGE, "%s line %d: there are two services %s", yaml->where, entry->line,
			name);
	*out = mem_copy(name);
	return 0;
}

static int parse_one(struct service_specs *specs, const struct yaml *yaml, const struct yaml_entry *item,
	struct error *err)
{
	const struct yaml_entry *end = yaml->entries + yaml->count;
	char *name = NULL;
	int rc = take_name(&name, specs, yaml, item, err);
	if (rc)
		return rc;
	struct service_spec *spec = service_specs_add(specs, name);
	spec->line = item->line;
	for (const struct yaml_entry *entry = item + 1; !rc && entry < end && inside(entry, item); entry++) {
		const char *key = last_part(entry, item);
		const struct field field = {yaml, entry, spec};
		if (!strchr(key, '.') || (!text_starts(key, "env.") && !text_starts(key, "argv.")))
			rc = take_key(&field, key, err);
	}
	if (!rc && !spec->argv.count) {
		error_set(err, ERROR_USAGE, "%s line %d: the service %s has no argv", yaml->where, item->line,
			spec->name);
		return error_hint(err, "name its program: `argv: [/path/to/program, argument]`");
	}
	return rc;
}

int services_parse(struct service_specs *out, const struct yaml *yaml, struct error *err)
{
	const struct yaml_entry *top = yaml_find(yaml, SERVICES_KEY), *end = yaml->entries + yaml->count;
	if (!top || top->kind == YAML_NULL)
		return 0;
	if (top->kind != YAML_LIST) {
		error_set(err, ERROR_USAGE, "%s line %d: services is no list", yaml->where, top->line);
		return error_hint(err, "begin each service with a dash: `- name: catalog`");
	}
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	int rc = 0;
	for (const struct yaml_entry *item = top + 1; !rc && item < end && inside(item, top); item++)
		if (!strchr(last_part(item, top), '.'))
			rc = parse_one(&specs, yaml, item, err);
	if (!rc && specs.count > SERVICE_MOST)
		rc = error_set(err, ERROR_USAGE, "%s line %d: there are more than %d services", yaml->where, top->line,
			SERVICE_MOST);
	if (rc)
		return rc;
	service_specs_sort(&specs);
	*out = specs;
	specs = (struct service_specs){NULL, 0};
	return 0;
}

/* ---- ready for use ---- */

static int expand_list(struct list *list, const char *release, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < list->count; i++) {
		char *expanded = NULL;
		rc = service_expand(&expanded, list->items[i], release, err);
		if (!rc)
			mem_replace(&list->items[i], expanded);
	}
	return rc;
}

static int expand(struct service_specs *specs, const char *file, const char *release, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < specs->count; i++) {
		struct service_spec *spec = &specs->items[i];
		rc = expand_list(&spec->argv, release, err);
		if (!rc)
			rc = expand_list(&spec->environment, release, err);
		if (rc)
			error_context(err, "%s line %d: service %s", file, spec->line, spec->name);
	}
	return rc;
}

int services_read(struct service_specs *out, char **where, const struct settings *settings, const char *release,
	struct error *err)
{
	const char *file = settings_text(settings, OPTION_CONFIG), *engine = settings_text(settings, OPTION_ENGINE);
	if (where)
		*where = NULL;
	if (!file)
		return 0;
	AUTO(yaml_clear) struct yaml yaml = {0};
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	int rc = yaml_read(&yaml, file, err);
	if (!rc)
		rc = services_parse(&specs, &yaml, err);
	/* "v0.2.4" and "0.2.4" are the same release, and the folder has one name. */
	struct version version;
	AUTO(mem_auto) char *plain = NULL;
	if (!release && engine)
		plain = mem_copy(version_parse_typed(&version, engine) ? VERSION_TEXT(version) : engine);
	if (!rc)
		rc = expand(&specs, file, release ? release : plain, err);
	if (rc)
		return rc;
	if (where && specs.count)
		*where = mem_format("%s line %d", file, yaml_find(&yaml, SERVICES_KEY)->line);
	*out = specs;
	specs = (struct service_specs){NULL, 0};
	return 0;
}

int services_unknown(const struct list *names, const char *name, struct error *err)
{
	AUTO(mem_auto) char *all = list_join(names, ", ");
	error_set(err, ERROR_USAGE, "there is no service %s", name);
	return error_hint(err, "the services are %s; `anchore-admin service list` shows them", *all ? all : "none");
}
