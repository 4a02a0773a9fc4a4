#include "work/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "work/site.h"

static const char MARK[] = "_before_";
static const char START[] = "anchore-admin: kept by ", AT[] = " at ", VERSION[] = ", database version ", OF[] = ", of ";
enum { TIME_SIZE = 20 /* 2026-11-23T12:34:56Z */, MOST_IN_A_SECOND = 1000 };

int kept_name(char **out, struct db *db, const char *name, struct error *err)
{
	AUTO(mem_auto) char *now = text_time_compact(clock_now());
	for (int i = 1; i < MOST_IN_A_SECOND; i++) {
		AUTO(mem_auto) char *again = i == 1 ? mem_copy("") : mem_format("_%d", i);
		AUTO(mem_auto) char *suffix = mem_format("%s%s%s", MARK, now, again);
		AUTO(mem_auto) char *candidate = site_name_with(name, suffix);
		bool taken = false;
		int rc = site_exists(&taken, db, candidate, err);
		if (rc)
			return rc;
		if (!taken) {
			*out = mem_take(&candidate);
			return 0;
		}
	}
	return error_set(err, ERROR_FAILED, "no free name is left for keeping database %s", name);
}

char *kept_comment(const char *what, const char *db_version, const char *name)
{
	AUTO(mem_auto) char *now = text_time(clock_now());
	const char *version = db_version ? db_version : "unknown";
	return mem_format("%s%s%s%s%s%s%s%s", START, what, AT, now, VERSION, version, OF, name);
}

/* ---- listing ---- */

/* A role that may not connect to a database may not ask for its size either. */
static const char kept_sql[] =
	"SELECT datname, shobj_description(oid, 'pg_database'), CASE WHEN has_database_privilege(oid, 'CONNECT')\n"
	"  OR pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_database_size(oid) ELSE 0 END\n"
	"FROM pg_database\n"
	"WHERE left(shobj_description(oid, 'pg_database'), length($1)) = $1 AND datname <> $2\n"
	"ORDER BY datname::text COLLATE \"C\"";

/* Reads the comment that kept_comment() wrote; false if it is another's, or about another name. */
static bool read_comment(struct kept_database *out, const char *comment, const char *name)
{
	const char *version = strstr(comment, VERSION);
	const char *of = version ? strstr(version, OF) : NULL;
	if (!of || strcmp(of + sizeof OF - 1, name) != 0 || version - comment < TIME_SIZE)
		return false;
	AUTO(mem_auto) char *since = mem_copy_bytes(version - TIME_SIZE, TIME_SIZE);
	time_t when;
	if (!text_time_parse(since, &when))
		return false;
	out->since = mem_take(&since);
	version += sizeof VERSION - 1;
	out->db_version = mem_copy_bytes(version, (size_t)(of - version));
	if (strcmp(out->db_version, "unknown") == 0)
		mem_replace(&out->db_version, NULL);
	return true;
}

/* Newest first; within a second the later one has the greater name. */
static int compare(const void *a, const void *b)
{
	const struct kept_database *one = a, *two = b;
	int order = strcmp(two->since, one->since);
	size_t first = strlen(one->name), second = strlen(two->name);
	if (!order && first != second)
		return first < second ? 1 : -1;
	return order ? order : strcmp(two->name, one->name);
}

int restore_kept(struct kept_databases *out, struct db *db, const char *name, struct error *err)
{
	AUTO(db_result_auto) struct db_result *found = NULL;
	int rc = DB_QUERY(&found, db, kept_sql, err, START, name);
	if (rc)
		return error_context(err, "looking for databases that were kept");
	struct kept_databases kept = {mem_array(db_rows(found), sizeof *kept.items), 0};
	for (size_t i = 0; i < db_rows(found); i++) {
		struct kept_database *one = &kept.items[kept.count];
		if (!read_comment(one, db_value(found, i, 1), name))
			continue;
		one->name = mem_copy(db_value(found, i, 0));
		one->bytes = (uint64_t)db_number(found, i, 2);
		kept.count++;
	}
	if (kept.count)
		qsort(kept.items, kept.count, sizeof *kept.items, compare);
	*out = kept;
	return 0;
}

void kept_databases_clear(struct kept_databases *kept)
{
	for (size_t i = 0; i < kept->count; i++) {
		mem_free(kept->items[i].name);
		mem_free(kept->items[i].since);
		mem_free(kept->items[i].db_version);
	}
	mem_free(kept->items);
	*kept = (struct kept_databases){NULL, 0};
}
