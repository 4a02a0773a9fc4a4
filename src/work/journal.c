#include "work/journal.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

/* Two runs may make the schema at the same time, and IF NOT EXISTS does not see what the other has not committed:
 * the lock, which ends with the transaction, makes the second one wait. Its key is a number of our own, for
 * (1,1) is the engine's. */
static const char MAKE_TABLE[] =
	"SELECT pg_advisory_xact_lock(1635148904, 1);"
	"CREATE SCHEMA IF NOT EXISTS anchore_admin;"
	"CREATE TABLE IF NOT EXISTS anchore_admin.journal ("
	" run text PRIMARY KEY,"
	" command text NOT NULL,"
	" started_at timestamptz NOT NULL,"
	" recorded_at timestamptz NOT NULL DEFAULT now(),"
	" done_by text NOT NULL,"
	" tool_version text NOT NULL,"
	" from_version text,"
	" to_version text,"
	" snapshot text,"
	" sql_commit text,"
	" reason text,"
	" edges jsonb NOT NULL DEFAULT '[]')";

static const char HAS_TABLE[] = "SELECT to_regclass('anchore_admin.journal') IS NOT NULL";

static const char INSERT_ROW[] =
	"INSERT INTO anchore_admin.journal (run, command, started_at, done_by, tool_version, from_version, to_version,"
	" snapshot, sql_commit, reason, edges)"
	" VALUES ($1, $2, $3::timestamptz, $4, $5, $6, $7, $8, $9, $10, $11::jsonb)";

static const char SELECT_ROWS[] =
	"SELECT run, command, extract(epoch FROM started_at)::bigint, done_by, tool_version, from_version, to_version,"
	" snapshot, sql_commit, reason, edges FROM anchore_admin.journal ORDER BY started_at, recorded_at, run";

/* As JSON, so that columns that one side lacks are no obstacle. */
static const char EXPORT_ROWS[] = "SELECT coalesce(jsonb_agg(to_jsonb(j)), '[]') FROM anchore_admin.journal j";
static const char IMPORT_ROWS[] =
	"INSERT INTO anchore_admin.journal SELECT *"
	" FROM jsonb_populate_recordset(NULL::anchore_admin.journal, $1::jsonb) ON CONFLICT (run) DO NOTHING";

/* Who runs us: under sudo the person, not root. */
static char *whose(void)
{
	const char *person = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *user = person ? NULL : getpwuid(getuid());
	char host[256] = "";
	if (gethostname(host, sizeof host - 1) != 0 || !*host)
		memcpy(host, "localhost", sizeof "localhost");
	if (!person && !user)
		return mem_format("uid %lu@%s", (unsigned long)getuid(), host);
	return mem_format("%s@%s", person ? person : user->pw_name, host);
}

void journal_entry_init(struct journal_entry *entry, const struct run *run)
{
	*entry = (struct journal_entry){
		.run = mem_copy(run->id),
		.command = mem_copy(run->command),
		.at = clock_now(),
		.by = whose(),
		.tool_version = mem_copy(PACKAGE_VERSION),
	};
}

void journal_entry_clear(struct journal_entry *entry)
{
	char *const owned[] = {entry->run, entry->command, entry->by, entry->tool_version, entry->from, entry->to,
		entry->snapshot, entry->commit, entry->reason, entry->outcome, entry->message, entry->release,
		entry->release_was, entry->services};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		mem_free(owned[i]);
	list_clear(&entry->edges);
	list_clear(&entry->dropped);
	*entry = (struct journal_entry){0};
}

/* ---- the row ---- */

int journal_record(struct db *db, const struct journal_entry *entry, struct error *err)
{
	int rc = fault_point("journal-record", err);
	if (!rc)
		rc = db_exec(db, MAKE_TABLE, err);
	if (rc)
		return error_context(err, "cannot make the journal's table in the database");
	AUTO(mem_auto) char *at = text_time(entry->at);
	AUTO(json_auto) json_t *list = json_from_list(&entry->edges);
	AUTO(mem_auto) char *edges = json_print_line(list);
	AUTO(db_result_auto) struct db_result *result = NULL;
	rc = DB_QUERY(&result, db, INSERT_ROW, err, entry->run, entry->command, at, entry->by, entry->tool_version,
		entry->from, entry->to, entry->snapshot, entry->commit, entry->reason, edges);
	return rc ? error_context(err, "cannot write the journal's row") : 0;
}

static int has_table(bool *has, struct db *db, struct error *err)
{
	AUTO(mem_auto) char *answer = NULL;
	int rc = db_scalar(&answer, db, HAS_TABLE, 0, NULL, err);
	if (!rc)
		*has = text_same(answer, "t");
	return rc;
}

