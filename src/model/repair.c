#include "model/repair.h"

#include <string.h>

#include "base/mem.h"
#include "model/repair_private.h"

void fact_names_clear(struct fact_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		mem_free(names->items[i].fact);
		mem_free(names->items[i].name);
	}
	mem_free(names->items);
	*names = (struct fact_names){NULL, 0};
}

void repair_clear(struct repair *repair)
{
	for (size_t i = 0; i < repair->count; i++) {
		mem_free(repair->items[i].sql);
		mem_free(repair->items[i].note);
	}
	mem_free(repair->items);
	*repair = (struct repair){NULL, 0};
}

static void append(struct repair *repair, struct repair_statement statement)
{
	repair->items = mem_resize(repair->items, (repair->count + 1) * sizeof *repair->items);
	repair->items[repair->count++] = statement;
}

void repair_add(struct repairer *r, enum repair_phase phase, char *sql, char *note)
{
	append(&r->phases[phase], (struct repair_statement){.sql = sql, .note = note});
}

void repair_add_destroying(struct repairer *r, char *sql, char *note)
{
	append(&r->phases[PHASE_DESTROYS], (struct repair_statement){sql, note, true});
}

char *repair_sql(const char *piece, size_t size)
{
	struct text out = TEXT_INIT;
	for (size_t i = 0; i < size; i++) {
		bool escaped = piece[i] == '\\' && i + 1 < size;
		if (escaped)
			i++;
		text_addf(&out, "%c", escaped && piece[i] == 'n' ? '\n' : piece[i]);
	}
	return text_take(&out);
}

const char *repair_take_name(struct repairer *r, const char *fact)
{
	for (size_t i = 0; i < r->names->count; i++)
		if (!r->used[i] && strcmp(r->names->items[i].fact, fact) == 0) {
			r->used[i] = true;
			return r->names->items[i].name;
		}
	return NULL;
}

bool repair_wants(const struct difference *difference)
{
	return difference->class != DIFFERENCE_HARMLESS;
}

/* ---- tables ---- */

static bool of_table(const struct schema_fact *fact, const struct schema_fact *table)
{
	return fact->table_size == table->name_size && memcmp(fact->name, table->name, table->name_size) == 0;
}

/* The table as a whole: its columns and keys have no differences of their own. */
static void make_table(struct repairer *r, const struct schema_fact *table)
{
	struct text sql = TEXT_INIT;
	AUTO(mem_auto) char *name = repair_sql(table->name, table->name_size);
	text_addf(&sql, "CREATE TABLE %s (", name);
	const char *separator = "";
	for (size_t i = 0; i < r->expected->facts.count; i++) {
		struct schema_fact fact = schema_fact_read(r->expected->facts.items[i]);
		if (!of_table(&fact, table) || schema_fact_is(&fact, "table"))
			continue;
		if (!schema_fact_is(&fact, "column")) {
			repair_make_key(r, &fact);
			continue;
		}
		AUTO(mem_auto) char *column = repair_column_definition(&fact);
		text_addf(&sql, "%s\n    %s", separator, column);
		separator = ",";
	}
	text_add(&sql, "\n);");
	repair_add(r, PHASE_TABLES, text_take(&sql), mem_format("table %s is made empty: only a restore brings its "
		"rows back", name));
}

/* UNLOGGED, ROW LEVEL SECURITY, INHERITS (…): the engine's tables have none of these. */
static void change_table(struct repairer *r, const struct schema_fact *wanted, const struct schema_fact *found)
{
	AUTO(mem_auto) char *name = repair_sql(wanted->name, wanted->name_size);
	bool known = !*wanted->rest && !strstr(found->rest, "INHERITS") && !strstr(found->rest, "PARTITION") &&
		!strstr(found->rest, "FOR VALUES");
	if (!known) {
		repair_add(r, PHASE_DESTROYS, NULL, mem_format("no SQL is known for table %s: it is %s", name,
			found->rest));
		return;
	}
	if (text_starts(found->rest, "UNLOGGED"))
		repair_add(r, PHASE_COLUMNS, mem_format("ALTER TABLE %s SET LOGGED;", name), NULL);
	if (text_ends(found->rest, "ROW LEVEL SECURITY"))
		repair_add(r, PHASE_COLUMNS, mem_format("ALTER TABLE %s DISABLE ROW LEVEL SECURITY;", name), NULL);
}

