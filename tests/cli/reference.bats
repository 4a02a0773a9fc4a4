#!/usr/bin/env bats
# The stand-in for the engine's services, which other tests lean on: does it do what it says?

load lib

setup_file() {
	server_start
}

teardown_file() {
	server_stop
}

setup() {
	database_make anchore
	LOG=$BATS_TEST_TMPDIR/service.log
	SERVICE=
}

teardown() {
	if [ -n "$SERVICE" ]; then
		kill -KILL "$SERVICE" 2>/dev/null || true
		wait "$SERVICE" 2>/dev/null || true
	fi
	databases_drop
}

# reference ARGUMENTS...: in the foreground, for what ends by itself.
reference() {
	timeout 30 "$REFERENCE_SERVICE" --name catalog --host host-1 --release 0.2.1 --needs 0.0.6 \
		--database "dbname=anchore user=engine" "$@"
}

# service_start ARGUMENTS...: in the background; SERVICE is its process, URL where it listens.
service_start() {
	"$REFERENCE_SERVICE" --name catalog --host host-1 --release 0.2.1 --needs 0.0.6 \
		--database "dbname=anchore user=engine" "$@" >"$LOG" 2>&1 3>&- </dev/null &
	SERVICE=$!
	eventually grep -q 'listens on' "$LOG"
	URL=$(sed -n 's/.* listens on //p' "$LOG")
}

# service_end: waits for its end; $status is how it ended.
service_end() {
	status=0
	eventually ended
	wait "$SERVICE" || status=$?
	SERVICE=
}

ended() {
	[ ! -d "/proc/$SERVICE" ] || grep -q ') Z ' "/proc/$SERVICE/stat"
}

answer() {
	curl -s -o /dev/null -m 5 -w '%{http_code}' "$URL$1"
}

answers() {
	[ "$(answer "$1")" = "$2" ]
}

row() {
	sql anchore "SELECT $1 FROM services WHERE hostid = 'host-1' AND servicename = 'catalog'"
}

row_is() {
	[ "$(row "$1")" = "$2" ]
}

@test "registers itself, in place of the row that an earlier run left" {
	sql anchore "INSERT INTO services (hostid, servicename, status, heartbeat) VALUES ('host-1', 'catalog', false, 1)"
	service_start
	eventually answers /health 200
	[ "$(row 'version, base_url, status, status_message')" = "v1|$URL|t|available" ]
	[ "$(row "short_description::json ->> 'version'")" = 0.2.1 ]
	[ "$(row "short_description::json ->> 'db_version'")" = 0.0.6 ]
	[ "$(row 'abs(heartbeat - extract(epoch FROM now())) < 60')" = t ]
	[ "$(sql anchore "SELECT application_name FROM pg_stat_activity WHERE datname = 'anchore' AND pid <> pg_backend_pid()")" \
		= 'reference-service catalog' ]
}

@test "beats" {
	service_start --heartbeat 0.1
	eventually answers /health 200
	sql anchore "UPDATE services SET heartbeat = 1, status = false WHERE servicename = 'catalog'"
	eventually row_is 'heartbeat > 1 AND status' t
}

@test "answers as the engine's services do, and strangers politely" {
	service_start
	eventually answers /health 200
	[ "$(curl -s "$URL/v1/status" | python3 -c 'import json, sys; s = json.load(sys.stdin); print(s["up"], s["version"], s["db_version"])')" \
		= 'True 0.2.1 0.0.6' ]
	answers / 200
	answers /v1 200
	answers /nothing 404
	[ "$(curl -s -m 5 -X POST -o /dev/null -w '%{http_code}' "$URL/health")" = 400 ]
	[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "Long: $(printf '%4000d' 1)" "$URL/health")" = 431 ]
	# One that only connects takes no one's place.
	exec 8<>"/dev/tcp/127.0.0.1/${URL##*:}"
	answers /health 200
	exec 8>&-
}

@test "refuses a database that is not its own" {
	run --separate-stderr reference --release 0.2.4 --needs 0.0.7
	[ "$status" -eq 1 ]
	[ "$stderr" = 'reference-service: catalog: release 0.2.4 needs database version 0.0.7, but the database is at 0.0.6' ]
	[ "$(sql anchore "SELECT count(*) FROM services WHERE hostid = 'host-1'")" = 0 ]
}

