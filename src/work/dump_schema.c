#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/dump.h"

/* Linux takes 128 kB in one argument. A pattern is cut well below. */
enum { MOST_PATTERN = 60000 };

/* "name", as pg_dump's patterns want it: within the quotes only the quote itself is special. */
static void add_quoted(struct text *out, const char *name)
{
	text_add(out, "\"");
	for (const char *at = name; *at; at++)
		text_add(out, *at == '"' ? "\"\"" : (char[2]){*at, '\0'});
	text_add(out, "\"");
}

/* One pattern for many tables of a schema, "schema".("a"|"b"): pg_dump asks the server once for each pattern, and the
 * line of arguments is not endless. */
static void add_patterns(struct list *arguments, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count;) {
		AUTO(text_clear) struct text pattern = TEXT_INIT;
		const char *schema = inventory->tables[i].schema;
		text_add(&pattern, "--exclude-table-data=");
		add_quoted(&pattern, schema);
		text_add(&pattern, ".(");
		size_t first = i;
		for (; i < inventory->count && strcmp(inventory->tables[i].schema, schema) == 0 &&
			pattern.size < MOST_PATTERN; i++) {
			text_add(&pattern, i > first ? "|" : "");
			add_quoted(&pattern, inventory->tables[i].name);
		}
		text_add(&pattern, ")");
		list_give(arguments, text_take(&pattern));
	}
}

/* The connection that was left for it may not be free yet: the server takes a moment to see that it was closed. */
static int run_patiently(const struct dump *dump, const struct list *arguments, struct error *err)
{
	enum { TRIES = 10 };
	int rc = pgtool_run(dump->tool->dump, arguments, dump->db, NULL, NULL, err);
	for (int i = 1; rc == ERROR_FAILED && i < TRIES && pgtool_lacks_connection(err) && !interrupt_signal(); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		error_clear(err);
		rc = pgtool_run(dump->tool->dump, arguments, dump->db, NULL, NULL, err);
	}
	if (rc == ERROR_FAILED && pgtool_lacks_connection(err))
		error_hint(err, "allow the role three connections, and see that the server has them: one of its own, "
			"one for pg_dump, one for the rows");
	return rc;
}

int dump_schema(struct dump *dump, struct error *err)
{
	AUTO(list_clear) struct list arguments = LIST_INIT;
	list_add(&arguments, "--format=custom");
	list_add(&arguments, "--blobs");
	list_add(&arguments, "--no-sync");
	list_add(&arguments, "--no-password");
	list_add(&arguments, "--lock-wait-timeout=60s");
	list_add(&arguments, "--exclude-schema=\"anchore_admin\"");
	list_addf(&arguments, "--snapshot=%s", dump->snapshot);
	list_addf(&arguments, "--file=%s", dump->schema);
	add_patterns(&arguments, &dump->inventory);
	int rc = fault_point("backup-schema", err);
	if (!rc)
		rc = run_patiently(dump, &arguments, err);
	if (rc == ERROR_FAILED && strstr(err->message, "No space left on device"))
		rc = err->code = ERROR_NO_SPACE;
	return rc;
}
