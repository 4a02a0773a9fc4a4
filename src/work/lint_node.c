#include "work/lint_node.h"

#include "base/mem.h"
#include "work/inspect.h"

/* settle.sql in a transaction that is rolled back; *said: what the server has against it, NULL if nothing. */
static int try_settle(char **said, struct list *after, struct db *db, const struct graph *graph, struct error *err)
{
	AUTO(error_clear) struct error failure = ERROR_INIT;
	int code = db_exec(db, "BEGIN; SET LOCAL search_path TO public", err);
	if (code)
		return code;
	code = db_exec(db, graph->settle.sql, &failure);
	if (code == ERROR_FAILED)
		*said = mem_copy(failure.message);
	else if (code)
		return error_move(err, &failure);
	else
		code = inspect_catalog(after, db, err);
	if (code && !*said)
		return code;
	return db_exec(db, "ROLLBACK", err);
}

int lint_settle(struct list *problems, struct db *db, const struct graph *graph, const struct graph_node *node,
	struct error *err)
{
	AUTO(list_clear) struct list before = LIST_INIT, after = LIST_INIT;
	AUTO(mem_auto) char *said = NULL;
	if (!graph->settle.file)
		return 0;
	int code = inspect_catalog(&before, db, err);
	if (!code)
		code = try_settle(&said, &after, db, graph, err);
	if (code)
		return code;
	AUTO(mem_auto) char *was = list_join(&before, "\n");
	AUTO(mem_auto) char *is = list_join(&after, "\n");
	if (said)
		list_addf(problems, "%s fails on a new database of version %s: %s", graph->settle.file,
			VERSION_TEXT(node->version), said);
	else if (!text_same(was, is))
		list_addf(problems, "%s changes a new database of version %s", graph->settle.file,
			VERSION_TEXT(node->version));
	return 0;
}

int lint_losses(struct list *problems, struct db *db, const struct graph *graph, const struct graph_node *node,
	struct error *err)
{
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		bool on_the_way = version_compare(edge->to, edge->from) < 0 &&
			version_compare(edge->from, node->version) <= 0;
		for (size_t k = 0; on_the_way && k < edge->loss_count; k++) {
			AUTO(error_clear) struct error failure = ERROR_INIT;
			uint64_t lost;
			int code = inspect_loss(&lost, db, &edge->losses[k], &failure);
			if (code && code != ERROR_FAILED)
				return error_move(err, &failure);
			AUTO(mem_auto) char *what = code ? loss_text(&edge->losses[k]) : NULL;
			if (code)
				list_addf(problems, "%s: the loss of %s cannot be counted at version %s: %s",
					edge->file, what, VERSION_TEXT(node->version), failure.message);
		}
	}
	return 0;
}
