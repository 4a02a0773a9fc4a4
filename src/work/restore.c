#include "work/restore.h"

#include <inttypes.h>
#include <string.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/archive.h"
#include "work/copycheck.h"
#include "work/database.h"
#include "work/incoming.h"
#include "work/inspect.h"
#include "work/journal.h"
#include "work/kept.h"
#include "work/load.h"
#include "work/properties.h"
#include "work/reader.h"
#include "work/roles.h"
#include "work/sessions.h"
#include "work/site.h"
#include "work/swap.h"

struct job {
	struct run *run;
	const struct snapshot_entry *entry;
	const struct restore_options *options;
	const char *store;
	struct site site;
	struct pgtool tool;
	struct snapshot_reader *reader;
	struct journal_entry journal;
	char *incoming;
	bool created;             /* and not yet swapped in: to be dropped after a failure */
	char *archive;            /* the extracted schema.pgdump */
	struct db *fresh;         /* to the incoming database */
	bool no_owner;
	char *owner;              /* that the database is to have; NULL: not known here, so it is our own role */
	struct properties present; /* of the deployment's database, where there is one */
	struct list statements, notes;
	struct restored_copy copy;
	char *kept, *kept_comment;
};

static void job_clear(struct job *job)
{
	struct error ignored = ERROR_INIT;
	db_close(job->fresh);
	if (job->archive && file_remove(job->archive, &ignored) != 0)
		error_clear(&ignored);
	if (job->created)
		incoming_drop(job->run, job->site.maintenance, job->incoming);
	site_clear(&job->site);
	pgtool_clear(&job->tool);
	snapshot_close(job->reader);
	journal_entry_clear(&job->journal);
	mem_free(job->incoming);
	mem_free(job->archive);
	mem_free(job->owner);
	properties_clear(&job->present);
	list_clear(&job->statements);
	list_clear(&job->notes);
	identity_clear(&job->copy.identity);
	moment_clear(&job->copy.moment);
	mem_free(job->kept);
	mem_free(job->kept_comment);
}

static bool replaces(const struct job *job)
{
	return !job->options->into && !job->options->scratch && job->site.present;
}

/* Every row is read back and compared. */
static bool is_deep(const struct job *job)
{
	return job->options->deep || job->options->scratch;
}

/* What the copy is to have besides its contents. */
static const struct properties *properties_of(const struct job *job)
{
	return replaces(job) ? &job->present : &job->entry->manifest.properties;
}

/* To whom everything belongs when the snapshot's owners are left out. */
static const char *owner_name(const struct job *job)
{
	return job->owner ? job->owner : db_user(job->site.maintenance);
}

static const char *final_name(const struct job *job)
{
	return job->options->into ? job->options->into : job->site.name;
}

/* ---- before ---- */

