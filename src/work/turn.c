#include "work/turn.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/attempt.h"

enum { LOCK_WAIT = 3600, LOCK_STEP = 1 };

/* Both would record what became of them: the one that gives way only says so. */
static int give_way(struct run *run, const char *store, bool watched, struct error *err)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	AUTO(file_close) int guard = attempt_lock(store);
	bool known = attempt_read(&attempt, store, &ignored) == 0;
	bool tell = known && attempt_gave_way(&attempt, clock_now());
	if (known)
		attempt_write(store, &attempt, &ignored);
	run->told = !watched && !tell;
	if (!tell)
		return error_context(err, "the scheduled job runs already");
	AUTO(mem_auto) char *begun = text_time(attempt.begun);
	error_context(err, "the scheduled job that began at %s still runs, and none is done until it has ended", begun);
	return error_hint(err, "look at that process, end it if it hangs, then try `anchore-admin cron run --verbose`");
}

/* Another deployment's job is no reason to lose a night. */
static bool of_another(const struct run *run, const char *store)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(attempt_clear) struct attempt attempt = {.last = 0};
	const char *config = settings_text(&run->settings, OPTION_CONFIG);
	return attempt_read(&attempt, store, &ignored) == 0 && attempt.config && config &&
		!text_same(attempt.config, config);
}

/* Before the next look at a lock that is another's. */
static int wait_a_moment(struct error *err)
{
	log_detail("%s; waiting", err->message);
	error_clear(err);
	clock_sleep(LOCK_STEP);
	return interrupt_check(err);
}

/* Who has just taken the lock may not have written yet who it is: hence a second look. */
static int wait_for_turn(int *lock, struct run *run, const char *store, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(store, "scheduled.lock");
	double end = clock_supervised() + LOCK_WAIT;
	for (bool looked = false;; looked = true) {
		int rc = file_lock(lock, path, err);
		if (rc != ERROR_LOCKED || clock_supervised() >= end || (looked && !of_another(run, store)))
			return rc;
		rc = wait_a_moment(err);
		if (rc)
			return rc;
	}
}

int turn_take(int *lock, struct run *run, const char *store, bool watched, struct error *err)
{
	int rc = wait_for_turn(lock, run, store, err);
	return rc == ERROR_LOCKED ? give_way(run, store, watched, err) : rc;
}

int turn_store(struct run *run, struct error *err)
{
	double end = clock_supervised() + LOCK_WAIT;
	for (;;) {
		int rc = run_lock(run, err);
		if (rc != ERROR_LOCKED || clock_supervised() >= end)
			return rc;
		rc = wait_a_moment(err);
		if (rc)
			return rc;
	}
}
