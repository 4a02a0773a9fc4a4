#include "model/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/schema_fact.h"

/* What is left to explain; an explained line is NULL. Lines are borrowed. */
struct leftover {
	const char **missing, **extra;
	size_t missing_count, extra_count;
};

/* What the explaining needs all the way down. */
struct comparison {
	struct catalog_result *out;
	const struct catalog *expected;
	const struct catalog *const *others;
	size_t other_count;
};

static void leftover_clear(struct leftover *left)
{
	mem_free(left->missing);
	mem_free(left->extra);
}

/* Both lists are sorted; a line that stands twice counts twice. */
static struct leftover find_leftover(const struct list *expected, const struct list *facts)
{
	struct leftover left = {mem_array(expected->count, sizeof *left.missing),
		mem_array(facts->count, sizeof *left.extra), 0, 0};
	size_t a = 0, b = 0;
	while (a < expected->count || b < facts->count) {
		int order = a == expected->count ? 1 : b == facts->count ? -1 :
			strcmp(expected->items[a], facts->items[b]);
		if (order < 0)
			left.missing[left.missing_count++] = expected->items[a++];
		else if (order > 0)
			left.extra[left.extra_count++] = facts->items[b++];
		else {
			a++;
			b++;
		}
	}
	return left;
}

/* ---- other versions ---- */

static bool in_shape(const struct catalog *catalog, const char *line)
{
	for (size_t i = 0; i < catalog->shape_count; i++)
		if (list_has(&catalog->shapes[i].extra, line))
			return true;
	return false;
}

static bool is_later(const struct comparison *c, const struct catalog *other)
{
	return version_compare(other->version, c->expected->version) > 0;
}

/* The newest earlier version that has exactly this fact, for what was left behind is left behind in later ones too,
 * else the later version that brought it; NULL if none has it. */
static const struct catalog *known_elsewhere(const struct comparison *c, const char *line)
{
	const struct catalog *found = NULL;
	for (size_t i = 0; i < c->other_count; i++) {
		const struct catalog *other = c->others[i];
		if (found && is_later(c, other))
			break;
		if (catalog_has(other, line) || in_shape(other, line))
			found = other;
	}
	return found;
}

static void note_later(struct catalog_result *out, struct version version)
{
	bool first = !version_compare(out->last, (struct version){{0, 0, 0}});
	if (first || version_compare(version, out->first) < 0)
		out->first = version;
	if (first || version_compare(version, out->last) > 0)
		out->last = version;
}

/* A column, type or sequence that only a later version has is there because an upgrade made it: nobody makes the same
 * by chance. An index, or a wider column, an operator may have made. Called when changed columns are explained. */
static void find_half(const struct comparison *c, const struct leftover *left)
{
	static const char *const kinds[] = {"column", "enum", "sequence", "domain", "type"};
	for (size_t i = 0; i < left->extra_count; i++) {
		struct schema_fact fact = schema_fact_read(left->extra[i] ? left->extra[i] : "");
		const struct catalog *other = fact.kind ? known_elsewhere(c, fact.line) : NULL;
		if (!other || !is_later(c, other))
			continue;
		note_later(c->out, other->version);
		for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
			if (schema_fact_is(&fact, kinds[j]))
				c->out->half_upgraded = true;
	}
}

/* ---- saying it ---- */

/* wanted or found may be NULL; words are owned from now on. shape: the one that explains it, or NULL. */
static void add(const struct comparison *c, enum difference_class class, const char *wanted, const char *found,
	char *words, const struct shape *shape)
{
	struct catalog_result *out = c->out;
	const struct catalog *other = found && !shape ? known_elsewhere(c, found) : NULL;
	struct difference difference = {.class = class, .words = words, .wanted = mem_copy(wanted),
		.found = mem_copy(found), .shape = mem_copy(shape ? shape->name : NULL)};
	if (other) {
		difference.of = mem_copy(VERSION_TEXT(other->version));
		mem_replace(&difference.words, mem_format("%s, as version %s has it", words, difference.of));
	}
	out->items = mem_resize(out->items, (out->count + 1) * sizeof *out->items);
	out->items[out->count++] = difference;
	if (class == DIFFERENCE_BLOCKS)
		list_add(&out->blocking, difference.words);
	else if (class == DIFFERENCE_HARMLESS)
		list_add(&out->harmless, difference.words);
}

