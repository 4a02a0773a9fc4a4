#!/usr/bin/env bats
# downgrade: by the down edge where there is one, else by snapshot.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	ROWS_006=$(database_digest | grep -v '^anchore ')
	expect 0 backup
	expect 0 upgrade --yes
}
teardown() { session_close; databases_drop; }

@test "by the down edge: data written since stays, what 0.0.6 has no place for is said" {
	sql anchore "UPDATE users SET email = 'since the upgrade'"
	sql anchore "INSERT INTO events (generated_uuid) VALUES ('a'), ('b')"
	expect 0 backup
	expect 0 downgrade --to 0.2.1 --dry-run
	says "events" "2" "analyzed_at"
	[ "$(db_version)" = 0.0.7 ]
	expect 0 downgrade --to 0.2.1 --yes
	[ "$(db_version)" = 0.0.6 ]
	[ "$(sql anchore "SELECT DISTINCT email FROM users")" = "since the upgrade" ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.6.json"
}

@test "it is guarded as an upgrade is" {
	expect 3 downgrade --to 0.2.1 --yes
	talks "snapshot" "anchore-admin backup"
	[ "$(db_version)" = 0.0.7 ]
}

# The graph without its down edge.
upward_only() {
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/up"
	git -C "$BATS_TEST_TMPDIR/up" rm -q --cached sql/0.0.7--0.0.6.*
	rm -f "$BATS_TEST_TMPDIR"/up/sql/0.0.7--0.0.6.*
	git -C "$BATS_TEST_TMPDIR/up" -c user.name=t -c user.email=t@t commit -qm up
	sed -i "s|^migrations:.*|migrations: $BATS_TEST_TMPDIR/up/sql|" "$DEPLOY/anchore-admin.yaml"
}

@test "by snapshot, where there is no down edge: the rows that are lost are said, table by table" {
	upward_only
	sql anchore "INSERT INTO users (\"userId\") VALUES ('new 1'), ('new 2')"
	expect 0 downgrade --to 0.2.1 --dry-run
	says "snapshot" "users" "2"
	[ "$(db_version)" = 0.0.7 ]
	expect 0 downgrade --to 0.2.1 --yes
	[ "$(db_version)" = 0.0.6 ]
	diff <(echo "$ROWS_006") <(database_digest | grep -v '^anchore ')
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.6.json"
	expect 0 restore --undo --yes
	[ "$(db_version)" = 0.0.7 ]
	[ "$(sql anchore "SELECT count(*) FROM users WHERE \"userId\" LIKE 'new %'")" = 2 ]
}

@test "by snapshot, and there is none: refused" {
	upward_only
	rm "$STORE"/*.tar
	expect 3 downgrade --to 0.2.1 --yes
	one_error
	talks snapshot
	[ "$(db_version)" = 0.0.7 ]
}

@test "a target that lies ahead: upgrade is named" {
	run --separate-stderr tool downgrade --to 0.3.0 --yes
	[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
	talks upgrade
}

@test "without --to: exit 2" {
	expect 2 downgrade --yes
	talks "--to"
}

@test "to where it is: nothing to do" {
	expect 0 downgrade --to 0.0.7 --yes
	[ "$(db_version)" = 0.0.7 ]
}

@test "--exit-code and --json" {
	expect 0 backup
	expect 10 downgrade --to 0.0.6 --dry-run --exit-code
	expect 0 downgrade --to 0.0.6 --dry-run --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
}

@test "declined: exit 3" {
	expect 0 backup
	expect 3 downgrade --to 0.2.1
	talks "--yes"
	[ "$(db_version)" = 0.0.7 ]
}

@test "SIGINT and SIGTERM at every step: old or new, never between" {
	expect 0 backup
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 downgrade --to 0.2.1 --yes
	steps=$(wc -l <"$BATS_TEST_TMPDIR/steps")
	for ((n = 1; n <= steps; n += (steps / 8) + 1)); do
		[ "$(db_version)" = 0.0.7 ] || {
			expect 0 backup
			expect 0 upgrade --yes
			expect 0 backup
		}
		signal=int want=130
		[ $((n % 2)) -eq 0 ] || signal=term want=143
		ANCHORE_ADMIN_FAULT="*:$n:$signal" run --separate-stderr tool downgrade --to 0.2.1 --yes
		case $status in
		0) [ "$(db_version)" = 0.0.6 ] ;;
		"$want") [ "$(db_version)" = 0.0.7 ] ;;
		*)
			show "step $n: exit status $status"
			return 1
			;;
		esac
		expect 0 db check
	done
}