static void repair_table(struct repairer *r, const struct difference *difference)
{
	struct schema_fact wanted = schema_fact_read(difference->wanted ? difference->wanted : "");
	struct schema_fact found = schema_fact_read(difference->found ? difference->found : "");
	if (difference->wanted && difference->found) {
		change_table(r, &wanted, &found);
	} else if (difference->wanted) {
		make_table(r, &wanted);
	} else {
		AUTO(mem_auto) char *name = repair_sql(found.name, found.name_size);
		repair_add_destroying(r, mem_format("DROP TABLE %s;", name),
			mem_format("this would lose the rows of table %s", name));
	}
}

/* ---- the rest ---- */

/* Trigger, rule, policy: an extra one is in the way, and has no rows to lose. */
static void drop_hook(struct repairer *r, const struct schema_fact *fact)
{
	AUTO(mem_auto) char *table = repair_sql(fact->name, fact->name_size);
	AUTO(mem_auto) char *name = repair_sql(fact->rest, strlen(fact->rest));
	const char *kind = schema_fact_is(fact, "trigger") ? "TRIGGER" : schema_fact_is(fact, "rule") ? "RULE" :
		"POLICY";
	repair_add(r, PHASE_DROP_HOOKS, mem_format("DROP %s %s ON %s;", kind, name, table),
		mem_format("not the engine's: keep its definition (psql shows it by \\d %s), and make it again "
			"after the upgrade", table));
}

static void repair_one(struct repairer *r, const struct difference *difference)
{
	struct schema_fact fact = schema_fact_read(difference->wanted ? difference->wanted : difference->found);
	bool hook = schema_fact_is(&fact, "trigger") || schema_fact_is(&fact, "rule") ||
		schema_fact_is(&fact, "policy");
	if (schema_fact_is(&fact, "table"))
		repair_table(r, difference);
	else if (schema_fact_is(&fact, "enum"))
		repair_type(r, difference);
	else if (schema_fact_is(&fact, "sequence"))
		repair_sequence(r, difference);
	else if (schema_fact_is(&fact, "constraint") || schema_fact_is(&fact, "index")) {
		if (difference->wanted)
			repair_make_key(r, &fact);
	} else if (hook && !difference->wanted)
		drop_hook(r, &fact);
	else if (!schema_fact_is(&fact, "column"))
		repair_add(r, PHASE_DESTROYS, NULL, mem_format("no SQL is known for this: %s", difference->words));
}

void repair_build(struct repair *out, const struct catalog *expected, const struct catalog_result *result,
	const struct list *facts, const struct fact_names *names, const char *schema)
{
	*out = (struct repair){NULL, 0};
	if (result->half_upgraded)
		return;
	AUTO(mem_auto) bool *used = mem_array(names->count, sizeof *used);
	AUTO(mem_auto) char *line = schema ? repair_one_line(schema) : NULL;
	struct repairer r = {.expected = expected, .result = result, .facts = facts, .names = names, .used = used,
		.schema = line};
	repair_drop_keys(&r); /* first, for it frees names */
	for (size_t i = 0; i < result->count; i++)
		if (repair_wants(&result->items[i]))
			repair_one(&r, &result->items[i]);
	repair_columns(&r);
	for (size_t phase = 0; phase < PHASE_COUNT; phase++) {
		for (size_t i = 0; i < r.phases[phase].count; i++)
			append(out, r.phases[phase].items[i]);
		mem_free(r.phases[phase].items);
	}
}

/* ---- the script ---- */

/* Every line of a text behind "-- "; a carriage return ends a comment, too. */
static void add_comment(struct text *out, const char *text)
{
	text_add(out, "-- ");
	for (; *text; text++)
		text_addf(out, "%c%s", *text, *text == '\n' || *text == '\r' ? "-- " : "");
	text_add(out, "\n");
}

char *repair_script(const struct repair *repair)
{
	struct text out = TEXT_INIT;
	text_add(&out, "BEGIN;\nSET LOCAL search_path = public;\n");
	for (size_t i = 0; i < repair->count; i++) {
		const struct repair_statement *statement = &repair->items[i];
		if (statement->note)
			add_comment(&out, statement->note);
		if (statement->sql && statement->destroys)
			add_comment(&out, statement->sql);
		else if (statement->sql)
			text_addf(&out, "%s\n", statement->sql);
	}
	text_add(&out, "COMMIT;\n");
	return text_take(&out);
}
