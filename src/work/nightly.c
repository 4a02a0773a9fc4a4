#include "work/nightly.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/digest.h"
#include "work/hooks.h"
#include "work/installed.h"
#include "work/journal.h"
#include "work/metrics.h"
#include "work/prove.h"
#include "work/prune.h"
#include "work/snapshot.h"
#include "work/turn.h"
#include "work/unchanged.h"

struct job {
	struct run *run;
	const char *store;
	struct nightly *nightly;
	struct outcome outcome;
	struct list warnings;
	char *snapshot, *db_version; /* what outcome points to */
};

void nightly_clear(struct nightly *nightly)
{
	attempt_clear(&nightly->attempt);
	list_clear(&nightly->said);
	mem_free(nightly->verified);
	*nightly = (struct nightly){.dropped = 0};
}

static void job_clear(struct job *job)
{
	log_collect(NULL);
	list_clear(&job->warnings);
	mem_free(job->snapshot);
	mem_free(job->db_version);
}

/* ---- the wait ---- */

static int wait_a_little(const struct run *run, struct error *err)
{
	long long most = settings_number(&run->settings, OPTION_SCHEDULE_JITTER);
	char hex[9];
	if (most <= 0)
		return 0;
	digest_random_hex(hex, 4);
	clock_sleep((double)strtoull(hex, NULL, 16) / UINT32_MAX * (double)most / clock_speed());
	return interrupt_check(err);
}

/* ---- backup ---- */

static int take(struct job *job, struct db *db, struct error *err)
{
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {.path = NULL};
	AUTO(journal_entry_clear) struct journal_entry journal = {.run = NULL};
	char *same = NULL;
	journal_entry_init(&journal, job->run);
	mem_replace(&journal.command, mem_copy("backup"));
	int rc = journal_started(job->store, &journal, err);
	if (rc)
		return rc;
	rc = snapshot_take(&entry, job->run, err);
	if (!rc) {
		journal.from = mem_copy(entry.manifest.db_version);
		rc = unchanged_drop(&same, job->run, db, &entry, err);
	}
	if (!rc) {
		job->snapshot = same ? same : mem_copy(entry.manifest.id);
		job->outcome.made = !same;
		job->outcome.bytes = entry.size;
		journal.snapshot = mem_copy(job->snapshot);
	}
	journal_ended(job->store, &journal, rc ? err : NULL);
	return rc;
}

/* unseen, moved: why the database could not be looked at. Nobody hears of that sooner than the hooks that follow. */
static int take_with_hooks(struct job *job, struct db *db, struct error *unseen, struct error *err)
{
	AUTO(list_clear) struct list facts = LIST_INIT;
	hooks_facts(&facts, job->db_version, NULL, NULL);
	int rc = hooks_before(job->run, "backup", &facts, err);
	if (!rc)
		rc = unseen->code ? error_move(err, unseen) : take(job, db, err);
	hooks_facts(&facts, NULL, NULL, job->snapshot);
	hooks_after(job->run, "backup", &facts, rc ? err : NULL);
	error_clear(unseen);
	return rc;
}

static int backup(struct job *job, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	struct error why = ERROR_INIT;
	struct run *run = job->run;
	int rc = settings_set(&run->settings, OPTION_INCREMENTAL, "true", SOURCE_COMMAND_LINE, run->command, NULL,
		err);
	if (rc)
		return rc;
	rc = run_connect(&db, run, NULL, &why);
	if (!rc)
		rc = unchanged_look(&job->snapshot, &job->db_version, run, db, &why);
	return !rc && job->snapshot ? 0 : take_with_hooks(job, db, &why, err);
}

/* ---- the rest ---- */

static int prune(struct job *job, struct error *err)
{
	AUTO(pruned_clear) struct pruned pruned = {.kept = 0};
	int rc = prune_run(&pruned, job->run, err);
	if (!rc)
		job->nightly->dropped = pruned.dropped;
	return rc;
}

/* "; also damaged: …": all of them, so that one more is another failure. */
static void add_more(struct text *out, const struct snapshot_entry *entry, size_t number)
{
	text_addf(out, "%s%s", number == 2 ? "; also damaged: " : ", ", path_base(entry->path));
}

static bool is_damaged(const struct snapshot_entry *entry)
{
	bool ours = entry->health == SNAPSHOT_WHOLE || entry->health == SNAPSHOT_CORRUPT;
	return ours && !snapshot_verified_at(entry);
}

