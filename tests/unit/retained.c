#include "retained.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static char ids[RETAINED_MOST][8];

void retained_clear(struct retained *retained)
{
	for (size_t i = 0; i < retained->count; i++)
		retention_verdict_clear(&retained->verdicts[i]);
	list_clear(&retained->in_use);
}

time_t retained_time(const char *text)
{
	time_t time;
	AUTO(mem_auto) char *full = strlen(text) > 10 ? mem_copy(text) : mem_format("%sT12:00:00Z", text);
	ck_assert_msg(text_time_parse(full, &time), "%s", full);
	return time;
}

static void add(struct retained *retained, const char *time)
{
	size_t i = retained->count++;
	ck_assert_uint_lt(i, RETAINED_MOST);
	snprintf(ids[i], sizeof ids[i], "s%zu", i);
	retained->snapshots[i] = (struct retention_snapshot){.id = ids[i], .database = "anchore", .version = "0.0.6",
		.time = retained_time(time), .counts = true};
}

struct retained retained_begin(const char *const *times)
{
	struct retained retained = {.now = retained_time("2030-01-01")};
	for (; times && *times; times++)
		add(&retained, *times);
	return retained;
}

void retained_decide(struct retained *retained)
{
	retention_decide(retained->verdicts, retained->snapshots, retained->count, &retained->rules, &retained->in_use,
		retained->now);
	for (size_t i = 0; i < retained->count; i++)
		ck_assert_uint_gt(retained->verdicts[i].reasons.count, 0);
}

void retained_assert(const struct retained *retained, const char *expected)
{
	char seen[RETAINED_MOST + 1] = "";
	for (size_t i = 0; i < retained->count; i++)
		seen[i] = retained->verdicts[i].keep ? 'k' : 'd';
	ck_assert_str_eq(seen, expected);
}

void retained_assert_reasons(const struct retained *retained, size_t i, const char *expected)
{
	AUTO(mem_auto) char *joined = list_join(&retained->verdicts[i].reasons, "; ");
	ck_assert_str_eq(joined, expected);
}
