/* db history (db check and db status have files of their own, db upgrade is in command/upgrade.c). */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "work/journal.h"

static json_t *entry_json(const struct journal_entry *entry)
{
	AUTO(mem_auto) char *at = text_time(entry->at);
	json_t *json = json_object();
	json_put(json, "run", entry->run);
	json_put(json, "at", at);
	json_put(json, "command", entry->command);
	json_put(json, "by", entry->by);
	json_put(json, "tool_version", entry->tool_version);
	json_put(json, "from", entry->from);
	json_put(json, "to", entry->to);
	json_put(json, "snapshot", entry->snapshot);
	json_put(json, "commit", entry->commit);
	json_put(json, "reason", entry->reason);
	json_put(json, "outcome", entry->outcome);
	json_put(json, "message", entry->message);
	json_put(json, "release", entry->release);
	json_put(json, "release_was", entry->release_was);
	json_put(json, "services", entry->services);
	json_put_value(json, "edges", json_from_list(&entry->edges));
	json_put_value(json, "dropped", json_from_list(&entry->dropped));
	json_put_flag(json, "in_database", entry->in_database);
	json_put_flag(json, "in_file", entry->in_file);
	return json;
}

enum { COLUMNS = 6 };
static const char *const titles[COLUMNS] = {"TIME", "COMMAND", "VERSIONS", "OUTCOME", "BY", "SNAPSHOT"};

/* The cells of one line; owned. */
static void cells(char *out[COLUMNS], const struct journal_entry *entry)
{
	const char *from = entry->from, *to = entry->to;
	out[0] = text_time(entry->at);
	out[1] = mem_copy(entry->command ? entry->command : "?");
	out[2] = from && to && strcmp(from, to) != 0 ? mem_format("%s -> %s", from, to)
		: mem_copy(from ? from : to ? to : "-");
	out[3] = mem_copy(entry->outcome ? entry->outcome : "not ended");
	out[4] = mem_copy(entry->by ? entry->by : "?");
	out[5] = entry->snapshot ? mem_format("%.12s", entry->snapshot) : mem_copy("-");
}

static void print_entry(const struct run *run, char *const cell[COLUMNS], const size_t widths[COLUMNS])
{
	for (int i = 0; i < COLUMNS - 1; i++)
		run_print(run, "%-*s  ", (int)widths[i], cell[i]);
	run_print(run, "%s\n", cell[COLUMNS - 1]);
}

/* What the columns have no room for. */
static void print_details(const struct run *run, const struct journal_entry *entry)
{
	for (size_t i = 0; i < entry->edges.count; i++) {
		const char *edge = entry->edges.items[i]; /* file and digest */
		run_print(run, "    %.*s", (int)strcspn(edge, " "), edge);
		if (entry->commit)
			run_print(run, " of commit %.12s", entry->commit);
		run_print(run, "\n");
	}
	for (size_t i = 0; i < entry->dropped.count; i++)
		run_print(run, "    dropped %s\n", entry->dropped.items[i]);
	if (entry->reason)
		run_print(run, "    without a snapshot: %s\n", entry->reason);
	if (entry->message)
		run_print(run, "    %s\n", entry->message);
	if (entry->release && !text_same(entry->release, entry->release_was))
		run_print(run, "    pinned release %s where %s was\n", entry->release,
			entry->release_was ? entry->release_was : "none");
	if (entry->services)
		run_print(run, "    services: %s\n", entry->services);
}

static void print_journal(const struct run *run, const struct journal *journal)
{
	size_t widths[COLUMNS];
	for (int i = 0; i < COLUMNS; i++)
		widths[i] = strlen(titles[i]);
	AUTO(mem_auto) char *(*table)[COLUMNS] = mem_array(journal->count, sizeof *table);
	for (size_t row = 0; row < journal->count; row++) {
		cells(table[row], &journal->entries[row]);
		for (int i = 0; i < COLUMNS; i++)
			if (strlen(table[row][i]) > widths[i])
				widths[i] = strlen(table[row][i]);
	}
	print_entry(run, (char *const *)titles, widths);
	for (size_t row = 0; row < journal->count; row++) {
		print_entry(run, table[row], widths);
		print_details(run, &journal->entries[row]);
		for (int i = 0; i < COLUMNS; i++)
			mem_free(table[row][i]);
	}
}

/* Half of the journal is better than none: a database that does not answer is only warned about when there is a
 * store to read. */
static int open_database(struct db **db, struct run *run, const char *store, struct error *err)
{
	struct error why = ERROR_INIT;
	int rc = run_connect(db, run, NULL, &why);
	if (rc != ERROR_UNREACHABLE || !store)
		return rc ? error_move(err, &why) : 0;
	log_warn("only the file beside the snapshots is read: %s", why.message);
	error_clear(&why);
	return 0;
}

int command_db_history(struct run *run, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	AUTO(journal_clear) struct journal journal = {NULL, 0};
	const char *store = settings_text(&run->settings, OPTION_STORE);
	int rc = open_database(&db, run, store, err);
	if (!rc)
		rc = journal_read(&journal, store, db, err);
	if (rc)
		return rc;
	AUTO(json_auto) json_t *answer = json_object();
	json_t *entries = json_array();
	for (size_t i = 0; i < journal.count; i++)
		json_array_append_new(entries, entry_json(&journal.entries[i]));
	json_put_value(answer, "entries", entries);
	run_answer(run, answer);
	if (journal.count)
		print_journal(run, &journal);
	else
		run_print(run, "Nothing has been done to this deployment by anchore-admin.\n");
	return 0;
}
