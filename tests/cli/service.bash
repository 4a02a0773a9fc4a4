# Common to the service*.bats files: a deployment without a database whose services are service.py's.
# shellcheck shell=bash disable=SC2154,SC2034 # bats sets status, output, stderr, and tests read status

services_setup() {
	unset "${!PG@}" "${!ANCHORE_ADMIN_@}" NOTIFY_SOCKET
	# The path of a socket is short.
	BASE=$(mktemp -d /tmp/aa-svc.XXXXXX)
	DEPLOY=$BASE/here
	mkdir "$DEPLOY"
	PORT=$((20000 + RANDOM % 19000))
	SUPERVISOR=
	cat >"$DEPLOY/anchore-admin.yaml" <<-YAML
		engine: 0.2.4
		status_listen: "off"
		services:
	YAML
}

# Ends the supervisor of this deployment, whichever it is, and what it may have left.
services_teardown() {
	local pid
	pid=$(head -n 1 "$DEPLOY/run/lock" 2>/dev/null || true)
	if [ -n "$pid" ] && grep -qz anchore-admin "/proc/$pid/cmdline" 2>/dev/null; then
		kill -KILL "$pid" || true
		eventually gone "$pid" || true
	fi
	for pid in $(marked); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$BASE"
}

# Processes of this deployment's services, by the mark in their environment.
marked() {
	grep -lzsx "ANCHORE_ADMIN_SUPERVISED=$DEPLOY/run" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 || true
}

nothing_marked() { [ -z "$(marked)" ]; }

# service NAME HOW [LINE...]: adds one; lines are further keys.
service() {
	local name=$1 how=$2 line
	shift 2
	{
		echo "  - name: $name"
		echo "    argv: [python3, $SRCDIR/tests/cli/service.py, $how]"
		echo "    env: {NAME: $name}"
		for line in "$@"; do
			echo "    $line"
		done
	} >>"$DEPLOY/anchore-admin.yaml"
}

healthy() {
	local name=$1
	shift
	PORT=$((PORT + 1))
	service "$name" "healthy, $PORT" "health: \"http://127.0.0.1:$PORT/health\"" "$@"
}

# The supervisor in the foreground, as a container or systemd has it.
supervisor_start() {
	(cd "$DEPLOY" && exec "$ANCHORE_ADMIN" service start "$@") >"$BASE/out" 2>"$BASE/err" 3>&- </dev/null &
	SUPERVISOR=$!
	eventually supervisor_answers
}

supervisor_answers() { tool service status --json 2>/dev/null | jq -e '.supervisor.since != null' >/dev/null; }

# supervisor_end: waits for its end; $status is how it ended.
supervisor_end() {
	status=0
	eventually gone "$SUPERVISOR"
	wait "$SUPERVISOR" || status=$?
	SUPERVISOR=
}

gone() { [ ! -d "/proc/$1" ] || grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }

# field NAME KEY: of one service.
field() {
	tool service status --json 2>/dev/null | jq -r --arg name "$1" ".services[] | select(.name == \$name) | .$2"
}

is() { [ "$(field "$1" "$2")" = "$3" ]; }
is_not() { [ "$(field "$1" "$2")" != "$3" ]; }

# ask JSON: a question on the control socket, as the commands put it; all of the answer.
ask() {
	timeout 60 python3 -c '
import os, socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(os.fsencode(sys.argv[2]) + b"\n")
while True:
    got = peer.recv(65536)
    if not got:
        break
    sys.stdout.write(got.decode())
' "$DEPLOY/run/control" "$1"
}
