#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/settle.h"
#include "command/show.h"
#include "command/swap_back.h"
#include "command/target.h"
#include "work/change.h"
#include "work/cycle.h"
#include "work/hooks.h"
#include "work/rollback.h"

struct downgrade {
	struct change change;
	struct cycle cycle;
	struct target target;
};

static void downgrade_clear(struct downgrade *downgrade)
{
	change_clear(&downgrade->change);
	cycle_clear(&downgrade->cycle);
}

/* Always typed: going back to a version that somebody else chose loses rows. */
static int read_target(struct target *out, const struct change *change, const struct run *run, struct error *err)
{
	const char *typed = settings_text(&run->settings, OPTION_TO);
	if (!typed) {
		error_set(err, ERROR_USAGE, "downgrade wants a version to go to");
		return error_hint(err,
			"name it with `--to V`; `anchore-admin snapshot list` and `anchore-admin graph show` list "
			"what there is");
	}
	return target_read(out, &change->migrations, typed, err);
}

static int refuse_ahead(const struct change *change, const struct target *target, struct error *err)
{
	error_set(err, ERROR_USAGE, "the database is at version %s, and %s is ahead of it",
		VERSION_TEXT(change->facts.version), VERSION_TEXT(target->to));
	return error_hint(err, "go forward with `anchore-admin upgrade --to %s`", VERSION_TEXT(target->to));
}

/* Says what is lost before it asks. */
static int ask(struct run *run, const struct downgrade *downgrade, struct error *err)
{
	const struct change *change = &downgrade->change;
	AUTO(mem_auto) char *losses = plan_losses(&change->plan);
	show_destroyed(change);
	if (*losses)
		fprintf(stderr, "version %s has no place for, and the downgrade drops: %s\n",
			VERSION_TEXT(change->plan.to), losses);
	else if (!change->plan.destroyed.count)
		fprintf(stderr, "the downgrade loses no row and no value\n");
	show_steps(run, &downgrade->cycle);
	AUTO(mem_auto) char *question = mem_format("Downgrade database \"%s\" from version %s to %s?",
		change->facts.database, VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to));
	return run_confirm(run, question, err);
}

static int drive(struct downgrade *downgrade, struct error *err)
{
	const struct plan *plan = &downgrade->change.plan;
	const char *snapshot = downgrade->change.facts.evidence.id;
	AUTO(mem_auto) char *what = mem_format("downgrade %s to %s%s%.12s", VERSION_TEXT(plan->from),
		VERSION_TEXT(plan->to), snapshot ? ", snapshot " : "", snapshot ? snapshot : "");
	AUTO(mem_auto) char *back = mem_format("upgrade --to %s", VERSION_TEXT(plan->from));
	const struct cycle_end end = {.database = plan->to, .release = target_release(&downgrade->target), .what = what,
		.back = back};
	return cycle_finish(&downgrade->cycle, &end, err);
}

