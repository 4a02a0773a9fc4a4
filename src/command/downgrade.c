#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/show.h"
#include "command/swap_back.h"
#include "work/change.h"
#include "work/evidence.h"
#include "work/migrate.h"

struct target {
	struct version to, release;
	bool release_known;
};

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
	int rc = migrations_target(&out->to, &out->release, &change->migrations, typed, err);
	out->release_known = !rc && version_compare(out->release, (struct version){{0, 0, 0}}) > 0;
	return rc;
}

static int refuse_ahead(const struct change *change, const struct target *target, struct error *err)
{
	error_set(err, ERROR_USAGE, "the database is at version %s, and %s is ahead of it",
		VERSION_TEXT(change->facts.version), VERSION_TEXT(target->to));
	return error_hint(err, "go forward with `anchore-admin upgrade --to %s`", VERSION_TEXT(target->to));
}

/* Says what is lost before it asks. */
static int ask(struct run *run, const struct change *change, struct error *err)
{
	AUTO(mem_auto) char *losses = plan_losses(&change->plan);
	show_destroyed(change);
	if (*losses)
		fprintf(stderr, "version %s has no place for, and the downgrade drops: %s\n",
			VERSION_TEXT(change->plan.to), losses);
	else if (!change->plan.destroyed.count)
		fprintf(stderr, "the downgrade loses no row and no value\n");
	AUTO(mem_auto) char *question = mem_format("Downgrade database \"%s\" from version %s to %s?",
		change->facts.database, VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to));
	return run_confirm(run, question, err);
}

static int finish(struct change *change, struct run *run, struct error *err)
{
	double start = clock_elapsed();
	int rc = migrate_run(change, run, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *took = text_duration(clock_elapsed() - start);
	AUTO(mem_auto) char *losses = plan_losses(&change->plan);
	AUTO(json_auto) json_t *answer = show_json(run, change, true);
	run_answer(run, answer);
	run_print(run, "downgraded database \"%s\" from version %s to %s in %s\n", change->facts.database,
		VERSION_TEXT(change->plan.from), VERSION_TEXT(change->plan.to), took);
	if (*losses)
		run_print(run, "dropped: %s\n", losses);
	show_warnings(run, change);
	if (change->plan.release_known)
		show_next(run, VERSION_TEXT(change->plan.release));
	if (change->facts.evidence.found)
		run_print(run, "the way back: `anchore-admin restore %.12s`\n", change->facts.evidence.id);
	return 0;
}

static int by_edges(struct change *change, struct run *run, const struct target *target, bool sql, struct error *err)
{
	int rc = change_plan(change, run, target->to, target->release_known ? &target->release : NULL, err);
	if (rc)
		return rc;
	if (change->dry)
		return show_plan(run, change, sql, err);
	rc = show_refusals(run, change, err);
	if (!rc)
		rc = ask(run, change, err);
	return rc ? rc : finish(change, run, err);
}

/* Only SQL will do: it is what was asked for, or the snapshot was refused. */
static bool wants_edges(const struct run *run, bool sql)
{
	return sql || settings_given(&run->settings, OPTION_NO_SNAPSHOT) ||
		text_same(settings_text(&run->settings, OPTION_BY), "edges");
}

static int refuse_no_path(const struct change *change, struct version to, bool sql, struct error *err)
{
	error_set(err, ERROR_USAGE, "no SQL leads from version %s to %s: a snapshot has to be swapped in",
		VERSION_TEXT(change->facts.version), VERSION_TEXT(to));
	if (sql)
		return error_hint(err, "see what a snapshot would bring with `--dry-run` alone");
	return error_hint(err, "leave `--by edges` and `--no-snapshot` out");
}

/* By SQL, which keeps what was written since, where it leads there; but where the upgrade destroyed what no SQL gives
 * back, by the snapshot if there is one. */
static int choose(bool *edges, const struct change *change, const struct run *run, struct version to, bool sql,
	struct error *err)
{
	const char *by = settings_text(&run->settings, OPTION_BY), *store = change_store(run);
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(list_clear) struct list destroyed = LIST_INIT;
	*edges = change_has_path(&destroyed, change, to);
	if (wants_edges(run, sql))
		return *edges ? 0 : refuse_no_path(change, to, sql, err);
	if (by)
		*edges = false;
	if (!*edges || !destroyed.count || !store)
		return 0;
	int rc = evidence_find(&entry, store, change->facts.database, VERSION_TEXT(to), err);
	*edges = rc || !entry.path;
	return rc;
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

int command_downgrade(struct run *run, struct error *err)
{
	bool dry = false, sql = false;
	struct target target = {.release_known = false};
	int rc = show_dry_run(&dry, &sql, run, err);
	if (!rc)
		rc = check_by(run, err);
	if (rc)
		return rc;
	AUTO(change_clear) struct change change;
	change_init(&change, "downgrade", dry);
	rc = change_open_migrations(&change, run, err);
	if (!rc)
		rc = read_target(&target, &change, run, err);
	if (!rc)
		rc = change_open(&change, run, err);
	if (rc)
		return rc;
	int order = version_compare(target.to, change.facts.version);
	if (order > 0)
		return refuse_ahead(&change, &target, err);
	if (order == 0) {
		show_nothing(run, &change);
		return 0;
	}
	bool edges = false;
	rc = choose(&edges, &change, run, target.to, sql, err);
	if (rc)
		return rc;
	if (edges)
		return by_edges(&change, run, &target, sql, err);
	return swap_back(&change, run, target.to, target.release_known ? &target.release : NULL, err);
}
