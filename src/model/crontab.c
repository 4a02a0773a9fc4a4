#include "model/crontab.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

enum {
	DAY = 86400,
	MINUTE = 60,
	HALF_DAY = 43200,
	MOST_DAYS = 41 * 366, /* 29 February comes after eight years at most, on a certain weekday after forty */
	MOST_MISSED = 1000,  /* nobody counts further */
};

static const struct {
	const char *name;
	int least, most;
	const char *names[12]; /* from least on */
} fields[CRONTAB_PARTS] = {
	{"minute", 0, 59, {NULL}},
	{"hour", 0, 23, {NULL}},
	{"day of the month", 1, 31, {NULL}},
	{"month", 1, 12,
		{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL}},
};

/* ---- reading ---- */

static int refuse(const char *text, const char *field, int part, const char *why, struct error *err)
{
	error_set(err, ERROR_USAGE, "\"%s\": the %s \"%s\" %s", text, fields[part].name, field, why);
	return error_hint(err,
		"write five fields, minute (0-59) hour (0-23) day (1-31) month (1-12) weekday (0-7): "
		"`--at '17 3 * * *'` is every night at 03:17");
}

/* A number or a name; false if it is neither, or out of range. */
static bool read_value(int *out, const char *text, size_t size, int part)
{
	AUTO(mem_auto) char *copy = mem_copy_bytes(text, size);
	long long number = 0;
	for (int i = 0; i < 12 && fields[part].names[i]; i++) {
		if (strcasecmp(copy, fields[part].names[i]) == 0) {
			*out = fields[part].least + i;
			return true;
		}
	}
	if (size == 0 || strspn(copy, "0123456789") != size ||
		!text_to_number(copy, fields[part].least, fields[part].most, &number))
		return false;
	*out = (int)number;
	return true;
}

/* "*", "3", "1-5", the last and the first also with "/2"; NULL or what is wrong with it. */
static const char *read_range(uint64_t *bits, const char *item, int part)
{
	size_t size = strcspn(item, "/"), dash = strcspn(item, "-");
	int first = fields[part].least, last = fields[part].most;
	long long step = 1;
	bool range = true;
	if (size == 1 && *item == '*') {
		last -= part == CRONTAB_WEEKDAY;
	} else if (dash < size) {
		if (!read_value(&first, item, dash, part) || !read_value(&last, item + dash + 1, size - dash - 1, part))
			return "is out of range, or no number";
		if (first > last)
			return "is a range that ends before it begins";
	} else {
		range = false;
		if (!read_value(&first, item, size, part))
			return "is out of range, or no number";
		last = first;
	}
	if (item[size] == '/' && (!range || !text_to_number(item + size + 1, 1, 99, &step)))
		return range ? "has a step that is no number" : "has a step, but no range that it could go through";
	for (int at = first; at <= last; at += (int)step)
		*bits |= (uint64_t)1 << at;
	return NULL;
}

static const char *read_field(uint64_t *bits, const char *field, int part)
{
	AUTO(mem_auto) char *copy = mem_copy(field);
	char *rest = copy, *item;
	while ((item = strsep(&rest, ","))) {
		const char *wrong = read_range(bits, item, part);
		if (wrong)
			return wrong;
	}
	if (part == CRONTAB_WEEKDAY) {
		*bits |= *bits >> 7 & 1;
		*bits &= 0x7f;
	}
	return NULL;
}

static int read_fields(struct crontab *out, const char *text, struct error *err)
{
	AUTO(mem_auto) char *copy = mem_copy(text);
	char *rest = copy, *field;
	bool restricted[CRONTAB_PARTS] = {false};
	int part = 0;
	while ((field = strsep(&rest, " \t"))) {
		if (!*field)
			continue;
		if (part == CRONTAB_PARTS)
			return refuse(text, field, CRONTAB_WEEKDAY, "is followed by more than five fields have", err);
		const char *wrong = read_field(&out->at[part], field, part);
		if (wrong)
			return refuse(text, field, part, wrong, err);
		restricted[part++] = *field != '*';
	}
	if (part < CRONTAB_PARTS)
		return refuse(text, "", part, "is missing", err);
	out->either = restricted[CRONTAB_DAY] && restricted[CRONTAB_WEEKDAY];
	out->fixed = restricted[CRONTAB_MINUTE] && restricted[CRONTAB_HOUR];
	return 0;
}

int crontab_parse(struct crontab *out, const char *text, struct error *err)
{
	struct crontab crontab = {.either = false};
	int rc = read_fields(&crontab, text, err);
	if (rc)
		return rc;
	if (crontab_next(&crontab, 0) == 0) {
		error_set(err, ERROR_USAGE, "\"%s\" never comes: no such month has that day", text);
		return error_hint(err, "write a day that there is, as in `--at '17 3 1 * *'`");
	}
	*out = crontab;
	return 0;
}

