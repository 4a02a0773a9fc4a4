/* The services of the process runtime as the settings file has them, under the key `services`: a list of mappings. */
#ifndef WORK_SERVICES_H
#define WORK_SERVICES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "io/yaml.h"
#include "model/service.h"
#include "model/settings.h"

#define SERVICES_KEY "services"

/* The entry is the list itself or something in it. */
bool services_key(const char *path);
/* Every error is ERROR_USAGE and names file and line; unknown keys are errors. No list: none. */
int services_parse(struct service_specs *out, const struct yaml *yaml, struct error *err);
/* From the settings file that the settings name, with argv and environment as they are to be used: every ${engine} is
 * replaced by release, NULL for the setting `engine`. Health URLs are looked at, programs are not. *where (may be NULL)
 * is "FILE line N" of the list, owned, NULL where the file has none. */
int services_read(struct service_specs *out, char **where, const struct settings *settings, const char *release,
	struct error *err);
/* ERROR_USAGE: there is no service of that name; the hint has those that there are. */
int services_unknown(const struct list *names, const char *name, struct error *err);

#endif
