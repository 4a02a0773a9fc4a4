#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # bats runs each test in a shell of its own; lib and cycle share names
# Whatever dies while the services are stopped, the run, the supervisor or both: the next run, or the next launch, ends in
# one consistent state, without anything to be cleaned up by hand.
load lib
load cycle

# Every step between two effects of upgrade and downgrade. Where a snapshot is not what it is about, none is taken.
STEPS="cycle-prepare cycle-hold cycle-held cycle-guard upgrade-journal-file upgrade-begin upgrade-before-commit
	cycle-repin file-rename cycle-release cycle-released cycle-wait cycle-healthy journal-services"
SNAPSHOT_STEPS="cycle-snapshot backup-verify backup-done cycle-snapshot-taken"

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	services_make
	supervisor_start
}
teardown() {
	tool_end
	supervisor_stop
	databases_drop
}

# killed STEP ARGUMENTS...: the run dies there. The services are as they were, or held; never on a database between.
killed() {
	local step=$1
	shift
	ANCHORE_ADMIN_FAULT="$step:1:kill" run --separate-stderr tool "$@"
	if [ "$status" -ne 137 ]; then
		show "killed at $step: exit status $status"
		return 1
	fi
	[ ! -e "$DEPLOY/run/held.json" ] || [ "$(sessions_of_services)" = 0 ]
	[[ "$(db_version)" == 0.0.[67] ]]
	expect 0 db check
}

@test "kill -9 of the upgrade, and of the downgrade, at every step, and the same command again" {
	for step in $STEPS; do
		echo "at $step"
		killed "$step" upgrade --to 0.2.4 --yes --no-snapshot=test
		expect 0 upgrade --to 0.2.4 --yes --no-snapshot=test
		at 0.0.7 0.2.4
		killed "$step" downgrade --to 0.2.1 --yes --no-snapshot=test
		expect 0 downgrade --to 0.2.1 --yes --no-snapshot=test
		at 0.0.6 0.2.1
	done
}

@test "kill -9 while the snapshot is taken, and the same command again" {
	for step in $SNAPSHOT_STEPS; do
		echo "at $step"
		killed "$step" upgrade --to 0.2.4 --yes
		expect 0 upgrade --to 0.2.4 --yes
		at 0.0.7 0.2.4
		expect 0 snapshot verify
		expect 0 downgrade --to 0.2.1 --yes --no-snapshot=test
		at 0.0.6 0.2.1
	done
}

@test "kill -9 of a restore at every step, and the same command again" {
	expect 0 backup
	expect 0 upgrade --to 0.2.4 --yes --no-snapshot=test
	for step in cycle-prepare cycle-hold cycle-held cycle-restore restore-record cycle-repin cycle-release cycle-healthy; do
		echo "at $step"
		killed "$step" restore latest:0.0.6 --yes
		expect 0 restore latest:0.0.6 --yes
		at 0.0.6 0.2.1
		expect 0 upgrade --to 0.2.4 --yes --no-snapshot=test
	done
}

@test "a killed upgrade may be taken back as well" {
	killed cycle-repin upgrade --to 0.2.4 --yes
	[ "$(db_version)" = 0.0.7 ]
	[ "$(engine_pinned)" = 0.2.1 ]
	states_are stopped stopped stopped
	expect 3 service start --detach
	talks "held" "upgrade"
	expect 0 upgrade --to 0.2.4 --dry-run
	says "a run that did not end" "pin release 0\.2\.4"
	expect 0 downgrade --to 0.2.1 --yes
	at 0.0.6 0.2.1
}

