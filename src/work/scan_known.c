#include "work/scan_known.h"

#include <inttypes.h>

#include "base/mem.h"

/* How old, in this transaction, a row version must be to have been made before since; -1: the ids are too far apart.
 * age() counts from one point for the whole of a transaction. */
static int find_limit(int64_t *age, struct db *db, int64_t since, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	AUTO(mem_auto) char *xid = mem_format("%" PRIu32, (uint32_t)since);
	int rc = DB_QUERY(&result, db, "SELECT age($1::text::xid)", err, xid);
	if (!rc)
		*age = db_number(result, 0, 0);
	return rc;
}

int scan_known_holds(bool *same, struct db *db, const struct scan_table *table, const struct scan_task *task,
	struct error *err)
{
	int64_t limit = -1;
	int rc = find_limit(&limit, db, table->since, err);
	*same = false;
	if (rc || limit < 0 || limit == INT32_MAX)
		return rc;
	AUTO(mem_auto) char *where = inventory_where(&task->pages);
	AUTO(mem_auto) char *sql = mem_format("SELECT count(*), count(*) FILTER (WHERE age(xmin) > %" PRId64 ") "
		"FROM ONLY %s%s", limit, table->stock->qualified, where);
	AUTO(db_result_auto) struct db_result *result = NULL;
	rc = db_query(&result, db, sql, 0, NULL, err);
	if (!rc)
		*same = (uint64_t)db_number(result, 0, 0) == task->known->rows &&
			(uint64_t)db_number(result, 0, 1) == task->known->rows;
	return rc ? error_context(err, "table %s", table->stock->name) : 0;
}
