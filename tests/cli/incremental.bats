#!/usr/bin/env bats
# Incremental backups: what was taken from the earlier snapshot is what reading would have given, whatever happened
# between the two. Most cases take a snapshot, do something, take an incremental one, and compare it with a full one.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	# Many small ranges in little data.
	export ANCHORE_ADMIN_CHUNK=32768
	deployment_make
	sql anchore "CREATE TABLE big (id int, pad text); ALTER TABLE big OWNER TO engine"
	sql anchore "INSERT INTO big SELECT i, repeat('x', 200) || i FROM generate_series(1, 2000) i"
	sql anchore "CHECKPOINT"
}
teardown() { session_close; databases_drop; }

manifest() { tar -xOf "$1" manifest.json; }

# The digests of all tables, as a snapshot has them.
digests() {
	python3 - "$1" <<-'PYTHON'
		import json, sys, tarfile
		archive = tarfile.open(sys.argv[1])
		s, m = (json.load(archive.extractfile(n)) for n in ("snapshot.json", "manifest.json"))
		for a, b in zip(s["tables"], m["tables"]):
		    print(a["schema"], a["name"], b["rows"], b["bytes"], b["digest"])
	PYTHON
}

# counts TABLE: "TAKEN READ" chunks of it in the newest snapshot.
counts() {
	python3 - "$(newest_snapshot)" "$1" <<-'PYTHON'
		import json, re, sys, tarfile
		m = json.load(tarfile.open(sys.argv[1]).extractfile("manifest.json"))
		chunks = [c for c in m["members"] if re.match("data/[0-9]+-" + sys.argv[2] + "/", c["name"])]
		taken = sum(c.get("reused", False) for c in chunks)
		print(taken, len(chunks) - taken)
	PYTHON
}

