/* Replacing one value of a YAML text, see io/yaml_tree.h. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/yaml_private.h"
#include "io/yaml_tree.h"

enum { MOST_DEPTH = 64 };

struct edit {
	const char *text, *where;
	size_t size;
	const char *const *keys;
	struct yaml_node node; /* the value */
	size_t from, to;       /* its bytes, without the quotes around */
};

static char *name_keys(const char *const *keys)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	for (; *keys; keys++)
		list_add(&names, *keys);
	return list_join(&names, ".");
}

static int refuse(const struct edit *edit, const char *why, struct error *err)
{
	AUTO(mem_auto) char *name = name_keys(edit->keys);
	error_set(err, ERROR_REFUSED, "%s line %d: the value of '%s' %s", edit->where, edit->node.line, name, why);
	return error_hint(err, "write the value out in line %d, on its own, or change it by hand", edit->node.line);
}

/* An alias anywhere below node of one of the nodes on the way to the value: what it stands for would change, too. */
static int find_alias(struct fy_node *node, struct fy_node *const *way, size_t count, int depth)
{
	int line = 0;
	void *at = NULL;
	struct fy_node_pair *pair;
	struct fy_node *item;
	if (!node || depth > MOST_DEPTH)
		return 0;
	if (fy_node_is_alias(node)) {
		struct fy_node *target = fy_node_resolve_alias(node);
		struct fy_token *token = fy_node_get_scalar_token(node);
		for (size_t i = 0; i < count; i++)
			if (target == way[i])
				return token ? fy_token_start_mark(token)->line + 1 : 1;
		return 0;
	}
	if (fy_node_is_mapping(node))
		while (!line && (pair = fy_node_mapping_iterate(node, &at)))
			line = find_alias(fy_node_pair_value(pair), way, count, depth + 1);
	if (fy_node_is_sequence(node))
		while (!line && (item = fy_node_sequence_iterate(node, &at)))
			line = find_alias(item, way, count, depth + 1);
	return line;
}

static int check_aliases(const struct edit *edit, struct yaml_node top, struct error *err)
{
	struct fy_node *way[MOST_DEPTH];
	size_t count = 0;
	struct yaml_node node = top;
	for (const char *const *key = edit->keys; *key && count < MOST_DEPTH; key++) {
		node = yaml_node_get(node, *key);
		way[count++] = node.of;
	}
	int line = find_alias(top.of, way, count, 0);
	if (!line)
		return 0;
	AUTO(mem_auto) char *why = mem_format("is used by an alias in line %d, too", line);
	return refuse(edit, why, err);
}

/* The bytes of the value: the library's token is what stands between the quotes. */
static int find_bytes(struct edit *edit, struct error *err)
{
	enum fy_node_style style = fy_node_get_style(edit->node.of);
	if (style != FYNS_PLAIN && style != FYNS_SINGLE_QUOTED && style != FYNS_DOUBLE_QUOTED)
		return refuse(edit, "is written as a block", err);
	struct fy_token *token = fy_node_get_scalar_token(edit->node.of);
	const struct fy_mark *from = token ? fy_token_start_mark(token) : NULL;
	const struct fy_mark *to = token ? fy_token_end_mark(token) : NULL;
	if (!from || !to || from->input_pos > to->input_pos || to->input_pos > edit->size)
		return refuse(edit, "is empty", err);
	edit->from = from->input_pos;
	edit->to = to->input_pos;
	return 0;
}

/* The value as it is written between quotes of that style. */
static char *styled(enum fy_node_style style, const char *value)
{
	struct text text = TEXT_INIT;
	text_add(&text, "");
	for (; *value; value++) {
		if (style == FYNS_SINGLE_QUOTED && *value == '\'')
			text_add(&text, "'");
		if (style == FYNS_DOUBLE_QUOTED && (*value == '"' || *value == '\\'))
			text_add(&text, "\\");
		text_add_bytes(&text, value, 1);
	}
	return text_take(&text);
}

