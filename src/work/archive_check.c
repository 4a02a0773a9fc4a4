#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "work/archive.h"

static int corrupt(struct error *err, const char *member, const char *what)
{
	return error_set(err, ERROR_CORRUPT, "the member %s %s", member, what);
}

/* A chunk's name must be the folder of its table and a row count, which is added up. */
static int check_chunk(uint64_t *rows, const struct manifest *manifest, const char *name, struct error *err)
{
	size_t ordinal;
	uint64_t count;
	if (!manifest_read_chunk_name(name, &ordinal, &count) || ordinal > manifest->table_count)
		return corrupt(err, name, "is not a chunk of any table");
	AUTO(mem_auto) char *folder = manifest_table_folder(ordinal, manifest->tables[ordinal - 1].name);
	if (!text_starts(name, folder) || name[strlen(folder)] != '/' || strchr(name + strlen(folder) + 1, '/'))
		return corrupt(err, name, "is not a chunk of its table");
	rows[ordinal - 1] += count;
	return 0;
}

static int check_rows(const struct manifest *manifest, struct error *err)
{
	AUTO(mem_auto) uint64_t *rows = mem_array(manifest->table_count, sizeof *rows);
	/* Behind the three at the front and before the sums at the end. */
	for (size_t i = 3; i + 1 < manifest->member_count; i++) {
		int rc = check_chunk(rows, manifest, manifest->members[i].name, err);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < manifest->table_count; i++)
		if (rows[i] != manifest->tables[i].content.rows)
			return error_set(err, ERROR_CORRUPT,
				"the chunks of table %s.%s have %" PRIu64 " rows, the manifest says %"
				PRIu64, manifest->tables[i].schema, manifest->tables[i].name, rows[i],
				manifest->tables[i].content.rows);
	return 0;
}

int archive_check_members(const struct manifest *manifest, const struct tarball *tarball, struct error *err)
{
	static const char *const front[] = {ARCHIVE_SNAPSHOT, ARCHIVE_GUIDE, ARCHIVE_SCHEMA};
	size_t count = manifest->member_count;
	if (count < 4 || strcmp(manifest->members[count - 1].name, ARCHIVE_SUMS) != 0)
		return error_set(err, ERROR_CORRUPT, "the manifest does not list the members that every snapshot has");
	for (size_t i = 0; i < 3; i++)
		if (strcmp(manifest->members[i].name, front[i]) != 0)
			return corrupt(err, front[i], "is not where it belongs");
	if (tarball->count != count + 1)
		return error_set(err, ERROR_CORRUPT, "it has %zu members, its manifest lists %zu", tarball->count,
			count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct manifest_member *listed = &manifest->members[i];
		const struct tarball_member *found = &tarball->members[i];
		if (strcmp(listed->name, found->name) != 0)
			return corrupt(err, found->name, "is not the one that the manifest lists there");
		if (listed->size != found->size)
			return corrupt(err, found->name, "has another size than the manifest says");
	}
	return check_rows(manifest, err);
}
