#include "model/guard.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

enum { DIFFERENCES_SHOWN = 6 };

void refusals_add(struct refusals *refusals, const char *check, char *sentence, char *remedy)
{
	refusals->items = mem_resize(refusals->items, (refusals->count + 1) * sizeof *refusals->items);
	refusals->items[refusals->count++] = (struct refusal){check, sentence, remedy};
}

void refusals_clear(struct refusals *refusals)
{
	for (size_t i = 0; i < refusals->count; i++) {
		mem_free(refusals->items[i].sentence);
		mem_free(refusals->items[i].remedy);
	}
	mem_free(refusals->items);
	*refusals = (struct refusals){NULL, 0};
}

/* The first few, joined; owned. */
static char *some(const struct list *list)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < list->count && i < DIFFERENCES_SHOWN; i++)
		text_addf(&text, "%s%s", i ? "; " : "", list->items[i]);
	if (list->count > DIFFERENCES_SHOWN)
		text_addf(&text, "; and %zu more", list->count - DIFFERENCES_SHOWN);
	return text_take(&text);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void check_lock(struct refusals *out, const struct facts *facts)
{
	if (!facts->holders.count)
		return;
	AUTO(mem_auto) char *who = sessions_text(&facts->holders);
	refusals_add(out, "lock", mem_format("the engine's lock on the database is held by %s", who),
		mem_copy("wait until it is done, or stop that program"));
}

static void check_snapshot(struct refusals *out, const struct facts *facts, const struct plan *plan)
{
	const struct evidence *evidence = &facts->evidence;
	if (evidence->skipped || evidence->planned)
		return;
	if (!evidence->store_known) {
		refusals_add(out, "snapshot",
			mem_copy("no folder for snapshots is named, so that nothing would bring the "
				 "database back"),
			mem_copy("take a snapshot with `anchore-admin backup --store DIR` and name the same "
				 "folder here, or go on without one by `--no-snapshot=REASON`"));
	} else if (!evidence->found) {
		refusals_add(out, "snapshot", mem_format("there is no snapshot of database \"%s\" at version %s%s%s",
			facts->database, VERSION_TEXT(plan->from), evidence->other ? ": " : "",
			evidence->other ? evidence->other : ""),
			mem_copy("take one with `anchore-admin backup`"));
	} else if (evidence->corrupt) {
		refusals_add(out, "snapshot", mem_format("snapshot %.12s does not verify: %s", evidence->id,
			evidence->corrupt), mem_copy("take a new one with `anchore-admin backup`"));
	} else if (!evidence->fresh) {
		AUTO(mem_auto) char *why = some(&evidence->differences);
		refusals_add(out, "fresh", mem_format("the database is no longer what snapshot %.12s holds: %s",
			evidence->id, why), mem_copy("take a new one with `anchore-admin backup`"));
	}
}

static void check_proven(struct refusals *out, const struct facts *facts)
{
	const struct evidence *evidence = &facts->evidence;
	if (!evidence->wants_proven || evidence->skipped || evidence->planned || evidence->proves || evidence->proven ||
	    !evidence->found || evidence->corrupt || !evidence->fresh)
		return;
	AUTO(mem_auto) char *why = evidence->unproven ? mem_format("was not proven when it was tried: %s",
		evidence->unproven) : mem_copy("was never restored, and the setting upgrade_require wants a proven "
		"one");
	refusals_add(out, "proven", mem_format("snapshot %.12s %s", evidence->id, why),
		mem_format("prove it with `anchore-admin snapshot verify --restore %.12s`", evidence->id));
}

static void check_age(struct refusals *out, const struct facts *facts)
{
	const struct evidence *evidence = &facts->evidence;
	if (evidence->skipped || evidence->planned || !evidence->found || !evidence->max_age)
		return;
	if (facts->now - evidence->created <= evidence->max_age)
		return;
	AUTO(mem_auto) char *age = text_duration((double)(facts->now - evidence->created));
	AUTO(mem_auto) char *limit = text_duration((double)evidence->max_age);
	refusals_add(out, "age", mem_format("snapshot %.12s is %s old, and the limit is %s", evidence->id, age, limit),
		mem_copy("take a new one with `anchore-admin backup`"));
}

static void check_services(struct refusals *out, const struct facts *facts)
{
	if (facts->services.count && !facts->stops) {
		AUTO(mem_auto) char *who = sessions_text(&facts->services);
		refusals_add(out, "services",
			mem_format("an engine service may still run, for %zu other session%s %s in the "
				   "database: %s",
				facts->services.count, plural(facts->services.count),
				facts->services.count == 1 ? "is" : "are", who),
			mem_copy("stop all anchore-engine services, then run the command again"));
	}
	for (size_t i = 0; i < facts->prepared.count; i++) {
		const struct session *prepared = &facts->prepared.items[i];
		refusals_add(out, "services", mem_format("the prepared transaction '%s' of user %s is not finished",
			prepared->query, prepared->user),
			mem_format("finish it with COMMIT PREPARED '%s' or ROLLBACK PREPARED '%s'", prepared->query,
			prepared->query));
	}
}

