#include "model/repair_private.h"

#include <string.h>

#include "base/mem.h"

static bool is_foreign(const struct schema_fact *fact)
{
	return schema_fact_is(fact, "constraint") && text_starts(fact->rest, "FOREIGN KEY ");
}

/* What a foreign key of another table may stand on. */
static bool is_key(const struct schema_fact *fact)
{
	return text_starts(fact->rest, "PRIMARY KEY ") || text_starts(fact->rest, "UNIQUE ");
}

/* ---- making ---- */

/* An index that a broken off CREATE INDEX CONCURRENTLY left invalid is built again under its own name. */
static bool rebuild_index(struct repairer *r, const struct schema_fact *fact)
{
	AUTO(mem_auto) char *invalid = mem_format("%s INVALID", fact->line);
	const char *name = repair_take_name(r, invalid);
	if (name)
		repair_add(r, PHASE_INDEXES, mem_format("REINDEX INDEX %s;", name), NULL);
	return name != NULL;
}

void repair_make_key(struct repairer *r, const struct schema_fact *fact)
{
	AUTO(mem_auto) char *table = repair_sql(fact->name, fact->name_size);
	AUTO(mem_auto) char *rest = repair_sql(fact->rest, strlen(fact->rest));
	if (schema_fact_is(fact, "constraint")) {
		AUTO(mem_auto) char *name = repair_constraint_name(r, fact);
		repair_add(r, is_foreign(fact) ? PHASE_FOREIGN : PHASE_KEYS,
			mem_format("ALTER TABLE %s ADD %s%s;", table, name, rest), NULL);
	} else if (schema_fact_is(fact, "index") && !rebuild_index(r, fact)) {
		AUTO(mem_auto) char *name = repair_index_name(r, fact);
		bool unique = text_starts(rest, "UNIQUE ");
		repair_add(r, PHASE_INDEXES, mem_format("CREATE %sINDEX %sON %s USING %s;", unique ? "UNIQUE " : "",
			name, table, rest + (unique ? strlen("UNIQUE ") : 0)), NULL);
	}
}

/* ---- dropping ---- */

static void drop_constraint(struct repairer *r, const struct schema_fact *fact, const char *name)
{
	AUTO(mem_auto) char *table = repair_sql(fact->name, fact->name_size);
	repair_add(r, is_foreign(fact) ? PHASE_DROP_FOREIGN : PHASE_DROP_KEYS,
		mem_format("ALTER TABLE %s DROP CONSTRAINT %s;", table, name), NULL);
}

static void set_aside(struct repairer *r, size_t at)
{
	const struct fact_name *one = &r->names->items[at];
	struct schema_fact fact = schema_fact_read(one->fact);
	r->used[at] = true;
	drop_constraint(r, &fact, one->name);
	AUTO(mem_auto) char *table = repair_sql(fact.name, fact.name_size);
	AUTO(mem_auto) char *rest = repair_sql(fact.rest, strlen(fact.rest));
	repair_add(r, PHASE_FOREIGN, mem_format("ALTER TABLE %s ADD CONSTRAINT %s %s;", table, one->name, rest), NULL);
}

void repair_set_aside_foreign(struct repairer *r, const struct schema_fact *of, const char *column)
{
	AUTO(mem_auto) char *reference = mem_format(" REFERENCES %.*s(", (int)of->table_size, of->name);
	for (size_t i = 0; i < r->names->count; i++) {
		struct schema_fact fact = schema_fact_read(r->names->items[i].fact);
		if (r->used[i] || !is_foreign(&fact))
			continue;
		bool to = strstr(fact.rest, reference) != NULL;
		bool from = fact.table_size == of->table_size && memcmp(fact.name, of->name, of->table_size) == 0;
		if (column ? (to || from) && strstr(fact.rest, column) : to)
			set_aside(r, i);
	}
}

static void drop_key(struct repairer *r, const struct schema_fact *fact)
{
	const char *name = repair_take_name(r, fact->line);
	if (!name)
		return; /* it was dropped since the facts were read */
	if (is_key(fact))
		repair_set_aside_foreign(r, fact, NULL);
	if (schema_fact_is(fact, "constraint")) {
		drop_constraint(r, fact, name);
		return;
	}
	repair_add(r, PHASE_DROP_KEYS, mem_format("DROP INDEX %s;", name), NULL);
}

/* Foreign keys first, so that none that goes for good is set aside. */
void repair_drop_keys(struct repairer *r)
{
	for (int foreign = 1; foreign >= 0; foreign--)
		for (size_t i = 0; i < r->result->count; i++) {
			const struct difference *difference = &r->result->items[i];
			if (!repair_wants(difference) || difference->wanted)
				continue;
			struct schema_fact fact = schema_fact_read(difference->found);
			bool key = schema_fact_is(&fact, "constraint") || schema_fact_is(&fact, "index");
			if (key && is_foreign(&fact) == (foreign == 1))
				drop_key(r, &fact);
		}
}
