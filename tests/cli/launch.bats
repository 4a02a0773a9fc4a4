#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # bats runs each test in a shell of its own; lib and cycle share names
# service start looks at the database before anything starts on it.
load lib
load cycle

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	services_make
}
teardown() {
	tool_end
	other_end
	supervisor_stop
	server_up 2>/dev/null || true
	databases_drop
}

pin() {
	sed -i "s/^engine:.*/engine: $1/" "$DEPLOY/anchore-admin.yaml"
}

nothing_runs() {
	states_are stopped stopped stopped
	[ "$(sessions_of_services)" = 0 ]
}

# A second host of the same deployment, whose one service is nothing of the engine's.
other_make() {
	OTHER=$BATS_TEST_TMPDIR/other
	mkdir -p "$OTHER"
	{
		sed -n '1,/^engine:/p' "$DEPLOY/anchore-admin.yaml"
		echo 'status_listen: "off"'
		echo 'services: [{name: worker, argv: [sleep, "1000"]}]'
	} >"$OTHER/anchore-admin.yaml"
}

other() {
	(cd "$OTHER" && timeout 120 "$ANCHORE_ADMIN" "$@" </dev/null)
}

other_end() {
	if [ -n "${OTHER:-}" ]; then
		run other service stop
		[ -z "${OTHER_TOOL:-}" ] || wait "$OTHER_TOOL" 2>/dev/null || true
		OTHER=
	fi
}

@test "it fits: they start" {
	supervisor_start
	at 0.0.6 0.2.1
}

@test "behind: refused, and the upgrade is named" {
	pin 0.2.4
	before=$(database_digest)
	expect 3 service start --detach
	talks "at version 0\.0\.6, behind 0\.0\.7, which release 0\.2\.4 needs" \
		"^hint: .*anchore-admin upgrade --to 0\.2\.4" "--auto-upgrade"
	one_error
	nothing_runs
	diff <(echo "$before") <(database_digest)
	expect 0 upgrade --to 0.2.4 --yes
	supervisor_start
	at 0.0.7 0.2.4
}

@test "behind, with --auto-upgrade: a snapshot, the upgrade, then they start" {
	pin 0.2.4
	supervisor_start --auto-upgrade
	at 0.0.7 0.2.4
	expect 0 snapshot list
	says "0\.0\.6"
	expect 0 db history
	says "upgrade +0\.0\.6 -> 0\.0\.7 +done"
	expect 0 backup
}

@test "behind, with the setting: the same" {
	pin 0.2.4
	printf 'upgrade:\n  at_launch: auto\n' >>"$DEPLOY/anchore-admin.yaml"
	supervisor_start
	at 0.0.7 0.2.4
}

@test "another word than auto and refuse: exit 2, with the line" {
	echo 'upgrade_at_launch: sometimes' >>"$DEPLOY/anchore-admin.yaml"
	expect 2 service start --detach
	talks "sometimes" "line [0-9]+"
	one_error
}

@test "--auto-upgrade is guarded, and leaves the database as it was" {
	pin 0.2.4
	before=$(database_digest)
	session_open anchore stranger
	session_run "SELECT 1;"
	expect 3 service start --detach --auto-upgrade --lock-timeout 1
	talks stranger
	session_close
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/broken"
	printf '\nALTER TABLE no_such_table ADD COLUMN x integer;\n' >>"$BATS_TEST_TMPDIR/broken/sql/0.0.6--0.0.7.sql"
	git -C "$BATS_TEST_TMPDIR/broken" -c user.name=t -c user.email=t@t commit -qam broken
	expect 1 service start --detach --auto-upgrade --migrations "$BATS_TEST_TMPDIR/broken/sql"
	talks no_such_table
	nothing_runs
	diff <(echo "$before") <(database_digest)
}

