#!/usr/bin/env bats
# Taking snapshots.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { session_close; databases_drop; }

members() { tar -tf "$1"; }

@test "an archive of format 1, private, named after database, version and time" {
	expect 0 backup
	archive=$(newest_snapshot)
	[[ $(basename "$archive") =~ ^anchore-0\.0\.6-[0-9]{8}T[0-9]{6}Z\.tar$ ]]
	[ "$(stat -c %a "$archive")" = 600 ]
	[ "$(stat -c %a "$STORE")" = 700 ]
	[ "$(members "$archive" | head -n 1)" = snapshot.json ]
	[ "$(members "$archive" | tail -n 1)" = manifest.json ]
	members "$archive" | grep -qx RESTORE.txt
	members "$archive" | grep -qx schema.pgdump
	members "$archive" | grep -qx SHA256SUMS
	members "$archive" | grep -Eq '^data/[0-9]+-catalog_image/[0-9]+\.4\.zst$'
	[ -z "$(find "$STORE" -name '.tmp-*')" ]
}

@test "the manifest states what the database is" {
	expect 0 backup
	tar -xOf "$(newest_snapshot)" snapshot.json >"$BATS_TEST_TMPDIR/s.json"
	tar -xOf "$(newest_snapshot)" manifest.json >"$BATS_TEST_TMPDIR/m.json"
	python3 - "$BATS_TEST_TMPDIR" <<-'PYTHON'
		import json, sys
		s = json.load(open(sys.argv[1] + "/s.json"))
		m = json.load(open(sys.argv[1] + "/m.json"))
		assert s["format"] == 1, s
		text = json.dumps(s)
		for word in ("0.0.6", "0.2.1", "catalog_image", "anchore"):
		    assert word in text, word
		names = [t["name"] for t in s["tables"]]
		assert len(names) == 36 and "users" in names, names
		columns = next(t["columns"] for t in s["tables"] if t["name"] == "users")
		assert columns == sorted(columns), columns
		assert "password" not in json.dumps(s["database"] if "database" in s else {})
	PYTHON
}

@test "--json gives one object and no talk on stdout" {
	expect 0 backup --json
	python3 -c 'import json,sys; o = json.load(sys.stdin); assert isinstance(o, dict), o' <<<"$output"
}

@test "--quiet says nothing at all" {
	expect 0 backup --quiet
	[ -z "$output" ] || show "stdout is not empty"
	[ -z "$output" ]
	[ -z "$stderr" ] || show "stderr is not empty"
	[ -z "$stderr" ]
}

@test "--quiet still says what went wrong" {
	expect 5 backup --quiet --database "host=$SOCKET dbname=nowhere user=engine"
	[ -n "$stderr" ]
}

@test "no progress where stderr is no terminal and the work is short" {
	expect 0 backup
	[[ $stderr != *$'\r'* ]]
	[[ $stderr != *$'\e'* ]]
	[[ $stderr != *%* ]] || show "progress"
	[[ $stderr != *%* ]]
}

@test "a line a minute where stderr is no terminal, none with --quiet" {
	sql "$NAME" "CREATE TABLE many (i int, t text); INSERT INTO many SELECT i, repeat('x', 300) FROM generate_series(1, 60000) i; ALTER TABLE many OWNER TO engine"
	ANCHORE_ADMIN_PACE=10000 expect 0 backup
	talks '^copying: [0-9]+ %, [0-9.]+ [kM]B of [0-9.]+ MB, [0-9,]+ rows, [0-9.]+ [kM]?B/s(, .* left)?$'
	ANCHORE_ADMIN_PACE=10000 expect 0 backup --quiet
	[ -z "$stderr" ]
}

@test "--json: progress is lines of JSON that go on to the total, of backup, verify and restore" {
	sql "$NAME" "CREATE TABLE many (i int, t text); INSERT INTO many SELECT i, repeat('x', 300) FROM generate_series(1, 60000) i; ALTER TABLE many OWNER TO engine"
	rows=$(sql "$NAME" "SELECT sum((xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', schemaname, relname), false, true, '')))[1]::text::int) FROM pg_stat_user_tables")
	ANCHORE_ADMIN_PACE=3000 expect 0 backup --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
	progress_goes_to_the_total "$rows" copying
	total=$(sql "$NAME" "SELECT sum(pg_table_size(relid)) FROM pg_stat_user_tables")
	talks "^\{.*\"done\":$total,\"total\":$total,"
	ANCHORE_ADMIN_CHUNK=65536 ANCHORE_ADMIN_PACE=3000 expect 0 backup --json
	talks "^\{.*\"done\":$total,\"total\":$total,"
	ANCHORE_ADMIN_PACE=3000 expect 0 backup --json --incremental
	python3 -c 'import json,sys; assert json.load(sys.stdin)["reused"]["chunks"]' <<<"$output"
	progress_goes_to_the_total "$rows" copying
	ANCHORE_ADMIN_PACE=3000 expect 0 snapshot verify --json
	progress_goes_to_the_total "$rows" verifying
	ANCHORE_ADMIN_PACE=3000 expect 0 restore latest --yes --json
	progress_goes_to_the_total "$rows" "loading rows" statistics
	ANCHORE_ADMIN_PACE=3000 expect 0 backup --json --quiet
	[ -z "$stderr" ]
}

