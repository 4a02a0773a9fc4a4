/* Versions of the database ("0.0.7") and releases of the engine ("0.2.4"): three numbers each. The list of
 * releases says which release needs which database version; one list in sql/releases, oldest first. */
#ifndef MODEL_VERSION_H
#define MODEL_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct version {
	int part[3];
};

enum { VERSION_ROOM = 40 };

/* "0.0.6": three decimal numbers without leading zeros or anything around. */
bool version_parse(struct version *out, const char *text);
/* The same, one leading 'v' allowed: what operators type for a release. */
bool version_parse_typed(struct version *out, const char *text);
/* Reads the version at the start of text, *end is what follows it. */
bool version_read(struct version *out, const char *text, const char **end);
/* Less than, equal to or greater than 0. */
int version_compare(struct version a, struct version b);
bool version_same(struct version a, struct version b);
/* Writes into out and returns it: version_format((char[VERSION_ROOM]){0}, v) in an argument list. */
char *version_format(char out[VERSION_ROOM], struct version version);
#define VERSION_TEXT(version) version_format((char[VERSION_ROOM]){0}, version)

struct release {
	struct version release;
	struct version database;
};
struct releases {
	struct release *items; /* by release, oldest first */
	size_t count;
};

/* Lines `RELEASE VERSION`; # starts a comment. where names the source in errors (ERROR_USAGE). */
int releases_parse(struct releases *out, const char *text, const char *where, struct error *err);
void releases_clear(struct releases *releases);
/* The database version that a release needs. */
bool releases_find(struct version *database, const struct releases *releases, struct version release);
/* The newest release that needs this database version. */
bool releases_newest(struct version *release, const struct releases *releases, struct version database);
/* All releases of a database version, joined: "0.2.2, 0.2.3, 0.2.4"; owned, "" if none. */
char *releases_of(const struct releases *releases, struct version database);
/* The same, those that follow each other as one: "0.7.0-0.7.3, 0.8.0". */
char *releases_ranges(const struct releases *releases, struct version database);
/* The release whose name is nearest to a mistyped one, NULL if none is near; owned. */
char *releases_nearest(const struct releases *releases, const char *text);

#endif
