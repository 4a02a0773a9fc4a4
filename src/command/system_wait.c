/* system wait: returns when all is as it should be, or says what is not when the time is over. */
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "work/system.h"

static const double AGAIN = 1; /* seconds between two looks */

/* What is missing now; what comes and goes while services start, such as the database, is missing like the rest. */
static int look(struct list *missing, struct run *run, const struct migrations *migrations, struct error *err)
{
	AUTO(system_clear) struct system system = {.runtime = NULL};
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = system_look(&system, run, migrations, false, &why);
	if (rc == ERROR_UNREACHABLE || rc == ERROR_LOCKED)
		list_add(missing, why.message);
	else if (rc)
		return error_move(err, &why);
	else
		system_missing(missing, &system);
	return 0;
}

/* Says it once, and again when it is something else. */
static void tell(char **told, const struct list *missing)
{
	AUTO(mem_auto) char *all = list_join(missing, "; ");
	if (text_same(all, *told))
		return;
	log_note("waiting: %s", all);
	mem_replace(told, mem_take(&all));
}

static int give_up(const struct run *run, const struct list *missing, struct error *err)
{
	AUTO(mem_auto) char *all = list_join(missing, "; ");
	AUTO(mem_auto) char *limit = text_duration((double)settings_number(&run->settings, OPTION_TIMEOUT));
	error_set(err, ERROR_SERVICES, "after %s: %s", limit, all);
	return error_hint(err, "`anchore-admin system status` shows all of it, `anchore-admin service logs NAME` why");
}

static int wait_for_all(struct run *run, const struct migrations *migrations, struct error *err)
{
	double end = clock_elapsed() + (double)settings_number(&run->settings, OPTION_TIMEOUT);
	AUTO(mem_auto) char *told = NULL;
	for (;;) {
		AUTO(list_clear) struct list missing = LIST_INIT;
		int rc = look(&missing, run, migrations, err);
		if (rc || !missing.count)
			return rc;
		if (clock_elapsed() >= end)
			return give_up(run, &missing, err);
		tell(&told, &missing);
		clock_sleep(AGAIN);
		rc = interrupt_check(err);
		if (rc)
			return rc;
	}
}

int command_system_wait(struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	double start = clock_elapsed();
	int rc = migrations_open(&migrations, run, err);
	if (!rc)
		rc = wait_for_all(run, &migrations, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *time = text_duration(clock_elapsed() - start);
	AUTO(json_auto) json_t *answer = json_object();
	json_put_flag(answer, "healthy", true);
	json_put_value(answer, "seconds", json_real(clock_elapsed() - start));
	run_answer(run, answer);
	run_print(run, "All services are up, and database and release belong together; waited for %s.\n", time);
	return 0;
}
