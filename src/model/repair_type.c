#include "model/repair_private.h"

#include <string.h>

#include "base/mem.h"

/* ---- enums ---- */

/* A column's default is of its old type, and so is set aside with it. */
static void move_column(struct repairer *r, struct text *sql, const struct schema_fact *column, const char *type)
{
	const char *name = column->name + column->table_size + 1;
	AUTO(mem_auto) char *table = repair_sql(column->name, column->table_size);
	AUTO(mem_auto) char *field = repair_sql(name, column->name_size - column->table_size - 1);
	AUTO(mem_auto) char *mentioned = mem_format("%.*s", (int)(column->name_size - column->table_size - 1), name);
	repair_set_aside_foreign(r, column, mentioned);
	const char *given = strstr(column->rest, " DEFAULT ");
	AUTO(mem_auto) char *expression = given ? repair_sql(given, strlen(given)) : NULL;
	text_addf(sql, "\nALTER TABLE %s", table);
	if (expression)
		text_addf(sql, " ALTER COLUMN %s DROP DEFAULT,", field);
	text_addf(sql, " ALTER COLUMN %s TYPE %s USING %s::text::%s", field, type, field, type);
	if (expression)
		text_addf(sql, ", ALTER COLUMN %s SET%s", field, expression);
	text_add(sql, ";");
}

/* A value cannot be added in a transaction before PostgreSQL 12, and never taken away: a new type takes the place of
 * the old one. */
static void change_enum(struct repairer *r, const char *type, const char *labels)
{
	struct text sql = TEXT_INIT;
	const char *plain = *type == '"' ? type + 1 : type;
	AUTO(mem_auto) char *old = mem_format("\"%.*s_before\"", (int)(strlen(plain) - (plain != type)), plain);
	AUTO(mem_auto) char *with = mem_format("%s ", type);
	text_addf(&sql, "ALTER TYPE %s RENAME TO %s;\nCREATE TYPE %s AS ENUM %s;", type, old, type, labels);
	for (size_t i = 0; i < r->facts->count; i++) {
		struct schema_fact column = schema_fact_read(r->facts->items[i]);
		if (!schema_fact_is(&column, "column"))
			continue;
		AUTO(mem_auto) char *rest = mem_format("%s ", column.rest);
		if (text_starts(rest, with))
			move_column(r, &sql, &column, type);
	}
	text_addf(&sql, "\nDROP TYPE %s;", old);
	repair_add(r, PHASE_TYPES, text_take(&sql), NULL);
}

void repair_type(struct repairer *r, const struct difference *difference)
{
	struct schema_fact fact = schema_fact_read(difference->wanted ? difference->wanted : difference->found);
	AUTO(mem_auto) char *name = repair_sql(fact.name, fact.name_size);
	AUTO(mem_auto) char *labels = repair_sql(fact.rest, strlen(fact.rest));
	if (!difference->wanted)
		repair_add_destroying(r, mem_format("DROP TYPE %s;", name),
			mem_format("this would lose type %s, which a column above may use", name));
	else if (difference->found)
		change_enum(r, name, labels);
	else
		repair_add(r, PHASE_TYPES, mem_format("CREATE TYPE %s AS ENUM %s;", name, labels), NULL);
}

/* ---- sequences ---- */

/* The number behind a word of a sequence's fact, or what it is without; owned. */
static char *setting(const char *rest, const char *word, const char *otherwise)
{
	AUTO(mem_auto) char *marker = mem_format(" %s ", word);
	const char *at = strstr(rest, marker);
	if (!at)
		return mem_copy(otherwise);
	at += strlen(marker);
	return mem_format("%.*s", (int)strcspn(at, " "), at);
}

/* The column whose default draws on the sequence. */
static bool find_user(struct schema_fact *column, const struct repairer *r, const struct schema_fact *sequence)
{
	AUTO(mem_auto) char *call = mem_format("nextval('%.*s'::regclass)", (int)sequence->name_size, sequence->name);
	for (size_t i = 0; i < r->expected->facts.count; i++) {
		*column = schema_fact_read(r->expected->facts.items[i]);
		if (schema_fact_is(column, "column") && strstr(column->rest, call))
			return true;
	}
	return false;
}

static void make_sequence(struct repairer *r, const struct schema_fact *fact)
{
	struct schema_fact column;
	AUTO(mem_auto) char *name = repair_sql(fact->name, fact->name_size);
	AUTO(mem_auto) char *rest = repair_sql(fact->rest, strlen(fact->rest));
	char *owner = strstr(rest, " OWNED BY ");
	if (owner) {
		repair_add(r, PHASE_COUNTERS, mem_format("ALTER SEQUENCE %s%s;", name, owner), NULL);
		*owner = '\0';
	}
	repair_add(r, PHASE_SEQUENCES, mem_format("CREATE SEQUENCE %s AS %s;", name, rest), NULL);
	if (!find_user(&column, r, fact))
		return;
	AUTO(mem_auto) char *table = repair_sql(column.name, column.table_size);
	AUTO(mem_auto) char *field = repair_sql(column.name + column.table_size + 1,
		column.name_size - column.table_size - 1);
	repair_add(r, PHASE_COUNTERS, mem_format("SELECT setval('%s', coalesce(max(%s), 0) + 1, false) FROM %s;", name,
		field, table), mem_format("sequence %s goes on after the highest value in use", name));
}

static void change_sequence(struct repairer *r, const struct schema_fact *wanted)
{
	AUTO(mem_auto) char *name = repair_sql(wanted->name, wanted->name_size);
	AUTO(mem_auto) char *rest = repair_sql(wanted->rest, strlen(wanted->rest));
	AUTO(mem_auto) char *start = setting(rest, "START", "1");
	AUTO(mem_auto) char *increment = setting(rest, "INCREMENT", "1");
	AUTO(mem_auto) char *least = setting(rest, "MINVALUE", "1");
	AUTO(mem_auto) char *most = setting(rest, "MAXVALUE", NULL);
	AUTO(mem_auto) char *cache = setting(rest, "CACHE", "1");
	const char *owner = strstr(rest, " OWNED BY ");
	repair_add(r, PHASE_COUNTERS, mem_format("ALTER SEQUENCE %s AS %.*s START %s INCREMENT %s MINVALUE %s %s%s "
		"CACHE %s %s%s;", name, (int)strcspn(rest, " "), rest, start, increment, least, most ? "MAXVALUE " : "",
		most ? most : "NO MAXVALUE", cache, strstr(rest, " CYCLE") ? "CYCLE" : "NO CYCLE",
		owner ? owner : " OWNED BY NONE"), NULL);
}

void repair_sequence(struct repairer *r, const struct difference *difference)
{
	struct schema_fact fact = schema_fact_read(difference->wanted ? difference->wanted : difference->found);
	if (difference->wanted && difference->found) {
		change_sequence(r, &fact);
	} else if (difference->wanted) {
		make_sequence(r, &fact);
	} else {
		AUTO(mem_auto) char *name = repair_sql(fact.name, fact.name_size);
		repair_add_destroying(r, mem_format("DROP SEQUENCE %s;", name),
			mem_format("this would lose the count of sequence %s", name));
	}
}
