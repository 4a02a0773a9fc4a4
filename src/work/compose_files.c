/* What a project was made from, when it was more than the compose file. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "work/compose_private.h"

static bool same_file(const char *a, const char *b)
{
	char a_room[PATH_MAX], b_room[PATH_MAX];
	return realpath(a, a_room) && realpath(b, b_room) && strcmp(a_room, b_room) == 0;
}

/* "a.yaml,b.yaml" as paths. */
static void split(struct list *out, const char *files, const char *folder)
{
	AUTO(mem_auto) char *copy = mem_copy(files);
	char *rest = copy, *name;
	while ((name = strsep(&rest, ",")))
		if (*name)
			list_give(out, path_join(folder, name));
}

void compose_find_files(struct list *out, const struct compose *compose, const struct containers *containers)
{
	AUTO(list_clear) struct list found = LIST_INIT;
	for (size_t i = 0; !found.count && i < containers->count; i++)
		if (containers->items[i].compose_files)
			split(&found, containers->items[i].compose_files, containers->items[i].compose_folder);
	/* One alone is no choice: an override file may have come since. */
	if (found.count < 2 || !same_file(found.items[0], compose->file.path))
		return;
	for (size_t i = 1; i < found.count; i++)
		if (!file_exists(found.items[i]))
			return;
	list_add_all(out, &found);
}
