#include "work/properties.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* One thing to carry over: its statements belong together. */
struct item {
	char *what; /* "owner engine" */
	struct list statements;
};

struct plan {
	struct db *db;
	char *target; /* the database's quoted name */
	struct item *items;
	size_t count;
};

static void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		mem_free(plan->items[i].what);
		list_clear(&plan->items[i].statements);
	}
	mem_free(plan->items);
	mem_free(plan->target);
}

/* Owns what. */
static struct list *add_item(struct plan *plan, char *what)
{
	plan->items = mem_resize(plan->items, (plan->count + 1) * sizeof *plan->items);
	plan->items[plan->count] = (struct item){.what = what, .statements = LIST_INIT};
	return &plan->items[plan->count++].statements;
}

/* Splits a copy of line at its first count - 1 tabs; a missing field is "". */
static void split(char *line, char **fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fields[i] = line;
		char *tab = i + 1 < count ? strchr(line, '\t') : NULL;
		line = tab ? tab + 1 : line + strlen(line);
		if (tab)
			*tab = '\0';
	}
}

/* ---- owner and privileges ---- */

struct grant {
	char *line; /* what the fields point into */
	char *fields[4];
	bool added;
};

static void add_grant(struct plan *plan, const struct grant *grant, bool by_owner)
{
	const char *grantee = grant->fields[0];
	AUTO(mem_auto) char *quoted = *grantee ? db_identifier(plan->db, grantee) : mem_copy("PUBLIC");
	struct list *statements = add_item(plan, mem_format("privilege %s of %s", grant->fields[1],
		*grantee ? grantee : "everybody"));
	/* Who granted it is part of a privilege, and only that role can give it so. */
	if (!by_owner) {
		AUTO(mem_auto) char *grantor = db_identifier(plan->db, grant->fields[3]);
		list_addf(statements, "SET LOCAL ROLE %s", grantor);
	}
	list_addf(statements, "GRANT %s ON DATABASE %s TO %s%s", grant->fields[1], plan->target, quoted,
		grant->fields[2][0] == 't' ? " WITH GRANT OPTION" : "");
	if (!by_owner)
		list_add(statements, "RESET ROLE");
}

/* A role can hand on what it was given before: so the owner's grants first, then theirs. */
static bool is_ready(const struct grant *grants, size_t count, const struct grant *grant, const char *owner)
{
	if (text_same(grant->fields[3], owner))
		return true;
	for (size_t i = 0; i < count; i++)
		if (grants[i].added && grants[i].fields[2][0] == 't' &&
			text_same(grants[i].fields[0], grant->fields[3]) &&
			text_same(grants[i].fields[1], grant->fields[1]))
			return true;
	return false;
}

static bool is_privilege(const char *name)
{
	static const char *const known[] = {"CREATE", "TEMPORARY", "TEMP", "CONNECT"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

static void add_grants(struct plan *plan, const struct properties *properties)
{
	size_t count = properties->privileges.count;
	AUTO(mem_auto) struct grant *grants = mem_array(count, sizeof *grants);
	for (size_t i = 0; i < count; i++) {
		grants[i].line = mem_copy(properties->privileges.items[i]);
		split(grants[i].line, grants[i].fields, 4);
		grants[i].added = !is_privilege(grants[i].fields[1]);
	}
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < count; i++) {
			if (grants[i].added || !is_ready(grants, count, &grants[i], properties->owner))
				continue;
			add_grant(plan, &grants[i], text_same(grants[i].fields[3], properties->owner));
			grants[i].added = more = true;
		}
	}
	for (size_t i = 0; i < count; i++)
		mem_free(grants[i].line);
}

static void add_rights(struct plan *plan, const struct properties *properties)
{
	AUTO(mem_auto) char *owner = db_identifier(plan->db, properties->owner ? properties->owner : "");
	if (properties->owner)
		list_addf(add_item(plan, mem_format("owner %s", properties->owner)), "ALTER DATABASE %s OWNER TO %s",
			plan->target, owner);
	if (properties->default_privileges)
		return;
	list_addf(add_item(plan, mem_copy("revoking the default privileges")), "REVOKE ALL ON DATABASE %s FROM PUBLIC",
		plan->target);
	if (properties->owner)
		list_addf(add_item(plan, mem_copy("revoking the owner's default privileges")),
			"REVOKE ALL ON DATABASE %s FROM %s", plan->target, owner);
	add_grants(plan, properties);
}

/* ---- settings ---- */

/* These hold a list of names, kept as `"$user", public`: as one literal it would become one name. */
static bool holds_names(const char *setting)
{
	static const char *const known[] = {"search_path", "temp_tablespaces", "local_preload_libraries",
		"session_preload_libraries"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcasecmp(setting, known[i]) == 0)
			return true;
	return false;
}

