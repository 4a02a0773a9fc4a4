/* YAML, by libfyaml: a file as the ordered list of its values. A value of a mapping in a mapping has the path
 * "credentials.database.db_connect", the items of a list "services.0", "services.1.name". Anchors, aliases and merge
 * keys are resolved. Errors are ERROR_USAGE and say "FILE line N". */
#ifndef IO_YAML_H
#define IO_YAML_H

#include <stddef.h>

#include "base/error.h"

enum yaml_kind { YAML_SCALAR, YAML_NULL, YAML_MAPPING, YAML_LIST };

struct yaml_entry {
	char *path;
	enum yaml_kind kind;
	char *value;      /* NULL unless YAML_SCALAR */
	int line, column; /* of the key, or of the item of a list, from 1 */
};

struct yaml {
	char *where;                /* the file */
	struct yaml_entry *entries; /* a mapping or list stands before what it holds */
	size_t count;
};

/* Reads a file whose top is a mapping; an empty file is an empty one. Duplicate keys are errors. */
int yaml_read(struct yaml *out, const char *path, struct error *err);
int yaml_parse(struct yaml *out, const char *text, size_t size, const char *where, struct error *err);
void yaml_clear(struct yaml *yaml);

/* NULL if there is none. */
const struct yaml_entry *yaml_find(const struct yaml *yaml, const char *path);
/* Fails for an entry that is a mapping or a list. *value is borrowed, NULL for null. */
int yaml_scalar(const char **value, const struct yaml *yaml, const struct yaml_entry *entry, struct error *err);

#endif
