#include "io/db_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int db_exec(struct db *db, const char *sql, struct error *err)
{
	if (!PQsendQuery(db->conn, sql))
		return db_fail(db, NULL, err);
	return db_finish(NULL, db, err);
}

int db_execf(struct db *db, struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(mem_auto) char *sql = mem_format_v(format, args);
	va_end(args);
	return db_exec(db, sql, err);
}

int db_query(struct db_result **out, struct db *db, const char *sql, size_t count, const char *const *parameters,
	struct error *err)
{
	PGresult *result = NULL;
	if (!PQsendQueryParams(db->conn, sql, (int)count, NULL, parameters, NULL, NULL, 0))
		return db_fail(db, NULL, err);
	int rc = db_finish(&result, db, err);
	if (rc)
		return rc;
	struct db_result *kept = mem_new(sizeof *kept);
	kept->result = result;
	*out = kept;
	return 0;
}

size_t db_rows(const struct db_result *result)
{
	return (size_t)PQntuples(result->result);
}

size_t db_columns(const struct db_result *result)
{
	return (size_t)PQnfields(result->result);
}

const char *db_value(const struct db_result *result, size_t row, size_t column)
{
	if (PQgetisnull(result->result, (int)row, (int)column))
		return NULL;
	return PQgetvalue(result->result, (int)row, (int)column);
}

size_t db_value_size(const struct db_result *result, size_t row, size_t column)
{
	return (size_t)PQgetlength(result->result, (int)row, (int)column);
}

int64_t db_number(const struct db_result *result, size_t row, size_t column)
{
	const char *value = db_value(result, row, column);
	return value ? strtoll(value, NULL, 10) : 0;
}

bool db_flag(const struct db_result *result, size_t row, size_t column)
{
	const char *value = db_value(result, row, column);
	return value && *value == 't';
}

void db_result_free(struct db_result *result)
{
	if (!result)
		return;
	PQclear(result->result);
	mem_free(result);
}

void db_result_auto(struct db_result **result)
{
	db_result_free(*result);
}

int db_scalar(char **out, struct db *db, const char *sql, size_t count, const char *const *parameters,
	struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_query(&result, db, sql, count, parameters, err);
	if (rc)
		return rc;
	*out = db_rows(result) && db_columns(result) ? mem_copy(db_value(result, 0, 0)) : NULL;
	return 0;
}

static char *escaped(char *made)
{
	/* NULL only for text that is not valid in the connection's encoding, which the server itself gave us. */
	char *copy = mem_copy(made ? made : "\"\"");
	PQfreemem(made);
	return copy;
}

char *db_identifier(struct db *db, const char *name)
{
	return escaped(PQescapeIdentifier(db->conn, name, strlen(name)));
}

char *db_literal(struct db *db, const char *value)
{
	return escaped(PQescapeLiteral(db->conn, value, strlen(value)));
}