/* Each name of the list as a literal of its own; owned. */
static char *literals(struct db *db, const char *value)
{
	struct text out = TEXT_INIT;
	const char *at = value;
	while (*at) {
		AUTO(text_clear) struct text name = TEXT_INIT;
		text_add(&name, "");
		bool quoted = *at == '"';
		at += quoted;
		while (*at && (quoted ? *at != '"' || at[1] == '"' : *at != ',')) {
			at += quoted && *at == '"';
			text_add_bytes(&name, at++, 1);
		}
		at += quoted && *at;
		at += strspn(at, ", ");
		AUTO(mem_auto) char *literal = db_literal(db, name.data);
		text_add(&out, out.size ? ", " : "");
		text_add(&out, literal);
	}
	if (!out.size)
		text_add(&out, "''");
	return text_take(&out);
}

static void add_setting(struct plan *plan, const char *line)
{
	char *fields[3];
	AUTO(mem_auto) char *copy = mem_copy(line);
	split(copy, fields, 3);
	AUTO(mem_auto) char *name = db_identifier(plan->db, fields[1]);
	bool names = holds_names(fields[1]);
	AUTO(mem_auto) char *value = names ? literals(plan->db, fields[2]) : db_literal(plan->db, fields[2]);
	if (!*fields[0]) {
		list_addf(add_item(plan, mem_format("setting %s", fields[1])), "ALTER DATABASE %s SET %s = %s",
			plan->target, name, value);
		return;
	}
	AUTO(mem_auto) char *role = db_identifier(plan->db, fields[0]);
	list_addf(add_item(plan, mem_format("setting %s of role %s", fields[1], fields[0])),
		"ALTER ROLE %s IN DATABASE %s SET %s = %s", role, plan->target, name, value);
}

static void add_rest(struct plan *plan, const struct properties *properties)
{
	if (properties->connection_limit >= 0)
		list_addf(add_item(plan, mem_copy("connection limit")), "ALTER DATABASE %s CONNECTION LIMIT %" PRId64,
			plan->target, properties->connection_limit);
	if (properties->is_template)
		list_addf(add_item(plan, mem_copy("mark as template")), "ALTER DATABASE %s IS_TEMPLATE true",
			plan->target);
	for (size_t i = 0; i < properties->settings.count; i++)
		add_setting(plan, properties->settings.items[i]);
	const char *words = properties->comment;
	AUTO(mem_auto) char *comment = words ? db_literal(plan->db, words) : mem_copy("NULL");
	list_addf(add_item(plan, mem_copy("comment")), "COMMENT ON DATABASE %s IS %s", plan->target, comment);
}

/* ---- trying ---- */

static int try_item(bool *accepted, const struct item *item, struct db *db, struct list *notes, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	int rc = db_exec(db, "SAVEPOINT item", err);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < item->statements.count; i++)
		rc = db_exec(db, item->statements.items[i], &why);
	if (rc == ERROR_INTERRUPTED || rc == ERROR_UNREACHABLE)
		return error_move(err, &why);
	*accepted = rc == 0;
	if (!rc)
		return db_exec(db, "RELEASE SAVEPOINT item", err);
	list_addf(notes, "not carried over: %s (%s)", item->what, why.message);
	return db_exec(db, "ROLLBACK TO SAVEPOINT item; RELEASE SAVEPOINT item", err);
}

static int try_items(struct list *statements, struct list *notes, const struct plan *plan, struct error *err)
{
	int rc = db_exec(plan->db, "BEGIN", err);
	for (size_t i = 0; !rc && i < plan->count; i++) {
		bool accepted = false;
		rc = try_item(&accepted, &plan->items[i], plan->db, notes, err);
		if (!rc && accepted)
			list_add_all(statements, &plan->items[i].statements);
	}
	if (rc == ERROR_UNREACHABLE)
		return rc;
	AUTO(error_clear) struct error why = ERROR_INIT;
	int undone = db_exec(plan->db, "ROLLBACK", &why);
	return rc ? rc : undone ? error_move(err, &why) : 0;
}

int properties_plan(struct list *statements, struct list *notes, struct db *db, const char *dbname,
	const struct properties *properties, bool no_owner, struct error *err)
{
	AUTO(plan_clear) struct plan plan = {.db = db, .target = db_identifier(db, dbname)};
	if (!no_owner)
		add_rights(&plan, properties);
	add_rest(&plan, properties);
	int rc = try_items(statements, notes, &plan, err);
	return rc ? error_context(err, "planning what the database %s is to have", dbname) : 0;
}
