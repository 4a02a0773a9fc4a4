/* doctor: what is wrong with the deployment, and what to type. */
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "work/doctor.h"

static json_t *findings_json(const struct findings *findings)
{
	json_t *object = json_object(), *checks = json_array();
	AUTO(mem_auto) char *now = text_time(clock_now());
	size_t problems = findings_count(findings, FINDING_PROBLEM);
	json_put(object, "at", now);
	json_put_flag(object, "healthy", !problems);
	json_put_number(object, "problems", (int64_t)problems);
	json_put_number(object, "notes", (int64_t)findings_count(findings, FINDING_NOTE));
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		json_t *check = json_object();
		json_put(check, "check", finding->check);
		json_put(check, "level", finding_level_name(finding->level));
		json_put(check, "sentence", finding->sentence);
		json_put(check, "remedy", finding->remedy);
		json_array_append_new(checks, check);
	}
	json_put_value(object, "checks", checks);
	return object;
}

/* Whoever watches this asks for the status alone. */
static int judge(const struct findings *findings, struct error *err)
{
	size_t count = findings_count(findings, FINDING_PROBLEM);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		if (finding->level != FINDING_PROBLEM)
			continue;
		AUTO(mem_auto) char *problems = text_plural(count, "problem");
		error_set(err, ERROR_FAILED, "%s, the first: %s: %s", problems, finding->check, finding->sentence);
		return error_hint(err, "%s", finding->remedy ? finding->remedy : "see the list");
	}
	return 0;
}

int command_doctor(struct run *run, struct error *err)
{
	AUTO(findings_clear) struct findings findings = {NULL, 0};
	AUTO(mem_auto) char *directory = getcwd(NULL, 0);
	int rc = doctor_run(&findings, run, directory ? directory : "/", err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *text = findings_text(&findings);
	AUTO(json_auto) json_t *answer = findings_json(&findings);
	run_print(run, "%s", text);
	run_answer(run, answer);
	return judge(&findings, err);
}
