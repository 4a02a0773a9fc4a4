/* SHA-256 (OpenSSL) for members and files; XXH3-128 (xxhash) for rows. */
#ifndef IO_DIGEST_H
#define IO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hex with a terminating NUL. */
void digest_sha256_hex(char out[65], const void *data, size_t size);

/* SHA-256 of a stream: new, add …, hex (once, ends it). */
struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *data, size_t size);
void digest_hex(struct digest *digest, char out[65]);
/* A digest of what was added so far, to go on or to end by itself. */
struct digest *digest_copy(const struct digest *digest);
void digest_free(struct digest *digest); /* accepts NULL */
void digest_auto(struct digest **digest);

/* Adds XXH3-128 of one row to a 128-bit sum, modulo 2^128. */
void digest_add_row(uint64_t *high, uint64_t *low, const void *row, size_t size);
/* The same for all rows of a stream of COPY text, which may be cut anywhere. Starts as {0}. */
struct row_digest {
	uint64_t rows, high, low; /* of whole rows */
	struct row_part *part;    /* of a row that has not ended yet; NULL between rows */
};
void digest_rows(struct row_digest *digest, const char *text, size_t size);
void digest_rows_clear(struct row_digest *digest);
/* Adds one sum to another. */
void digest_add_sum(uint64_t *high, uint64_t *low, uint64_t other_high, uint64_t other_low);
/* Whether two secrets are equal, in a time that tells nothing of the expected one: neither where they differ nor how
 * long it is. */
bool digest_same_secret(const char *expected, const char *given);
/* size random bytes as hex (2 * size + 1 characters), from the system's generator. */
void digest_random_hex(char *out, size_t size);

#endif
