#!/usr/bin/env bats
# Incremental backups: what was taken from the earlier snapshot is what reading would have given, whatever happened
# between the two. Most cases take a snapshot, do something, take an incremental one, and compare it with a full one.
load lib
load incremental

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
@test "nothing was written: everything is taken, no table is even locked" {
	expect 0 backup
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps incremental
	says "of $(manifest "$INCREMENTAL" | grep -c '"page"') chunks .* taken from snapshot"
	all_taken big
	all_taken catalog_image
	rm "$BATS_TEST_TMPDIR/steps"
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 backup --incremental
	[ "$(locked)" = 0 ]
	elsewhere
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 backup --incremental
	[ "$(locked)" -gt 30 ]
	all_taken big
}

asked_pg_dump() { grep -cx 'backup-schema.*' "$BATS_TEST_TMPDIR/steps"; }

@test "what pg_dump wrote is taken over, too, and a sequence that went on meanwhile is as it is now" {
	sql anchore "CREATE SEQUENCE counter; ALTER SEQUENCE counter OWNER TO engine"
	sql anchore "SELECT nextval('counter')"
	expect 0 backup
	schema=$(manifest "$(newest_snapshot)" | grep -A 3 '"schema.pgdump"' | grep sha256)
	# The server logs 32 values at a time: these take no transaction's number.
	sql anchore "SELECT nextval('counter'), nextval('counter')"
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 backup --incremental
	[ "$(asked_pg_dump)" = 0 ]
	contains "$(manifest "$(newest_snapshot)" | grep -A 3 '"schema.pgdump"')" "$schema"
	expect 0 snapshot verify latest
	expect 0 restore latest --yes
	[ "$(sql anchore "SELECT last_value FROM counter")" = 3 ]
}

@test "pg_dump is asked again after any transaction, and when what it wrote is damaged" {
	expect 0 backup
	damage "$(newest_snapshot)" '^schema'
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 backup --incremental
	contains "$stderr" "warning: .* the member schema.pgdump is damaged; asking pg_dump for it"
	[ "$(asked_pg_dump)" = 1 ]
	expect 0 snapshot verify latest
	all_taken big
	sql anchore "COMMENT ON TABLE big IS 'changed'"
	rm "$BATS_TEST_TMPDIR/steps"
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 backup --incremental
	[ "$(asked_pg_dump)" = 1 ]
	expect 0 restore latest --yes
	[ "$(sql anchore "SELECT obj_description('big'::regclass)")" = changed ]
}

@test "--json and snapshot show say from where how much was taken" {
	expect 0 backup
	id=$(manifest "$(newest_snapshot)" | sed -n 's/^  "id": "\(.*\)",/\1/p')
	expect 0 backup --incremental --json
	python3 -c 'import json, sys; r = json.load(sys.stdin)["reused"]; assert r["from"] == sys.argv[1] and r["chunks"] > 10 and r["bytes"] > 1000, r' "$id" <<<"$output"
	expect 0 snapshot show latest
	says "^incremental +[0-9]+ of [0-9]+ chunks .* taken from snapshot ${id:0:12}"
	expect 0 snapshot show latest --json
	contains "$output" "\"from\": \"$id\""
	expect 0 backup --json
	contains "$output" '"reused": null'
	expect 0 snapshot show latest
	says_not '^incremental'
}

@test "without a snapshot everything is read, and a note says so" {
	expect 0 backup --incremental
	talks "there is no snapshot to build on; reading everything"
	all_read big
}

@test "rows added at the end: only the end is read" {
	expect 0 backup
	sql anchore "INSERT INTO big SELECT i, repeat('y', 200) FROM generate_series(1, 300) i"
	incremental
	some_read big
	all_taken catalog_image
	# The ranges that it was cut into then are taken one by one.
	sql anchore "INSERT INTO big VALUES (0, 'one more')"
	incremental
	contains "$(counts big)" '^[1-9][0-9]* [12]$'
}

@test "one row updated, in place or not, and one of many that is deleted" {
	expect 0 backup
	sql anchore "UPDATE big SET pad = upper(pad) WHERE id = 77"
	incremental
	some_read big
	sql anchore "VACUUM big"
	sql anchore "UPDATE big SET id = id WHERE id = 1000"
	incremental
	some_read big
	sql anchore "DELETE FROM big WHERE id = 500"
	incremental
	some_read big
}

@test "a HOT update" {
	sql anchore "ALTER TABLE big SET (fillfactor = 50)"
	sql anchore "CREATE INDEX ON big (id)"
	sql anchore "VACUUM FULL big"
	expect 0 backup
	sql anchore "UPDATE big SET pad = 'other' WHERE id = 1000"
	incremental
	contains "$(counts big)" '^[1-9][0-9]* 1$'
	sql anchore "VACUUM big"
	incremental
	all_taken big
}

@test "a value that is stored outside of its row" {
	sql anchore "CREATE TABLE toasted (id int, doc text); ALTER TABLE toasted OWNER TO engine; ALTER TABLE toasted ALTER doc SET STORAGE EXTERNAL"
	sql anchore "INSERT INTO toasted SELECT i, repeat('a', 20000) || i FROM generate_series(1, 40) i"
	expect 0 backup
	elsewhere
	incremental
	all_taken toasted
	sql anchore "UPDATE toasted SET doc = repeat('b', 20000) || id WHERE id = 7"
	incremental
	contains "$(counts toasted)" ' [1-9][0-9]*$'
}

