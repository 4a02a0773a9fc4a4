#include "command/upgrade.h"

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/show.h"
#include "work/migrate.h"

struct target {
	struct version to, release;
	bool release_known;
};

static int engine_target(bool *known, struct target *out, const struct change *change, const struct run *run,
	struct error *err)
{
	const char *engine = settings_text(&run->settings, OPTION_ENGINE);
	*known = engine != NULL;
	if (!engine)
		return 0;
	out->release_known = true;
	int rc = migrations_target(&out->to, &out->release, &change->migrations, engine, err);
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
	int rc = migrations_target(&out->to, &out->release, &change->migrations, typed, err);
	if (!rc)
		rc = engine_target(&has_engine, &engine, change, run, err);
	if (rc)
		return rc;
	/* Typed as a database version: the release that is configured counts, if it is of that version. */
	struct version same;
	bool is_release = version_parse_typed(&same, typed) && version_same(same, out->release);
	if (!is_release && has_engine && version_same(engine.to, out->to))
		out->release = engine.release;
	out->release_known = version_compare(out->release, (struct version){{0, 0, 0}}) > 0;
	return 0;
}

static int default_target(struct target *out, const struct change *change, const struct run *run, struct error *err)
{
	bool known = false;
	struct target engine = {.release_known = false};
	int rc = engine_target(&known, &engine, change, run, err);
	if (rc)
		return rc;
	if (known && version_compare(engine.to, change->facts.version) > 0) {
		*out = engine;
		return 0;
	}
	out->to = change->facts.version;
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

int upgrade_prepare(bool *needed, struct change *change, struct run *run, struct error *err)
{
	bool known = false;
	struct target target = {.release_known = false};
	int rc = change_open_migrations(change, run, err);
	if (!rc)
		rc = typed_target(&known, &target, change, run, err);
	if (!rc)
		rc = change_open(change, run, err);
	if (!rc && !known)
		rc = default_target(&target, change, run, err);
	if (rc)
		return rc;
	int order = version_compare(target.to, change->facts.version);
	if (order < 0)
		return refuse_behind(change, &target, err);
	*needed = order > 0;
	return *needed ? change_plan(change, run, target.to, target.release_known ? &target.release : NULL, err) : 0;
}

int upgrade_finish(struct change *change, struct run *run, struct error *err)
{
	const struct plan *plan = &change->plan;
	double start = clock_elapsed();
	int rc = migrate_run(change, run, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *took = text_duration(clock_elapsed() - start);
	AUTO(json_auto) json_t *answer = show_json(run, change, true);
	run_answer(run, answer);
	run_print(run, "upgraded database \"%s\" from version %s to %s in %s\n", change->facts.database,
		VERSION_TEXT(plan->from), VERSION_TEXT(plan->to), took);
	show_warnings(run, change);
	if (plan->release_known)
		show_next(run, VERSION_TEXT(plan->release));
	if (change->facts.evidence.found)
		run_print(run, "the way back: `anchore-admin downgrade --to %s`, or `anchore-admin restore %.12s`\n",
			VERSION_TEXT(plan->from), change->facts.evidence.id);
	return 0;
}

static int ask(struct run *run, const struct change *change, struct error *err)
{
	show_destroyed(change);
	AUTO(mem_auto) char *question = mem_format("Upgrade database \"%s\" from version %s to %s?",
		change->facts.database, VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to));
	return run_confirm(run, question, err);
}

int command_upgrade(struct run *run, struct error *err)
{
	bool dry = false, sql = false, needed = false;
	int rc = show_dry_run(&dry, &sql, run, err);
	if (rc)
		return rc;
	AUTO(change_clear) struct change change;
	change_init(&change, "upgrade", dry);
	rc = upgrade_prepare(&needed, &change, run, err);
	if (rc)
		return rc;
	if (!needed) {
		show_nothing(run, &change);
		return 0;
	}
	if (dry)
		return show_plan(run, &change, sql, err);
	rc = show_refusals(run, &change, err);
	if (!rc)
		rc = ask(run, &change, err);
	return rc ? rc : upgrade_finish(&change, run, err);
}
