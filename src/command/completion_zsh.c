/* The script for zsh: a list of what _arguments wants for each option and command, made from the tables, and the
 * function that picks what fits the line. */
#include <string.h>

#include "base/mem.h"
#include "command/completion.h"
#include "command/parse.h"

static const char head[] =
	"#compdef anchore-admin\n"
	"# zsh completion for anchore-admin, made by `anchore-admin completion zsh`\n";

static const char engine[] =
	"# What the program itself knows; `site` names the deployment, as far as the line does.\n"
	"_anchore_admin_ask() {\n"
	"\ttimeout 5 ${~program} $site \"$@\" 2>/dev/null </dev/null\n"
	"}\n"
	"\n"
	"_anchore_admin_versions() {\n"
	"\tlocal -a found\n"
	"\tfound=(${(f)\"$(_anchore_admin_ask graph show --json |\n"
	"\t\tsed -nE 's/^ *(\"version\": )?\"([0-9]+(\\.[0-9]+)+)\",?$/\\2/p')\"})\n"
	"\tcompadd -a found\n"
	"}\n"
	"\n"
	"_anchore_admin_snapshots() {\n"
	"\tlocal -a found\n"
	"\tfound=(latest oldest ${(f)\"$(_anchore_admin_ask snapshot list | sed -nE 's/^([0-9a-f]{12}) .*/\\1/p')\"})\n"
	"\tcompadd -a found || _files\n"
	"}\n"
	"\n"
	"_anchore_admin_services() {\n"
	"\tlocal -a found\n"
	"\tfound=(${(f)\"$(_anchore_admin_ask service list)\"})\n"
	"\tcompadd -a found\n"
	"}\n"
	"\n"
	"_anchore_admin_next_words() {\n"
	"\tlocal -a found\n"
	"\t_anchore_admin_words \"$group\"\n"
	"\t_describe -t commands command found\n"
	"}\n"
	"\n"
	"# The words before the cursor: which command, how many words it has, and where the deployment is.\n"
	"_anchore_admin_read() {\n"
	"\tlocal word option ended\n"
	"\tfor word in ${words[2,CURRENT-1]}; do\n"
	"\t\tif [[ -n $option ]]; then\n"
	"\t\t\t[[ $option == (-c|--config|--store|--migrations|--migrations-ref) &&\n"
	"\t\t\t\t$word == [A-Za-z0-9_./~+@-]## ]] &&\n"
	"\t\t\t\tsite+=($option ${word/#\\~/$HOME})\n"
	"\t\t\toption=\n"
	"\t\telif [[ $word == -- ]]; then\n"
	"\t\t\tended=1\n"
	"\t\telif [[ $word == -?* && -z $ended ]]; then\n"
	"\t\t\t(( ${_anchore_admin_wanting[(Ie)$word]} )) && option=$word\n"
	"\t\telif [[ -n $command || $group$word == help ]]; then\n"
	"\t\t\t(( used += $#command == 0 ))\n"
	"\t\telse\n"
	"\t\t\t(( used++ ))\n"
	"\t\t\tlocal -a found=()\n"
	"\t\t\t[[ -n $group ]] || _anchore_admin_words $word\n"
	"\t\t\tif (( $#found )); then\n"
	"\t\t\t\tgroup=$word\n"
	"\t\t\telse\n"
	"\t\t\t\tcommand=${group:+$group }$word\n"
	"\t\t\tfi\n"
	"\t\tfi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_anchore_admin() {\n"
	"\tsetopt localoptions extendedglob\n"
	"\tlocal program=$words[1] group= command= at\n"
	"\tlocal -i used=0\n"
	"\tlocal -a site=() specs=()\n"
	"\t_anchore_admin_read\n"
	"\t_anchore_admin_options\n"
	"\tfor at in {1..$used}; do\n"
	"\t\t(( used )) && specs+=(\"$at: :( )\")\n"
	"\tdone\n"
	"\tif [[ -n $command ]]; then\n"
	"\t\t_anchore_admin_own $command\n"
	"\telse\n"
	"\t\t# An option of a command may stand before it.\n"
	"\t\tfor at in ${(M)_anchore_admin_all:#${group:+$group }*}; do\n"
	"\t\t\t_anchore_admin_own $at\n"
	"\t\tdone\n"
	"\t\tspecs=(${(u)specs:#\\**})\n"
	"\t\tspecs+=(\"$((used + 1)):command:_anchore_admin_next_words\")\n"
	"\tfi\n"
	"\t_arguments -s -S : $specs\n"
	"}\n"
	"\n"
	"if [[ $funcstack[1] == _anchore-admin ]]; then\n"
	"\t_anchore_admin \"$@\"\n"
	"else\n"
	"\tcompdef _anchore_admin anchore-admin\n"
	"fi\n";

/* Within single quotes. `special` are what _arguments or _describe read otherwise. */
static void add_escaped(struct text *out, const char *string, const char *special)
{
	for (; *string; string++) {
		if (*string == '\'') {
			text_add(out, "'\\''");
			continue;
		}
		if (strchr(special, *string))
			text_add(out, "\\");
		text_add_bytes(out, string, 1);
	}
}

