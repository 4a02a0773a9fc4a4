#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "io/json.h"
#include "work/inspect.h"
#include "work/lint.h"
#include "work/migrations.h"

static void put_version(json_t *object, const char *key, struct version version)
{
	json_put(object, key, VERSION_TEXT(version));
}

/* null where nobody has seen what the edge does. */
static void put_tables(json_t *object, const char *key, const struct graph_edge *edge, const struct list *tables)
{
	json_put_value(object, key, edge->locks ? json_from_list(tables) : json_null());
}

static json_t *edge_to_json(const struct graph_edge *edge)
{
	json_t *object = json_object(), *losses = json_array();
	put_version(object, "from", edge->from);
	put_version(object, "to", edge->to);
	json_put(object, "file", edge->file);
	json_put(object, "sha256", edge->sha256);
	for (size_t i = 0; i < edge->loss_count; i++) {
		AUTO(mem_auto) char *what = loss_text(&edge->losses[i]);
		json_add(losses, what);
	}
	json_put_value(object, "loses", losses);
	json_put_value(object, "destroys", json_from_list(&edge->destroys));
	put_tables(object, "rewrites", edge, &edge->rewritten);
	put_tables(object, "indexes", edge, &edge->indexed);
	put_tables(object, "changes", edge, &edge->changed);
	return object;
}

static json_t *node_to_json(const struct graph_node *node, const struct releases *releases)
{
	json_t *object = json_object(), *names = json_array(), *shapes = json_array();
	put_version(object, "version", node->version);
	for (size_t i = 0; i < releases->count; i++)
		if (version_same(releases->items[i].database, node->version))
			json_add(names, VERSION_TEXT(releases->items[i].release));
	json_put_value(object, "releases", names);
	for (size_t i = 0; i < node->catalog.shape_count; i++)
		json_add(shapes, node->catalog.shapes[i].name);
	json_put_value(object, "shapes", shapes);
	return object;
}

static void put_source(json_t *object, const struct migrations *migrations)
{
	json_put(object, "path", migrations->path);
	json_put(object, "ref", migrations->ref);
	json_put(object, "commit", migrations->commit);
	json_put_value(object, "uncommitted", json_from_list(&migrations->dirty));
}

static json_t *settle_to_json(const struct graph_edge *settle)
{
	if (!settle->file)
		return json_null();
	json_t *object = json_object();
	json_put(object, "file", settle->file);
	json_put(object, "sha256", settle->sha256);
	return object;
}

static json_t *migrations_to_json(const struct migrations *migrations)
{
	json_t *object = json_object(), *nodes = json_array(), *edges = json_array();
	put_source(object, migrations);
	for (size_t i = 0; i < migrations->graph.node_count; i++)
		json_array_append_new(nodes, node_to_json(&migrations->graph.nodes[i], &migrations->releases));
	for (size_t i = 0; i < migrations->graph.edge_count; i++)
		json_array_append_new(edges, edge_to_json(&migrations->graph.edges[i]));
	json_put_value(object, "settle", settle_to_json(&migrations->graph.settle));
	json_put_value(object, "versions", nodes);
	json_put_value(object, "edges", edges);
	return object;
}

static void print_source(const struct run *run, const struct migrations *migrations)
{
	const char *none = migrations->dirty.count ? ", in a git work tree without a commit" :
		", not in a git work tree";
	run_print(run, "%s%s%s%s%s\n", migrations->path, migrations->ref ? " at " : "",
		migrations->ref ? migrations->ref : "", migrations->commit ? ", commit " : none,
		migrations->commit ? migrations->commit : "");
	for (size_t i = 0; i < migrations->dirty.count; i++)
		run_print(run, "    not as committed: %s\n", migrations->dirty.items[i]);
}

int command_graph_show(struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {0};
	int code = migrations_read(&migrations, run, err);
	if (code)
		return code;
	bool dot = settings_flag(&run->settings, OPTION_DOT);
	AUTO(mem_auto) char *text = dot ? graph_dot(&migrations.graph, &migrations.releases) :
		graph_text(&migrations.graph, &migrations.releases);
	if (!dot)
		print_source(run, &migrations);
	run_print(run, "%s", text);
	AUTO(json_auto) json_t *answer = migrations_to_json(&migrations);
	if (dot)
		json_put(answer, "dot", text);
	run_answer(run, answer);
	/* A graph with a hole is drawn all the same, to show where it is. */
	return migrations_check(&migrations, err);
}

