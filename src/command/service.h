/* `service …`: what its files share. */
#ifndef COMMAND_SERVICE_H
#define COMMAND_SERVICE_H

#include "base/error.h"
#include "io/json.h"
#include "work/embedded.h"
#include "work/run.h"
#include "work/runtime.h"

/* ERROR_REFUSED unless the deployment has an embedded server. */
int service_server(struct embedded *out, const struct run *run, struct error *err);
/* How the server is: as text, and as JSON, a new reference. did: "started", NULL: nothing was done. */
void service_print_server(const struct run *run, const struct embedded *server, const char *did);
json_t *service_server_json(const struct embedded *server, const char *did);
/* Starts the embedded server where there is one; *did (may stay NULL) is what was done. */
int service_start_server(const char **did, struct embedded *out, const struct run *run, struct error *err);
/* Seconds to wait for health: --timeout with --wait, else 0. */
double service_wait(const struct run *run);
/* The services as a table. */
void service_print(const struct run *run, const json_t *status);

#endif
