/* Which release of the engine a compose file runs, and how it is made to run another: the tags of exactly the engine's
 * images are replaced, byte for byte, in one atomic write; the old file is kept beside it. */
#ifndef WORK_PIN_H
#define WORK_PIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/settings.h"
#include "model/version.h"
#include "work/composefile.h"

/* What the file pins the engine to: "0.2.4", owned, and what says so, "docker-compose.yaml line 12", owned. Both NULL
 * where nothing names a release (`latest`, a digest, no service of the engine). ERROR_REFUSED where the engine's
 * services are not all of the same release, naming them. */
int pin_release(char **release, char **where, const struct composefile *file, struct error *err);
/* Every release that the file pins a service of the engine to, each once: one, unless somebody is at it. */
void pin_releases(struct list *releases, const struct composefile *file);
/* The images of that release, each once. */
void pin_images(struct list *images, const struct composefile *file, struct version release);
/* The file's text with that release, owned; the same text where it is pinned to it already. ERROR_REFUSED, each with
 * its remedy: no service of the engine; `latest`, no tag, another tag than a release, a digest (unless force); a
 * variable; an image that another file or an anchor brings. */
int pin_edit(char **text, size_t *size, const struct composefile *file, struct version release, bool force,
	struct error *err);

/* ---- a file that is an operator's, of this or another kind ---- */

/* May it be replaced, and (git) committed? ERROR_REFUSED with the remedy: not writable, another user's, mounted by
 * itself, changed since its last commit, in no work tree. */
int pin_check(const char *path, bool git, struct error *err);
/* Replaces its text: links are followed, mode and owner kept, the old text kept as PATH.before-TIME. With git, commits
 * it: subject "Pin the engine to 0.2.4", what in the body. A commit that fails is a warning, for the file is right. */
int pin_write(const char *path, const char *text, size_t size, bool git, struct version release, const char *what,
	struct error *err);
/* The compose file's release as the setting `engine`: over the settings file's, under the environment's. A file that
 * cannot be read, or does not name one, changes nothing: whatever needs it says why. */
int pin_engine_setting(struct settings *settings, struct error *err);

#endif
