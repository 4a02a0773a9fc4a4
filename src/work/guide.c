#include "work/guide.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

/* What stands before the database is made. %s: time, database, its version, snapshot id, encoding. */
static const char HEAD[] =
	"# How to restore this snapshot by hand\n"
	"#\n"
	"# It was taken at %s of the database %s (database version %s).\n"
	"# Snapshot %s.\n"
	"#\n"
	"# This text says what to do, and bash can run it. Where the archive was unpacked (tar -xf ARCHIVE), type\n"
	"#\n"
	"#     bash RESTORE.txt NAME\n"
	"#\n"
	"# with the name of a database that does not exist yet, or go through it line by line. It needs sha256sum,\n"
	"# zstd, split, paste and PostgreSQL's own createdb, pg_restore and psql, not older than the server. PGHOST,\n"
	"# PGPORT, PGUSER and PGPASSFILE say which server. The roles that own tables must exist there; without them,\n"
	"# add --no-owner --no-privileges to each pg_restore.\n"
	"#\n"
	"# snapshot.json has the database's own owner, privileges and settings. They are not restored here.\n"
	"\n"
	"set -eu -o pipefail\n"
	"umask 077\n"
	"export LC_ALL=C\n"
	"export PGCLIENTENCODING=%s\n"
	"export PGDATABASE=${1:?which name shall the new database have}\n"
	"sql() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null \"$@\"; }\n"
	"\n"
	"# 1. Is everything as it was written? (SHA256SUMS itself and the rest are in manifest.json.)\n"
	"sha256sum --check --quiet SHA256SUMS\n"
	"\n"
	"# 2. A new database, and its tables without keys and indexes.\n";

static const char LOAD[] =
	"pg_restore --exit-on-error --section=pre-data --dbname=\"$PGDATABASE\" schema.pgdump\n"
	"\n"
	"# 3. The rows. A chunk NUMBER.ROWS.zst holds ROWS values of the first column, one a line, then as many of\n"
	"#    the second, and so on; side by side they are the text that COPY reads. Each column becomes a file, so\n"
	"#    as many must be allowed.\n"
	"ulimit -n 4096 2>/dev/null || true\n"
	"load() {\n"
	"\tlocal statement chunk rows part\n"
	"\tstatement=$(cat)\n"
	"\tfor chunk in \"$1\"/*.zst; do\n"
	"\t\tif [ ! -e \"$chunk\" ]; then continue; fi # a table without rows has no chunks\n"
	"\t\trows=${chunk%.zst}\n"
	"\t\trows=${rows##*.}\n"
	"\t\tpart=$(mktemp -d)\n"
	"\t\tzstd -dcq \"$chunk\" | split -l \"$rows\" -a 4 - \"$part/c.\"\n"
	"\t\t{ printf '%s\\n' \"$statement\"; paste -d '\\t' \"$part\"/c.*; printf '%s\\n' '\\.'; } | sql --file=-\n"
	"\t\trm -r \"$part\"\n"
	"\tdone\n"
	"}\n";

static const char TAIL[] =
	"\n"
	"# 4. Large objects, and what belongs to extensions.\n"
	"pg_restore --exit-on-error --section=data --dbname=\"$PGDATABASE\" schema.pgdump\n"
	"\n"
	"# 5. The sequences, as manifest.json has them: they were read last.\n"
	"sql --file=- <<'END'\n"
	"\\set manifest `cat manifest.json`\n"
	"SELECT setval(format('%I.%I', s->>'schema', s->>'name')::regclass, (s->>'last_value')::bigint,\n"
	"\t(s->>'is_called')::boolean)\n"
	"FROM json_array_elements(:'manifest'::json->'sequences') s;\n"
	"END\n"
	"\n"
	"# 6. Keys, indexes, triggers, materialized views.\n"
	"pg_restore --exit-on-error --section=post-data --dbname=\"$PGDATABASE\" schema.pgdump\n"
	"sql --command='ANALYZE'\n"
	"echo \"restored into the database $PGDATABASE\"\n";

/* 'text' for a shell. */
static void add_quoted(struct text *out, const char *text)
{
	text_add(out, "'");
	for (const char *at = text; *at; at++) {
		if (*at == '\'')
			text_add(out, "'\\''");
		else
			text_add_bytes(out, at, 1);
	}
	text_add(out, "'");
}

/* For a comment: what would end the line is shown as a question mark. */
static char *one_line(const char *text)
{
	char *copy = mem_copy(text);
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = '?';
	return copy;
}

static void add_createdb(struct text *out, const struct properties *properties)
{
	text_add(out, "createdb --template=template0 --encoding=");
	add_quoted(out, properties->encoding);
	text_add(out, " --lc-collate=");
	add_quoted(out, properties->collate);
	text_add(out, " --lc-ctype=");
	add_quoted(out, properties->ctype);
	if (properties->icu_locale && strcmp(properties->provider, "i") == 0) {
		text_add(out, " --locale-provider=icu --icu-locale=");
		add_quoted(out, properties->icu_locale);
	}
	text_add(out, " \"$PGDATABASE\"\n");
}

/* The statement stands in a here-document that ends with the snapshot's id: no name can hold it. */
static void add_table(struct text *out, const struct manifest *manifest, size_t index, struct db *db)
{
	const struct manifest_table *table = &manifest->tables[index];
	AUTO(mem_auto) char *folder = manifest_table_folder(index + 1, table->name);
	AUTO(mem_auto) char *schema = db_identifier(db, table->schema);
	AUTO(mem_auto) char *name = db_identifier(db, table->name);
	text_addf(out, "load %s <<'%s'\nCOPY %s.%s", folder, manifest->id, schema, name);
	for (size_t i = 0; i < table->columns.count; i++) {
		AUTO(mem_auto) char *column = db_identifier(db, table->columns.items[i]);
		text_addf(out, "%s%s", i ? ", " : " (", column);
	}
	text_addf(out, "%s FROM STDIN;\n%s\n", table->columns.count ? ")" : "", manifest->id);
}

char *guide_text(const struct manifest *manifest, struct db *db)
{
	struct text out = TEXT_INIT;
	AUTO(mem_auto) char *created = text_time(manifest->created);
	AUTO(mem_auto) char *name = one_line(manifest->identity.name);
	text_addf(&out, HEAD, created, name, manifest->db_version, manifest->id, manifest->properties.encoding);
	add_createdb(&out, &manifest->properties);
	text_add(&out, LOAD);
	for (size_t i = 0; i < manifest->table_count; i++)
		add_table(&out, manifest, i, db);
	text_add(&out, TAIL);
	return text_take(&out);
}
