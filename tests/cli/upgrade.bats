#!/usr/bin/env bats
# upgrade: plan, guard, one transaction.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	expect 0 backup
}
teardown() { session_close; databases_drop; }

@test "the dry run prints the plan and changes nothing" {
	before=$(database_digest)
	xmax=$(sql anchore "SELECT txid_snapshot_xmax(txid_current_snapshot())")
	expect 0 upgrade --dry-run
	says "0\.0\.6" "0\.0\.7" "0\.0\.6--0\.0\.7\.sql" "catalog_image" "AccessExclusiveLock|ACCESS EXCLUSIVE" \
		"statement" "$(git -C "$MIGRATIONS" rev-parse --short=7 HEAD)" \
		"$(sha256sum "$MIGRATIONS/0.0.6--0.0.7.sql" | cut -c1-8)"
	[ "$(database_digest)" = "$before" ]
	[ "$(sql anchore "SELECT txid_snapshot_xmax(txid_current_snapshot())")" = "$xmax" ]
	[ "$(sql anchore "SELECT count(*) FROM pg_namespace WHERE nspname = 'anchore_admin'")" = 0 ]
}

@test "the dry run lists every refusal, exit 3" {
	sql anchore "ALTER TABLE eventlog ADD COLUMN extra integer"
	session_open anchore ""
	session_run "SELECT 1;"
	expect 3 upgrade --dry-run
	says "no longer what snapshot" extra "session" "not that of version"
}

@test "the dry run as SQL is the SQL itself" {
	expect 0 upgrade --dry-run=sql
	says "ALTER TABLE.* catalog_image" "CREATE TABLE.* events"
	says_not "^hint"
	[ "$(db_version)" = 0.0.6 ]
}

@test "--exit-code tells whether changes are pending" {
	expect 10 upgrade --dry-run --exit-code
	expect 0 upgrade --yes
	expect 0 upgrade --dry-run --exit-code
	expect 2 upgrade --exit-code
}

@test "--json gives one object" {
	expect 0 upgrade --dry-run --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
	expect 0 upgrade --yes --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
}

@test "without a terminal and without --yes it refuses" {
	expect 3 upgrade
	one_error
	talks "--yes"
	[ "$(db_version)" = 0.0.6 ]
}

@test "on a terminal it asks; no and end of input decline, yes goes on" {
	for answer in n "" x; do
		run bash -c "cd '$DEPLOY' && echo '$answer' | timeout 60 script -qec '$ANCHORE_ADMIN upgrade' /dev/null"
		[ "$status" -eq 3 ] || echo "answer '$answer': $status: $output" >&2
		[ "$status" -eq 3 ]
		[ "$(db_version)" = 0.0.6 ]
	done
	run bash -c "cd '$DEPLOY' && echo y | timeout 60 script -qec '$ANCHORE_ADMIN upgrade' /dev/null"
	[ "$status" -eq 0 ] || echo "$output" >&2
	[ "$status" -eq 0 ]
	[[ $output == *"(y/N)"* ]]
	[ "$(db_version)" = 0.0.7 ]
}

@test "a target by release or by version, with or without a v" {
	for target in 0.2.4 v0.2.4 0.0.7 0.2.2; do
		expect 0 upgrade --dry-run --to "$target"
		says "0\.0\.7"
	done
}

@test "an unknown target: exit 2" {
	for target in 9.9.9 latest 0.0 "0.0.7; DROP TABLE users" ""; do
		expect 2 upgrade --yes --to "$target"
		one_error
		[ "$(db_version)" = 0.0.6 ]
	done
}