@test "ahead: refused, with the downgrade and the snapshot that fits" {
	expect 0 backup
	id=$(tool snapshot list --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["snapshots"][0]["id"][:12])')
	expect 0 upgrade --to 0.2.4 --yes --no-services
	expect 3 service start --detach --auto-upgrade
	talks "at version 0\.0\.7, ahead of 0\.0\.6, which release 0\.2\.1 needs" "^hint: .*anchore-admin downgrade --to 0\.2\.1" \
		"snapshot $id .* is of version 0\.0\.6" "release 0\.2\.4"
	nothing_runs
	rm "$STORE"/*.tar
	expect 3 service start --detach
	talks "no snapshot is of version 0\.0\.6"
}

@test "not up yet: it is waited for, and said once" {
	server_down
	(
		cd "$DEPLOY" && exec timeout 60 "$ANCHORE_ADMIN" service start --detach --wait
	) </dev/null >"$BATS_TEST_TMPDIR/start.out" 2>"$BATS_TEST_TMPDIR/start.err" 3>&- &
	TOOL=$!
	eventually grep -qs "waiting for the database" "$BATS_TEST_TMPDIR/start.err" "$DEPLOY/log/supervisor.log"
	nothing_started
	server_up
	wait "$TOOL"
	TOOL=
	SUPERVISOR=$(cat "$DEPLOY/run/lock")
	at 0.0.6 0.2.1
	[ "$(cat "$BATS_TEST_TMPDIR/start.err" "$DEPLOY/log/supervisor.log" | grep -c "waiting for the database")" = 1 ]
}

nothing_started() {
	[ ! -e "$DEPLOY/log/catalog.log" ]
}

@test "not up, and the limit is over: exit 5" {
	server_down
	expect 5 service start --detach --timeout 1s
	one_error
	nothing_started
}

@test "two hosts at once: one upgrades, the other waits for it and says so, whether it may upgrade or not" {
	pin 0.2.4
	other_make
	for more in --auto-upgrade ""; do
		# Over one store, and each over its own.
		store=$STORE
		[ -n "$more" ] || store=$BATS_TEST_TMPDIR/elsewhere
		sed -i "s|^store:.*|store: $store|" "$OTHER/anchore-admin.yaml"
		tool_stopped upgrade-before-commit service start --auto-upgrade
		(
			# shellcheck disable=SC2086 # nothing, or an option
			cd "$OTHER" && exec timeout 60 "$ANCHORE_ADMIN" service start $more
		) </dev/null >"$OTHER/out" 2>"$OTHER/err" 3>&- &
		OTHER_TOOL=$!
		eventually grep -q "somebody works on it: waiting" "$OTHER/err"
		[ "$(db_version)" = 0.0.6 ]
		kill -CONT "$TOOL"
		eventually states_are up up up
		eventually other_is_up
		at 0.0.7 0.2.4
		[ "$(sql anchore "SELECT count(*) FROM anchore_admin.journal WHERE command = 'upgrade'")" = 1 ]
		expect 0 service stop
		wait "$TOOL"
		TOOL=
		other service stop
		wait "$OTHER_TOOL"
		OTHER_TOOL=
		database_make anchore
	done
}

other_is_up() {
	[ "$(other service status --json 2>/dev/null | python3 -c 'import json,sys; print(json.load(sys.stdin)["services"][0]["state"])')" = up ]
}

@test "it fits, but somebody has the engine's lock, and may be changing it: it is waited for" {
	session_open anchore stranger
	session_run "SELECT pg_advisory_lock(1, 1);"
	(
		cd "$DEPLOY" && exec timeout 60 "$ANCHORE_ADMIN" service start --detach --wait
	) </dev/null >"$BATS_TEST_TMPDIR/start.out" 2>"$BATS_TEST_TMPDIR/start.err" 3>&- 7>&- &
	TOOL=$!
	eventually grep -qs "somebody works on it: waiting" "$BATS_TEST_TMPDIR/start.err" "$DEPLOY/log/supervisor.log"
	nothing_started
	session_close
	wait "$TOOL"
	TOOL=
	SUPERVISOR=$(cat "$DEPLOY/run/lock")
	at 0.0.6 0.2.1
}

@test "an empty database: a fresh engine makes its own schema" {
	sql postgres "DROP DATABASE anchore"
	sql postgres "CREATE DATABASE anchore OWNER engine"
	other_make
	run other service start --detach --wait
	[ "$status" -eq 0 ]
	other_is_up
}

@test "an empty database, and a run that died held the services: refused, the hold stays" {
	mkdir -p "$DEPLOY/run"
	echo '{"run": "0123456789abcdef", "for": "restore", "since": null, "pid": 0, "born": 0, "ran": ["catalog"]}' \
		>"$DEPLOY/run/held.json"
	expect 0 backup
	sql postgres "DROP DATABASE anchore"
	sql postgres "CREATE DATABASE anchore OWNER engine"
	run --separate-stderr tool service start --detach
	contains "$stderr" "held since"
	SUPERVISOR=$(cat "$DEPLOY/run/lock")
	grep -q "held the services, and database \"anchore\" is empty now" "$DEPLOY/log/supervisor.log"
	[ -e "$DEPLOY/run/held.json" ]
	states_are stopped stopped stopped
	expect 0 restore latest --yes
	at 0.0.6 0.2.1
}

@test "a database that is not the engine's, or has lost its version: refused" {
	sql anchore "DELETE FROM anchore"
	expect 3 service start --detach
	talks "version .* is not known"
	nothing_started
	sql postgres "DROP DATABASE anchore"
	sql postgres "CREATE DATABASE anchore OWNER engine"
	sql anchore "CREATE TABLE something (else_ integer)"
	expect 3 service start --detach
	talks "not an engine's"
	nothing_started
}

@test "a release that nobody knows: a warning, and they start" {
	other_make
	sed -i 's/^engine:.*/engine: 9.9.9/' "$OTHER/anchore-admin.yaml"
	run other service start --detach --wait
	[ "$status" -eq 0 ]
	other_is_up
	grep -q "fits the release is not known" "$OTHER/log/supervisor.log"
}
