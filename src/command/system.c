/* system status: the services as far as the database knows them, and the two versions as the engine's own client
 * ends its report. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/command.h"
#include "io/http.h"
#include "work/facts.h"
#include "work/inspect.h"
#include "work/sessions.h"

/* The engine's own limits, in seconds: it calls a service down, then orphaned, when it was not heard of for so long. */
enum { DOWN_AFTER = 300, ORPHANED_AFTER = 3600 };
static const double ANSWER_WITHIN = 2;

struct system {
	struct run *run;
	struct db *db;
	struct migrations migrations;
	struct version version;       /* of the database */
	char *release;                /* "0.2.4", NULL unknown */
	const char *release_from;     /* what says so */
	struct sessions sessions;
	json_t *json;
};

static void system_clear(struct system *system)
{
	db_close(system->db);
	migrations_clear(&system->migrations);
	mem_free(system->release);
	sessions_clear(&system->sessions);
	json_decref(system->json);
}

/* ---- services ---- */

static const char HAS_SERVICES[] = "SELECT to_regclass('public.services') IS NOT NULL";
static const char SELECT_SERVICES[] =
	"SELECT servicename, hostid, base_url, coalesce(status, false), heartbeat, status_message FROM public.services"
	" ORDER BY servicename, hostid";

struct service {
	const char *name, *host, *url, *message; /* borrowed from the result; url and message may be NULL */
	const char *state;                       /* "up", "down", "orphaned" */
	bool heard;                              /* has a heartbeat */
	int64_t age;                             /* of the heartbeat, in seconds */
	bool answers;
	char *answer;                            /* what base_url said, or why nothing came; NULL: not asked */
};

static struct service read_service(const struct db_result *rows, size_t row, time_t now)
{
	struct service service = {
		.name = db_value(rows, row, 0), .host = db_value(rows, row, 1), .url = db_value(rows, row, 2),
		.heard = db_value(rows, row, 4) != NULL, .message = db_value(rows, row, 5),
	};
	service.age = (int64_t)now - db_number(rows, row, 4);
	bool up = db_flag(rows, row, 3) && service.age <= DOWN_AFTER;
	bool orphaned = !service.heard || service.age > ORPHANED_AFTER;
	service.state = orphaned ? "orphaned" : up ? "up" : "down";
	return service;
}

/* Asks base_url/health. Only an interrupt is a failure. */
static int ask_health(struct service *service, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(mem_auto) char *url = mem_format("%s%shealth", service->url, text_ends(service->url, "/") ? "" : "/");
	int rc = http_get(&answer, url, NULL, ANSWER_WITHIN, &why);
	if (rc == ERROR_INTERRUPTED)
		return error_move(err, &why);
	service->answers = !rc && answer.status == 200;
	service->answer = rc ? mem_copy(why.message) : mem_format("HTTP status %ld", answer.status);
	return 0;
}

static json_t *service_json(const struct service *service)
{
	json_t *json = json_object();
	json_put(json, "name", service->name);
	json_put(json, "host", service->host);
	json_put(json, "base_url", service->url);
	json_put(json, "state", service->state);
	json_put_value(json, "heartbeat_age_seconds", service->heard ? json_integer(service->age) : json_null());
	json_put(json, "status_message", service->message);
	json_put_value(json, "answers", service->answer ? json_boolean(service->answers) : json_null());
	json_put(json, "answer", service->answer);
	return json;
}

static void print_service(const struct run *run, const struct service *service)
{
	struct text notes = TEXT_INIT;
	if (!service->heard) {
		text_add(&notes, ", never heard of");
	} else if (service->age > DOWN_AFTER) {
		AUTO(mem_auto) char *age = text_duration((double)service->age);
		text_addf(&notes, ", last heard of %s ago", age);
	}
	if (service->answers)
		text_add(&notes, ", answers");
	else if (service->answer)
		text_addf(&notes, ", but its address gives %s", service->answer);
	if (service->message && *service->message)
		text_addf(&notes, " (%s)", service->message);
	AUTO(mem_auto) char *words = text_take(&notes);
	run_print(run, "Service %s (%s, %s): %s%s\n", service->name, service->host,
		service->url ? service->url : "no address", service->state, words);
}

static int show_service(json_t *array, const struct run *run, const struct db_result *rows, size_t row,
	struct error *err)
{
	struct service service = read_service(rows, row, clock_now());
	bool ask = service.url && service.heard && service.age <= ORPHANED_AFTER;
	int rc = ask ? ask_health(&service, err) : 0;
	if (!rc) {
		json_array_append_new(array, service_json(&service));
		print_service(run, &service);
	}
	mem_free(service.answer);
	return rc;
}

