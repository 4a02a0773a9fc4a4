#!/usr/bin/env bats
# system status: the last two lines are the engine's own.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { databases_drop; }

@test "ends in the two versions" {
	expect 0 system status
	[ "$(tail -n 2 <<<"$output")" = "Engine DB Version: 0.0.6
Engine Code Version: 0.2.1" ]
}

@test "the services that the database knows are shown" {
	sql anchore "DELETE FROM services; INSERT INTO services (hostid, servicename, base_url, status, heartbeat) VALUES
		('host-1', 'catalog', 'http://host-1:8082', true, extract(epoch FROM now())), ('host-1', 'analyzer', 'http://host-1:8084', true, 1500000000)"
	expect 0 system status
	says "Service catalog \(host-1, http://host-1:8082\): up" "Service analyzer \(host-1, http://host-1:8084\): .*(down|orphaned)"
}

@test "a service is asked at its address, unless it is long gone" {
	mkdir "$BATS_TEST_TMPDIR/www"
	echo ok >"$BATS_TEST_TMPDIR/www/health"
	python3 -u -c 'import http.server, os, sys
os.chdir(sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port)
sys.stdout.flush()
server.serve_forever()' "$BATS_TEST_TMPDIR/www" >"$BATS_TEST_TMPDIR/port" 2>"$BATS_TEST_TMPDIR/requests" 3>&- &
	local server=$! port tries=0
	until port=$(head -n 1 "$BATS_TEST_TMPDIR/port") && [ -n "$port" ]; do
		sleep 0.1
		tries=$((tries + 1))
		[ $tries -lt 100 ]
	done
	sql anchore "DELETE FROM services; INSERT INTO services (hostid, servicename, base_url, status, heartbeat, status_message) VALUES
		('h', 'answering', 'http://127.0.0.1:$port', true, extract(epoch FROM now()), 'available'),
		('h', 'elsewhere', 'http://127.0.0.1:$port/no/', true, extract(epoch FROM now()), NULL),
		('h', 'silent', 'http://127.0.0.1:1', true, extract(epoch FROM now()) - 400, NULL),
		('h', 'gone', 'http://127.0.0.1:$port/gone', true, extract(epoch FROM now()) - 4000, NULL),
		('h', 'new', NULL, NULL, NULL, NULL)"
	expect 0 system status
	says "answering \(.*: up, answers \(available\)$" "elsewhere \(.*: up, but its address gives HTTP status 404$" \
		"silent \(.*: down, last heard of 6 min .*, but its address gives no answer" \
		"gone \(.*: orphaned, last heard of 1 h 06 min ago$" "new \(h, no address\): orphaned, never heard of$"
	expect 0 system status --json
	kill "$server"
	python3 -c 'import json, sys
services = {s["name"]: s for s in json.load(sys.stdin)["services"]}
assert services["answering"]["answers"] is True and services["silent"]["answers"] is False
assert services["gone"]["answers"] is None and services["new"]["heartbeat_age_seconds"] is None' <<<"$output"
	grep -q "GET /health" "$BATS_TEST_TMPDIR/requests"
	run ! grep -q "/gone" "$BATS_TEST_TMPDIR/requests"
}

@test "no service is registered" {
	sql anchore "DELETE FROM services"
	expect 0 system status
	says "No service is registered"
	sql anchore "DROP TABLE services"
	expect 0 system status
	says "No service is registered"
}

@test "says when database and release do not belong together" {
	expect 0 backup
	expect 0 upgrade --yes
	expect 0 system status --engine 0.2.4
	[ "$(tail -n 2 <<<"$output")" = "Engine DB Version: 0.0.7
Engine Code Version: 0.2.4" ]
	says_not "belong" "does not fit" "needs database"
	run --separate-stderr tool system status --engine 0.2.1
	contains "$output$stderr" "belong|does not fit|needs" "0\.0\.6"
	[ "$(tail -n 2 <<<"$output")" = "Engine DB Version: 0.0.7
Engine Code Version: 0.2.1" ]
}

@test "--json" {
	expect 0 system status --json
	python3 -c 'import json,sys; t = sys.stdin.read(); json.loads(t); assert "0.0.6" in t and "0.2.1" in t' <<<"$output"
}

@test "the database is away: exit 5" {
	expect 5 system status --database "host=$SOCKET port=1 dbname=anchore"
	one_error
}
