#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # bats runs each test in a shell of its own; lib and cycle share names
# upgrade, downgrade and restore from end to end: services that run under the supervisor are stopped, the database
# changes, the release is pinned, the services start again and are waited for.
load lib
load cycle

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	services_make
}
teardown() {
	tool_end
	session_close
	supervisor_stop
	databases_drop
}

# A graph of its own: an edge with one statement more.
broken_migrations() {
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/broken"
	printf '\n%s\n' "$1" >>"$BATS_TEST_TMPDIR/broken/sql/0.0.6--0.0.7.sql"
	git -C "$BATS_TEST_TMPDIR/broken" -c user.name=t -c user.email=t@t commit -qam broken
}

@test "the dry run lists the steps and stops nothing" {
	supervisor_start
	before=$(processes)
	expect 0 upgrade --dry-run --to 0.2.4
	says "stop analyzer, apiext, catalog" "take a snapshot" "pin release 0\.2\.4 in .*anchore-admin.yaml line 4, where 0\.2\.1" \
		"start catalog, apiext, analyzer" "wait until they are healthy" "nothing stands against it"
	expect 0 upgrade --dry-run --to 0.2.4 --json
	python3 -c 'import json,sys
services = json.load(sys.stdin)["services"]
assert services["runtime"] == "process" and services["pinned"] == "0.2.1", services
assert any("take a snapshot" in step for step in services["steps"]), services
assert [one["service"] for one in services["instances"]] == ["catalog", "apiext", "analyzer"], services' <<<"$output"
	[ "$(processes)" = "$before" ]
	[ "$(engine_pinned)" = 0.2.1 ]
	[ "$(db_version)" = 0.0.6 ]
	[ ! -e "$STORE" ] || [ -z "$(find "$STORE" -name '*.tar')" ]
}

@test "upgrade: down, snapshot, migrate, pin, up, healthy" {
	supervisor_start
	cp "$DEPLOY/anchore-admin.yaml" "$BATS_TEST_TMPDIR/before.yaml"
	tool_stopped cycle-guard upgrade --to 0.2.4 --yes
	[ "$(sessions_of_services)" = 0 ]
	[ -e "$DEPLOY/run/held.json" ]
	states_are stopped stopped stopped
	python3 -c 'import json,sys
progress = json.load(open(sys.argv[1]))
assert progress["command"] == "upgrade" and progress["step"] == "checking" and len(progress["run"]) == 16, progress
assert {"at", "what", "done", "total", "rows", "rate", "seconds_left"} < set(progress), progress' "$DEPLOY/run/progress.json"
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	says "upgraded database .* from version 0\.0\.6 to 0\.0\.7" "release 0\.2\.4 is pinned" "service catalog: up" "downgrade --to 0\.2\.1"
	at 0.0.7 0.2.4
	diff <(sed 's/^engine: 0.2.1/engine: 0.2.4/' "$BATS_TEST_TMPDIR/before.yaml") "$DEPLOY/anchore-admin.yaml"
	expect 0 snapshot verify
	expect 0 db history
	says "upgrade .*0\.0\.6 -> 0\.0\.7" "pinned release 0\.2\.4 where 0\.2\.1 was" "services: healthy"
	expect 0 service stop
	sql anchore "DELETE FROM services WHERE hostid = 'host-1'"
	oracle rows "$DB" "$ROWS/after"
}

@test "db upgrade does the same, and --json gives one object" {
	supervisor_start
	expect 0 db --db-connect "$DB" upgrade --dontask --to 0.2.4 --json
	python3 -c 'import json,sys
answer = json.load(sys.stdin)
assert answer["done"] and answer["services"]["pinned"] == "0.2.4", answer
assert [one["state"] for one in answer["services"]["instances"]] == ["up"] * 3, answer' <<<"$output"
	at 0.0.7 0.2.4
}

@test "nothing runs and a snapshot is fresh: it is the one that counts, and nothing is started" {
	expect 0 backup
	expect 0 upgrade --to 0.2.4 --yes
	[ "$(find "$STORE" -name '*.tar' | wc -l)" = 1 ]
	[ "$(db_version)" = 0.0.7 ]
	[ "$(engine_pinned)" = 0.2.4 ]
	no_hold
	states_are stopped stopped stopped
}

