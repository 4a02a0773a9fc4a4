/* A YAML text as a tree whose layout belongs to somebody else (a compose file), and how one value in it is
 * replaced without touching any other byte. For what needs no lists and no edits, io/yaml.h is simpler.
 *
 * Aliases and merge keys are followed where they are asked for, never expanded: a small file cannot use all memory.
 * Calling order: yaml_tree_parse(), yaml_tree_top(), yaml_node_…(), yaml_tree_free(). Nodes live as long as the
 * tree. */
#ifndef IO_YAML_TREE_H
#define IO_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct yaml_tree;

struct yaml_node {
	struct fy_node *of; /* the library's; NULL: there is none */
	int line;           /* of its key, from 1; of itself where it is a scalar */
	bool indirect;      /* reached through an alias or a merge key: what stands there stands for others, too */
};

/* Errors are ERROR_USAGE and name where and the line; keys that stand twice are one. */
int yaml_tree_parse(struct yaml_tree **out, const char *text, size_t size, const char *where, struct error *err);
void yaml_tree_free(struct yaml_tree *tree); /* accepts NULL */
/* For AUTO() on a struct yaml_tree *. */
void yaml_tree_auto(struct yaml_tree **tree);

/* .of is NULL for a text without anything in it. */
struct yaml_node yaml_tree_top(const struct yaml_tree *tree);
bool yaml_node_is_mapping(struct yaml_node node);
bool yaml_node_is_list(struct yaml_node node);
/* The value of a key; .of is NULL where node is no mapping or has no such key. The mapping's own keys win over merged
 * ones, the first merged over the later. */
struct yaml_node yaml_node_get(struct yaml_node node, const char *key);
/* The same, key by key, NULL at the end. */
struct yaml_node yaml_node_find(struct yaml_node node, const char *const *keys);
/* Adds the keys of a mapping, its own before the merged ones, each once. Keys that are not plain words are left out. */
void yaml_node_keys(struct list *out, struct yaml_node node);
/* Adds the items of a list that are scalars. */
void yaml_node_items(struct list *out, struct yaml_node node);
/* The text of a scalar, owned; NULL for anything else and for null. */
char *yaml_node_text(struct yaml_node node);

/* The text with the value of one key replaced, owned and NUL-terminated; keys ends with NULL. Byte for byte the old
 * text but for the value, whose quotes stay what they were; read again, nothing else differs. ERROR_USAGE for a text
 * that is no YAML or has no such value; ERROR_REFUSED, with a hint, where the value does not stand there for itself
 * alone (an alias, an anchor that others use, a merged key, a block scalar), or cannot be written in that style. */
int yaml_replace(char **out, size_t *out_size, const char *text, size_t size, const char *const *keys,
	const char *value, const char *where, struct error *err);

#endif
