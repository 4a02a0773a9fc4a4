/* Settings: one table of options makes the parser, the environment, the file's keys and the help.
 *
 * A value comes from the command line, else from ANCHORE_ADMIN_<NAME>, else from the settings file, else
 * from the table's default. Calling order: settings_init(), settings_set() for each source from the strongest
 * to the weakest (a value that is already set by a stronger source stays), then the getters. */
#ifndef MODEL_SETTINGS_H
#define MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum option {
	/* where the deployment is; also keys of the settings file, with _ for - */
	OPTION_CONFIG,               /* --config FILE (no file key) */
	OPTION_DATABASE,             /* --database CONNINFO|URL */
	OPTION_ENGINE_CONFIG,        /* --engine-config FILE: the engine's own config.yaml */
	OPTION_EMBEDDED,             /* --embedded[=NAME] (init only); file key `embedded: NAME` */
	OPTION_EMBEDDED_DATA,        /* --embedded-data DIR, default /var/lib/anchore-admin/NAME */
	OPTION_EMBEDDED_SOCKET,      /* --embedded-socket DIR, default /run/anchore-admin/NAME */
	OPTION_STORE,                /* --store DIR */
	OPTION_MIGRATIONS,           /* --migrations DIR */
	OPTION_MIGRATIONS_REF,       /* --migrations-ref REF */
	OPTION_ENGINE,               /* --engine RELEASE */
	OPTION_MAINTENANCE_DATABASE, /* --maintenance-database NAME */
	OPTION_PG_BINDIR,            /* --pg-bindir DIR */
	OPTION_JOBS,                 /* --jobs N, default: the cores, at most 64 */
	OPTION_COMPRESS,             /* --compress zstd:LEVEL, default zstd:1 */
	OPTION_LOCK_TIMEOUT,         /* --lock-timeout SECONDS, default 5 */
	OPTION_SNAPSHOT_MAX_AGE,     /* --snapshot-max-age DURATION ("24h", "7d"); empty: no limit */
	/* unattended */
	OPTION_KEEP_LAST,            /* --keep-last N, file also `keep: {last: N}` */
	OPTION_KEEP_HOURLY,
	OPTION_KEEP_DAILY,
	OPTION_KEEP_WEEKLY,
	OPTION_KEEP_MONTHLY,
	OPTION_KEEP_YEARLY,
	OPTION_KEEP_WITHIN,          /* --keep-within DURATION */
	OPTION_KEEP_DATABASES,       /* --keep-databases DURATION, of those that a restore put aside */
	OPTION_UPGRADE_REQUIRE,      /* --upgrade-require fresh|verified|proven */
	OPTION_METRICS_FILE,         /* --metrics-file FILE for Prometheus' textfile collector */
	OPTION_HOOKS_DIR,            /* --hooks-dir DIR, default: `hooks` beside the settings file, if there */
	OPTION_SCHEDULE_JITTER,      /* --schedule-jitter DURATION */
	/* the engine's services */
	OPTION_RUNTIME,              /* --runtime process|compose; else by what is there: services:, compose_file */
	OPTION_RUN_DIR,              /* --run-dir DIR, default: `run` beside the settings file */
	OPTION_LOG_DIR,              /* --log-dir DIR of services' output, default: `log` beside the settings */
	OPTION_STATUS_LISTEN,        /* --status-listen ADDRESS:PORT, default 127.0.0.1:8229; "off": nowhere */
	OPTION_STATUS_PASSWORD_FILE, /* --status-password-file FILE of the password of user admin */
	OPTION_COMPOSE_FILE,         /* --compose-file FILE */
	OPTION_COMPOSE_PROJECT,      /* --compose-project NAME, default: as docker-compose chooses it */
	OPTION_DOCKER_SOCKET,        /* --docker-socket PATH, default: $DOCKER_HOST, docker's, podman's */
	OPTION_ENGINE_IMAGE,         /* --engine-image NAME, default anchore-engine: last part of its images' */
	OPTION_DEPLOYMENT_GIT,       /* --deployment-git: commit a re-pinned compose or settings file */
	OPTION_UPGRADE_AT_LAUNCH,    /* --upgrade-at-launch refuse|auto, default refuse */
	/* how to talk */
	OPTION_YES,
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
	/* of single commands (no file key, no environment) */
	OPTION_DRY_RUN,              /* --dry-run[=sql] */
	OPTION_EXIT_CODE,
	OPTION_TO,                   /* --to V */
	OPTION_NO_SNAPSHOT,          /* --no-snapshot=REASON */
	OPTION_BY,                   /* downgrade --by edges|snapshot */
	OPTION_INTO,                 /* --into NAME */
	OPTION_UNDO,
	OPTION_DEEP,
	OPTION_INCREMENTAL,
	OPTION_FOREIGN,
	OPTION_NO_OWNER,
	OPTION_DB_CONNECT,           /* --db-connect URL */
	OPTION_DONTASK,
	OPTION_DB_USE_SSL,
	OPTION_DOT,
	OPTION_WRITE,                /* graph lint --write */
	OPTION_NO_DATABASE,          /* init --no-database */
	OPTION_RESTORE,              /* snapshot verify --restore */
	OPTION_SCHEDULED,            /* backup --scheduled */
	OPTION_AT,                   /* cron install --at 'M H D M W' */
	OPTION_SYSTEMD,              /* cron install --systemd */
	OPTION_DETACH,               /* service start --detach */
	OPTION_WAIT,                 /* service start|restart --wait: until all are healthy */
	OPTION_TIMEOUT,              /* --timeout DURATION of what waits */
	OPTION_FOLLOW,               /* service logs --follow */
	OPTION_LINES,                /* service logs --lines N */
	OPTION_WATCH,                /* system status --watch */
	OPTION_AUTO_UPGRADE,         /* service start --auto-upgrade */
	OPTION_AUTO_ROLLBACK,        /* upgrade --auto-rollback */
	OPTION_PIN,                  /* upgrade, downgrade --pin: replace `latest` or a digest by a tag, too */
	OPTION_KEEP_SERVICES,        /* upgrade, downgrade, restore --no-services: leave them alone */
	OPTION_COUNT
};