static bool same_scalar(struct fy_node *a, struct fy_node *b)
{
	size_t a_size = 0, b_size = 0;
	const char *a_bytes = fy_node_get_scalar(a, &a_size), *b_bytes = fy_node_get_scalar(b, &b_size);
	return a_size == b_size && (!a_size || memcmp(a_bytes, b_bytes, a_size) == 0);
}

/* The same tree, but for the one node. */
static bool same_tree(struct fy_node *a, struct fy_node *b, struct fy_node *except, int depth)
{
	void *a_at = NULL, *b_at = NULL;
	if (!a || !b || depth > MOST_DEPTH)
		return !a && !b;
	if (fy_node_get_type(a) != fy_node_get_type(b) || fy_node_get_style(a) != fy_node_get_style(b))
		return false;
	if (fy_node_is_scalar(a))
		return a == except || same_scalar(a, b);
	if (fy_node_is_sequence(a)) {
		struct fy_node *one, *other;
		do {
			one = fy_node_sequence_iterate(a, &a_at);
			other = fy_node_sequence_iterate(b, &b_at);
		} while (one && same_tree(one, other, except, depth + 1));
		return !one && !other;
	}
	struct fy_node_pair *one, *other;
	do {
		one = fy_node_mapping_iterate(a, &a_at);
		other = fy_node_mapping_iterate(b, &b_at);
	} while (one && other && same_tree(fy_node_pair_key(one), fy_node_pair_key(other), except, depth + 1) &&
		same_tree(fy_node_pair_value(one), fy_node_pair_value(other), except, depth + 1));
	return !one && !other;
}

/* Reads the new text again: the value is the wanted one, and all else is what it was. */
static int check_edit(const struct edit *edit, struct yaml_node top, const struct text *made, const char *value,
	struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(yaml_tree_auto) struct yaml_tree *tree = NULL;
	for (const char *at = value; *at; at++) /* the library takes them, others do not */
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return refuse(edit, "cannot be replaced by control characters", err);
	if (yaml_tree_parse(&tree, made->data, made->size, edit->where, &why) == 0) {
		struct yaml_node new_top = yaml_tree_top(tree);
		AUTO(mem_auto) char *now = yaml_node_text(yaml_node_find(new_top, edit->keys));
		if (text_same(now, value) && same_tree(top.of, new_top.of, edit->node.of, 0))
			return 0;
	}
	return refuse(edit, "cannot be replaced without changing more", err);
}

static int find_value(struct edit *edit, struct yaml_node top, struct error *err)
{
	edit->node = yaml_node_find(top, edit->keys);
	if (!edit->node.of) {
		AUTO(mem_auto) char *name = name_keys(edit->keys);
		return error_set(err, ERROR_USAGE, "%s has no '%s'", edit->where, name);
	}
	if (edit->node.indirect)
		return refuse(edit, "comes from an anchor", err);
	AUTO(mem_auto) char *old = yaml_node_text(edit->node);
	if (!old)
		return refuse(edit, fy_node_is_scalar(edit->node.of) ? "is empty" : "is not one word", err);
	return check_aliases(edit, top, err);
}

int yaml_replace(char **out, size_t *out_size, const char *text, size_t size, const char *const *keys,
	const char *value, const char *where, struct error *err)
{
	AUTO(yaml_tree_auto) struct yaml_tree *tree = NULL;
	AUTO(text_clear) struct text made = TEXT_INIT;
	struct edit edit = {.text = text, .size = size, .where = where, .keys = keys};
	int rc = yaml_tree_parse(&tree, text, size, where, err);
	if (!rc)
		rc = find_value(&edit, yaml_tree_top(tree), err);
	if (!rc)
		rc = find_bytes(&edit, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *written = styled(fy_node_get_style(edit.node.of), value);
	text_add_bytes(&made, text, edit.from);
	text_add(&made, written);
	text_add_bytes(&made, text + edit.to, size - edit.to);
	rc = check_edit(&edit, yaml_tree_top(tree), &made, value, err);
	if (rc)
		return rc;
	*out_size = made.size;
	*out = text_take(&made);
	return 0;
}
