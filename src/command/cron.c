/* cron run, install, status, remove: the scheduled job. */
#include "command/cron.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "work/nightly.h"
#include "work/scheduled.h"

/* ---- run ---- */

static json_t *run_json_of(const struct run *run, const struct nightly *nightly)
{
	json_t *object = json_object();
	json_put(object, "command", run->command);
	json_put(object, "run", run->id);
	json_put_value(object, "attempt", attempt_json(&nightly->attempt));
	json_put(object, "verified", nightly->verified);
	json_put_number(object, "dropped", (int64_t)nightly->dropped);
	json_put_value(object, "said", json_from_list(&nightly->said));
	return object;
}

static void show(const struct run *run, const struct nightly *nightly)
{
	AUTO(json_auto) json_t *answer = run_json_of(run, nightly);
	AUTO(mem_auto) char *took = text_duration(nightly->seconds);
	const struct attempt *attempt = &nightly->attempt;
	run_answer(run, answer);
	run_print(run, attempt->unchanged ? "unchanged since snapshot %.12s, found in %s\n" :
		"snapshot %.12s taken, in %s\n", attempt->snapshot ? attempt->snapshot : "", took);
	if (nightly->verified)
		run_print(run, "snapshot %.12s verifies\n", nightly->verified);
	if (nightly->dropped)
		run_print(run, "%zu dropped by retention\n", nightly->dropped);
}

int cron_run(struct run *run, struct error *err)
{
	AUTO(nightly_clear) struct nightly nightly = {.dropped = 0};
	bool verbose = settings_flag(&run->settings, OPTION_VERBOSE), watched = isatty(STDERR_FILENO);
	/* cron mails whatever is said. */
	if (!verbose && !watched)
		log_setup(true, false, run_json(run));
	int rc = nightly_run(&nightly, run, watched, err);
	for (size_t i = 0; i < nightly.said.count; i++)
		fprintf(stderr, "anchore-admin: %s\n", nightly.said.items[i]);
	if (!rc && (verbose || watched || run_json(run)))
		show(run, &nightly);
	return rc;
}

int command_cron_run(struct run *run, struct error *err)
{
	return cron_run(run, err);
}

/* ---- install, remove ---- */

static json_t *install_json(const struct run *run, const struct installed *plan, bool done)
{
	json_t *object = json_object(), *files = json_array();
	json_put(object, "command", run->command);
	json_put_flag(object, "done", done);
	json_put(object, "at", plan->at);
	json_put(object, "unit", plan->unit);
	for (size_t i = 0; i < plan->paths.count; i++) {
		json_t *file = json_object();
		json_put(file, "path", plan->paths.items[i]);
		json_put(file, "text", plan->texts.items[i]);
		json_array_append_new(files, file);
	}
	json_put_value(object, "files", files);
	return object;
}

int command_cron_install(struct run *run, struct error *err)
{
	AUTO(installed_clear) struct installed plan = {.kind = INSTALLED_NOT};
	bool dry = settings_given(&run->settings, OPTION_DRY_RUN);
	enum installed_kind kind = settings_flag(&run->settings, OPTION_SYSTEMD) ? INSTALLED_SYSTEMD : INSTALLED_CRON;
	int rc = installed_plan(&plan, run, kind, settings_text(&run->settings, OPTION_AT), err);
	if (!rc && !dry)
		rc = installed_write(&plan, run, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = install_json(run, &plan, !dry);
	run_answer(run, answer);
	for (size_t i = 0; i < plan.paths.count; i++) {
		if (dry)
			run_print(run, "%s==> %s\n%s", i ? "\n" : "", plan.paths.items[i], plan.texts.items[i]);
		else
			run_print(run, "wrote %s\n", plan.paths.items[i]);
	}
	if (!dry)
		run_print(run, "try it now with `anchore-admin cron run --verbose`; `anchore-admin cron status` tells "
			"how it goes\n");
	return 0;
}

int command_cron_remove(struct run *run, struct error *err)
{
	AUTO(installed_clear) struct installed was = {.kind = INSTALLED_NOT};
	int rc = installed_remove(&was, run, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = install_json(run, &was, was.kind != INSTALLED_NOT);
	run_answer(run, answer);
	for (size_t i = 0; i < was.paths.count; i++)
		run_print(run, "removed %s\n", was.paths.items[i]);
	if (was.kind == INSTALLED_NOT)
		run_print(run, "nothing is installed for this deployment\n");
	return 0;
}

/* ---- status ---- */

static void print_time(const struct run *run, const char *what, time_t when)
{
	AUTO(mem_auto) char *text = when ? text_time(when) : mem_copy("never");
	run_print(run, "%-15s %s\n", what, text);
}

static void print_status(const struct run *run, const struct scheduled *scheduled)
{
	const struct attempt *attempt = &scheduled->attempt;
	const struct installed *installed = &scheduled->installed;
	bool is = installed->kind != INSTALLED_NOT;
	run_print(run, "%-15s %s\n", "installed", is ? installed->paths.items[0] : "no: `anchore-admin cron install`");
	if (is)
		run_print(run, "%-15s %s\n", "at", installed->known ? installed->at : "not to be read from that file");
	if (scheduled->next)
		print_time(run, "next run", scheduled->next);
	print_time(run, "last run", attempt->last);
	if (attempt->last)
		run_print(run, "%-15s %s, exit status %d\n", "", attempt->outcome ? attempt->outcome : "unknown",
			attempt->exit_status);
	print_time(run, "last success", attempt->success);
	print_time(run, "last snapshot", attempt->snapshot_at);
	if (attempt->snapshot)
		run_print(run, "%-15s %.12s%s\n", "snapshot", attempt->snapshot,
			attempt->unchanged ? ", and nothing has changed since" : "");
	print_time(run, "last proven", scheduled->proven);
	if (attempt->skipped)
		print_time(run, "gave way", attempt->skipped);
	if (attempt->begun)
		print_time(run, scheduled->killed ? "killed, begun" : "running since", attempt->begun);
	run_print(run, "%-15s %llu\n", "missed runs", (unsigned long long)(attempt->missed + scheduled->missed));
}

/* Of the first problem; owned. */
static char *remedy_of(const struct scheduled *scheduled)
{
	const struct attempt *attempt = &scheduled->attempt;
	if (attempt->failing_since && attempt->hint)
		return mem_copy(attempt->hint);
	if (attempt->failing_since || scheduled->killed)
		return mem_copy("try it with `anchore-admin cron run --verbose`");
	return installed_remedy(&scheduled->installed);
}

int command_cron_status(struct run *run, struct error *err)
{
	AUTO(scheduled_clear) struct scheduled scheduled = {.next = 0};
	AUTO(list_clear) struct list problems = LIST_INIT;
	const char *store = NULL;
	int rc = run_store(&store, run, false, err);
	if (!rc)
		rc = scheduled_look(&scheduled, run, NULL, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = scheduled_json(&scheduled);
	json_put(answer, "command", run->command);
	run_answer(run, answer);
	print_status(run, &scheduled);
	scheduled_problems(&problems, &scheduled);
	if (!problems.count)
		return 0;
	AUTO(mem_auto) char *all = list_join(&problems, "; ");
	AUTO(mem_auto) char *remedy = remedy_of(&scheduled);
	error_set(err, ERROR_FAILED, "%s", all);
	return error_hint(err, "%s", remedy);
}
