/* What a change of the database's version has to know, gathered once by work/facts and work/evidence, before
 * anything is decided. Plain values: the guard judges them, the plan shows them. All pointers are owned. */
#ifndef MODEL_FACTS_H
#define MODEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/manifest.h"
#include "model/version.h"

/* A session of somebody else. Texts are NULL where the server does not tell them to our role. */
struct session {
	int64_t pid;       /* 0: a prepared transaction, which has no session */
	char *user;
	char *client;      /* address, or "local" for a unix socket */
	char *application;
	char *state;       /* "idle", "active", "idle in transaction" */
	char *query;       /* its last statement, cut */
	char *since;       /* start of that statement, as the server prints it */
};
struct sessions {
	struct session *items;
	size_t count;
};

struct fact_table {
	char *name;        /* schema-qualified unless public */
	uint64_t bytes;    /* with indexes and TOAST */
	int64_t rows;      /* estimated; -1 unknown */
};

/* The snapshot that would bring the database back, and what is proven about it. */
struct evidence {
	char *skipped;     /* the reason given with --no-snapshot; then nothing below is filled */
	bool store_known;  /* a store is named */
	char *verified;    /* id of the snapshot that this run has written or read in full already; NULL */
	bool planned;      /* the run takes a snapshot of its own, once the services are stopped */
	bool found;        /* there is a whole snapshot of this database at this version */
	char *other;       /* what there is instead, in words, where none was found; NULL */
	char *id, *path;
	uint64_t size;
	time_t created;
	char *corrupt;     /* what verification found; NULL: it verified */
	bool fresh;
	char *how;         /* "nothing was written since"; NULL unless fresh */
	struct list differences; /* why it is not fresh, one sentence each */
	bool wants_proven; /* the setting upgrade_require says so */
	bool proven;       /* it was restored once, and compared */
	char *unproven;    /* what came of it when it was tried last and failed; NULL */
	bool proves;       /* the run restores and compares it by itself */
	double seconds;    /* that the last proof of a snapshot took; 0: there was none */
	long long max_age; /* seconds; 0: no limit */
};

struct facts {
	time_t now;
	char *database, *user, *host;
	char *server_version;
	struct identity identity;
	bool standby;                /* the server accepts no writes */
	struct version version;      /* of the one version row */
	char *service_version;       /* of the same row; NULL for SQL NULL */
	struct list catalog, other;  /* fact lines, see work/inspect.h */
	struct catalog_result shape; /* catalog against what version's catalog says */
	struct list guesses;         /* other versions whose catalog the schema fits */
	bool store_known;            /* a store is named; filled for a half-upgraded database only, as is back: */
	char *back;                  /* id of the newest snapshot whose schema is version's; NULL: none */
	struct fact_table *tables;   /* by name */
	size_t table_count;
	struct sessions services;    /* sessions that may be the engine's */
	bool stops;                  /* the run stops the services itself, and looks for their sessions again then */
	struct sessions prepared;    /* prepared transactions in this database; query holds their name */
	struct sessions holders;     /* of the engine's lock, where it is not ours */
	bool superuser;
	char *no_temporary;          /* the role that edges act as, if it may make no temporary tables; NULL: it may */
	struct list not_owned;       /* "catalog_image (owner engine)" */
	struct list not_allowed;     /* "create a table in schema public" */
	bool room_known;
	uint64_t room;               /* bytes that the server may still write */
	char *migrations, *commit;   /* folder or ref, commit or NULL */
	struct list dirty;           /* files that are not as committed */
	char *no_path;               /* why no edges lead to the target; NULL: they do */
	char *tools, *tools_remedy;  /* why the client programs would not do for a restore; NULL: they do */
	struct evidence evidence;
};

void facts_init(struct facts *facts);
void facts_clear(struct facts *facts);
void sessions_clear(struct sessions *sessions);
void evidence_clear(struct evidence *evidence);
const struct fact_table *facts_table(const struct facts *facts, const char *name);
/* "pid 4711, user engine, client 10.0.0.5, application gunicorn, idle since …", a prepared transaction by its name;
 * owned. */
char *session_text(const struct session *session);
/* All of them, the first few in full, joined by "; "; owned. */
char *sessions_text(const struct sessions *sessions);
/* Of a half-upgraded database: what it is, to follow "the database is "; and what leads out of it. Owned. */
char *facts_half(const struct facts *facts);
char *facts_half_remedy(const struct facts *facts);

#endif