@test "a killed downgrade: the release follows the database, or the database the release" {
	expect 0 upgrade --to 0.2.4 --yes
	killed cycle-repin downgrade --to 0.2.1 --yes
	[ "$(db_version)" = 0.0.6 ]
	[ "$(engine_pinned)" = 0.2.4 ]
	states_are stopped stopped stopped
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "a run that fails after a killed one does not start a release on a database that is not its own" {
	killed cycle-repin upgrade --to 0.2.4 --yes --no-snapshot=test
	ANCHORE_ADMIN_FAULT=cycle-guard:1:fail expect 1 downgrade --to 0.2.1 --yes --no-snapshot=test
	talks "the services stay stopped, for release 0\.2\.1 is pinned, which needs database version 0\.0\.6, and the database is at 0\.0\.7"
	states_are stopped stopped stopped
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "SIGINT and SIGTERM at every step: the services run, on what the database is at" {
	signal=int want=130
	for step in $STEPS; do
		echo "$signal at $step"
		ANCHORE_ADMIN_FAULT="$step:1:$signal" run --separate-stderr tool upgrade --to 0.2.4 --yes --no-snapshot=test
		[ "$status" -eq 0 ] || [ "$status" -eq "$want" ] || show "$signal at $step: $status"
		[ "$status" -eq 0 ] || [ "$status" -eq "$want" ]
		eventually states_are up up up
		if [ "$(db_version)" = 0.0.6 ]; then
			[ "$status" -eq "$want" ]
			at 0.0.6 0.2.1
		else
			at 0.0.7 0.2.4
			expect 0 downgrade --to 0.2.1 --yes --no-snapshot=test
		fi
		if [ $signal = int ]; then signal=term want=143; else signal=int want=130; fi
	done
}

# supervisor_kill: with all that it supervises, which the kernel ends.
supervisor_kill() {
	kill -KILL "$SUPERVISOR"
	SUPERVISOR=
	eventually services_gone
}

services_gone() {
	[ "$(sessions_of_services)" = 0 ]
}

@test "the supervisor is killed during the upgrade, or while it is waited for: exit 8, and the next start is of the new release" {
	for step in cycle-guard cycle-wait; do
		tool_stopped $step upgrade --to 0.2.4 --yes --no-snapshot=test --auto-rollback
		supervisor_kill
		tool_go
		[ "$status" -eq 8 ] || show "exit status $status at $step"
		[ "$status" -eq 8 ]
		talks "the supervisor of the services has ended" "^hint: .*anchore-admin service start" "downgrade --to 0\.2\.1"
		one_error
		[ "$(db_version)" = 0.0.7 ]
		[ "$(engine_pinned)" = 0.2.4 ]
		no_hold
		supervisor_start
		at 0.0.7 0.2.4
		expect 0 downgrade --to 0.2.1 --yes --no-snapshot=test
	done
}

@test "the supervisor is killed before a migration that fails: exit 8, and the old release is what starts" {
	tool_stopped cycle-guard upgrade --to 0.2.4 --yes --no-snapshot=test
	supervisor_kill
	sql anchore "ALTER TABLE anchore RENAME TO elsewhere"
	tool_go
	sql anchore "ALTER TABLE elsewhere RENAME TO anchore"
	[ "$status" -eq 8 ] || show "exit status $status"
	[ "$status" -eq 8 ]
	talks "the database is unchanged, but the services were not started again" "^hint: .*anchore-admin service start"
	no_hold
	supervisor_start
	at 0.0.6 0.2.1
}

@test "the supervisor is killed during the upgrade and started again meanwhile: it starts nothing until the upgrade does" {
	tool_stopped cycle-guard upgrade --to 0.2.4 --yes
	supervisor_kill
	run --separate-stderr tool service start --detach
	[ "$status" -ne 0 ] || contains "$stderr" held
	SUPERVISOR=$(cat "$DEPLOY/run/lock")
	states_are stopped stopped stopped
	[ "$(sessions_of_services)" = 0 ]
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	at 0.0.7 0.2.4
}

@test "what a killed run has left of its progress is not shown as that of another one" {
	tool_stopped cycle-guard upgrade --to 0.2.4 --yes --no-snapshot=test
	tool service status --json | grep -q '"step": "upgrade: checking"'
	sed -i 's/"run": *"[0-9a-f]*"/"run": "0123456789abcdef"/' "$DEPLOY/run/progress.json"
	grep -q 0123456789abcdef "$DEPLOY/run/progress.json"
	tool service status --json >"$BATS_TEST_TMPDIR/status.json"
	grep -q '"for": "upgrade"' "$BATS_TEST_TMPDIR/status.json"
	run grep checking "$BATS_TEST_TMPDIR/status.json"
	[ "$status" -eq 1 ]
	tool_go
	[ "$status" -eq 0 ]
}

@test "both are killed before COMMIT: the next start is of the old release" {
	tool_stopped upgrade-before-commit upgrade --to 0.2.4 --yes --no-snapshot=test
	supervisor_kill
	tool_end
	[ -e "$DEPLOY/run/held.json" ]
	supervisor_start
	[ ! -e "$DEPLOY/run/held.json" ]
	at 0.0.6 0.2.1
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "both are killed between COMMIT and pin: nothing starts until it is settled" {
	tool_stopped cycle-repin upgrade --to 0.2.4 --yes --no-snapshot=test
	supervisor_kill
	tool_end
	run --separate-stderr tool service start --detach
	contains "$stderr" held "anchore-admin upgrade"
	grep -q "the database is at version 0.0.7, and release 0.2.1 is pinned, which needs 0.0.6" "$DEPLOY/log/supervisor.log"
	SUPERVISOR=$(cat "$DEPLOY/run/lock")
	[ "$(sessions_of_services)" = 0 ]
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}
