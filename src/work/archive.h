/* snapshot.json and manifest.json, the first and the last member of a snapshot archive, to and from struct manifest.
 * The format is described in anchore-snapshot(5). The readers are strict: a field that is missing or of another type is
 * ERROR_CORRUPT; unknown fields are left alone. */
#ifndef WORK_ARCHIVE_H
#define WORK_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/json.h"
#include "io/tarball.h"
#include "model/manifest.h"

#define ARCHIVE_SNAPSHOT "snapshot.json"
#define ARCHIVE_GUIDE "RESTORE.txt"
#define ARCHIVE_SCHEMA "schema.pgdump"
#define ARCHIVE_SUMS "SHA256SUMS"
#define ARCHIVE_MANIFEST "manifest.json"

/* SHA-256 as 64 hex digits; the archive's frame is described at tarball_frame(). */
struct frame {
	char sha256[65];
};

/* Texts, owned. The size of a manifest's text does not depend on the frame. */
char *archive_print_snapshot(const struct manifest *manifest);
char *archive_print_manifest(const struct manifest *manifest, const struct frame *frame);

/* The format number alone, ERROR_CORRUPT if there is none. */
int archive_read_format(int64_t *format, const char *text, size_t size, struct error *err);
/* Fills what is known before the first row. out is empty before. */
int archive_read_snapshot(struct manifest *out, const char *text, size_t size, struct error *err);
/* Fills what is known at the end, in a manifest that archive_read_snapshot() filled. */
int archive_read_manifest(struct manifest *manifest, struct frame *frame, const char *text, size_t size,
	struct error *err);
/* The members that are there are the members listed, in the same order and of the same size, and their names say what
 * the tables say. ERROR_CORRUPT. */
int archive_check_members(const struct manifest *manifest, const struct tarball *tarball, struct error *err);

/* Parts that are also kept elsewhere. The readers fill out only when all is well. */
json_t *archive_identity(const struct identity *identity);
json_t *archive_moment(const struct moment *moment);
int archive_read_identity(struct identity *out, const json_t *object, const char *where, struct error *err);
int archive_read_moment(struct moment *out, const json_t *object, const char *where, struct error *err);

#endif
