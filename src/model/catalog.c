#include "model/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/schema_fact.h"

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_line(const struct list *sorted, const char *line)
{
	return sorted->count &&
	       bsearch(&line, sorted->items, sorted->count, sizeof *sorted->items, compare_lines) != NULL;
}

bool catalog_has(const struct catalog *catalog, const char *fact)
{
	return has_line(&catalog->facts, fact);
}

static int parse_facts(struct list *facts, const char *text, const char *where, struct error *err)
{
	list_add_lines(facts, text);
	for (size_t i = 0; i < facts->count; i++) {
		if (!schema_fact_read(facts->items[i]).kind)
			return error_set(err, ERROR_USAGE, "%s.catalog line %zu is not a fact", where, i + 1);
		if (i > 0 && strcmp(facts->items[i - 1], facts->items[i]) >= 0)
			return error_set(err, ERROR_USAGE,
				"%s.catalog line %zu is not after the line before it in byte order",
				where, i + 1);
	}
	return 0;
}

static void shape_clear(struct shape *shape)
{
	mem_free(shape->name);
	mem_free(shape->reason);
	list_clear(&shape->missing);
	list_clear(&shape->extra);
}

/* A line of V.shapes, with its leading sign. */
static bool add_to_shape(struct catalog *catalog, const char *line)
{
	if (text_starts(line, "shape ")) {
		catalog->shapes = mem_resize(catalog->shapes, (catalog->shape_count + 1) * sizeof *catalog->shapes);
		catalog->shapes[catalog->shape_count++] = (struct shape){.name = mem_copy(line + 6),
			.reason = mem_copy("")};
		return line[6] != '\0';
	}
	if (!catalog->shape_count)
		return false;
	struct shape *shape = &catalog->shapes[catalog->shape_count - 1];
	if (*line == '-' && catalog_has(catalog, line + 1))
		list_add(&shape->missing, line + 1);
	else if (*line == '+' && !catalog_has(catalog, line + 1) && schema_fact_read(line + 1).kind)
		list_add(&shape->extra, line + 1);
	else
		return false;
	return true;
}

/* Comment lines between a shape's name and its first fact say why there is such a shape. */
static void read_comment(struct catalog *catalog, const char *line)
{
	struct shape *shape = catalog->shape_count ? &catalog->shapes[catalog->shape_count - 1] : NULL;
	if (!shape || shape->missing.count || shape->extra.count)
		return;
	line += strspn(line, "# ");
	mem_replace(&shape->reason, mem_format("%s%s%s", shape->reason, *shape->reason ? " " : "", line));
}

static int parse_shapes(struct catalog *catalog, const char *text, const char *where, struct error *err)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		if (*line == '#')
			read_comment(catalog, line);
		else if (*line && !add_to_shape(catalog, line))
			return error_set(err, ERROR_USAGE, "%s.shapes line %zu does not fit %s.catalog", where, i + 1,
				where);
	}
	for (size_t i = 0; i < catalog->shape_count; i++) {
		list_sort(&catalog->shapes[i].missing);
		list_sort(&catalog->shapes[i].extra);
	}
	return 0;
}

int catalog_parse(struct catalog *out, struct version version, const char *text, const char *shapes, const char *where,
	struct error *err)
{
	AUTO(catalog_clear) struct catalog catalog = {.version = version};
	int code = parse_facts(&catalog.facts, text, where, err);
	if (!code && shapes)
		code = parse_shapes(&catalog, shapes, where, err);
	if (code)
		return code;
	*out = catalog;
	catalog = (struct catalog){.version = version};
	return 0;
}

void catalog_clear(struct catalog *catalog)
{
	list_clear(&catalog->facts);
	for (size_t i = 0; i < catalog->shape_count; i++)
		shape_clear(&catalog->shapes[i]);
	mem_free(catalog->shapes);
	catalog->shapes = NULL;
	catalog->shape_count = 0;
}
