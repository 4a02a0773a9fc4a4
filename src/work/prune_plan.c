#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/composefile.h"
#include "work/inspect.h"
#include "work/journal.h"
#include "work/migrations.h"
#include "work/pin.h"
#include "work/prune.h"
#include "work/runtime.h"

void prune_plan_clear(struct prune_plan *plan)
{
	for (size_t i = 0; plan->verdicts && i < plan->list.count; i++)
		retention_verdict_clear(&plan->verdicts[i]);
	for (size_t i = 0; plan->asides && i < plan->databases.count; i++)
		retention_verdict_clear(&plan->asides[i]);
	mem_free(plan->verdicts);
	mem_free(plan->asides);
	mem_free(plan->deployment);
	list_clear(&plan->in_use);
	snapshot_list_clear(&plan->list);
	kept_databases_clear(&plan->databases);
	*plan = (struct prune_plan){.store = NULL};
}

static void read_rules(struct retention_rules *rules, const struct settings *settings)
{
	static const enum option periods[RETENTION_PERIODS] = {
		[RETENTION_HOURLY] = OPTION_KEEP_HOURLY,
		[RETENTION_DAILY] = OPTION_KEEP_DAILY,
		[RETENTION_WEEKLY] = OPTION_KEEP_WEEKLY,
		[RETENTION_MONTHLY] = OPTION_KEEP_MONTHLY,
		[RETENTION_YEARLY] = OPTION_KEEP_YEARLY,
	};
	rules->last = settings_number(settings, OPTION_KEEP_LAST);
	rules->within = settings_number(settings, OPTION_KEEP_WITHIN);
	for (int i = 0; i < RETENTION_PERIODS; i++)
		rules->periods[i] = settings_number(settings, periods[i]);
}

/* ---- what has to stay within reach ---- */

/* What the plan is made from and the model does not see. */
struct sources {
	struct run *run;
	struct db *db; /* NULL: it does not answer */
	struct journal journal;
};

static void sources_clear(struct sources *sources)
{
	db_close(sources->db);
	journal_clear(&sources->journal);
}

/* It went from one version to another, or may have: a run that was killed counts, and so does a failed one as long as
 * the database, whose row decides, cannot be asked. */
static bool changed_version(const struct journal_entry *entry, bool asked)
{
	if (!entry->from || !entry->to || strcmp(entry->from, entry->to) == 0 || text_same(entry->outcome, "refused"))
		return false;
	return !asked || !text_same(entry->outcome, "failed");
}

static bool is_upgrade(const struct journal_entry *entry)
{
	return text_same(entry->command, "upgrade") || (entry->command && text_ends(entry->command, " upgrade"));
}

/* Where the last upgrade came from; and where the last change led to, if the database does not say where it is. */
static void use_journal(struct list *in_use, const struct journal *journal, bool asked, bool version_known)
{
	bool upgrade = false;
	for (size_t i = journal->count; i-- > 0;) {
		const struct journal_entry *entry = &journal->entries[i];
		if (!changed_version(entry, asked))
			continue;
		if (!version_known)
			list_add_once(in_use, entry->to);
		version_known = true;
		if (!upgrade && is_upgrade(entry))
			list_add_once(in_use, entry->from);
		upgrade = upgrade || is_upgrade(entry);
	}
}

static int use_database(struct list *in_use, bool *known, struct db *db, struct error *err)
{
	AUTO(engine_version_clear) struct engine_version version = {.state = VERSION_NO_TABLE};
	int rc = inspect_version(&version, db, err);
	if (rc)
		return rc;
	*known = version.state == VERSION_ONE && version.db_version;
	if (*known)
		list_add_once(in_use, version.db_version);
	return 0;
}

/* What the release needs that the services are pinned to, or that the settings name. */
static int use_release(struct list *in_use, struct run *run, const char *release, struct error *err)
{
	struct version parsed, needed;
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	if (!release || !version_parse_typed(&parsed, release))
		return 0;
	int rc = migrations_read(&migrations, run, err);
	if (rc)
		return error_context(err, "it is not known which database version release %s needs", release);
	if (releases_find(&needed, &migrations.releases, parsed))
		list_add_once(in_use, VERSION_TEXT(needed));
	else
		log_warn("it is not known which database version release %s needs", release);
	return 0;
}

/* The compose file says it without Docker, and all of it: while somebody moves the services from one release to the
 * next they are of both. */
