#include "model/retention.h"

#include <string.h>

#include "base/mem.h"

/* Periods by what they are called: two snapshots are of the same one if strftime() says the same. */
static const struct {
	const char *name;   /* of one */
	const char *plural;
	const char *format; /* in UTC; ISO 8601's year belongs to its week */
} periods[RETENTION_PERIODS] = {
	[RETENTION_HOURLY] = {"hour ", "hours", "%Y-%m-%d %H:00"},
	[RETENTION_DAILY] = {"", "days", "%Y-%m-%d"},
	[RETENTION_WEEKLY] = {"week ", "weeks", "%G-W%V"},
	[RETENTION_MONTHLY] = {"month ", "months", "%Y-%m"},
	[RETENTION_YEARLY] = {"year ", "years", "%Y"},
};
enum { LABEL_SIZE = 48 };

/* The snapshots of one database that count, newest first. */
struct group {
	const struct retention_snapshot *snapshots;
	struct retention_verdict *verdicts;
	struct list *against; /* for each snapshot: why the rules so far did not keep it */
	size_t *order;        /* indexes of all three */
	size_t count;
};

static const struct retention_snapshot *at(const struct group *group, size_t i)
{
	return &group->snapshots[group->order[i]];
}

/* Takes ownership of reason. */
static void keep(const struct group *group, size_t i, char *reason)
{
	struct retention_verdict *verdict = &group->verdicts[group->order[i]];
	verdict->keep = true;
	list_add_once(&verdict->reasons, reason);
	mem_free(reason);
}

static void let_go(const struct group *group, size_t i, char *reason)
{
	list_give(&group->against[group->order[i]], reason);
}

bool retention_rules_any(const struct retention_rules *rules)
{
	bool any = rules->last > 0 || rules->within > 0;
	for (int i = 0; i < RETENTION_PERIODS; i++)
		any = any || rules->periods[i] > 0;
	return any;
}

void retention_verdict_clear(struct retention_verdict *verdict)
{
	list_clear(&verdict->reasons);
	*verdict = (struct retention_verdict){.keep = true};
}

/* ---- what stays whatever the rules say ---- */

/* The newest one of the version that has its schema; -1: none has, as where somebody altered it for good. */
static long newest_right(const struct group *group, const char *version)
{
	for (size_t i = 0; i < group->count; i++)
		if (text_same(at(group, i)->version, version) && !at(group, i)->odd)
			return (long)i;
	return -1;
}

static void keep_versions(const struct group *group, const char *version)
{
	long newest = -1, verified = -1, proven = -1, right = newest_right(group, version);
	for (size_t i = group->count; i-- > 0;) {
		if (!text_same(at(group, i)->version, version))
			continue;
		newest = (long)i;
		if (right >= 0 && at(group, i)->odd)
			continue;
		if (at(group, i)->verified)
			verified = (long)i;
		if (at(group, i)->proven)
			proven = (long)i;
	}
	if (newest < 0)
		return;
	keep(group, (size_t)newest, mem_format("the newest one of version %s", version));
	if (right >= 0 && right != newest)
		keep(group, (size_t)right, mem_format("the newest one with the schema of version %s", version));
	if (proven >= 0)
		keep(group, (size_t)proven, mem_format("the newest proven one of version %s", version));
	else if (verified >= 0)
		keep(group, (size_t)verified,
			mem_format("the newest verified one of version %s, of which none is proven", version));
}

static void keep_always(const struct group *group, const struct list *in_use)
{
	for (size_t i = 0; i < group->count; i++) {
		if (at(group, i)->pinned)
			keep(group, i, mem_copy("pinned"));
		if (at(group, i)->needed)
			keep(group, i, mem_format("%s depends on it", at(group, i)->needed));
	}
	keep(group, 0, mem_copy("the newest one"));
	keep_versions(group, at(group, 0)->version);
	for (size_t i = 0; i < in_use->count; i++)
		keep_versions(group, in_use->items[i]);
}

/* ---- what a rule keeps ---- */

static void label_of(char label[LABEL_SIZE], enum retention_period period, time_t when)
{
	struct tm parts;
	if (!gmtime_r(&when, &parts) || !strftime(label, LABEL_SIZE, periods[period].format, &parts))
		memcpy(label, "?", sizeof "?");
}

static void keep_last(const struct group *group, long long last)
{
	for (size_t i = 0; last > 0 && i < group->count; i++) {
		if ((long long)i >= last)
			let_go(group, i, mem_format("not among the last %lld", last));
		else
			keep(group, i, last == 1 ? mem_copy("the last one") : mem_format("one of the last %lld", last));
	}
}

static void keep_periods(const struct group *group, enum retention_period period, long long most)
{
	const char *name = periods[period].name;
	char before[LABEL_SIZE] = "", label[LABEL_SIZE] = "";
	long long seen = 0;
	for (size_t i = 0; most > 0 && i < group->count; i++) {
		label_of(label, period, at(group, i)->time);
		bool last = strcmp(label, before) != 0;
		seen += last;
		if (seen > most)
			let_go(group, i, mem_format("before the last %lld %s", most, periods[period].plural));
		else if (last)
			keep(group, i, mem_format("the last of %s%s", name, label));
		else
			let_go(group, i, mem_format("%s%s has a later one", name, label));
		memcpy(before, label, sizeof before);
	}
}

