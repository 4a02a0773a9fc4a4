#include "model/facts.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

enum { SESSIONS_SHOWN = 5 };

void facts_init(struct facts *facts)
{
	*facts = (struct facts){.now = 0};
}

void sessions_clear(struct sessions *sessions)
{
	for (size_t i = 0; i < sessions->count; i++) {
		struct session *session = &sessions->items[i];
		mem_free(session->user);
		mem_free(session->client);
		mem_free(session->application);
		mem_free(session->state);
		mem_free(session->query);
		mem_free(session->since);
	}
	mem_free(sessions->items);
	*sessions = (struct sessions){NULL, 0};
}

void evidence_clear(struct evidence *evidence)
{
	mem_free(evidence->skipped);
	mem_free(evidence->verified);
	mem_free(evidence->other);
	mem_free(evidence->id);
	mem_free(evidence->path);
	mem_free(evidence->corrupt);
	mem_free(evidence->how);
	mem_free(evidence->unproven);
	list_clear(&evidence->differences);
	*evidence = (struct evidence){.skipped = NULL};
}

static void clear_tables(struct facts *facts)
{
	for (size_t i = 0; i < facts->table_count; i++)
		mem_free(facts->tables[i].name);
	mem_free(facts->tables);
}

void facts_clear(struct facts *facts)
{
	mem_free(facts->database);
	mem_free(facts->user);
	mem_free(facts->no_temporary);
	mem_free(facts->host);
	mem_free(facts->server_version);
	identity_clear(&facts->identity);
	mem_free(facts->service_version);
	list_clear(&facts->catalog);
	list_clear(&facts->other);
	catalog_result_clear(&facts->shape);
	list_clear(&facts->guesses);
	mem_free(facts->back);
	clear_tables(facts);
	sessions_clear(&facts->services);
	sessions_clear(&facts->prepared);
	sessions_clear(&facts->holders);
	list_clear(&facts->not_owned);
	list_clear(&facts->not_allowed);
	mem_free(facts->migrations);
	mem_free(facts->commit);
	list_clear(&facts->dirty);
	mem_free(facts->no_path);
	mem_free(facts->tools);
	mem_free(facts->tools_remedy);
	evidence_clear(&facts->evidence);
	facts_init(facts);
}

const struct fact_table *facts_table(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->table_count; i++)
		if (strcmp(facts->tables[i].name, name) == 0)
			return &facts->tables[i];
	return NULL;
}

static void add_word(struct text *text, const char *word, const char *value)
{
	if (value && *value)
		text_addf(text, "%s%s %s", text->size ? ", " : "", word, value);
}

char *session_text(const struct session *session)
{
	struct text text = TEXT_INIT;
	if (!session->pid)
		return mem_format("prepared transaction %s of user %s", session->query, session->user);
	text_addf(&text, "pid %" PRId64, session->pid);
	add_word(&text, "user", session->user);
	add_word(&text, "client", session->client);
	add_word(&text, "application", session->application);
	if (session->state && *session->state)
		text_addf(&text, ", %s", session->state);
	if (session->since && *session->since)
		text_addf(&text, " since %s", session->since);
	return text_take(&text);
}

char *sessions_text(const struct sessions *sessions)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < sessions->count && i < SESSIONS_SHOWN; i++) {
		AUTO(mem_auto) char *one = session_text(&sessions->items[i]);
		text_addf(&text, "%s%s", i ? "; " : "", one);
	}
	if (sessions->count > SESSIONS_SHOWN)
		text_addf(&text, "; and %zu more", sessions->count - SESSIONS_SHOWN);
	return text_take(&text);
}

char *facts_half(const struct facts *facts)
{
	AUTO(mem_auto) char *what = catalog_result_half(&facts->shape, facts->version);
	AUTO(mem_auto) char *count = text_plural(facts->shape.blocking.count, "difference");
	AUTO(mem_auto) char *guess = list_join(&facts->guesses, " or ");
	return mem_format("%s (%s%s%s)", what, count, *guess ? "; its schema fits version " : "", guess);
}

char *facts_half_remedy(const struct facts *facts)
{
	const char *version = VERSION_TEXT(facts->version);
	if (facts->back)
		return mem_format("go back to the newest snapshot from before it with `anchore-admin restore %.12s`",
			facts->back);
	if (!facts->store_known)
		return mem_format("name the folder with the snapshots by `--store DIR`, and go back to one of version "
			"%s with `anchore-admin restore`", version);
	return mem_format("the store has no snapshot of version %s to go back to: name an archive that is kept "
		"elsewhere with `anchore-admin restore FILE`, or restore a backup of your own from before that upgrade",
		version);
}
