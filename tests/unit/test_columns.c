#include <check.h>
#include <string.h>

#include "base/mem.h"
#include "io/digest.h"
#include "model/columns.h"
#include "unit.h"

/* All of the columns, one after the other. */
static void store(struct text *out, struct columns *columns)
{
	text_add_bytes(out, columns_join(columns), columns->bytes);
}

static int append(void *context, const char *text, size_t size, struct error *err)
{
	(void)err;
	text_add_bytes(context, text, size);
	return 0;
}

static void join(struct text *out, const struct text *stored, size_t count, uint64_t rows)
{
	struct columns_reader reader;
	ck_assert(columns_open(&reader, stored->data, stored->size, count, rows));
	ck_assert_int_eq(columns_pass(&reader, append, out, NULL), 0);
	columns_close(&reader);
}

/* Text comes back whichever way it is cut into pieces. */
static void assert_round(struct columns *columns, size_t count, const char *text, size_t size, size_t step)
{
	AUTO(text_clear) struct text stored = TEXT_INIT;
	AUTO(text_clear) struct text joined = TEXT_INIT;
	columns_start(columns, count);
	for (size_t at = 0; at < size; at += step)
		ck_assert(columns_add(columns, text + at, size - at < step ? size - at : step));
	ck_assert(!columns->open);
	ck_assert_uint_eq(columns->bytes, size);
	store(&stored, columns);
	ck_assert_uint_eq(stored.size, size);
	join(&joined, &stored, count, columns->rows);
	ck_assert_uint_eq(joined.size, size);
	ck_assert_int_eq(memcmp(joined.data, text, size), 0);
}

START_TEST(rows_come_back_from_columns)
{
	static const struct {
		size_t count;
		const char *text;
	} cases[] = {{3, "a\tb\tc\n\t\t\n1\t\\N\t\\t\\n\n"}, {1, "one\n\nthree\n"}, {0, "\n\n\n"}, {2, "x\ty\n"},
		{2, "\t\n\t\n"}};
	AUTO(columns_clear) struct columns columns = {0};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t step = 1; step < 9; step++)
			assert_round(&columns, cases[i].count, cases[i].text, strlen(cases[i].text), step);
}
END_TEST

/* A generator that is the same everywhere. */
static uint32_t next_number(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void make_rows(struct text *out, uint64_t seed, size_t count, size_t rows, size_t longest)
{
	for (size_t i = 0; i < rows * count; i++) {
		size_t size = next_number(&seed) % (next_number(&seed) % 50 == 0 ? longest : 20);
		char *to = text_reserve(out, size + 1);
		memset(to, 'a' + (int)(i % 26), size);
		to[size] = (i + 1) % count ? '\t' : '\n';
		out->size += size + 1;
	}
}

/* Values that lie across the blocks of memory, and columns that need many of them. */
START_TEST(large_rows_come_back)
{
	AUTO(columns_clear) struct columns columns = {0};
	static const size_t counts[] = {1, 2, 15, 1600}; /* 1,600: as many as a table can have */
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		AUTO(text_clear) struct text rows = TEXT_INIT;
		make_rows(&rows, i + 1, counts[i], 8000 / counts[i], 100000);
		assert_round(&columns, counts[i], rows.data, rows.size, 131072);
		assert_round(&columns, counts[i], rows.data, rows.size, 1009);
	}
}
END_TEST

START_TEST(columns_stand_together)
{
	AUTO(columns_clear) struct columns columns = {0};
	AUTO(text_clear) struct text stored = TEXT_INIT;
	columns_start(&columns, 2);
	ck_assert(columns_add(&columns, "a\t1\nb\t", 6));
	ck_assert(columns.open);
	ck_assert_uint_eq(columns.rows, 1);
	ck_assert(columns_add(&columns, "2\n", 2));
	ck_assert(!columns.open);
	store(&stored, &columns);
	ck_assert_str_eq(stored.data, "a\nb\n1\n2\n");
	columns_start(&columns, 2);
	ck_assert_uint_eq(columns.rows, 0);
	ck_assert_uint_eq(columns.bytes, 0);
	memset(columns_borrow(&columns, 5000000), 'x', 5000000);
	assert_round(&columns, 2, "a\t1\n", 4, 4);
}
END_TEST