@test "an older transaction that commits afterwards, with as many rows as before" {
	session_open anchore
	session_run "BEGIN; SELECT txid_current();"
	elsewhere
	expect 0 backup
	session_run "DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'new'); COMMIT;"
	incremental
	some_read big
}

@test "an older transaction's subtransactions" {
	session_open anchore
	session_run "BEGIN; SELECT txid_current(); SAVEPOINT a; DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'new');"
	session_run "RELEASE a; SAVEPOINT b; DELETE FROM big WHERE id = 1; UPDATE big SET pad = 'new' WHERE id = 2; ROLLBACK TO b;"
	elsewhere
	expect 0 backup
	elsewhere
	incremental
	all_taken big
	# What the first of them did before the snapshot leaves the number of rows of its range as it is.
	session_run "SAVEPOINT c; DELETE FROM big WHERE id = 1000; COMMIT;"
	incremental
	some_read big
}

@test "a prepared transaction across the snapshot" {
	sql anchore "BEGIN; DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'new'); PREPARE TRANSACTION 'p'"
	elsewhere
	expect 0 backup
	incremental
	all_taken big
	sql anchore "COMMIT PREPARED 'p'"
	incremental
	some_read big
}

@test "VACUUM, VACUUM FREEZE and ANALYZE change no row" {
	sql anchore "DELETE FROM big WHERE id % 3 = 0"
	expect 0 backup
	sql anchore "VACUUM (FREEZE, ANALYZE)"
	incremental
	all_taken big
}

@test "a table that shrank, grew again, and is empty" {
	expect 0 backup
	sql anchore "DELETE FROM big WHERE id > 300"
	sql anchore "VACUUM big"
	incremental
	some_read big
	sql anchore "INSERT INTO big SELECT i, repeat('w', 250) FROM generate_series(1, 2000) i"
	incremental
	some_read big
	sql anchore "DELETE FROM big"
	incremental
	[ "$(counts big)" = "0 0" ]
	elsewhere
	incremental
	[ "$(counts big)" = "0 0" ]
	sql anchore "INSERT INTO big VALUES (1, 'again')"
	incremental
	all_read big
}

@test "a range of pages that was emptied, and is filled with as many rows" {
	expect 0 backup
	sql anchore "DELETE FROM big WHERE id BETWEEN 500 AND 900"
	incremental
	some_read big
	elsewhere
	incremental
	all_taken big
	sql anchore "VACUUM big"
	sql anchore "INSERT INTO big SELECT i, repeat('v', 200) || i FROM generate_series(500, 900) i"
	incremental
	some_read big
}

@test "another database of that name is not built on" {
	expect 0 backup
	expect 0 restore latest --yes
	incremental
	contains "$stderr" "it is of another database or server"
	all_read big
}

@test "a part of the earlier archive that is damaged is read from the database" {
	expect 0 backup
	damage "$(newest_snapshot)" '-big/5\.'
	incremental
	contains "$stderr" "warning: .*-big/5\.[0-9]+\.zst is damaged; reading its rows from the database"
	contains "$(counts big)" '^[1-9][0-9]* 1$'
	# The same when rows were looked at.
	elsewhere
	damage "$INCREMENTAL" '-big/7\.'
	incremental
	contains "$stderr" "warning: .*-big/7\.[0-9]+\.zst is damaged"
	contains "$(counts big)" '^[1-9][0-9]* 1$'
}

@test "an earlier archive that is damaged elsewhere is passed over for an older one" {
	expect 0 backup
	older=$(newest_snapshot)
	sleep 1.1
	expect 0 backup
	damage "$(newest_snapshot)" 'RESTORE'
	expect 0 backup --incremental --verbose
	talks "building on snapshot $(manifest "$older" | sed -n 's/^  "id": "\(.\{12\}\).*/\1/p')"
	all_taken big
}

@test "the earlier archive is removed while it is read" {
	expect 0 backup
	base=$(newest_snapshot)
	tool_stopped "$BACKUP_READ_STEP" backup --incremental --jobs 1
	rm "$base"
	tool_go
	[ "$status" -eq 0 ]
	expect 0 snapshot verify latest
	all_taken big
}

# Not the largest table, which the tool may already have locked where it stops.
@test "a table that is truncated or altered while an incremental backup runs" {
	sql anchore "CREATE TABLE few (id int, pad text); INSERT INTO few SELECT i, 'few' FROM generate_series(1, 50) i; ALTER TABLE few OWNER TO engine"
	expect 0 backup
	for statement in "TRUNCATE few; INSERT INTO few SELECT i, 'new' FROM generate_series(1, 50) i" \
		"ALTER TABLE few ADD late text DEFAULT 'x'"; do
		elsewhere
		tool_stopped "$BACKUP_READ_STEP" backup --incremental --jobs 1
		sql anchore "$statement"
		tool_go
		[ "$status" -eq 0 ] || show "exit status $status"
		[ "$status" -eq 0 ]
		contains "$stderr" "changed while it was read: starting again"
		all_read few
		all_taken big
		incremental
		all_taken few
	done
}

@test "an incremental snapshot restores as any other, without the one it was built on" {
	expect 0 backup
	base=$(newest_snapshot)
	sql anchore "INSERT INTO big VALUES (0, 'new'); DELETE FROM big WHERE id = 3"
	expect 0 backup --incremental
	some_read big
	rm "$base"
	before=$(database_digest anchore)
	expect 0 restore latest --into copy --yes
	diff <(echo "$before") <(database_digest copy)
}
