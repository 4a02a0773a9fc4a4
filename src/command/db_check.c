/* db check: how the schema differs from what its version's catalog says, and the SQL that brings it into line. */
#include "base/mem.h"
#include "command/command.h"
#include "model/repair.h"
#include "work/facts.h"
#include "work/inspect.h"

/* ---- JSON ---- */

static json_t *difference_json(const struct difference *difference)
{
	json_t *json = json_object();
	json_put(json, "class", difference_class_name(difference->class));
	json_put(json, "what", difference->words);
	json_put(json, "expected", difference->wanted);
	json_put(json, "found", difference->found);
	json_put(json, "shape", difference->shape);
	json_put(json, "of_version", difference->of);
	return json;
}

static json_t *shapes_json(const struct catalog_result *shape)
{
	json_t *array = json_array();
	for (size_t i = 0; i < shape->shapes.count; i++) {
		json_t *json = json_object();
		json_put(json, "name", shape->shapes.items[i]);
		json_put(json, "reason", shape->reasons.items[i]);
		json_array_append_new(array, json);
	}
	return array;
}

/* NULL, which is null, for a database that is not half upgraded. */
static json_t *half_json(const struct facts *facts)
{
	if (!facts->shape.half_upgraded)
		return json_null();
	json_t *json = json_object();
	json_put(json, "first", VERSION_TEXT(facts->shape.first));
	json_put(json, "last", VERSION_TEXT(facts->shape.last));
	json_put(json, "snapshot", facts->back);
	return json;
}

static json_t *repair_json(const struct repair *repair)
{
	json_t *array = json_array();
	for (size_t i = 0; i < repair->count; i++) {
		json_t *json = json_object();
		json_put(json, "sql", repair->items[i].sql);
		json_put(json, "note", repair->items[i].note);
		json_put_flag(json, "destroys", repair->items[i].destroys);
		json_array_append_new(array, json);
	}
	return array;
}

static void answer(struct run *run, const struct facts *facts, const struct repair *repair)
{
	const struct catalog_result *shape = &facts->shape;
	AUTO(mem_auto) char *name = shape->blocking.count ? NULL : catalog_result_shape(shape);
	AUTO(json_auto) json_t *json = json_object();
	json_t *differences = json_array();
	for (size_t i = 0; i < shape->count; i++)
		json_array_append_new(differences, difference_json(&shape->items[i]));
	json_put(json, "database", facts->database);
	json_put(json, "db_version", VERSION_TEXT(facts->version));
	json_put_flag(json, "fits", !shape->blocking.count);
	json_put(json, "shape", name);
	json_put_value(json, "shapes", shapes_json(shape));
	json_put_value(json, "differences", differences);
	json_put_value(json, "blocking", json_from_list(&shape->blocking));
	json_put_value(json, "harmless", json_from_list(&shape->harmless));
	json_put_value(json, "half_upgraded", half_json(facts));
	json_put_value(json, "could_be", json_from_list(&facts->guesses));
	json_put_value(json, "repair", repair_json(repair));
	run_answer(run, json);
}

/* ---- text ---- */

static void print_lines(const struct run *run, const char *title, const struct list *lines)
{
	if (lines->count)
		run_print(run, "%s\n", title);
	for (size_t i = 0; i < lines->count; i++)
		run_print(run, "  %s\n", lines->items[i]);
}

static void print_history(const struct run *run, const struct catalog_result *shape)
{
	if (shape->shapes.count)
		run_print(run, "These are harmless history, which the next upgrade or downgrade brings into line where "
			"no data is lost by it:\n");
	for (size_t i = 0; i < shape->shapes.count; i++) {
		run_print(run, "  %s%s%s\n", shape->shapes.items[i], *shape->reasons.items[i] ? ": " : "",
			shape->reasons.items[i]);
		for (size_t j = 0; j < shape->count; j++)
			if (text_same(shape->items[j].shape, shape->shapes.items[i]))
				run_print(run, "    %s\n", shape->items[j].words);
	}
}

static void print_repair(const struct run *run, const struct repair *repair)
{
	if (!repair->count)
		return;
	size_t destroying = 0;
	for (size_t i = 0; i < repair->count; i++)
		destroying += repair->items[i].destroys;
	AUTO(mem_auto) char *script = repair_script(repair);
	run_print(run, "%s%s\n\n%s\n", destroying == repair->count ? "Nothing of it has to be repaired." :
		"This SQL, for psql and the role that owns the engine's tables, brings the schema into line. It keeps "
		"every row, or stops and changes nothing.", destroying ?
		" What may lose data is commented out, for you to decide." : "", script);
}

static void print_check(struct run *run, const struct facts *facts, const struct repair *repair)
{
	const struct catalog_result *shape = &facts->shape;
	print_lines(run, "These differences block an upgrade:", &shape->blocking);
	print_history(run, shape);
	print_lines(run, "These are harmless, and left alone:", &shape->harmless);
	print_repair(run, repair);
	AUTO(mem_auto) char *name = shape->blocking.count ? NULL : catalog_result_shape(shape);
	if (name)
		run_print(run, "Database %s is as version %s has it (shape: %s).\n", facts->database,
			VERSION_TEXT(facts->version), name);
}

/* ---- the command ---- */

/* A schema that is wholly another version's needs its data changed too, and not the SQL that bends it back. */
static int find_repair(struct repair *repair, const struct facts *facts, const struct graph *graph, struct db *db,
	struct error *err)
{
	AUTO(fact_names_clear) struct fact_names names = {NULL, 0};
	const struct graph_node *node = graph_node(graph, facts->version);
	if (!node || !node->has_catalog || facts->guesses.count)
		return 0;
	int rc = inspect_names(&names, db, err);
	if (!rc)
		repair_build(repair, &node->catalog, &facts->shape, &facts->catalog, &names, node->sql);
	return rc;
}

static int refuse(const struct facts *facts, const struct repair *repair, struct error *err)
{
	if (facts->shape.half_upgraded) {
		AUTO(mem_auto) char *half = facts_half(facts);
		AUTO(mem_auto) char *remedy = facts_half_remedy(facts);
		error_set(err, ERROR_REFUSED, "database \"%s\" is %s", facts->database, half);
		return error_hint(err, "%s", remedy);
	}
	AUTO(mem_auto) char *count = text_plural(facts->shape.blocking.count, "difference");
	AUTO(mem_auto) char *guesses = list_join(&facts->guesses, " or ");
	error_set(err, ERROR_REFUSED, "database \"%s\" is not what version %s has: %s%s%s", facts->database,
		VERSION_TEXT(facts->version), count, *guesses ? "; its schema fits version " : "", guesses);
	return error_hint(err, "%sgo back to a good state with `anchore-admin restore latest:%s`",
		repair->count ? "repair it with the SQL above, or " : "", VERSION_TEXT(facts->version));
}

int command_db_check(struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {.path = NULL};
	AUTO(db_auto) struct db *db = NULL;
	AUTO(facts_clear) struct facts facts;
	AUTO(repair_clear) struct repair repair = {NULL, 0};
	facts_init(&facts);
	int rc = migrations_open(&migrations, run, err);
	if (!rc)
		rc = run_connect(&db, run, NULL, err);
	if (!rc)
		rc = facts_gather(&facts, run, db, &migrations, err);
	if (!rc)
		rc = find_repair(&repair, &facts, &migrations.graph, db, err);
	if (rc)
		return rc;
	answer(run, &facts, &repair);
	print_check(run, &facts, &repair);
	return facts.shape.blocking.count ? refuse(&facts, &repair, err) : 0;
}
