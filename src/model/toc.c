#include "model/toc.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- one line ---- */

/* Longer ones before their beginnings. A schema called DATA or ATTACH makes a table or an index look like the longer
 * one: it is then restored last, which is never wrong. */
static enum toc_kind read_kind(const char *words)
{
	static const struct {
		const char *begin;
		enum toc_kind kind;
	} kinds[] = {
		{"TABLE DATA ", TOC_OTHER},
		{"TABLE ATTACH ", TOC_OTHER},
		{"TABLE ", TOC_TABLE},
		{"CONSTRAINT ", TOC_CONSTRAINT},
		{"FK CONSTRAINT ", TOC_FOREIGN_KEY},
		{"INDEX ATTACH ", TOC_ATTACH},
		{"INDEX ", TOC_INDEX},
		{"STATISTICS DATA ", TOC_OTHER},
		{"STATISTICS ", TOC_STATISTICS},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (text_starts(words, kinds[i].begin))
			return kinds[i].kind;
	return TOC_OTHER;
}

static bool read_number(const char **at, long *out)
{
	char *end;
	*out = strtol(*at, &end, 10);
	bool good = end != *at && **at >= '0' && **at <= '9';
	*at = end;
	return good;
}

static bool skip(const char **at, const char *what)
{
	bool there = text_starts(*at, what);
	*at += there ? strlen(what) : 0;
	return there;
}

/* "3302; 2606 17556 CONSTRAINT public image_packages image_packages_pkey engine" */
static bool read_line(struct toc_entry *out, const char *line)
{
	long class, oid;
	const char *at = line;
	if (!read_number(&at, &out->id) || !skip(&at, "; ") || !read_number(&at, &class) || !skip(&at, " ") ||
		!read_number(&at, &oid) || !skip(&at, " "))
		return false;
	out->kind = read_kind(at);
	out->words = mem_copy(at);
	out->table = TOC_NOTHING;
	return true;
}

/* ---- all of them ---- */

struct place {
	long id;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t find_id(const struct place *places, size_t count, long id)
{
	struct place key = {.id = id};
	const struct place *hit = count ? bsearch(&key, places, count, sizeof *places, compare_places) : NULL;
	return hit ? hit->index : TOC_NOTHING;
}

static int unlike(struct error *err, const char *line)
{
	return error_set(err, ERROR_FAILED, "a line of the archive's list of contents is not understood: %s", line);
}

static const char DEPENDS[] = ";\tdepends on:";

/* Lines of ids are kept for the moment as what follows each entry. */
static int read_lines(struct toc *toc, const char **needs, const struct list *lines, struct error *err)
{
	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];
		if (!*line || (*line == ';' && !text_starts(line, DEPENDS)))
			continue;
		if (*line == ';') {
			if (!toc->count || needs[toc->count - 1])
				return unlike(err, line);
			needs[toc->count - 1] = line + sizeof DEPENDS - 1;
		} else if (!read_line(&toc->entries[toc->count], line)) {
			return unlike(err, line);
		} else {
			toc->count++;
		}
	}
	return 0;
}

static struct place *sort_ids(const struct toc *toc)
{
	struct place *places = mem_array(toc->count, sizeof *places);
	for (size_t i = 0; i < toc->count; i++)
		places[i] = (struct place){toc->entries[i].id, i};
	qsort(places, toc->count, sizeof *places, compare_places);
	return places;
}

static bool has_need(const struct toc_entry *entry, size_t index)
{
	for (size_t i = 0; i < entry->need_count; i++)
		if (entry->needs[i] == index)
			return true;
	return false;
}

/* " 218 218 3300" */
static bool read_needs(struct toc_entry *entry, const char *at, const struct place *places, size_t count)
{
	entry->needs = mem_array(strlen(at) / 2 + 1, sizeof *entry->needs);
	while (skip(&at, " ")) {
		long id;
		if (!*at)
			break;
		if (!read_number(&at, &id))
			return false;
		size_t index = find_id(places, count, id);
		if (index != TOC_NOTHING && !has_need(entry, index))
			entry->needs[entry->need_count++] = index;
	}
	return !*at;
}

static int resolve(struct toc *toc, const char *const *needs, const struct place *places, struct error *err)
{
	for (size_t i = 0; i + 1 < toc->count; i++)
		if (places[i].id == places[i + 1].id)
			return error_set(err, ERROR_FAILED, "the archive's list of contents has entry %ld twice",
				places[i].id);
	for (size_t i = 0; i < toc->count; i++)
		if (needs[i] && !read_needs(&toc->entries[i], needs[i], places, toc->count))
			return unlike(err, needs[i]);
	return 0;
}

/* ---- the section after the rows ---- */

