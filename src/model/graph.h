/* The graph of database versions, built from the files of one migrations folder. Nodes are versions
 * (V.sql, V.catalog, V.shapes), edges are files A--B.sql with A--B.locks. An edge may declare in comment lines at
 * its start what it loses and destroys; see sql/README.md. */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/catalog.h"
#include "model/version.h"

struct graph_file {
	const char *name; /* without folder */
	const char *text; /* NUL-terminated */
	size_t size;
};

struct loss {
	char *table;
	char *column;     /* NULL: rows of the table */
	char *condition;  /* SQL over the table's columns: only where it holds; NULL: all of them */
	char *recomputed; /* SQL expression over the table's columns that an upgrade would compute again; NULL: none */
};

struct graph_node {
	struct version version;
	char *sql; /* the fresh schema; NULL while only the catalog is there */
	bool has_catalog;
	struct catalog catalog;
};

struct graph_edge {
	struct version from, to;
	char *file; /* "0.0.6--0.0.7.sql" */
	char *sql;
	size_t size;
	char sha256[65]; /* of the file; filled by work/migrations */
	char *locks;     /* text of A--B.locks; NULL if there is none */
	/* Names of tables from the locks, in the order of the statements: written anew as a whole, read as a whole for
	 * an index, with rows inserted, updated or deleted. Empty where the locks are not known. */
	struct list rewritten, indexed, changed;
	struct loss *losses;
	size_t loss_count;
	struct list destroys; /* "column T.C: why", "rows T: why": what the edge back cannot give again */
};

struct graph {
	struct graph_node *nodes; /* by version, oldest first */
	size_t node_count;
	struct graph_edge *edges; /* by from, then to */
	size_t edge_count;
	struct graph_edge settle; /* settle.sql, before the first edge of any path; file NULL: there is none */
};

/* Never fails: what is wrong is added to problems, one sentence each, and left out of the graph. Files with other
 * names (README.md, releases, hidden ones) are not the graph's business. */
void graph_build(struct graph *out, struct list *problems, const struct graph_file *files, size_t count);
void graph_clear(struct graph *graph);

/* NULL if unknown. */
const struct graph_node *graph_node(const struct graph *graph, struct version version);
const struct graph_edge *graph_edge(const struct graph *graph, struct version from, struct version to);
/* The newest node; false for an empty graph. */
bool graph_newest(struct version *out, const struct graph *graph);

struct graph_path {
	const struct graph_edge **edges; /* borrowed from the graph; the array is owned */
	size_t count;                    /* 0: from equals to */
};
/* The fewest edges that all lead in the one direction. ERROR_USAGE for a version that is no node, ERROR_REFUSED if no
 * edges lead there; *out is untouched then. */
int graph_path(struct graph_path *out, const struct graph *graph, struct version from, struct version to,
	struct error *err);
void graph_path_clear(struct graph_path *path);

/* Compares a database's facts with a node's catalog, see catalog_compare(). A version that is no node, or has no
 * catalog, gives one blocking difference that says so. */
void graph_compare(struct catalog_result *out, const struct graph *graph, struct version version,
	const struct list *facts);
/* Adds the versions whose catalog the facts fit: what a database without a usable version row could be. */
void graph_guess(struct list *versions, const struct graph *graph, const struct list *facts);

/* What an item of a .locks file stands for. Two of its words are no mode of a lock, but say what was done under one. */
#define LOCK_REWRITE "Rewrite"
#define LOCK_INDEX "Index"
enum lock_kind {
	LOCK_IS_OTHER,   /* a lock, nothing more: waiting, if anything */
	LOCK_IS_CHANGE,  /* RowExclusiveLock: rows were inserted, updated or deleted, or would have been */
	LOCK_IS_REWRITE, /* the table's file was written anew */
	LOCK_IS_INDEX    /* an index of it was built */
};
enum lock_kind lock_kind(const char *item);
/* The table of "MODE TABLE"; borrowed, "" if there is none. */
const char *lock_table(const char *item);
/* Adds the items of "MODE TABLE, MODE TABLE". */
void lock_items(struct list *items, const char *text);
/* Fills the lists of edge from edge->locks. Called by graph_build(). */
void graph_read_locks(struct graph_edge *edge);

bool edge_goes_up(const struct graph_edge *edge);
/* Adds what an operator should know about the edge, at least one thing, each a verb and what it is done to: "loses
 * table events", "rewrites images", "changes a, b +3". room: bytes for what follows the verb; names that do not fit are
 * counted. A verb may come several times in a row. */
void edge_effects(struct list *out, const struct graph_edge *edge, size_t room);
/* Graphviz; owned. */
char *graph_dot(const struct graph *graph, const struct releases *releases);
/* The picture for operators, at most 100 columns wide: the line of versions with their releases, and what the edges
 * between them do; owned. */
char *graph_text(const struct graph *graph, const struct releases *releases);
/* "table events", "column catalog_image.analyzed_at", "rows images where size > 2147483647"; owned. */
char *loss_text(const struct loss *loss);
/* Reads the declarations at the start of edge->sql. Called by graph_build(). */
void graph_read_losses(struct graph_edge *edge, struct list *problems);
void graph_clear_losses(struct graph_edge *edge);
/* What the upgrades that the path goes back over destroyed; a line each, borrowed. Nothing for a path upwards. */
void graph_destroyed(struct list *out, const struct graph *graph, const struct graph_path *path);

#endif
