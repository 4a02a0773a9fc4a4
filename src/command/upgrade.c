#include "command/upgrade.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/settle.h"
#include "command/show.h"
#include "work/hooks.h"
#include "work/rollback.h"

void upgrade_init(struct upgrade *upgrade, bool dry)
{
	*upgrade = (struct upgrade){.due = CYCLE_NOTHING};
	change_init(&upgrade->change, "upgrade", dry);
}

void upgrade_clear(struct upgrade *upgrade)
{
	change_clear(&upgrade->change);
	cycle_clear(&upgrade->cycle);
}

/* ---- where to ---- */

static int engine_target(bool *known, struct target *out, const struct change *change, const struct run *run,
	struct error *err)
{
	const char *engine = settings_text(&run->settings, OPTION_ENGINE);
	*known = engine != NULL;
	if (!engine)
		return 0;
	int rc = target_read(out, &change->migrations, engine, err);
	return rc ? error_context(err, "the setting engine") : 0;
}

/* Before the database is asked: what was typed. */
static int typed_target(bool *known, struct target *out, const struct change *change, const struct run *run,
	struct error *err)
{
	const char *typed = settings_text(&run->settings, OPTION_TO);
	*known = typed != NULL;
	if (!typed)
		return 0;
	bool has_engine = false;
	struct target engine = {.release_known = false};
	int rc = target_read(out, &change->migrations, typed, err);
	if (!rc)
		rc = engine_target(&has_engine, &engine, change, run, err);
	if (rc)
		return rc;
	/* Typed as a database version: the release that is configured counts, if it is of that version. */
	if (!out->release_typed && has_engine && version_same(engine.to, out->to)) {
		out->release = engine.release;
		out->release_known = engine.release_known;
	}
	return 0;
}

/* The pinned release says it before the setting does, for the setting may be older. */
static int default_target(struct target *out, const struct upgrade *upgrade, const struct run *run, struct error *err)
{
	const struct change *change = &upgrade->change;
	const struct cycle_state *state = &upgrade->cycle.state;
	bool known = state->needs_known;
	struct target engine = {.to = state->needs, .release = state->release, .release_known = known};
	int rc = known ? 0 : engine_target(&known, &engine, change, run, err);
	if (rc)
		return rc;
	if (known && version_compare(engine.to, change->facts.version) > 0) {
		*out = engine;
		return 0;
	}
	*out = (struct target){.to = change->facts.version};
	graph_newest(&out->to, &change->migrations.graph);
	out->release_known = releases_newest(&out->release, &change->migrations.releases, out->to);
	return 0;
}

static int refuse_behind(const struct change *change, const struct target *target, struct error *err)
{
	error_set(err, ERROR_USAGE, "the database is at version %s, and %s is behind it",
		VERSION_TEXT(change->facts.version), VERSION_TEXT(target->to));
	return error_hint(err, "go back with `anchore-admin downgrade --to %s`", VERSION_TEXT(target->to));
}

/* ---- the plan ---- */

static int plan(struct upgrade *upgrade, struct run *run, struct error *err)
{
	struct change *change = &upgrade->change;
	struct cycle *cycle = &upgrade->cycle;
	change->stops = cycle_drives(cycle) && cycle_any_wanted(&cycle->before);
	change->snapshots = cycle_drives(cycle);
	int rc = change_plan(change, run, upgrade->target.to, target_release(&upgrade->target), err);
	if (rc)
		return rc;
	cycle->proves = change->facts.evidence.proves;
	cycle->proof = change->facts.evidence.seconds;
	cycle_plan(cycle, "upgrade", target_release(&upgrade->target), change->facts.evidence.planned, true);
	list_add_all(&change->plan.services, &cycle->steps);
	return 0;
}

int upgrade_prepare(struct upgrade *upgrade, struct run *run, struct error *err)
{
	bool known = false;
	struct change *change = &upgrade->change;
	struct target *target = &upgrade->target;
	int rc = change_open_migrations(change, run, err);
	if (!rc)
		rc = typed_target(&known, target, change, run, err);
	if (!rc)
		rc = change_open(change, run, err);
	if (!rc)
		rc = cycle_open(&upgrade->cycle, run, &change->migrations.releases, err);
	if (!rc && !known)
		rc = default_target(target, upgrade, run, err);
	if (rc)
		return rc;
	cycle_database(&upgrade->cycle, VERSION_TEXT(change->facts.version));
	if (version_compare(target->to, change->facts.version) < 0)
		return refuse_behind(change, target, err);
	rc = target_settle(target, &upgrade->cycle, err);
	if (rc)
		return rc;
	upgrade->due = cycle_due(&upgrade->cycle.state, target->to,
		cycle_drives(&upgrade->cycle) ? target_release(target) : NULL);
	return upgrade->due == CYCLE_CHANGE ? plan(upgrade, run, err) : 0;
}

int upgrade_settle(struct upgrade *upgrade, struct run *run, struct error *err)
{
	if (upgrade->due == CYCLE_NOTHING) {
		int rc = upgrade->change.dry ? 0 : cycle_await(&upgrade->cycle, err);
		if (!rc)
			show_nothing(run, &upgrade->change);
		return rc;
	}
	return settle(run, &upgrade->change, &upgrade->cycle, &upgrade->target, err);
}

int upgrade_check(struct upgrade *upgrade, struct run *run, struct error *err)
{
	int rc = show_refusals(run, &upgrade->change, &upgrade->cycle, err);
	return rc ? rc : cycle_prepare(&upgrade->cycle, target_release(&upgrade->target), err);
}

/* ---- doing it ---- */

/* The command that goes back: with services to the release that was pinned, where the old version is what it needs,
 * else to the newest that does. Owned. release: the same; one that is in no list stays, for it ran on that database. */
