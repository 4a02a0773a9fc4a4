#include "model/graph.h"

#include <string.h>

#include "base/mem.h"

void lock_items(struct list *items, const char *text)
{
	for (const char *at = text; *at;) {
		const char *end = strstr(at, ", ");
		size_t size = end ? (size_t)(end - at) : strlen(at);
		list_give(items, mem_copy_bytes(at, size));
		at += size + (end ? 2 : 0);
	}
}

const char *lock_table(const char *item)
{
	const char *space = strchr(item, ' ');
	return space ? space + 1 : "";
}

enum lock_kind lock_kind(const char *item)
{
	if (text_starts(item, LOCK_REWRITE " "))
		return LOCK_IS_REWRITE;
	if (text_starts(item, LOCK_INDEX " "))
		return LOCK_IS_INDEX;
	return text_starts(item, "RowExclusiveLock ") ? LOCK_IS_CHANGE : LOCK_IS_OTHER;
}

void graph_read_locks(struct graph_edge *edge)
{
	struct list *const lists[] = {[LOCK_IS_REWRITE] = &edge->rewritten, [LOCK_IS_INDEX] = &edge->indexed,
		[LOCK_IS_CHANGE] = &edge->changed, [LOCK_IS_OTHER] = NULL};
	AUTO(list_clear) struct list lines = LIST_INIT;
	list_add_lines(&lines, edge->locks);
	for (size_t i = 0; i < lines.count; i++) {
		AUTO(list_clear) struct list items = LIST_INIT;
		const char *tab = strchr(lines.items[i], '\t');
		if (tab)
			lock_items(&items, tab + 1);
		for (size_t k = 0; k < items.count; k++)
			if (lists[lock_kind(items.items[k])])
				list_add_once(lists[lock_kind(items.items[k])], lock_table(items.items[k]));
	}
}
