#!/usr/bin/env bats
# The supervisor: services as processes, good ones and bad ones.
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
load lib
load service

setup() {
	command -v jq >/dev/null || lacking "jq is not installed"
	services_setup
}
teardown() { services_teardown; }

@test "start --detach --wait, status, list, stop" {
	healthy apiext
	healthy catalog
	expect 0 service list
	[ "$output" = $'catalog\napiext' ]
	expect 0 service status
	says "no supervisor runs" "catalog +stopped"
	expect 0 service start --detach --wait --timeout 60s
	says "catalog +up" "apiext +up"
	talks "catalog is up"
	[ "$(stat -c %a "$DEPLOY/run/control")" = 600 ]
	expect 0 service status --json
	[ "$(jq -r '.services | map(.name + " " + .state) | join(" ")' <<<"$output")" = "catalog up apiext up" ]
	[ "$(jq -r '.services[0].pid' <<<"$output")" -gt 1 ]
	pids=$(marked)
	[ "$(wc -l <<<"$pids")" -ge 2 ]
	expect 0 service stop
	talks "stopped apiext" "stopped catalog"
	# In reverse: the one that came first goes last.
	[ "$(grep -n 'stopped apiext' <<<"$stderr" | cut -d : -f 1)" -lt "$(grep -n 'stopped catalog' <<<"$stderr" | cut -d : -f 1)" ]
	nothing_marked
	expect 0 service stop
	expect 5 service stop catalog
	one_error
	expect 5 service restart
	one_error
}

@test "in the foreground: lines on stdout, files in the log folder, SIGTERM ends it all with 0" {
	healthy catalog
	service plain healthy
	supervisor_start
	eventually is catalog state up
	eventually grep -q '^\[service:catalog\] ready catalog$' "$BASE/out"
	grep -q '^ready catalog$' "$DEPLOY/log/catalog.log"
	expect 0 service logs catalog
	[ "$output" = '[service:catalog] ready catalog' ]
	expect 2 service logs nix
	one_error
	kill -TERM "$SUPERVISOR"
	supervisor_end
	[ "$status" -eq 0 ]
	nothing_marked
	[ ! -e "$DEPLOY/run/control" ]
}

@test "single services: stop, start, restart; what was stopped stays stopped" {
	healthy catalog
	healthy apiext
	expect 0 service start --detach --wait
	before=$(field apiext pid)
	expect 0 service stop catalog
	is catalog state stopped
	[ "$(field apiext pid)" = "$before" ]
	expect 0 service restart apiext --wait
	is apiext state up
	[ "$(field apiext pid)" != "$before" ]
	is catalog state stopped
	expect 0 service start catalog --wait
	is catalog state up
	expect 2 service start nix
	one_error
	talks nix
}

@test "a service that is killed is started again, and the reason is kept" {
	healthy catalog
	expect 0 service start --detach --wait
	for signal in KILL SEGV; do
		pid=$(field catalog pid)
		kill -"$signal" "$pid"
		eventually is_not catalog pid "$pid"
		eventually is catalog state up
	done
	is catalog restarts 2
	field catalog last_error | grep -q 'signal 11'
}

@test "a service that dies at once is given up after five times, the others run on" {
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: broken
		    argv: [sh, -c, "echo it is broken; exit 3"]
	YAML
	healthy catalog
	export ANCHORE_ADMIN_SPEED=20
	expect 8 service start --detach --wait --timeout 5m
	one_error
	talks "broken" "exit status 3"
	eventually is broken state failed
	eventually is catalog state up
	is broken restarts 4
	expect 0 service logs broken
	[ "$(wc -l <<<"$output")" -eq 5 ]
	# By hand it may be tried again.
	expect 0 service start broken
}

@test "a program that is not there, a user that there is not" {
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: lost
		    argv: [/nowhere/program]
		  - name: nobody
		    argv: [sleep, "1000"]
		    user: no-such-user
	YAML
	expect 8 service start --detach
	talks "/nowhere/program: No such file" "no user no-such-user"
	expect 0 service stop
}

@test "a service that ignores SIGTERM is killed after its time" {
	service stubborn stubborn "stop_timeout: 1"
	supervisor_start
	eventually grep -q 'stubborn now' "$BASE/out"
	expect 0 service stop stubborn
	talks "did not end within 1 s and is killed"
	is stubborn state stopped
	nothing_marked
}

@test "what a service started and left behind goes with it" {
	service forks "forks, 0, $BASE/stray" "stop_timeout: 1"
	supervisor_start
	eventually test -s "$BASE/stray"
	stray=$(cat "$BASE/stray")
	[ -d "/proc/$stray" ]
	# When it dies, before the next one is started.
	rm "$BASE/stray"
	kill -KILL "$(field forks pid)"
	eventually gone "$stray"
	eventually test -s "$BASE/stray"
	stray=$(cat "$BASE/stray")
	# And when it is stopped, though the stray ignores SIGTERM.
	expect 0 service stop forks
	gone "$stray"
	nothing_marked
}