/* A worker's memory is for a chunk and its frame: one that stays large beside a large frame takes that of both. */
START_TEST(memory_of_a_larger_chunk_is_given_back)
{
	AUTO(columns_clear) struct columns columns = {0};
	AUTO(text_clear) struct text large = TEXT_INIT;
	for (int i = 0; i < 100000; i++)
		text_add(&large, "aaaaaaaaaaaaaaaaaaaa\tbbbbbbbbbbbbbbbbbbbb\n");
	assert_round(&columns, 2, large.data, large.size, large.size);
	uint64_t before = columns_memory(&columns);
	ck_assert_uint_ge(before, large.size);
	assert_round(&columns, 2, "a\tb\n", 4, 4);
	ck_assert_uint_lt(columns_memory(&columns), before / 50);
	ck_assert_uint_eq(columns.blocks, columns.used);
	assert_round(&columns, 2, large.data, large.size, large.size);
}
END_TEST

START_TEST(a_sample_has_something_of_every_column)
{
	AUTO(columns_clear) struct columns columns = {0};
	AUTO(text_clear) struct text sample = TEXT_INIT;
	enum { MOST = 1 << 18, ROWS = 400000 };
	columns_start(&columns, 3);
	columns_sample(&sample, &columns, MOST);
	ck_assert_uint_eq(sample.size, 0);
	for (int i = 0; i < ROWS; i++)
		ck_assert(columns_add(&columns, "aaaa\tbbbb\tcccc\n", 15));
	columns_sample(&sample, &columns, MOST);
	ck_assert_uint_gt(sample.size, MOST / 2);
	ck_assert_uint_le(sample.size, MOST);
	for (const char *column = "abc"; *column; column++)
		ck_assert(memchr(sample.data, *column, sample.size) != NULL);
	ck_assert_uint_eq(columns.bytes, ROWS * 15);
}
END_TEST

START_TEST(rows_of_another_width_are_not_taken)
{
	AUTO(columns_clear) struct columns columns = {0};
	static const char *const wrong[] = {"bcd\n", "b\t2\t3\n", "a\t1\n\n", "b\t2\t"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		columns_start(&columns, 2);
		ck_assert(columns_add(&columns, "a\t1\n", 4));
		ck_assert(!columns_add(&columns, wrong[i], strlen(wrong[i])));
	}
}
END_TEST

START_TEST(texts_of_another_shape_are_not_joined)
{
	static const struct {
		const char *text;
		size_t count;
		uint64_t rows;
	} wrong[] = {{"a\nb\nc\n", 2, 2}, {"a\nb\nc\nd", 2, 2}, {"a\nb\nc\nd\ne\n", 2, 2}, {"", 1, 1},
		{"a\n", 1, UINT64_MAX}};
	struct columns_reader reader;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert(!columns_open(&reader, wrong[i].text, strlen(wrong[i].text), wrong[i].count, wrong[i].rows));
	/* Lines are counted many at a time, which must not count one too many or too few. */
	AUTO(text_clear) struct text lines = TEXT_INIT;
	make_rows(&lines, 7, 1, 20000, 300);
	for (int off = -1; off <= 1; off++) {
		ck_assert_int_eq(columns_open(&reader, lines.data, lines.size, 1, (uint64_t)(20000 + off)), off == 0);
		if (off == 0)
			columns_close(&reader);
	}
}
END_TEST

/* Whether rows come whole or in pieces, their digest is the same. */
START_TEST(a_digest_does_not_depend_on_the_cuts)
{
	AUTO(text_clear) struct text rows = TEXT_INIT;
	make_rows(&rows, 3, 4, 500, 5000);
	struct row_digest whole = {0};
	digest_rows(&whole, rows.data, rows.size);
	ck_assert_uint_eq(whole.rows, 500);
	for (size_t step = 1; step < rows.size; step = step * 3 + 1) {
		struct row_digest cut = {0};
		for (size_t at = 0; at < rows.size; at += step)
			digest_rows(&cut, rows.data + at, rows.size - at < step ? rows.size - at : step);
		ck_assert_uint_eq(cut.rows, whole.rows);
		ck_assert_uint_eq(cut.high, whole.high);
		ck_assert_uint_eq(cut.low, whole.low);
		ck_assert_ptr_null(cut.part);
	}
	struct row_digest open = {0};
	digest_rows(&open, "one\ntw", 6);
	ck_assert_uint_eq(open.rows, 1);
	digest_rows_clear(&open);
}
END_TEST

Suite *columns_suite(void)
{
	const TTest *const tests[] = {rows_come_back_from_columns, large_rows_come_back, columns_stand_together,
		a_sample_has_something_of_every_column, memory_of_a_larger_chunk_is_given_back,
		rows_of_another_width_are_not_taken, texts_of_another_shape_are_not_joined,
		a_digest_does_not_depend_on_the_cuts, NULL};
	return unit_suite("columns", tests);
}