static int show_services(struct system *system, struct error *err)
{
	AUTO(mem_auto) char *has = NULL;
	AUTO(db_result_auto) struct db_result *rows = NULL;
	int rc = db_scalar(&has, system->db, HAS_SERVICES, 0, NULL, err);
	if (!rc && text_same(has, "t"))
		rc = db_query(&rows, system->db, SELECT_SERVICES, 0, NULL, err);
	if (rc)
		return error_context(err, "reading the table services");
	json_t *array = json_array();
	json_put_value(system->json, "services", array);
	for (size_t i = 0; !rc && rows && i < db_rows(rows); i++)
		rc = show_service(array, system->run, rows, i, err);
	if (!rc && (!rows || !db_rows(rows)))
		run_print(system->run, "No service is registered in the database.\n");
	return rc;
}

static int show_sessions(struct system *system, struct error *err)
{
	int rc = sessions_services(&system->sessions, system->db, err);
	if (rc)
		return rc;
	json_t *array = json_array();
	for (size_t i = 0; i < system->sessions.count; i++) {
		AUTO(mem_auto) char *words = session_text(&system->sessions.items[i]);
		json_add(array, words);
		run_print(system->run, "Session of a service: %s\n", words);
	}
	json_put_value(system->json, "sessions", array);
	return 0;
}

/* ---- versions ---- */

/* A row that names no version gets the error that every other command gives for it. */
static int refuse_database(struct system *system, struct error *err)
{
	AUTO(facts_clear) struct facts facts;
	facts_init(&facts);
	int rc = facts_gather(&facts, system->run, system->db, &system->migrations, err);
	return rc ? rc : error_set(err, ERROR_REFUSED, "the version row changed while it was read");
}

static int read_versions(struct system *system, struct error *err)
{
	AUTO(engine_version_clear) struct engine_version row = {.state = VERSION_NO_TABLE};
	int rc = inspect_version(&row, system->db, err);
	if (rc)
		return rc;
	if (row.state != VERSION_ONE || !row.db_version || !version_parse(&system->version, row.db_version))
		return refuse_database(system, err);
	struct version release;
	const char *engine = settings_text(&system->run->settings, OPTION_ENGINE);
	if (engine && version_parse_typed(&release, engine)) {
		system->release = mem_copy(VERSION_TEXT(release));
		system->release_from = settings_where(&system->run->settings, OPTION_ENGINE);
	} else if (row.service_version) {
		system->release = mem_take(&row.service_version);
		system->release_from = "the database's version row";
	}
	return 0;
}

/* What is wrong with the pair and what to type; owned, NULL when they belong together. *known is false for a release
 * that the list does not have. */
static char *advise(bool *known, const struct system *system)
{
	struct version release, needed, other;
	const struct releases *releases = &system->migrations.releases;
	const char *name = system->release;
	*known = name && version_parse(&release, name) && releases_find(&needed, releases, release);
	if (!*known)
		return mem_format("Whether the two belong together is not known: name the engine's release with "
			"`--engine RELEASE`; `anchore-admin graph show` lists those known.");
	int order = version_compare(system->version, needed);
	if (order == 0)
		return NULL;
	AUTO(mem_auto) char *pair = mem_format("The two do not belong together: release %s needs database version %s, "
		"the database is at %s.", name, VERSION_TEXT(needed), VERSION_TEXT(system->version));
	if (order < 0)
		return mem_format("%s Type `anchore-admin upgrade --to %s`.", pair, name);
	if (!releases_newest(&other, releases, system->version))
		return mem_format("%s Start the release that made it so, or go back with `anchore-admin restore "
			"latest:%s`.", pair, VERSION_TEXT(needed));
	return mem_format("%s Install release %s, or type `anchore-admin downgrade --to %s`.", pair,
		VERSION_TEXT(other), name);
}

/* The last two lines are the engine's client's own, for whoever reads them by a program. */
static void show_versions(struct system *system)
{
	bool known = false;
	AUTO(mem_auto) char *advice = advise(&known, system);
	json_put(system->json, "engine_db_version", VERSION_TEXT(system->version));
	json_put(system->json, "engine_code_version", system->release);
	json_put(system->json, "engine_code_version_from", system->release_from);
	json_put_value(system->json, "belong_together", known ? json_boolean(advice == NULL) : json_null());
	json_put(system->json, "advice", advice);
	if (system->release)
		run_print(system->run, "Engine release %s, as %s says.\n", system->release, system->release_from);
	if (advice)
		run_print(system->run, "%s\n", advice);
	run_print(system->run, "\nEngine DB Version: %s\nEngine Code Version: %s\n", VERSION_TEXT(system->version),
		system->release ? system->release : "unknown");
}

int command_system_status(struct run *run, struct error *err)
{
	AUTO(system_clear) struct system system = {.run = run, .json = json_object()};
	int rc = migrations_open(&system.migrations, run, err);
	if (!rc)
		rc = run_connect(&system.db, run, NULL, err);
	if (!rc)
		rc = read_versions(&system, err);
	if (!rc)
		rc = show_services(&system, err);
	if (!rc)
		rc = show_sessions(&system, err);
	if (rc)
		return rc;
	show_versions(&system);
	run_answer(run, system.json);
	return 0;
}