# progress_goes_to_the_total ROWS WHAT...
progress_goes_to_the_total() {
	printf '%s' "$stderr" >"$BATS_TEST_TMPDIR/stderr"
	python3 - "$BATS_TEST_TMPDIR/stderr" "$@" <<-'PYTHON'
		import json, sys
		lines = [json.loads(l) for l in open(sys.argv[1]) if l.startswith("{")]
		for what in sys.argv[3:]:
		    mine = [l for l in lines if l["progress"] == what]
		    assert mine, (what, lines)
		    for a, b in zip(mine, mine[1:]):
		        new = b["seconds"] < a["seconds"]
		        assert new or a["done"] <= b["done"], (a, b)
		        assert new or a["total"] == b["total"], (a, b)
		    last = mine[-1]
		    assert last["done"] == last["total"] > 0, last
		    if last["unit"] == "bytes":
		        assert last["rows"] == int(sys.argv[2]), (last, sys.argv[2])
		        assert last["rows_total"] in (None, last["rows"]), last
	PYTHON
}

@test "--verbose says of each table when all of it is done" {
	sql "$NAME" "CREATE TABLE many (i int, t text); INSERT INTO many SELECT i, repeat('x', 300) FROM generate_series(1, 2000) i; ALTER TABLE many OWNER TO engine"
	ANCHORE_ADMIN_CHUNK=65536 expect 0 backup --verbose
	talks '^table many: 2,000 rows, 6[0-9]{2} kB of text in ([5-9]|1[0-9]) chunks$'
	[ "$(grep -c '^table ' <<<"$stderr")" -eq 37 ]
	first=$(grep '^table ' <<<"$stderr" | sort)
	expect 0 backup --verbose --incremental
	says 'taken from|reused|unchanged'
	[ "$(grep '^table ' <<<"$stderr" | sort)" = "$first" ]
	expect 0 restore latest --yes --verbose
	talks '^loaded table many: 2,000 rows, 6[0-9]{2} kB of text in ([5-9]|1[0-9]) chunks$'
	[ "$(grep -c '^loaded table many' <<<"$stderr")" -eq 1 ]
}

