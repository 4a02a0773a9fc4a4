#include "model/doctor.h"

#include <string.h>

#include "base/mem.h"

void findings_add(struct findings *findings, const char *check, enum finding_level level, char *sentence, char *remedy)
{
	findings->items = mem_resize(findings->items, (findings->count + 1) * sizeof *findings->items);
	findings->items[findings->count++] = (struct finding){check, level, sentence, remedy};
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		mem_free(findings->items[i].sentence);
		mem_free(findings->items[i].remedy);
	}
	mem_free(findings->items);
	*findings = (struct findings){NULL, 0};
}

size_t findings_count(const struct findings *findings, enum finding_level level)
{
	size_t count = 0;
	for (size_t i = 0; i < findings->count; i++)
		count += findings->items[i].level == level;
	return count;
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {[FINDING_OK] = "ok", [FINDING_NOTE] = "note",
		[FINDING_PROBLEM] = "problem"};
	return names[level];
}

static void add_list(struct text *text, const struct findings *findings, enum finding_level level, const char *title)
{
	size_t number = 0;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		if (finding->level != level || !finding->remedy)
			continue;
		if (!number++)
			text_addf(text, "\n%s\n", title);
		text_addf(text, "  %zu  %s: %s\n", number, finding->check, finding->remedy);
	}
}

char *findings_text(const struct findings *findings)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		text_addf(&text, "%-8s %-11s %s\n", finding_level_name(finding->level), finding->check,
			finding->sentence);
	}
	add_list(&text, findings, FINDING_PROBLEM, "what to fix, in this order");
	add_list(&text, findings, FINDING_NOTE, "what may be done");
	return text_take(&text);
}

/* ---- clocks ---- */

static void database_clock(struct findings *out, const struct doctor_clocks *clocks)
{
	double off = clocks->database < 0 ? -clocks->database : clocks->database;
	AUTO(mem_auto) char *words = text_duration(off);
	const char *side = clocks->database < 0 ? "behind" : "ahead of";
	if (off > DOCTOR_CLOCK_OFF)
		findings_add(out, "clock", FINDING_PROBLEM,
			mem_format("the database server's clock is %s %s this machine's", words, side),
			mem_copy("set the wrong one by the network's time with `timedatectl set-ntp true`; "
				"`timedatectl` shows it"));
	else
		findings_add(out, "clock", FINDING_OK, mem_copy("this machine and the database server agree"), NULL);
}

void doctor_clocks(struct findings *out, const struct doctor_clocks *clocks)
{
	if (clocks->database_known)
		database_clock(out, clocks);
	if (clocks->newest <= clocks->now + DOCTOR_CLOCK_OFF)
		return;
	AUTO(mem_auto) char *ahead = text_duration((double)(clocks->newest - clocks->now));
	findings_add(out, "clock", FINDING_PROBLEM,
		mem_format("%s is from %s in the future, so this machine's clock is wrong now or was then",
			clocks->newest_what, ahead),
		mem_copy("look at the clock with `timedatectl`, set it with `timedatectl set-ntp true`; what is newest "
			"counts by these times"));
}

/* ---- the scheduled job ---- */

static void judge_failing(struct findings *out, const struct attempt *attempt)
{
	AUTO(mem_auto) char *when = text_time(attempt->success ? attempt->success : attempt->failing_since);
	findings_add(out, "schedule", FINDING_PROBLEM,
		mem_format("the scheduled job fails, %s %s: %s", attempt->success ? "it last succeeded" :
			"as it has since", when, attempt->message ? attempt->message : "it was killed"),
		mem_copy(attempt->hint ? attempt->hint : "see why with `anchore-admin cron run`"));
}

static void judge_missed(struct findings *out, const char *files, const struct doctor_schedule *schedule)
{
	const struct attempt *attempt = &schedule->attempt;
	AUTO(mem_auto) char *times = text_plural(schedule->missed, "time"), *last = text_time(attempt->last);
	findings_add(out, "schedule", FINDING_PROBLEM, attempt->last ?
		mem_format("the scheduled job in %s was due %s since it last ran, %s", files, times, last) :
		mem_format("the scheduled job in %s was due %s since it was installed, and has never run", files,
			times),
		mem_copy(schedule->remedy));
}

static void judge_job(struct findings *out, const char *files, const struct doctor_schedule *schedule)
{
	const struct attempt *attempt = &schedule->attempt;
	time_t success = attempt->success;
	AUTO(mem_auto) char *age = text_duration(schedule->now > success ? (double)(schedule->now - success) : 0);
	if (schedule->unit)
		findings_add(out, "schedule", FINDING_PROBLEM,
			mem_format("the timer %s is not enabled, so that it does not start the job", schedule->unit),
			mem_format("`systemctl enable --now %s`", schedule->unit));
	if (attempt->failing_since)
		judge_failing(out, attempt);
	else if (schedule->missed)
		judge_missed(out, files, schedule);
	else if (!attempt->last && !schedule->killed)
		findings_add(out, "schedule", FINDING_NOTE,
			mem_format("the scheduled job in %s has not run yet", files),
			mem_copy("try it now with `anchore-admin cron run`"));
	else if (!schedule->killed)
		findings_add(out, "schedule", FINDING_OK, mem_format("the scheduled job in %s succeeded %s ago%s",
			files, age, attempt->unchanged ? ", with nothing changed" : ""), NULL);
}

static void judge_killed(struct findings *out, const struct attempt *attempt)
{
	AUTO(mem_auto) char *begun = text_time(attempt->begun);
	findings_add(out, "schedule", FINDING_PROBLEM,
		mem_format("the scheduled job that began at %s was ended before it was done", begun),
		mem_copy("see why with `journalctl -k`, which tells if memory ran out, then try `anchore-admin cron "
			"run`"));
}

void doctor_schedule(struct findings *out, const struct doctor_schedule *schedule)
{
	const struct attempt *attempt = &schedule->attempt;
	AUTO(mem_auto) char *files = list_join(&schedule->where, ", ");
	if (schedule->killed)
		judge_killed(out, attempt);
	if (schedule->where.count)
		judge_job(out, files, schedule);
	else if (attempt->failing_since)
		judge_failing(out, attempt);
	else if (attempt->success && !schedule->missed)
		/* Something runs it, from where it cannot be seen: a container, another machine. */
		findings_add(out, "schedule", FINDING_OK, mem_copy("the scheduled job runs, though nothing on this "
			"machine starts it"), NULL);
	else
		findings_add(out, "schedule", FINDING_NOTE,
			mem_copy("no scheduled job is installed, so that nothing takes snapshots by itself"),
			mem_copy("install one with `anchore-admin cron install`"));
}
