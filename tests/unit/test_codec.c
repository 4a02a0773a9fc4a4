#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/codec.h"
#include "unit.h"

enum { MOST = 1 << 30 };

static void compress(struct text *out, const char *text, size_t size)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(codec_auto) struct codec *codec = codec_new();
	unit_assert_ok(codec_compress(out, codec, CODEC_LEVEL, text, size, &err), &err);
}

static int expand(struct text *out, const struct text *frame, size_t most, struct error *err)
{
	AUTO(codec_auto) struct codec *codec = codec_new();
	return codec_expand(out, codec, frame->data, frame->size, most, err);
}

/* Text that does not compress to nothing: a linear congruential sequence. */
static char *make_text(size_t size)
{
	char *text = mem_new(size + 1);
	unsigned long state = 1;
	for (size_t i = 0; i < size; i++) {
		state = state * 1103515245 + 12345;
		text[i] = (char)('a' + (state >> 16) % 26);
	}
	return text;
}

static void assert_round_trip(size_t size)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *text = make_text(size);
	AUTO(text_clear) struct text frame = TEXT_INIT;
	AUTO(text_clear) struct text back = TEXT_INIT;
	compress(&frame, text, size);
	unit_assert_ok(expand(&back, &frame, MOST, &err), &err);
	ck_assert_uint_eq(back.size, size);
	ck_assert(size == 0 || memcmp(back.data, text, size) == 0);
}

START_TEST(texts_come_back)
{
	assert_round_trip(0);
	assert_round_trip(1);
	assert_round_trip(100);
	assert_round_trip(5000000);
}
END_TEST

START_TEST(a_codec_serves_many_frames)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(codec_auto) struct codec *codec = codec_new();
	for (int i = 0; i < 3; i++) {
		AUTO(text_clear) struct text frame = TEXT_INIT;
		AUTO(text_clear) struct text back = TEXT_INIT;
		text_add(&back, "before ");
		unit_assert_ok(codec_compress(&frame, codec, CODEC_LEVEL, "some text", 9, &err), &err);
		unit_assert_ok(codec_expand(&back, codec, frame.data, frame.size, MOST, &err), &err);
		ck_assert_str_eq(back.data, "before some text");
	}
}
END_TEST

START_TEST(every_flipped_bit_is_found)
{
	AUTO(mem_auto) char *text = make_text(400);
	AUTO(text_clear) struct text frame = TEXT_INIT;
	compress(&frame, text, 400);
	for (size_t i = 0; i < frame.size * 8; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(text_clear) struct text back = TEXT_INIT;
		frame.data[i / 8] ^= (char)(1 << i % 8);
		int rc = expand(&back, &frame, MOST, &err);
		/* One bit of the header is unused: what comes out is still the text. */
		ck_assert(rc == ERROR_CORRUPT || (back.size == 400 && memcmp(back.data, text, 400) == 0));
		if (rc)
			ck_assert_uint_eq(back.size, 0);
		frame.data[i / 8] ^= (char)(1 << i % 8);
	}
}
END_TEST

START_TEST(cut_and_longer_frames_are_corrupt)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *text = make_text(400);
	AUTO(text_clear) struct text frame = TEXT_INIT;
	AUTO(text_clear) struct text back = TEXT_INIT;
	compress(&frame, text, 400);
	size_t whole = frame.size;
	for (frame.size = 0; frame.size < whole; frame.size++) {
		ck_assert_int_eq(expand(&back, &frame, MOST, &err), ERROR_CORRUPT);
		unit_assert_error(&err, ERROR_CORRUPT, "a compressed frame is damaged");
	}
	text_add_bytes(&frame, "\0", 1);
	ck_assert_int_eq(expand(&back, &frame, MOST, &err), ERROR_CORRUPT);
	unit_assert_error(&err, ERROR_CORRUPT, "something follows");
	frame.size = whole;
	text_reserve(&frame, whole); /* so that what is copied does not move */
	text_add_bytes(&frame, frame.data, whole);
	ck_assert_int_eq(expand(&back, &frame, MOST, &err), ERROR_CORRUPT);
}
END_TEST

START_TEST(a_frame_larger_than_allowed_is_corrupt)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(text_clear) struct text frame = TEXT_INIT;
	AUTO(text_clear) struct text back = TEXT_INIT;
	AUTO(mem_auto) char *zeros = mem_new(10000000);
	compress(&frame, zeros, 10000000);
	ck_assert_int_eq(expand(&back, &frame, 9999999, &err), ERROR_CORRUPT);
	unit_assert_error(&err, ERROR_CORRUPT, NULL);
	unit_assert_ok(expand(&back, &frame, 10000000, &err), &err);
}
END_TEST

START_TEST(what_is_no_frame_is_corrupt)
{
	/* A skippable frame of zstd's, which holds nothing. */
	static const char skippable[] = "\x50\x2a\x4d\x18\x00\x00\x00\x00";
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(text_clear) struct text back = TEXT_INIT;
	AUTO(codec_auto) struct codec *codec = codec_new();
	ck_assert_int_eq(codec_expand(&back, codec, skippable, 8, MOST, &err), ERROR_CORRUPT);
	ck_assert_int_eq(codec_expand(&back, codec, "plain text", 10, MOST, &err), ERROR_CORRUPT);
	ck_assert_int_eq(codec_expand(&back, codec, "", 0, MOST, &err), ERROR_CORRUPT);
}
END_TEST

START_TEST(a_frame_of_known_size_is_decoded_in_place)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(text_clear) struct text frame = TEXT_INIT;
	AUTO(codec_auto) struct codec *codec = codec_new();
	char room[16] = {0};
	unit_assert_ok(codec_compress(&frame, codec, CODEC_LEVEL, "some text", 9, &err), &err);
	unit_assert_ok(codec_expand_to(room, 9, codec, frame.data, frame.size, &err), &err);
	ck_assert_str_eq(room, "some text");
	ck_assert_int_eq(codec_expand_to(room, 8, codec, frame.data, frame.size, &err), ERROR_CORRUPT);
	error_clear(&err);
	ck_assert_int_eq(codec_expand_to(room, 10, codec, frame.data, frame.size, &err), ERROR_CORRUPT);
	error_clear(&err);
	ck_assert_int_eq(codec_expand_to(room, 9, codec, frame.data, frame.size - 1, &err), ERROR_CORRUPT);
}
END_TEST

Suite *codec_suite(void)
{
	const TTest *const tests[] = {texts_come_back, a_codec_serves_many_frames, every_flipped_bit_is_found,
		cut_and_longer_frames_are_corrupt, a_frame_larger_than_allowed_is_corrupt,
		what_is_no_frame_is_corrupt, a_frame_of_known_size_is_decoded_in_place, NULL};
	return unit_suite("codec", tests);
}
