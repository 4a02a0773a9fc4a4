/* The settings of the reference service, and what its parts share. See reference-service.c for what the program is. */
#ifndef REFERENCE_SERVICE_H
#define REFERENCE_SERVICE_H

#include <stdbool.h>

/* What it was told: --name or REFERENCE_NAME and so on. Strings live as long as the program. */
struct service {
	const char *name;      /* "catalog" */
	const char *database;  /* libpq's connection string or URI; what it leaves out comes from PG* and passfile */
	const char *listen;    /* "127.0.0.1:8082"; port 0: any */
	const char *host;      /* host id, first half of the key in the table `services` */
	const char *url;       /* base URL that it registers; else made from where it listens */
	const char *release;   /* "0.2.4" */
	const char *needs;     /* database version, "0.0.7" */
	double heartbeat;      /* seconds between two */
	/* How it misbehaves, for tests. */
	bool ignore_term;      /* SIGTERM is ignored */
	bool unhealthy;        /* never healthy */
	bool no_answer;        /* takes connections and never answers */
	double exit_after;     /* dies after so many seconds, exit status 3; below 0: does not */
	const char *fork;      /* "worker": a child that ignores SIGTERM; "daemon": goes on in a child; NULL: none */
};

/* Seconds of a clock that only goes forward. */
double now(void);
/* One line on stdout, which the supervisor marks with the service's name. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* One sentence on stderr, and exit status 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
