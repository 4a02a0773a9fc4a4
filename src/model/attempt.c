#include "model/attempt.h"

#include <string.h>

#include "base/mem.h"

/* Longer than any run should take, and less than from one night to the next. */
enum { HANGS = 20 * 3600 };

void attempt_clear(struct attempt *attempt)
{
	char *const owned[] = {attempt->outcome, attempt->snapshot, attempt->message, attempt->hint, attempt->part,
		attempt->told, attempt->db_version, attempt->config};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		mem_free(owned[i]);
	list_clear(&attempt->warnings);
	*attempt = (struct attempt){.last = 0};
}

bool attempt_begin(struct attempt *attempt, time_t now, time_t *begun)
{
	bool killed = attempt->begun != 0;
	if (killed) {
		*begun = attempt->begun;
		attempt->last = attempt->begun;
		attempt->failures++;
		if (!attempt->failing_since)
			attempt->failing_since = attempt->begun;
		mem_replace(&attempt->outcome, mem_copy("killed"));
		mem_replace(&attempt->message, mem_copy("it was ended before it was done"));
		mem_replace(&attempt->hint, NULL);
	}
	attempt->begun = now;
	return killed;
}

/* Words that hold a digit are what changes: times, sizes, process ids, snapshots, file names; and so is the word behind
 * one, which may be its unit. */
char *attempt_signature(const char *part, int exit_status, const char *message)
{
	struct text out = TEXT_INIT;
	text_addf(&out, "%s %d:", part ? part : "", exit_status);
	bool unit = false;
	for (const char *at = message ? message : ""; *at;) {
		size_t size = strcspn(at, " \n"), digit = strcspn(at, "0123456789");
		if (size)
			text_add(&out, " ");
		if (digit < size || (unit && size))
			text_add(&out, "#");
		else
			text_add_bytes(&out, at, size);
		unit = digit < size;
		at += size + (at[size] != '\0');
	}
	return text_take(&out);
}

static void note_failure(struct attempt *attempt, const struct outcome *outcome, bool *tell)
{
	char *signature = attempt_signature(outcome->part, outcome->exit_status, outcome->message);
	*tell = outcome->ask_again || !text_same(signature, attempt->told);
	mem_replace(&attempt->told, signature);
	if (!attempt->failing_since)
		attempt->failing_since = outcome->at;
	attempt->failures++;
	mem_replace(&attempt->outcome, mem_copy("failed"));
}

static void note_success(struct attempt *attempt, const struct outcome *outcome, time_t *over)
{
	/* A run that was only killed was told when that was seen. */
	*over = attempt->told ? attempt->failing_since : 0;
	attempt->failing_since = 0;
	attempt->failures = 0;
	mem_replace(&attempt->told, NULL);
	attempt->success = outcome->at;
	attempt->unchanged = !outcome->made;
	mem_replace(&attempt->outcome, mem_copy(outcome->made ? "done" : "unchanged"));
}

bool attempt_gave_way(struct attempt *attempt, time_t now)
{
	bool hangs = attempt->begun && now - attempt->begun >= HANGS;
	bool told = attempt->skipped - attempt->begun >= HANGS;
	attempt->skipped = now;
	return hangs && !told;
}

static bool has_alike(const struct list *list, const char *warning)
{
	AUTO(mem_auto) char *signature = attempt_signature(NULL, 0, warning);
	bool found = false;
	for (size_t i = 0; !found && i < list->count; i++) {
		AUTO(mem_auto) char *other = attempt_signature(NULL, 0, list->items[i]);
		found = strcmp(signature, other) == 0;
	}
	return found;
}

void attempt_warned(struct attempt *attempt, const struct list *warnings, bool tell, struct list *news)
{
	struct list told = LIST_INIT;
	for (size_t i = 0; i < warnings->count; i++) {
		bool known = has_alike(&attempt->warnings, warnings->items[i]);
		if (tell && !known)
			list_add(news, warnings->items[i]);
		if (tell || known)
			list_add(&told, warnings->items[i]);
	}
	list_clear(&attempt->warnings);
	attempt->warnings = told;
}

void attempt_end(struct attempt *attempt, const struct outcome *outcome, bool *tell, time_t *over)
{
	*tell = false;
	*over = 0;
	if (outcome->exit_status)
		note_failure(attempt, outcome, tell);
	else
		note_success(attempt, outcome, over);
	attempt->begun = 0;
	attempt->last = outcome->at;
	attempt->seconds = (double)(uint64_t)(outcome->seconds * 1000) / 1000;
	attempt->exit_status = outcome->exit_status;
	attempt->missed += outcome->missed;
	mem_replace(&attempt->part, mem_copy(outcome->exit_status ? outcome->part : NULL));
	mem_replace(&attempt->message, mem_copy(outcome->exit_status ? outcome->message : NULL));
	mem_replace(&attempt->hint, mem_copy(outcome->exit_status ? outcome->hint : NULL));
	if (outcome->snapshot)
		mem_replace(&attempt->snapshot, mem_copy(outcome->snapshot));
	if (outcome->db_version)
		mem_replace(&attempt->db_version, mem_copy(outcome->db_version));
	if (outcome->made) {
		attempt->snapshot_at = outcome->at;
		attempt->bytes = outcome->bytes;
	}
}

char *attempt_sentence(const struct attempt *attempt)
{
	AUTO(mem_auto) char *since = text_time(attempt->failing_since);
	AUTO(mem_auto) char *success = attempt->success ? text_time(attempt->success) : mem_copy("never");
	AUTO(mem_auto) char *count = text_plural(attempt->failures, "run");
	return mem_format("the scheduled job failed (%s): %s; failing since %s (%s), last success: %s",
		attempt->part ? attempt->part : "job", attempt->message ? attempt->message : "", since, count, success);
}
