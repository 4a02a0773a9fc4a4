/* The parts of the snapshot reader that only the store and verify use; the rest is in work/snapshot.h. */
#ifndef WORK_READER_H
#define WORK_READER_H

#include "base/error.h"
#include "io/tarball.h"
#include "work/snapshot.h"

/* A small member as a text, NUL-terminated; owned. */
int reader_load(char **out, const struct tarball *tarball, const struct tarball_member *member, struct error *err);
/* SHA-256 of a member against the manifest. */
int reader_check_member(const struct snapshot_reader *reader, size_t index, struct error *err);

#endif
