#include "command/settle.h"

#include "base/mem.h"
#include "command/show.h"
#include "work/hooks.h"
#include "work/journal.h"

static json_t *answer_json(const struct run *run, const struct change *change, const struct cycle *cycle, bool done)
{
	const char *version = VERSION_TEXT(change->facts.version);
	json_t *object = json_object();
	json_put(object, "command", run->command);
	json_put(object, "run", run->id);
	json_put_flag(object, "dry_run", change->dry);
	json_put_flag(object, "done", done);
	json_put(object, "database", change->facts.database);
	json_put(object, "from", version);
	json_put(object, "to", version);
	json_put_value(object, "services", show_services_json(cycle));
	return object;
}

static int show_dry(struct run *run, const struct change *change, const struct cycle *cycle, struct error *err)
{
	AUTO(json_auto) json_t *answer = answer_json(run, change, cycle, false);
	run_answer(run, answer);
	run_print(run, "database \"%s\" is at version %s already\n\nthe services\n", change->facts.database,
		VERSION_TEXT(change->facts.version));
	for (size_t i = 0; i < cycle->steps.count; i++)
		run_print(run, "  %zu  %s\n", i + 1, cycle->steps.items[i]);
	if (!settings_flag(&run->settings, OPTION_EXIT_CODE))
		return 0;
	error_set(err, ERROR_PENDING, "the database is at version %s, and its services are pending",
		VERSION_TEXT(change->facts.version));
	return error_hint(err, "type `anchore-admin %s` without `--dry-run`", run->command);
}

static int ask(struct run *run, const struct cycle *cycle, const struct target *target, struct error *err)
{
	AUTO(mem_auto) char *question = mem_copy("Start the services that an earlier run has stopped?");
	if (target->release_known && cycle->state.pinned && !version_same(target->release, cycle->state.release))
		mem_replace(&question, mem_format("Put release %s in the place of %s?", VERSION_TEXT(target->release),
			VERSION_TEXT(cycle->state.release)));
	show_steps(run, cycle);
	return run_confirm(run, question, err);
}

static int journaled(struct run *run, const struct change *change, struct cycle *cycle, const struct cycle_end *end,
	struct error *err)
{
	const char *store = settings_text(&run->settings, OPTION_STORE);
	AUTO(journal_entry_clear) struct journal_entry entry;
	journal_entry_init(&entry, run);
	entry.from = mem_copy(VERSION_TEXT(change->facts.version));
	entry.to = mem_copy(entry.from);
	int rc = store ? journal_started(store, &entry, err) : 0;
	if (rc)
		return rc;
	rc = cycle_hold(cycle, err);
	if (!rc)
		rc = cycle_finish(cycle, end, err);
	if (store)
		journal_ended(store, &entry, rc ? err : NULL);
	return rc;
}

/* Another release of the same database version is an upgrade or a downgrade, too. */
static int with_hooks(struct run *run, const struct change *change, struct cycle *cycle, const struct cycle_end *end,
	struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	const char *version = VERSION_TEXT(change->facts.version);
	const char *command = text_same(run->command, "downgrade") ? "downgrade" : "upgrade";
	hooks_facts(&facts, version, version, NULL);
	int rc = hooks_before(run, command, &facts, err);
	if (!rc)
		rc = journaled(run, change, cycle, end, err);
	hooks_after(run, command, &facts, rc ? err : NULL);
	return rc;
}

int settle(struct run *run, struct change *change, struct cycle *cycle, const struct target *target, struct error *err)
{
	const struct version *release = target_release(target);
	cycle_plan(cycle, run->command, release, false, false);
	if (change->dry)
		return show_dry(run, change, cycle, err);
	int rc = cycle_prepare(cycle, release, err);
	if (!rc)
		rc = ask(run, cycle, target, err);
	/* The engine takes the lock of this session when it starts. */
	db_close(change->db);
	change->db = NULL;
	if (rc)
		return rc;
	const struct cycle_state *state = &cycle->state;
	bool back_known = cycle_fit(state) == FIT_SAME && !version_same(target->release, state->release);
	AUTO(mem_auto) char *back = back_known ? mem_format("downgrade --to %s", VERSION_TEXT(state->release)) : NULL;
	AUTO(mem_auto) char *what = mem_format("%s to release %s", run->command, VERSION_TEXT(target->release));
	const struct cycle_end end = {.database = change->facts.version, .release = release, .what = what,
		.back = back};
	rc = with_hooks(run, change, cycle, &end, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = answer_json(run, change, cycle, true);
	run_answer(run, answer);
	run_print(run, "database \"%s\" is at version %s, as before\n", change->facts.database,
		VERSION_TEXT(change->facts.version));
	show_services(run, cycle);
	return 0;
}
