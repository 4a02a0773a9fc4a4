#include "command/parse.h"

#include <string.h>

#include "base/mem.h"
#include "model/conninfo.h"

/* Where the parser is. */
struct scan {
	struct settings *settings;
	int argc, next;
	char *const *argv;
	const char *directory;
	struct list words;
};

void parse_clear(struct parse *parse)
{
	mem_free(parse->group);
	list_clear(&parse->arguments);
	*parse = (struct parse){0};
}

bool command_takes(const struct command *command, enum option option)
{
	if (option_table[option].everywhere)
		return true;
	for (int i = 0; i < COMMAND_MOST_OPTIONS && command->options[i] != OPTION_COUNT; i++)
		if (command->options[i] == option)
			return true;
	return false;
}

static bool command_is_group(const struct command *table, const char *name)
{
	size_t size = strlen(name);
	for (; table->name; table++)
		if (strncmp(table->name, name, size) == 0 && table->name[size] == ' ')
			return true;
	return false;
}

static const struct command *command_find(const struct command *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static int unknown_option(const char *name, struct error *err)
{
	const char *names[OPTION_COUNT];
	for (int i = 0; i < OPTION_COUNT; i++)
		names[i] = option_table[i].name;
	error_set(err, ERROR_USAGE, "unknown option --%s", name);
	const char *nearest = text_nearest(name, names, OPTION_COUNT);
	if (nearest)
		return error_hint(err, "did you mean `--%s`? See `anchore-admin --help`", nearest);
	return error_hint(err, "see `anchore-admin --help`");
}

static int set(struct scan *scan, enum option option, const char *value, struct error *err)
{
	AUTO(mem_auto) char *where = mem_format("--%s", option_table[option].name);
	int rc = settings_set(scan->settings, option, value, SOURCE_COMMAND_LINE, where, scan->directory, err);
	return rc ? error_hint(err, "see `anchore-admin --help`") : 0;
}

/* The next word of the command line, for an option that wants a value. */
static int take_value(const char **value, struct scan *scan, enum option option, struct error *err)
{
	if (scan->next >= scan->argc) {
		const struct option_entry *entry = &option_table[option];
		error_set(err, ERROR_USAGE, "--%s wants a value", entry->name);
		return error_hint(err, "add it: `--%s %s`", entry->name, entry->argument);
	}
	*value = scan->argv[scan->next++];
	return 0;
}

static bool wants_value(enum option option)
{
	return option_table[option].kind != OPTION_IS_FLAG && option_table[option].kind != OPTION_IS_OPTIONAL;
}

/* word without its two dashes */
static int scan_long(struct scan *scan, const char *word, struct error *err)
{
	size_t size = strcspn(word, "=");
	AUTO(mem_auto) char *name = mem_copy_bytes(word, size);
	const char *value = word[size] == '=' ? word + size + 1 : NULL;
	int option = 0;
	while (option < OPTION_COUNT && strcmp(option_table[option].name, name) != 0)
		option++;
	if (option == OPTION_COUNT)
		return unknown_option(name, err);
	if (value && option_table[option].kind == OPTION_IS_FLAG) {
		error_set(err, ERROR_USAGE, "--%s takes no value", name);
		return error_hint(err, "type `--%s` alone", name);
	}
	if (!value && wants_value((enum option)option)) {
		int rc = take_value(&value, scan, (enum option)option, err);
		if (rc)
			return rc;
	}
	return set(scan, (enum option)option, value, err);
}

/* word without its dash */
static int scan_short(struct scan *scan, const char *word, struct error *err)
{
	for (; *word; word++) {
		int option = 0;
		while (option < OPTION_COUNT && option_table[option].letter != *word)
			option++;
		if (option == OPTION_COUNT) {
			error_set(err, ERROR_USAGE, "unknown option -%c", *word);
			return error_hint(err, "see `anchore-admin --help`");
		}
		const char *value = NULL;
		bool valued = wants_value((enum option)option);
		if (valued && word[1])
			value = word + 1;
		else if (valued) {
			int rc = take_value(&value, scan, (enum option)option, err);
			if (rc)
				return rc;
		}
		int rc = set(scan, (enum option)option, value, err);
		if (rc || valued)
			return rc;
	}
	return 0;
}

/* No command takes an address here, and the error about it would show its password. */
static int add_word(struct scan *scan, const char *word, struct error *err)
{
	if (conninfo_is_url(word)) {
		error_set(err, ERROR_USAGE, "the address of a database stands where a command or its argument belongs");
		return error_hint(err, "write it as `--database URL`");
	}
	list_add(&scan->words, word);
	return 0;
}

static int scan_words(struct scan *scan, struct error *err)
{
	while (scan->next < scan->argc) {
		const char *word = scan->argv[scan->next++];
		int rc = 0;
		if (strcmp(word, "--") == 0) {
			while (!rc && scan->next < scan->argc)
				rc = add_word(scan, scan->argv[scan->next++], err);
		} else if (text_starts(word, "--")) {
			rc = scan_long(scan, word + 2, err);
		} else if (word[0] == '-' && word[1]) {
			rc = scan_short(scan, word + 1, err);
		} else {
			rc = add_word(scan, word, err);
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* The names that start with group and a space, or all first words when group is NULL. */
static void add_names(struct list *names, const struct command *table, const char *group)
{
	size_t size = group ? strlen(group) : 0;
	for (; table->name; table++) {
		if (group && (strncmp(table->name, group, size) != 0 || table->name[size] != ' '))
			continue;
		const char *start = group ? table->name + size + 1 : table->name;
		AUTO(mem_auto) char *word = mem_copy_bytes(start, strcspn(start, " "));
		if (!list_has(names, word))
			list_add(names, word);
	}
}

static int unknown_command(const struct command *table, const char *group, const char *word, struct error *err)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	add_names(&names, table, group);
	const char *nearest = text_nearest(word, (const char *const *)names.items, names.count);
	AUTO(mem_auto) char *before = group ? mem_format("%s ", group) : mem_copy("");
	error_set(err, ERROR_USAGE, "unknown command '%s%s'", before, word);
	if (nearest)
		return error_hint(
			err, "did you mean `anchore-admin %s%s`? See `anchore-admin --help`", before, nearest);
	return error_hint(err, "see `anchore-admin --help`");
}

static int missing_command(const struct command *table, const char *group, struct error *err)
{
	if (!group) {
		error_set(err, ERROR_USAGE, "no command is given");
		return error_hint(err, "see `anchore-admin --help`");
	}
	AUTO(list_clear) struct list names = LIST_INIT;
	add_names(&names, table, group);
	AUTO(mem_auto) char *all = list_join(&names, ", ");
	error_set(err, ERROR_USAGE, "'%s' wants one of: %s", group, all);
	return error_hint(err, "see `anchore-admin %s --help`", group);
}

/* Finds the command in words and moves what follows it to the arguments. */
static int find_command(struct parse *parse, const struct scan *scan, const struct command *table, bool help,
	struct error *err)
{
	const struct list *words = &scan->words;
	size_t used = 0;
	/* `help backup` is `backup --help` */
	if (words->count > 0 && strcmp(words->items[0], "help") == 0)
		used = 1;
	const char *first = words->count > used ? words->items[used] : NULL;
	bool group = first && command_is_group(table, first);
	const char *second = group && words->count > used + 1 ? words->items[used + 1] : NULL;
	if (group && !second && help)
		parse->group = mem_copy(first);
	if (!first || (group && !second))
		return help ? 0 : missing_command(table, first, err);
	AUTO(mem_auto) char *name = group ? mem_format("%s %s", first, second) : mem_copy(first);
	parse->command = command_find(table, name);
	if (!parse->command)
		return unknown_command(table, group ? first : NULL, group ? second : first, err);
	for (size_t i = used + (group ? 2 : 1); i < words->count; i++)
		list_add(&parse->arguments, words->items[i]);
	return 0;
}

static int check_options(const struct command *command, const struct settings *settings,
	const struct command *table, struct error *err)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum option option = (enum option)i;
		if (settings->values[i].source != SOURCE_COMMAND_LINE || command_takes(command, option))
			continue;
		AUTO(list_clear) struct list takers = LIST_INIT;
		for (const struct command *other = table; other->name; other++)
			if (command_takes(other, option))
				list_addf(&takers, "`%s`", other->name);
		AUTO(mem_auto) char *all = list_join(&takers, ", ");
		error_set(err, ERROR_USAGE, "'%s' does not take --%s", command->name, option_table[i].name);
		return error_hint(err, "--%s belongs to %s", option_table[i].name, all);
	}
	return 0;
}

static int check_arguments(const struct command *command, const struct list *arguments, struct error *err)
{
	int count = (int)arguments->count;
	const char *wanted = command->arguments ? command->arguments : "";
	if (count < command->least)
		error_set(err, ERROR_USAGE, "'%s' wants %s", command->name, wanted);
	else if (command->most >= 0 && count > command->most)
		error_set(err, ERROR_USAGE, "'%s' does not know what to do with '%s'", command->name,
			arguments->items[command->most]);
	else
		return 0;
	return error_hint(err, "type `anchore-admin %s%s%s`", command->name, *wanted ? " " : "", wanted);
}

static void scan_clear(struct scan *scan)
{
	list_clear(&scan->words);
}

int parse_command_line(struct parse *out, struct settings *settings, const struct command *table, int argc,
	char *const *argv, const char *directory, struct error *err)
{
	AUTO(scan_clear) struct scan scan = {settings, argc, 1, argv, directory, LIST_INIT};
	AUTO(parse_clear) struct parse parse = {0};
	int rc = scan_words(&scan, err);
	if (rc)
		return rc;
	bool help_word = scan.words.count > 0 && strcmp(scan.words.items[0], "help") == 0;
	if (help_word)
		rc = set(&scan, OPTION_HELP, NULL, err);
	bool help = settings_flag(settings, OPTION_HELP) || settings_flag(settings, OPTION_VERSION);
	if (!rc)
		rc = find_command(&parse, &scan, table, help, err);
	if (!rc && parse.command && !help)
		rc = check_options(parse.command, settings, table, err);
	if (!rc && parse.command && !help)
		rc = check_arguments(parse.command, &parse.arguments, err);
	if (rc)
		return rc;
	*out = parse;
	parse = (struct parse){0};
	return 0;
}
