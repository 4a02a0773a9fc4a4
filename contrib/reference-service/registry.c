#include "registry.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const double RETRY = 1, PATIENCE = 10, FAREWELL = 2;

/* The version row says which schema the database has. The engine keeps one row. */
static const char version_sql[] = "SELECT db_version FROM public.anchore";

/* The columns that every database version has. As in the engine, short_description holds the service's own status as
 * JSON, and version is that of its HTTP interface. */
static const char register_sql[] =
	"INSERT INTO public.services (hostid, servicename, type, version, base_url, short_description, status,\n"
	"  status_message, heartbeat, created_at, last_updated)\n"
	"VALUES ($1, $2, $2, 'v1', $3, $4, true, 'available', $5::integer, $5::integer, $5::integer)\n"
	"ON CONFLICT (hostid, servicename) DO UPDATE SET type = excluded.type, version = excluded.version,\n"
	"  base_url = excluded.base_url, short_description = excluded.short_description, status = true,\n"
	"  status_message = excluded.status_message, heartbeat = excluded.heartbeat,\n"
	"  last_updated = excluded.last_updated";
static const char leave_sql[] =
	"UPDATE public.services SET status = false, status_message = 'stopped', last_updated = $3::integer\n"
	"WHERE hostid = $1 AND servicename = $2";

enum stage {
	DOWN,        /* no connection; next: when to try again */
	CONNECTING,
	ASKING,      /* for the version */
	REGISTERING, /* the first beat, and each later one */
	READY,       /* idle; next: the next beat */
	LEAVING,
	GONE
};

static struct registry {
	const struct service *service;
	const char *status;
	enum stage stage;
	PGconn *connection;
	short events;  /* what libpq waits for */
	double next;   /* when something has to happen whatever comes */
	bool beaten;   /* registered over this connection */
	bool leaving;  /* once the statement on its way is done */
	char said[300]; /* why there is no connection, so that it is said once */
} registry;

static void enter(enum stage stage, double seconds)
{
	registry.stage = stage;
	registry.next = now() + seconds;
	registry.events = POLLIN;
}

/* Without its connection string: that may hold a password. */
static void lose(const char *why)
{
	char reason[sizeof registry.said];
	snprintf(reason, sizeof reason, "%s", why);
	reason[strcspn(reason, "\n")] = '\0';
	if (strcmp(reason, registry.said) != 0)
		say("no database: %s", reason);
	memcpy(registry.said, reason, sizeof reason);
	PQfinish(registry.connection);
	registry.connection = NULL;
	registry.beaten = false;
	enter(registry.leaving ? GONE : DOWN, RETRY);
}

static void connect_again(void)
{
	char application[100];
	snprintf(application, sizeof application, "reference-service %s", registry.service->name);
	const char *keys[] = {"dbname", "application_name", "connect_timeout", NULL};
	const char *values[] = {registry.service->database, application, "10", NULL};
	registry.connection = PQconnectStartParams(keys, values, 1);
	if (!registry.connection)
		die("out of memory");
	enter(CONNECTING, PATIENCE);
	registry.events = POLLOUT;
	if (PQstatus(registry.connection) == CONNECTION_BAD)
		lose(PQerrorMessage(registry.connection));
}

static void send(enum stage stage, const char *sql, int count, const char *const *values)
{
	enter(stage, registry.leaving ? FAREWELL : PATIENCE);
	if (!PQsendQueryParams(registry.connection, sql, count, NULL, values, NULL, NULL, 0))
		lose(PQerrorMessage(registry.connection));
	else if (PQflush(registry.connection) != 0)
		registry.events = POLLIN | POLLOUT;
}

static void beat(void)
{
	const struct service *service = registry.service;
	char seconds[30];
	snprintf(seconds, sizeof seconds, "%lld", (long long)time(NULL));
	const char *values[] = {service->host, service->name, service->url, registry.status, seconds};
	send(REGISTERING, register_sql, 5, values);
}

static void send_leave(void)
{
	char seconds[30];
	snprintf(seconds, sizeof seconds, "%lld", (long long)time(NULL));
	const char *values[] = {registry.service->host, registry.service->name, seconds};
	send(LEAVING, leave_sql, 3, values);
}

/* The engine, too, refuses a database that is not its own, newer or older. */
static void check_version(const PGresult *result)
{
	const struct service *service = registry.service;
	if (PQntuples(result) != 1)
		die("the table anchore has %d rows, expected one with the version", PQntuples(result));
	const char *version = PQgetvalue(result, 0, 0);
	if (strcmp(version, service->needs) != 0)
		die("release %s needs database version %s, but the database is at %s", service->release,
			service->needs, version);
}

static void finished(void)
{
	if (registry.stage == LEAVING) {
		enter(GONE, 0);
	} else if (registry.leaving) {
		send_leave();
	} else if (registry.stage == ASKING) {
		beat();
	} else {
		if (!registry.beaten)
			say("registered as %s on host %s", registry.service->name, registry.service->host);
		registry.beaten = true;
		registry.said[0] = '\0';
		enter(READY, registry.service->heartbeat);
	}
}

/* An idle connection becomes readable when the server ends it; libpq then says so. */
static void receive(void)
{
	PGconn *connection = registry.connection;
	if (!PQconsumeInput(connection)) {
		lose(PQerrorMessage(connection));
		return;
	}
	registry.events = PQflush(connection) == 1 ? POLLIN | POLLOUT : POLLIN;
	while (registry.stage != READY && !PQisBusy(connection)) {
		PGresult *result = PQgetResult(connection);
		if (!result) {
			finished();
			return;
		}
		ExecStatusType status = PQresultStatus(result);
		if (status == PGRES_TUPLES_OK && registry.stage == ASKING)
			check_version(result);
		PQclear(result);
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
			lose(PQerrorMessage(connection));
			return;
		}
	}
}

static void go_on_connecting(void)
{
	switch (PQconnectPoll(registry.connection)) {
	case PGRES_POLLING_READING:
		registry.events = POLLIN;
		break;
	case PGRES_POLLING_WRITING:
		registry.events = POLLOUT;
		break;
	case PGRES_POLLING_OK:
		PQsetnonblocking(registry.connection, 1);
		send(ASKING, version_sql, 0, NULL);
		break;
	default:
		lose(PQerrorMessage(registry.connection));
	}
}

void registry_open(const struct service *service, const char *status)
{
	registry = (struct registry){.service = service, .status = status};
	connect_again();
}

void registry_run(short events)
{
	if (registry.stage == GONE)
		return;
	if (events && registry.connection) {
		if (registry.stage == CONNECTING)
			go_on_connecting();
		else
			receive();
	} else if (now() >= registry.next) {
		if (registry.stage == DOWN)
			connect_again();
		else if (registry.stage == READY)
			beat();
		else
			lose("no answer from the server");
	}
}

int registry_descriptor(void)
{
	return registry.connection ? PQsocket(registry.connection) : -1;
}

short registry_events(void)
{
	return registry.events;
}

double registry_next(void)
{
	return registry.next;
}

bool registry_ready(void)
{
	return registry.beaten;
}

void registry_leave(void)
{
	registry.leaving = true;
	if (registry.stage == DOWN || registry.stage == CONNECTING)
		enter(GONE, 0);
	else if (registry.stage == READY)
		send_leave();
	if (registry.stage != GONE)
		registry.next = now() + FAREWELL;
}

bool registry_gone(void)
{
	return registry.stage == GONE;
}
