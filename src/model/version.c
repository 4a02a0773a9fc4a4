#include "model/version.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Longer numbers are no versions, and would not fit an int. */
enum { MOST_DIGITS = 6 };

static bool read_number(int *out, const char **at)
{
	const char *start = *at;
	int number = 0;
	while (isdigit((unsigned char)**at) && *at - start < MOST_DIGITS)
		number = number * 10 + (*(*at)++ - '0');
	if (*at == start || isdigit((unsigned char)**at) || (*start == '0' && *at - start > 1))
		return false;
	*out = number;
	return true;
}

bool version_read(struct version *out, const char *text, const char **end)
{
	struct version version;
	for (int i = 0; i < 3; i++) {
		if (i > 0 && *text++ != '.')
			return false;
		if (!read_number(&version.part[i], &text))
			return false;
	}
	*out = version;
	*end = text;
	return true;
}

bool version_parse(struct version *out, const char *text)
{
	struct version version;
	const char *end;
	if (!text || !version_read(&version, text, &end) || *end)
		return false;
	*out = version;
	return true;
}

bool version_parse_typed(struct version *out, const char *text)
{
	return version_parse(out, text && *text == 'v' ? text + 1 : text);
}

int version_compare(struct version a, struct version b)
{
	for (int i = 0; i < 3; i++)
		if (a.part[i] != b.part[i])
			return a.part[i] < b.part[i] ? -1 : 1;
	return 0;
}

bool version_same(struct version a, struct version b)
{
	return version_compare(a, b) == 0;
}

char *version_format(char out[VERSION_ROOM], struct version version)
{
	snprintf(out, VERSION_ROOM, "%d.%d.%d", version.part[0], version.part[1], version.part[2]);
	return out;
}

static int compare_releases(const void *a, const void *b)
{
	const struct release *left = a, *right = b;
	return version_compare(left->release, right->release);
}

/* "0.2.4 0.0.7" with any blanks around; a comment was cut off already. Blank lines give false in *some. */
static bool read_line(struct release *out, bool *some, char *line)
{
	char *rest = NULL;
	char *release = strtok_r(line, " \t\r", &rest);
	char *database = strtok_r(NULL, " \t\r", &rest);
	*some = release != NULL;
	if (!release)
		return true;
	return database && !strtok_r(NULL, " \t\r", &rest) && version_parse(&out->release, release) &&
	       version_parse(&out->database, database);
}

int releases_parse(struct releases *out, const char *text, const char *where, struct error *err)
{
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, text);
	AUTO(releases_clear) struct releases releases = {mem_array(lines.count, sizeof *releases.items), 0};
	for (size_t i = 0; i < lines.count; i++) {
		bool some;
		struct release release;
		lines.items[i][strcspn(lines.items[i], "#")] = '\0';
		if (!read_line(&release, &some, lines.items[i]))
			return error_set(err, ERROR_USAGE, "%s line %zu is not a release and a database version",
				where, i + 1);
		if (some)
			releases.items[releases.count++] = release;
	}
	if (releases.count)
		qsort(releases.items, releases.count, sizeof *releases.items, compare_releases);
	for (size_t i = 1; i < releases.count; i++)
		if (version_same(releases.items[i - 1].release, releases.items[i].release))
			return error_set(err, ERROR_USAGE, "%s names release %s twice", where,
				VERSION_TEXT(releases.items[i].release));
	*out = releases;
	releases = (struct releases){NULL, 0};
	return 0;
}

void releases_clear(struct releases *releases)
{
	mem_free(releases->items);
	*releases = (struct releases){NULL, 0};
}

bool releases_find(struct version *database, const struct releases *releases, struct version release)
{
	for (size_t i = 0; i < releases->count; i++)
		if (version_same(releases->items[i].release, release)) {
			*database = releases->items[i].database;
			return true;
		}
	return false;
}

bool releases_newest(struct version *release, const struct releases *releases, struct version database)
{
	for (size_t i = releases->count; i-- > 0;)
		if (version_same(releases->items[i].database, database)) {
			*release = releases->items[i].release;
			return true;
		}
	return false;
}

char *releases_of(const struct releases *releases, struct version database)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	for (size_t i = 0; i < releases->count; i++)
		if (version_same(releases->items[i].database, database))
			list_add(&names, VERSION_TEXT(releases->items[i].release));
	return list_join(&names, ", ");
}

static bool follows(struct version a, struct version b)
{
	return a.part[0] == b.part[0] && a.part[1] == b.part[1] && a.part[2] + 1 == b.part[2];
}

char *releases_ranges(const struct releases *releases, struct version database)
{
	AUTO(list_clear) struct list ranges = LIST_INIT;
	const struct release *items = releases->items;
	for (size_t i = 0; i < releases->count; i++) {
		size_t last = i;
		if (!version_same(items[i].database, database))
			continue;
		while (last + 1 < releases->count && version_same(items[last + 1].database, database) &&
			follows(items[last].release, items[last + 1].release))
			last++;
		list_addf(&ranges, "%s%s%s", VERSION_TEXT(items[i].release), last > i ? "-" : "",
			last > i ? VERSION_TEXT(items[last].release) : "");
		i = last;
	}
	return list_join(&ranges, ", ");
}

char *releases_nearest(const struct releases *releases, const char *text)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	for (size_t i = 0; i < releases->count; i++)
		list_add(&names, VERSION_TEXT(releases->items[i].release));
	return mem_copy(text_nearest(text, (const char *const *)names.items, names.count));
}
