/* References of container images, as compose files write them: "registry:5000/anchore/anchore-engine:v0.2.4@sha256:…",
 * and what pins them to a release of the engine. */
#ifndef MODEL_IMAGE_H
#define MODEL_IMAGE_H

#include <stdbool.h>

#include "base/text.h"
#include "model/version.h"

struct image { /* all owned */
	char *name;   /* "registry:5000/anchore/anchore-engine" */
	char *tag;    /* "v0.2.4"; NULL: none, which Docker takes for latest */
	char *digest; /* "sha256:…"; NULL: none */
};

/* False for what is no reference, variables in it included; *out is untouched then. */
bool image_parse(struct image *out, const char *text);
void image_clear(struct image *image);
/* The reference again, owned. */
char *image_text(const struct image *image);
/* The last part of the name is this word: "anchore-engine". */
bool image_is(const struct image *image, const char *word);
/* The release that the tag names, with or without a v; false where a digest or another tag says what runs. */
bool image_release(struct version *out, const struct image *image);
/* The reference of that release, in the style of the old tag (v0.2.4 where there was none of a release), without a
 * digest; owned. */
char *image_of_release(const struct image *image, struct version release);

/* The value of a variable, borrowed; NULL: unset. */
typedef const char *image_lookup(const char *name, void *context);
/* What compose makes of $NAME, ${NAME}, ${NAME:-else}, ${NAME-else}, ${NAME:?why}, ${NAME?why} and $$: owned. The names
 * are added to names, which may be NULL. An unset variable is empty; what is no such form stays as it is. */
char *image_expand(struct list *names, const char *text, image_lookup *lookup, void *context);

#endif
