/* A PostgreSQL server of the deployment's own: data folder, unix socket, no TCP, passwords by SCRAM. It runs as the
 * user postgres when root starts it, else as whoever does. Its settings: `embedded` (the name), embedded_data,
 * embedded_socket; its passwords are in the file `passfile` beside the settings file.
 *
 * Roles: postgres, the superuser; anchore, the deployment's: CREATEDB, pg_monitor, owner of the database anchore. */
#ifndef WORK_EMBEDDED_H
#define WORK_EMBEDDED_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/settings.h"

#define EMBEDDED_DATABASE "anchore"
#define EMBEDDED_ROLE "anchore"
enum { EMBEDDED_PORT = 5433 }; /* only the socket's name: never 5432, which is the system's own server's */

struct embedded {
	char *name;
	char *data;     /* folder of the data */
	char *socket;   /* folder of the socket */
	char *passfile;
	char *settings; /* the settings file, which makes a deployment whole */
	char *bindir;   /* of pg_ctl and initdb */
	const char *user; /* who runs the server; NULL: we ourselves */
};

/* From the settings. Does not look whether the server is there, but finds its programs. ERROR_USAGE unless the settings
 * name an embedded server, ERROR_REFUSED without programs. */
int embedded_open(struct embedded *out, const struct settings *settings, struct error *err);
void embedded_clear(struct embedded *embedded);

/* libpq string for the role, owned, to be shown: without a password, which the passfile has. */
char *embedded_conninfo(const struct embedded *embedded, const char *role, const char *dbname);
/* The same to connect with: holds the password, so that no PG* variable of the caller's counts. */
int embedded_connection(char **conninfo, const struct embedded *embedded, const char *role, const char *dbname,
	struct error *err);

/* Makes data, passfile and roles and leaves the server running; with database the empty database too. A failure
 * removes again what was made. ERROR_REFUSED if there is one of that name. Until embedded_finish(), to be called when
 * the settings file is written, the server counts as half made: without that file the next embedded_create() begins
 * anew. */
int embedded_create(const struct embedded *embedded, bool database, struct error *err);
int embedded_finish(const struct embedded *embedded, struct error *err);
/* Stops it and removes data, socket and passfile. */
int embedded_destroy(const struct embedded *embedded, struct error *err);
/* Starts the server unless it runs; waits until it answers. *started (may be NULL): it did not run before. What a
 * crash left behind does not matter. */
int embedded_start(const struct embedded *embedded, bool *started, struct error *err);
/* Stops it, ending its sessions; *stopped (may be NULL): it ran. */
int embedded_stop(const struct embedded *embedded, bool *stopped, struct error *err);
/* Does it accept connections? *pid (may be NULL): of the server. */
bool embedded_running(const struct embedded *embedded, pid_t *pid);

/* For embedded_create(): a folder, or a file, of the user who runs the server. */
#define EMBEDDED_CONF "anchore-admin.conf"
int embedded_make_folder(const struct embedded *embedded, const char *path, mode_t mode, struct error *err);
int embedded_give(const struct embedded *embedded, const char *path, struct error *err);

#endif