int journal_carry_over(struct db *to, struct db *from, struct error *err)
{
	bool has = false;
	AUTO(mem_auto) char *rows = NULL;
	int rc = has_table(&has, from, err);
	if (!rc && has)
		rc = db_scalar(&rows, from, EXPORT_ROWS, 0, NULL, err);
	if (rc)
		return error_context(err, "cannot read the journal of database %s", db_name(from));
	if (!has)
		return 0;
	AUTO(db_result_auto) struct db_result *result = NULL;
	rc = fault_point("journal-carry", err);
	if (!rc)
		rc = db_exec(to, MAKE_TABLE, err);
	if (!rc)
		rc = DB_QUERY(&result, to, IMPORT_ROWS, err, rows);
	return rc ? error_context(err, "cannot write the journal of database %s", db_name(to)) : 0;
}

/* ---- the file ---- */

static char *file_path(const char *store)
{
	return path_join(store, "journal.jsonl");
}

/* A line that a power cut left without its end must not swallow ours. */
static bool ends_inside_a_line(const char *path)
{
	struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *data = NULL;
	size_t size = 0;
	if (!file_exists(path) || file_read(&data, &size, path, &ignored) != 0) {
		error_clear(&ignored);
		return false;
	}
	return size > 0 && data[size - 1] != '\n';
}

static int append_line(const char *store, const json_t *object, struct error *err)
{
	AUTO(mem_auto) char *path = file_path(store);
	AUTO(mem_auto) char *line = json_print_line(object);
	AUTO(mem_auto) char *whole = mem_format("%s%s\n", ends_inside_a_line(path) ? "\n" : "", line);
	return file_append(path, whole, strlen(whole), err);
}

static int append(const char *store, const struct journal_entry *entry, const char *event, time_t when,
	const char *outcome, const char *message, struct error *err)
{
	AUTO(json_auto) json_t *object = json_object();
	AUTO(mem_auto) char *at = text_time(when);
	json_put(object, "event", event);
	json_put(object, "run", entry->run);
	json_put(object, "at", at);
	json_put(object, "command", entry->command);
	json_put(object, "by", entry->by);
	json_put(object, "tool_version", entry->tool_version);
	json_put(object, "from", entry->from);
	json_put(object, "to", entry->to);
	json_put(object, "snapshot", entry->snapshot);
	json_put(object, "commit", entry->commit);
	json_put(object, "reason", entry->reason);
	json_put_value(object, "edges", json_from_list(&entry->edges));
	if (entry->dropped.count)
		json_put_value(object, "dropped", json_from_list(&entry->dropped));
	if (outcome) {
		json_put(object, "outcome", outcome);
		json_put(object, "message", message);
	}
	return append_line(store, object, err);
}

int journal_started(const char *store, const struct journal_entry *entry, struct error *err)
{
	int rc = fault_point("journal-started", err);
	return rc ? rc : append(store, entry, "started", entry->at, NULL, NULL, err);
}

void journal_ended(const char *store, const struct journal_entry *entry, const struct error *failure)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *outcome = !failure ? "done" : failure->code == ERROR_REFUSED ? "refused" : "failed";
	int rc = fault_point("journal-ended", &err);
	if (!rc)
		rc = append(store, entry, "ended", clock_now(), outcome, failure ? failure->message : entry->message,
			&err);
	if (rc)
		log_warn("the journal beside the snapshots lacks the end of this run: %s", err.message);
}

void journal_services(const char *store, const struct run *run, const char *release, const char *release_was,
	const struct error *failure)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(json_auto) json_t *object = json_object();
	AUTO(mem_auto) char *at = text_time(clock_now());
	json_put(object, "event", "services");
	json_put(object, "run", run->id);
	json_put(object, "at", at);
	json_put(object, "command", run->command);
	json_put(object, "release", release);
	json_put(object, "release_was", release_was);
	json_put(object, "services", failure ? failure->message : "healthy");
	int rc = fault_point("journal-services", &err);
	if (!rc)
		rc = append_line(store, object, &err);
	if (rc)
		log_warn("the journal beside the snapshots lacks what became of the services: %s", err.message);
}

/* ---- reading ---- */

static struct journal_entry *find(struct journal *journal, const char *run)
{
	for (size_t i = 0; i < journal->count; i++)
		if (strcmp(journal->entries[i].run, run) == 0)
			return &journal->entries[i];
	if ((journal->count & (journal->count - 1)) == 0) {
		size_t room = journal->count ? journal->count * 2 : 1;
		journal->entries = mem_resize(journal->entries, room * sizeof *journal->entries);
	}
	struct journal_entry *entry = &journal->entries[journal->count++];
	*entry = (struct journal_entry){.run = mem_copy(run)};
	return entry;
}

static void learn(char **slot, const char *value)
{
	if (value)
		mem_replace(slot, mem_copy(value));
}

