/* The script for bash: three functions made from the tables, and the one that uses them. It needs no library of
 * completion functions. */
#include <string.h>

#include "base/mem.h"
#include "command/completion.h"
#include "command/parse.h"

static const char head[] =
	"# bash completion for anchore-admin, made by `anchore-admin completion bash`\n"
	"# shellcheck shell=bash\n";

/* A folder or a file that is named by more than plain characters is not looked into: that would take an evaluation of
 * what was typed. */
static const char engine[] =
	"# What the program itself knows; `site` names the deployment, as far as the line does.\n"
	"_anchore_admin_ask() {\n"
	"\ttimeout 5 \"$program\" \"${site[@]}\" \"$@\" 2>/dev/null </dev/null\n"
	"}\n"
	"\n"
	"_anchore_admin_versions() {\n"
	"\t_anchore_admin_ask graph show --json |\n"
	"\t\tsed -nE 's/^ *(\"version\": )?\"([0-9]+(\\.[0-9]+)+)\",?$/\\2/p'\n"
	"}\n"
	"\n"
	"_anchore_admin_snapshots() {\n"
	"\techo latest\n"
	"\techo oldest\n"
	"\t_anchore_admin_ask snapshot list | sed -nE 's/^([0-9a-f]{12}) .*/\\1/p'\n"
	"}\n"
	"\n"
	"# _anchore_admin_offer KIND [WORD ...]: what begins with $cur and may stand there.\n"
	"_anchore_admin_offer() {\n"
	"\tlocal kind=$1\n"
	"\tshift\n"
	"\tcase $kind in\n"
	"\tfiles)\n"
	"\t\tcompopt -o filenames\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\t;;\n"
	"\tfolders)\n"
	"\t\tcompopt -o filenames\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
	"\t\t;;\n"
	"\twords) mapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$cur\") ;;\n"
	"\tservices) mapfile -t COMPREPLY < <(compgen -W \"$(_anchore_admin_ask service list)\" -- \"$cur\") ;;\n"
	"\tversions) mapfile -t COMPREPLY < <(compgen -W \"$(_anchore_admin_versions)\" -- \"$cur\") ;;\n"
	"\tsnapshots)\n"
	"\t\tif [[ $cur == latest:* ]]; then\n"
	"\t\t\tcur=${cur#latest:}\n"
	"\t\t\t_anchore_admin_offer versions\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$(_anchore_admin_snapshots)\" -- \"$cur\")\n"
	"\t\t[ ${#COMPREPLY[@]} -gt 0 ] || _anchore_admin_offer files\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"# One word that stands before the cursor; uses and sets what _anchore_admin declares.\n"
	"_anchore_admin_read() {\n"
	"\tlocal word=$1 at\n"
	"\tif [ -n \"$option\" ]; then\n"
	"\t\tcase $option in\n"
	"\t\t-c | --config | --store | --migrations | --migrations-ref)\n"
	"\t\t\tif [[ $word =~ ^[A-Za-z0-9_./~+@-]+$ ]]; then\n"
	"\t\t\t\tsite+=(\"$option\" \"${word/#\\~/$HOME}\")\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\t\toption=\n"
	"\telif [ \"$word\" = -- ]; then\n"
	"\t\tended=1\n"
	"\telif [[ $word == --*=* && ! $ended ]]; then\n"
	"\t\toption=${word%%=*}\n"
	"\t\t_anchore_admin_read \"${word#*=}\"\n"
	"\telif [[ $word == --* && ! $ended ]]; then\n"
	"\t\t_anchore_admin_value \"$word\" >/dev/null && option=$word\n"
	"\telif [[ $word == -?* && ! $ended ]]; then\n"
	"\t\tfor ((at = 1; at < ${#word}; at++)); do\n"
	"\t\t\tif _anchore_admin_value \"-${word:at:1}\" >/dev/null; then\n"
	"\t\t\t\t[ $((at + 1)) -lt ${#word} ] || option=-${word:at:1}\n"
	"\t\t\t\tbreak\n"
	"\t\t\tfi\n"
	"\t\tdone\n"
	"\telif [ -n \"$command\" ] || [ \"$group$word\" = help ]; then\n"
	"\t\t: # an argument, or `help` before a command\n"
	"\telif [ -n \"$group\" ]; then\n"
	"\t\tcommand=\"$group $word\"\n"
	"\telif [ -n \"$(_anchore_admin_words \"$word\")\" ]; then\n"
	"\t\tgroup=$word\n"
	"\telse\n"
	"\t\tcommand=$word\n"
	"\tfi\n"
	"}\n"
	"\n"
	"# The words up to the cursor as the program would get them: bash cuts at = and : and more, too.\n"
	"_anchore_admin_split() {\n"
	"\tlocal rest=${COMP_LINE:0:COMP_POINT} at\n"
	"\tfor ((at = 0; at <= COMP_CWORD; at++)); do\n"
	"\t\tif [[ $at -eq 0 || $rest == [[:space:]]* ]]; then\n"
	"\t\t\twords+=(\"${COMP_WORDS[at]}\")\n"
	"\t\telse\n"
	"\t\t\twords[-1]+=${COMP_WORDS[at]}\n"
	"\t\tfi\n"
	"\t\trest=${rest#\"${rest%%[![:space:]]*}\"}\n"
	"\t\trest=${rest#\"${COMP_WORDS[at]}\"}\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_anchore_admin() {\n"
	"\tlocal program=${1/#\\~/$HOME} option='' ended='' group='' command='' at\n"
	"\tlocal -a words=() site=() kind=()\n"
	"\tCOMPREPLY=()\n"
	"\t_anchore_admin_split\n"
	"\tfor ((at = 1; at < ${#words[@]} - 1; at++)); do\n"
	"\t\t_anchore_admin_read \"${words[at]}\"\n"
	"\tdone\n"
	"\tlocal cur=${words[-1]}\n"
	"\tif [ -n \"$option\" ]; then\n"
	"\t\tread -ra kind <<<\"$(_anchore_admin_value \"$option\")\"\n"
	"\telif [[ $cur == --*=* && ! $ended ]]; then\n"
	"\t\toption=${cur%%=*}\n"
	"\t\tcur=${cur#*=}\n"
	"\t\tread -ra kind <<<\"$(_anchore_admin_value \"$option=\" || _anchore_admin_value \"$option\")\"\n"
	"\telif [[ $cur == -* && ! $ended ]]; then\n"
	"\t\tread -ra kind <<<\"words $(_anchore_admin_options) $(_anchore_admin_options \"$command\")\"\n"
	"\telif [ -n \"$command\" ]; then\n"
	"\t\tread -ra kind <<<\"$(_anchore_admin_argument \"$command\")\"\n"
	"\telse\n"
	"\t\tread -ra kind <<<\"words $(_anchore_admin_words \"$group\")\"\n"
	"\tfi\n"
	"\t_anchore_admin_offer \"${kind[@]:-nothing}\"\n"
	"\t# What stands before the last cut stays as it is.\n"
	"\tfor at in \"${!COMPREPLY[@]}\"; do\n"
	"\t\tCOMPREPLY[at]=${COMPREPLY[at]:${#cur} - ${#2}}\n"
	"\tdone\n"
	"}\n"
	"\n"
	"complete -F _anchore_admin anchore-admin\n";

