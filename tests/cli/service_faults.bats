#!/usr/bin/env bats
# The supervisor among people who ask it nonsense, and on machines that are full or run for long.
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
load lib
load service

setup() {
	command -v jq >/dev/null || lacking "jq is not installed"
	services_setup
}
teardown() {
	if mountpoint -q "$BASE/full" 2>/dev/null; then
		services_teardown_mounted
	fi
	services_teardown
}

services_teardown_mounted() {
	tool service stop >/dev/null 2>&1 || true
	umount "$BASE/full"
}

@test "while the database is waited for: the supervisor is named, and stopped by those who may" {
	healthy catalog
	echo "database: host=$BASE dbname=none" >>"$DEPLOY/anchore-admin.yaml"
	(cd "$DEPLOY" && exec "$ANCHORE_ADMIN" service start) >"$BASE/out" 2>"$BASE/err" 3>&- </dev/null &
	SUPERVISOR=$!
	eventually grep -q 'waiting for the database' "$BASE/err"
	expect 0 service status
	says "supervisor: process $SUPERVISOR does not answer yet" "catalog +stopped"
	expect 4 service start
	talks "process $SUPERVISOR"
	expect 0 service stop
	supervisor_end
	[ "$status" -eq 143 ]
	nothing_marked
	# In the background: who gives up waiting gives up all of it.
	run --separate-stderr tool service start --detach --timeout 1s
	[ "$status" -eq 5 ]
	one_error
	gone "$(head -n 1 "$DEPLOY/run/lock")"
}

@test "nonsense on the control socket is answered or cut, and hurts nobody" {
	healthy catalog
	expect 0 service start --detach --wait
	for question in '' '{' '[]' '7' '{"do": 7}' '{"do": "dance"}' '{"do": "stop", "names": "catalog"}' \
		'{"do": "stop", "names": [7]}' '{"do": "stop", "names": ["nix"]}' '{"do": "start", "wait": -1}' \
		'{"do": "start", "wait": "long"}' '{"do": "hold"}' '{"do": "hold", "run": "x"}' '{"do": "release"}' \
		'{"do": "stop", "do": "start"}' $'{"do": "\001"}' $'\377\376'; do
		ask "$question" >"$BASE/answer"
		grep -q '"error":{"code":"USAGE"' "$BASE/answer" || { echo "question: $question" >&2; cat "$BASE/answer" >&2; return 1; }
	done
	# Too long; without an end; many at once that say nothing, or hang up before the answer.
	timeout 60 python3 - "$DEPLOY/run/control" <<-'PYTHON'
		import socket, sys
		def peer():
		    one = socket.socket(socket.AF_UNIX)
		    one.connect(sys.argv[1])
		    return one
		long = peer()
		try:
		    long.sendall(b"x" * 1000000)
		except OSError:
		    pass
		assert b"too long" in long.recv(65536)
		silent = [peer() for _ in range(40)]
		for _ in range(200):
		    hasty = peer()
		    hasty.sendall(b'{"do": "status"}\n')
		    hasty.close()
		good = peer()
		good.sendall(b'{"do": "status"}\nand more')
		answer = b""
		while not answer.endswith(b"\n"):
		    answer += good.recv(65536)
		assert b'"done"' in answer, answer
		crowd = [peer() for _ in range(100)]
		refused = 0
		for one in crowd:
		    one.setblocking(False)
		import time
		for _ in range(200):
		    for one in list(crowd):
		        try:
		            refused += b"too many" in one.recv(65536)
		            crowd.remove(one)
		        except BlockingIOError:
		            pass
		    if refused:
		        break
		    time.sleep(0.05)
		assert refused, "nobody was refused"
	PYTHON
	eventually is catalog state up
	is catalog restarts 0
}

@test "a client that goes away does not stop what it asked for; several ask at once" {
	service catalog stubborn "stop_timeout: 2"
	healthy apiext
	supervisor_start
	eventually grep -q 'stubborn now' "$BASE/out"
	python3 -c '
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(b"{\"do\": \"stop\", \"names\": [\"catalog\"]}\n")
' "$DEPLOY/run/control"
	# It stops for two seconds, and the others are answered meanwhile.
	is_not catalog state stopped
	expect 0 service restart apiext
	eventually is catalog state stopped
}

@test "a supervisor that has stopped answering is named, and nobody waits for it for ever" {
	service catalog stubborn "stop_timeout: 8"
	healthy apiext
	supervisor_start
	eventually grep -q 'stubborn now' "$DEPLOY/log/catalog.log"
	eventually is apiext state up
	kill -STOP "$SUPERVISOR"
	# The client's patience is so many times as short.
	for question in status "stop apiext"; do
		# shellcheck disable=SC2086 # two words
		ANCHORE_ADMIN_SPEED=6 run --separate-stderr tool service $question
		[ "$status" -eq 8 ] || show "status $status"
		[ "$status" -eq 8 ]
		one_error
		talks "process $SUPERVISOR" "kill -CONT $SUPERVISOR"
	done
	kill -CONT "$SUPERVISOR"
	# One that is busy for longer than that says that it is there.
	ANCHORE_ADMIN_SPEED=6 expect 0 service restart catalog
}