# An incremental snapshot, which a full one of the same rows confirms.
incremental() {
	expect 0 backup --incremental
	local said=$stderr answer=$output
	INCREMENTAL=$(newest_snapshot)
	expect 0 snapshot verify "$INCREMENTAL"
	expect 0 backup --store "$DEPLOY/full"
	local full
	# shellcheck disable=SC2012 # names of ours
	full=$(ls -t "$DEPLOY"/full/*.tar | head -n 1)
	[ "$(digests "$full" | wc -l)" -ge 36 ]
	diff <(digests "$INCREMENTAL") <(digests "$full")
	stderr=$said
	output=$answer
}

# all_taken TABLE / all_read TABLE / some_read TABLE, of the newest snapshot.
all_taken() { contains "$(counts "$1")" '^[1-9][0-9]* 0$'; }
all_read() { contains "$(counts "$1")" '^0 [1-9][0-9]*$'; }
some_read() { contains "$(counts "$1")" '^[1-9][0-9]* [1-9][0-9]*$'; }

# Moves xmax, so that every range has to be looked at.
elsewhere() { sql postgres "SELECT txid_current()" >/dev/null; }

# The tables that were locked to be read or looked at.
locked() { grep -c '^backup-locked$' "$BATS_TEST_TMPDIR/steps" || true; }

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

@test "rewritten, truncated, or filled again with the same rows" {
	for statement in "VACUUM FULL big" "CLUSTER big USING big_i" "TRUNCATE big; INSERT INTO big SELECT i, 'z' FROM generate_series(1, 2000) i" \
		"ALTER TABLE big ALTER id TYPE bigint"; do
		sql anchore "CREATE INDEX IF NOT EXISTS big_i ON big (id)"
		expect 0 backup
		sql anchore "$statement"
		incremental
		all_read big
		all_taken catalog_image
	done
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

@test "a column that is added with a default, and one dropped and added again" {
	expect 0 backup
	sql anchore "ALTER TABLE big ADD extra text DEFAULT 'a'"
	incremental
	all_read big
	sql anchore "ALTER TABLE big DROP extra; ALTER TABLE big ADD extra text DEFAULT 'b'"
	incremental
	all_read big
	sql anchore "ALTER TABLE big RENAME extra TO more"
	incremental
	all_read big
}

@test "a type that changes without a rewrite" {
	sql anchore "CREATE TABLE typed (v varchar(10)); ALTER TABLE typed OWNER TO engine; INSERT INTO typed VALUES ('a')"
	expect 0 backup
	sql anchore "ALTER TABLE typed ALTER v TYPE text"
	incremental
	all_read typed
}

@test "an enum whose label is renamed, in columns, arrays and domains" {
	sql anchore "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN moods AS mood[]"
	sql anchore "CREATE TABLE felt (m mood); CREATE TABLE many (m moods); ALTER TABLE felt OWNER TO engine; ALTER TABLE many OWNER TO engine"
	sql anchore "INSERT INTO felt VALUES ('sad'); INSERT INTO many VALUES ('{sad,glad}')"
	expect 0 backup
	elsewhere
	incremental
	all_taken felt
	all_taken many
	sql anchore "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"
	incremental
	all_read felt
	all_read many
	all_taken big
}

@test "types whose text depends on something else are always read" {
	sql anchore "CREATE TYPE pair AS (a int, b regclass); CREATE TABLE other ()"
	sql anchore "CREATE TABLE t1 (r regclass); CREATE TABLE t2 (p pair); CREATE TABLE t3 (r regclass[]); CREATE TABLE t4 (a aclitem)"
	sql anchore "INSERT INTO t1 VALUES ('other'); INSERT INTO t2 VALUES ((1, 'other')); INSERT INTO t3 VALUES ('{other}')"
	sql anchore "INSERT INTO t4 VALUES ('engine=r/postgres')"
	sql anchore "ALTER TABLE t1 OWNER TO engine; ALTER TABLE t2 OWNER TO engine; ALTER TABLE t3 OWNER TO engine; ALTER TABLE t4 OWNER TO engine; ALTER TABLE other OWNER TO engine"
	expect 0 backup
	sql anchore "ALTER TABLE other RENAME TO another"
	incremental
	for table in t1 t2 t3 t4; do
		all_read $table
	done
}

@test "types that are made of the system's own are not" {
	sql anchore "CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE TABLE fine (a small, b small[], c int4range, d jsonb, e timestamptz, f numeric[], g bytea, h inet, i interval, j oid)"
	sql anchore "ALTER TABLE fine OWNER TO engine; INSERT INTO fine VALUES (1, '{2}', '[1,2]', '{}', now(), '{1.10}', 'x', '::1', '1 day', 7)"
	expect 0 backup
	elsewhere
	incremental
	all_taken fine
}

@test "an unlogged table is always read" {
	sql anchore "CREATE UNLOGGED TABLE loose (a int); ALTER TABLE loose OWNER TO engine; INSERT INTO loose VALUES (1)"
	expect 0 backup
	incremental
	all_read loose
	all_taken big
}

@test "tables that are renamed, exchanged, dropped and made again" {
	sql anchore "CREATE TABLE twin (LIKE big); INSERT INTO twin SELECT id, 'twin' FROM big; ALTER TABLE twin OWNER TO engine"
	expect 0 backup
	sql anchore "ALTER TABLE twin RENAME TO x; ALTER TABLE big RENAME TO twin; ALTER TABLE x RENAME TO big"
	incremental
	all_read big
	all_read twin
	sql anchore "DROP TABLE twin; CREATE TABLE twin (LIKE big); INSERT INTO twin SELECT * FROM big; ALTER TABLE twin OWNER TO engine"
	incremental
	all_read twin
	all_taken big
	sql anchore "DROP TABLE twin"
	incremental
	all_taken big
}

@test "partitions and children are tables of their own" {
	sql anchore "CREATE TABLE parted (a int, b text) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF parted FOR VALUES FROM (10) TO (20)"
	sql anchore "CREATE TABLE child () INHERITS (big); INSERT INTO child VALUES (1, 'c'); INSERT INTO parted VALUES (1, 'x'), (11, 'y')"
	sql anchore "ALTER TABLE parted OWNER TO engine; ALTER TABLE p1 OWNER TO engine; ALTER TABLE p2 OWNER TO engine; ALTER TABLE child OWNER TO engine"
	expect 0 backup
	sql anchore "UPDATE parted SET a = 12 WHERE a = 1; INSERT INTO parted VALUES (2, 'z'); UPDATE child SET pad = 'd'"
	incremental
	all_read p1
	all_read p2
	all_read child
	all_taken big
}

@test "a restart is not built over" {
	expect 0 backup
	server_down -m fast
	server_up
	incremental
	contains "$stderr" "the server was restarted since; reading everything"
	all_read big
}

@test "a crash is not built over" {
	expect 0 backup
	server_down -m immediate
	server_up
	incremental
	contains "$stderr" "the server was restarted since"
	all_read big
}

# The postmaster goes on after one of its processes died, with the same start time.
crash_within() {
	local tries=0
	as_postgres "$PGBIN/pg_ctl" kill KILL "$(sql postgres "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'")"
	sleep 0.2
	until sql postgres "SELECT 1" >/dev/null 2>&1; do
		sleep 0.1
		tries=$((tries + 1))
		[ $tries -lt 200 ]
	done
}

@test "a crash that the postmaster survives loses nothing that was on disk" {
	expect 0 backup
	crash_within
	sql anchore "INSERT INTO big VALUES (0, 'after the crash')"
	incremental
	says "taken from snapshot"
	some_read big
}

@test "a crash that takes back what the snapshot saw (asynchronous commit)" {
	sql postgres "ALTER SYSTEM SET wal_writer_delay = '10s'"
	sql postgres "SELECT pg_reload_conf()"
	sleep 0.3
	sql anchore "SET synchronous_commit = off; DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'lost')"
	expect 0 backup
	crash_within
	sql anchore "SET synchronous_commit = off; DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'other')"
	sql postgres "ALTER SYSTEM RESET wal_writer_delay"
	sql postgres "SELECT pg_reload_conf()"
	incremental
	contains "$stderr" "not all that it saw was on the server's disk"
}

@test "another database of that name is not built on" {
	expect 0 backup
	expect 0 restore latest --yes
	incremental
	contains "$stderr" "it is of another database or server"
	all_read big
}

# damage ARCHIVE MEMBER-PATTERN: one bit of the member's bytes.
damage() {
	python3 - "$1" "$2" <<-'PYTHON'
		import re, sys, tarfile
		member = next(m for m in tarfile.open(sys.argv[1]) if re.search(sys.argv[2], m.name))
		with open(sys.argv[1], "r+b") as f:
		    f.seek(member.offset_data + member.size // 2)
		    byte = f.read(1)[0]
		    f.seek(-1, 1)
		    f.write(bytes([byte ^ 4]))
	PYTHON
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

# ---- whatever happens ----

# As many rows as before, in the last range.
LATE="DELETE FROM big WHERE ctid = (SELECT max(ctid) FROM big); INSERT INTO big VALUES (7, 'late');"

# One of the things that may happen to the tables, at random.
something() {
	local a=$((RANDOM % 2000)) b=$((RANDOM % 40 + 1))
	case $((RANDOM % 20)) in
	0) sql anchore "INSERT INTO big SELECT $a + i, repeat('n', $((RANDOM % 300))) FROM generate_series(1, $b) i" ;;
	1) sql anchore "UPDATE big SET pad = pad || '$b' WHERE id BETWEEN $a AND $a + $b" ;;
	2) sql anchore "DELETE FROM big WHERE id BETWEEN $a AND $a + $b" ;;
	3) sql anchore "BEGIN; $LATE COMMIT" ;;
	4) sql anchore "BEGIN; DELETE FROM big WHERE id > $a; ROLLBACK" ;;
	5) sql anchore "VACUUM big" ;;
	6) sql anchore "VACUUM (FREEZE) big" ;;
	7) sql anchore "VACUUM FULL big" ;;
	8) sql anchore "CLUSTER big USING big_i" ;;
	9) sql anchore "TRUNCATE second; INSERT INTO second SELECT i, 'again' FROM generate_series(1, 200) i" ;;
	10) sql anchore "UPDATE second SET pad = 's$b' WHERE id % 10 = 3" ;;
	11 | 12 | 13) sql anchore "ALTER TABLE second DROP IF EXISTS extra; ALTER TABLE second ADD extra int DEFAULT $a" ;;
	14 | 15 | 16) if [ -n "${TXN:-}" ]; then
		session_run "SAVEPOINT s; $LATE"
	else
		session_run "BEGIN; SELECT txid_current(); $LATE"
		TXN=1
	fi ;;
	17 | 18 | 19) [ -z "${TXN:-}" ] || {
		session_run "$( ((RANDOM % 4)) && echo COMMIT || echo ROLLBACK);"
		TXN=
	} ;;
	esac
}

disaster() {
	TXN=
	session_close
	case $((RANDOM % 3)) in
	0) crash_within ;;
	1) server_down -m fast && server_up ;;
	2) server_down -m immediate && server_up ;;
	esac
	session_open anchore
	session_run "SET lock_timeout = '200ms'; SET deadlock_timeout = '50ms';"
}

@test "random histories: an incremental snapshot is what a full one is" {
	sql anchore "CREATE INDEX big_i ON big (id); CREATE TABLE second (id int, pad text); ALTER TABLE second OWNER TO engine"
	sql anchore "INSERT INTO second SELECT i, 'second' FROM generate_series(1, 500) i"
	sql anchore "ALTER ROLE postgres SET lock_timeout = '200ms'"
	seeds=${HISTORY_SEEDS:-3 11 22} taken_of_all=0 read_of_all=0
	for seed in $seeds; do
		RANDOM=$seed
		TXN=
		session_open anchore
		expect 0 backup
		for round in 1 2 3 4 5 6 7 8 9 10; do
			((RANDOM % 12)) || disaster
			((RANDOM % 2)) || elsewhere
			for _ in $(seq $((RANDOM % 4))); do
				# A lock that the open transaction holds is no failure.
				something 2>/dev/null || true
			done
			echo "seed $seed, round $round" >&2
			incremental
			read -r taken read <<<"$(counts big)"
			taken_of_all=$((taken_of_all + taken)) read_of_all=$((read_of_all + read))
		done
		session_close
	done
	sql anchore "ALTER ROLE postgres RESET lock_timeout"
	# They are of both kinds.
	echo "taken $taken_of_all, read $read_of_all" >&2
	[ $taken_of_all -gt 20 ]
	[ $read_of_all -gt 10 ]
}
