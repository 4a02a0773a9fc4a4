#include "model/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "model/guard.h"

static void add_lock(struct text *text, const char *lock)
{
	enum lock_kind kind = lock_kind(lock);
	if (kind == LOCK_IS_REWRITE)
		text_addf(text, "         rewrites %s\n", lock_table(lock));
	else if (kind == LOCK_IS_INDEX)
		text_addf(text, "         builds an index of %s\n", lock_table(lock));
	else
		text_addf(text, "         locks %s\n", lock);
}

static void add_edge(struct text *text, const struct plan_edge *edge, const struct facts *facts, size_t number)
{
	AUTO(mem_auto) char *statements = text_plural(edge->count, "statement");
	text_addf(text, "\nstep %zu: %s, %s\n", number, edge->file, statements);
	text_addf(text, "  from     %s\n", facts->migrations);
	text_addf(text, "  commit   %s\n",
		facts->commit ? facts->commit : "none, the files are not in a git repository");
	text_addf(text, "  sha-256  %s\n", edge->sha256);
	if (version_same(edge->from, edge->to)) {
		text_add(text, "  brings into line what older upgrades left behind, if anything\n");
		return;
	}
	size_t quiet = 0;
	for (size_t i = 0; i < edge->count; i++) {
		const struct plan_statement *statement = &edge->statements[i];
		if (edge->locks_known && !statement->locks.count) {
			quiet++;
			continue;
		}
		text_addf(text, "  %3zu  %s\n", i + 1, statement->title);
		for (size_t k = 0; k < statement->locks.count; k++)
			add_lock(text, statement->locks.items[k]);
	}
	if (quiet)
		text_addf(text, "  the other %zu take no further lock on a table that is there\n", quiet);
	if (!edge->locks_known)
		text_addf(text, "  its locks are not known: there is no .locks file\n");
}

static void add_tables(struct text *text, const struct plan *plan, const struct facts *facts)
{
	if (!plan->tables.count)
		return;
	text_add(text, "\ntables touched\n");
	for (size_t i = 0; i < plan->tables.count; i++) {
		const struct fact_table *table = facts_table(facts, plan->tables.items[i]);
		if (!table)
			continue;
		AUTO(mem_auto) char *size = text_bytes(table->bytes);
		text_addf(text, "  %-40s %10s", table->name, size);
		if (table->rows >= 0) {
			AUTO(mem_auto) char *rows = text_plural((uint64_t)table->rows, "row");
			text_addf(text, "  about %s", rows);
		}
		text_add(text, "\n");
	}
	AUTO(mem_auto) char *room = text_bytes(plan->room);
	text_addf(text, "  room: at most %s", room);
	if (facts->room_known) {
		AUTO(mem_auto) char *have = text_bytes(facts->room);
		text_addf(text, ", and the server has %s", have);
	}
	text_add(text, "\n");
}

enum { WHAT_SIZE = 90 };

/* A condition may be long SQL; the start of it says what it is about, and --json has all. Owned. */
static char *cut(const char *what)
{
	size_t size = strlen(what);
	if (size <= WHAT_SIZE)
		return mem_copy(what);
	for (size = WHAT_SIZE; size && ((unsigned char)what[size] & 0xC0) == 0x80; size--)
		continue;
	return mem_format("%.*s…", (int)size, what);
}

static void add_losses(struct text *text, const struct plan *plan)
{
	if (!plan->loss_count)
		return;
	text_add(text, "\nlost by it\n");
	for (size_t i = 0; i < plan->loss_count; i++) {
		AUTO(mem_auto) char *rows = text_count(plan->losses[i].rows);
		AUTO(mem_auto) char *what = cut(plan->losses[i].what);
		text_addf(text, "  %10s  %s\n", rows, what);
	}
}

static void add_destroyed(struct text *text, const struct plan *plan)
{
	if (!plan->destroyed.count)
		return;
	text_add(text, version_compare(plan->from, plan->to) < 0 ?
		"\nno downgrade by SQL will give back, only the snapshot\n" :
		"\nnot given back, for the upgrade destroyed it; only a snapshot has it\n");
	for (size_t i = 0; i < plan->destroyed.count; i++)
		text_addf(text, "  %s\n", plan->destroyed.items[i]);
}

static void add_proof(struct text *text, const struct evidence *evidence)
{
	AUTO(mem_auto) char *took = text_duration(evidence->seconds);
	if (evidence->proves)
		text_addf(text, "  proven: not yet; it is restored into a scratch database and compared first%s%s\n",
			evidence->seconds > 0 ? ", the last time that took " : "", evidence->seconds > 0 ? took : "");
	else if (evidence->proven)
		text_add(text, "  proven: yes, it was restored and every row compared\n");
	else if (evidence->unproven)
		text_addf(text, "  proven: no: %s\n", evidence->unproven);
}