/* The version that the deployment's database has now. */
static int current_version(struct version *out, struct run *run, struct error *err)
{
	AUTO(db_auto) struct db *db = NULL;
	AUTO(engine_version_clear) struct engine_version found = {VERSION_NO_TABLE, 0, NULL, NULL};
	int code = run_connect(&db, run, NULL, err);
	if (!code)
		code = inspect_version(&found, db, err);
	if (code) {
		error_context(err, "reading where the way starts");
		return error_hint(err, "name both ends: `anchore-admin graph path FROM TO`");
	}
	if (found.state == VERSION_ONE && version_parse(out, found.db_version))
		return 0;
	error_set(err, ERROR_REFUSED, "database %s does not say which version it has", db_name(db));
	return error_hint(err, "type `anchore-admin db status` for what it is, or name both ends: "
		"`anchore-admin graph path FROM TO`");
}

static int find_ends(struct version *from, struct version *to, struct run *run, const struct migrations *migrations,
	struct error *err)
{
	const struct list *arguments = &run->arguments;
	int code = migrations_target(to, NULL, migrations, arguments->items[arguments->count - 1], err);
	if (code)
		return code;
	if (arguments->count == 2)
		return migrations_target(from, NULL, migrations, arguments->items[0], err);
	return current_version(from, run, err);
}

int command_graph_path(struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {0};
	AUTO(graph_path_clear) struct graph_path path = {NULL, 0};
	struct version from, to;
	int code = migrations_open(&migrations, run, err);
	if (!code)
		code = find_ends(&from, &to, run, &migrations, err);
	if (!code)
		code = graph_path(&path, &migrations.graph, from, to, err);
	if (code)
		return code;
	AUTO(json_auto) json_t *answer = json_object();
	json_t *edges = json_array();
	put_source(answer, &migrations);
	put_version(answer, "from", from);
	put_version(answer, "to", to);
	if (!path.count)
		run_print(run, "%s is where it starts: nothing to do\n", VERSION_TEXT(to));
	for (size_t i = 0; i < path.count; i++) {
		const struct graph_edge *edge = path.edges[i];
		run_print(run, "%s -> %s  %s\n", VERSION_TEXT(edge->from), VERSION_TEXT(edge->to), edge->file);
		for (size_t k = 0; k < edge->loss_count; k++) {
			AUTO(mem_auto) char *what = loss_text(&edge->losses[k]);
			run_print(run, "    loses %s\n", what);
		}
		json_array_append_new(edges, edge_to_json(edge));
	}
	json_put_value(answer, "edges", edges);
	run_answer(run, answer);
	return 0;
}

/* The proof needs a database; without one that is named the files alone are checked. */
static int prove(struct list *problems, struct list *written, bool *proven, const struct migrations *migrations,
	struct run *run, struct error *err)
{
	bool write = settings_flag(&run->settings, OPTION_WRITE);
	AUTO(error_clear) struct error unnamed = ERROR_INIT;
	int code = run_resolve_database(run, &unnamed);
	if (code == ERROR_USAGE && !write && !run->conninfo) {
		log_note("checked the files alone: %s", unnamed.message);
		return 0;
	}
	if (code)
		return error_move(err, &unnamed);
	*proven = true;
	return lint_proof(problems, written, migrations, run, write, err);
}

int command_graph_lint(struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {0};
	AUTO(list_clear) struct list problems = LIST_INIT, written = LIST_INIT;
	bool proven = false;
	int code = migrations_read(&migrations, run, err);
	if (code)
		return code;
	lint_files(&problems, &migrations);
	code = prove(&problems, &written, &proven, &migrations, run, err);
	if (code)
		return code;
	for (size_t i = 0; i < written.count; i++)
		run_print(run, "wrote %s\n", written.items[i]);
	for (size_t i = 0; i < problems.count; i++)
		run_print(run, "%s\n", problems.items[i]);
	AUTO(json_auto) json_t *answer = json_object();
	put_source(answer, &migrations);
	json_put_flag(answer, "proven", proven);
	json_put_value(answer, "written", json_from_list(&written));
	json_put_value(answer, "problems", json_from_list(&problems));
	run_answer(run, answer);
	AUTO(mem_auto) char *count = text_plural(problems.count, "problem");
	if (problems.count) {
		error_set(err, ERROR_FAILED, "%s in the SQL files of %s", count, migrations.path);
		return error_hint(err, "%s",
			"mend the files that are named above, then type `anchore-admin graph lint` again");
	}
	run_print(run, "%s: %zu versions, %zu edges, no problem%s\n", migrations.path, migrations.graph.node_count,
		migrations.graph.edge_count, proven ? ", proven on a scratch database" : "");
	return 0;
}
