#include "model/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/schema_fact.h"

/* What is left to explain; an explained line is NULL. Lines are borrowed. */
struct difference {
	const char **missing, **extra;
	size_t missing_count, extra_count;
};

static void difference_clear(struct difference *difference)
{
	mem_free(difference->missing);
	mem_free(difference->extra);
}

/* Both lists are sorted; a line that stands twice counts twice. */
static struct difference find_difference(const struct list *expected, const struct list *facts)
{
	struct difference d = {mem_array(expected->count, sizeof *d.missing), mem_array(facts->count, sizeof *d.extra),
		0, 0};
	size_t a = 0, b = 0;
	while (a < expected->count || b < facts->count) {
		int order = a == expected->count ? 1 : b == facts->count ? -1 :
			strcmp(expected->items[a], facts->items[b]);
		if (order < 0)
			d.missing[d.missing_count++] = expected->items[a++];
		else if (order > 0)
			d.extra[d.extra_count++] = facts->items[b++];
		else {
			a++;
			b++;
		}
	}
	return d;
}

/* Where each of wanted stands in lines; with take those are blanked. False as soon as one is not there. */
static bool find_all(const char **lines, size_t count, const struct list *wanted, bool take)
{
	for (size_t i = 0; i < wanted->count; i++) {
		size_t at = 0;
		while (at < count && !(lines[at] && strcmp(lines[at], wanted->items[i]) == 0))
			at++;
		if (at == count)
			return false;
		if (take)
			lines[at] = NULL;
	}
	return true;
}

static size_t shape_size(const struct shape *shape)
{
	return shape->missing.count + shape->extra.count;
}

/* The largest shape of which every line is left to explain. Larger ones first, for a small shape may be a part
 * of a large one. */
static const struct shape *fitting_shape(const struct catalog *catalog, const struct difference *d)
{
	const struct shape *best = NULL;
	for (size_t i = 0; i < catalog->shape_count; i++) {
		const struct shape *shape = &catalog->shapes[i];
		if (shape_size(shape) && (!best || shape_size(shape) > shape_size(best)) &&
		    find_all(d->missing, d->missing_count, &shape->missing, false) &&
		    find_all(d->extra, d->extra_count, &shape->extra, false))
			best = shape;
	}
	return best;
}

static void explain_by_shapes(struct catalog_result *out, const struct catalog *catalog, struct difference *d)
{
	for (;;) {
		const struct shape *shape = fitting_shape(catalog, d);
		if (!shape)
			return;
		find_all(d->missing, d->missing_count, &shape->missing, true);
		find_all(d->extra, d->extra_count, &shape->extra, true);
		list_add(&out->shapes, shape->name);
	}
}

static const char *or_plain(const char *rest)
{
	return *rest ? rest : "plain";
}

static void say_missing(struct list *out, const struct schema_fact *fact)
{
	int table = (int)fact->table_size, name = (int)fact->name_size;
	if (schema_fact_is(fact, "column"))
		list_addf(out, "table %.*s lacks column %.*s %s", table, fact->name, name - table - 1,
			fact->name + table + 1, fact->rest);
	else if (schema_fact_is(fact, "constraint"))
		list_addf(out, "table %.*s lacks the constraint %s", table, fact->name, fact->rest);
	else if (fact->table_size && !schema_fact_is(fact, "table"))
		list_addf(out, "table %.*s lacks %s %s", table, fact->name, fact->kind->name, fact->rest);
	else
		list_addf(out, "%s %.*s is missing", fact->kind->name, name, fact->name);
}

static void say_extra(struct list *out, const struct schema_fact *fact, const char *known)
{
	int table = (int)fact->table_size, name = (int)fact->name_size;
	if (schema_fact_is(fact, "column"))
		list_addf(out, "table %.*s has an extra column %.*s %s%s", table, fact->name, name - table - 1,
			fact->name + table + 1, fact->rest, known);
	else if (fact->table_size && !schema_fact_is(fact, "table"))
		list_addf(out, "table %.*s has an extra %s %s%s", table, fact->name, fact->kind->name, fact->rest,
			known);
	else
		list_addf(out, "extra %s %.*s%s", fact->kind->name, name, fact->name, known);
}

