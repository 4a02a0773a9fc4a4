#include "model/settings.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { MOST_SECONDS = 2000000000 };

void settings_init(struct settings *settings)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		settings->values[i] = (struct setting){NULL, SOURCE_UNSET, NULL};
}

void settings_clear(struct settings *settings)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		/* The database's value may hold a password. */
		mem_free_secret(settings->values[i].value);
		mem_free(settings->values[i].where);
	}
	settings_init(settings);
}

char *settings_key(enum option option)
{
	char *key = mem_copy(option_table[option].name);
	for (char *at = key; *at; at++)
		if (*at == '-')
			*at = '_';
	return key;
}

char *settings_variable(enum option option)
{
	char *variable = mem_format("ANCHORE_ADMIN_%s", option_table[option].name);
	for (char *at = variable; *at; at++)
		*at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	return variable;
}

/* Seconds of "30s", "5m", "24h", "7d" or "30". */
static bool read_duration(const char *text, long long *seconds)
{
	static const struct {
		char letter;
		long long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t size = strlen(text);
	long long unit = 1;
	AUTO(mem_auto) char *number = mem_copy(text);
	for (size_t i = 0; size && i < sizeof units / sizeof *units; i++) {
		if (text[size - 1] != units[i].letter)
			continue;
		unit = units[i].seconds;
		number[size - 1] = '\0';
	}
	long long count;
	if (!text_to_number(number, 0, MOST_SECONDS / unit, &count))
		return false;
	*seconds = count * unit;
	return true;
}

static bool read_flag(const char *text, bool *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "0", "1", "off", "on"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	}
	return false;
}

/* "--store", or "/x/anchore-admin.yaml line 3: store". */
static char *full_name(enum option option, enum settings_source source, const char *where)
{
	if (source != SOURCE_FILE)
		return mem_copy(where);
	AUTO(mem_auto) char *key = settings_key(option);
	return mem_format("%s: %s", where, key);
}

static int wants(enum option option, enum settings_source source, const char *where, const char *what,
	const char *value, struct error *err)
{
	AUTO(mem_auto) char *name = full_name(option, source, where);
	if (!*value)
		return error_set(err, ERROR_USAGE, "%s is empty and wants %s", name, what);
	return error_set(err, ERROR_USAGE, "%s wants %s, not '%s'", name, what, value);
}

static bool read_number(const struct option_entry *entry, const char *text, long long *number)
{
	if (entry->prefix && !text_starts(text, entry->prefix))
		return false;
	return text_to_number(text + (entry->prefix ? strlen(entry->prefix) : 0), entry->least, entry->most, number);
}

/* The value as it is kept; owned. */
static int check(char **out, enum option option, const char *value, enum settings_source source, const char *where,
	const char *directory, struct error *err)
{
	const struct option_entry *entry = &option_table[option];
	long long number;
	bool flag = true;
	AUTO(mem_auto) char *range = entry->prefix ?
		mem_format("%s%lld to %s%lld", entry->prefix, entry->least, entry->prefix, entry->most) :
		mem_format("a whole number from %lld to %lld", entry->least, entry->most);
	switch (entry->kind) {
	case OPTION_IS_FLAG:
		if (value && !read_flag(value, &flag))
			return wants(option, source, where, "true or false", value, err);
		*out = mem_copy(flag ? "true" : "false");
		return 0;
	case OPTION_IS_NUMBER:
		if (!value || !read_number(entry, value, &number))
			return wants(option, source, where, range, value ? value : "", err);
		break;
	case OPTION_IS_DURATION:
		if (!value || (*value && !read_duration(value, &number)))
			return wants(option, source, where, "a time such as 90m, 24h or 7d", value ? value : "", err);
		break;
	case OPTION_IS_OPTIONAL:
		*out = mem_copy(value ? value : "");
		return 0;
	case OPTION_IS_TEXT:
	case OPTION_IS_PATH:
		if (!value || !*value)
			return wants(option, source, where, entry->argument, "", err);
		break;
	}
	if (entry->kind == OPTION_IS_PATH && directory && value[0] != '/')
		*out = mem_format("%s/%s", directory, value);
	else
		*out = mem_copy(value);
	return 0;
}

int settings_set(struct settings *settings, enum option option, const char *value, enum settings_source source,
	const char *where, const char *directory, struct error *err)
{
	AUTO(mem_auto) char *kept = NULL;
	int rc = check(&kept, option, value, source, where, directory, err);
	if (rc)
		return rc;
	struct setting *setting = &settings->values[option];
	if (setting->source < source)
		return 0;
	mem_free_secret(setting->value);
	setting->value = mem_take(&kept);
	setting->source = source;
	mem_replace(&setting->where, mem_copy(where));
	return 0;
}

void settings_set_defaults(struct settings *settings)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (settings->values[i].value || !option_table[i].fallback)
			continue;
		settings->values[i] =
			(struct setting){mem_copy(option_table[i].fallback), SOURCE_DEFAULT, mem_copy("default")};
	}
}

/* `upgrade: {at_launch: auto}` is `upgrade_at_launch: auto`. */
static char *flat_key(const char *key)
{
	char *flat = mem_copy(key);
	for (char *at = flat; *at; at++)
		if (*at == '.')
			*at = '_';
	return flat;
}

bool settings_is_group(const char *key)
{
	AUTO(mem_auto) char *flat = flat_key(key);
	AUTO(mem_auto) char *prefix = mem_format("%s_", flat);
	bool group = false;
	for (int i = 0; i < OPTION_COUNT; i++) {
		AUTO(mem_auto) char *known = settings_key((enum option)i);
		if (!option_table[i].in_file)
			continue;
		if (strcmp(known, flat) == 0)
			return false;
		group = group || text_starts(known, prefix);
	}
	return group;
}

int settings_find_key(enum option *out, const char *key, const char *where, struct error *err)
{
	AUTO(list_clear) struct list keys = LIST_INIT;
	AUTO(mem_auto) char *flat = flat_key(key);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!option_table[i].in_file)
			continue;
		AUTO(mem_auto) char *known = settings_key((enum option)i);
		if (strcmp(known, flat) == 0) {
			*out = (enum option)i;
			return 0;
		}
		list_add(&keys, known);
	}
	error_set(err, ERROR_USAGE, "%s: unknown key '%s'", where, key);
	const char *nearest = text_nearest(key, (const char *const *)keys.items, keys.count);
	if (nearest)
		return error_hint(err, "did you mean `%s`?", nearest);
	AUTO(mem_auto) char *all = list_join(&keys, ", ");
	return error_hint(err, "the keys are %s", all);
}

const char *settings_text(const struct settings *settings, enum option option)
{
	return settings->values[option].value;
}

bool settings_flag(const struct settings *settings, enum option option)
{
	const char *value = settings->values[option].value;
	return value && (option_table[option].kind == OPTION_IS_OPTIONAL || strcmp(value, "true") == 0);
}

bool settings_given(const struct settings *settings, enum option option)
{
	return settings->values[option].source < SOURCE_DEFAULT;
}

long long settings_number(const struct settings *settings, enum option option)
{
	const char *value = settings->values[option].value;
	long long number = 0;
	if (value && option_table[option].kind == OPTION_IS_DURATION)
		return read_duration(value, &number) ? number : 0;
	if (value && option_table[option].kind == OPTION_IS_NUMBER)
		read_number(&option_table[option], value, &number);
	return number;
}

const char *settings_where(const struct settings *settings, enum option option)
{
	return settings->values[option].where;
}
