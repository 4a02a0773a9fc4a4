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
	CODEC_WINDOW = 25,     /* log2 of the bytes that a frame looks back */
	CODEC_MOST_WINDOW = 27 /* what a frame may ask for when it is read */
};

struct codec;
struct codec *codec_new(void);
void codec_free(struct codec *codec); /* accepts NULL */
void codec_auto(struct codec **codec);

struct codec_piece {
	const void *data;
	size_t size;
};
/* Compresses the pieces, one after the other, into one frame, appended to out. */
int codec_compress(struct text *out, struct codec *codec, int level, const struct codec_piece *pieces, size_t count,
	struct error *err);
/* Decodes exactly one frame, appended to out. Memory grows with what really comes out of the frame, never with what its
 * header claims. ERROR_CORRUPT when it is damaged, cut, followed by anything, or larger than most. */
int codec_expand(struct text *out, struct codec *codec, const void *frame, size_t size, size_t most, struct error *err);

#endif
