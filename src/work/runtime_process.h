/* For work/runtime_process*.c: parts of the process runtime. */
#ifndef WORK_RUNTIME_PROCESS_H
#define WORK_RUNTIME_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/version.h"
#include "work/run.h"
#include "work/runtime_kind.h"

/* See runtime_prepare(): can the settings file be made to name the release (ERROR_REFUSED with the remedy; fine where
 * no service has ${engine} and the file names none), and are its programs there? */
int process_prepare(struct runtime *runtime, struct version release, struct error *err);
/* For the supervisor: what the file pins is what it would start. ERROR_REFUSED where an option or a variable that it
 * was started with wins over the file: it would start another release than the database was made for. */
int process_check_release(const struct settings *settings, struct error *err);
/* See runtime_repin(): the value of the key `engine` in the settings file. */
int process_repin(struct runtime *runtime, struct version release, const char *what, struct error *err);
/* See runtime_logs(); the names are those of services. */
int process_logs(const struct run *run, const struct list *names, size_t lines, bool follow, struct error *err);

#endif