/* A snapshot that is known to be damaged is a failure for as long as it lies there, not only on the night on which its
 * turn came. */
static int known_damage(const struct job *job, struct error *err)
{
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(text_clear) struct text words = TEXT_INIT;
	size_t number = 0;
	int rc = store_list(&list, job->store, err);
	for (size_t i = 0; !rc && i < list.count; i++) {
		const struct snapshot_entry *entry = &list.entries[i];
		if (!is_damaged(entry))
			continue;
		if (++number > 1)
			add_more(&words, entry, number);
		else
			text_addf(&words, "%s is damaged: %s", entry->path,
				entry->why ? entry->why : entry->verified.message ? entry->verified.message :
				"it fails");
	}
	if (rc || !number)
		return rc;
	error_set(err, ERROR_CORRUPT, "%s", words.data);
	return error_hint(err, "put a good copy in its place, or remove it; look with `anchore-admin snapshot verify`");
}

/* What was found now counts also where it could not be recorded. */
static int verify(struct job *job, struct error *err)
{
	struct error why = ERROR_INIT;
	int rc = prove_next(&job->nightly->verified, job->run, &why);
	if (rc && rc != ERROR_CORRUPT)
		return error_move(err, &why);
	int known = known_damage(job, err);
	if (rc && !known)
		return error_move(err, &why);
	error_clear(&why);
	return known;
}

/* The first failure is the run's, a later one is said with it. */
static void add_failure(struct job *job, const char *part, struct error *first, struct error *more)
{
	if (!first->code) {
		job->outcome.part = part;
		error_move(first, more);
		return;
	}
	AUTO(mem_auto) char *message = mem_format("%s; besides, %s: %s", first->message, part, more->message);
	mem_replace(&first->message, mem_take(&message));
	error_clear(more);
}

static void work(struct job *job, struct error *err)
{
	static const struct {
		const char *name;
		int (*run)(struct job *job, struct error *err);
		bool after_backup;
	} parts[] = {{"backup", backup, false}, {"prune", prune, true}, {"verify", verify, false}};
	struct error why = ERROR_INIT;
	if (turn_store(job->run, &why)) {
		add_failure(job, "lock", err, &why);
		return;
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (err->code && (parts[i].after_backup || interrupt_signal()))
			continue;
		if (fault_point("nightly-part", &why) || parts[i].run(job, &why))
			add_failure(job, parts[i].name, err, &why);
	}
}

/* ---- before and after ---- */

static void look_back(struct job *job)
{
	struct nightly *nightly = job->nightly;
	AUTO(installed_clear) struct installed installed = {.kind = INSTALLED_NOT};
	time_t begun = 0;
	if (attempt_begin(&nightly->attempt, job->outcome.at, &begun)) {
		AUTO(mem_auto) char *when = text_time(begun);
		list_addf(&nightly->said, "the scheduled job that began at %s was ended before it was done", when);
	}
	installed_find(&installed, job->run);
	const struct crontab *crontab = installed.known ? &installed.crontab : NULL;
	job->outcome.missed = crontab_missed(crontab, nightly->attempt.last, job->outcome.at);
	if (!job->outcome.missed)
		return;
	AUTO(mem_auto) char *last = text_time(nightly->attempt.last);
	AUTO(mem_auto) char *runs = text_plural(job->outcome.missed, "run");
	list_addf(&nightly->said, "%s of the scheduled job did not happen: before this one it last ran at %s", runs,
		last);
}

/* A record that cannot be read or written keeps nobody from taking a snapshot. */
static void begin(struct job *job)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	struct attempt *attempt = &job->nightly->attempt;
	AUTO(file_close) int guard = attempt_lock(job->store);
	if (attempt_read(attempt, job->store, &why))
		log_warn("what became of the scheduled job before is not known: %s", why.message);
	look_back(job);
	mem_replace(&attempt->config, mem_copy(settings_text(&job->run->settings, OPTION_CONFIG)));
	error_clear(&why);
	if (attempt_write(job->store, attempt, &why))
		log_detail("%s", why.message);
}

/* One that gave way may have written since. */
static void look_again(struct job *job)
{
	AUTO(attempt_clear) struct attempt now = {.last = 0};
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (attempt_read(&now, job->store, &ignored) == 0)
		job->nightly->attempt.skipped = now.skipped;
}

