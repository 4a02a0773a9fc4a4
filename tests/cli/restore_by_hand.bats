#!/usr/bin/env bats
# Without the tool: RESTORE.txt, followed to the letter with tar, sha256sum, zstd, pg_restore and psql.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { databases_drop; }

# It is prose in comments with the commands between them, which bash can run.
by_hand() {
	local archive=$1 name=$2 folder=$BATS_TEST_TMPDIR/hand
	mkdir -p "$folder"
	tar -C "$folder" -xf "$archive"
	(cd "$folder" && PGUSER=engine timeout 120 bash RESTORE.txt "$name" 3>&-)
}

@test "the same schema, rows, sequences" {
	sql anchore "CREATE TABLE hard (\"Odd Näme\" text, b bytea, f float8); ALTER TABLE hard OWNER TO engine;
		INSERT INTO hard VALUES (NULL, NULL, NULL), ('', '', 'NaN'), (E'a\tb\nc\rd\\\\e', '\\x00ff5c', 1e300), ('\\.', '\\x', 0.1), ('\\N', NULL, -0.0)"
	sql anchore "CREATE TABLE no_columns (); ALTER TABLE no_columns OWNER TO engine; INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES"
	sql anchore "CREATE TABLE no_rows (x int); ALTER TABLE no_rows OWNER TO engine"
	sql anchore "SELECT lo_from_bytea(4711, 'large'); ALTER LARGE OBJECT 4711 OWNER TO engine"
	before=$(database_digest)
	expect 0 backup
	archive=$(newest_snapshot)
	sql postgres "DROP DATABASE anchore"
	run by_hand "$archive" again
	[ "$status" -eq 0 ] || echo "$output" >&2
	[ "$status" -eq 0 ]
	diff <(echo "$before") <(database_digest again)
	[ "$(sql again "SELECT convert_from(lo_get(4711), 'UTF8')")" = large ]
	[ "$(sql again "SELECT count(*) FROM no_columns")" = 2 ]
	expect 0 db check --database "host=$SOCKET dbname=again user=engine"
}

@test "a table of 1,600 columns" {
	sql anchore "DO \$\$ BEGIN EXECUTE 'CREATE TABLE wide (' || (SELECT string_agg('c' || i || ' smallint', ', ') FROM generate_series(1, 1600) i) || ')'; END \$\$"
	sql anchore "ALTER TABLE wide OWNER TO engine; INSERT INTO wide (c1, c800, c1600) VALUES (1, 2, 3), (4, NULL, 6)"
	before=$(sql anchore "SELECT md5(string_agg(wide::text, E'\n' ORDER BY c1)) FROM wide")
	expect 0 backup
	expect 0 snapshot verify latest
	archive=$(newest_snapshot)
	sql postgres "DROP DATABASE anchore"
	run by_hand "$archive" again
	[ "$status" -eq 0 ] || echo "$output" >&2
	[ "$status" -eq 0 ]
	[ "$(sql again "SELECT md5(string_agg(wide::text, E'\n' ORDER BY c1)) FROM wide")" = "$before" ]
}

@test "a damaged archive is noticed by hand too" {
	expect 0 backup
	archive=$(newest_snapshot)
	offset=$(python3 -c 'import sys, tarfile
t = tarfile.open(sys.argv[1])
m = [m for m in t if m.name.startswith("data/")][0]
print(m.offset_data + m.size // 2)' "$archive")
	printf '\377' | dd of="$archive" bs=1 seek="$offset" conv=notrunc status=none
	mkdir "$BATS_TEST_TMPDIR/x"
	tar -C "$BATS_TEST_TMPDIR/x" -xf "$archive"
	run bash -c "cd '$BATS_TEST_TMPDIR/x' && sha256sum --quiet -c SHA256SUMS"
	[ "$status" -ne 0 ]
	run by_hand "$archive" again
	[ "$status" -ne 0 ]
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname = 'again'")" = 0 ]
}
