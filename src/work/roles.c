#include "work/roles.h"

#include <string.h>

#include "base/mem.h"

static const char GRANTABLE[] = " WITH GRANT OPTION";

/* The last word of line's first size bytes as a name: quoted names may hold blanks. Owned; NULL for PUBLIC. */
static char *last_name(const char *line, size_t size)
{
	const char *end = line + size;
	if (size < 2 || end[-1] != '"') {
		const char *start = end;
		while (start > line && start[-1] != ' ')
			start--;
		AUTO(mem_auto) char *name = mem_copy_bytes(start, (size_t)(end - start));
		return strcmp(name, "PUBLIC") == 0 ? NULL : mem_take(&name);
	}
	const char *start = end - 2;
	while (start > line && !(*start == '"' && start[-1] == ' '))
		start--;
	struct text name = TEXT_INIT;
	for (const char *at = start + 1; at < end - 1; at++) {
		text_add_bytes(&name, at, 1);
		at += *at == '"'; /* doubled inside quotes */
	}
	return text_take(&name);
}

static int add_unknown(struct list *names, struct db *db, const char *name, struct error *err)
{
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = DB_QUERY(&result, db, "SELECT FROM pg_roles WHERE rolname = $1", err, name);
	if (!rc && !db_rows(result))
		list_add(names, name);
	return rc;
}

int roles_unknown(struct list *names, struct db *db, const struct manifest *manifest, struct error *err)
{
	AUTO(list_clear) struct list seen = LIST_INIT;
	AUTO(list_clear) struct list unknown = LIST_INIT;
	int rc = 0;
	for (size_t i = 0; !rc && i < manifest->other.count; i++) {
		const char *line = manifest->other.items[i];
		if (!text_starts(line, "owner ") && !text_starts(line, "grant ") &&
			!text_starts(line, "default-privileges "))
			continue;
		size_t size = strlen(line);
		if (text_ends(line, GRANTABLE))
			size -= sizeof GRANTABLE - 1;
		AUTO(mem_auto) char *name = last_name(line, size);
		if (!name || list_has(&seen, name))
			continue;
		list_add(&seen, name);
		rc = add_unknown(&unknown, db, name, err);
	}
	if (rc)
		return error_context(err, "looking for the snapshot's roles");
	list_sort(&unknown);
	list_add_all(names, &unknown);
	return 0;
}

static const char engine_role_sql[] =
	"SELECT pg_get_userbyid(min(c.relowner)) FROM pg_class c\n"
	"WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')\n"
	"HAVING count(DISTINCT c.relowner) = 1 AND bool_and(pg_has_role(c.relowner, " ROLES_MAY_SET ")\n"
	"  AND has_schema_privilege(c.relowner, 'public', 'CREATE'))";

int roles_engine(char **out, struct db *db, struct error *err)
{
	return db_scalar(out, db, engine_role_sql, 0, NULL, err);
}
