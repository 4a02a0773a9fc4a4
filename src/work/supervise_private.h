/* For work/supervise*.c. */
#ifndef WORK_SUPERVISE_PRIVATE_H
#define WORK_SUPERVISE_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "io/http.h"
#include "io/httpd.h"
#include "io/json.h"
#include "io/loop.h"
#include "model/service.h"
#include "work/hold.h"
#include "work/run.h"
#include "work/servicelog.h"
#include "work/status.h"
#include "work/view.h"

struct supervisor;
struct client;

/* One service. */
struct unit {
	struct supervisor *supervisor;
	struct service_spec spec;      /* owned */
	enum service_state state;
	time_t since;                  /* of the state */
	double spawned;                /* when its process was started, clock_supervised() */
	pid_t pid;                     /* 0: none */
	int output;                    /* of the process; -1: none */
	bool ended;                    /* the process is gone; others of its group may not be */
	char *reason;                  /* why it ended, until EXITED is told */
	unsigned kills;                /* how often SIGKILL was sent in vain */
	unsigned restarts;
	char *last_error;              /* why it died last */
	char *health_error;            /* why it is not healthy now */
	struct service_deaths deaths;
	bool to_stop;                  /* is to be stopped when its turn has come */
	bool removed;                  /* stands no longer in the settings */
	struct http_probe *ask;          /* under way */
	unsigned misses;               /* in a row */
	struct loop_timer timer, health_timer, gone_timer;
	struct servicelog log;
};

enum job_kind { JOB_START, JOB_STOP, JOB_RESTART, JOB_HOLD, JOB_RELEASE, JOB_QUIT };
enum job_phase { JOB_STOPPING, JOB_STARTED, JOB_HEALTHY, JOB_DONE };

/* What was asked for and is not finished; goes on when its client is gone. */
struct job {
	enum job_kind kind;
	enum job_phase phase;
	struct list names;     /* of the services that it is about */
	pid_t *pids;           /* of their processes when it began; 0: none */
	double wait, deadline; /* how long for health; until when */
	double reassured;      /* when its client heard last that it is worked on, clock_elapsed() */
	struct client *client; /* NULL: nobody waits */
	bool announces;        /* its end is when a service manager is told READY */
	struct job *next;
};

/* A run of this program that is asked for what takes time. */
struct facts_run {
	pid_t pid;                /* 0: none */
	int output;
	int command;
	struct text said;
	struct loop_timer timer, again;
};

struct supervisor {
	struct run *run;
	struct loop *loop;
	struct http_pool *pool;
	char *directory, *logs;   /* run folder, log folder */
	int lock, listener;
	struct unit **units;      /* in the order in which they start */
	size_t unit_count;
	struct hold hold;
	struct list after_hold;   /* what this supervisor was to start and may not while held */
	struct client *clients;
	size_t client_count;
	struct job *jobs;
	struct loop_timer soon;   /* jobs are looked at */
	time_t started;
	double began;             /* the same by clock_supervised() */
	bool quitting;
	bool announced;           /* the first job has begun */
	bool echo;                /* what services write, to stdout */
	struct error failure;     /* why it did not end as it should */
	char *told;               /* the last STATUS= */
	struct view view;
	struct facts_run facts;
	struct httpd *httpd;      /* NULL: nobody is told */
	struct status status;
	struct loop_timer http_timer;
};

/* ---- supervise.c ---- */

/* Something changed: the jobs are looked at, the file of processes is written, the service manager is told. */
void supervisor_changed(struct supervisor *supervisor);
/* The settings file again: new services are added, those that are gone are stopped, the others have their new settings
 * when they are started next. */
int supervisor_reload(struct supervisor *supervisor, struct error *err);
/* NULL if there is none. */
struct unit *supervisor_find(const struct supervisor *supervisor, const char *name);
/* To the operator, and to every client whose job is about the service; service NULL: to all. */
void supervisor_note(struct supervisor *supervisor, const char *service, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- supervise_unit.c ---- */

struct unit *unit_new(struct supervisor *supervisor, struct service_spec *spec); /* takes over what spec holds */
void unit_free(struct unit *unit);
void unit_feed(struct unit *unit, enum service_event event);
/* Its process ended with this status. */
void unit_ended(struct unit *unit, int status);
/* Is the whole group gone by now? */
void unit_look(struct unit *unit);
/* It is still there long after SIGKILL. */
bool unit_overdue(const struct unit *unit);
/* Tells those to stop whose turn it is. */
void units_stop_next(struct supervisor *supervisor);

/* ---- supervise_health.c ---- */

void health_begin(struct unit *unit);
void health_end(struct unit *unit);

/* ---- supervise_job.c ---- */

/* Begins a job; its answer goes to the client, if any. names: none is all services, each must exist. */
int job_begin(struct supervisor *supervisor, enum job_kind kind, const struct list *names, double wait,
	struct client *client, struct error *err);
/* Goes on with all of them as far as they can. */
void jobs_look(struct supervisor *supervisor);
void jobs_note(struct supervisor *supervisor, const char *service, const char *note);
void jobs_free(struct supervisor *supervisor);
/* Nobody waits for its answers any more. */
void jobs_forget(struct supervisor *supervisor, const struct client *client);

/* ---- supervise_client.c ---- */

int clients_listen(struct supervisor *supervisor, struct error *err);
void clients_close(struct supervisor *supervisor);
/* A client that only reads; the descriptor is taken over. */
struct client *client_add(struct supervisor *supervisor, int fd);
void client_note(struct client *client, const char *note);
/* That its question is being worked on; it may be gone afterwards. */
void client_reassure(struct client *client);
/* The answer, which ends the connection; takes over done (NULL: an empty object). */
void client_done(struct client *client, json_t *done);
void client_fail(struct client *client, const struct error *err);

/* ---- supervise_question.c ---- */

/* Answers, now or when a job is done. pid: who asks. */
void question_answer(struct client *client, struct supervisor *supervisor, const char *line, size_t size, pid_t pid);

/* ---- supervise_orphan.c ---- */

#define MARK_DEPLOYMENT "ANCHORE_ADMIN_SUPERVISED"
#define MARK_SERVICE "ANCHORE_ADMIN_SUPERVISED_AS"
char *mark_deployment(const char *directory); /* "NAME=value" */
char *mark_service(const struct unit *unit);
/* services.json as it is now. */
void orphans_record(const struct supervisor *supervisor);

/* ---- supervise_facts.c ---- */

/* Now, and then every minute. */
void facts_look(struct supervisor *supervisor);
/* True: that process was its. */
bool facts_ended(struct supervisor *supervisor, pid_t pid);
void facts_close(struct supervisor *supervisor);

/* ---- supervise_http.c ---- */

/* Listens where the settings say. A port that is taken is a warning, unless somebody named it. */
int supervisor_serve(struct supervisor *supervisor, struct error *err);
void supervisor_serve_end(struct supervisor *supervisor);

/* ---- supervise_view.c ---- */

/* Fills supervisor->view anew. */
void view_look(struct supervisor *supervisor);

#endif
