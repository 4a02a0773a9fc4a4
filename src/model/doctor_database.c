/* Judging of what was found in the database. */
#include "base/mem.h"
#include "model/doctor.h"

static void judge_schema(struct findings *out, const struct facts *facts)
{
	const struct list *blocking = &facts->shape.blocking;
	if (facts->shape.half_upgraded) {
		AUTO(mem_auto) char *half = facts_half(facts);
		findings_add(out, "catalog", FINDING_PROBLEM, mem_format("the database is %s", half),
			facts_half_remedy(facts));
		return;
	}
	AUTO(mem_auto) char *differences = text_plural(blocking->count, "difference");
	if (blocking->count)
		findings_add(out, "catalog", FINDING_PROBLEM,
			mem_format("the schema is not that of version %s: %s, the first: %s",
				VERSION_TEXT(facts->version), differences, blocking->items[0]),
			mem_copy("see all of them, and the SQL that repairs them, with `anchore-admin db check`"));
	else
		findings_add(out, "catalog", FINDING_OK, mem_format("the schema is what version %s has",
			VERSION_TEXT(facts->version)), NULL);
}

void doctor_database(struct findings *out, const struct facts *facts)
{
	findings_add(out, "version", FINDING_OK, mem_format("database \"%s\" is at version %s",
		facts->database, VERSION_TEXT(facts->version)), NULL);
	judge_schema(out, facts);
	if (facts->standby)
		findings_add(out, "database", FINDING_PROBLEM,
			mem_copy("the server accepts no writes: it is a standby, "
			"or read-only"), mem_copy("name the primary server with the setting `database`"));
	for (size_t i = 0; i < facts->prepared.count; i++)
		findings_add(out, "database", FINDING_PROBLEM,
			mem_format("the prepared transaction '%s' of user %s is not finished, and stands in the way of "
				"every change", facts->prepared.items[i].query, facts->prepared.items[i].user),
			mem_format("finish it with COMMIT PREPARED '%s' or ROLLBACK PREPARED '%s'",
				facts->prepared.items[i].query, facts->prepared.items[i].query));
	AUTO(mem_auto) char *holders = sessions_text(&facts->holders);
	if (facts->holders.count)
		findings_add(out, "database", FINDING_NOTE, mem_format("the engine's lock is held by %s", holders),
			NULL);
}

void doctor_rights(struct findings *out, const struct facts *facts, bool createdb)
{
	size_t before = out->count;
	if (!createdb)
		findings_add(out, "rights", FINDING_PROBLEM,
			mem_format("role \"%s\" may not create databases, so that nothing can be restored",
			facts->user),
			mem_format("as a superuser of the server: `ALTER ROLE \"%s\" CREATEDB`", facts->user));
	if (!facts->superuser && facts->not_owned.count) {
		AUTO(mem_auto) char *relations = text_plural(facts->not_owned.count, "relation");
		findings_add(out, "rights", FINDING_PROBLEM,
			mem_format("role \"%s\" does not own %s: %s", facts->user, relations,
			facts->not_owned.items[0]),
			mem_copy("connect as the role that owns the engine's tables, with the setting `database`"));
	}
	if (!facts->superuser && facts->not_allowed.count) {
		AUTO(mem_auto) char *what = list_join(&facts->not_allowed, " and may not ");
		findings_add(out, "rights", FINDING_PROBLEM, mem_format("role \"%s\" may not %s", facts->user, what),
			mem_format("connect as the owner of the database, or GRANT CREATE to \"%s\"", facts->user));
	}
	if (facts->no_temporary)
		findings_add(out, "rights", FINDING_PROBLEM,
			mem_format("role \"%s\" may make no temporary tables, which some upgrades need",
				facts->no_temporary),
			mem_format("`GRANT TEMPORARY ON DATABASE \"%s\" TO \"%s\"`", facts->database,
				facts->no_temporary));
	if (out->count == before)
		findings_add(out, "rights", FINDING_OK, mem_format("role \"%s\" may back up, upgrade and restore",
			facts->user), NULL);
}
