#include "io/db.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/db_private.h"

enum { OLDEST_SERVER = 100000, CONNECT_SECONDS = 15, TICK_MS = 200 };

#define CHECK_ADDRESS "check that PostgreSQL runs and that the setting `database` names its address"

static const char SESSION[] =
	"SET client_min_messages = warning; SET search_path = pg_catalog; SET datestyle = 'ISO';"
	"SET intervalstyle = postgres; SET timezone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = hex;"
	"SET lc_monetary = 'C'; SET row_security = off; SET standard_conforming_strings = on;"
	"SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;"
	/* What a role or a database may have been given that changes what is written, how it prints, or whether. */
	"SET array_nulls = on; SET xmloption = content; SET quote_all_identifiers = off;"
	"SET default_transaction_read_only = off;"
	/* Catalog queries are short: making machine code of them takes longer than they do. It came with 11, the others
	 * with 14 and 17. To look for them in pg_settings takes longer than all the rest here. */
	"SELECT set_config(name, value, false) FROM (VALUES ('jit', 'off'), ('idle_session_timeout', '0'),"
	"('transaction_timeout', '0')) AS it (name, value) WHERE current_setting(name, true) IS NOT NULL;"
	/* And a COMMIT that was reported must last. */
	"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *option = options; option && option->keyword; option++)
		if (strcmp(option->keyword, keyword) == 0)
			return option->val;
	return NULL;
}

/* libpq quotes what it does not understand, and with it the password, or the part of one that an unescaped @ or / made
 * a host or a port: say that, not what. *options is the caller's to free. */
static int parse_conninfo(PQconninfoOption **options, const char *conninfo, struct error *err)
{
	char *why = NULL;
	PQconninfoOption *parsed = PQconninfoParse(conninfo, &why);
	PQfreemem(why);
	const char *host = option_value(parsed, "host"), *port = option_value(parsed, "port");
	if (parsed && !(host && strchr(host, '@')) && !(port && port[strspn(port, "0123456789,")])) {
		*options = parsed;
		return 0;
	}
	PQconninfoFree(parsed);
	error_set(err, ERROR_USAGE, "the database's connection string is malformed");
	return error_hint(err, "write it as postgresql://user@host:port/name, odd characters as %%40, or as "
		"host=… dbname=… user=…");
}

/* ---- connections ---- */

/* More than that nobody reads; the first ones tell the story. */
enum { WARNINGS_KEPT = 1000 };

static void keep_warning(void *context, const PGresult *result)
{
	struct db *db = context;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (!text_same(severity, "WARNING") || !message)
		return;
	if (db->warnings.count < WARNINGS_KEPT)
		list_add(&db->warnings, message);
	else
		db->more_warnings++;
}

static int refuse_connection(PGconn *conn, struct error *err)
{
	/* With several addresses libpq says a line for each; the last one is the news. Never conninfo itself. */
	AUTO(mem_auto) char *all = mem_copy(PQerrorMessage(conn));
	size_t size = strlen(all);
	while (size && all[size - 1] == '\n')
		all[--size] = '\0';
	char *line = all;
	for (char *at = all; (at = strchr(at, '\n')); at++)
		if (at[1] != '\t' && at[1] != ' ')
			line = at + 1;
	line[strcspn(line, "\n")] = '\0';
	error_set(err, ERROR_UNREACHABLE, "cannot connect to the database: %s", line);
	if (strstr(line, "database \"") && strstr(line, "does not exist"))
		return error_hint(err, "correct the setting `database`, or make the database from a snapshot with "
			"`anchore-admin restore SNAPSHOT`");
	if (strstr(line, "too many ") || strstr(line, "remaining connection slots"))
		return error_hint(err, "end sessions that are not needed, or use fewer with `--jobs 1`");
	if (PQconnectionUsedPassword(conn) || PQconnectionNeedsPassword(conn) || strstr(line, "does not exist"))
		return error_hint(err, "check user and password in the setting `database`, or the passfile it names");
	return error_hint(err, CHECK_ADDRESS);
}

/* An explicit loop, so that Ctrl-C works while a host does not answer. */
static int wait_connected(struct db *db, struct error *err)
{
	double end = clock_elapsed() + CONNECT_SECONDS;
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	while (PQstatus(db->conn) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		struct pollfd fd = {.fd = PQsocket(db->conn), .events = events};
		int ready = poll(&fd, 1, TICK_MS);
		int rc = interrupt_check(err);
		if (rc)
			return rc;
		if (clock_elapsed() > end) {
			error_set(err, ERROR_UNREACHABLE, "cannot connect to the database: no answer within %d s",
				CONNECT_SECONDS);
			return error_hint(err, CHECK_ADDRESS);
		}
		if (ready > 0)
			state = PQconnectPoll(db->conn);
	}
	return PQstatus(db->conn) == CONNECTION_OK ? 0 : refuse_connection(db->conn, err);
}

