/* Two of graph lint's proofs on a scratch database that has a version's fresh schema. Problems are added, one sentence
 * each; an error is one of the server or the connection. */
#ifndef WORK_LINT_NODE_H
#define WORK_LINT_NODE_H

#include "base/error.h"
#include "base/text.h"
#include "io/db.h"
#include "model/graph.h"

/* settle.sql has nothing to do on a fresh schema: it leaves every fact as it is. */
int lint_settle(struct list *problems, struct db *db, const struct graph *graph, const struct graph_node *node,
	struct error *err);
/* What the edges down from this version and older ones declare as lost can be counted here: a plan counts the losses of
 * its whole path before the first edge runs. */
int lint_losses(struct list *problems, struct db *db, const struct graph *graph, const struct graph_node *node,
	struct error *err);

#endif
