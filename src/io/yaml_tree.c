#include "io/yaml_tree.h"

#include <string.h>

#include "base/mem.h"
#include "io/yaml_private.h"

/* Merges that lead to each other, and aliases of aliases. */
enum { MOST_STEPS = 32 };

struct yaml_tree {
	struct yaml_source source;
	char *text;
};

int yaml_tree_parse(struct yaml_tree **out, const char *text, size_t size, const char *where, struct error *err)
{
	AUTO(yaml_tree_auto) struct yaml_tree *tree = mem_new(sizeof *tree);
	tree->text = mem_copy_bytes(text, size);
	int rc = yaml_source_open(&tree->source, tree->text, size, where, false, err);
	if (rc)
		return rc;
	*out = tree;
	tree = NULL;
	return 0;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	if (!tree)
		return;
	yaml_source_close(&tree->source);
	mem_free_secret(tree->text);
	mem_free(tree);
}

void yaml_tree_auto(struct yaml_tree **tree)
{
	yaml_tree_free(*tree);
}

struct yaml_node yaml_tree_top(const struct yaml_tree *tree)
{
	struct fy_node *root = tree->source.document ? fy_document_root(tree->source.document) : NULL;
	return (struct yaml_node){root, 1, false};
}

bool yaml_node_is_mapping(struct yaml_node node)
{
	return node.of && fy_node_is_mapping(node.of);
}

bool yaml_node_is_list(struct yaml_node node)
{
	return node.of && fy_node_is_sequence(node.of);
}

static int line_of(struct fy_node *scalar, int otherwise)
{
	struct fy_token *token = scalar && fy_node_is_scalar(scalar) ? fy_node_get_scalar_token(scalar) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	return mark ? mark->line + 1 : otherwise;
}

/* What an alias stands for; the line stays that of the alias. */
static struct yaml_node follow(struct yaml_node node)
{
	for (int i = 0; node.of && fy_node_is_alias(node.of); i++) {
		node.of = i < MOST_STEPS ? fy_node_resolve_alias(node.of) : NULL;
		node.indirect = true;
	}
	return node;
}

static bool has_name(struct fy_node *key, const char *name, bool plain)
{
	size_t size = 0;
	const char *bytes = key && fy_node_is_scalar(key) ? fy_node_get_scalar(key, &size) : NULL;
	return bytes && size == strlen(name) && memcmp(bytes, name, size) == 0 &&
		(!plain || fy_node_get_style(key) == FYNS_PLAIN);
}

static struct yaml_node own_value(struct yaml_node mapping, const char *key, bool plain)
{
	void *at = NULL;
	struct fy_node_pair *pair;
	while ((pair = fy_node_mapping_iterate(mapping.of, &at))) {
		if (!has_name(fy_node_pair_key(pair), key, plain))
			continue;
		struct fy_node *value = fy_node_pair_value(pair);
		int line = line_of(fy_node_pair_key(pair), mapping.line);
		return follow((struct yaml_node){value, line_of(value, line), mapping.indirect});
	}
	return (struct yaml_node){NULL, mapping.line, false};
}

/* The mappings under `<<`: one, or a list of them. Calls visit with each until it says true. */
static bool each_merged(struct yaml_node mapping, int steps, bool (*visit)(struct yaml_node, int, void *),
	void *context)
{
	struct yaml_node merged = own_value(mapping, "<<", true);
	merged.indirect = true;
	if (steps >= MOST_STEPS || !merged.of)
		return false;
	if (!yaml_node_is_list(merged))
		return yaml_node_is_mapping(merged) && visit(merged, steps + 1, context);
	void *at = NULL;
	struct fy_node *item;
	while ((item = fy_node_sequence_iterate(merged.of, &at))) {
		struct yaml_node one = follow((struct yaml_node){item, merged.line, true});
		if (yaml_node_is_mapping(one) && visit(one, steps + 1, context))
			return true;
	}
	return false;
}

struct search {
	const char *key;
	struct yaml_node found;
};

static bool search(struct yaml_node mapping, int steps, void *context)
{
	struct search *search_for = context;
	search_for->found = own_value(mapping, search_for->key, false);
	return search_for->found.of || each_merged(mapping, steps, search, context);
}

struct yaml_node yaml_node_get(struct yaml_node node, const char *key)
{
	struct search wanted = {key, {NULL, node.line, false}};
	if (yaml_node_is_mapping(node))
		search(node, 0, &wanted);
	return wanted.found;
}

struct yaml_node yaml_node_find(struct yaml_node node, const char *const *keys)
{
	for (; *keys && node.of; keys++)
		node = yaml_node_get(node, *keys);
	return node;
}

static bool add_keys(struct yaml_node mapping, int steps, void *context)
{
	void *at = NULL;
	struct fy_node_pair *pair;
	while ((pair = fy_node_mapping_iterate(mapping.of, &at))) {
		struct fy_node *key = fy_node_pair_key(pair);
		AUTO(mem_auto) char *name = yaml_node_text((struct yaml_node){key, 1, false});
		if (name && !has_name(key, "<<", true))
			list_add_once(context, name);
	}
	each_merged(mapping, steps, add_keys, context);
	return false;
}

void yaml_node_keys(struct list *out, struct yaml_node node)
{
	if (yaml_node_is_mapping(node))
		add_keys(node, 0, out);
}

void yaml_node_items(struct list *out, struct yaml_node node)
{
	void *at = NULL;
	struct fy_node *item;
	while (yaml_node_is_list(node) && (item = fy_node_sequence_iterate(node.of, &at))) {
		char *text = yaml_node_text(follow((struct yaml_node){item, node.line, node.indirect}));
		if (text)
			list_give(out, text);
	}
}

char *yaml_node_text(struct yaml_node node)
{
	size_t size = 0;
	if (!node.of || !fy_node_is_scalar(node.of) || fy_node_is_alias(node.of))
		return NULL;
	const char *bytes = fy_node_get_scalar(node.of, &size);
	AUTO(mem_auto) char *text = mem_copy_bytes(bytes ? bytes : "", bytes ? size : 0);
	bool plain = fy_node_get_style(node.of) == FYNS_PLAIN || !bytes;
	if (plain && (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0))
		return NULL;
	return mem_take(&text);
}