static int prepare_session(struct db *db, struct error *err)
{
	if (PQserverVersion(db->conn) < OLDEST_SERVER) {
		error_set(err, ERROR_REFUSED, "PostgreSQL %s is too old", db_version_text(db));
		return error_hint(err, "upgrade the server to PostgreSQL 10 or later");
	}
	PQsetNoticeReceiver(db->conn, keep_warning, db);
	int rc = db_exec(db, SESSION, err);
	if (rc)
		return rc;
	/* Text comes in the database's own encoding: nothing is converted, nothing can fail to be. */
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");
	return db_execf(db, err, "SET client_encoding = '%s'", encoding ? encoding : "UTF8");
}

int db_open(struct db **out, const char *conninfo, const char *dbname, const char *application, struct error *err)
{
	PQconninfoOption *options = NULL;
	int rc = fault_point("db-open", err);
	if (!rc)
		rc = parse_conninfo(&options, conninfo, err);
	if (rc)
		return rc;
	PQconninfoFree(options);
	/* The first dbname is expanded as a connection string; a later keyword replaces what it said. */
	const char *keywords[] = {"dbname", "fallback_application_name", "application_name", dbname ? "dbname" : NULL,
		NULL};
	const char *values[] = {conninfo, application, application, dbname, NULL};
	AUTO(db_auto) struct db *db = mem_new(sizeof *db);
	db->conn = PQconnectStartParams(keywords, values, 1);
	if (!db->conn)
		abort();
	rc = wait_connected(db, err);
	if (!rc)
		rc = prepare_session(db, err);
	if (rc)
		return rc;
	*out = db;
	db = NULL;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	PQfinish(db->conn);
	list_clear(&db->warnings);
	mem_free(db);
}

void db_take_warnings(struct list *out, struct db *db)
{
	if (out)
		list_add_all(out, &db->warnings);
	if (out && db->more_warnings)
		list_addf(out, "and %zu more warnings", db->more_warnings);
	list_clear(&db->warnings);
	db->more_warnings = 0;
}

void db_auto(struct db **db)
{
	db_close(*db);
}

int db_version(const struct db *db)
{
	return PQserverVersion(db->conn);
}

const char *db_version_text(const struct db *db)
{
	const char *text = PQparameterStatus(db->conn, "server_version");
	return text ? text : "";
}

const char *db_name(const struct db *db)
{
	return PQdb(db->conn);
}

const char *db_user(const struct db *db)
{
	return PQuser(db->conn);
}

const char *db_host(const struct db *db)
{
	return PQhost(db->conn);
}

int db_pid(const struct db *db)
{
	return PQbackendPID(db->conn);
}

const char *db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}

bool db_in_transaction(const struct db *db)
{
	PGTransactionStatusType status = PQtransactionStatus(db->conn);
	return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

void db_environment(const struct db *db, struct list *environment, char **password)
{
	PQconninfoOption *options = PQconninfo(db->conn);
	for (PQconninfoOption *option = options; option && option->keyword; option++)
		if (option->envvar && option->val && (*option->val || getenv(option->envvar)) &&
			strcmp(option->keyword, "password") != 0 && strcmp(option->keyword, "service") != 0)
			list_addf(environment, "%s=%s", option->envvar, option->val);
	/* What it says is among the options, and it would win over another PGDATABASE. */
	list_add(environment, "PGSERVICE");
	PQconninfoFree(options);
	*password = PQconnectionUsedPassword(db->conn) ? mem_copy(PQpass(db->conn)) : NULL;
}

int db_conninfo_value(char **out, const char *conninfo, const char *keyword, struct error *err)
{
	PQconninfoOption *given = NULL;
	int rc = parse_conninfo(&given, conninfo, err);
	if (rc)
		return rc;
	PQconninfoOption *defaults = PQconndefaults();
	const char *value = option_value(given, keyword);
	*out = mem_copy(value ? value : option_value(defaults, keyword));
	PQconninfoFree(given);
	PQconninfoFree(defaults);
	return 0;
}

char *db_library_version(void)
{
	int version = PQlibVersion();
	return mem_format("%d.%d", version / 10000, version % 10000);
}
