#include "command/help.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "command/parse.h"
#include "io/db.h"

/* "-j, --jobs N", "    --dry-run[=sql]"; owned */
static char *option_form(enum option option)
{
	const struct option_entry *entry = &option_table[option];
	AUTO(text_clear) struct text form = TEXT_INIT;
	if (entry->letter)
		text_addf(&form, "-%c, ", entry->letter);
	else
		text_add(&form, "    ");
	text_addf(&form, "--%s", entry->name);
	if (entry->kind == OPTION_IS_OPTIONAL)
		text_addf(&form, "[=%s]", entry->argument);
	else if (entry->argument)
		text_addf(&form, " %s", entry->argument);
	return text_take(&form);
}

/* " [ANCHORE_ADMIN_JOBS, jobs:]"; owned, "" where there is neither */
static char *option_sources(enum option option)
{
	const struct option_entry *entry = &option_table[option];
	if (!entry->in_environment)
		return mem_copy("");
	AUTO(mem_auto) char *variable = settings_variable(option);
	AUTO(mem_auto) char *key = settings_key(option);
	if (!entry->in_file)
		return mem_format("[%s]", variable);
	return mem_format("[%s; %s:]", variable, key);
}

static void show_option(FILE *out, enum option option)
{
	enum { WIDTH = 32 };
	const struct option_entry *entry = &option_table[option];
	AUTO(mem_auto) char *form = option_form(option);
	AUTO(mem_auto) char *sources = option_sources(option);
	fprintf(out, "  %-*s  %s", WIDTH, form, entry->help);
	if (entry->fallback)
		fprintf(out, " (default %s)", entry->fallback);
	fputc('\n', out);
	if (*sources)
		fprintf(out, "  %-*s  %s\n", WIDTH, "", sources);
}

static void show_own_options(FILE *out, const struct command *command)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (!option_table[i].everywhere && command_takes(command, (enum option)i))
			show_option(out, (enum option)i);
}

static void show_common_options(FILE *out)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].everywhere)
			show_option(out, (enum option)i);
}

static bool has_own_options(const struct command *command)
{
	return command->options[0] != OPTION_COUNT;
}

static void show_command_line(FILE *out, const struct command *command)
{
	enum { WIDTH = 30 };
	AUTO(mem_auto) char *line = mem_format("%s%s%s", command->name, command->arguments ? " " : "",
		command->arguments ? command->arguments : "");
	/* The width is in bytes, the ellipsis has three. */
	int extra = strstr(line, "…") ? 2 : 0;
	fprintf(out, "  %-*s  %s\n", WIDTH + extra, line, command->summary);
}

void help_overview(FILE *out, const struct command *table, bool all)
{
	fputs("Usage: anchore-admin [OPTION …] COMMAND [ARGUMENT …]\n"
		"Backs up, upgrades, restores and downgrades the database of an Anchore Engine.\n\nCommands:\n", out);
	for (const struct command *command = table; command->name; command++)
		show_command_line(out, command);
	fputs("\nOptions of every command:\n", out);
	show_common_options(out);
	for (const struct command *command = table; all && command->name; command++) {
		if (!has_own_options(command))
			continue;
		fprintf(out, "\nOptions of `%s`:\n", command->name);
		show_own_options(out, command);
	}
	fputs("\nAn option may be set in the environment and in the settings file where it says [VARIABLE; key:].\n",
		out);
	if (!all)
		fputs("`anchore-admin COMMAND --help` shows a command's own options, `anchore-admin --help --verbose` "
			"all.\n", out);
}

void help_group(FILE *out, const struct command *table, const char *group)
{
	fprintf(out, "Usage: anchore-admin %s COMMAND [OPTION …]\n\nCommands:\n", group);
	size_t size = strlen(group);
	for (const struct command *command = table; command->name; command++)
		if (strncmp(command->name, group, size) == 0 && command->name[size] == ' ')
			show_command_line(out, command);
}

void help_command(FILE *out, const struct command *command, bool all)
{
	fprintf(out, "Usage: anchore-admin %s%s%s%s\n", command->name, has_own_options(command) ? " [OPTION …]" : "",
		command->arguments ? " " : "", command->arguments ? command->arguments : "");
	fprintf(out, "%c%s.\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
	if (has_own_options(command)) {
		fputs("\nOptions:\n", out);
		show_own_options(out, command);
	}
	fputs("\nOptions of every command:\n", out);
	if (all) {
		show_common_options(out);
		return;
	}
	AUTO(text_clear) struct text line = TEXT_INIT;
	text_add(&line, " ");
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!option_table[i].everywhere)
			continue;
		if (line.size + strlen(option_table[i].name) > 92) {
			fprintf(out, "%s\n", line.data);
			line.size = 0;
			text_add(&line, " ");
		}
		text_addf(&line, " --%s", option_table[i].name);
	}
	fprintf(out, "%s\n`anchore-admin --help` describes them.\n", line.data);
}

void help_version(FILE *out)
{
	AUTO(mem_auto) char *library = db_library_version();
	fprintf(out, "anchore-admin %s\nlibpq %s\n", PACKAGE_VERSION, library);
}
