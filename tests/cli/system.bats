#!/usr/bin/env bats
# system status --watch, --exit-code and system wait: without a runtime by the heartbeats, with one by its instances.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	echo "status_listen: off" >>"$DEPLOY/anchore-admin.yaml"
}
teardown() {
	if [ -n "${WATCHER:-}" ]; then
		kill "$WATCHER" 2>/dev/null || true
		wait "$WATCHER" 2>/dev/null || true
		WATCHER=
	fi
	if [ -S "$DEPLOY/run/control" ]; then
		tool service stop || true
	fi
	databases_drop
}

# beats SERVICE HOST SECONDS…: rows of the table services, whose heartbeat is so old.
beats() {
	sql "$NAME" "DELETE FROM services"
	while [ $# -gt 0 ]; do
		sql "$NAME" "INSERT INTO services (hostid, servicename, base_url, status, heartbeat)
			VALUES ('$2', '$1', 'http://127.0.0.1:1', true, extract(epoch FROM now()) - $3)"
		shift 3
	done
}

services_make() {
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		services:
		  - name: catalog
		    argv: [sleep, "1000"]
		  - name: analyzer
		    argv: [sleep, "1000"]
	YAML
}

wait_until() {
	local tries=0
	until "$@"; do
		sleep 0.1
		tries=$((tries + 1))
		[ $tries -lt 600 ]
	done
}

@test "wait returns at once where every service beats and the versions belong together" {
	beats catalog h1 5 analyzer h1 5
	expect 0 system wait
	says "^All services are up, and database and release belong together; waited for "
	expect 0 system wait --json
	[ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["healthy"])' <<<"$output")" = True ]
	expect 0 system status --exit-code
}

@test "one host that beats is enough for a service; none is not" {
	beats catalog h1 5 catalog gone 5000 analyzer h1 400 analyzer h2 5
	expect 0 system wait --timeout 0s
	beats catalog h1 5 analyzer h1 400 analyzer h2 5000
	expect 8 system wait --timeout 0s
	one_error
	talks "after .*: analyzer is down$" "^hint: .*system status"
	expect 10 system status --exit-code
	talks "analyzer is down" "^hint: .*system wait"
	[ "$(tail -n 2 <<<"$output")" = "Engine DB Version: 0.0.6
Engine Code Version: 0.2.1" ]
	expect 0 system status
}

@test "nobody is registered, and the versions do not belong together" {
	sql anchore "DELETE FROM services"
	expect 8 system wait --timeout 1s --engine 0.2.4
	talks "no service is registered in the database; the database is at 0\.0\.6, which does not belong to release 0\.2\.4"
	beats catalog h1 5
	expect 8 system wait --timeout 0s --engine 0.2.4
	talks "after .*: the database is at 0\.0\.6"
	expect 10 system status --exit-code --engine 0.2.4
	expect 10 system status --exit-code --engine 0.2.4 --json
	python3 -c 'import json, sys
answer = json.load(sys.stdin)
assert answer["healthy"] is False and "0.0.6" in answer["missing"][0] and answer["instances"] is None' <<<"$output"
}

@test "wait sees what comes while it waits, even the database" {
	beats catalog h1 5000
	server_down -m fast
	(cd "$DEPLOY" && exec timeout 100 "$ANCHORE_ADMIN" system wait --timeout 90s) </dev/null \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	WATCHER=$!
	wait_until grep -q "^waiting: .*server" "$BATS_TEST_TMPDIR/err"
	server_up
	wait_until grep -q "^waiting: catalog is orphaned$" "$BATS_TEST_TMPDIR/err"
	beats catalog h1 5
	wait "$WATCHER"
	WATCHER=
	grep -q "^All services are up" "$BATS_TEST_TMPDIR/out"
}

@test "wait does not wait for settings that are wrong" {
	expect 2 system wait --runtime nonsense
	one_error
	expect 2 system wait --timeout soon
}

@test "instances of the runtime" {
	services_make
	beats catalog h1 5
	expect 0 system status
	says "^Instance catalog: stopped" "^Service catalog \(h1, .*\): up"
	expect 8 system wait --timeout 0s
	talks "catalog is stopped; analyzer is stopped"
	expect 0 service start --detach
	expect 0 system wait --timeout 60s
	expect 0 system status --exit-code
	says "^Instance catalog: up for .*, process [0-9]+$" "^Instance analyzer: up for "
	kill "$(sed -n 's/^Instance analyzer: .* process \([0-9]*\).*/\1/p' <<<"$output")"
	restarted() { tool system status | grep -Eq "^Instance analyzer: up for .*, 1 restart, last error: ended by signal 15"; }
	wait_until restarted
	expect 0 service stop analyzer
	expect 10 system status --exit-code --json
	python3 -c 'import json, sys
answer = json.load(sys.stdin)
states = {i["service"]: i["state"] for i in answer["instances"]}
assert states == {"catalog": "up", "analyzer": "stopped"} and answer["runtime"] == "process", answer
assert any("analyzer is stopped" in m for m in answer["missing"])' <<<"$output"
}

@test "what the runtime knows is shown although the database is away" {
	services_make
	expect 5 system status --database "host=$SOCKET port=1 dbname=anchore"
	says "^Instance catalog: stopped"
	one_error
}

@test "a table that a change keeps locked is said, not waited for" {
	session_open "$NAME"
	session_run "BEGIN; LOCK TABLE services IN ACCESS EXCLUSIVE MODE;"
	expect 0 system status
	session_close
	says "locked by a change" "^Engine DB Version: 0.0.6$"
}

@test "--watch shows it again and again, and outlives the database" {
	beats catalog h1 5
	(cd "$DEPLOY" && exec timeout 100 "$ANCHORE_ADMIN" system status --watch) </dev/null \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	WATCHER=$!
	seen() { [ "$(grep -c "$1" "$BATS_TEST_TMPDIR/out")" -ge "$2" ]; }
	wait_until seen "^Engine DB Version: 0.0.6$" 2
	run ! grep -q $'\033' "$BATS_TEST_TMPDIR/out"
	server_down -m fast
	wait_until seen "server" 1
	local before
	before=$(grep -c "^Engine DB Version" "$BATS_TEST_TMPDIR/out")
	server_up
	wait_until seen "^Engine DB Version: 0.0.6$" $((before + 1))
	kill -TERM "$WATCHER"
	local rc=0
	wait "$WATCHER" || rc=$?
	WATCHER=
	[ $rc -eq 143 ]
}

@test "--watch --json: an object a line" {
	beats catalog h1 5
	(cd "$DEPLOY" && exec timeout 100 "$ANCHORE_ADMIN" system status --watch --json) </dev/null \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	WATCHER=$!
	two() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -ge 2 ]; }
	wait_until two
	python3 -c 'import json, sys
for line in list(sys.stdin)[:2]:
    answer = json.loads(line)
    assert list(answer)[0] == "schema" and answer["schema"] == 1
    assert answer["engine_db_version"] == "0.0.6" and answer["healthy"] is True and answer["error"] is None' \
		<"$BATS_TEST_TMPDIR/out"
}

@test "the snapshot that was proven last, before the two last lines" {
	expect 0 backup
	expect 0 system status
	says "^No snapshot is proven: .anchore-admin snapshot verify --restore."
	expect 0 system status --json
	python3 -c 'import json, sys; assert json.load(sys.stdin)["proven"] is None' <<<"$output"
	now=$(date +%s)
	ANCHORE_ADMIN_NOW=$now expect 0 snapshot verify --restore
	ANCHORE_ADMIN_NOW=$((now + 7200)) expect 0 system status
	says "^Last proven snapshot: [0-9a-f]{12}, restored 2 h 00 min ago on PostgreSQL [0-9]+"
	[ "$(tail -n 2 <<<"$output")" = $'Engine DB Version: 0.0.6\nEngine Code Version: 0.2.1' ]
	ANCHORE_ADMIN_NOW=$((now + 7200)) expect 0 system status --json
	python3 -c 'import json, sys
proven = json.load(sys.stdin)["proven"]
assert proven["age_seconds"] == 7200 and proven["server"] and len(proven["id"]) == 32, proven' <<<"$output"
}
