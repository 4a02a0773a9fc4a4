#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/digest.h"
#include "unit.h"

#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

START_TEST(sha256_of_known_texts)
{
	char hex[65];
	digest_sha256_hex(hex, "abc", 3);
	ck_assert_str_eq(hex, OF_ABC);
	digest_sha256_hex(hex, "", 0);
	ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(streams_and_copies)
{
	char hex[65];
	AUTO(digest_auto) struct digest *digest = digest_new();
	digest_add(digest, "ab", 2);
	AUTO(digest_auto) struct digest *copy = digest_copy(digest);
	digest_add(digest, "x", 1);
	digest_add(copy, "c", 1);
	digest_hex(copy, hex);
	ck_assert_str_eq(hex, OF_ABC);
	digest_hex(digest, hex);
	ck_assert_str_ne(hex, OF_ABC);
	digest_free(NULL);
}
END_TEST

START_TEST(order_of_rows_does_not_matter)
{
	uint64_t high[2] = {0, 0}, low[2] = {0, 0};
	digest_add_row(&high[0], &low[0], "one", 3);
	digest_add_row(&high[0], &low[0], "two", 3);
	digest_add_row(&high[1], &low[1], "two", 3);
	digest_add_row(&high[1], &low[1], "one", 3);
	ck_assert(high[0] == high[1] && low[0] == low[1]);
	digest_add_row(&high[1], &low[1], "one", 3);
	ck_assert(high[0] != high[1] || low[0] != low[1]);
}
END_TEST

/* The format depends on it: XXH3-128 of nothing, and the same of "a". */
START_TEST(digest_of_a_row_is_what_the_format_says)
{
	uint64_t high = 0, low = 0;
	digest_add_row(&high, &low, "", 0);
	ck_assert(high == 0x99aa06d3014798d8 && low == 0x6001c324468d497f);
	high = low = 0;
	digest_add_row(&high, &low, "a", 1);
	ck_assert(high == 0xa96faf705af16834 && low == 0xe6c632b61e964e1f);
}
END_TEST

START_TEST(sums_carry)
{
	uint64_t high = 0, low = UINT64_MAX;
	digest_add_sum(&high, &low, 0, 1);
	ck_assert(high == 1 && low == 0);
	high = UINT64_MAX;
	low = UINT64_MAX;
	digest_add_sum(&high, &low, 0, 1);
	ck_assert(high == 0 && low == 0);
}
END_TEST

START_TEST(random_hex_is_of_the_length_asked_for)
{
	char a[33], b[33], one[201];
	digest_random_hex(a, 16);
	digest_random_hex(b, 16);
	digest_random_hex(one, 100);
	ck_assert_uint_eq(strlen(a), 32);
	ck_assert_uint_eq(strlen(one), 200);
	ck_assert_uint_eq(strspn(one, "0123456789abcdef"), 200);
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(secrets_are_compared_in_full)
{
	char one[8], other[8];
	for (int i = 0; i < 100; i++) {
		snprintf(one, sizeof one, "%d", i);
		for (int j = 0; j < 100; j++) {
			snprintf(other, sizeof other, "%d", j);
			ck_assert_int_eq(digest_same_secret(one, other), i == j);
		}
	}
	ck_assert(digest_same_secret("", ""));
	ck_assert(!digest_same_secret("a", ""));
}
END_TEST

Suite *digest_suite(void)
{
	const TTest *const tests[] = {sha256_of_known_texts, streams_and_copies, order_of_rows_does_not_matter,
		digest_of_a_row_is_what_the_format_says, sums_carry, random_hex_is_of_the_length_asked_for,
		secrets_are_compared_in_full, NULL};
	return unit_suite("digest", tests);
}
