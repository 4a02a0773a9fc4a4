#include "work/schema_same.h"

#include <string.h>

#include "base/mem.h"
#include "io/tarball.h"
#include "work/archive.h"

/* The head of pg_dump's custom format: PGDMP; its version, three bytes; the sizes of a number and of an offset; the
 * format. Then how it is compressed: a byte from version 1.15 on, a number before. Then the time, seven numbers. A
 * number is its sign, a byte, and its bytes. */
enum { MAGIC = 5, MINOR = 6, NUMBER = 8, FIXED = 11, TIMES = 7, BYTE_FROM = 15 };
enum { STEP = 65536 };

/* False: that is no such head. */
static bool blank_time(unsigned char *head, size_t size)
{
	if (size < FIXED || memcmp(head, "PGDMP\001", MAGIC + 1) != 0)
		return false;
	size_t number = (size_t)head[NUMBER] + 1, from = FIXED + (head[MINOR] >= BYTE_FROM ? 1 : number);
	if (size < from + TIMES * number)
		return false;
	memset(head + from, 0, TIMES * number);
	return true;
}

static const struct tarball_member *find(const struct tarball *tarball)
{
	for (size_t i = 0; i < tarball->count; i++)
		if (strcmp(tarball->members[i].name, ARCHIVE_SCHEMA) == 0)
			return &tarball->members[i];
	return NULL;
}

static int compare(bool *same, const struct tarball *a, const struct tarball *b, struct error *err)
{
	const struct tarball_member *in_a = find(a), *in_b = find(b);
	AUTO(mem_auto) unsigned char *bytes_a = mem_new(STEP), *bytes_b = mem_new(STEP);
	bool equal = in_a && in_b && in_a->size == in_b->size;
	int rc = 0;
	for (uint64_t at = 0; !rc && equal && at < in_a->size; at += STEP) {
		size_t size = in_a->size - at < STEP ? (size_t)(in_a->size - at) : STEP;
		rc = tarball_read(a, in_a, at, bytes_a, size, err);
		if (!rc)
			rc = tarball_read(b, in_b, at, bytes_b, size, err);
		if (!rc && at == 0)
			equal = blank_time(bytes_a, size) && blank_time(bytes_b, size);
		equal = equal && !rc && memcmp(bytes_a, bytes_b, size) == 0;
	}
	if (!rc)
		*same = equal;
	return rc;
}

int schema_same(bool *same, const struct snapshot_entry *a, const struct snapshot_entry *b, struct error *err)
{
	AUTO(tarball_close) struct tarball in_a = {.fd = -1}, in_b = {.fd = -1};
	int rc = tarball_open(&in_a, a->path, err);
	if (!rc)
		rc = tarball_open(&in_b, b->path, err);
	return rc ? rc : compare(same, &in_a, &in_b, err);
}