/* Pairs what is missing with what stands in its place: "column images.size is integer, not bigint". */
static void explain_changes(const struct comparison *c, struct leftover *left, const struct shape *shape)
{
	for (size_t i = 0; i < left->missing_count; i++) {
		struct schema_fact wanted = schema_fact_read(left->missing[i] ? left->missing[i] : "");
		for (size_t j = 0; left->missing[i] && j < left->extra_count; j++) {
			struct schema_fact found = schema_fact_read(left->extra[j] ? left->extra[j] : "");
			if (!schema_fact_same_thing(&wanted, &found))
				continue;
			const struct catalog *other = shape ? NULL : known_elsewhere(c, found.line);
			if (other && is_later(c, other))
				note_later(c->out, other->version);
			add(c, shape ? DIFFERENCE_HISTORY : DIFFERENCE_BLOCKS, wanted.line, found.line,
				schema_fact_changed(&wanted, &found), shape);
			left->missing[i] = left->extra[j] = NULL;
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

static void explain_missing(const struct comparison *c, const struct leftover *left, const struct shape *shape)
{
	AUTO(list_clear) struct list tables = LIST_INIT;
	whole_tables(&tables, left->missing, left->missing_count);
	for (size_t i = 0; i < left->missing_count; i++) {
		struct schema_fact fact = schema_fact_read(left->missing[i] ? left->missing[i] : "");
		if (fact.kind && !within_table_of(&tables, &fact))
			add(c, shape ? DIFFERENCE_HISTORY : DIFFERENCE_BLOCKS, fact.line, NULL,
				schema_fact_missing(&fact), shape);
	}
}

/* A table that inherits from one of the engine's: what an edge does to that one's rows it does to the rows of both. */
static bool inherits_from_engine(const struct comparison *c, const struct schema_fact *fact)
{
	const char *at = schema_fact_is(fact, "table") ? strstr(fact->rest, "INHERITS (") : NULL;
	for (at = at ? at + strlen("INHERITS (") : NULL; at && *at && *at != ')'; at += strspn(at, ", ")) {
		size_t size = strcspn(at, ",)");
		AUTO(mem_auto) char *parent = mem_format("table %.*s", (int)size, at);
		if (catalog_has(c->expected, parent))
			return true;
		at += size;
	}
	return false;
}

static bool is_harmless(const struct comparison *c, const struct schema_fact *fact)
{
	bool index = schema_fact_is(fact, "index") && !text_starts(fact->rest, "UNIQUE ");
	/* A second one like one that the version has: the operator's. */
	if (index && catalog_has(c->expected, fact->line))
		return true;
	if (inherits_from_engine(c, fact))
		return false;
	if (known_elsewhere(c, fact->line))
		return false;
	return schema_fact_is(fact, "index") ? index : fact->kind->harmless;
}

static void explain_extra(const struct comparison *c, const struct leftover *left, const struct shape *shape)
{
	AUTO(list_clear) struct list tables = LIST_INIT;
	whole_tables(&tables, left->extra, left->extra_count);
	for (size_t i = 0; i < left->extra_count; i++) {
		struct schema_fact fact = schema_fact_read(left->extra[i] ? left->extra[i] : "");
		if (!left->extra[i] || within_table_of(&tables, &fact))
			continue;
		if (!fact.kind)
			add(c, DIFFERENCE_BLOCKS, NULL, fact.line, mem_format("unknown fact: %s", fact.line), NULL);
		else if (shape)
			add(c, DIFFERENCE_HISTORY, NULL, fact.line, schema_fact_extra(&fact), shape);
		else
			add(c, is_harmless(c, &fact) ? DIFFERENCE_HARMLESS : DIFFERENCE_BLOCKS, NULL, fact.line,
				schema_fact_extra(&fact), NULL);
	}
}

/* ---- shapes ---- */

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
static const struct shape *fitting_shape(const struct catalog *catalog, const struct leftover *left)
{
	const struct shape *best = NULL;
	for (size_t i = 0; i < catalog->shape_count; i++) {
		const struct shape *shape = &catalog->shapes[i];
		if (shape_size(shape) && (!best || shape_size(shape) > shape_size(best)) &&
		    find_all(left->missing, left->missing_count, &shape->missing, false) &&
		    find_all(left->extra, left->extra_count, &shape->extra, false))
			best = shape;
	}
	return best;
}

static void explain_by_shapes(const struct comparison *c, struct leftover *left)
{
	for (;;) {
		const struct shape *shape = fitting_shape(c->expected, left);
		if (!shape)
			return;
		find_all(left->missing, left->missing_count, &shape->missing, true);
		find_all(left->extra, left->extra_count, &shape->extra, true);
		list_add(&c->out->shapes, shape->name);
		list_add(&c->out->reasons, shape->reason);
		AUTO(leftover_clear) struct leftover own = find_leftover(&shape->missing, &shape->extra);
		explain_changes(c, &own, shape);
		explain_missing(c, &own, shape);
		explain_extra(c, &own, shape);
	}
}

void catalog_compare(struct catalog_result *out, const struct catalog *expected, const struct list *facts,
	const struct catalog *const *others, size_t other_count)
{
	*out = (struct catalog_result){.items = NULL};
	struct comparison c = {out, expected, others, other_count};
	AUTO(leftover_clear) struct leftover left = find_leftover(&expected->facts, facts);
	explain_by_shapes(&c, &left);
	explain_changes(&c, &left, NULL);
	find_half(&c, &left);
	explain_missing(&c, &left, NULL);
	explain_extra(&c, &left, NULL);
}
