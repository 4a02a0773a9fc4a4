#include "model/image.h"

#include <string.h>

#include "base/mem.h"

static const char NAME_BYTES[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-:ABCDEFGHIJKLMNOPQRSTUVWXYZ[]";
static const char TAG_BYTES[] = "abcdefghijklmnopqrstuvwxyz0123456789._-ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char VARIABLE_BYTES[] = "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool only(const char *text, const char *bytes)
{
	return *text && text[strspn(text, bytes)] == '\0';
}

bool image_parse(struct image *out, const char *text)
{
	AUTO(image_clear) struct image image = {mem_copy(text), NULL, NULL};
	char *at = strchr(image.name, '@');
	if (at) {
		image.digest = mem_copy(at + 1);
		*at = '\0';
	}
	/* A colon before the last slash is a registry's port. */
	char *slash = strrchr(image.name, '/'), *colon = strrchr(image.name, ':');
	if (colon && (!slash || colon > slash)) {
		image.tag = mem_copy(colon + 1);
		*colon = '\0';
	}
	const char *last = slash ? slash + 1 : image.name;
	if (!only(image.name, NAME_BYTES) || !*last || (image.tag && !only(image.tag, TAG_BYTES)) ||
		(image.digest && (!only(image.digest, NAME_BYTES) || !strchr(image.digest, ':'))))
		return false;
	*out = image;
	image = (struct image){NULL, NULL, NULL};
	return true;
}

void image_clear(struct image *image)
{
	mem_free(image->name);
	mem_free(image->tag);
	mem_free(image->digest);
	*image = (struct image){NULL, NULL, NULL};
}

char *image_text(const struct image *image)
{
	return mem_format("%s%s%s%s%s", image->name, image->tag ? ":" : "", image->tag ? image->tag : "",
		image->digest ? "@" : "", image->digest ? image->digest : "");
}

bool image_is(const struct image *image, const char *word)
{
	const char *slash = strrchr(image->name, '/');
	return strcmp(slash ? slash + 1 : image->name, word) == 0;
}

bool image_release(struct version *out, const struct image *image)
{
	return image->tag && !image->digest && version_parse_typed(out, image->tag);
}

char *image_of_release(const struct image *image, struct version release)
{
	struct version old;
	bool bare = image->tag && version_parse(&old, image->tag);
	return mem_format("%s:%s%s", image->name, bare ? "" : "v", VERSION_TEXT(release));
}

/* One `${NAME…}` or `$NAME`; returns what follows it, or NULL where it is none of them. */
static const char *expand_one(struct text *made, struct list *names, const char *at, image_lookup *lookup,
	void *context)
{
	bool braces = at[1] == '{';
	const char *start = at + (braces ? 2 : 1);
	size_t size = strspn(start, VARIABLE_BYTES);
	if (!size || (*start >= '0' && *start <= '9'))
		return NULL;
	const char *rest = start + size, *close = braces ? strchr(rest, '}') : rest;
	bool colon = braces && *rest == ':';
	const char *sign = colon ? rest + 1 : rest;
	if (!close || (braces && rest != close && *sign != '-' && *sign != '?'))
		return NULL;
	AUTO(mem_auto) char *name = mem_copy_bytes(start, size);
	const char *value = lookup(name, context);
	if (names)
		list_add_once(names, name);
	bool missing = !value || (colon && !*value);
	if (missing && braces && *sign == '-')
		text_add_bytes(made, sign + 1, (size_t)(close - sign - 1));
	else if (value)
		text_add(made, value);
	return braces ? close + 1 : rest;
}

char *image_expand(struct list *names, const char *text, image_lookup *lookup, void *context)
{
	struct text made = TEXT_INIT;
	text_add(&made, "");
	while (*text) {
		const char *next = NULL;
		if (text[0] == '$' && text[1] == '$')
			text++;
		else if (*text == '$')
			next = expand_one(&made, names, text, lookup, context);
		if (!next)
			text_add_bytes(&made, text, 1);
		text = next ? next : text + 1;
	}
	return text_take(&made);
}