static int mark_post(struct toc *toc, const struct place *places, const char *listing, struct error *err)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, listing);
	for (size_t i = 0; i < lines.count; i++) {
		struct toc_entry line = {0};
		if (!*lines.items[i] || *lines.items[i] == ';')
			continue;
		if (!read_line(&line, lines.items[i]))
			return unlike(err, lines.items[i]);
		size_t index = find_id(places, toc->count, line.id);
		bool same = index != TOC_NOTHING && strcmp(toc->entries[index].words, line.words) == 0;
		mem_free(line.words);
		if (!same || toc->entries[index].post)
			return unlike(err, lines.items[i]);
		toc->entries[index].post = true;
	}
	return 0;
}

/* ---- tables ---- */

struct name {
	char *words; /* "public images": schema and name as a listing has them */
	size_t table;
	bool taken;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->words, ((const struct name *)b)->words);
}

static struct name *sort_names(const struct manifest *manifest)
{
	struct name *names = mem_array(manifest->table_count, sizeof *names);
	for (size_t i = 0; i < manifest->table_count; i++) {
		names[i].words = mem_format("%s %s", manifest->tables[i].schema, manifest->tables[i].name);
		names[i].table = i;
		for (char *at = names[i].words; *at; at++)
			if (*at == '\n' || *at == '\r')
				*at = ' ';
	}
	qsort(names, manifest->table_count, sizeof *names, compare_names);
	return names;
}

/* "TABLE schema name owner": where the name ends cannot be seen when there are spaces in it, so each place is tried,
 * and only one may fit, once. */
static int match_table(struct toc_entry *entry, struct name *names, size_t count, struct error *err)
{
	AUTO(mem_auto) char *words = mem_copy(entry->words + strlen("TABLE "));
	struct name *found = NULL;
	for (char *space = strchr(words, ' '); space; space = strchr(space + 1, ' ')) {
		*space = '\0';
		struct name key = {.words = words};
		struct name *hit = count ? bsearch(&key, names, count, sizeof *names, compare_names) : NULL;
		*space = ' ';
		/* Two tables that look the same stand beside each other. */
		bool twin = hit && ((hit > names && compare_names(hit - 1, hit) == 0) ||
			(hit + 1 < names + count && compare_names(hit, hit + 1) == 0));
		if (hit && (found || twin || hit->taken))
			return error_set(err, ERROR_FAILED, "which table is meant cannot be told from: %s",
				entry->words);
		found = hit ? hit : found;
	}
	if (found) {
		found->taken = true;
		entry->table = found->table;
	}
	return 0;
}

static int match_tables(struct toc *toc, const struct manifest *manifest, struct error *err)
{
	struct name *names = sort_names(manifest);
	int rc = 0;
	for (size_t i = 0; !rc && i < toc->count; i++)
		if (toc->entries[i].kind == TOC_TABLE)
			rc = match_table(&toc->entries[i], names, manifest->table_count, err);
	for (size_t i = 0; i < manifest->table_count; i++)
		mem_free(names[i].words);
	mem_free(names);
	return rc;
}

int toc_parse(struct toc *out, const char *listing, const char *post, const struct manifest *manifest,
	struct error *err)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	AUTO(toc_clear) struct toc toc = {0};
	list_add_lines(&lines, listing);
	AUTO(mem_auto) const char **needs = mem_array(lines.count, sizeof *needs);
	toc.entries = mem_array(lines.count, sizeof *toc.entries);
	int rc = read_lines(&toc, needs, &lines, err);
	AUTO(mem_auto) struct place *places = sort_ids(&toc);
	if (!rc)
		rc = resolve(&toc, needs, places, err);
	if (!rc)
		rc = mark_post(&toc, places, post, err);
	if (!rc)
		rc = match_tables(&toc, manifest, err);
	if (rc)
		return rc;
	*out = toc;
	toc = (struct toc){0};
	return 0;
}

void toc_clear(struct toc *toc)
{
	for (size_t i = 0; i < toc->count; i++) {
		mem_free(toc->entries[i].words);
		mem_free(toc->entries[i].needs);
	}
	mem_free(toc->entries);
	*toc = (struct toc){0};
}

size_t toc_tables(size_t *out, const struct toc *toc, size_t entry)
{
	const struct toc_entry *of = &toc->entries[entry];
	size_t count = 0;
	for (size_t i = 0; i < of->need_count; i++)
		if (toc->entries[of->needs[i]].kind == TOC_TABLE && toc->entries[of->needs[i]].table != TOC_NOTHING)
			out[count++] = toc->entries[of->needs[i]].table;
	return count;
}

void toc_write(struct text *out, const struct toc *toc, const struct toc_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		text_addf(out, "%ld;\n", toc->entries[list->items[i]].id);
}
