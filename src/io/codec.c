#include "io/codec.h"

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

static int prepare(struct codec *codec, int level, uint64_t total, struct error *err)
{
	if (!codec->compressor)
		codec->compressor = ZSTD_createCCtx();
	if (!codec->compressor)
		return error_set(err, ERROR_FAILED, "cannot compress: out of memory");
	ZSTD_CCtx *context = codec->compressor;
	size_t codes[] = {
		ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters),
		ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level),
		ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1),
		ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, CODEC_WINDOW),
		/* Without it the low levels' small tables do not reach back as far as the window does. */
		ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1),
		ZSTD_CCtx_setPledgedSrcSize(context, total),
	};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (ZSTD_isError(codes[i]))
			return failed(codes[i], err);
	return 0;
}

/* Feeds one piece; the last one also ends the frame. */
static int feed(struct text *out, ZSTD_CCtx *context, const struct codec_piece *piece, bool last, struct error *err)
{
	ZSTD_inBuffer in = {piece->data, piece->size, 0};
	for (;;) {
		size_t step = ZSTD_CStreamOutSize();
		ZSTD_outBuffer to = {text_reserve(out, step), step, 0};
		size_t left = ZSTD_compressStream2(context, &to, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return failed(left, err);
		out->size += to.pos;
		if (last ? left == 0 : in.pos == in.size)
			return 0;
	}
}

int codec_compress(struct text *out, struct codec *codec, int level, const struct codec_piece *pieces, size_t count,
	struct error *err)
{
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += pieces[i].size;
	int rc = prepare(codec, level, total, err);
	struct text frame = *out;
	for (size_t i = 0; !rc && i < count; i++)
		rc = feed(&frame, codec->compressor, &pieces[i], false, err);
	if (!rc)
		rc = feed(&frame, codec->compressor, &(struct codec_piece){"", 0}, true, err);
	if (rc)
		frame.size = out->size; /* the memory may have moved, its contents count no more */
	*out = frame;
	return rc;
}

static int damaged(const char *why, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "a compressed frame is damaged: %s", why);
}

static int expand_at_once(struct text *out, ZSTD_DCtx *context, const void *frame, size_t size, size_t claim,
	struct error *err)
{
	if (ZSTD_findFrameCompressedSize(frame, size) != size)
		return damaged("it is cut, or something follows it", err);
	size_t got = ZSTD_decompressDCtx(context, text_reserve(out, claim), claim, frame, size);
	if (ZSTD_isError(got))
		return damaged(ZSTD_getErrorName(got), err);
	out->size += got;
	return 0;
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

int codec_expand(struct text *out, struct codec *codec, const void *frame, size_t size, size_t most, struct error *err)
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
	size_t before = out->size;
	unsigned long long claim = ZSTD_getFrameContentSize(frame, size);
	if (claim == ZSTD_CONTENTSIZE_ERROR || (claim != ZSTD_CONTENTSIZE_UNKNOWN && claim > most))
		return damaged("its header is wrong", err);
	ZSTD_inBuffer in = {frame, size, 0};
	int rc = claim <= ONE_STEP ? expand_at_once(out, codec->expander, frame, size, (size_t)claim, err) :
		expand(out, codec->expander, &in, most, err);
	if (rc)
		out->size = before;
	text_reserve(out, 0)[0] = '\0';
	return rc;
}
