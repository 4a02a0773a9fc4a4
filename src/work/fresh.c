#include "work/fresh.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"

static bool has_schema(const struct migrations *migrations, struct version database)
{
	const struct graph_node *node = graph_node(&migrations->graph, database);
	return node && node->sql;
}

static int refuse(const struct migrations *migrations, struct version release, struct version database,
	struct error *err)
{
	AUTO(list_clear) struct list known = LIST_INIT;
	for (size_t i = 0; i < migrations->releases.count; i++)
		if (has_schema(migrations, migrations->releases.items[i].database))
			list_add(&known, VERSION_TEXT(migrations->releases.items[i].release));
	AUTO(mem_auto) char *all = list_join(&known, ", ");
	error_set(err, ERROR_REFUSED,
		"release %s needs database version %s, and %s has no schema %s.sql to make it from",
		VERSION_TEXT(release), VERSION_TEXT(database), migrations->path, VERSION_TEXT(database));
	return error_hint(err, "choose one of these with `--engine RELEASE`: %s", known.count ? all : "(none)");
}

int fresh_choose(struct version *release, struct version *database, const struct migrations *migrations,
	const char *typed, struct error *err)
{
	struct version chosen, needs;
	if (typed) {
		int rc = migrations_target(&needs, &chosen, migrations, typed, err);
		if (rc)
			return rc;
		if (!has_schema(migrations, needs))
			return refuse(migrations, chosen, needs, err);
	} else {
		size_t i = migrations->releases.count;
		while (i > 0 && !has_schema(migrations, migrations->releases.items[i - 1].database))
			i--;
		if (i == 0)
			return error_set(err, ERROR_REFUSED, "%s has no schema of any release", migrations->path);
		chosen = migrations->releases.items[i - 1].release;
		needs = migrations->releases.items[i - 1].database;
	}
	*release = chosen;
	*database = needs;
	return 0;
}

int fresh_create(struct db *db, const struct migrations *migrations, struct version release, struct version database,
	struct error *err)
{
	static const char row[] =
		"INSERT INTO public.anchore (service_version, db_version, created_at, last_updated, record_state_key)\n"
		"VALUES ($1, $2, $3::integer, $3::integer, 'active')";
	AUTO(mem_auto) char *now = mem_format("%lld", (long long)clock_now());
	AUTO(db_result_auto) struct db_result *result = NULL;
	int rc = db_exec(db, "BEGIN; SET LOCAL search_path = public", err);
	if (!rc)
		rc = db_exec(db, graph_node(&migrations->graph, database)->sql, err);
	if (!rc)
		rc = DB_QUERY(&result, db, row, err, VERSION_TEXT(release), VERSION_TEXT(database), now);
	if (!rc)
		rc = fault_point("fresh-commit", err);
	return rc ? rc : db_exec(db, "COMMIT", err);
}
