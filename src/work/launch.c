#include "work/launch.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/change.h"
#include "work/control.h"
#include "work/cycle.h"
#include "work/evidence.h"
#include "work/facts.h"
#include "work/hold.h"
#include "work/inspect.h"
#include "work/sessions.h"
#include "work/step.h"

static const double POLL_SECONDS = 0.5;

struct launching {
	struct run *run;
	double end;          /* of all waiting */
	bool told;           /* what is waited for */
	struct migrations migrations;
	struct cycle cycle;
	struct db *db;
	bool empty;
};

static void launching_clear(struct launching *launching)
{
	db_close(launching->db);
	launching->db = NULL;
	cycle_clear(&launching->cycle);
	migrations_clear(&launching->migrations);
}

/* Time is left; then a while has passed. */
static int wait_a_little(const struct launching *launching, bool *more, struct error *err)
{
	*more = clock_elapsed() < launching->end;
	if (*more)
		clock_sleep(POLL_SECONDS);
	return interrupt_check(err);
}

/* ---- what there is ---- */

static int connect_in_time(struct launching *launching, struct error *err)
{
	for (;;) {
		AUTO(error_clear) struct error why = ERROR_INIT;
		bool more = false;
		int rc = run_connect(&launching->db, launching->run, NULL, &why);
		if (rc != ERROR_UNREACHABLE)
			return rc ? error_move(err, &why) : 0;
		if (!launching->told)
			log_note("waiting for the database: %s", why.message);
		launching->told = true;
		rc = wait_a_little(launching, &more, err);
		if (rc || !more)
			return rc ? rc : error_move(err, &why);
	}
}

/* Whatever stands in the way of reading the version has the error that every other command gives for it. */
static int read_database(struct launching *launching, struct error *err)
{
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	AUTO(list_clear) struct list catalog = LIST_INIT;
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	int rc = inspect_version(&row, launching->db, err);
	if (!rc && row.state == VERSION_NO_TABLE)
		rc = inspect_catalog(&catalog, launching->db, err);
	if (rc)
		return rc;
	launching->empty = row.state == VERSION_NO_TABLE && !catalog.count;
	if (row.state == VERSION_ONE)
		cycle_database(&launching->cycle, row.db_version);
	if (launching->empty || launching->cycle.state.database_known)
		return 0;
	rc = facts_gather(&facts, launching->run, launching->db, &launching->migrations, err);
	return rc ? rc : error_set(err, ERROR_REFUSED, "the version row changed while it was read");
}

static int look(struct launching *launching, struct error *err)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	launching_clear(launching);
	if (migrations_read(&launching->migrations, launching->run, &ignored))
		log_warn("the list of releases is not known: %s", ignored.message);
	int rc = connect_in_time(launching, err);
	if (!rc)
		rc = cycle_open(&launching->cycle, launching->run, &launching->migrations.releases, err);
	return rc ? rc : read_database(launching, err);
}

