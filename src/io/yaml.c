#include "io/yaml.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/yaml_private.h"

enum { MOST_DEPTH = 32, MOST_ENTRIES = 10000 };

void yaml_clear(struct yaml *yaml)
{
	for (size_t i = 0; i < yaml->count; i++) {
		mem_free(yaml->entries[i].path);
		mem_free_secret(yaml->entries[i].value);
	}
	mem_free(yaml->entries);
	mem_free(yaml->where);
	*yaml = (struct yaml){0};
}

static int fail(const struct yaml *yaml, int line, const char *what, const char *key, struct error *err)
{
	return error_set(err, ERROR_USAGE, "%s line %d: %s%s%s%s", yaml->where, line, *key ? "'" : "", key,
		*key ? "' " : "", what);
}

/* Where a node stands, from 1; the line of the parent for what has no token of its own. */
static void place(int *line, int *column, struct fy_node *node)
{
	struct fy_token *token = node && fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	if (!mark)
		return;
	*line = mark->line + 1;
	*column = mark->column + 1;
}

/* Null as YAML 1.2 has it; fy_node_is_null() knows only the empty one. */
static bool is_null(struct fy_node *node, const char *text)
{
	if (!node || fy_node_is_null(node))
		return true;
	return fy_node_get_style(node) == FYNS_PLAIN && (!*text || text_same(text, "~") || text_same(text, "null"));
}

static struct yaml_entry *add(struct yaml *yaml, char *path, int line, int column)
{
	yaml->entries = mem_resize(yaml->entries, (yaml->count + 1) * sizeof *yaml->entries);
	struct yaml_entry *entry = &yaml->entries[yaml->count++];
	*entry = (struct yaml_entry){.path = path, .kind = YAML_NULL, .line = line, .column = column};
	return entry;
}

static int add_mapping(struct yaml *yaml, struct fy_node *mapping, const char *prefix, int depth, int line,
	struct error *err);
static int add_list(struct yaml *yaml, struct fy_node *list, const char *prefix, int depth, int line,
	struct error *err);

/* The node that an alias stands for. The library could resolve a whole document, but copies what it resolves: a small
 * file would make it use all memory. */
static struct fy_node *resolve(struct fy_node *node)
{
	for (int i = 0; node && fy_node_is_alias(node) && i < MOST_DEPTH; i++)
		node = fy_node_resolve_alias(node);
	return node;
}

static int add_value(struct yaml *yaml, const char *path, struct fy_node *node, int depth, int line, int column,
	struct error *err)
{
	struct yaml_entry *entry = add(yaml, mem_copy(path), line, column);
	if (node && fy_node_is_alias(node) && !(node = resolve(node)))
		return fail(yaml, line, "names an anchor that is nowhere", path, err);
	if (node && fy_node_is_mapping(node)) {
		entry->kind = YAML_MAPPING;
		return add_mapping(yaml, node, path, depth + 1, line, err);
	}
	if (node && fy_node_is_sequence(node)) {
		entry->kind = YAML_LIST;
		return add_list(yaml, node, path, depth + 1, line, err);
	}
	size_t size = 0;
	const char *bytes = node ? fy_node_get_scalar(node, &size) : NULL;
	AUTO(mem_auto_secret) char *text = mem_copy_bytes(bytes ? bytes : "", bytes ? size : 0);
	if (strlen(text) != size)
		return fail(yaml, line, "holds a NUL character", path, err);
	if (is_null(node, text))
		return 0;
	entry->kind = YAML_SCALAR;
	entry->value = mem_take(&text);
	return 0;
}

/* One key: its own, or (merged) one of a mapping under <<, which yields to the mapping's own. */
static int add_pair(struct yaml *yaml, struct fy_node_pair *pair, const char *prefix, bool merged, int depth, int line,
	struct error *err)
{
	struct fy_node *key = fy_node_pair_key(pair);
	int key_line = line, column = 1;
	place(&key_line, &column, key);
	size_t size = 0;
	const char *bytes = key && fy_node_is_scalar(key) ? fy_node_get_scalar(key, &size) : NULL;
	if (!bytes)
		return fail(yaml, key_line, "a key is not a plain word", "", err);
	AUTO(mem_auto) char *name = mem_copy_bytes(bytes, size);
	AUTO(mem_auto) char *path = mem_format("%s%s%s", prefix, *prefix ? "." : "", name);
	if (yaml_find(yaml, path))
		return merged ? 0 : fail(yaml, key_line, "stands there twice", path, err);
	return add_value(yaml, path, fy_node_pair_value(pair), depth, key_line, column, err);
}

static bool is_merge(struct fy_node_pair *pair)
{
	struct fy_node *key = fy_node_pair_key(pair);
	size_t size = 0;
	const char *bytes = key && fy_node_is_scalar(key) ? fy_node_get_scalar(key, &size) : NULL;
	return bytes && size == 2 && memcmp(bytes, "<<", 2) == 0 && fy_node_get_style(key) == FYNS_PLAIN;
}

