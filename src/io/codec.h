/* zstd. A frame holds one piece of text; it carries its length and a checksum, and its window is small enough for a
 * plain `zstd -d`.
 *
 * A codec keeps zstd's working memory between frames. One codec is used by one thread at a time. */
#ifndef IO_CODEC_H
#define IO_CODEC_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

enum {
	CODEC_LEVEL = 1,       /* what is used where nobody says otherwise */
	CODEC_MOST_LEVEL = 19, /* higher ones take a gigabyte of memory */
	CODEC_MOST_WINDOW = 27 /* what a frame may ask for when it is read */
};

struct codec;
struct codec *codec_new(void);
void codec_free(struct codec *codec); /* accepts NULL */
void codec_auto(struct codec **codec);

/* Compresses it into one frame, appended to out. Takes memory for the frame and zstd's tables (some MB at CODEC_LEVEL),
 * none for a copy of data. */
int codec_compress(struct text *out, struct codec *codec, int level, const void *data, size_t size, struct error *err);
/* Decodes exactly one frame, appended to out. Memory grows with what really comes out of the frame, never with what its
 * header claims. ERROR_CORRUPT when it is damaged, cut, followed by anything, or larger than most. */
int codec_expand(struct text *out, struct codec *codec, const void *frame, size_t size, size_t most, struct error *err);
/* Decodes exactly one frame, of which exactly room bytes come. */
int codec_expand_to(void *out, size_t room, struct codec *codec, const void *frame, size_t size, struct error *err);

#endif
