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
