#!/usr/bin/env bats
# The supervisor while a run holds its services: nothing runs, nobody starts it, and what ran comes back.
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
load lib
load service

setup() {
	command -v jq >/dev/null || lacking "jq is not installed"
	services_setup
}
teardown() {
	services_teardown
}

@test "a hold: all is gone and stays so; release starts what ran before" {
	healthy catalog
	healthy apiext
	healthy analyzer
	expect 0 service start --detach --wait
	expect 0 service stop analyzer
	ask '{"do": "hold", "run": "run1", "for": "upgrade"}' | grep -q '"done"'
	nothing_marked
	[ "$(jq -c '[.run, .for, .ran]' "$DEPLOY/run/held.json")" = '["run1","upgrade",["catalog","apiext"]]' ]
	expect 0 service status
	says "held by the run run1 \(upgrade\)"
	expect 3 service start catalog
	one_error
	expect 3 service restart
	one_error
	# Another run that does not know of it cannot end it.
	ask '{"do": "release", "run": "other"}' | grep -q REFUSED
	ask '{"do": "release", "run": "run1"}' | grep -q '"done"'
	[ ! -e "$DEPLOY/run/held.json" ]
	eventually is catalog state up
	eventually is apiext state up
	is analyzer state stopped
}

@test "a hold that comes while they are restarted: they are not started, and run again after it" {
	service catalog stubborn "stop_timeout: 2"
	supervisor_start
	eventually is catalog state up
	eventually grep -q 'stubborn now' "$DEPLOY/log/catalog.log"
	ask '{"do": "restart"}' >"$BASE/restart" &
	eventually is catalog state stopping
	ask '{"do": "hold", "run": "run1", "for": "upgrade"}' | grep -q '"done"'
	wait "$!"
	grep -q REFUSED "$BASE/restart"
	nothing_marked
	is catalog state stopped
	ask '{"do": "release", "run": "run1"}' | grep -q '"done"'
	eventually is catalog state up
}

@test "a hold: what has died and waits is not started while others are being stopped" {
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: catalog
		    argv: ["sh", "-c", "exit 3"]
	YAML
	service analyzer stubborn "stop_timeout: 6"
	supervisor_start
	eventually grep -q 'stubborn now' "$DEPLOY/log/analyzer.log"
	eventually is catalog state waiting
	ask '{"do": "hold", "run": "run1", "for": "upgrade"}' >"$BASE/hold" &
	eventually is analyzer state stopping
	is catalog state stopped
	is analyzer state stopping
	wait "$!"
	grep -q '"done"' "$BASE/hold"
	[ "$(jq -c .ran "$DEPLOY/run/held.json")" = '["catalog","analyzer"]' ]
	nothing_marked
}

@test "a hold outlives the supervisor: the next one keeps the services down and says so" {
	healthy catalog
	healthy apiext
	supervisor_start
	eventually is catalog state up
	expect 0 service stop apiext
	ask '{"do": "hold", "run": "run1", "for": "upgrade"}' | grep -q '"done"'
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	expect 0 service status
	says "no supervisor runs" "held by the run run1"
	supervisor_start
	eventually grep -q 'services are held .* by the run run1' "$BASE/err"
	is catalog state stopped
	nothing_marked
	# A run that comes later takes the hold over, with what the first had noted.
	ask '{"do": "hold", "run": "run2", "for": "downgrade"}' | grep -q '"done"'
	[ "$(jq -c '[.run, .ran]' "$DEPLOY/run/held.json")" = '["run2",["catalog"]]' ]
	ask '{"do": "release", "run": "run2"}' | grep -q '"done"'
	eventually is catalog state up
	# This supervisor was to start all of them.
	eventually is apiext state up
}

@test "while the run that holds them lives, another cannot" {
	healthy catalog
	expect 0 service start --detach --wait
	# A process that asks and stays.
	python3 -c '
import socket, sys, time
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(b"{\"do\": \"hold\", \"run\": \"run1\", \"for\": \"upgrade\"}\n")
while peer.recv(65536):
    pass
print("held", flush=True)
time.sleep(100)
' "$DEPLOY/run/control" >"$BASE/holder" 3>&- &
	holder=$!
	eventually grep -q held "$BASE/holder"
	ask '{"do": "hold", "run": "run2", "for": "upgrade"}' | grep -q LOCKED
	expect 3 service start catalog
	talks "process $holder"
	kill -KILL "$holder"
	wait "$holder" || true
	ask '{"do": "hold", "run": "run2", "for": "upgrade"}' | grep -q '"done"'
}

@test "held.json that nobody can read: nothing is started" {
	healthy catalog
	mkdir "$DEPLOY/run"
	echo '{"run": ' >"$DEPLOY/run/held.json"
	expect 1 service start --detach
	one_error
	talks held.json
	nothing_marked
}

@test "who starts them in the background under a hold is refused, told who holds them, and waits for its end" {
	healthy catalog
	mkdir "$DEPLOY/run"
	cat >"$DEPLOY/run/held.json" <<-JSON
		{"run": "run1", "for": "upgrade", "since": "2018-01-01T00:00:00Z", "pid": $$,
		 "born": $(sed 's/.*) //' "/proc/$$/stat" | cut -d ' ' -f 20), "ran": ["catalog"]}
	JSON
	expect 3 service start --detach --wait
	one_error
	talks "held by the run run1 \(upgrade, process $$\)"
	nothing_marked
	# The supervisor is there, for the end of the hold.
	ask '{"do": "release", "run": "run1"}' | grep -q '"done"'
	eventually is catalog state up
}

@test "while the supervisor ends nothing is released: the hold stays" {
	service catalog stubborn "stop_timeout: 8"
	supervisor_start
	eventually grep -q 'stubborn now' "$DEPLOY/log/catalog.log"
	ask '{"do": "hold", "run": "run1", "for": "upgrade"}' >"$BASE/hold" &
	eventually is catalog state stopping
	timeout 60 python3 - "$DEPLOY/run/control" >"$BASE/release" <<-'PYTHON'
		import socket, sys
		def ask(question):
		    peer = socket.socket(socket.AF_UNIX)
		    peer.connect(sys.argv[1])
		    peer.sendall(question)
		    return peer
		quit = ask(b'{"do": "quit"}\n')
		release = ask(b'{"do": "release", "run": "run1"}\n')
		while got := release.recv(65536):
		    sys.stdout.write(got.decode())
	PYTHON
	grep -q '"REFUSED".*the supervisor is ending' "$BASE/release"
	[ -e "$DEPLOY/run/held.json" ]
	supervisor_end
	nothing_marked
}