/* ---- when ---- */

static bool has(const struct crontab *crontab, int part, int value)
{
	return crontab->at[part] >> value & 1;
}

static bool day_due(const struct crontab *crontab, const struct tm *day)
{
	bool number = has(crontab, CRONTAB_DAY, day->tm_mday), name = has(crontab, CRONTAB_WEEKDAY, day->tm_wday);
	return has(crontab, CRONTAB_MONTH, day->tm_mon + 1) && (crontab->either ? number || name : number && name);
}

/* Whether one of these minutes of the day is due, the first left out. */
static bool minutes_due(const struct crontab *crontab, int first, int last)
{
	for (int minute = first + 1; minute <= last; minute++)
		if (has(crontab, CRONTAB_HOUR, minute / 60) && has(crontab, CRONTAB_MINUTE, minute % 60))
			return true;
	return false;
}

/* The first of a day that is after `after`; 0: none. Minute by minute, for the clock may jump: what it skips of a
 * certain time is due after the jump, and what it shows again is not due again. */
static time_t in_day(const struct crontab *crontab, time_t noon, int day, time_t after)
{
	int shown = -1;
	struct tm at;
	for (time_t when = noon - HALF_DAY - 2 * 60 * MINUTE; localtime_r(&when, &at); when += MINUTE) {
		int minute = at.tm_hour * 60 + at.tm_min;
		if (at.tm_mday != day && when > noon)
			return 0;
		if (at.tm_mday != day)
			continue;
		if (minutes_due(crontab, crontab->fixed ? shown : minute - 1, minute) && when > after)
			return when;
		shown = minute > shown ? minute : shown;
	}
	return 0;
}

time_t crontab_next(const struct crontab *crontab, time_t after)
{
	struct tm day;
	localtime_r(&after, &day);
	for (int i = 0; i < MOST_DAYS; i++) {
		/* Noon, which no change of the clock moves to another day. */
		struct tm noon = {.tm_year = day.tm_year, .tm_mon = day.tm_mon, .tm_mday = day.tm_mday + i,
			.tm_hour = 12, .tm_isdst = -1};
		time_t at = mktime(&noon);
		time_t when = day_due(crontab, &noon) ? in_day(crontab, at, noon.tm_mday, after) : 0;
		if (when)
			return when;
	}
	return 0;
}

static time_t next_due(const struct crontab *crontab, time_t after)
{
	return crontab ? crontab_next(crontab, after) : after + DAY;
}

uint64_t crontab_missed(const struct crontab *crontab, time_t last, time_t now)
{
	uint64_t missed = 0;
	if (!last)
		return 0;
	for (time_t due = next_due(crontab, last); due && due < now && missed < MOST_MISSED;) {
		time_t after = next_due(crontab, due);
		if (!after || now - due <= (after - due) / 2)
			break;
		missed++;
		due = after;
	}
	return missed;
}

/* ---- for systemd ---- */

static void add_numbers(struct text *out, const struct crontab *crontab, int part)
{
	uint64_t bits = crontab->at[part], all = 0;
	for (int i = fields[part].least; i <= fields[part].most; i++)
		all |= (uint64_t)1 << i;
	if (bits == all) {
		text_add(out, "*");
		return;
	}
	const char *comma = "";
	for (int i = fields[part].least; i <= fields[part].most; i++) {
		if (bits >> i & 1) {
			text_addf(out, "%s%02d", comma, i);
			comma = ",";
		}
	}
}

static void add_weekdays(struct text *out, uint64_t bits)
{
	static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	const char *comma = "";
	if (bits == 0x7f)
		return;
	for (int i = 0; i < 7; i++) {
		if (bits >> i & 1) {
			text_addf(out, "%s%s", comma, names[i]);
			comma = ",";
		}
	}
	text_add(out, " ");
}

char *crontab_calendar(const struct crontab *crontab)
{
	struct text out = TEXT_INIT;
	if (crontab->either)
		return NULL;
	add_weekdays(&out, crontab->at[CRONTAB_WEEKDAY]);
	text_add(&out, "*-");
	add_numbers(&out, crontab, CRONTAB_MONTH);
	text_add(&out, "-");
	add_numbers(&out, crontab, CRONTAB_DAY);
	text_add(&out, " ");
	add_numbers(&out, crontab, CRONTAB_HOUR);
	text_add(&out, ":");
	add_numbers(&out, crontab, CRONTAB_MINUTE);
	return text_take(&out);
}