static int finish(struct downgrade *downgrade, struct run *run, struct error *err)
{
	struct change *change = &downgrade->change;
	double start = clock_elapsed();
	int rc = cycle_migrate(&downgrade->cycle, change, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *took = text_duration(clock_elapsed() - start);
	AUTO(mem_auto) char *losses = plan_losses(&change->plan);
	run_print(run, "downgraded database \"%s\" from version %s to %s in %s\n", change->facts.database,
		VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to), took);
	if (*losses)
		run_print(run, "dropped: %s\n", losses);
	show_warnings(run, change);
	fflush(stdout);
	rc = drive(downgrade, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = show_json(run, change, &downgrade->cycle, true);
	run_answer(run, answer);
	if (change->plan.release_known && !cycle_drives(&downgrade->cycle))
		show_next(run, VERSION_TEXT(change->plan.release));
	show_services(run, &downgrade->cycle);
	if (change->facts.evidence.found)
		run_print(run, "the way back: `anchore-admin restore %.12s`\n", change->facts.evidence.id);
	return 0;
}

static int finish_with_hooks(struct downgrade *downgrade, struct run *run, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	AUTO(list_clear) struct list after = LIST_INIT;
	const struct change *change = &downgrade->change;
	const struct version from = change->plan.from, to = change->plan.to;
	hooks_facts(&facts, VERSION_TEXT(from), VERSION_TEXT(to), change_snapshot(change));
	int rc = hooks_before(run, "downgrade", &facts, err);
	if (!rc)
		rc = finish(downgrade, run, err);
	hooks_facts(&after, VERSION_TEXT(from), VERSION_TEXT(to), change_snapshot(change));
	hooks_after(run, "downgrade", &after, rc ? err : NULL);
	return rc;
}

static int by_edges(struct downgrade *downgrade, struct run *run, bool sql, struct error *err)
{
	struct change *change = &downgrade->change;
	struct cycle *cycle = &downgrade->cycle;
	const struct version *release = target_release(&downgrade->target);
	change->stops = cycle_drives(cycle) && cycle_any_wanted(&cycle->before);
	change->snapshots = cycle_drives(cycle);
	int rc = change_plan(change, run, downgrade->target.to, release, err);
	if (rc)
		return rc;
	cycle->proves = change->facts.evidence.proves;
	cycle->proof = change->facts.evidence.seconds;
	cycle_plan(cycle, "downgrade", release, change->facts.evidence.planned, true);
	list_add_all(&change->plan.services, &cycle->steps);
	if (change->dry)
		return show_plan(run, change, cycle, sql, err);
	rc = show_refusals(run, change, cycle, err);
	if (!rc)
		rc = cycle_prepare(cycle, release, err);
	if (!rc)
		rc = ask(run, downgrade, err);
	return rc ? rc : finish_with_hooks(downgrade, run, err);
}

static int check_by(const struct run *run, struct error *err)
{
	const char *by = settings_text(&run->settings, OPTION_BY);
	if (by && strcmp(by, "edges") != 0 && strcmp(by, "snapshot") != 0) {
		error_set(err, ERROR_USAGE, "--by %s is not known", by);
		return error_hint(err, "write `--by edges` or `--by snapshot`");
	}
	if (text_same(by, "snapshot") && settings_given(&run->settings, OPTION_NO_SNAPSHOT)) {
		error_set(err, ERROR_USAGE, "`--by snapshot` and `--no-snapshot` contradict each other");
		return error_hint(err, "leave one of them out");
	}
	return 0;
}

static int open_all(struct downgrade *downgrade, struct run *run, struct error *err)
{
	struct change *change = &downgrade->change;
	int rc = change_open_migrations(change, run, err);
	if (!rc)
		rc = read_target(&downgrade->target, change, run, err);
	if (!rc)
		rc = change_open(change, run, err);
	if (!rc)
		rc = cycle_open(&downgrade->cycle, run, &change->migrations.releases, err);
	if (rc)
		return rc;
	cycle_database(&downgrade->cycle, VERSION_TEXT(change->facts.version));
	return target_settle(&downgrade->target, &downgrade->cycle, err);
}

static int at_target(struct downgrade *downgrade, struct run *run, struct error *err)
{
	const struct cycle *cycle = &downgrade->cycle;
	const struct target *target = &downgrade->target;
	enum cycle_due due = cycle_due(&cycle->state, target->to, cycle_drives(cycle) ? target_release(target) : NULL);
	if (due != CYCLE_NOTHING)
		return settle(run, &downgrade->change, &downgrade->cycle, target, err);
	int rc = downgrade->change.dry ? 0 : cycle_await(&downgrade->cycle, err);
	if (!rc)
		show_nothing(run, &downgrade->change);
	return rc;
}

int command_downgrade(struct run *run, struct error *err)
{
	bool dry = false, sql = false, edges = false;
	int rc = show_dry_run(&dry, &sql, run, err);
	if (!rc)
		rc = check_by(run, err);
	if (rc)
		return rc;
	AUTO(downgrade_clear) struct downgrade downgrade = {.target = {.release_known = false}};
	change_init(&downgrade.change, "downgrade", dry);
	rc = open_all(&downgrade, run, err);
	if (rc)
		return rc;
	const struct target *target = &downgrade.target;
	int order = version_compare(target->to, downgrade.change.facts.version);
	if (order > 0)
		return refuse_ahead(&downgrade.change, target, err);
	if (order == 0)
		return at_target(&downgrade, run, err);
	rc = rollback_choose(&edges, &downgrade.change, run, target->to, sql, err);
	if (rc)
		return rc;
	if (edges)
		return by_edges(&downgrade, run, sql, err);
	return swap_back(&downgrade.change, &downgrade.cycle, run, target, err);
}