@test "the migration fails: the old release runs again on the unchanged database" {
	supervisor_start
	broken_migrations "ALTER TABLE no_such_table ADD COLUMN x integer;"
	expect 1 upgrade --to 0.2.4 --yes --migrations "$BATS_TEST_TMPDIR/broken/sql"
	talks "nothing was changed, and release 0\.2\.1 was started again" no_such_table
	one_error
	eventually states_are up up up
	at 0.0.6 0.2.1
}

@test "the snapshot fails: the old release runs again" {
	supervisor_start
	ANCHORE_ADMIN_FAULT=backup-verify:1:space expect 9 upgrade --to 0.2.4 --yes
	talks "release 0\.2\.1 was started again"
	eventually states_are up up up
	at 0.0.6 0.2.1
}

@test "what is known before stops nothing: changed SQL, a release that is not installed, an unknown one" {
	supervisor_start
	before=$(processes)
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/dirty"
	echo "-- changed" >>"$BATS_TEST_TMPDIR/dirty/sql/0.0.6--0.0.7.sql"
	expect 3 upgrade --to 0.2.4 --yes --migrations "$BATS_TEST_TMPDIR/dirty/sql"
	talks "commit"
	expect 3 upgrade --to 0.2.2 --yes
	talks "0\.2\.2" "install"
	one_error
	expect 2 upgrade --to 9.9.9 --yes
	expect 3 upgrade --to 0.2.4
	talks "--yes"
	sql anchore "BEGIN; UPDATE users SET email = 'prepared'; PREPARE TRANSACTION 'left over'"
	expect 3 upgrade --to 0.2.4 --yes
	talks "left over"
	sql anchore "ROLLBACK PREPARED 'left over'"
	[ "$(processes)" = "$before" ]
	at 0.0.6 0.2.1
}