static void check_catalog(struct refusals *out, const struct facts *facts)
{
	const struct list *blocking = &facts->shape.blocking;
	if (!blocking->count)
		return;
	AUTO(mem_auto) char *what = some(blocking);
	if (facts->shape.half_upgraded) {
		AUTO(mem_auto) char *half = facts_half(facts);
		refusals_add(out, "catalog", mem_format("the database is %s: %s", half, what),
			facts_half_remedy(facts));
		return;
	}
	AUTO(mem_auto) char *guess = list_join(&facts->guesses, " or ");
	refusals_add(out, "catalog",
		mem_format("the schema is not that of version %s, which the table anchore names: "
			   "%zu difference%s: %s%s%s",
			VERSION_TEXT(facts->version), blocking->count, plural(blocking->count), what,
			*guess ? "; it fits version " : "", guess),
		mem_copy("see all of them, and the SQL that repairs them, with `anchore-admin db check`, or go back to "
			 "a good state with `anchore-admin restore latest`"));
}

static void check_migrations(struct refusals *out, const struct facts *facts)
{
	if (facts->no_path)
		refusals_add(out, "migrations", mem_copy(facts->no_path),
			mem_copy("see the versions and edges that there are with `anchore-admin graph show`"));
	if (!facts->dirty.count)
		return;
	AUTO(mem_auto) char *what = some(&facts->dirty);
	refusals_add(out, "migrations",
		mem_format("the SQL files in %s are not as committed: %s", facts->migrations, what),
		mem_copy("commit them with git, or use a commit with `--migrations-ref REF`"));
}

/* Helper functions and tables of an edge live in pg_temp. */
static bool makes_temporary(const struct plan *plan)
{
	for (size_t i = 0; i < plan->edge_count; i++)
		for (size_t k = 0; k < plan->edges[i].count; k++)
			if (strstr(plan->edges[i].statements[k].sql, "pg_temp") ||
				strstr(plan->edges[i].statements[k].sql, "TEMPORARY"))
				return true;
	return false;
}

static void check_rights(struct refusals *out, const struct facts *facts, const struct plan *plan)
{
	if (facts->no_temporary && makes_temporary(plan))
		refusals_add(out, "rights",
			mem_format("role \"%s\", as which the SQL files run, may make no temporary tables in database "
				"\"%s\"", facts->no_temporary, facts->database),
			mem_format("allow it with `GRANT TEMPORARY ON DATABASE \"%s\" TO \"%s\"`", facts->database,
				facts->no_temporary));
	if (facts->superuser)
		return;
	if (facts->not_owned.count) {
		AUTO(mem_auto) char *what = some(&facts->not_owned);
		refusals_add(out, "rights", mem_format("role \"%s\" does not own %zu relation%s: %s", facts->user,
			facts->not_owned.count, plural(facts->not_owned.count), what),
			mem_copy("connect as the role that owns the engine's tables, with the setting `database`"));
	}
	if (facts->not_allowed.count) {
		AUTO(mem_auto) char *what = list_join(&facts->not_allowed, " and may not ");
		refusals_add(out, "rights", mem_format("role \"%s\" may not %s", facts->user, what),
			mem_format("connect as the owner of the database, or GRANT CREATE to \"%s\"", facts->user));
	}
}

static void check_space(struct refusals *out, const struct facts *facts, const struct plan *plan)
{
	if (!facts->room_known || plan->room <= facts->room)
		return;
	AUTO(mem_auto) char *need = text_bytes(plan->room);
	AUTO(mem_auto) char *have = text_bytes(facts->room);
	refusals_add(out, "space", mem_format("the %s may write %s, and the database server has room for %s",
		plan->command, need, have), mem_copy("make room on the server's data folder"));
}

static void check_server(struct refusals *out, const struct facts *facts)
{
	if (facts->standby)
		refusals_add(out, "server",
			mem_copy("the database server accepts no writes: it is a standby, or read-only"),
			mem_copy("name the primary server with the setting `database`"));
	if (facts->tools && !facts->evidence.skipped)
		refusals_add(out, "server",
			mem_format("the snapshot could not be restored from here: %s", facts->tools),
			mem_copy(facts->tools_remedy ? facts->tools_remedy
						     : "install the client programs of the server's "
						       "version"));
}

void guard_check(struct refusals *out, const struct facts *facts, const struct plan *plan)
{
	check_lock(out, facts);
	/* A snapshot of a half-upgraded database would not help it: what leads out is said first, and alone. */
	if (facts->shape.half_upgraded) {
		check_catalog(out, facts);
	} else {
		check_snapshot(out, facts, plan);
		check_proven(out, facts);
		check_age(out, facts);
	}
	check_services(out, facts);
	if (!facts->shape.half_upgraded)
		check_catalog(out, facts);
	check_migrations(out, facts);
	check_rights(out, facts, plan);
	check_space(out, facts, plan);
	check_server(out, facts);
}

int refusals_error(const struct refusals *refusals, const char *command, struct error *err)
{
	if (!refusals->count)
		return 0;
	if (refusals->count == 1) {
		error_set(err, ERROR_REFUSED, "the %s is refused: %s", command, refusals->items[0].sentence);
		return error_hint(err, "%s", refusals->items[0].remedy);
	}
	struct list checks = LIST_INIT;
	for (size_t i = 0; i < refusals->count; i++)
		if (!list_has(&checks, refusals->items[i].check))
			list_add(&checks, refusals->items[i].check);
	AUTO(mem_auto) char *names = list_join(&checks, ", ");
	list_clear(&checks);
	error_set(err, ERROR_REFUSED, "the %s is refused for %zu reasons: %s", command, refusals->count, names);
	return error_hint(err, "%s", refusals->items[0].remedy);
}
