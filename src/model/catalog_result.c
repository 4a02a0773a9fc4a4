#include "model/catalog.h"

#include "base/mem.h"

void catalog_result_clear(struct catalog_result *result)
{
	list_clear(&result->shapes);
	list_clear(&result->reasons);
	list_clear(&result->blocking);
	list_clear(&result->harmless);
	for (size_t i = 0; i < result->count; i++) {
		struct difference *difference = &result->items[i];
		mem_free(difference->words);
		mem_free(difference->wanted);
		mem_free(difference->found);
		mem_free(difference->shape);
		mem_free(difference->of);
	}
	mem_free(result->items);
	*result = (struct catalog_result){.items = NULL};
}

const char *difference_class_name(enum difference_class class)
{
	switch (class) {
	case DIFFERENCE_HISTORY:
		return "history";
	case DIFFERENCE_HARMLESS:
		return "harmless";
	default:
		return "blocks";
	}
}

char *catalog_result_shape(const struct catalog_result *result)
{
	return result->shapes.count ? list_join(&result->shapes, ", ") : mem_copy("fresh");
}

char *catalog_result_half(const struct catalog_result *result, struct version from)
{
	bool one = version_same(result->first, result->last);
	return mem_format("a half-finished upgrade from version %s: it has parts of %s%s%s, and the engine's own "
		"upgrade stopped on the way", VERSION_TEXT(from), VERSION_TEXT(result->first), one ? "" : " to ",
		one ? "" : VERSION_TEXT(result->last));
}