static void fill_outcome(struct job *job, const struct error *err)
{
	job->outcome.exit_status = err->code ? interrupt_status(err) : 0;
	job->outcome.message = err->message;
	job->outcome.hint = err->hint;
}

/* For what is told now and for the metrics, where the record cannot say it. counted: it was a failure before. */
static void fail_after_all(struct job *job, bool counted, const struct error *err)
{
	struct attempt *attempt = &job->nightly->attempt;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	bool tell = false;
	time_t over = 0;
	fill_outcome(job, err);
	job->outcome.missed = 0;
	attempt_end(attempt, &job->outcome, &tell, &over);
	attempt->failures -= counted;
	metrics_write(job->run, attempt, &ignored);
}

/* The metrics come before the record: that they cannot be written is a warning, and what was warned of is recorded. */
static void record(struct job *job, struct error *err, bool *tell)
{
	struct nightly *nightly = job->nightly;
	AUTO(error_clear) struct error warning = ERROR_INIT;
	struct error why = ERROR_INIT;
	if (metrics_write(job->run, &nightly->attempt, &warning))
		log_warn("the metrics are not written: %s%s%s", warning.message, warning.hint ? "; " : "",
			warning.hint ? warning.hint : "");
	/* While a failure goes on, what else is in the way is most often a part of it. */
	attempt_warned(&nightly->attempt, &job->warnings, !err->code || *tell, &nightly->said);
	if (attempt_write(job->store, &nightly->attempt, &why)) {
		*tell = true;
		add_failure(job, "record", err, &why);
		fail_after_all(job, nightly->attempt.exit_status != 0, err);
	}
}

static void end(struct job *job, struct error *err, bool *tell)
{
	struct nightly *nightly = job->nightly;
	struct outcome *outcome = &job->outcome;
	time_t over = 0;
	AUTO(file_close) int guard = attempt_lock(job->store);
	look_again(job);
	fill_outcome(job, err);
	outcome->snapshot = job->snapshot;
	outcome->db_version = job->db_version;
	attempt_end(&nightly->attempt, outcome, tell, &over);
	if (over) {
		AUTO(mem_auto) char *since = text_time(over);
		list_addf(&nightly->said, "the scheduled job works again; it had failed since %s", since);
	}
	record(job, err, tell);
}

/* What the operator reads: what, why, since when, what to do. */
static void word(const struct attempt *attempt, struct error *err)
{
	AUTO(mem_auto) char *sentence = attempt_sentence(attempt);
	AUTO(mem_auto) char *hint = mem_format("%s%s`anchore-admin cron status` tells how it goes on",
		err->hint ? err->hint : "", err->hint ? "; " : "");
	mem_replace(&err->message, mem_take(&sentence));
	mem_replace(&err->hint, mem_take(&hint));
}

static int run_job(struct job *job, bool watched, struct error *err)
{
	double start = clock_elapsed();
	struct error failure = ERROR_INIT;
	bool tell = true;
	job->outcome.at = clock_now();
	job->outcome.ask_again = watched;
	log_collect(&job->warnings);
	begin(job);
	work(job, &failure);
	job->outcome.seconds = job->nightly->seconds = clock_elapsed() - start;
	end(job, &failure, &tell);
	log_collect(NULL);
	if (!failure.code)
		return 0;
	word(&job->nightly->attempt, &failure);
	job->run->told = !tell;
	return error_move(err, &failure);
}

/* A store that cannot be written holds no record either: it is told every time. */
static int cannot_begin(struct job *job, struct error *err)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	struct attempt *attempt = &job->nightly->attempt;
	job->outcome.at = clock_now();
	job->outcome.part = "lock";
	attempt_read(attempt, job->store, &ignored);
	fail_after_all(job, false, err);
	word(attempt, err);
	return err->code;
}

int nightly_run(struct nightly *out, struct run *run, bool watched, struct error *err)
{
	AUTO(file_close) int lock = -1;
	AUTO(job_clear) struct job job = {.run = run, .nightly = out};
	int rc = run_store(&job.store, run, true, err);
	if (rc)
		return rc;
	if (!watched)
		rc = wait_a_little(run, err);
	if (!rc)
		rc = turn_take(&lock, run, job.store, watched, err);
	if (rc && rc != ERROR_LOCKED && rc != ERROR_INTERRUPTED)
		return cannot_begin(&job, err);
	return rc ? rc : run_job(&job, watched, err);
}