static char *span(long long seconds)
{
	static const struct {
		long long seconds;
		const char *noun;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t i = 0;
	while (seconds % units[i].seconds)
		i++;
	return text_plural((uint64_t)(seconds / units[i].seconds), units[i].noun);
}

static void keep_within(const struct group *group, long long within)
{
	AUTO(mem_auto) char *words = span(within);
	for (size_t i = 0; within > 0 && i < group->count; i++) {
		if (at(group, 0)->time - at(group, i)->time <= within)
			keep(group, i, mem_format("within %s of the newest", words));
		else
			let_go(group, i, mem_format("more than %s older than the newest", words));
	}
}

static void judge_group(const struct group *group, const struct retention_rules *rules, const struct list *in_use)
{
	keep_always(group, in_use);
	keep_last(group, rules->last);
	for (int i = 0; i < RETENTION_PERIODS; i++)
		keep_periods(group, (enum retention_period)i, rules->periods[i]);
	keep_within(group, rules->within);
	for (size_t i = 0; !retention_rules_any(rules) && i < group->count; i++)
		keep(group, i, mem_copy("no rule is set"));
}

/* ---- all ---- */

/* Newest first, in the given order where times are the same; the given order is nearly that already. */
static void gather(struct group *group, const char *database, size_t all, const bool *counts)
{
	group->count = 0;
	for (size_t i = 0; i < all; i++) {
		const struct retention_snapshot *one = &group->snapshots[i];
		if (!counts[i] || !text_same(one->database, database))
			continue;
		size_t to = group->count++;
		for (; to > 0 && at(group, to - 1)->time < one->time; to--)
			group->order[to] = group->order[to - 1];
		group->order[to] = i;
	}
}

/* A snapshot under a second name takes nobody's place and shares the fate of the first, which gets what is known of the
 * second. */
static size_t first_name(const struct retention_snapshot *snapshots, size_t i, const bool *counts)
{
	for (size_t j = 0; j < i; j++)
		if (counts[j] && snapshots[i].id && text_same(snapshots[j].id, snapshots[i].id))
			return j;
	return i;
}

static void leave_alone(struct retention_verdict *verdict, const struct retention_snapshot *snapshot)
{
	verdict->keep = true;
	list_add(&verdict->reasons, snapshot->counts
		? "its time is yet to come: look at the clock, then remove it by hand" : snapshot->alone);
}

static void share(struct retention_verdict *verdict, const struct retention_verdict *first, bool pinned)
{
	verdict->keep = first->keep || pinned;
	if (pinned)
		list_add(&verdict->reasons, "pinned");
	else
		list_add_all(&verdict->reasons, &first->reasons);
	list_add(&verdict->reasons, "a second file of the same snapshot");
}

static void judge_all(struct group *group, size_t all, bool *counts, const struct retention_rules *rules,
	const struct list *in_use)
{
	for (size_t i = 0; i < all; i++) {
		if (!counts[i])
			continue;
		const char *database = group->snapshots[i].database;
		gather(group, database, all, counts);
		judge_group(group, rules, in_use);
		for (size_t j = 0; j < group->count; j++)
			counts[group->order[j]] = false; /* judged */
	}
}

void retention_decide(struct retention_verdict *verdicts, const struct retention_snapshot *snapshots, size_t count,
	const struct retention_rules *rules, const struct list *in_use, time_t now)
{
	AUTO(mem_auto) size_t *order = mem_array(count, sizeof *order), *first = mem_array(count, sizeof *first);
	AUTO(mem_auto) bool *counts = mem_array(count, sizeof *counts);
	AUTO(mem_auto) struct list *against = mem_array(count, sizeof *against);
	AUTO(mem_auto) struct retention_snapshot *joined = mem_array(count, sizeof *joined);
	struct group group = {joined, verdicts, against, order, 0};
	for (size_t i = 0; i < count; i++) {
		bool judged = snapshots[i].counts && snapshots[i].time <= now;
		verdicts[i] = (struct retention_verdict){.keep = false};
		joined[i] = snapshots[i];
		if (!judged)
			leave_alone(&verdicts[i], &snapshots[i]);
		first[i] = judged ? first_name(snapshots, i, counts) : i;
		counts[i] = judged && first[i] == i;
		joined[first[i]].verified |= snapshots[i].verified;
		joined[first[i]].proven |= snapshots[i].proven;
	}
	judge_all(&group, count, counts, rules, in_use);
	for (size_t i = 0; i < count; i++) {
		if (first[i] != i)
			share(&verdicts[i], &verdicts[first[i]], snapshots[i].pinned);
		else if (!verdicts[i].keep)
			list_add_all(&verdicts[i].reasons, &against[i]);
		list_clear(&against[i]);
	}
}

void retention_decide_aside(struct retention_verdict *verdict, const struct retention_aside *aside, long long keep_for,
	time_t now)
{
	*verdict = (struct retention_verdict){.keep = true};
	AUTO(mem_auto) char *words = span(keep_for > 0 ? keep_for : 1);
	if (keep_for <= 0) {
		list_add(&verdict->reasons, "keep_databases is not set");
	} else if (now - aside->since <= keep_for) {
		list_addf(&verdict->reasons, "not older than %s", words);
	} else if (aside->newest && aside->last_snapshot <= aside->since) {
		list_add(&verdict->reasons, "no snapshot was taken since, and it is the way back of the last restore");
	} else {
		verdict->keep = false;
		list_addf(&verdict->reasons, "older than %s", words);
	}
}