@test "a session that is not of these services: refused once they are stopped, and they start again" {
	supervisor_start
	session_open anchore stranger
	session_run "SELECT 1;"
	expect 3 upgrade --to 0.2.4 --yes --lock-timeout 1
	talks "stranger" "release 0\.2\.1 was started again"
	session_close
	eventually states_are up up up
	at 0.0.6 0.2.1
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "--no-services: they are the operator's, and stand in the way" {
	supervisor_start
	before=$(processes)
	expect 0 backup
	expect 3 upgrade --to 0.2.4 --yes --no-services
	talks "session" "stop"
	[ "$(processes)" = "$before" ]
	at 0.0.6 0.2.1
	expect 0 service stop
	expect 0 backup
	expect 0 upgrade --to 0.2.4 --yes --no-services
	says "next: start engine release 0\.2\.4"
	[ "$(db_version)" = 0.0.7 ]
	[ "$(engine_pinned)" = 0.2.1 ]
}

@test "--no-snapshot=REASON: none is taken, and the journal has the reason" {
	supervisor_start
	expect 0 upgrade --to 0.2.4 --yes --no-snapshot="a copy is elsewhere"
	at 0.0.7 0.2.4
	[ -z "$(find "$STORE" -name '*.tar')" ]
	expect 0 db history
	says "a copy is elsewhere"
}

@test "the new release is not healthy: exit 8 with the command that goes back, which does" {
	supervisor_start
	release_make 0.2.4 --unhealthy
	expect 8 upgrade --to 0.2.4 --yes --timeout 2s
	talks "the database is at version 0\.0\.7" "^hint: .*service logs NAME.*; or go back with .anchore-admin downgrade --to 0\.2\.1"
	one_error
	[ "$(db_version)" = 0.0.7 ]
	[ "$(engine_pinned)" = 0.2.4 ]
	no_hold
	expect 0 downgrade --to 0.2.1 --yes
	at 0.0.6 0.2.1
}

@test "the new release dies at once: the same" {
	supervisor_start
	release_make 0.2.4 --exit-after 0
	expect 8 upgrade --to 0.2.4 --yes --timeout 3s
	talks "downgrade --to 0\.2\.1"
	expect 0 downgrade --to 0.2.1 --yes
	at 0.0.6 0.2.1
}

@test "--auto-rollback goes back by SQL, says so and still exits 8" {
	supervisor_start
	release_make 0.2.4 --unhealthy
	expect 8 upgrade --to 0.2.4 --yes --timeout 3s --auto-rollback
	talks "it went back: the database is at version 0\.0\.6 again, and release 0\.2\.1 is healthy" "by SQL"
	at 0.0.6 0.2.1
	expect 0 db history
	says "upgrade +0\.0\.6 -> 0\.0\.7" "downgrade +0\.0\.7 -> 0\.0\.6"
}

@test "--auto-rollback stops what was started when not all of the new release can be" {
	supervisor_start
	printf '#!/none/such\n' >"$DEPLOY/releases/0.2.4/service"
	expect 8 upgrade --to 0.2.4 --yes --timeout 30s --auto-rollback
	talks "it went back: the database is at version 0\.0\.6 again, and release 0\.2\.1 is healthy"
	at 0.0.6 0.2.1
}

@test "a supervisor whose own option names the old release does not start it on the upgraded database" {
	supervisor_start --engine 0.2.1
	expect 8 upgrade --to 0.2.4 --yes
	talks "names release 0\.2\.4, and the supervisor has 0\.2\.1 from .*, which wins" "anchore-admin service stop"
	states_are stopped stopped stopped
	[ -e "$DEPLOY/run/held.json" ]
	expect 0 service stop
	supervisor_start
	at 0.0.7 0.2.4
}

@test "--auto-rollback goes back by the snapshot where no SQL leads back" {
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/up"
	git -C "$BATS_TEST_TMPDIR/up" rm -q 'sql/0.0.7--0.0.6.*'
	git -C "$BATS_TEST_TMPDIR/up" -c user.name=t -c user.email=t@t commit -qm up
	sed -i "s|^migrations:.*|migrations: $BATS_TEST_TMPDIR/up/sql|" "$DEPLOY/anchore-admin.yaml"
	supervisor_start
	release_make 0.2.4 --unhealthy
	tool_stopped rollback upgrade --to 0.2.4 --yes --timeout 3s --auto-rollback
	now=$(sql anchore "INSERT INTO users (\"userId\") VALUES ('new 1'), ('new 2'); SELECT count(*) FROM users")
	tool_go
	[ "$status" -eq 8 ]
	talks "it went back: the database is at version 0\.0\.6 again, and release 0\.2\.1 is healthy" "by the snapshot" \
		"what the snapshot does not have: .*table users: $now rows now, $((now - 2)) in the snapshot.* kept as .anchore_before_.*restore --undo"
	at 0.0.6 0.2.1
	expect 0 db history
	says "table users: $now rows now, $((now - 2)) in the snapshot.*; kept in the database .anchore_before_.*restore --undo"
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore_before_%'")" = 1 ]
}

@test "the release cannot be pinned: exit 8, held, with the command that goes back; that is not the release, so --auto-rollback stays" {
	supervisor_start
	ANCHORE_ADMIN_FAULT=cycle-repin:1:fail expect 8 upgrade --to 0.2.4 --yes --no-snapshot=test
	talks "the database is at version 0\.0\.7, but the services stay stopped" "^hint: .*anchore-admin downgrade --to 0\.2\.1"
	[ -e "$DEPLOY/run/held.json" ]
	states_are stopped stopped stopped
	expect 0 downgrade --to 0.2.1 --yes --no-snapshot=test
	at 0.0.6 0.2.1
	ANCHORE_ADMIN_FAULT=cycle-repin:1:fail expect 8 upgrade --to 0.2.4 --yes --no-snapshot=test --auto-rollback
	talks "the database is at version 0\.0\.7, but the services stay stopped"
	[ "$(db_version)" = 0.0.7 ]
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "--auto-rollback does not go back for what says nothing against the release" {
	supervisor_start
	ANCHORE_ADMIN_FAULT=cycle-wait:1:fail expect 8 upgrade --to 0.2.4 --yes --no-snapshot=test --auto-rollback
	talks "whether the services run as they should is not known: fault cycle-wait" "^hint: .*anchore-admin downgrade --to 0\.2\.1"
	one_error
	eventually states_are up up up
	at 0.0.7 0.2.4
}

@test "the old release cannot be started again either: exit 8, held, and the same command starts it" {
	supervisor_start
	ANCHORE_ADMIN_FAULT=cycle-guard:1:fail,cycle-give-back:1:fail expect 8 upgrade --to 0.2.4 --yes --no-snapshot=test
	talks "the database is unchanged, but the services were not started again" "^hint: .*run the command again"
	[ -e "$DEPLOY/run/held.json" ]
	expect 3 upgrade --to 0.2.2 --yes
	[ -e "$DEPLOY/run/held.json" ]
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "going back fails, too: it says both" {
	supervisor_start
	release_make 0.2.4 --unhealthy
	ANCHORE_ADMIN_FAULT=rollback:1:fail expect 8 upgrade --to 0.2.4 --yes --no-snapshot=test --timeout 2s --auto-rollback
	talks "not everything became healthy" "going back failed" "^hint: .*anchore-admin downgrade --to 0\.2\.1"
	expect 0 downgrade --to 0.2.1 --yes
	at 0.0.6 0.2.1
}

@test "downgrade comes back, by SQL and by the snapshot" {
	supervisor_start
	expect 0 upgrade --to 0.2.4 --yes
	expect 0 downgrade --to 0.2.1 --yes
	says "downgraded database" "release 0\.2\.1 is pinned" "service catalog: up"
	at 0.0.6 0.2.1
	expect 0 upgrade --to 0.2.4 --yes
	expect 0 downgrade --to 0.2.1 --by snapshot --dry-run
	says "stop analyzer, apiext, catalog" "pin release 0\.2\.1"
	at 0.0.7 0.2.4
	expect 0 downgrade --to 0.2.1 --by snapshot --yes
	at 0.0.6 0.2.1
}

@test "restore and restore --undo: the release follows the database" {
	supervisor_start
	expect 0 upgrade --to 0.2.4 --yes
	expect 0 restore latest:0.0.6 --dry-run
	says "stop analyzer, apiext, catalog" "pin release 0\.2\.1"
	expect 0 restore latest:0.0.6 --yes
	at 0.0.6 0.2.1
	expect 0 restore --undo --yes
	at 0.0.7 0.2.4
	before=$(processes)
	expect 0 restore latest:0.0.6 --yes --into elsewhere
	[ "$(processes)" = "$before" ]
}

@test "another release of the same database version: pinned and started, the database is left alone" {
	supervisor_start
	expect 0 upgrade --to 0.2.4 --yes
	release_make 0.2.3
	rows=$(sql anchore "SELECT count(*) FROM anchore_admin.journal")
	expect 0 upgrade --to 0.2.3 --dry-run
	says "pin release 0\.2\.3"
	expect 10 upgrade --to 0.2.3 --dry-run --exit-code
	expect 0 upgrade --to 0.2.3 --yes
	at 0.0.7 0.2.3
	[ "$(sql anchore "SELECT count(*) FROM anchore_admin.journal")" = "$rows" ]
	expect 0 upgrade --yes
	says "nothing to do"
	at 0.0.7 0.2.3
}

@test "what was stopped before stays stopped" {
	supervisor_start
	expect 0 service stop analyzer
	expect 0 upgrade --to 0.2.4 --dry-run
	says "start catalog, apiext; leave analyzer stopped"
	expect 0 upgrade --to 0.2.4 --yes
	states_are up up stopped
	[ "$(engine_pinned)" = 0.2.4 ]
	expect 0 downgrade --to 0.2.1 --yes
	states_are up up stopped
}

@test "another run: exit 4, and it touches nothing" {
	supervisor_start
	tool_stopped cycle-guard upgrade --to 0.2.4 --yes
	expect 4 upgrade --to 0.2.4 --yes
	expect 4 downgrade --to 0.2.1 --yes
	[ -e "$DEPLOY/run/held.json" ]
	states_are stopped stopped stopped
	tool_go
	[ "$status" -eq 0 ]
	at 0.0.7 0.2.4
}