/* False if the line is none of ours. */
static bool read_line(struct journal *journal, const json_t *line)
{
	const char *run = json_text(line, "run"), *event = json_text(line, "event"), *at = json_text(line, "at");
	time_t when;
	if (!run || !event || !at || !text_time_parse(at, &when))
		return false;
	struct journal_entry *entry = find(journal, run);
	if (strcmp(event, "started") == 0 || entry->at == 0)
		entry->at = when;
	learn(&entry->command, json_text(line, "command"));
	learn(&entry->by, json_text(line, "by"));
	learn(&entry->tool_version, json_text(line, "tool_version"));
	learn(&entry->from, json_text(line, "from"));
	learn(&entry->to, json_text(line, "to"));
	learn(&entry->snapshot, json_text(line, "snapshot"));
	learn(&entry->commit, json_text(line, "commit"));
	learn(&entry->reason, json_text(line, "reason"));
	learn(&entry->outcome, json_text(line, "outcome"));
	learn(&entry->message, json_text(line, "message"));
	learn(&entry->release, json_text(line, "release"));
	learn(&entry->release_was, json_text(line, "release_was"));
	learn(&entry->services, json_text(line, "services"));
	if (json_object_get(line, "edges")) {
		list_clear(&entry->edges);
		json_to_list(&entry->edges, json_object_get(line, "edges"));
	}
	if (json_object_get(line, "dropped")) {
		list_clear(&entry->dropped);
		json_to_list(&entry->dropped, json_object_get(line, "dropped"));
	}
	entry->in_file = true;
	return true;
}

static int read_file(struct journal *journal, const char *store, struct error *err)
{
	AUTO(mem_auto) char *path = file_path(store);
	if (!file_exists(path))
		return 0;
	AUTO(mem_auto) char *data = NULL;
	int rc = file_read(&data, NULL, path, err);
	if (rc)
		return rc;
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, data);
	for (size_t i = 0; i < lines.count; i++) {
		AUTO(error_clear) struct error why = ERROR_INIT;
		AUTO(json_auto) json_t *line = NULL;
		if (lines.items[i][0] == '\0')
			continue;
		bool read = json_parse(&line, lines.items[i], strlen(lines.items[i]), path, &why) == 0;
		if (!read || !read_line(journal, line))
			log_warn("line %zu of %s is cut or damaged and left out", i + 1, path);
	}
	return 0;
}

static int read_rows(struct journal *journal, struct db *db, struct error *err)
{
	bool has = false;
	int rc = has_table(&has, db, err);
	if (rc || !has)
		return rc;
	AUTO(db_result_auto) struct db_result *rows = NULL;
	rc = db_query(&rows, db, SELECT_ROWS, 0, NULL, err);
	for (size_t i = 0; !rc && i < db_rows(rows); i++) {
		struct journal_entry *entry = find(journal, db_value(rows, i, 0));
		learn(&entry->command, db_value(rows, i, 1));
		entry->at = (time_t)db_number(rows, i, 2);
		char **const slots[] = {&entry->by, &entry->tool_version, &entry->from, &entry->to, &entry->snapshot,
			&entry->commit, &entry->reason};
		for (size_t j = 0; j < sizeof slots / sizeof *slots; j++)
			learn(slots[j], db_value(rows, i, j + 3));
		const char *edges = db_value(rows, i, 10);
		AUTO(json_auto) json_t *list = NULL;
		rc = json_parse(&list, edges, strlen(edges), "the journal's column edges", err);
		list_clear(&entry->edges);
		json_to_list(&entry->edges, list);
		/* A row is there because its transaction was committed, whatever the file says of the time after. */
		learn(&entry->outcome, "done");
		entry->in_database = true;
	}
	return rc;
}

/* Stable, so that runs within one second stay in the order in which they were written down. */
static void sort_by_time(struct journal *journal)
{
	for (size_t i = 1; i < journal->count; i++) {
		struct journal_entry entry = journal->entries[i];
		size_t j = i;
		for (; j > 0 && journal->entries[j - 1].at > entry.at; j--)
			journal->entries[j] = journal->entries[j - 1];
		journal->entries[j] = entry;
	}
}

int journal_read(struct journal *out, const char *store, struct db *db, struct error *err)
{
	AUTO(journal_clear) struct journal journal = {0};
	int rc = store ? read_file(&journal, store, err) : 0;
	if (!rc && db)
		rc = read_rows(&journal, db, err);
	if (rc)
		return error_context(err, "cannot read the journal");
	sort_by_time(&journal);
	*out = journal;
	journal = (struct journal){0};
	return 0;
}

void journal_clear(struct journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		journal_entry_clear(&journal->entries[i]);
	mem_free(journal->entries);
	*journal = (struct journal){0};
}