/* Somebody else works on the deployment: a run of ours has the store's lock, or somebody has the engine's (*locked). */
static int look_busy(bool *busy, bool *locked, struct launching *launching, struct error *err)
{
	const char *store = settings_text(&launching->run->settings, OPTION_STORE);
	AUTO(sessions_clear) struct sessions holders = {NULL, 0};
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(file_close) int lock = -1;
	int rc = sessions_holders(&holders, launching->db, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *path = store ? path_join(store, "lock") : NULL;
	*locked = holders.count > 0;
	*busy = *locked || (path && file_exists(path) && file_lock(&lock, path, &why) == ERROR_LOCKED);
	return 0;
}

/* ---- what is done about it ---- */

static int start(const struct launching *launching, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	if (!launching->cycle.state.held)
		return 0;
	int rc = control_directory(&directory, launching->run, err);
	if (!rc)
		rc = hold_remove(directory, err);
	if (!rc)
		step_sweep(directory);
	if (!rc)
		log_note("a run that did not end has held the services; database and release fit, so they start");
	return rc;
}

/* The lock that is taken here must not outlive it: the services run for long. */
static int upgrade_as(struct run *run, const struct cycle_state *state, struct error *err)
{
	AUTO(change_clear) struct change change;
	change_init(&change, "upgrade", false);
	int rc = change_open_migrations(&change, run, err);
	if (!rc)
		rc = change_open(&change, run, err);
	/* Another host was quicker: what it left is looked at again. */
	if (rc || version_same(change.facts.version, state->needs))
		return rc;
	change.snapshots = true;
	rc = change_plan(&change, run, state->needs, &state->release, err);
	if (!rc)
		rc = refusals_error(&change.refusals, "upgrade", err);
	if (rc)
		return rc;
	log_note("upgrading database \"%s\" from version %s to %s, for release %s", change.facts.database,
		VERSION_TEXT(state->database), VERSION_TEXT(state->needs), VERSION_TEXT(state->release));
	struct cycle alone = {.run = run};
	return cycle_migrate(&alone, &change, err);
}

static int upgrade(struct launching *launching, struct error *err)
{
	AUTO(mem_auto) char *directory = NULL;
	int rc = control_directory(&directory, launching->run, err);
	if (!rc)
		rc = fault_point("launch-upgrade", err);
	if (rc)
		return rc;
	db_close(launching->db);
	launching->db = NULL;
	struct run as = run_as(launching->run, "upgrade");
	step_open(&as, directory);
	rc = upgrade_as(&as, &launching->cycle.state, err);
	step_close();
	file_close(&as.lock);
	run_as_end(launching->run, &as);
	return rc;
}

/* ---- refusals ---- */

static int refuse_behind(const struct cycle_state *state, struct error *err)
{
	error_set(err, ERROR_REFUSED, "the database is at version %s, behind %s, which release %s needs",
		VERSION_TEXT(state->database), VERSION_TEXT(state->needs), VERSION_TEXT(state->release));
	return error_hint(err, "upgrade it with `anchore-admin upgrade --to %s`, or start with `--auto-upgrade`",
		VERSION_TEXT(state->release));
}

static int refuse_ahead(const struct launching *launching, struct error *err)
{
	const struct cycle_state *state = &launching->cycle.state;
	const char *store = settings_text(&launching->run->settings, OPTION_STORE);
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	struct version other;
	bool known = releases_newest(&other, launching->cycle.releases, state->database);
	AUTO(mem_auto) char *or = known ? mem_format(", or start release %s", VERSION_TEXT(other)) : mem_copy("");
	if (store && evidence_find(&entry, store, db_name(launching->db), VERSION_TEXT(state->needs), &ignored))
		log_warn("the snapshots cannot be read: %s", ignored.message);
	error_set(err, ERROR_REFUSED, "the database is at version %s, ahead of %s, which release %s needs",
		VERSION_TEXT(state->database), VERSION_TEXT(state->needs), VERSION_TEXT(state->release));
	AUTO(mem_auto) char *when = text_time(entry.path ? entry.manifest.created : 0);
	AUTO(mem_auto) char *snapshot = entry.path ? mem_format("snapshot %.12s of %s is", entry.manifest.id, when)
		: mem_copy("no snapshot is");
	return error_hint(err, "go back with `anchore-admin downgrade --to %s`%s; %s of version %s",
		VERSION_TEXT(state->release), or, snapshot, VERSION_TEXT(state->needs));
}

static int refuse_unsettled(const struct cycle_state *state, struct error *err)
{
	const char *way = cycle_fit(state) == FIT_AHEAD ? "downgrade" : "upgrade";
	if (cycle_fit(state) == FIT_UNKNOWN) {
		error_set(err, ERROR_REFUSED, "a run that did not end has held the services, and whether the database "
			"fits what is pinned is not known");
		return error_hint(err, "look with `anchore-admin db status`, then run that command again");
	}
	error_set(err, ERROR_REFUSED, "a run that did not end has held the services: the database is at version %s, "
		"and release %s is pinned, which needs %s", VERSION_TEXT(state->database),
		VERSION_TEXT(state->release), VERSION_TEXT(state->needs));
	return error_hint(err, "settle it: `anchore-admin %s --to %s` for that release, or `anchore-admin downgrade "
		"--to %s` for what the database is at", way, VERSION_TEXT(state->release),
		VERSION_TEXT(state->database));
}

/* A run was killed around a change, and now there is nothing: starting would make a fresh engine of it. */
static int refuse_emptied(const struct launching *launching, struct error *err)
{
	error_set(err, ERROR_REFUSED, "a run that did not end has held the services, and database \"%s\" is empty now",
		db_name(launching->db));
	return error_hint(err, "bring its rows back with `anchore-admin restore latest`, which starts the services, or "
		"the one that was there before a swap with `anchore-admin restore --undo`; if it is to be a fresh one, "
		"remove `%s` from the run folder", HOLD_FILE);
}

static int refuse_locked(struct error *err)
{
	error_set(err, ERROR_LOCKED, "another run of anchore-admin changes the deployment and holds the services");
	return error_hint(err, "wait until it is done; it starts them itself");
}

static int wait_for_other(struct launching *launching, struct error *err)
{
	const struct cycle_state *state = &launching->cycle.state;
	bool more = false;
	if (!launching->told)
		log_note("the database is at version %s, release %s needs %s, and somebody works on it: waiting",
			VERSION_TEXT(state->database), VERSION_TEXT(state->release), VERSION_TEXT(state->needs));
	launching->told = true;
	int rc = wait_a_little(launching, &more, err);
	if (rc || more)
		return rc;
	error_set(err, ERROR_LOCKED, "another run works on the deployment, and took longer than --timeout allows");
	return error_hint(err, "look with `anchore-admin db status`, then start again");
}

/* ---- all ---- */

static bool automatic(const struct run *run)
{
	return settings_flag(&run->settings, OPTION_AUTO_UPGRADE) ||
		text_same(settings_text(&run->settings, OPTION_UPGRADE_AT_LAUNCH), "auto");
}

/* One look, and what it leads to. *done is false where there is to be another look. */
static int attempt(bool *done, struct launching *launching, struct error *err)
{
	bool busy = false, locked = false;
	const struct cycle_state *state = &launching->cycle.state;
	int rc = look(launching, err);
	if (!rc)
		rc = look_busy(&busy, &locked, launching, err);
	*done = true;
	if (rc)
		return rc;
	if (launching->empty)
		return !state->held ? 0 : state->alive ? refuse_locked(err) : refuse_emptied(launching, err);
	/* What is seen of a change before its COMMIT fits. */
	if (locked && cycle_fit(state) == FIT_SAME && !state->alive) {
		*done = false;
		return wait_for_other(launching, err);
	}
	switch (launch_decide(state, busy, automatic(launching->run))) {
	case LAUNCH_START:
		return start(launching, err);
	case LAUNCH_UNKNOWN:
		log_warn("whether the database, at version %s, fits the release is not known: %s",
			VERSION_TEXT(state->database), state->pinned ? "no release of that name is listed"
			: "set `engine` to the release");
		return 0;
	case LAUNCH_LOCKED:
		return refuse_locked(err);
	case LAUNCH_WAIT:
		*done = false;
		return wait_for_other(launching, err);
	case LAUNCH_UPGRADE:
		*done = false;
		return upgrade(launching, err);
	case LAUNCH_BEHIND:
		return refuse_behind(state, err);
	case LAUNCH_AHEAD:
		return refuse_ahead(launching, err);
	case LAUNCH_UNSETTLED:
		break;
	}
	return refuse_unsettled(state, err);
}

static int check_setting(const struct run *run, struct error *err)
{
	const char *value = settings_text(&run->settings, OPTION_UPGRADE_AT_LAUNCH);
	if (!value || text_same(value, "auto") || text_same(value, "refuse"))
		return 0;
	error_set(err, ERROR_USAGE, "%s: upgrade_at_launch is \"%s\", which is not known",
		settings_where(&run->settings, OPTION_UPGRADE_AT_LAUNCH), value);
	return error_hint(err, "write `refuse` or `auto`");
}

int launch_check(struct run *run, struct error *err)
{
	AUTO(launching_clear) struct launching launching = {.run = run,
		.end = clock_elapsed() + (double)settings_number(&run->settings, OPTION_TIMEOUT)};
	bool done = false;
	int rc = check_setting(run, err);
	while (!rc && !done) {
		rc = attempt(&done, &launching, err);
		/* Between the look and the lock another host was quicker. */
		if (rc == ERROR_LOCKED && !done) {
			error_clear(err);
			rc = wait_for_other(&launching, err);
		}
	}
	return rc;
}
