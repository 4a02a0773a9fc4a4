#include "io/sqltext.h"

#include <ctype.h>
#include <pg_query.h>
#include <string.h>

#include "base/mem.h"
#include "io/json.h"

enum { LABEL_SIZE = 60 };

/* Past a comment that starts at `at`, or `at` itself where none does. */
static const char *skip_comment(const char *at, const char *end)
{
	if (end - at >= 2 && at[0] == '-' && at[1] == '-') {
		while (at < end && *at != '\n')
			at++;
		return at;
	}
	if (end - at < 2 || at[0] != '/' || at[1] != '*')
		return at;
	int depth = 0;
	while (at < end) {
		if (end - at >= 2 && at[0] == '/' && at[1] == '*') {
			depth++;
			at += 2;
		} else if (end - at >= 2 && at[0] == '*' && at[1] == '/') {
			at += 2;
			if (--depth == 0)
				break;
		} else {
			at++;
		}
	}
	return at;
}

static const char *skip_blanks_and_comments(const char *at, const char *end)
{
	for (;;) {
		const char *start = at;
		while (at < end && isspace((unsigned char)*at))
			at++;
		at = skip_comment(at, end);
		if (at == start)
			return at;
	}
}

static size_t line_of(const char *sql, const char *at)
{
	size_t line = 1;
	for (; sql < at; sql++)
		line += *sql == '\n';
	return line;
}

/* One line; cut at a character, not within one. */
static char *make_label(const char *at, const char *end)
{
	AUTO(text_clear) struct text label = TEXT_INIT;
	while (at < end && label.size <= LABEL_SIZE) {
		const char *next = skip_blanks_and_comments(at, end);
		if (next == at)
			text_add_bytes(&label, at++, 1);
		else if (next < end)
			text_add(&label, " ");
		if (next > at)
			at = next;
	}
	if (label.size > LABEL_SIZE || at < end) {
		size_t cut = label.size < LABEL_SIZE ? label.size : LABEL_SIZE;
		while (cut > 0 && ((unsigned char)label.data[cut] & 0xC0) == 0x80)
			cut--;
		label.data[cut] = '\0';
		label.size = cut;
		text_add(&label, "…");
	}
	return text_take(&label);
}

/* Start of the line before the one that starts at line; NULL if that is the first. */
static const char *line_before(const char *sql, const char *line)
{
	if (line == sql)
		return NULL;
	for (line--; line > sql && line[-1] != '\n'; line--)
		continue;
	return line;
}

/* What a DO block is for is said by the comment right before it, not by its own first words; NULL if there is none. */
static char *block_label(const char *sql, const char *start)
{
	const char *first = NULL, *line = start;
	bool block = strncmp(start, "DO ", 3) == 0 && (start == sql || start[-1] == '\n');
	while (block && (line = line_before(sql, line)) && text_starts(line, "-- "))
		first = line + strlen("-- ");
	if (!first)
		return NULL;
	const char *end = first + strcspn(first, "\n");
	for (const char *at = first; at < end; at++)
		if ((*at == '.' || *at == ':') && (at + 1 == end || at[1] == ' '))
			end = at;
	return make_label(first, end);
}

static void add_statement(struct sql_script *script, const char *sql, const char *start, const char *end)
{
	start = skip_blanks_and_comments(start, end);
	while (end > start && (isspace((unsigned char)end[-1]) || end[-1] == ';'))
		end--;
	if (start == end)
		return;
	script->items = mem_resize(script->items, (script->count + 1) * sizeof *script->items);
	script->items[script->count++] = (struct sql_statement){
		.text = mem_copy_bytes(start, (size_t)(end - start)),
		.line = line_of(sql, start),
		.label = block_label(sql, start),
	};
	struct sql_statement *added = &script->items[script->count - 1];
	if (!added->label)
		added->label = make_label(start, end);
}

/* What lies between statements. The splitter passes over text without a keyword ("SELEC 1;"); run without it, a script
 * would seem to have worked. */
static void add_gap(struct sql_script *script, const char *sql, const char *start, const char *end)
{
	while (start < end && (*start == ';' || skip_blanks_and_comments(start, end) > start))
		start = *start == ';' ? start + 1 : skip_blanks_and_comments(start, end);
	add_statement(script, sql, start, end);
}

