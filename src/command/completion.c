#include "command/completion.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

static bool has_upper(const char *string)
{
	for (; *string; string++)
		if (isupper((unsigned char)*string))
			return true;
	return false;
}

enum completion completion_of(const char *argument)
{
	static const struct {
		const char *argument;
		enum completion completion;
	} known[] = {
		{"FILE", COMPLETE_FILES},
		{"PATH", COMPLETE_FILES},
		{"DIR", COMPLETE_FOLDERS},
		{"V", COMPLETE_VERSIONS},
		{"RELEASE", COMPLETE_VERSIONS},
		{"[FROM] TO", COMPLETE_VERSIONS},
		{"SNAPSHOT", COMPLETE_SNAPSHOTS},
		{"[SNAPSHOT …]", COMPLETE_SNAPSHOTS},
		{"[NAME …]", COMPLETE_SERVICES},
	};
	for (size_t i = 0; argument && i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].argument, argument) == 0)
			return known[i].completion;
	/* What the operator puts in is in capitals, what is typed as it stands is not. */
	return argument && !has_upper(argument) ? COMPLETE_WORDS : COMPLETE_NOTHING;
}

char *completion_name(const char *argument)
{
	static const char *const names[] = {[COMPLETE_NOTHING] = "nothing", [COMPLETE_FILES] = "files",
		[COMPLETE_FOLDERS] = "folders", [COMPLETE_WORDS] = "words", [COMPLETE_VERSIONS] = "versions",
		[COMPLETE_SNAPSHOTS] = "snapshots", [COMPLETE_SERVICES] = "services"};
	enum completion completion = completion_of(argument);
	if (completion != COMPLETE_WORDS)
		return mem_copy(names[completion]);
	char *name = mem_format("%s %s", names[completion], argument);
	for (char *bar = name; (bar = strchr(bar, '|'));)
		*bar = ' ';
	return name;
}

bool completion_is_optional(enum option option)
{
	return option_table[option].kind == OPTION_IS_OPTIONAL;
}

bool completion_wants_value(enum option option)
{
	return option_table[option].kind != OPTION_IS_FLAG && !completion_is_optional(option);
}

void completion_next_words(struct list *out, const struct command *table, const char *group)
{
	size_t size = group ? strlen(group) : 0;
	for (; table->name; table++) {
		if (group && (strncmp(table->name, group, size) != 0 || table->name[size] != ' '))
			continue;
		const char *start = group ? table->name + size + 1 : table->name;
		AUTO(mem_auto) char *word = mem_copy_bytes(start, strcspn(start, " "));
		list_add_once(out, word);
	}
}

int command_completion(struct run *run, struct error *err)
{
	const char *shell = run->arguments.items[0];
	AUTO(text_clear) struct text script = TEXT_INIT;
	if (strcmp(shell, "bash") == 0) {
		completion_bash(&script, command_table);
	} else if (strcmp(shell, "zsh") == 0) {
		completion_zsh(&script, command_table);
	} else {
		error_set(err, ERROR_USAGE, "there is no completion for '%s'", shell);
		return error_hint(err, "type `anchore-admin completion bash` or `anchore-admin completion zsh`");
	}
	run_print(run, "%s", script.data);
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "shell", shell);
	json_put(object, "script", script.data);
	run_answer(run, object);
	return 0;
}