@test "a target that lies behind: exit 2, and downgrade is named" {
	expect 0 upgrade --yes
	run --separate-stderr tool upgrade --yes --to 0.2.1
	[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
	talks downgrade
	[ "$(db_version)" = 0.0.7 ]
}

@test "a target no edge leads to: named" {
	run --separate-stderr tool upgrade --yes --to 1.1.0
	[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
	talks "0\.0\.16|1\.1\.0"
	one_error
}

@test "it is one transaction: an edge that fails half way leaves nothing" {
	before=$(database_digest)
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/broken"
	printf '\nALTER TABLE no_such_table ADD COLUMN x integer;\n' >>"$BATS_TEST_TMPDIR/broken/sql/0.0.6--0.0.7.sql"
	git -C "$BATS_TEST_TMPDIR/broken" -c user.name=t -c user.email=t@t commit -qam broken
	expect 1 upgrade --yes --migrations "$BATS_TEST_TMPDIR/broken/sql"
	talks "no_such_table" "0\.0\.6--0\.0\.7\.sql"
	[ "$(database_digest)" = "$before" ]
	[ "$(sql anchore "SELECT count(*) FROM pg_tables WHERE tablename = 'events'")" = 0 ]
	expect 0 db check
	expect 0 upgrade --yes
}

@test "an edge that leaves another schema than its catalog says is rolled back" {
	before=$(database_digest)
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/wrong"
	printf '\nALTER TABLE eventlog ADD COLUMN surplus integer;\n' >>"$BATS_TEST_TMPDIR/wrong/sql/0.0.6--0.0.7.sql"
	git -C "$BATS_TEST_TMPDIR/wrong" -c user.name=t -c user.email=t@t commit -qam wrong
	expect 1 upgrade --yes --migrations "$BATS_TEST_TMPDIR/wrong/sql"
	talks surplus
	[ "$(database_digest)" = "$before" ]
}

@test "changed or untracked SQL is refused, a ref is read without a checkout" {
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/dirty"
	echo "-- changed" >>"$BATS_TEST_TMPDIR/dirty/sql/0.0.6--0.0.7.sql"
	expect 3 upgrade --yes --migrations "$BATS_TEST_TMPDIR/dirty/sql"
	talks "0\.0\.6--0\.0\.7\.sql" "commit"
	expect 0 upgrade --dry-run --migrations "$BATS_TEST_TMPDIR/dirty/sql" --migrations-ref HEAD
	git -C "$BATS_TEST_TMPDIR/dirty" checkout -q .
	git -C "$BATS_TEST_TMPDIR/dirty" rm -q --cached sql/0.0.7.sql
	git -C "$BATS_TEST_TMPDIR/dirty" -c user.name=t -c user.email=t@t commit -qm less
	expect 3 upgrade --yes --migrations "$BATS_TEST_TMPDIR/dirty/sql"
	talks "0\.0\.7\.sql"
	expect 2 upgrade --dry-run --migrations-ref no-such-ref
	one_error
	[ "$(db_version)" = 0.0.6 ]
}

@test "SQL files outside any repository are taken as they are" {
	cp -r "$MIGRATIONS" "$BATS_TEST_TMPDIR/plain"
	expect 0 upgrade --yes --migrations "$BATS_TEST_TMPDIR/plain"
	[ "$(db_version)" = 0.0.7 ]
}

@test "an engine service that is connected is named in the refusal" {
	session_open anchore ""
	session_run "SELECT 1;"
	pid=$(sql postgres "SELECT pid FROM pg_stat_activity WHERE datname = 'anchore' AND application_name = ''")
	expect 3 upgrade --yes
	talks "$pid" "user (postgres|\"postgres\")" "stop"
	session_close
	expect 0 upgrade --yes
}

@test "the engine's own lock, held by somebody else: exit 3 with pid and user" {
	session_open anchore
	session_run "SELECT pg_advisory_lock(1, 1);"
	expect 3 upgrade --yes --lock-timeout 1
	talks "lock" "pid"
	[ "$(db_version)" = 0.0.6 ]
	session_close
	expect 0 upgrade --yes
}

@test "held by another run of ours: exit 4" {
	tool_stopped "$FIRST_STATEMENT_STEP" upgrade --yes
	expect 4 upgrade --yes
	one_error
	expect 4 backup
	tool_go
	[ "$status" -eq 0 ]
	[ "$(db_version)" = 0.0.7 ]
}

@test "a lock in the way: waits are bounded and the blocker is named" {
	session_open anchore
	session_run "BEGIN; LOCK TABLE eventlog IN ACCESS SHARE MODE; SELECT 'the blocker';"
	pid=$(sql postgres "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'")
	started=$(date +%s)
	session_run "LOCK TABLE catalog_image IN SHARE UPDATE EXCLUSIVE MODE;"
	run --separate-stderr tool upgrade --yes --lock-timeout 1
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
	talks "$pid" "postgres"
	[ $(($(date +%s) - started)) -lt 60 ]
	[ "$(db_version)" = 0.0.6 ]
	session_close
	expect 0 upgrade --yes
}

@test "prepared transactions are refused by name" {
	sql anchore "BEGIN; UPDATE users SET email = 'prepared'; PREPARE TRANSACTION 'left over'"
	expect 3 upgrade --dry-run
	contains "$output$stderr" "left over"
	sql anchore "ROLLBACK PREPARED 'left over'"
}

@test "a half-upgraded schema is refused with its differences" {
	sql anchore "ALTER TABLE catalog_image ADD COLUMN analyzed_at integer"
	expect 0 backup
	expect 3 upgrade --yes
	talks "analyzed_at"
	one_error
}

@test "a role that does not own the tables is refused before anything runs" {
	sql postgres "CREATE ROLE guest LOGIN CREATEDB" || true
	sql anchore "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO guest"
	expect 0 backup
	expect 3 upgrade --yes --database "host=$SOCKET dbname=anchore user=guest"
	talks "own"
	[ "$(db_version)" = 0.0.6 ]
}

@test "the server is killed in the middle: the old version, and the next run works" {
	tool_stopped "$FIRST_STATEMENT_STEP" upgrade --yes
	server_down -m immediate
	tool_go
	[ "$status" -ne 0 ]
	[ "$status" -lt 128 ]
	server_up
	[ "$(db_version)" = 0.0.6 ]
	expect 0 db check
	expect 0 upgrade --yes
}

@test "SIGINT and SIGTERM at every step: old or new, never between" {
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 upgrade --yes
	steps=$(wc -l <"$BATS_TEST_TMPDIR/steps")
	for ((n = 1; n <= steps; n += (steps / 12) + 1)); do
		database_make anchore
		expect 0 backup
		ANCHORE_ADMIN_FAULT="*:$n:int" run --separate-stderr tool upgrade --yes
		case $status in
		0) [ "$(db_version)" = 0.0.7 ] ;;
		130) [ "$(db_version)" = 0.0.6 ] ;;
		*)
			show "step $n: exit status $status"
			return 1
			;;
		esac
		expect 0 db check
	done
}
