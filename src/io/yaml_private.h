/* For io/yaml*.c: a text as libfyaml's document. */
#ifndef IO_YAML_PRIVATE_H
#define IO_YAML_PRIVATE_H

#include <libfyaml.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct yaml_source {
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct fy_document *document; /* NULL for a text without anything in it */
};

/* text must live on until the source is closed. where names it in errors (ERROR_USAGE, "WHERE line N: …"). duplicates:
 * keys that stand twice are the caller's to find. */
int yaml_source_open(struct yaml_source *out, const char *text, size_t size, const char *where, bool duplicates,
	struct error *err);
/* For AUTO(). */
void yaml_source_close(struct yaml_source *source);

#endif
