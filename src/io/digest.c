#include "io/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

enum { SHA256_SIZE = 32 };

struct digest {
	EVP_MD_CTX *context;
};

/* SHA-256 is part of every OpenSSL: a failure here means there is no memory. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

static void put_hex(char *out, const unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * size] = '\0';
}

struct digest *digest_new(void)
{
	struct digest *digest = mem_new(sizeof *digest);
	digest->context = EVP_MD_CTX_new();
	must(digest->context != NULL);
	must(EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
	return digest;
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
	must(EVP_DigestUpdate(digest->context, data, size));
}

void digest_hex(struct digest *digest, char out[65])
{
	unsigned char bytes[SHA256_SIZE];
	must(EVP_DigestFinal_ex(digest->context, bytes, NULL));
	put_hex(out, bytes, sizeof bytes);
}

struct digest *digest_copy(const struct digest *digest)
{
	struct digest *copy = digest_new();
	must(EVP_MD_CTX_copy_ex(copy->context, digest->context));
	return copy;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	mem_free(digest);
}

void digest_auto(struct digest **digest)
{
	digest_free(*digest);
}

void digest_sha256_hex(char out[65], const void *data, size_t size)
{
	AUTO(digest_auto) struct digest *digest = digest_new();
	digest_add(digest, data, size);
	digest_hex(digest, out);
}

void digest_add_sum(uint64_t *high, uint64_t *low, uint64_t other_high, uint64_t other_low)
{
	*low += other_low;
	*high += other_high + (*low < other_low);
}

void digest_add_row(uint64_t *high, uint64_t *low, const void *row, size_t size)
{
	XXH128_hash_t hash = XXH3_128bits(row, size);
	digest_add_sum(high, low, hash.high64, hash.low64);
}

struct row_part {
	XXH3_state_t *state;
};

/* The first piece of a row begins its part, the last one (ends) takes it into the sum. */
static void add_part(struct row_digest *digest, const char *text, size_t size, bool ends)
{
	if (!digest->part) {
		digest->part = mem_new(sizeof *digest->part);
		digest->part->state = XXH3_createState();
		must(digest->part->state != NULL);
		must(XXH3_128bits_reset(digest->part->state) == XXH_OK);
	}
	must(XXH3_128bits_update(digest->part->state, text, size) == XXH_OK);
	if (!ends)
		return;
	XXH128_hash_t hash = XXH3_128bits_digest(digest->part->state);
	digest_add_sum(&digest->high, &digest->low, hash.high64, hash.low64);
	digest->rows++;
	digest_rows_clear(digest);
}

void digest_rows(struct row_digest *digest, const char *text, size_t size)
{
	const char *end = text + size;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);
		if (digest->part || !newline) {
			add_part(digest, text, length, newline != NULL);
		} else {
			digest_add_row(&digest->high, &digest->low, text, length);
			digest->rows++;
		}
		text += length + (newline != NULL);
	}
}

void digest_rows_clear(struct row_digest *digest)
{
	if (digest->part)
		XXH3_freeState(digest->part->state);
	mem_free(digest->part);
	digest->part = NULL;
}

void digest_random_hex(char *out, size_t size)
{
	unsigned char bytes[64];
	for (size_t done = 0; done < size; done += sizeof bytes) {
		size_t step = size - done < sizeof bytes ? size - done : sizeof bytes;
		must(RAND_bytes(bytes, (int)step));
		put_hex(out + 2 * done, bytes, step);
	}
	out[2 * size] = '\0';
}

bool digest_same_secret(const char *expected, const char *given)
{
	char one[65], other[65];
	digest_sha256_hex(one, expected, strlen(expected));
	digest_sha256_hex(other, given, strlen(given));
	bool same = CRYPTO_memcmp(one, other, sizeof one) == 0;
	explicit_bzero(one, sizeof one);
	explicit_bzero(other, sizeof other);
	return same;
}