static void find_composed(struct list *releases, const struct settings *settings)
{
	AUTO(composefile_clear) struct composefile file = {.path = NULL};
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	const char *runtime = settings_text(settings, OPTION_RUNTIME);
	if (settings_text(settings, OPTION_COMPOSE_FILE) && (!runtime || text_same(runtime, "compose")) &&
		composefile_read(&file, settings, NULL, &ignored) == 0)
		pin_releases(releases, &file);
}

/* What cannot be asked is only worth a word where nothing else says it. */
static int find_pinned(struct list *releases, struct run *run, struct error *err)
{
	AUTO(runtime_auto) struct runtime *runtime = NULL;
	AUTO(mem_auto) char *release = NULL, *where = NULL;
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = runtime_open(&runtime, run, &why);
	if (!rc && runtime)
		rc = runtime_pinned(&release, &where, runtime, &why);
	if (rc == ERROR_INTERRUPTED)
		return error_move(err, &why);
	if (rc && !releases->count)
		log_warn("which release the services are pinned to is not known: %s", why.message);
	if (release)
		list_add_once(releases, release);
	return 0;
}

static int use_pinned(struct list *in_use, struct run *run, struct error *err)
{
	AUTO(list_clear) struct list releases = LIST_INIT;
	find_composed(&releases, &run->settings);
	int rc = find_pinned(&releases, run, err);
	for (size_t i = 0; !rc && i < releases.count; i++)
		rc = use_release(in_use, run, releases.items[i], err);
	return rc ? rc : use_release(in_use, run, settings_text(&run->settings, OPTION_ENGINE), err);
}

static int find_in_use(struct prune_plan *plan, struct sources *sources, struct error *err)
{
	bool known = false;
	int rc = sources->db ? use_database(&plan->in_use, &known, sources->db, err) : 0;
	if (rc)
		return rc;
	use_journal(&plan->in_use, &sources->journal, sources->db != NULL, known);
	return use_pinned(&plan->in_use, sources->run, err);
}

/* ---- the snapshots ---- */

/* "upgrade of 2026-11-20", the newest change that this snapshot is the way back of; NULL: none; owned. */
static char *what_needs(const struct snapshot_entry *entry, const struct sources *sources)
{
	for (size_t i = sources->journal.count; i-- > 0;) {
		const struct journal_entry *change = &sources->journal.entries[i];
		if (!changed_version(change, sources->db != NULL) || !text_same(change->snapshot, entry->manifest.id) ||
			!text_same(change->from, entry->manifest.db_version))
			continue;
		AUTO(mem_auto) char *at = text_time(change->at);
		return mem_format("%s of %.10s", change->command, at);
	}
	return NULL;
}

/* What was found when it was read, or restored and compared; NULL: nothing bad; owned. */
static char *what_failed(const struct snapshot_entry *entry)
{
	bool read = entry->verified.failed;
	const struct snapshot_check *check = read ? &entry->verified : &entry->proven;
	if (!check->failed)
		return NULL;
	AUTO(mem_auto) char *at = text_time(check->at);
	return mem_format("%s on %.10s: look at it, then remove it by hand",
		read ? "found damaged" : "could not be restored", at);
}

/* Owned; NULL: it counts. */
static char *why_alone(const struct snapshot_entry *entry, const char *deployment)
{
	static const char *const words[] = {
		[SNAPSHOT_CORRUPT] = "damaged: look at it, then remove it by hand",
		[SNAPSHOT_FOREIGN] = "not a snapshot",
		[SNAPSHOT_FUTURE] = "written by a later version of anchore-admin",
	};
	if (entry->health != SNAPSHOT_WHOLE)
		return mem_copy(words[entry->health]);
	if (!deployment)
		return mem_copy("of another deployment, for the store does not say which one is its own");
	if (!text_same(entry->manifest.deployment, deployment))
		return mem_copy("of another deployment");
	return what_failed(entry);
}

/* A version that is not known says nothing against the snapshot. */
static bool is_odd(const struct snapshot_entry *entry, const struct graph *graph)
{
	AUTO(catalog_result_clear) struct catalog_result result = {.items = NULL};
	const struct manifest *manifest = &entry->manifest;
	struct version version;
	if (entry->health != SNAPSHOT_WHOLE || !manifest->db_version || !version_parse(&version, manifest->db_version))
		return false;
	const struct graph_node *node = graph_node(graph, version);
	if (!node || !node->has_catalog)
		return false;
	graph_compare(&result, graph, version, &manifest->catalog);
	return result.blocking.count != 0;
}

