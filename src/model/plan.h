/* The plan: the ordered steps of one change of the database's version. What prints itself here is what
 * work/migrate executes: the same statements, in the same order. Pure; work/change fills it. */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "model/facts.h"
#include "model/graph.h"
#include "model/version.h"

struct plan_statement {
	char *sql;         /* without its semicolon */
	char *title;       /* "ALTER TABLE catalog_image": what progress shows */
	size_t line;       /* of its first word in the file */
	struct list locks; /* "AccessExclusiveLock catalog_image", from the edge's .locks file: see enum lock_kind */
};

struct plan_edge {
	struct version from, to;
	char *file;
	char sha256[65];
	struct plan_statement *statements;
	size_t count;
	bool locks_known;  /* there is a .locks file */
};

/* What a down edge, or a swap, would lose; only with rows > 0. */
struct plan_loss {
	char *what;        /* as loss_text() */
	uint64_t rows;
};

struct plan {
	const char *command;       /* "upgrade" or "downgrade"; not owned */
	struct version from, to;
	struct version release;    /* of the engine, to start afterwards */
	bool release_known;
	struct plan_edge *edges;
	size_t edge_count;
	struct list tables;        /* names that its statements lock, sorted */
	uint64_t room;             /* bytes that it may write, estimated from the sizes of the tables it writes to */
	struct plan_loss *losses;
	size_t loss_count;
	struct list destroyed;     /* "rows T: why": by this upgrade, or by those that this downgrade goes back over */
	struct list services;      /* what happens to the engine's services, a line a step; empty: nothing does */
};

void plan_init(struct plan *plan, const char *command);
void plan_clear(struct plan *plan);
struct plan_edge *plan_add_edge(struct plan *plan, const struct graph_edge *edge);
/* settle.sql as a step that stays at the plan's first version. */
struct plan_edge *plan_add_settle(struct plan *plan, const struct graph_edge *settle);
/* Adds a statement; takes ownership of both strings. */
void plan_add_statement(struct plan_edge *edge, char *sql, char *title, size_t line);
/* Reads the edge's .locks (text may be NULL): a line for each statement, `LINE<TAB>MODE TABLE, MODE TABLE`. */
void plan_add_locks(struct plan_edge *edge, const char *locks);
void plan_add_loss(struct plan *plan, char *what, uint64_t rows);
/* Once all edges are in: the tables that are touched, and the room. */
void plan_finish(struct plan *plan, const struct facts *facts);

struct refusals;
/* For people: all of it, with the evidence and the refusals; owned. */
char *plan_text(const struct plan *plan, const struct facts *facts, const struct refusals *refusals);
/* The SQL itself, a comment line before each edge; owned. */
char *plan_sql(const struct plan *plan);
/* "32 rows of table events, 2 values of column catalog_image.analyzed_at", "1 row of images where …"; owned. */
char *plan_losses(const struct plan *plan);

#endif
