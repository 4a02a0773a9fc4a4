#include <stdio.h>

#include "base/mem.h"
#include "command/command.h"
#include "command/show.h"
#include "command/upgrade.h"

/* The engine's manual procedure, `db --db-connect URL upgrade`: says what is due before it asks. --dontask is the yes
 * of that procedure. */
static int ask(struct run *run, const struct upgrade *upgrade, struct error *err)
{
	if (settings_flag(&run->settings, OPTION_DONTASK))
		return 0;
	fflush(stdout);
	show_steps(run, &upgrade->cycle);
	return run_confirm(run, cycle_drives(&upgrade->cycle) ?
		"The anchore-engine services will be stopped and started again. Go on?" :
		"Every anchore-engine service has to be stopped before this. Are they, and go on?", err);
}

static int nothing_due(struct upgrade *upgrade, struct run *run, struct error *err)
{
	if (run_json(run) || upgrade->due != CYCLE_NOTHING)
		return upgrade_settle(upgrade, run, err);
	int rc = upgrade->change.dry ? 0 : cycle_await(&upgrade->cycle, err);
	if (!rc)
		run_print(run, "The database is at version %s already: no upgrade needed.\n",
			VERSION_TEXT(upgrade->change.facts.version));
	return rc;
}

int command_db_upgrade(struct run *run, struct error *err)
{
	bool dry = false, sql = false;
	int rc = show_dry_run(&dry, &sql, run, err);
	if (rc)
		return rc;
	AUTO(upgrade_clear) struct upgrade upgrade;
	upgrade_init(&upgrade, dry);
	const struct plan *plan = &upgrade.change.plan;
	rc = upgrade_prepare(&upgrade, run, err);
	if (rc)
		return rc;
	if (upgrade.due != CYCLE_CHANGE)
		return nothing_due(&upgrade, run, err);
	if (!sql && plan->release_known)
		run_print(run,
			"Engine release %s needs database version %s. The database is at version %s: an upgrade is "
			"needed.\n",
			VERSION_TEXT(plan->release), VERSION_TEXT(plan->to), VERSION_TEXT(plan->from));
	if (dry)
		return show_plan(run, &upgrade.change, &upgrade.cycle, sql, err);
	rc = upgrade_check(&upgrade, run, err);
	if (!rc)
		rc = ask(run, &upgrade, err);
	if (!rc)
		rc = upgrade_finish(&upgrade, run, err);
	if (!rc)
		run_print(run, "Upgrade completed.\n");
	return rc;
}