/* Pairs what is missing with what stands in its place: "column images.size is integer, not bigint". */
static void explain_changes(struct list *out, struct difference *d)
{
	for (size_t i = 0; i < d->missing_count; i++) {
		struct schema_fact wanted = schema_fact_read(d->missing[i] ? d->missing[i] : "");
		for (size_t j = 0; d->missing[i] && j < d->extra_count; j++) {
			struct schema_fact found = schema_fact_read(d->extra[j] ? d->extra[j] : "");
			if (!schema_fact_same_thing(&wanted, &found))
				continue;
			list_addf(out, "%s %.*s is %s, not %s", wanted.kind->name, (int)wanted.name_size, wanted.name,
				or_plain(found.rest), or_plain(wanted.rest));
			d->missing[i] = d->extra[j] = NULL;
		}
	}
}

/* Names of the tables that are missing or extra as a whole, sorted. Their own line says it all. */
static void whole_tables(struct list *names, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct schema_fact fact = schema_fact_read(lines[i] ? lines[i] : "");
		if (schema_fact_is(&fact, "table"))
			list_addf(names, "%.*s", (int)fact.table_size, fact.name);
	}
	list_sort(names);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool within_table_of(const struct list *tables, const struct schema_fact *fact)
{
	if (!fact->table_size || !tables->count || schema_fact_is(fact, "table"))
		return false;
	AUTO(mem_auto) char *name = mem_format("%.*s", (int)fact->table_size, fact->name);
	const char *key = name;
	return bsearch(&key, tables->items, tables->count, sizeof *tables->items, compare_names) != NULL;
}

static void explain_missing(struct catalog_result *out, const struct difference *d)
{
	AUTO(list_clear) struct list tables = LIST_INIT;
	whole_tables(&tables, d->missing, d->missing_count);
	for (size_t i = 0; i < d->missing_count; i++) {
		struct schema_fact fact = schema_fact_read(d->missing[i] ? d->missing[i] : "");
		if (fact.kind && !within_table_of(&tables, &fact))
			say_missing(&out->blocking, &fact);
	}
}

static bool in_shape(const struct catalog *catalog, const char *line)
{
	for (size_t i = 0; i < catalog->shape_count; i++)
		if (list_has(&catalog->shapes[i].extra, line))
			return true;
	return false;
}

/* ", which is of version 0.0.7", owned, if another version has exactly this fact. */
static char *known_elsewhere(const char *line, const struct catalog *const *others, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (catalog_has(others[i], line) || in_shape(others[i], line))
			return mem_format(", which is of version %s: a change of version stopped half way",
				VERSION_TEXT(others[i]->version));
	return NULL;
}

static bool is_harmless(const struct schema_fact *fact)
{
	if (schema_fact_is(fact, "index"))
		return !text_starts(fact->rest, "UNIQUE ");
	return fact->kind && fact->kind->harmless;
}

static void explain_extra(struct catalog_result *out, const struct difference *d, const struct catalog *const *others,
	size_t other_count)
{
	AUTO(list_clear) struct list tables = LIST_INIT;
	whole_tables(&tables, d->extra, d->extra_count);
	for (size_t i = 0; i < d->extra_count; i++) {
		if (!d->extra[i])
			continue;
		struct schema_fact fact = schema_fact_read(d->extra[i]);
		if (!fact.kind) {
			list_addf(&out->blocking, "unknown fact: %s", d->extra[i]);
			continue;
		}
		if (within_table_of(&tables, &fact))
			continue;
		AUTO(mem_auto) char *known = known_elsewhere(d->extra[i], others, other_count);
		bool harmless = !known && is_harmless(&fact);
		say_extra(harmless ? &out->harmless : &out->blocking, &fact, known ? known : "");
	}
}

void catalog_compare(struct catalog_result *out, const struct catalog *expected, const struct list *facts,
	const struct catalog *const *others, size_t other_count)
{
	*out = (struct catalog_result){LIST_INIT, LIST_INIT, LIST_INIT};
	AUTO(difference_clear) struct difference d = find_difference(&expected->facts, facts);
	explain_by_shapes(out, expected, &d);
	explain_changes(&out->blocking, &d);
	explain_missing(out, &d);
	explain_extra(out, &d, others, other_count);
}

void catalog_result_clear(struct catalog_result *result)
{
	list_clear(&result->shapes);
	list_clear(&result->blocking);
	list_clear(&result->harmless);
}

char *catalog_result_shape(const struct catalog_result *result)
{
	return result->shapes.count ? list_join(&result->shapes, ", ") : mem_copy("fresh");
}
