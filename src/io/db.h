/* PostgreSQL, by libpq. One struct db is one connection, used by one thread.
 *
 * Every wait looks at interrupt_signal(): a signal cancels the running statement (what follows it on the connection is
 * cleaning up, and is not cancelled), and the call fails with ERROR_INTERRUPTED. A statement that succeeded all the
 * same is a success: loops call interrupt_check() themselves, and a COMMIT is best sent under interrupt_defer(true). A
 * lost connection is ERROR_UNREACHABLE, a full disk of the server ERROR_NO_SPACE, any other error of the server
 * ERROR_FAILED with its message; db_sqlstate() has the code. Messages never carry the connection string.
 *
 * A session is made with: application_name as given, client_min_messages warning, search_path empty
 * but for pg_catalog, DateStyle ISO, IntervalStyle postgres, TimeZone UTC, extra_float_digits 3,
 * bytea_output hex, lc_monetary C, row_security off, standard_conforming_strings on, all timeouts 0,
 * client encoding = the database's. */
#ifndef IO_DB_H
#define IO_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct db;
struct db_result;

/* Opens conninfo (a libpq string or URI). dbname, unless NULL, replaces its database. Refuses servers
 * older than 10. Errors: ERROR_UNREACHABLE with the reason and a hint; never the password. */
int db_open(struct db **out, const char *conninfo, const char *dbname, const char *application, struct error *err);
void db_close(struct db *db);
void db_auto(struct db **db);

int db_version(const struct db *db);            /* 150018 */
const char *db_version_text(const struct db *db); /* "15.18 (Debian …)" */
const char *db_name(const struct db *db);
const char *db_user(const struct db *db);
const char *db_host(const struct db *db);       /* host or socket directory */
int db_pid(const struct db *db);                /* of the backend */
/* SQLSTATE of the last failed call, "" if it failed without one. */
const char *db_sqlstate(const struct db *db);
bool db_in_transaction(const struct db *db);
/* Moves what the server warned of (RAISE WARNING) since the last call, oldest first; out NULL: forgets it. */
void db_take_warnings(struct list *out, struct db *db);

/* For a client program's environment: lines NAME=value (PGHOST, PGPORT, PGUSER, PGDATABASE, …), an empty value where
 * our own environment has another, NAME alone for what must not be there. All but the password; *password is owned and
 * NULL if none was used. */
void db_environment(const struct db *db, struct list *environment, char **password);

/* One or more statements whose results nobody wants. */
int db_exec(struct db *db, const char *sql, struct error *err);
int db_execf(struct db *db, struct error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One statement with count text parameters ($1 …; NULL is NULL). Result owned by the caller. */
int db_query(struct db_result **out, struct db *db, const char *sql, size_t count, const char *const *parameters,
	struct error *err);
#define DB_QUERY(out, db, sql, err, ...) \
	db_query(out, db, sql, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), \
		(const char *const[]){__VA_ARGS__}, err)
size_t db_rows(const struct db_result *result);
size_t db_columns(const struct db_result *result);
/* Text of a value, NULL for SQL NULL; borrowed from the result. */
const char *db_value(const struct db_result *result, size_t row, size_t column);
size_t db_value_size(const struct db_result *result, size_t row, size_t column);
int64_t db_number(const struct db_result *result, size_t row, size_t column); /* 0 for NULL */
bool db_flag(const struct db_result *result, size_t row, size_t column);      /* 't' */
void db_result_free(struct db_result *result);
void db_result_auto(struct db_result **result);
/* First column of the first row, owned; NULL without a row or for SQL NULL. */
int db_scalar(char **out, struct db *db, const char *sql, size_t count, const char *const *parameters,
	struct error *err);

/* "name", quoted as SQL wants it; owned. */
char *db_identifier(struct db *db, const char *name);
/* 'value', for statements that take no parameters (ALTER DATABASE … SET, COMMENT); owned. */
char *db_literal(struct db *db, const char *value);

/* COPY … TO STDOUT: calls rows(context, text, size) with whole rows, many at a time, each ended by its newline; only a
 * row of over 100 kB may come in several pieces. A callback that fails (non-zero, err filled) ends the copy. *count: as
 * counted by the server. */
typedef int db_rows_function(void *context, const char *text, size_t size, struct error *err);
int db_copy_out(struct db *db, const char *sql, db_rows_function *rows, void *context, uint64_t *count,
	struct error *err);
/* COPY … FROM STDIN: begin, data any number of times in pieces of any size, end. After a failure of begin or
 * data nothing more is to be called but db_close(). */
int db_copy_in_begin(struct db *db, const char *sql, struct error *err);
int db_copy_in_data(struct db *db, const void *bytes, size_t size, struct error *err);
int db_copy_in_end(struct db *db, uint64_t *rows, struct error *err);

/* Asks the server to cancel what the connection runs; for another thread's db. */
void db_cancel(struct db *db);

/* Parsing conninfo without connecting. Value of a keyword (host, port, user, dbname, password …) after
 * libpq's defaults and PG* variables, owned, NULL if none; fails with ERROR_USAGE if
 * conninfo is malformed (message without the password). */
int db_conninfo_value(char **out, const char *conninfo, const char *keyword, struct error *err);

/* "15.18", of libpq; owned. */
char *db_library_version(void);

#endif