@test "a progress bar where stderr is a terminal, and none with --quiet" {
	run bash -c "cd '$DEPLOY' && ANCHORE_ADMIN_PACE=10000 timeout 60 script -qec 'stty cols 100; $ANCHORE_ADMIN backup' /dev/null </dev/null | tr '\\r' '@'"
	[ "$status" -eq 0 ]
	contains "$output" '@.\[Kcopying  [0-9]+ %  [0-9.]+ [kM]?B of [0-9.]+ [kM]B  [0-9,]+ rows'
	run bash -c "cd '$DEPLOY' && ANCHORE_ADMIN_PACE=10000 timeout 60 script -qec 'stty cols 18; $ANCHORE_ADMIN backup' /dev/null </dev/null | tr '\\r' '@'"
	[ "$status" -eq 0 ]
	contains "$output" '@.\[Kcopying  [0-9]+ %@'
	run bash -c "cd '$DEPLOY' && ANCHORE_ADMIN_PACE=10000 timeout 60 script -qec '$ANCHORE_ADMIN backup --quiet' /dev/null </dev/null"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the nightly cron job says nothing, and mails what went wrong" {
	line=$(grep -v '^#' "$SRCDIR/contrib/cron.d/anchore-admin-backup" | grep anchore-admin)
	read -r _ _ _ _ _ user command <<<"$line"
	[ "$user" = root ]
	command=${command/\/usr\/local\/bin\/anchore-admin /$ANCHORE_ADMIN }
	command=${command/\/etc\/anchore-admin\/anchore-admin.yaml/$DEPLOY\/anchore-admin.yaml}
	# As cron would: an unescaped percent sign ends the command.
	[[ $command != *[!\\]%* ]]
	run env -i PATH=/usr/bin:/bin HOME=/ PGHOST="$SOCKET" sh -c "$command" </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	ls "$STORE"/*.tar
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	run env -i PATH=/usr/bin:/bin HOME=/ sh -c "$command" </dev/null
	[ "$status" -eq 5 ]
	[[ $output == *gone* ]]
}

@test "it writes nothing into the database" {
	before=$(sql anchore "SELECT txid_snapshot_xmax(txid_current_snapshot())")
	expect 0 backup
	[ "$(sql anchore "SELECT txid_snapshot_xmax(txid_current_snapshot())")" = "$before" ]
	[ "$(sql anchore "SELECT count(*) FROM pg_namespace WHERE nspname = 'anchore_admin'")" = 0 ]
}

@test "one worker, or many, give the same rows" {
	expect 0 backup --jobs 1
	expect 0 snapshot verify latest
	sleep 1.1
	expect 0 backup --jobs 8
	expect 0 snapshot verify latest
	[ "$(find "$STORE" -name '*.tar' | wc -l)" = 2 ]
}

@test "rows that are hard to carry come back as they were" {
	sql anchore "CREATE TABLE hard (\"Odd Näme\" text, b bytea, n numeric, f float8, t timestamptz, j json, a text[], g integer GENERATED ALWAYS AS (7) STORED)"
	sql anchore "ALTER TABLE hard OWNER TO engine"
	sql anchore "INSERT INTO hard VALUES (NULL, NULL), ('', ''), ('\\N', '\\x00ff'), (E'a\tb\nc\rd\\\\e\x01', '\\x5c'), ('\\.', NULL), ('ü€😀', NULL)"
	sql anchore "INSERT INTO hard (f, n, t, a) VALUES ('NaN', 'NaN', 'infinity', '{NULL,\"\",\"a,b\"}'), (0.1::float8 + 0.2::float8, 1e40, '-infinity', '{}')"
	sql anchore "CREATE TABLE empty_columns ()"
	sql anchore "INSERT INTO empty_columns DEFAULT VALUES; INSERT INTO empty_columns DEFAULT VALUES"
	sql anchore "ALTER TABLE empty_columns OWNER TO engine"
	sql anchore "CREATE TABLE \"we'ird \"\"table\" (x int); ALTER TABLE \"we'ird \"\"table\" OWNER TO engine; INSERT INTO \"we'ird \"\"table\" VALUES (1)"
	expect 0 backup
	expect 0 snapshot verify latest
	before=$(oracle digest "host=$SOCKET user=postgres dbname=anchore")
	expect 0 restore latest --into copy --yes
	diff <(echo "$before") <(oracle digest "host=$SOCKET user=postgres dbname=copy")
	[ "$(sql copy "SELECT count(*) FROM empty_columns")" = 2 ]
}

@test "large objects are carried" {
	sql anchore "SELECT lo_from_bytea(4711, convert_to(repeat('large ', 100000), 'UTF8'))"
	sql anchore "ALTER LARGE OBJECT 4711 OWNER TO engine"
	expect 0 backup
	expect 0 restore latest --into copy --yes
	[ "$(sql copy "SELECT md5(lo_get(4711))")" = "$(sql anchore "SELECT md5(lo_get(4711))")" ]
}

@test "a TRUNCATE while a backup runs is never an archive with 0 rows" {
	tool_stopped "$BACKUP_READ_STEP" backup --jobs 1
	sql anchore "BEGIN; TRUNCATE eventlog; INSERT INTO eventlog SELECT 'h', 's', 'm' || i, 'l' FROM generate_series(1, 5) i; COMMIT"
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	members "$(newest_snapshot)" | grep -E '^data/[0-9]+-eventlog/[0-9]+\.5\.zst$'
	expect 0 snapshot verify latest
}

@test "a rewrite while a backup runs is never an archive with 0 rows" {
	tool_stopped "$BACKUP_READ_STEP" backup --jobs 1
	sql anchore "ALTER TABLE eventlog ALTER COLUMN message_ts TYPE bigint"
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	members "$(newest_snapshot)" | grep -E '^data/[0-9]+-eventlog/[0-9]+\.1\.zst$'
	expect 0 snapshot verify latest
}

@test "a second run at the same time: exit 4, and the first goes on" {
	tool_stopped "$BACKUP_READ_STEP" backup
	expect 4 backup
	one_error
	expect 4 restore latest --yes
	tool_go
	[ "$status" -eq 0 ]
	expect 0 backup
}

@test "the store's disk is full: exit 9, and nothing is left" {
	[ "$(id -u)" -eq 0 ] || lacking "mounting a small file system takes root"
	mkdir -p "$STORE"
	run unshare -m bash -c "mount -t tmpfs -o size=64k none '$STORE' && cd '$DEPLOY' && timeout 60 '$ANCHORE_ADMIN' backup; echo status=\$?; ls -A '$STORE'"
	[[ $output == *status=9* ]] || show "expected 9"
	[[ $output == *status=9* ]]
	[[ $output != *.tar* ]]
	[[ $output != *.tmp-* ]]
}

@test "a read-only store: exit 1 with a hint" {
	[ "$(id -u)" -eq 0 ] || lacking "mounting a read-only file system takes root"
	mkdir -p "$STORE"
	run unshare -m bash -c "mount -t tmpfs -o ro none '$STORE' && cd '$DEPLOY' && timeout 60 '$ANCHORE_ADMIN' backup; echo status=\$?"
	[[ $output == *status=1* && $output == *hint:* ]] || show "expected 1"
	[[ $output == *status=1* && $output == *hint:* ]]
}

@test "a store that cannot be made: exit 1 with a hint" {
	echo x >"$DEPLOY/file"
	expect 1 backup --store "$DEPLOY/file/below"
	one_error
	talks "store"
}

@test "pg_dump is missing: said before anything is read" {
	mkdir "$DEPLOY/empty"
	expect 3 backup --pg-bindir "$DEPLOY/empty"
	talks pg_dump
	one_error
	[ -z "$(find "$STORE" -name '*.tar')" ]
}

@test "pg_dump is older than the server: refused with both versions" {
	mkdir "$DEPLOY/old"
	printf '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n' >"$DEPLOY/old/pg_dump"
	printf '#!/bin/sh\necho "pg_restore (PostgreSQL) 9.6.24"\n' >"$DEPLOY/old/pg_restore"
	chmod +x "$DEPLOY"/old/*
	expect 3 backup --pg-bindir "$DEPLOY/old"
	talks "9\.6\.24" "15"
	one_error
	[ -z "$(find "$STORE" -name '*.tar')" ]
}

@test "pg_dump fails: its own words are in the error, and nothing is left" {
	mkdir "$DEPLOY/fake"
	cat >"$DEPLOY/fake/pg_dump" <<-'SH'
		#!/bin/sh
		case $1 in --version | -V) exec /usr/bin/pg_dump --version ;; esac
		echo "pg_dump: error: the moon is full" >&2
		exit 1
	SH
	ln -s /usr/bin/pg_restore "$DEPLOY/fake/pg_restore"
	chmod +x "$DEPLOY/fake/pg_dump"
	expect 1 backup --pg-bindir "$DEPLOY/fake"
	talks "the moon is full"
	[ -z "$(find "$STORE" -name '*.tar' -o -name '.tmp-*')" ]
}

@test "the server is killed while a backup runs: no archive, and the next run works" {
	tool_stopped "$BACKUP_READ_STEP" backup --jobs 1
	server_down -m immediate
	tool_go
	[ "$status" -eq 5 ] || [ "$status" -eq 1 ]
	[ -z "$(find "$STORE" -name '*.tar')" ]
	server_up
	expect 0 backup
}

@test "a row that the role may not read is an error, never a shorter archive" {
	sql anchore "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY"
	expect 1 backup
	talks users
	[ -z "$(find "$STORE" -name '*.tar')" ]
}

@test "SIGINT and SIGTERM at every step: exit 130 or 143, no snapshot half made, the next run works" {
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 backup
	steps=$(wc -l <"$BATS_TEST_TMPDIR/steps")
	[ "$steps" -ge 5 ]
	for ((n = 1; n <= steps; n += (steps / 12) + 1)); do
		rm -rf "$STORE"
		signal=int want=130
		[ $((n % 2)) -eq 0 ] || signal=term want=143
		ANCHORE_ADMIN_FAULT="*:$n:$signal" run --separate-stderr tool backup
		if [ "$status" -eq 0 ]; then
			expect 0 snapshot verify latest
		elif [ "$status" -ne $want ]; then
			show "step $n: exit status $status"
			return 1
		elif [ -n "$(find "$STORE" -name '.tmp-*' -o -name '*.tar' 2>/dev/null)" ]; then
			show "step $n left $(ls -A "$STORE")"
			return 1
		fi
	done
	expect 0 backup
}