/* ":FILE:_files" */
static void add_action(struct text *out, const char *argument)
{
	static const char *const actions[] = {[COMPLETE_NOTHING] = " ", [COMPLETE_FILES] = "_files",
		[COMPLETE_FOLDERS] = "_files -/", [COMPLETE_VERSIONS] = "_anchore_admin_versions",
		[COMPLETE_SNAPSHOTS] = "_anchore_admin_snapshots", [COMPLETE_SERVICES] = "_anchore_admin_services"};
	enum completion completion = completion_of(argument);
	text_add(out, ":");
	add_escaped(out, argument, ":\\");
	if (completion != COMPLETE_WORDS) {
		text_addf(out, ":%s", actions[completion]);
		return;
	}
	AUTO(mem_auto) char *name = completion_name(argument);
	text_addf(out, ":(%s)", strchr(name, ' ') + 1);
}

/* '(-c --config)'{-c+,--config=}'[settings file]:FILE:_files' */
static void add_spec(struct text *out, enum option option)
{
	const struct option_entry *entry = &option_table[option];
	const char *mark = completion_is_optional(option) ? "=-" : completion_wants_value(option) ? "=" : "";
	if (entry->letter)
		text_addf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", entry->letter, entry->name, entry->letter,
			completion_wants_value(option) ? "+" : "", entry->name, mark);
	else
		text_addf(out, "'--%s%s[", entry->name, mark);
	add_escaped(out, entry->help, "[]\\");
	text_add(out, "]");
	if (completion_is_optional(option))
		text_add(out, ":");
	if (*mark)
		add_action(out, entry->argument);
	text_add(out, "'\n");
}

static void add_wanting(struct text *out)
{
	text_add(out, "\n# Options whose value may be a word of its own.\ntypeset -ga _anchore_admin_wanting=(\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!completion_wants_value((enum option)i))
			continue;
		text_addf(out, "\t--%s", option_table[i].name);
		if (option_table[i].letter)
			text_addf(out, " -%c", option_table[i].letter);
		text_add(out, "\n");
	}
	text_add(out, ")\n");
}

static void add_all(struct text *out, const struct command *table)
{
	text_add(out, "\n# Every command.\ntypeset -ga _anchore_admin_all=(\n");
	for (; table->name; table++)
		text_addf(out, "\t'%s'\n", table->name);
	text_add(out, ")\n");
}

static void add_options(struct text *out)
{
	text_add(out, "\n# The options of every command.\n_anchore_admin_options() {\n\tspecs+=(\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!option_table[i].everywhere)
			continue;
		text_add(out, "\t\t");
		add_spec(out, (enum option)i);
	}
	text_add(out, "\t)\n}\n");
}

static void add_own(struct text *out, const struct command *table)
{
	text_add(out, "\n# What one command takes besides.\n_anchore_admin_own() {\n\tcase $1 in\n");
	for (; table->name; table++) {
		text_addf(out, "\t('%s')\n\t\tspecs+=(\n", table->name);
		for (int i = 0; i < OPTION_COUNT; i++) {
			if (option_table[i].everywhere || !command_takes(table, (enum option)i))
				continue;
			text_add(out, "\t\t\t");
			add_spec(out, (enum option)i);
		}
		if (table->arguments) {
			text_add(out, "\t\t\t'*");
			add_action(out, table->arguments);
			text_add(out, "'\n");
		}
		text_add(out, "\t\t)\n\t\t;;\n");
	}
	text_add(out, "\tesac\n}\n");
}

/* The summary of a command, or of a group the commands in it; owned. */
static char *describe(const struct command *table, const char *group, const char *word)
{
	AUTO(mem_auto) char *name = group ? mem_format("%s %s", group, word) : mem_copy(word);
	AUTO(list_clear) struct list inside = LIST_INIT;
	completion_next_words(&inside, table, name);
	if (inside.count)
		return list_join(&inside, ", ");
	while (strcmp(table->name, name) != 0)
		table++;
	return mem_copy(table->summary);
}

static void add_word(struct text *out, const struct command *table, const char *group, const char *word)
{
	AUTO(mem_auto) char *summary = describe(table, group, word);
	text_addf(out, "'%s:", word);
	add_escaped(out, summary, ":\\");
	text_add(out, "'\n");
}

static void add_next_words(struct text *out, const struct command *table, const char *group)
{
	AUTO(list_clear) struct list words = LIST_INIT;
	completion_next_words(&words, table, group);
	if (!words.count)
		return;
	text_addf(out, "\t('%s')\n\t\tfound=(\n", group ? group : "");
	for (size_t i = 0; i < words.count; i++) {
		text_add(out, "\t\t\t");
		add_word(out, table, group, words.items[i]);
	}
	text_addf(out, "%s\t\t)\n\t\t;;\n", group ? "" : "\t\t\t'help:describe a command'\n");
}

static void add_words(struct text *out, const struct command *table)
{
	AUTO(list_clear) struct list first = LIST_INIT;
	completion_next_words(&first, table, NULL);
	text_add(out, "\n# The words that may follow none or the first word of a command.\n"
		"_anchore_admin_words() {\n\tcase $1 in\n");
	add_next_words(out, table, NULL);
	for (size_t i = 0; i < first.count; i++)
		add_next_words(out, table, first.items[i]);
	text_add(out, "\tesac\n}\n");
}

void completion_zsh(struct text *out, const struct command *table)
{
	text_add(out, head);
	add_wanting(out);
	add_all(out, table);
	add_options(out);
	add_own(out, table);
	add_words(out, table);
	text_addf(out, "\n%s", engine);
}