enum option_kind {
	OPTION_IS_FLAG,     /* true or false */
	OPTION_IS_TEXT,
	OPTION_IS_NUMBER,   /* within [least, most] */
	OPTION_IS_DURATION, /* 30s 5m 24h 7d, in seconds; empty for none */
	OPTION_IS_PATH,     /* text, made absolute against its source's folder */
	OPTION_IS_OPTIONAL  /* --name (then the value is "") or --name=TEXT */
};

struct option_entry {
	const char *name;     /* "lock-timeout": --lock-timeout, ANCHORE_ADMIN_LOCK_TIMEOUT, lock_timeout: */
	char letter;          /* short form, 0 for none */
	enum option_kind kind;
	const char *argument; /* shown in the help, NULL for flags */
	const char *fallback; /* default as text, NULL for none */
	long long least, most;
	const char *prefix;   /* that stands before a number ("zstd:"), NULL for none */
	bool in_environment;  /* may stand in the environment */
	bool in_file;         /* may stand in the settings file */
	bool everywhere;      /* every command takes it; else the command table says which do */
	const char *help;     /* one line */
};

extern const struct option_entry option_table[OPTION_COUNT];

/* From the strongest to the weakest. */
enum settings_source { SOURCE_COMMAND_LINE, SOURCE_ENVIRONMENT, SOURCE_FILE, SOURCE_DEFAULT, SOURCE_UNSET };

struct settings {
	struct setting {
		char *value;                 /* NULL: unset */
		enum settings_source source;
		char *where;                 /* "--store", "ANCHORE_ADMIN_STORE", "/x/anchore-admin.yaml line 3" */
	} values[OPTION_COUNT];
};

void settings_init(struct settings *settings);
void settings_clear(struct settings *settings);

/* Sets a value unless a stronger source has; the same source replaces its own. Checks the kind: ERROR_USAGE
 * naming where. directory is what a relative path starts from (NULL: left as it is). value of a flag:
 * true/false/yes/no/on/off/1/0, NULL means true. */
int settings_set(struct settings *settings, enum option option, const char *value, enum settings_source source,
	const char *where, const char *directory, struct error *err);
/* Fills what is still unset from the table. */
void settings_set_defaults(struct settings *settings);
/* "lock_timeout" and "ANCHORE_ADMIN_LOCK_TIMEOUT" for "lock-timeout"; owned. */
char *settings_key(enum option option);
char *settings_variable(enum option option);
/* Finds an option by its file key: "lock_timeout", which a mapping may also spell "lock.timeout". On an unknown key:
 * ERROR_USAGE with where; the hint has the nearest known key. */
int settings_find_key(enum option *out, const char *key, const char *where, struct error *err);
/* The key is not one itself, but the beginning of some: "upgrade" of "upgrade_at_launch". */
bool settings_is_group(const char *key);

/* NULL: unset. */
const char *settings_text(const struct settings *settings, enum option option);
/* A flag that is true, or an optional that is set. */
bool settings_flag(const struct settings *settings, enum option option);
/* By other than the default. */
bool settings_given(const struct settings *settings, enum option option);
/* Also of a duration, in seconds; 0 unset. */
long long settings_number(const struct settings *settings, enum option option);
const char *settings_where(const struct settings *settings, enum option option);

#endif
