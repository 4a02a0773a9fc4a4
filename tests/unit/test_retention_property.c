/* Retention from random histories: backups, upgrades and downgrades, proofs, damage, pins, missed days, wrong clocks,
 * under random rules, pruned again and again. After each prune the promises of model/retention.h must hold. They are
 * checked by counting, not by the code under test. The seed stands in every failure; ANCHORE_TEST_SEED repeats it,
 * ANCHORE_TEST_HISTORIES says how many. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "model/retention.h"
#include "unit.h"

enum { MOST = 256, VERSIONS = 4, DAY = 86400 };

struct snap {
	int id, version, database;
	time_t time;
	bool damaged, foreign, pinned, verified, proven, needed;
};
struct history {
	uint64_t seed, state;
	struct snap snaps[MOST]; /* newest first */
	size_t count;
	int ids, version, came_from, release;
	time_t now;
	struct retention_rules rules;
};
struct judgement {
	struct retention_snapshot given[MOST];
	struct retention_verdict verdicts[MOST];
	struct list in_use;
	size_t count;
};

static const char *const version_names[VERSIONS] = {"0.0.6", "0.0.7", "0.0.8", "0.0.9"};
static const char *const database_names[] = {"anchore", "anchore", "anchore", "other"};

/* splitmix64: the same numbers everywhere. */
static uint64_t draw(struct history *history, uint64_t below)
{
	uint64_t z = history->state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

static bool chance(struct history *history, unsigned percent)
{
	return draw(history, 100) < percent;
}

#define promise(history, truth, ...) \
	do { \
		if (!(truth)) { \
			AUTO(mem_auto) char *promised = mem_format(__VA_ARGS__); \
			ck_abort_msg("%s (ANCHORE_TEST_SEED=%" PRIu64 ")", promised, (history)->seed); \
		} \
	} while (0)

/* ---- a history ---- */

static void draw_rules(struct history *history)
{
	struct retention_rules *rules = &history->rules;
	*rules = (struct retention_rules){.last = chance(history, 40) ? (long long)draw(history, 6) : 0};
	for (int i = 0; i < RETENTION_PERIODS; i++)
		rules->periods[i] = chance(history, 35) ? (long long)draw(history, 6) : 0;
	rules->within = chance(history, 25) ? (long long)(1 + draw(history, 20 * DAY)) : 0;
}

static struct snap *newest_with_version(struct history *history, int version)
{
	for (size_t i = 0; i < history->count; i++) {
		struct snap *snap = &history->snaps[i];
		if (!snap->damaged && !snap->foreign && snap->database == 0 && snap->version == version)
			return snap;
	}
	return NULL;
}

static void back_up(struct history *history)
{
	if (history->count == MOST)
		return;
	memmove(history->snaps + 1, history->snaps, history->count++ * sizeof *history->snaps);
	history->snaps[0] = (struct snap){
		.id = history->ids++,
		.version = history->version,
		.database = (int)draw(history, 4),
		.time = history->now + (chance(history, 2) ? (time_t)draw(history, 90 * DAY) : 0),
		.verified = chance(history, 30),
		.foreign = chance(history, 5),
	};
	if (chance(history, 5))
		history->snaps[0].time -= (time_t)draw(history, 40 * DAY);
	if (history->snaps[0].database < 3)
		history->snaps[0].database = 0;
}

/* By the guard: the newest snapshot of the version that is left is what the change depends on. */
static void change_version(struct history *history)
{
	int to = (int)draw(history, VERSIONS);
	struct snap *back = newest_with_version(history, history->version);
	if (!back || to == history->version)
		return;
	if (to > history->version) {
		back->needed = true;
		history->came_from = history->version;
	}
	history->version = to;
	if (chance(history, 80))
		history->release = to;
}

static void live_on(struct history *history)
{
	struct snap *some = history->count ? &history->snaps[draw(history, history->count)] : NULL;
	switch (draw(history, 12)) {
	case 0: history->now += (time_t)draw(history, 60 * DAY); break;
	case 1: change_version(history); break;
	case 2:
		if (some && !some->damaged)
			some->proven = some->verified = true;
		break;
	case 3:
		if (some && chance(history, 50))
			some->damaged = true;
		break;
	case 4:
		if (some)
			some->pinned = !some->pinned && chance(history, 50);
		break;
	default:
		history->now += (time_t)(chance(history, 50) ? DAY : draw(history, 8 * 3600));
		back_up(history);
	}
}

/* ---- the judgement ---- */

static void judge(struct judgement *out, const struct history *history)
{
	static char ids[MOST * 8][8];
	*out = (struct judgement){.count = history->count};
	list_add(&out->in_use, version_names[history->version]);
	list_add_once(&out->in_use, version_names[history->release]);
	list_add_once(&out->in_use, version_names[history->came_from]);
	for (size_t i = 0; i < history->count; i++) {
		const struct snap *snap = &history->snaps[i];
		char *id = ids[snap->id % (MOST * 8)];
		snprintf(id, sizeof ids[0], "%d", snap->id);
		out->given[i] = (struct retention_snapshot){.id = id, .database = database_names[snap->database],
			.version = version_names[snap->version], .time = snap->time,
			.counts = !snap->damaged && !snap->foreign, .alone = "left alone", .pinned = snap->pinned,
			.verified = snap->verified, .proven = snap->proven,
			.needed = snap->needed ? "upgrade of some day" : NULL};
	}
	retention_decide(out->verdicts, out->given, out->count, &history->rules, &out->in_use, history->now);
}

static void judgement_clear(struct judgement *judgement)
{
	for (size_t i = 0; i < judgement->count; i++)
		retention_verdict_clear(&judgement->verdicts[i]);
	list_clear(&judgement->in_use);
}

static bool counts(const struct history *history, const struct snap *snap)
{
	return !snap->damaged && !snap->foreign && snap->time <= history->now;
}

/* a is of the same database and newer; of one second the first is. */
static bool newer(const struct snap *a, const struct snap *b)
{
	return a->database == b->database && (a->time > b->time || (a->time == b->time && a < b));
}

static time_t monday(time_t day)
{
	return (day + 3) - (day + 3) % 7;
}

/* Number of the period; of its own arithmetic, not by strftime(). */
static time_t period_of(time_t when, int period)
{
	time_t days = when / DAY, year = 1970, month = 1;
	if (period == RETENTION_HOURLY)
		return when / 3600;
	if (period == RETENTION_DAILY)
		return days;
	if (period == RETENTION_WEEKLY)
		return monday(days) / 7;
	for (;; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		time_t length = leap ? 366 : 365;
		if (days >= length) {
			days -= length;
			continue;
		}
		const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
		for (; days >= lengths[month - 1]; month++)
			days -= lengths[month - 1];
		return period == RETENTION_YEARLY ? year : year * 12 + month;
	}
}

/* How many later periods of the database have a snapshot, and whether its own has a later one. */
static long long periods_after(const struct history *history, const struct snap *snap, int period, bool *last)
{
	long long after = 0;
	time_t own = period_of(snap->time, period);
	*last = true;
	for (const struct snap *other = history->snaps; other < history->snaps + history->count; other++) {
		if (!counts(history, other) || !newer(other, snap))
			continue;
		bool its_last = true;
		for (const struct snap *third = history->snaps; third < history->snaps + history->count; third++)
			if (counts(history, third) && newer(third, other) &&
				period_of(third->time, period) == period_of(other->time, period))
				its_last = false;
		if (period_of(other->time, period) == own)
			*last = false;
		else
			after += its_last;
	}
	return after;
}

static bool a_rule_keeps(const struct history *history, const struct snap *snap)
{
	long long later = 0;
	time_t newest = snap->time;
	for (const struct snap *other = history->snaps; other < history->snaps + history->count; other++) {
		if (!counts(history, other) || !newer(other, snap))
			continue;
		later++;
		newest = other->time > newest ? other->time : newest;
	}
	if (later < history->rules.last || (history->rules.within && newest - snap->time <= history->rules.within))
		return true;
	for (int i = 0; i < RETENTION_PERIODS; i++) {
		bool last = true;
		if (history->rules.periods[i] &&
			periods_after(history, snap, i, &last) < history->rules.periods[i] && last)
			return true;
	}
	return false;
}

/* ---- the promises ---- */

static void check_each(const struct history *history, const struct judgement *judgement)
{
	for (size_t i = 0; i < history->count; i++) {
		const struct snap *snap = &history->snaps[i];
		bool kept = judgement->verdicts[i].keep, rules = retention_rules_any(&history->rules);
		promise(history, judgement->verdicts[i].reasons.count, "snapshot %d has no reason", snap->id);
		if (!counts(history, snap))
			promise(history, kept, "snapshot %d, which does not count, was dropped", snap->id);
		else if (!rules || snap->pinned || snap->needed || a_rule_keeps(history, snap))
			promise(history, kept, "snapshot %d was dropped: %s%s%s", snap->id, rules ? "" : "no rule ",
				snap->pinned ? "pinned " : "", snap->needed ? "needed" : "");
	}
}

/* Something leads back: the newest one, and the newest proven one if there is a proven one. */
static void check_version(const struct history *history, const struct judgement *judgement, int database,
	const char *version)
{
	long newest = -1, proven = -1;
	for (size_t i = 0; i < history->count; i++) {
		const struct snap *snap = &history->snaps[i];
		if (!counts(history, snap) || snap->database != database ||
			strcmp(version_names[snap->version], version) != 0)
			continue;
		if (newest < 0 || newer(snap, &history->snaps[newest]))
			newest = (long)i;
		if (snap->proven && (proven < 0 || newer(snap, &history->snaps[proven])))
			proven = (long)i;
	}
	promise(history, newest < 0 || judgement->verdicts[newest].keep, "no way back to version %s", version);
	promise(history, proven < 0 || judgement->verdicts[proven].keep, "no proven way back to %s", version);
}

/* Nothing is kept but for a reason that stands. */
static void check_dropped(const struct history *history, const struct judgement *judgement)
{
	for (size_t i = 0; i < history->count; i++) {
		const struct snap *snap = &history->snaps[i];
		const struct retention_verdict *verdict = &judgement->verdicts[i];
		bool named = false;
		if (!counts(history, snap) || !verdict->keep || !retention_rules_any(&history->rules))
			continue;
		for (size_t j = 0; j < verdict->reasons.count; j++)
			named = named || text_starts(verdict->reasons.items[j], "the newest");
		promise(history, named || snap->pinned || snap->needed || a_rule_keeps(history, snap),
			"snapshot %d was kept without a reason that stands: %s", snap->id, verdict->reasons.items[0]);
	}
}

static void prune(struct history *history, const struct judgement *judgement)
{
	size_t left = 0;
	for (size_t i = 0; i < history->count; i++)
		if (judgement->verdicts[i].keep)
			history->snaps[left++] = history->snaps[i];
	history->count = left;
}

static void check_prune(struct history *history)
{
	struct judgement first, second;
	judge(&first, history);
	check_each(history, &first);
	check_dropped(history, &first);
	for (size_t i = 0; i < first.in_use.count; i++) {
		check_version(history, &first, 0, first.in_use.items[i]);
		check_version(history, &first, 3, first.in_use.items[i]);
	}
	prune(history, &first);
	judge(&second, history);
	for (size_t i = 0; i < history->count; i++)
		promise(history, second.verdicts[i].keep, "a second prune right away dropped snapshot %d",
			history->snaps[i].id);
	judgement_clear(&first);
	judgement_clear(&second);
}

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *value = getenv(name);
	return value ? strtoull(value, NULL, 10) : otherwise;
}

static void live(uint64_t seed)
{
	struct history history = {.seed = seed, .state = seed, .now = 1700000000};
	int steps = 20 + (int)draw(&history, 180);
	draw_rules(&history);
	for (int i = 0; i < steps; i++) {
		live_on(&history);
		if (chance(&history, 3))
			draw_rules(&history);
		if (chance(&history, 10))
			check_prune(&history);
	}
	check_prune(&history);
}

START_TEST(what_is_promised_holds_after_every_prune)
{
	unsigned long long seed = number("ANCHORE_TEST_SEED", 0);
	if (seed) {
		live(seed);
		return;
	}
	struct history any = {.state = (uint64_t)time(NULL)};
	for (unsigned long long left = number("ANCHORE_TEST_HISTORIES", 400); left > 0; left--)
		live(1 + draw(&any, UINT64_MAX));
}
END_TEST

Suite *retention_property_suite(void)
{
	const TTest *const tests[] = {what_is_promised_holds_after_every_prune, NULL};
	return unit_suite("retention_property", tests);
}