@test "knows from a list what a release needs" {
	run --separate-stderr timeout 30 "$REFERENCE_SERVICE" --name catalog --release v0.2.4 --releases "$SRCDIR/sql/releases" \
		--database "dbname=anchore user=engine"
	[ "$status" -eq 1 ]
	contains "$stderr" 'release v0.2.4 needs database version 0.0.7'
	run --separate-stderr timeout 30 "$REFERENCE_SERVICE" --name catalog --release 9.9.9 --releases "$SRCDIR/sql/releases"
	[ "$status" -eq 1 ]
	contains "$stderr" 'does not say'
}

@test "unhealthy while the database is away, and registered again when it is back" {
	service_start
	eventually answers /health 200
	server_down -m immediate
	eventually answers /health 503
	answers / 200
	server_up
	eventually answers /health 200
	row_is status t
}

@test "waits for a database that is not there yet; a version that changed meanwhile is refused" {
	sql postgres "ALTER DATABASE anchore RENAME TO later"
	service_start
	eventually grep -q 'no database: .*"anchore" does not exist' "$LOG"
	answers /health 503
	sql postgres "ALTER DATABASE later RENAME TO anchore"
	eventually answers /health 200
	sql anchore "UPDATE anchore SET db_version = '0.0.7'"
	sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'anchore'"
	service_end
	[ "$status" -eq 1 ]
	grep -q 'needs database version 0.0.6, but the database is at 0.0.7' "$LOG"
}

@test "SIGTERM: says that it is down and ends with 0, also without a database" {
	service_start
	eventually answers /health 200
	kill -TERM "$SERVICE"
	service_end
	[ "$status" -eq 0 ]
	row_is 'status, status_message' 'f|stopped'
	service_start
	eventually answers /health 200
	server_down -m immediate
	eventually answers /health 503
	kill -TERM "$SERVICE"
	service_end
	server_up
	[ "$status" -eq 0 ]
}

@test "SIGTERM while a statement waits for a lock: does not wait with it" {
	service_start --heartbeat 0.1
	eventually answers /health 200
	session_open anchore
	session_run "BEGIN; LOCK TABLE services IN ACCESS EXCLUSIVE MODE;"
	eventually waits_for_lock
	answers /health 200
	kill -TERM "$SERVICE"
	service_end
	session_close
	[ "$status" -eq 0 ]
}

waits_for_lock() {
	[ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" -gt 0 ]
}

@test "misbehaves as told" {
	run reference --exit-after 0
	[ "$status" -eq 3 ]
	REFERENCE_UNHEALTHY=1 service_start --ignore-term
	eventually grep -q registered "$LOG"
	answers /health 503
	kill -TERM "$SERVICE"
	eventually grep -q 'ignoring SIGTERM' "$LOG"
	answers / 200
	kill -INT "$SERVICE"
	service_end
	[ "$status" -eq 0 ]
}

@test "never answers, as told, and still ends" {
	service_start --no-answer
	run curl -s -m 1 "$URL/health"
	[ "$status" -eq 28 ]
	kill -TERM "$SERVICE"
	service_end
	[ "$status" -eq 0 ]
}

@test "forks, as told" {
	service_start --fork daemon
	service_end
	[ "$status" -eq 0 ]
	SERVICE=$(sed -n 's/forked: daemon //p' "$LOG")
	eventually answers /health 200
	kill -TERM "$SERVICE"
	eventually ended
	service_start --fork worker
	local worker
	worker=$(sed -n 's/forked: worker //p' "$LOG")
	kill -TERM "$worker" "$SERVICE"
	service_end
	[ "$status" -eq 0 ]
	kill -KILL "$worker"
}

@test "says what is wrong with its settings" {
	run --separate-stderr timeout 10 "$REFERENCE_SERVICE" --name catalog
	[ "$status" -eq 1 ]
	contains "$stderr" '--name, --release'
	run --separate-stderr reference --heartbeat none
	[ "$status" -eq 1 ]
	contains "$stderr" 'not a number of seconds'
	run --separate-stderr reference --needs '0.0.6"'
	[ "$status" -eq 1 ]
	contains "$stderr" 'is not a version'
	run --separate-stderr reference --listen nowhere
	[ "$status" -eq 1 ]
	contains "$stderr" 'is not ADDRESS:PORT'
	run --separate-stderr reference --wrong
	[ "$status" -eq 2 ]
	service_start
	run --separate-stderr reference --listen "${URL#http://}"
	[ "$status" -eq 1 ]
	contains "$stderr" 'cannot listen on 127.0.0.1:[0-9]+: Address already in use'
}
