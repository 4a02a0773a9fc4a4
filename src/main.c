/* anchore-admin: parse, read the settings, run the one command, print the one error, exit. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/text.h"
#include "command/command.h"
#include "command/help.h"
#include "command/parse.h"
#include "io/json.h"
#include "model/conninfo.h"
#include "work/pin.h"
#include "work/run.h"
#include "work/sources.h"

/* `ps` shows what the operator typed, so passwords are overwritten there as soon as they were read. */
static void hide_passwords(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool option = text_starts(argv[i], "--");
		char *value = option ? strchr(argv[i], '=') : NULL;
		value = value ? value + 1 : argv[i];
		if (!conninfo_is_url(value) && !strstr(value, "password"))
			continue;
		AUTO(mem_auto) char *shown = conninfo_redact(value);
		if (strcmp(shown, value) == 0)
			continue;
		size_t room = strlen(value), size = strlen(shown);
		explicit_bzero(value, room);
		memcpy(value, shown, size < room ? size : room);
	}
}

static int show_help(const struct parse *parse, const struct settings *settings)
{
	bool all = settings_flag(settings, OPTION_VERBOSE);
	if (settings_flag(settings, OPTION_VERSION))
		help_version(stdout);
	else if (parse->command)
		help_command(stdout, parse->command, all);
	else if (parse->group)
		help_group(stdout, command_table, parse->group);
	else
		help_overview(stdout, command_table, all);
	return 0;
}

/* Settings from the strongest source to the weakest, then the command. */
static int run_command(struct run *run, const struct parse *parse, const char *directory, struct error *err)
{
	log_setup(settings_flag(&run->settings, OPTION_QUIET), settings_flag(&run->settings, OPTION_VERBOSE),
		run_json(run));
	int rc = sources_environment(&run->settings, directory, err);
	if (!rc && !parse->command->without_file)
		rc = sources_file(&run->settings, directory, err);
	if (!rc)
		rc = sources_defaults(&run->settings, err);
	if (!rc && !parse->command->without_file)
		rc = pin_engine_setting(&run->settings, err);
	if (rc)
		return rc;
	run->command = parse->command->name;
	list_add_all(&run->arguments, &parse->arguments);
	rc = parse->command->run(run, err);
	progress_end();
	return rc;
}

/* Whoever asked for JSON gets it, even if the parser stopped before it came to that. */
static int parse_failed(struct run *run, int argc, char **argv, int rc)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			settings_set(&run->settings, OPTION_JSON, "true", SOURCE_COMMAND_LINE, "--json", NULL,
				&ignored);
	return rc;
}

static int work(struct run *run, int argc, char **argv, struct error *err)
{
	AUTO(mem_auto) char *directory = getcwd(NULL, 0);
	AUTO(parse_clear) struct parse parse = {0};
	const char *here = directory ? directory : "/";
	int rc = parse_command_line(&parse, &run->settings, command_table, argc, argv, here, err);
	hide_passwords(argc, argv);
	if (rc)
		return parse_failed(run, argc, argv, rc);
	if (settings_flag(&run->settings, OPTION_HELP) || settings_flag(&run->settings, OPTION_VERSION))
		return show_help(&parse, &run->settings);
	return run_command(run, &parse, here, err);
}

/* An answer that did not reach its reader is a failure, unless there is a worse one. */
static int finish_output(int rc, struct error *err)
{
	bool failed = ferror(stdout) != 0;
	if (fflush(stdout) == 0 && !failed)
		return rc;
	return rc ? rc : error_errno(err, ERROR_FAILED, "cannot write the answer to stdout");
}

/* A failure that goes on every night is told once (work/nightly.h); the exit status says it every time. */
static void report(const struct run *run, const struct error *err, int status)
{
	if (!run->told)
		fprintf(stderr, "anchore-admin: %s\n", err->message);
	if (!run->told && err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
	if (*run->answered)
		return;
	AUTO(json_auto) json_t *answer = json_object();
	json_t *inside = json_object();
	json_put_value(answer, "error", inside);
	json_put(inside, "code", error_name(err->code));
	json_put(inside, "message", err->message);
	json_put(inside, "hint", err->hint);
	json_put_number(inside, "exit_status", status);
	run_answer(run, answer);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	mem_setup();
	interrupt_setup();
	struct run run;
	run_init(&run);
	struct error err = ERROR_INIT;
	int rc = work(&run, argc, argv, &err);
	rc = finish_output(rc, &err);
	int status = 0;
	if (rc) {
		status = interrupt_status(&err);
		report(&run, &err, status);
	}
	error_clear(&err);
	run_clear(&run);
	return status;
}