/* Verified means later than when it was taken, for each one was then. */
static struct retention_snapshot describe(const struct snapshot_entry *entry, const char *alone, const char *needed)
{
	return (struct retention_snapshot){
		.id = entry->manifest.id,
		.database = entry->manifest.identity.name,
		.version = entry->manifest.db_version,
		.time = entry->manifest.created,
		.counts = !alone,
		.alone = alone,
		.pinned = entry->pinned,
		.verified = entry->verified.at && !entry->verified.failed,
		.proven = snapshot_proven(entry),
		.needed = needed,
	};
}

/* Keeps it in the list and hands it on; NULL is nothing to keep. */
static const char *keep_words(struct list *list, char *words)
{
	if (words)
		list_give(list, words);
	return words;
}

static void judge_snapshots(struct prune_plan *plan, const struct sources *sources)
{
	size_t count = plan->list.count;
	AUTO(mem_auto) struct retention_snapshot *snapshots = mem_array(count, sizeof *snapshots);
	AUTO(list_clear) struct list words = LIST_INIT;
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	bool known = migrations_read(&migrations, sources->run, &why) == 0;
	if (!known)
		log_warn("whether the snapshots have their versions' schemas is not known: %s", why.message);
	for (size_t i = 0; i < count; i++) {
		const struct snapshot_entry *entry = &plan->list.entries[i];
		const char *alone = keep_words(&words, why_alone(entry, plan->deployment));
		const char *needed = keep_words(&words, what_needs(entry, sources));
		snapshots[i] = describe(entry, alone, needed);
		snapshots[i].odd = known && is_odd(entry, &migrations.graph);
	}
	plan->verdicts = mem_array(count, sizeof *plan->verdicts);
	retention_decide(plan->verdicts, snapshots, count, &plan->rules, &plan->in_use, clock_now());
	for (size_t i = 0; i < count; i++) {
		if (plan->verdicts[i].keep)
			continue;
		plan->dropped++;
		plan->freed += plan->list.entries[i].size;
	}
}

/* ---- the databases ---- */

static time_t last_snapshot(const struct prune_plan *plan, const char *database)
{
	for (size_t i = 0; i < plan->list.count; i++) {
		const struct snapshot_entry *entry = &plan->list.entries[i];
		AUTO(mem_auto) char *alone = why_alone(entry, plan->deployment);
		if (!alone && text_same(entry->manifest.identity.name, database) &&
			entry->manifest.created <= clock_now())
			return entry->manifest.created;
	}
	return 0;
}

static int judge_databases(struct prune_plan *plan, const struct sources *sources, struct error *err)
{
	const char *name = db_name(sources->db);
	int rc = restore_kept(&plan->databases, sources->db, name, err);
	if (rc)
		return rc;
	plan->asides = mem_array(plan->databases.count, sizeof *plan->asides);
	for (size_t i = 0; i < plan->databases.count; i++) {
		struct retention_aside aside = {.newest = i == 0, .last_snapshot = last_snapshot(plan, name)};
		text_time_parse(plan->databases.items[i].since, &aside.since);
		retention_decide_aside(&plan->asides[i], &aside,
			settings_number(&sources->run->settings, OPTION_KEEP_DATABASES), clock_now());
		plan->databases_dropped += !plan->asides[i].keep;
	}
	return 0;
}

/* ---- all ---- */

static int ask(struct sources *sources, const char *store, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = run_connect(&sources->db, sources->run, NULL, &why);
	if (rc == ERROR_INTERRUPTED)
		return error_move(err, &why);
	if (rc)
		log_warn("going by the journal beside the snapshots, for the database cannot be asked: %s",
			why.message);
	return journal_read(&sources->journal, store, sources->db, err);
}

int prune_plan(struct prune_plan *out, struct run *run, struct error *err)
{
	AUTO(prune_plan_clear) struct prune_plan plan = {.store = NULL};
	AUTO(sources_clear) struct sources sources = {.run = run};
	read_rules(&plan.rules, &run->settings);
	int rc = run_store(&plan.store, run, false, err);
	if (!rc)
		rc = store_list(&plan.list, plan.store, err);
	if (!rc)
		rc = store_deployment(&plan.deployment, plan.store, false, err);
	if (!rc)
		rc = ask(&sources, plan.store, err);
	if (!rc)
		rc = find_in_use(&plan, &sources, err);
	if (rc)
		return rc;
	judge_snapshots(&plan, &sources);
	plan.asked = sources.db != NULL;
	rc = plan.asked ? judge_databases(&plan, &sources, err) : 0;
	if (rc)
		return rc;
	*out = plan;
	plan = (struct prune_plan){.store = NULL};
	return 0;
}