@test "other users may not ask" {
	[ "$(id -u)" -eq 0 ] || lacking "needs root"
	healthy catalog
	expect 0 service start --detach --wait
	chmod 755 "$BASE" "$DEPLOY" "$DEPLOY/run"
	run --separate-stderr timeout 20 runuser -u nobody -- "$ANCHORE_ADMIN" --config "$DEPLOY/anchore-admin.yaml" service stop
	[ "$status" -eq 3 ] || show "status $status"
	[ "$status" -eq 3 ]
	# Also where somebody opened the socket to all.
	chmod 666 "$DEPLOY/run/control"
	run --separate-stderr timeout 20 runuser -u nobody -- "$ANCHORE_ADMIN" --config "$DEPLOY/anchore-admin.yaml" service stop
	[ "$status" -eq 3 ]
	is catalog state up
}

@test "a service runs as its user" {
	[ "$(id -u)" -eq 0 ] || lacking "needs root"
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: plain
		    argv: [/bin/sleep, "1000"]
		    user: nobody
	YAML
	supervisor_start
	eventually is plain state up
	pid=$(field plain pid)
	[ "$(stat -c %U "/proc/$pid")" = nobody ]
	# Nothing of ours is open in it, and no signal is blocked or ignored.
	[ "$(readlink "/proc/$pid/fd/0")" = /dev/null ]
	# shellcheck disable=SC2012 # numbers
	[ "$(ls "/proc/$pid/fd" | tr '\n' ' ')" = '0 1 2 ' ]
	local masks
	mapfile -t masks < <(sed -n 's/^SigBlk:\s*//p; s/^SigIgn:\s*//p' "/proc/$pid/status")
	# 32 and 33 are the C library's own, which lets nobody reset them.
	[ $(((0x${masks[0]} | 0x${masks[1]}) & ~0x180000000)) -eq 0 ]
	[ "$(ps -o pgid= -p "$pid" | tr -d ' ')" = "$pid" ]
	# Also then it dies with its supervisor.
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	eventually gone "$pid"
}

@test "log files are rotated by size" {
	service talks "talks, 0, 25000000"
	expect 0 service start --detach
	eventually grep -q '^talked' "$DEPLOY/log/talks.log"
	[ -f "$DEPLOY/log/talks.log.2" ]
	[ ! -e "$DEPLOY/log/talks.log.3" ]
	for file in "$DEPLOY"/log/talks.log*; do
		[ "$(stat -c %s "$file")" -le 10000000 ]
	done
	[ "$(cat "$DEPLOY"/log/talks.log* | wc -c)" -ge 25000000 ]
	expect 0 service logs talks --lines 20000
	[ "$(wc -l <<<"$output")" -eq 20000 ]
	[ "$(tail -n 1 <<<"$output")" = '[service:talks] talked' ]
	expect 0 service logs talks --lines 1
	[ "$output" = '[service:talks] talked' ]
}

@test "logs --follow shows what comes, over a rotation" {
	touch "$BASE/well"
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: slow
		    argv: [sh, -c, "echo first; until [ -e $BASE/go ]; do sleep 0.05; done; yes | head -c 10000000; echo last; exec sleep 1000"]
	YAML
	expect 0 service start --detach
	eventually grep -q first "$DEPLOY/log/slow.log"
	(cd "$DEPLOY" && exec timeout 60 "$ANCHORE_ADMIN" service logs -f) >"$BASE/followed" 2>"$BASE/followed.err" 3>&- &
	follower=$!
	eventually grep -q '^\[service:slow\] first$' "$BASE/followed"
	touch "$BASE/go"
	eventually grep -q '^\[service:slow\] last$' "$BASE/followed"
	kill -TERM "$follower"
	status=0
	wait "$follower" || status=$?
	[ "$status" -eq 143 ]
}

@test "a full log folder stops neither the service nor the supervisor, and is said once" {
	[ "$(id -u)" -eq 0 ] || lacking "needs root"
	mkdir "$BASE/full"
	mount -t tmpfs -o size=1m tmpfs "$BASE/full" 2>/dev/null || lacking "no tmpfs can be mounted"
	service talks "talks, 0, 3000000"
	healthy catalog
	supervisor_start --log-dir "$BASE/full"
	eventually grep -q '^\[service:talks\] talked' "$BASE/out"
	eventually is catalog state up
	is talks state up
	[ "$(grep -c 'talks.log.*No space left' "$BASE/err")" -eq 1 ]
	kill -TERM "$SUPERVISOR"
	supervisor_end
	[ "$status" -eq 0 ]
}