static int merge(struct yaml *yaml, struct fy_node *from, const char *prefix, int depth, int line, struct error *err)
{
	from = resolve(from);
	if (!from || !fy_node_is_mapping(from))
		return fail(yaml, line, "<< wants an alias of a mapping", prefix, err);
	void *at = NULL;
	struct fy_node_pair *pair;
	int rc = 0;
	while (!rc && (pair = fy_node_mapping_iterate(from, &at)))
		if (!is_merge(pair))
			rc = add_pair(yaml, pair, prefix, true, depth, line, err);
	return rc;
}

static int add_mapping(struct yaml *yaml, struct fy_node *mapping, const char *prefix, int depth, int line,
	struct error *err)
{
	if (depth > MOST_DEPTH || yaml->count > MOST_ENTRIES)
		return fail(yaml, line, "is nested too deeply or too large", prefix, err);
	void *at = NULL;
	struct fy_node_pair *pair;
	int rc = 0;
	while (!rc && (pair = fy_node_mapping_iterate(mapping, &at)))
		if (!is_merge(pair))
			rc = add_pair(yaml, pair, prefix, false, depth, line, err);
	at = NULL;
	while (!rc && (pair = fy_node_mapping_iterate(mapping, &at)))
		if (is_merge(pair))
			rc = merge(yaml, fy_node_pair_value(pair), prefix, depth, line, err);
	return rc;
}

/* Where an item stands: its own line, that of its first key where it is a mapping. */
static void place_item(int *line, int *column, struct fy_node *item)
{
	if (item && fy_node_is_mapping(item)) {
		struct fy_node_pair *first = fy_node_mapping_get_by_index(item, 0);
		item = first ? fy_node_pair_key(first) : NULL;
	}
	place(line, column, item);
}

static int add_list(struct yaml *yaml, struct fy_node *list, const char *prefix, int depth, int line,
	struct error *err)
{
	if (depth > MOST_DEPTH || yaml->count > MOST_ENTRIES)
		return fail(yaml, line, "is nested too deeply or too large", prefix, err);
	void *at = NULL;
	struct fy_node *item;
	int rc = 0;
	for (size_t i = 0; !rc && (item = fy_node_sequence_iterate(list, &at)); i++) {
		int item_line = line, column = 1;
		place_item(&item_line, &column, item);
		AUTO(mem_auto) char *path = mem_format("%s.%zu", prefix, i);
		rc = add_value(yaml, path, item, depth, item_line, column, err);
		if (!rc && yaml->count > MOST_ENTRIES)
			rc = fail(yaml, item_line, "is too large", prefix, err);
	}
	return rc;
}

static int parse_tree(struct yaml *yaml, const char *text, size_t size, struct error *err)
{
	/* Duplicate keys are add_pair()'s to refuse, by name. */
	AUTO(yaml_source_close) struct yaml_source source = {0};
	int rc = yaml_source_open(&source, text, size, yaml->where, true, err);
	struct fy_node *root = !rc && source.document ? fy_document_root(source.document) : NULL;
	if (rc || !root || (fy_node_is_scalar(root) && is_null(root, fy_node_get_scalar0(root))))
		return rc;
	if (!fy_node_is_mapping(root))
		return error_set(err, ERROR_USAGE, "%s does not hold `key: value` lines", yaml->where);
	return add_mapping(yaml, root, "", 0, 1, err);
}

int yaml_parse(struct yaml *out, const char *text, size_t size, const char *where, struct error *err)
{
	AUTO(yaml_clear) struct yaml yaml = {.where = mem_copy(where)};
	int rc = parse_tree(&yaml, text, size, err);
	if (rc)
		return rc;
	*out = yaml;
	yaml = (struct yaml){0};
	return 0;
}

int yaml_read(struct yaml *out, const char *path, struct error *err)
{
	AUTO(mem_auto_secret) char *text = NULL;
	size_t size;
	int rc = file_read(&text, &size, path, err);
	if (rc) {
		err->code = ERROR_USAGE;
		return err->code;
	}
	return yaml_parse(out, text, size, path, err);
}

const struct yaml_entry *yaml_find(const struct yaml *yaml, const char *path)
{
	for (size_t i = 0; i < yaml->count; i++)
		if (strcmp(yaml->entries[i].path, path) == 0)
			return &yaml->entries[i];
	return NULL;
}

int yaml_scalar(const char **value, const struct yaml *yaml, const struct yaml_entry *entry, struct error *err)
{
	if (entry->kind == YAML_MAPPING)
		return fail(yaml, entry->line, "wants one value, not a mapping", entry->path, err);
	if (entry->kind == YAML_LIST)
		return fail(yaml, entry->line, "wants one value, not a list", entry->path, err);
	*value = entry->value;
	return 0;
}