static void add_evidence(struct text *text, const struct facts *facts)
{
	const struct evidence *evidence = &facts->evidence;
	text_add(text, "\nthe way back\n");
	if (evidence->skipped) {
		text_addf(text, "  none: --no-snapshot, because: %s\n", evidence->skipped);
		return;
	}
	if (evidence->planned) {
		text_add(text, "  a snapshot, taken once the services are stopped\n");
		add_proof(text, evidence);
		return;
	}
	if (!evidence->found) {
		text_add(text, "  none: there is no snapshot of this state\n");
		return;
	}
	AUTO(mem_auto) char *age = text_duration((double)(facts->now - evidence->created));
	AUTO(mem_auto) char *when = text_time(evidence->created);
	AUTO(mem_auto) char *size = text_bytes(evidence->size);
	text_addf(text, "  snapshot %.12s of %s, %s old, %s\n", evidence->id, when, age, size);
	text_addf(text, "  verified: %s\n", evidence->corrupt ? evidence->corrupt : "yes, every byte");
	if (!evidence->corrupt)
		text_addf(text, "  fresh: %s%s\n", evidence->fresh ? "yes, " : "no",
			evidence->fresh ? evidence->how : "");
	add_proof(text, evidence);
	text_addf(text, "  command: anchore-admin restore %.12s\n", evidence->id);
}

static void add_services(struct text *text, const struct plan *plan)
{
	if (plan->services.count)
		text_add(text, "\nthe services\n");
	for (size_t i = 0; i < plan->services.count; i++)
		text_addf(text, "  %zu  %s\n", i + 1, plan->services.items[i]);
}

static void add_refusals(struct text *text, const struct plan *plan, const struct refusals *refusals)
{
	if (!refusals->count) {
		text_add(text, "\nnothing stands against it\n");
		return;
	}
	text_addf(text, "\nthe %s is refused\n", plan->command);
	for (size_t i = 0; i < refusals->count; i++)
		text_addf(text, "  %s: %s\n    %s\n", refusals->items[i].check, refusals->items[i].sentence,
			refusals->items[i].remedy);
}

char *plan_text(const struct plan *plan, const struct facts *facts, const struct refusals *refusals)
{
	struct text text = TEXT_INIT;
	text_addf(&text, "%s of database \"%s\" from version %s to %s", plan->command, facts->database,
		VERSION_TEXT(plan->from), VERSION_TEXT(plan->to));
	if (plan->release_known)
		text_addf(&text, ", for engine release %s", VERSION_TEXT(plan->release));
	text_addf(&text, "\nserver: PostgreSQL %s; user %s\n", facts->server_version, facts->user);
	for (size_t i = 0; i < plan->edge_count; i++)
		add_edge(&text, &plan->edges[i], facts, i + 1);
	if (plan->edge_count)
		text_addf(&text,
			"\nstep %zu: the version row in table anchore, a row in the journal, commit\n"
			"all steps are one transaction, which first locks all %zu tables in EXCLUSIVE MODE: readers go "
			"on, writers wait\n",
			plan->edge_count + 1, facts->table_count);
	add_tables(&text, plan, facts);
	add_losses(&text, plan);
	add_destroyed(&text, plan);
	add_evidence(&text, facts);
	add_services(&text, plan);
	add_refusals(&text, plan, refusals);
	return text_take(&text);
}

char *plan_sql(const struct plan *plan)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < plan->edge_count; i++) {
		const struct plan_edge *edge = &plan->edges[i];
		text_addf(&text, "-- %s, SHA-256 %s\n", edge->file, edge->sha256);
		for (size_t k = 0; k < edge->count; k++)
			text_addf(&text, "%s;\n\n", edge->statements[k].sql);
	}
	return text_take(&text);
}

char *plan_losses(const struct plan *plan)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < plan->loss_count; i++) {
		AUTO(mem_auto) char *short_what = cut(plan->losses[i].what);
		const char *what = short_what;
		AUTO(mem_auto) char *rows = text_plural(plan->losses[i].rows,
			text_starts(what, "column") ? "value" : "row");
		if (text_starts(what, "rows "))
			what += strlen("rows ");
		text_addf(&text, "%s%s of %s", i ? ", " : "", rows, what);
	}
	return text_take(&text);
}