@test "a reader of stdout that is stuck stops nothing" {
	service talks "talks, 0, 3000000"
	mkfifo "$BASE/pipe"
	# Open for reading, never read, and full to the last byte.
	exec 8<>"$BASE/pipe"
	python3 -c '
import os, sys
pipe = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
for size in (4096, 1):
    try:
        while True:
            os.write(pipe, b"x" * size)
    except BlockingIOError:
        pass
' "$BASE/pipe"
	(cd "$DEPLOY" && exec "$ANCHORE_ADMIN" service start) >"$BASE/pipe" 2>&1 3>&- </dev/null &
	SUPERVISOR=$!
	eventually grep -qs '^talked' "$DEPLOY/log/talks.log"
	expect 0 service restart talks
	expect 0 service stop
	supervisor_end
	exec 8>&-
	[ "$status" -eq 0 ]
}

@test "a service manager is told: READY, STATUS, STOPPING" {
	healthy catalog
	for address in "$BASE/notify" "@aa-notify-$$-$RANDOM"; do
		rm -f "$BASE/notified"
		python3 -c '
import socket, sys
address = sys.argv[1]
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.bind("\0" + address[1:] if address.startswith("@") else address)
print("bound", flush=True)
while True:
    print(peer.recv(65536).decode(), flush=True)
' "$address" >"$BASE/notified" 3>&- &
		manager=$!
		eventually grep -q bound "$BASE/notified"
		NOTIFY_SOCKET=$address supervisor_start
		eventually grep -q '^READY=1' "$BASE/notified"
		eventually grep -q '^STATUS=1 of 1 services up' "$BASE/notified"
		! grep -qz NOTIFY_SOCKET "/proc/$(field catalog pid)/environ"
		kill -TERM "$SUPERVISOR"
		supervisor_end
		eventually grep -q '^STOPPING=1' "$BASE/notified"
		kill "$manager"
		wait "$manager" || true
	done
}

@test "as PID 1: reaps what nobody waits for, and ends by SIGTERM" {
	unshare -pf --mount-proc true 2>/dev/null || lacking "no PID namespace can be made"
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: plain
		    argv: [sh, -c, "(sleep 0.1 & ) ; echo forked; exec sleep 1000"]
	YAML
	(cd "$DEPLOY" && exec unshare -pf --mount-proc "$ANCHORE_ADMIN" service start) >"$BASE/out" 2>"$BASE/err" 3>&- </dev/null &
	outer=$!
	eventually grep -q forked "$BASE/out"
	eventually supervisor_answers
	inner=$(pgrep -P "$outer")
	# Its only child is the service, and that is no corpse.
	only_one_child() { [ "$(pgrep -P "$inner" | wc -l)" -eq 1 ] && ! gone "$(pgrep -P "$inner")"; }
	eventually only_one_child
	kill -TERM "$inner"
	status=0
	wait "$outer" || status=$?
	[ "$status" -eq 0 ]
}

@test "a day of supervision leaks no descriptor, process or memory" {
	healthy catalog
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		  - name: dies
		    argv: [sh, -c, "echo here; sleep 0.25"]
	YAML
	# A day passes in half a minute; the one that dies does so about every ten minutes of it.
	export ANCHORE_ADMIN_SPEED=2880
	supervisor_start
	eventually is catalog state up
	died() { [ "$(field dies restarts)" -ge "$1" ]; }
	eventually died 5
	# shellcheck disable=SC2012 # numbers
	fds() { ls "/proc/$SUPERVISOR/fd" | wc -l; }
	rss() { sed -n 's/^VmRSS:\s*\([0-9]*\) kB/\1/p' "/proc/$SUPERVISOR/status"; }
	quiet() { [ "$(pgrep -P "$SUPERVISOR" | wc -l)" -le 2 ]; }
	before=$(fds) memory=$(rss) restarts=$(field dies restarts)
	day_over() { [ "$(tool service status --json | jq .supervisor.seconds)" -ge 86400 ]; }
	eventually day_over || eventually day_over
	[ "$(field dies restarts)" -gt $((restarts + 20)) ]
	is catalog restarts 0
	# The process that is there for a moment has a pipe and a health check may be under way.
	settled() { [ "$(fds)" -le $((before + 1)) ]; }
	eventually settled
	eventually quiet
	echo "descriptors $before $(fds), memory $memory $(rss) kB, restarts $(field dies restarts)" >&3
	[ "$(rss)" -le $((memory + 1024)) ]
	kill -TERM "$SUPERVISOR"
	supervisor_end
	[ "$status" -eq 0 ]
	nothing_marked
}
