#include <stdio.h>

#include "base/mem.h"
#include "command/command.h"
#include "command/show.h"
#include "command/upgrade.h"

/* The engine's manual procedure, `db --db-connect URL upgrade`: says what is due before it asks. --dontask is the yes
 * of that procedure. */
static int ask(struct run *run, struct error *err)
{
	if (settings_flag(&run->settings, OPTION_DONTASK))
		return 0;
	fflush(stdout);
	return run_confirm(run, "Every anchore-engine service has to be stopped before this. Are they, and go on?",
		err);
}

int command_db_upgrade(struct run *run, struct error *err)
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
		if (run_json(run))
			show_nothing(run, &change);
		run_print(run, "The database is at version %s already: no upgrade needed.\n",
			VERSION_TEXT(change.facts.version));
		return 0;
	}
	if (!sql && change.plan.release_known)
		run_print(run,
			"Engine release %s needs database version %s. The database is at version %s: an upgrade is "
			"needed.\n",
			VERSION_TEXT(change.plan.release), VERSION_TEXT(change.plan.to),
			VERSION_TEXT(change.plan.from));
	if (dry)
		return show_plan(run, &change, sql, err);
	rc = show_refusals(run, &change, err);
	if (!rc)
		rc = ask(run, err);
	if (!rc)
		rc = upgrade_finish(&change, run, err);
	if (!rc)
		run_print(run, "Upgrade completed.\n");
	return rc;
}