@test "one that never becomes healthy, one that never answers: the others do, and stop works" {
	PORT=$((PORT + 2))
	service never "never, $PORT" "health: \"http://127.0.0.1:$PORT/\""
	service mute "mute, $((PORT - 1))" "health: \"http://127.0.0.1:$((PORT - 1))/\""
	healthy catalog
	expect 8 service start --detach --wait --timeout 7s
	one_error
	talks "never is starting \(its health address answers with status 503\)" "mute is starting \(.*no"
	is catalog state up
	is never state starting
	is never restarts 0
	expect 0 service stop
	nothing_marked
}

@test "a service that is not healthy any more is sick, not restarted" {
	touch "$BASE/well"
	PORT=$((PORT + 1))
	service catalog "sick, $PORT, $BASE/well" "health: \"http://127.0.0.1:$PORT/\""
	export ANCHORE_ADMIN_SPEED=50
	expect 0 service start --detach --wait --timeout 10m
	pid=$(field catalog pid)
	rm "$BASE/well"
	eventually is catalog state sick
	[ "$(field catalog pid)" = "$pid" ]
	field catalog last_error | grep -q 503
	touch "$BASE/well"
	eventually is catalog state up
	is catalog restarts 0
}

@test "a second supervisor is refused and names the first" {
	healthy catalog
	supervisor_start
	expect 4 service start
	one_error
	talks "process $SUPERVISOR"
	is_not catalog state stopped
	# Asked for by name, or to wait, it is the first that is asked.
	expect 0 service start catalog --wait
	expect 0 service start --detach --wait
}

@test "killed by SIGKILL it leaves no service, and the next one ends what those had started" {
	service forks "forks, 0, $BASE/stray"
	healthy catalog
	supervisor_start
	eventually is catalog state up
	eventually test -s "$BASE/stray"
	catalog=$(field catalog pid) forks=$(field forks pid) stray=$(cat "$BASE/stray")
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	eventually gone "$catalog"
	eventually gone "$forks"
	expect 0 service status
	says "no supervisor runs"
	expect 0 service start --detach --wait
	grep -q "earlier supervisor left" "$DEPLOY/log/supervisor.log"
	gone "$stray"
	is catalog state up
	expect 0 service stop
	nothing_marked
}

@test "the settings are read again: SIGHUP, and a file that is wrong changes nothing" {
	healthy catalog
	supervisor_start
	eventually is catalog state up
	pid=$(field catalog pid)
	healthy apiext
	kill -HUP "$SUPERVISOR"
	eventually is apiext state stopped
	expect 0 service start apiext --wait
	[ "$(field catalog pid)" = "$pid" ]
	cp "$DEPLOY/anchore-admin.yaml" "$BASE/good"
	echo '    colour: red' >>"$DEPLOY/anchore-admin.yaml"
	kill -HUP "$SUPERVISOR"
	eventually grep -q "unknown key 'colour'" "$BASE/err"
	cp "$BASE/good" "$DEPLOY/anchore-admin.yaml"
	is apiext state up
	# Without apiext: it is stopped and forgotten.
	sed -i '/name: apiext/,$d' "$DEPLOY/anchore-admin.yaml"
	kill -HUP "$SUPERVISOR"
	eventually is apiext state ''
	[ "$(field catalog pid)" = "$pid" ]
}

@test "SIGHUP opens the logs anew, for a program that rotates them by itself" {
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: slow
		    argv: [sh, -c, "while :; do echo line; sleep 0.05; done"]
	YAML
	supervisor_start
	eventually test -s "$DEPLOY/log/slow.log"
	mv "$DEPLOY/log/slow.log" "$DEPLOY/log/moved"
	kill -HUP "$SUPERVISOR"
	eventually test -s "$DEPLOY/log/slow.log"
}

@test "the release in argv and env is the setting's, and a restart takes a new one" {
	cat >>"$DEPLOY/anchore-admin.yaml" <<-'YAML'
		  - name: catalog
		    argv: [sh, -c, 'echo "runs $0 for $$1 at $$HOME_OF"; exec sleep 1000', "${engine}", money]
		    env: {HOME_OF: "/opt/${engine}/$$"}
	YAML
	# $$ is a dollar, so the shell sees $0 only where the file has $$0.
	run --separate-stderr tool service start --detach
	[ "$status" -eq 2 ]
	talks 'stands there that begins neither'
	# shellcheck disable=SC2016
	sed -i 's/\$0 for/$$0 for/' "$DEPLOY/anchore-admin.yaml"
	expect 0 service start --detach
	eventually grep -q '^runs 0.2.4 for money at /opt/0.2.4/\$$' "$DEPLOY/log/catalog.log"
	sed -i 's/^engine: .*/engine: v0.3.0/' "$DEPLOY/anchore-admin.yaml"
	expect 0 service restart catalog
	eventually grep -q '^runs 0.3.0 for money at /opt/0.3.0/\$$' "$DEPLOY/log/catalog.log"
}

@test "the supervisor's options are not told to the services" {
	healthy catalog
	ANCHORE_ADMIN_STORE=$BASE/secret OTHER=told supervisor_start
	eventually is catalog state up
	tr '\0' '\n' <"/proc/$(field catalog pid)/environ" >"$BASE/environment"
	grep -qx OTHER=told "$BASE/environment"
	! grep -q ANCHORE_ADMIN_STORE "$BASE/environment" || false
}
