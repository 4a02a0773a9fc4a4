#include "io/codec.h"

#include <stdbool.h>
#include <stdint.h>
#include <zstd.h>

#include "base/mem.h"

/* A frame that claims up to ONE_STEP bytes is decoded into one buffer, which saves zstd its window; memory that is
 * asked for and not written costs nothing, so that a false claim does no harm. A larger one is decoded bit by bit. */
enum { LEAST_STEP = 65536, ONE_STEP = 256 << 20 };

struct codec {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *expander;
};

struct codec *codec_new(void)
{
	return mem_new(sizeof(struct codec));
}

void codec_free(struct codec *codec)
{
	if (!codec)
		return;
	ZSTD_freeCCtx(codec->compressor);
	ZSTD_freeDCtx(codec->expander);
	mem_free(codec);
}

void codec_auto(struct codec **codec)
{
	codec_free(*codec);
}

static int failed(size_t code, struct error *err)
{
	return error_set(err, ERROR_FAILED, "cannot compress: %s", ZSTD_getErrorName(code));
}

static int set_all(ZSTD_CCtx *context, const int (*settings)[2], size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		size_t code = ZSTD_CCtx_setParameter(context, (ZSTD_cParameter)settings[i][0], settings[i][1]);
		if (ZSTD_isError(code))
			return failed(code, err);
	}
	return 0;
}

/* How far back a frame looks. Where like stands beside like, a window of 2^25 finds nearly all there is. */
enum { WINDOW = 25 };

static int prepare(struct codec *codec, int level, struct error *err)
{
	/* The low levels' own tables do not reach back as far as the window does. At level 1 a table of 2^20 places
	 * does that in two thirds of the time that long distance matching takes (measured on rows of text by column);
	 * 0 is the level's own. */
	bool quick = level == 1;
	const int settings[][2] = {{ZSTD_c_compressionLevel, level}, {ZSTD_c_checksumFlag, 1},
		{ZSTD_c_windowLog, WINDOW}, {ZSTD_c_hashLog, quick ? 20 : 0},
		{ZSTD_c_enableLongDistanceMatching, quick ? 0 : 1}};
	if (!codec->compressor)
		codec->compressor = ZSTD_createCCtx();
	if (!codec->compressor)
		return error_set(err, ERROR_FAILED, "cannot compress: out of memory");
	size_t code = ZSTD_CCtx_reset(codec->compressor, ZSTD_reset_session_and_parameters);
	return ZSTD_isError(code) ? failed(code, err) :
		set_all(codec->compressor, settings, sizeof settings / sizeof *settings, err);
}

int codec_compress(struct text *out, struct codec *codec, int level, const void *data, size_t size, struct error *err)
{
	int rc = prepare(codec, level, err);
	if (rc)
		return rc;
	/* In one call zstd needs no window of its own. What the frame does not need of the room is never written, and
	 * given back. */
	size_t room = ZSTD_compressBound(size);
	size_t code = ZSTD_compress2(codec->compressor, text_reserve(out, room), room, data, size);
	if (ZSTD_isError(code))
		return failed(code, err);
	out->size += code;
	text_fit(out);
	return 0;
}

static int damaged(const char *why, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "a compressed frame is damaged: %s", why);
}

static int expand(struct text *out, ZSTD_DCtx *context, ZSTD_inBuffer *in, size_t most, struct error *err)
{
	size_t before = out->size;
	for (;;) {
		/* Doubling keeps the number of moves small; text_reserve() adds half at least anyhow. */
		size_t step = out->size - before < LEAST_STEP ? LEAST_STEP : out->size - before;
		ZSTD_outBuffer to = {text_reserve(out, step), step, 0};
		size_t left = ZSTD_decompressStream(context, &to, in);
		if (ZSTD_isError(left))
			return damaged(ZSTD_getErrorName(left), err);
		out->size += to.pos;
		if (out->size - before > most)
			return damaged("it is larger than it may be", err);
		if (left == 0)
			return in->pos == in->size ? 0 : damaged("something follows it", err);
		if (in->pos == in->size && to.pos < to.size)
			return damaged("it is cut", err);
	}
}

static int prepare_expander(struct codec *codec, const void *frame, size_t size, struct error *err)
{
	if (!codec->expander)
		codec->expander = ZSTD_createDCtx();
	if (!codec->expander)
		return error_set(err, ERROR_FAILED, "cannot decode: out of memory");
	size_t code = ZSTD_DCtx_reset(codec->expander, ZSTD_reset_session_and_parameters);
	if (!ZSTD_isError(code))
		code = ZSTD_DCtx_setParameter(codec->expander, ZSTD_d_windowLogMax, CODEC_MOST_WINDOW);
	if (ZSTD_isError(code))
		return error_set(err, ERROR_FAILED, "cannot decode: %s", ZSTD_getErrorName(code));
	/* A skippable frame decodes to nothing and would hide what follows; only a real one is ours. */
	if (size < 4 || ((const unsigned char *)frame)[0] != 0x28)
		return damaged("it is not a zstd frame", err);
	return 0;
}

static int expand_whole(size_t *got, void *out, size_t room, ZSTD_DCtx *context, const void *frame, size_t size,
	struct error *err)
{
	if (ZSTD_findFrameCompressedSize(frame, size) != size)
		return damaged("it is cut, or something follows it", err);
	size_t code = ZSTD_decompressDCtx(context, out, room, frame, size);
	if (ZSTD_isError(code))
		return damaged(ZSTD_getErrorName(code), err);
	*got = code;
	return 0;
}

int codec_expand_to(void *out, size_t room, struct codec *codec, const void *frame, size_t size, struct error *err)
{
	size_t got = 0;
	int rc = prepare_expander(codec, frame, size, err);
	if (!rc)
		rc = expand_whole(&got, out, room, codec->expander, frame, size, err);
	return !rc && got != room ? damaged("it is shorter than it should be", err) : rc;
}

int codec_expand(struct text *out, struct codec *codec, const void *frame, size_t size, size_t most, struct error *err)
{
	int rc = prepare_expander(codec, frame, size, err);
	if (rc)
		return rc;
	size_t before = out->size;
	unsigned long long claim = ZSTD_getFrameContentSize(frame, size);
	if (claim == ZSTD_CONTENTSIZE_ERROR || (claim != ZSTD_CONTENTSIZE_UNKNOWN && claim > most))
		return damaged("its header is wrong", err);
	ZSTD_inBuffer in = {frame, size, 0};
	size_t got = 0;
	rc = claim > ONE_STEP ? expand(out, codec->expander, &in, most, err) :
		expand_whole(&got, text_reserve(out, (size_t)claim), (size_t)claim, codec->expander, frame, size, err);
	out->size = rc ? before : out->size + got;
	text_reserve(out, 0)[0] = '\0';
	return rc;
}