static int lock_present(struct job *job, struct error *err)
{
	if (!replaces(job))
		return 0;
	int rc = engine_lock(job->site.present, settings_number(&job->run->settings, OPTION_LOCK_TIMEOUT), err);
	if (rc)
		return rc;
	AUTO(engine_version_clear) struct engine_version version = {VERSION_NO_TABLE, 0, NULL, NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	rc = inspect_version(&version, job->site.present, &why);
	if (rc && rc != ERROR_FAILED) /* Whatever state the database is in: that is what a restore is for. */
		return error_move(err, &why);
	job->journal.from = mem_take(&version.db_version);
	return database_properties(&job->present, job->site.present, job->site.name, err);
}

static int begin(struct job *job, struct error *err)
{
	const struct manifest *manifest = &job->entry->manifest;
	job->journal.to = job->options->scratch ? NULL : mem_copy(manifest->db_version);
	job->journal.snapshot = mem_copy(manifest->id);
	int rc = pgtool_find(&job->tool, settings_text(&job->run->settings, OPTION_PG_BINDIR), err);
	if (!rc)
		rc = site_open(&job->site, job->run, err);
	if (!rc)
		rc = pgtool_check(&job->tool, job->site.maintenance, err);
	if (!rc)
		rc = snapshot_open(&job->reader, job->entry, err);
	if (!rc)
		rc = lock_present(job, err);
	if (!rc)
		rc = incoming_sweep(job->site.maintenance, job->run, job->site.name, err);
	if (!rc)
		rc = incoming_owner(&job->owner, job->site.maintenance, properties_of(job)->owner, err);
	if (rc)
		return rc;
	/* Servers may be short of connections. */
	if (!replaces(job))
		site_leave(&job->site);
	job->incoming = incoming_name(job->site.name, job->run);
	AUTO(mem_auto) char *name = mem_format(".tmp-%s-schema.pgdump", job->run->id);
	job->archive = path_join(job->store, name);
	return snapshot_extract(job->reader, ARCHIVE_SCHEMA, job->archive, err);
}

/* ---- the copy ---- */

static int create(struct job *job, struct error *err)
{
	job->created = true;
	int rc = incoming_create(job->site.maintenance, job->incoming, &job->entry->manifest,
		properties_of(job)->tablespace, job->owner, err);
	return rc ? rc : run_connect(&job->fresh, job->run, job->incoming, err);
}

static void drop(struct job *job)
{
	db_close(job->fresh);
	job->fresh = NULL;
	incoming_drop(job->run, job->site.maintenance, job->incoming);
	job->created = false;
}

/* The tables' contents as they were sent to the copy, and (with --deep, else NULL) as read back from it. */
struct loaded {
	struct content *sent, *read;
};

static void loaded_init(struct loaded *loaded, const struct job *job)
{
	size_t tables = job->entry->manifest.table_count;
	loaded->sent = mem_array(tables, sizeof *loaded->sent);
	loaded->read = is_deep(job) ? mem_array(tables, sizeof *loaded->read) : NULL;
}

static void loaded_clear(struct loaded *loaded)
{
	mem_free(loaded->sent);
	mem_free(loaded->read);
}

static int fill(struct job *job, struct loaded *loaded, bool *rights_failed, struct error *err)
{
	struct load load = {.run = job->run, .manifest = &job->entry->manifest, .reader = job->reader,
		.tool = &job->tool, .archive = job->archive, .dbname = job->incoming, .no_owner = job->no_owner,
		.owner = job->owner, .read = loaded->read};
	int rc = create(job, err);
	load.db = job->fresh;
	if (!rc)
		rc = load_all(&load, loaded->sent, err);
	*rights_failed = load.rights_failed;
	return rc;
}

/* Roles that this server does not know are no obstacle for a new database; over one that works, --no-owner has to be
 * asked for, because the engine may be locked out. */
static int decide_owner(struct job *job, struct error *err)
{
	AUTO(list_clear) struct list unknown = LIST_INIT;
	job->no_owner = job->options->no_owner;
	int rc = job->no_owner || replaces(job) ? 0 :
		roles_unknown(&unknown, job->site.maintenance, &job->entry->manifest, err);
	if (rc || !unknown.count)
		return rc;
	AUTO(mem_auto) char *names = list_join(&unknown, ", ");
	job->no_owner = true;
	list_addf(&job->notes,
		"owners and privileges are left out, all of it belongs to %s: these roles are not here: %s",
		owner_name(job), names);
	return 0;
}

/* Owners that this role may not set, and roles of large objects, show only when it is tried: then it is done again. */
static int fill_with_rights_or_without(struct job *job, struct loaded *loaded, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	bool rights_failed = false;
	int rc = decide_owner(job, &why);
	if (!rc)
		rc = fill(job, loaded, &rights_failed, &why);
	if (!rc)
		return 0;
	if (rights_failed && !job->no_owner && replaces(job)) {
		error_set(err, ERROR_REFUSED, "an owner or a privilege cannot be restored by role %s: %s",
			db_user(job->site.maintenance), why.message);
		return error_hint(err,
			"run it as a superuser of the server, or add `--no-owner`: all of it then belongs to %s",
			owner_name(job));
	}
	if (!rights_failed || job->no_owner)
		return error_move(err, &why);
	list_addf(&job->notes, "owners and privileges are left out, all of it belongs to %s: %s",
		owner_name(job), why.message);
	drop(job);
	loaded_clear(loaded);
	loaded_init(loaded, job);
	job->no_owner = true;
	return fill(job, loaded, &rights_failed, err);
}

/* The journal of the database that goes, and this run's own row. The owner of the database has to be able to write to
 * it later, when this is a superuser's restore. */
static int write_journal(struct job *job, struct error *err)
{
	AUTO(mem_auto) char *owner = db_identifier(job->fresh, owner_name(job));
	int rc = fault_point("restore-journal", err);
	if (!rc)
		rc = db_execf(job->fresh, err, "BEGIN; SET LOCAL ROLE %s", owner);
	if (!rc && replaces(job))
		rc = journal_carry_over(job->fresh, job->site.present, err);
	if (!rc)
		rc = journal_record(job->fresh, &job->journal, err);
	return rc ? rc : db_exec(job->fresh, "COMMIT", err);
}

/* After this nothing of ours writes until the swap, whose transaction number tells whether anybody else did. */
static int plan_properties(struct job *job, struct error *err)
{
	/* --no-owner is about the snapshot's roles; the present database's are known here. */
	return properties_plan(&job->statements, &job->notes, job->site.maintenance, job->incoming, properties_of(job),
		!replaces(job) && job->options->no_owner, err);
}

static int make_copy(struct job *job, struct error *err)
{
	AUTO(loaded_clear) struct loaded loaded;
	loaded_init(&loaded, job);
	int rc = fill_with_rights_or_without(job, &loaded, err);
	if (!rc && !job->options->scratch)
		rc = write_journal(job, err);
	if (!rc && !job->options->scratch)
		rc = plan_properties(job, err);
	if (!rc)
		rc = database_identity(&job->copy.identity, job->fresh, err);
	if (!rc)
		rc = database_moment(&job->copy.moment, job->fresh, !job->options->scratch, err);
	if (rc)
		return rc;
	struct copycheck check = {.manifest = &job->entry->manifest, .db = job->fresh, .contents = loaded.sent,
		.read = loaded.read, .same_rights = !job->no_owner};
	return copycheck_run(&check, &job->notes, err);
}

/* ---- the swap ---- */

/* Beside the archive, before the COMMIT: were it never to come, this tells of a database that is not there. The moment
 * is that before the check. If the next transaction of the whole server was the swap itself, nothing was written in
 * between, and the moment after the swap is as good: then the proof of freshness need not read the rows again. */
static int record_copy(void *context, int64_t xid, struct error *err)
{
	struct job *job = context;
	struct moment *moment = &job->copy.moment;
	if (moment->xmin == moment->xmax && moment->prepared == 0 && xid == moment->xmax) {
		moment->xmin = moment->xmax = xid + 1;
		mem_replace(&moment->xid_snapshot, mem_format("%" PRId64 ":%" PRId64 ":", xid + 1, xid + 1));
		moment->durable = true; /* the swap's commit flushes everything before it */
	}
	mem_replace(&job->copy.identity.name, mem_copy(final_name(job)));
	int rc = fault_point("restore-record", err);
	return rc ? rc : store_record_copy(job->store, job->entry, &job->copy, err);
}

static int swap_in(struct job *job, struct error *err)
{
	if (replaces(job)) {
		int rc = kept_name(&job->kept, job->site.maintenance, job->site.name, err);
		if (rc)
			return rc;
		AUTO(mem_auto) char *what = mem_format("restore of snapshot %s", job->entry->manifest.id);
		job->kept_comment = kept_comment(what, job->journal.from, job->site.name);
	}
	/* Our own sessions would be in the way; with them goes the engine's lock. */
	db_close(job->fresh);
	job->fresh = NULL;
	site_leave(&job->site);
	struct swap swap = {.incoming = job->incoming,
		.name = final_name(job),
		.kept = job->kept,
		.kept_comment = job->kept_comment,
		.statements = &job->statements,
		.seconds = settings_number(&job->run->settings, OPTION_LOCK_TIMEOUT),
		.before_commit = record_copy,
		.context = job};
	int rc = swap_run(job->site.maintenance, &swap, err);
	/* After ERROR_BETWEEN it may be the deployment's database; by its old name it can be dropped by nobody but a
	 * run that finds it incomplete. */
	if (!rc || rc == ERROR_BETWEEN)
		job->created = false;
	return rc;
}

static int run_job(struct job *job, struct error *err)
{
	int rc = begin(job, err);
	if (!rc)
		rc = make_copy(job, err);
	if (!rc)
		rc = interrupt_check(err);
	if (!rc && !job->options->scratch)
		rc = swap_in(job, err);
	return rc;
}

int restore_run(char **kept, struct run *run, const struct snapshot_entry *entry, const struct restore_options *options,
	struct error *err)
{
	AUTO(job_clear) struct job job = {.run = run, .entry = entry, .options = options};
	AUTO(error_clear) struct error why = ERROR_INIT;
	journal_entry_init(&job.journal, run);
	int rc = run_store(&job.store, run, false, err);
	if (!rc)
		rc = journal_started(job.store, &job.journal, err);
	if (rc)
		return rc;
	rc = run_job(&job, &why);
	for (size_t i = 0; i < job.notes.count; i++)
		log_warn("%s", job.notes.items[i]);
	if (!rc && options->losses)
		job.journal.message = job.kept ? mem_format("%s; kept in the database \"%s\", which `restore --undo` "
			"swaps back", options->losses, job.kept) : mem_copy(options->losses);
	journal_ended(job.store, &job.journal, rc ? &why : NULL);
	if (rc)
		return error_move(err, &why);
	*kept = mem_take(&job.kept);
	return 0;
}
