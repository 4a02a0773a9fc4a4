#include "work/scheduled.h"

#include "base/clock.h"
#include "base/mem.h"
#include "model/version.h"
#include "work/migrations.h"
#include "work/store.h"

void scheduled_clear(struct scheduled *scheduled)
{
	installed_clear(&scheduled->installed);
	attempt_clear(&scheduled->attempt);
	json_decref(scheduled->snapshots);
	mem_free(scheduled->release);
	*scheduled = (struct scheduled){.next = 0};
}

/* ---- looking ---- */

static void count(struct scheduled *out, const struct snapshot_entry *entry, const char *deployment)
{
	bool ours = entry->health == SNAPSHOT_WHOLE || entry->health == SNAPSHOT_CORRUPT;
	if (ours && !snapshot_verified_at(entry)) {
		out->damaged++;
		return;
	}
	const char *version = entry->manifest.db_version;
	if (entry->health != SNAPSHOT_WHOLE || !deployment || !text_same(entry->manifest.deployment, deployment))
		return;
	json_int_t before = json_integer_value(json_object_get(out->snapshots, version));
	json_put_number(out->snapshots, version, before + 1);
	if (snapshot_proven(entry) && entry->proven.at > out->proven)
		out->proven = entry->proven.at;
}

static int look_at_store(struct scheduled *out, const char *store, struct error *err)
{
	AUTO(snapshot_list_clear) struct snapshot_list list = {NULL, 0};
	AUTO(mem_auto) char *deployment = NULL;
	int rc = store_list(&list, store, err);
	if (!rc)
		rc = store_deployment(&deployment, store, false, err);
	for (size_t i = 0; !rc && i < list.count; i++)
		count(out, &list.entries[i], deployment);
	return rc;
}

/* Whether the release wants another database version than the job saw last. */
static void look_at_release(struct scheduled *out, const struct run *run)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	const char *engine = settings_text(&run->settings, OPTION_ENGINE);
	struct version release, needs, has;
	out->upgrade_needed = -1;
	if (!engine || !version_parse_typed(&release, engine))
		return;
	out->release = mem_copy(VERSION_TEXT(release));
	if (!out->attempt.db_version || !version_parse(&has, out->attempt.db_version) ||
		migrations_read(&migrations, run, &ignored) || !releases_find(&needs, &migrations.releases, release))
		return;
	out->upgrade_needed = version_compare(has, needs) < 0;
}

static void copy_attempt(struct attempt *to, const struct attempt *from)
{
	*to = *from;
	char **const owned[] = {&to->outcome, &to->snapshot, &to->message, &to->hint, &to->part, &to->told,
		&to->db_version, &to->config};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		*owned[i] = mem_copy(*owned[i]);
	to->warnings = (struct list)LIST_INIT;
	list_add_all(&to->warnings, &from->warnings);
}

int scheduled_look(struct scheduled *out, const struct run *run, const struct attempt *attempt, struct error *err)
{
	AUTO(scheduled_clear) struct scheduled found = {.snapshots = json_object()};
	const char *store = settings_text(&run->settings, OPTION_STORE);
	int rc = 0;
	if (attempt)
		copy_attempt(&found.attempt, attempt);
	else if (store)
		rc = attempt_read(&found.attempt, store, err);
	if (!rc && store)
		rc = look_at_store(&found, store, err);
	if (rc)
		return rc;
	installed_find(&found.installed, run);
	look_at_release(&found, run);
	const struct crontab *crontab = found.installed.known ? &found.installed.crontab : NULL;
	if (crontab)
		found.next = crontab_next(crontab, clock_now());
	if (found.installed.kind != INSTALLED_NOT)
		found.missed = installed_missed(&found.installed, found.attempt.last, clock_now());
	found.killed = store && !attempt && attempt_killed(&found.attempt, store);
	*out = found;
	found = (struct scheduled){.next = 0};
	return 0;
}

static void add_missed(struct list *out, const struct scheduled *scheduled)
{
	time_t last = scheduled->attempt.last;
	AUTO(mem_auto) char *when = text_time(last ? last : scheduled->installed.since);
	AUTO(mem_auto) char *runs = text_plural(scheduled->missed, "run");
	list_addf(out, "%s did not happen: the job %s %s", runs,
		last ? "last ran at" : "has never run, and is installed since", when);
}

void scheduled_problems(struct list *out, const struct scheduled *scheduled)
{
	const struct attempt *attempt = &scheduled->attempt;
	if (attempt->failing_since)
		list_give(out, attempt_sentence(attempt));
	if (scheduled->killed) {
		AUTO(mem_auto) char *begun = text_time(attempt->begun);
		list_addf(out, "the run that began at %s was ended before it was done", begun);
	}
	if (scheduled->installed.disabled)
		list_addf(out, "%s is not enabled, so that systemd does not start the job", scheduled->installed.unit);
	if (scheduled->missed)
		add_missed(out, scheduled);
}

/* ---- as JSON ---- */

static json_t *print_installed(const struct installed *installed)
{
	if (installed->kind == INSTALLED_NOT)
		return json_null();
	json_t *object = json_object();
	json_put(object, "kind", installed->kind == INSTALLED_CRON ? "cron" : "systemd");
	json_put(object, "at", installed->at);
	json_put(object, "unit", installed->unit);
	json_put_flag(object, "enabled", !installed->disabled);
	json_put_value(object, "files", json_from_list(&installed->paths));
	return object;
}

json_t *scheduled_json(const struct scheduled *scheduled)
{
	json_t *object = json_object();
	AUTO(list_clear) struct list problems = LIST_INIT;
	int needed = scheduled->upgrade_needed;
	scheduled_problems(&problems, scheduled);
	json_put_value(object, "installed", print_installed(&scheduled->installed));
	json_put_time(object, "next", scheduled->next);
	json_put_number(object, "missed_now", (int64_t)scheduled->missed);
	json_put_value(object, "attempt", attempt_json(&scheduled->attempt));
	json_put_value(object, "snapshots", json_incref(scheduled->snapshots));
	json_put_time(object, "proven", scheduled->proven);
	json_put_number(object, "damaged", (int64_t)scheduled->damaged);
	json_put(object, "release", scheduled->release);
	json_put_value(object, "upgrade_needed", needed < 0 ? json_null() : json_boolean(needed));
	json_put_value(object, "problems", json_from_list(&problems));
	return object;
}