int sqltext_split(struct sql_script *out, const char *sql, const char *where, struct error *err)
{
	struct sql_script script = {NULL, 0};
	PgQuerySplitResult result = pg_query_split_with_scanner(sql);
	if (result.error) {
		error_set(err, ERROR_USAGE, "%s cannot be split into statements: %s", where, result.error->message);
		pg_query_free_split_result(result);
		return ERROR_USAGE;
	}
	const char *done = sql;
	for (int i = 0; i < result.n_stmts; i++) {
		const char *start = sql + result.stmts[i]->stmt_location;
		add_gap(&script, sql, done, start);
		done = start + result.stmts[i]->stmt_len;
		add_statement(&script, sql, start, done);
	}
	add_gap(&script, sql, done, done + strlen(done));
	pg_query_free_split_result(result);
	*out = script;
	return 0;
}

void sql_script_clear(struct sql_script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		mem_free(script->items[i].text);
		mem_free(script->items[i].label);
	}
	mem_free(script->items);
	*script = (struct sql_script){NULL, 0};
}

/* Kinds of statements by their names in the parse tree. */
static const struct {
	const char *node;
	const char *key; /* only if this member is true or not empty; NULL: always */
	const char *reason;
} forbidden[] = {
	{"TransactionStmt", NULL, "transaction control: the whole change of version is one transaction"},
	{"IndexStmt", "concurrent", "CONCURRENTLY does not work in a transaction"},
	{"DropStmt", "concurrent", "CONCURRENTLY does not work in a transaction"},
	{"RefreshMatViewStmt", "concurrent", "CONCURRENTLY waits for other sessions while ours holds its locks"},
	{"AlterEnumStmt", "newVal", "the values of ALTER TYPE … ADD VALUE cannot be used in the same transaction: "
		"make a new type, ALTER COLUMN, drop the old one"},
	{"ReindexStmt", NULL, "REINDEX has no place in a change of version"},
	{"VacuumStmt", NULL, "VACUUM does not work in a transaction, and ANALYZE is the server's own business"},
	{"CreatedbStmt", NULL, "CREATE DATABASE does not work in a transaction"},
	{"DropdbStmt", NULL, "DROP DATABASE does not work in a transaction"},
	{"AlterSystemStmt", NULL, "ALTER SYSTEM does not work in a transaction"},
	{"CreateTableSpaceStmt", NULL, "CREATE TABLESPACE does not work in a transaction"},
	{"DropTableSpaceStmt", NULL, "DROP TABLESPACE does not work in a transaction"},
	{"DiscardStmt", NULL, "DISCARD ends what the session holds, its locks too"},
	{"CopyStmt", NULL, "COPY reads files or the client, neither of which is there"},
	{"NotifyStmt", NULL, "NOTIFY wakes sessions that know nothing of the change"},
	{"LoadStmt", NULL, "LOAD needs a superuser"},
};

static bool is_set(const json_t *node, const char *key)
{
	/* ALTER TYPE … RENAME VALUE has an old value too and is harmless. */
	if (strcmp(key, "newVal") == 0 && json_text(node, "oldVal"))
		return false;
	return json_flag(node, key) || json_text(node, key);
}

static const char *find_forbidden(const json_t *statement)
{
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		const json_t *node = json_object_get(statement, forbidden[i].node);
		if (node && (!forbidden[i].key || is_set(node, forbidden[i].key)))
			return forbidden[i].reason;
	}
	return NULL;
}

static void check_statement(struct list *problems, const struct sql_statement *statement, const char *where)
{
	PgQueryParseResult result = pg_query_parse(statement->text);
	if (result.error) {
		size_t before = result.error->cursorpos > 0 ? (size_t)result.error->cursorpos - 1 : 0;
		size_t size = strlen(statement->text);
		const char *at = statement->text + (before < size ? before : size);
		list_addf(problems, "%s line %zu: %s", where, statement->line + line_of(statement->text, at) - 1,
			result.error->message);
		pg_query_free_parse_result(result);
		return;
	}
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(json_auto) json_t *tree = NULL;
	if (json_parse(&tree, result.parse_tree, strlen(result.parse_tree), where, &err))
		list_addf(problems, "%s line %zu: %s", where, statement->line, err.message);
	const json_t *stmts = json_object_get(tree, "stmts");
	for (size_t i = 0; i < json_array_size(stmts); i++) {
		const char *reason = find_forbidden(json_object_get(json_array_get(stmts, i), "stmt"));
		if (reason)
			list_addf(problems, "%s line %zu: %s", where, statement->line, reason);
	}
	pg_query_free_parse_result(result);
}

void sqltext_check(struct list *problems, const struct sql_script *script, const char *where)
{
	for (size_t i = 0; i < script->count; i++)
		check_statement(problems, &script->items[i], where);
}
