#!/usr/bin/env bats
# Fresh means: the database provably still equals its snapshot. Each case takes a snapshot, does something,
# and asks whether an upgrade would be allowed.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	expect 0 backup
}
teardown() { session_close; databases_drop; }

fresh() {
	expect 0 upgrade --dry-run
	[ "$(db_version)" = 0.0.6 ]
}

# stale PATTERN...: refused for freshness, naming what changed and what to type.
stale() {
	expect 3 upgrade --dry-run
	contains "$output$stderr" "$@" "anchore-admin backup"
	expect 3 upgrade --yes
	contains "$stderr" "$@" "^hint: .*anchore-admin backup"
	[ "$(db_version)" = 0.0.6 ]
}

@test "fresh: nothing happened" { fresh; }

@test "fresh: VACUUM" {
	sql anchore "VACUUM"
	fresh
}

@test "fresh: VACUUM FULL" {
	sql anchore "VACUUM FULL"
	fresh
}

@test "fresh: CHECKPOINT" {
	sql anchore "CHECKPOINT"
	fresh
}

@test "fresh: ANALYZE" {
	sql anchore "ANALYZE"
	fresh
}

@test "fresh: a write that was rolled back" {
	sql anchore "BEGIN; DELETE FROM images CASCADE" 2>/dev/null || true
	sql anchore "BEGIN; UPDATE users SET email = 'x'; ROLLBACK"
	fresh
}

@test "fresh: a write in another database" {
	database_make other
	sql other "UPDATE users SET email = 'x'"
	fresh
}

@test "fresh: a row written with what it held" {
	sql anchore "UPDATE catalog_image SET arch = arch"
	fresh
}

@test "fresh: the server was restarted" {
	server_down -m fast
	server_up
	fresh
}

@test "fresh: a crash that lost nothing" {
	server_down -m immediate
	server_up
	fresh
}

@test "stale: one row changed" {
	sql anchore "UPDATE catalog_image SET arch = 'arm64' WHERE \"imageDigest\" = 'sha256:a1'"
	stale catalog_image
}

@test "stale: one row deleted and another inserted" {
	sql anchore "DELETE FROM eventlog; INSERT INTO eventlog VALUES ('h', 's', 'm', 'l')"
	stale eventlog
}

@test "stale: nextval" {
	sql anchore "SELECT nextval('tasks_id_seq')"
	stale tasks_id_seq
}

@test "stale: nextval twice, the second of which moves neither xmax nor the log" {
	sql anchore "SELECT nextval('tasks_id_seq')"
	expect 0 backup
	sql anchore "SELECT nextval('tasks_id_seq')"
	stale tasks_id_seq
}

@test "stale: TRUNCATE" {
	sql anchore "TRUNCATE eventlog"
	stale eventlog
}

@test "stale: TRUNCATE of an empty table is none" {
	sql anchore "TRUNCATE eventlog"
	expect 0 backup
	sql anchore "TRUNCATE eventlog"
	fresh
}

@test "stale: ADD COLUMN with a default" {
	sql anchore "ALTER TABLE eventlog ADD COLUMN extra integer DEFAULT 7"
	stale eventlog
}

@test "stale: a new table" {
	sql anchore "CREATE TABLE notes (t text)"
	stale notes
}

@test "stale: another owner, a trigger, a view" {
	sql anchore "ALTER TABLE eventlog OWNER TO postgres"
	stale eventlog
	sql anchore "ALTER TABLE eventlog OWNER TO engine"
	fresh
	sql anchore "CREATE VIEW v AS SELECT 1"
	stale "view|\bv\b"
}

@test "stale: a write under track_counts = off" {
	sql anchore "SET track_counts = off; UPDATE users SET email = 'x'"
	stale users
}

@test "stale: a write by a session that stays connected" {
	session_open anchore
	session_run "SELECT 1;"
	expect 0 backup
	session_run "UPDATE users SET email = 'x';"
	stale users
}

@test "stale: a large object" {
	sql "$DB" "SELECT lo_from_bytea(0, 'x')"
	stale "large object"
}

@test "stale: a large object's content" {
	sql "$DB" "SELECT lo_from_bytea(4711, 'x')"
	expect 0 backup
	fresh
	sql "$DB" "SELECT lo_put(4711, 0, 'y')"
	stale "large object"
}

@test "stale: a crash that lost rows (asynchronous commit)" {
	sql postgres "ALTER SYSTEM SET wal_writer_delay = '10s'"
	sql postgres "SELECT pg_reload_conf()"
	sql anchore "SET synchronous_commit = off; UPDATE users SET email = 'lost'"
	expect 0 backup
	server_down -m immediate
	server_up
	email=$(sql anchore "SELECT email FROM users")
	sql postgres "ALTER SYSTEM RESET wal_writer_delay"
	sql postgres "SELECT pg_reload_conf()"
	if [ "$email" = lost ]; then
		fresh
	else
		stale users
	fi
}

@test "stale: a transaction that was open at the snapshot and committed after it" {
	session_open anchore
	session_run "BEGIN; UPDATE users SET email = 'late';"
	expect 0 backup
	session_run "COMMIT;"
	session_close
	stale users
}

@test "stale: a write between the guard and the first statement" {
	tool_stopped "$FIRST_STATEMENT_STEP" upgrade --yes
	sql anchore "UPDATE users SET email = 'between'"
	tool_go
	[ "$status" -eq 3 ] || show "exit status $status"
	[ "$status" -eq 3 ]
	talks users
	[ "$(db_version)" = 0.0.6 ]
	[ "$(sql anchore "SELECT DISTINCT email FROM users")" = between ]
}

@test "a snapshot of another database, or of an older version, counts for nothing" {
	database_make other
	expect 3 upgrade --dry-run --database "host=$SOCKET dbname=other user=engine"
	contains "$output$stderr" "no snapshot"
}

@test "a damaged newest snapshot is refused, not passed over" {
	archive=$(newest_snapshot)
	size=$(stat -c %s "$archive")
	printf '\377' | dd of="$archive" bs=1 seek=$((size / 2)) conv=notrunc status=none
	expect 3 upgrade --yes
	talks "does not verify|corrupt|damaged" "anchore-admin backup"
	[ "$(db_version)" = 0.0.6 ]
}

@test "snapshot_max_age refuses an old snapshot although it is fresh" {
	now=$(date +%s)
	ANCHORE_ADMIN_NOW=$((now + 7200)) expect 3 upgrade --dry-run --snapshot-max-age 1h
	contains "$output$stderr" "old"
	ANCHORE_ADMIN_NOW=$((now + 1800)) expect 0 upgrade --dry-run --snapshot-max-age 1h
}

@test "--no-snapshot=REASON goes on without, once, and is journaled" {
	sql anchore "UPDATE users SET email = 'x'"
	expect 0 upgrade --yes --no-snapshot="copy of a copy"
	[ "$(db_version)" = 0.0.7 ]
	[ "$(sql anchore "SELECT count(*) FROM anchore_admin.journal j WHERE j::text LIKE '%copy of a copy%'")" = 1 ]
	expect 0 db history
	says "copy of a copy"
}