static char *way_back(bool *known, const struct upgrade *upgrade, struct version *release)
{
	const struct plan *planned = &upgrade->change.plan;
	const struct cycle *cycle = &upgrade->cycle;
	const struct cycle_state *state = &cycle->state;
	bool listed = cycle_drives(cycle) && cycle_release(release, state, cycle->releases, planned->from);
	char *back = mem_format("downgrade --to %s", VERSION_TEXT(listed ? *release : planned->from));
	bool stays = !listed && state->pinned && !state->needs_known;
	if (stays)
		*release = state->release;
	*known = listed || stays;
	return back;
}

/* release NULL: none is known for that version, what is pinned stays. */
static int roll_back(struct upgrade *upgrade, const char *back, const struct version *release, struct error *err)
{
	const struct plan *planned = &upgrade->change.plan;
	AUTO(error_clear) struct error why = ERROR_INIT;
	log_warn("%s; going back", err->message);
	AUTO(mem_auto) char *failure = mem_copy(err->message);
	int rc = rollback_run(&upgrade->cycle, planned->from, release, &why);
	if (rc) {
		error_set(err, ERROR_SERVICES, "%s; going back failed, too: %s", failure, why.message);
		return error_hint(err, "mend that, then go back with `anchore-admin %s`", back);
	}
	error_set(err, ERROR_SERVICES, "%s; it went back: the database is at version %s again, and %s%s is healthy",
		failure, VERSION_TEXT(planned->from), release ? "release " : "what ran before",
		release ? VERSION_TEXT(*release) : "");
	return error_hint(err, "see why with `anchore-admin service logs`, then upgrade again");
}

static int drive(struct upgrade *upgrade, struct run *run, const char *back, const struct version *release,
	struct error *err)
{
	struct change *change = &upgrade->change;
	const struct plan *planned = &change->plan;
	const char *snapshot = change->facts.evidence.id;
	AUTO(mem_auto) char *what = mem_format("upgrade %s to %s%s%.12s", VERSION_TEXT(planned->from),
		VERSION_TEXT(planned->to), snapshot ? ", snapshot " : "", snapshot ? snapshot : "");
	const struct cycle_end end = {.database = planned->to, .release = target_release(&upgrade->target),
		.what = what, .back = back};
	int rc = cycle_finish(&upgrade->cycle, &end, err);
	if (rc == ERROR_SERVICES && upgrade->cycle.unfit && settings_flag(&run->settings, OPTION_AUTO_ROLLBACK))
		return roll_back(upgrade, back, release, err);
	return rc;
}

static int finish(struct upgrade *upgrade, struct run *run, struct error *err)
{
	struct change *change = &upgrade->change;
	const struct plan *planned = &change->plan;
	struct version release = {{0, 0, 0}};
	bool known = false;
	AUTO(mem_auto) char *back = way_back(&known, upgrade, &release);
	double start = clock_elapsed();
	int rc = cycle_migrate(&upgrade->cycle, change, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *took = text_duration(clock_elapsed() - start);
	run_print(run, "upgraded database \"%s\" from version %s to %s in %s\n", change->facts.database,
		VERSION_TEXT(planned->from), VERSION_TEXT(planned->to), took);
	show_warnings(run, change);
	fflush(stdout);
	rc = drive(upgrade, run, back, known ? &release : NULL, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = show_json(run, change, &upgrade->cycle, true);
	run_answer(run, answer);
	if (planned->release_known && !cycle_drives(&upgrade->cycle))
		show_next(run, VERSION_TEXT(planned->release));
	show_services(run, &upgrade->cycle);
	if (change->facts.evidence.found)
		run_print(run, "the way back: `anchore-admin %s`, or `anchore-admin restore %.12s`\n", back,
			change->facts.evidence.id);
	return 0;
}

int upgrade_finish(struct upgrade *upgrade, struct run *run, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	AUTO(list_clear) struct list after = LIST_INIT;
	const struct change *change = &upgrade->change;
	const struct version from = change->plan.from, to = change->plan.to;
	hooks_facts(&facts, VERSION_TEXT(from), VERSION_TEXT(to), change_snapshot(change));
	int rc = hooks_before(run, "upgrade", &facts, err);
	if (!rc)
		rc = finish(upgrade, run, err);
	hooks_facts(&after, VERSION_TEXT(from), VERSION_TEXT(to), change_snapshot(change));
	hooks_after(run, "upgrade", &after, rc ? err : NULL);
	return rc;
}

static int ask(struct run *run, const struct upgrade *upgrade, struct error *err)
{
	const struct change *change = &upgrade->change;
	show_destroyed(change);
	show_steps(run, &upgrade->cycle);
	AUTO(mem_auto) char *question = mem_format("Upgrade database \"%s\" from version %s to %s?",
		change->facts.database, VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to));
	return run_confirm(run, question, err);
}

int command_upgrade(struct run *run, struct error *err)
{
	bool dry = false, sql = false;
	int rc = show_dry_run(&dry, &sql, run, err);
	if (rc)
		return rc;
	AUTO(upgrade_clear) struct upgrade upgrade;
	upgrade_init(&upgrade, dry);
	rc = upgrade_prepare(&upgrade, run, err);
	if (rc)
		return rc;
	if (upgrade.due != CYCLE_CHANGE)
		return upgrade_settle(&upgrade, run, err);
	if (dry)
		return show_plan(run, &upgrade.change, &upgrade.cycle, sql, err);
	rc = upgrade_check(&upgrade, run, err);
	if (!rc)
		rc = ask(run, &upgrade, err);
	return rc ? rc : upgrade_finish(&upgrade, run, err);
}