static void open_case(struct text *out, const char *comment, const char *name)
{
	text_addf(out, "\n# %s\n%s() {\n\tcase ${1-} in\n", comment, name);
}

static void close_case(struct text *out, bool fails)
{
	text_addf(out, "%s\tesac\n}\n", fails ? "\t*) return 1 ;;\n" : "");
}

static void add_words(struct text *out, const struct command *table)
{
	AUTO(list_clear) struct list first = LIST_INIT;
	completion_next_words(&first, table, NULL);
	AUTO(mem_auto) char *all = list_join(&first, " ");
	open_case(out, "The words that may follow none or the first word of a command.", "_anchore_admin_words");
	text_addf(out, "\t'') echo '%s help' ;;\n", all);
	for (size_t i = 0; i < first.count; i++) {
		AUTO(list_clear) struct list second = LIST_INIT;
		completion_next_words(&second, table, first.items[i]);
		AUTO(mem_auto) char *words = list_join(&second, " ");
		if (second.count)
			text_addf(out, "\t%s) echo '%s' ;;\n", first.items[i], words);
	}
	close_case(out, false);
}

/* command NULL: those of every command */
static void add_options_of(struct text *out, const struct command *command)
{
	AUTO(text_clear) struct text names = TEXT_INIT;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (command ? !option_table[i].everywhere && command_takes(command, (enum option)i) :
			      option_table[i].everywhere)
			text_addf(&names, "%s--%s", names.size ? " " : "", option_table[i].name);
	if (names.size)
		text_addf(out, "\t'%s') echo '%s' ;;\n", command ? command->name : "", names.data);
}

static void add_options(struct text *out, const struct command *table)
{
	open_case(out, "The options of every command, or those of one command besides.", "_anchore_admin_options");
	add_options_of(out, NULL);
	for (; table->name; table++)
		add_options_of(out, table);
	close_case(out, false);
}

/* An option whose value may follow by = only is listed with it. */
static void add_values(struct text *out)
{
	open_case(out, "What an option wants; fails for one that wants nothing.", "_anchore_admin_value");
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];
		if (entry->kind == OPTION_IS_FLAG)
			continue;
		AUTO(mem_auto) char *name = completion_name(entry->argument);
		bool optional = completion_is_optional((enum option)i);
		text_add(out, "\t");
		if (entry->letter && !optional)
			text_addf(out, "-%c | ", entry->letter);
		text_addf(out, "--%s%s) echo '%s' ;;\n", entry->name, optional ? "=" : "", name);
	}
	close_case(out, true);
}

static void add_arguments(struct text *out, const struct command *table)
{
	open_case(out, "What a command takes.", "_anchore_admin_argument");
	for (; table->name; table++) {
		AUTO(mem_auto) char *name = completion_name(table->arguments);
		if (completion_of(table->arguments) != COMPLETE_NOTHING)
			text_addf(out, "\t'%s') echo '%s' ;;\n", table->name, name);
	}
	close_case(out, false);
}

void completion_bash(struct text *out, const struct command *table)
{
	text_add(out, head);
	add_words(out, table);
	add_options(out, table);
	add_values(out);
	add_arguments(out, table);
	text_addf(out, "\n%s", engine);
}
