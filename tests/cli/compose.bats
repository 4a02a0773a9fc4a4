#!/usr/bin/env bats
# The engine's services as a docker-compose project, on a real Docker engine: what `service …` sees and does.
load lib
load docker

setup_file() { docker_start; small_images; }
teardown_file() { docker_stop; }
setup() { project_make; }
teardown() { project_end; }

# state SERVICE: of its containers, as Docker has it, each once.
state() { containers | grep "^$1 " | cut -d ' ' -f 2 | sort -u | tr '\n' ' '; }
all_running() { [ "$(containers | grep -c ' running ')" -eq "$1" ]; }

@test "start makes the engine's containers and leaves its neighbours alone; stop and start again" {
	expect 0 service list
	[ "$output" = $'catalog\nsimplequeue\nanalyzer\napiext\npolicy_engine' ]
	talks 'no container of the compose project engine'
	expect 0 service start
	says 'catalog' 'analyzer'
	all_running 7
	[ -z "$(ids neighbour)" ]
	expect 0 service status --json
	[ "$(python3 -c 'import json, sys
print(*(one["name"] for one in json.load(sys.stdin)["services"] if one["state"] == "up"))' <<<"$output")" = \
		"catalog simplequeue analyzer.1 analyzer.2 analyzer.3 apiext policy_engine" ]
	# With the neighbour, as an operator starts it all.
	compose up -d
	all_running 8
	before=$(ids analyzer)
	expect 0 service stop
	[ "$(state catalog)" = "exited " ]
	[ "$(state analyzer)" = "exited " ]
	[ "$(state neighbour)" = "running " ]
	expect 0 service start
	all_running 8
	[ "$(ids analyzer)" = "$before" ]
}

@test "one service, with all its instances" {
	compose up -d
	expect 0 service stop analyzer
	[ "$(state analyzer)" = "exited " ]
	[ "$(state apiext)" = "running " ]
	[ "$(containers | grep -c 'analyzer exited')" -eq 3 ]
	expect 0 service status
	says 'analyzer.*stopped' 'apiext.*up'
	expect 0 service start analyzer --wait
	[ "$(containers | grep -c 'analyzer running')" -eq 3 ]
	before=$(inside docker inspect -f '{{.State.StartedAt}}' "$(ids apiext)")
	expect 0 service restart apiext
	[ "$(inside docker inspect -f '{{.State.StartedAt}}' "$(ids apiext)")" != "$before" ]
	expect 2 service stop neighbour
	one_error
	talks 'neighbour is no service of the engine' 'catalog, simplequeue, analyzer, apiext, policy_engine'
	[ "$(state neighbour)" = "running " ]
	expect 2 service start nothing
}

@test "other scales are kept, and containers that an operator removed come back" {
	compose up -d --scale analyzer=2
	expect 0 service stop
	expect 0 service start
	[ "$(containers | grep -c 'analyzer running')" -eq 2 ]
	inside docker rm -f "$(ids apiext)" >/dev/null
	expect 0 service start
	[ "$(state apiext)" = "running " ]
}

@test "a project that was made from more files stays what it is" {
	printf 'version: "2.4"\nservices:\n  apiext:\n    environment: {MORE: "1"}\n' >"$DEPLOY/more.yaml"
	compose -f docker-compose.yaml -f more.yaml up -d
	before=$(ids apiext)
	expect 0 service restart
	[ "$(ids apiext)" = "$before" ]
	inside docker inspect -f '{{.Config.Env}}' "$before" | grep -q MORE=1
}

@test "while one starts or stops them, another start is refused, and says who it is" {
	compose up -d
	mkdir "$DEPLOY/run"
	mkfifo "$DEPLOY/end"
	# Somebody who is in the middle of it.
	python3 -c 'import fcntl, os, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
os.write(lock, b"%d\n" % os.getpid())
open(sys.argv[2]).read()' "$DEPLOY/run/lock" "$DEPLOY/end" 3>&- &
	holder=$!
	exec 8>"$DEPLOY/end"
	for verb in start restart; do
		expect 4 service "$verb"
		one_error
		talks "process $holder holds"
	done
	all_running 8
	exec 8>&-
	wait "$holder"
	expect 0 service restart apiext
	all_running 8
}

@test "a container that ignores SIGTERM is stopped after its time" {
	sed -i 's/    command: \[simplequeue\]/&\n    environment: {MODE: deaf}/; s/stop_grace_period: 2s/stop_grace_period: 1s/' "$FILE"
	compose up -d
	expect 0 service stop
	[ "$(state simplequeue)" = "exited " ]
	[ "$(inside docker inspect -f '{{.State.ExitCode}}' "$(ids simplequeue)")" = 137 ]
}

@test "what died, what is sick and what comes back by itself is said" {
	sed -i 's/    command: \[simplequeue\]/&\n    environment: {MODE: dies}\n    restart: always/;
		s/    command: \["policy_engine"\]/&\n    environment: {MODE: dies}/' "$FILE"
	sed -i "s/apiext: {image: [^,]*/apiext: {image: 'localhost:5000\/anchore\/anchore-engine:v0.2.2'/" "$FILE"
	compose up -d
	tries=0
	until [ "$(inside docker inspect -f '{{.State.Health.Status}}' "$(ids apiext)")" = unhealthy ] &&
		[ "$(state simplequeue)" = "restarting " ]; do
		tries=$((tries + 1))
		[ $tries -lt 200 ]
		sleep 0.1
	done
	expect 0 service status
	says 'apiext.*sick.*the check of the test fails' 'policy_engine.*failed.*exit status 3' \
		'simplequeue.*waiting.*exit status 3'
	expect 8 service start --wait --timeout 3s
	one_error
	talks 'policy_engine is failed: exit status 3'
	# A container between two starts is stopped, too, and does not come back.
	expect 0 service stop
	[ "$(state simplequeue)" = "exited " ]
}

@test "logs of all, of one, framed and from a terminal, the last lines, and following" {
	sed -i 's/    command: \[catalog\]/&\n    tty: true/' "$FILE"
	compose up -d
	expect 0 service logs
	says '^\[service:catalog\] catalog of release 0\.2\.1 runs$' '^\[service:analyzer\.3\] analyzer of release 0\.2\.1 starts$' \
		'^\[service:policy_engine\] policy_engine of release 0\.2\.1 runs$'
	says_not neighbour
	expect 0 service logs apiext
	[ "$(wc -l <<<"$output")" -eq 2 ]
	expect 0 service logs --lines 1 apiext
	[ "$(wc -l <<<"$output")" -eq 1 ]
	(cd "$DEPLOY" && exec nsenter -t "$DOCKER_PID" -m -n "--wd=$PWD" -- "$ANCHORE_ADMIN" service logs -f apiext simplequeue) \
		>"$BATS_TEST_TMPDIR/followed" 2>&1 </dev/null 3>&- &
	follower=$!
	tries=0
	until [ "$(grep -c ' runs$' "$BATS_TEST_TMPDIR/followed")" -ge 2 ]; do
		tries=$((tries + 1))
		[ $tries -lt 200 ]
		sleep 0.1
	done
	kill "$follower"
	wait "$follower" || status=$?
	[ "$status" -eq 143 ] || [ "$status" -eq 0 ]
}

@test "no socket, a dead one, one of somebody else, another protocol" {
	expect 5 service status --docker-socket /run/none.sock
	one_error
	talks 'there is no Docker socket /run/none.sock' 'systemctl start docker'
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$DEPLOY/dead.sock"
	expect 5 service status --docker-socket "$DEPLOY/dead.sock"
	one_error
	run --separate-stderr inside env -C "$DEPLOY" DOCKER_HOST=tcp://127.0.0.1:2375 timeout 60 "$ANCHORE_ADMIN" service status
	[ "$status" -eq 2 ]
	one_error
	talks 'DOCKER_HOST'
	run --separate-stderr inside env -C "$DEPLOY" DOCKER_HOST=unix:///run/docker.sock timeout 60 "$ANCHORE_ADMIN" service status
	[ "$status" -eq 0 ]
	cp "$FILE" "$DOCKER/docker-compose.yaml"
	cp "$ANCHORE_ADMIN" "$DOCKER/tool"
	run --separate-stderr inside setpriv --reuid nobody --regid nogroup --clear-groups timeout 60 "$DOCKER/tool" \
		service status --compose-file "$DOCKER/docker-compose.yaml"
	[ "$status" -eq 5 ]
	one_error
	talks 'Permission denied' 'usermod -aG docker nobody'
}

@test "a compose file that is missing, broken, or none of the engine's" {
	expect 2 service status --compose-file none.yaml
	one_error
	expect 2 service status --engine-image engine
	one_error
	talks 'has no service of the engine' '--engine-image'
	printf 'services:\n  a: {image: x\n' >"$FILE"
	expect 2 service status
	one_error
	talks 'docker-compose.yaml line'
	printf 'a: 1\n' >"$FILE"
	expect 2 service status
	one_error
	talks 'has no services'
}

@test "doctor looks at Docker and the containers whether a database answers or not" {
	compose up -d
	expect 1 doctor
	says '^ok +compose +.*docker-compose is installed' '^ok +services +all services are up' \
		'^note +database +.*were not looked at'
	inside docker stop "$(ids catalog)" >/dev/null
	expect 1 doctor
	says '^note +services +catalog is (stopped|failed)' 'services: start them with .anchore-admin service start.'
	# The database may be one of its containers, so that comes first.
	expect 1 doctor --docker-socket /run/nowhere.sock
	says '^problem +compose +there is no Docker socket /run/nowhere.sock' 'compose: start Docker with .systemctl start docker'
	[ "$(grep -n '^problem *compose' <<<"$output" | cut -d : -f 1)" -lt "$(grep -n '^problem *database' <<<"$output" |
		cut -d : -f 1)" ]
	says_not '^[a-z]+ +services'
	rm "$FILE"
	expect 1 doctor
	says 'problem +services +cannot read .*docker-compose.yaml'
}
