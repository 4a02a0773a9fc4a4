#include "work/heartbeat.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/http.h"

static const double ANSWER_WITHIN = 2;
static const char LOCKED[] = "55P03";
/* An upgrade may have the table for as long as it takes; this connection reads nothing else that is ever locked. */
static const char DO_NOT_WAIT[] = "SET lock_timeout = '2s'";
static const char HAS_SERVICES[] = "SELECT to_regclass('public.services') IS NOT NULL";
static const char SELECT_SERVICES[] =
	"SELECT servicename, hostid, base_url, coalesce(status, false), heartbeat, status_message FROM public.services"
	" ORDER BY servicename, hostid";

static struct heartbeat read_row(const struct db_result *rows, size_t row, time_t now)
{
	struct heartbeat beat = {
		.name = mem_copy(db_value(rows, row, 0)), .host = mem_copy(db_value(rows, row, 1)),
		.url = mem_copy(db_value(rows, row, 2)), .heard = db_value(rows, row, 4) != NULL,
		.message = mem_copy(db_value(rows, row, 5)),
	};
	beat.age = (int64_t)now - db_number(rows, row, 4);
	bool up = db_flag(rows, row, 3) && beat.age <= SYSTEM_DOWN_AFTER;
	bool orphaned = !beat.heard || beat.age > SYSTEM_ORPHANED_AFTER;
	beat.state = orphaned ? "orphaned" : up ? "up" : "down";
	return beat;
}

/* Asks base_url/health. Only an interrupt is a failure. */
static int ask_health(struct heartbeat *beat, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(mem_auto) char *url = mem_format("%s%shealth", beat->url, text_ends(beat->url, "/") ? "" : "/");
	int rc = http_get(&answer, url, NULL, ANSWER_WITHIN, &why);
	if (rc == ERROR_INTERRUPTED)
		return error_move(err, &why);
	beat->answers = !rc && answer.status == 200;
	beat->answer = rc ? mem_copy(why.message) : mem_format("HTTP status %ld", answer.status);
	return 0;
}

static int select_rows(struct db_result **rows, bool *locked, struct db *db, struct error *err)
{
	AUTO(mem_auto) char *has = NULL;
	int rc = db_exec(db, DO_NOT_WAIT, err);
	if (!rc)
		rc = db_scalar(&has, db, HAS_SERVICES, 0, NULL, err);
	if (!rc && text_same(has, "t"))
		rc = db_query(rows, db, SELECT_SERVICES, 0, NULL, err);
	if (rc == ERROR_FAILED && text_same(db_sqlstate(db), LOCKED)) {
		error_clear(err);
		*locked = true;
		return 0;
	}
	return rc ? error_context(err, "reading the table services") : 0;
}

int heartbeats_read(struct system *system, struct db *db, bool ask, struct error *err)
{
	AUTO(db_result_auto) struct db_result *rows = NULL;
	int rc = select_rows(&rows, &system->locked, db, err);
	size_t count = rows ? db_rows(rows) : 0;
	system->heartbeats = mem_array(count, sizeof *system->heartbeats);
	for (size_t i = 0; !rc && i < count; i++) {
		struct heartbeat *beat = &system->heartbeats[system->heartbeat_count++];
		*beat = read_row(rows, i, clock_now());
		if (ask && beat->url && beat->heard && beat->age <= SYSTEM_ORPHANED_AFTER)
			rc = ask_health(beat, err);
	}
	return rc;
}

void heartbeats_clear(struct system *system)
{
	for (size_t i = 0; i < system->heartbeat_count; i++) {
		struct heartbeat *beat = &system->heartbeats[i];
		char *const owned[] = {beat->name, beat->host, beat->url, beat->message, beat->answer};
		for (size_t j = 0; j < sizeof owned / sizeof *owned; j++)
			mem_free(owned[j]);
	}
	mem_free(system->heartbeats);
	system->heartbeats = NULL;
	system->heartbeat_count = 0;
}

/* In the order of names: the hosts of one service stand together. */
void heartbeats_missing(struct list *out, const struct system *system)
{
	if (system->locked)
		list_add(out, "the table services is locked by a change");
	else if (system->heartbeat_count == 0)
		list_add(out, "no service is registered in the database");
	for (size_t i = 0; i < system->heartbeat_count;) {
		const struct heartbeat *first = &system->heartbeats[i];
		bool up = false;
		for (; i < system->heartbeat_count && text_same(system->heartbeats[i].name, first->name); i++)
			up = up || text_same(system->heartbeats[i].state, "up");
		if (!up)
			list_addf(out, "%s is %s", first->name, first->state);
	}
}
