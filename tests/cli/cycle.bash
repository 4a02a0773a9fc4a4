# A deployment whose services run under the supervisor: the stand-in for the engine's services, several of them, each
# release a program of its own. For the files that test what upgrade, downgrade and restore do to services.
# shellcheck shell=bash disable=SC2154 # lib.bash sets what bats does not

# free_ports N: that many, on one line.
free_ports() {
	python3 - "$1" <<-'PYTHON'
		import socket, sys
		sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
		for one in sockets:
		    one.bind(("127.0.0.1", 0))
		print(*(one.getsockname()[1] for one in sockets))
	PYTHON
}

# release_make RELEASE [OPTIONS...]: installs the release; its services run with these options of the stand-in.
release_make() {
	local folder=$DEPLOY/releases/$1
	mkdir -p "$folder"
	cat >"$folder/service" <<-SH
		#!/bin/sh
		# NAME PORT
		exec "$REFERENCE_SERVICE" --name "\$1" --host host-1 --release "$1" --releases "$MIGRATIONS/releases" \\
			--database "$DB" --listen "127.0.0.1:\$2" --heartbeat 0.5 ${*:2}
	SH
	chmod 755 "$folder/service"
}

# services_make: three services of release 0.2.1, with 0.2.4 installed beside it.
services_make() {
	[ -x "$REFERENCE_SERVICE" ] || lacking "the stand-in for the engine's services is not built"
	local ports name
	read -r -a ports < <(free_ports 3)
	chmod 755 "$DEPLOY"
	release_make 0.2.1
	release_make 0.2.4
	{
		echo "status_listen: \"off\""
		echo "services:"
		for name in catalog apiext analyzer; do
			echo "  - name: $name # of the engine"
			echo "    argv: [\"$DEPLOY/releases/\${engine}/service\", $name, \"${ports[0]}\"]"
			echo "    health: http://127.0.0.1:${ports[0]}/health"
			ports=("${ports[@]:1}")
		done
	} >>"$DEPLOY/anchore-admin.yaml"
}

supervisor_start() {
	expect 0 service start --detach --wait --timeout 60s "$@"
	SUPERVISOR=$(cat "$DEPLOY/run/lock")
}

# Whatever a test left.
supervisor_stop() {
	run tool service stop
	[ -z "${SUPERVISOR:-}" ] || kill -KILL "$SUPERVISOR" 2>/dev/null || true
	SUPERVISOR=
}

# service_state NAME: "up"; states: of all, in order.
states() {
	tool service status --json | python3 -c 'import json,sys
print(*(one["state"] for one in json.load(sys.stdin)["services"]))'
}

states_are() {
	local now
	now=$(states)
	if [ "$now" != "$*" ]; then
		echo "the services are $now, expected $*" >&2
		return 1
	fi
}

# What the database says of who beats in it: releases, each once.
releases_running() {
	sql anchore "SELECT DISTINCT short_description::json ->> 'version' FROM services WHERE status ORDER BY 1"
}

# engine_pinned: the release in the settings file.
engine_pinned() {
	sed -n 's/^engine: *//p' "$DEPLOY/anchore-admin.yaml"
}

sessions_of_services() {
	sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'anchore' AND application_name LIKE 'reference-service%'"
}

no_hold() {
	[ ! -e "$DEPLOY/run/held.json" ] && [ ! -e "$DEPLOY/run/progress.json" ]
}

# processes: the process ids of all services, in order.
processes() {
	tool service status --json | python3 -c 'import json,sys
print(*(one["pid"] for one in json.load(sys.stdin)["services"]))'
}

# at VERSION RELEASE: database, pin and services say the same, and nothing is held.
at() {
	[ "$(db_version)" = "$1" ]
	[ "$(engine_pinned)" = "$2" ]
	no_hold
	states_are up up up
	[ "$(releases_running)" = "$2" ]
	expect 0 db check
}

# A tool that a failed test left standing.
tool_end() {
	[ -z "${TOOL:-}" ] || kill -KILL "$TOOL" 2>/dev/null || true
	TOOL=
}
