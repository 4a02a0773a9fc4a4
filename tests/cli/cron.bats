#!/usr/bin/env bats
# The scheduled job: cron run, install, status, remove.

load lib

setup_file() {
	server_start
	migrations_make
}

teardown_file() {
	server_stop
}

setup() {
	deployment_make
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT/etc/cron.d"
	export ROOT ANCHORE_ADMIN_ROOT=$ROOT
	NIGHT=1700000000
	export ANCHORE_ADMIN_NOW=$NIGHT
}

# night [N]: a day later, or N.
night() {
	ANCHORE_ADMIN_NOW=$((ANCHORE_ADMIN_NOW + 86400 * ${1:-1}))
}

change() {
	sql "$NAME" "UPDATE anchore SET last_updated = coalesce(last_updated, 0) + 1"
}

snapshots() {
	find "$STORE" -name '*.tar' | wc -l
}

state() {
	jq -r "$1" "$STORE/scheduled.json"
}

silent() {
	if [ -n "$output$stderr" ]; then
		show "not silent"
		return 1
	fi
}

@test "a snapshot where something has changed, none where nothing has, and not a word" {
	expect 0 cron run
	silent
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .outcome)" = done ]
	night
	expect 0 cron run
	silent
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .outcome)" = unchanged ]
	change
	night
	expect 0 backup --scheduled
	silent
	[ "$(snapshots)" -eq 2 ]
	[ "$(state .outcome)" = done ]
	[ "$(state .missed)" -eq 0 ]
	expect 0 snapshot verify
}

@test "what moves transaction numbers and changes nothing makes no snapshot, and is known the next night" {
	expect 0 cron run
	# In another database of the server, and without any effect in this one.
	sql postgres "CREATE TABLE noise (x int); DROP TABLE noise"
	night
	expect 0 cron run
	silent
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .outcome)" = unchanged ]
	night
	# No table is read any more: no step of the backup is reached.
	run --separate-stderr env ANCHORE_ADMIN_FAULT=backup-snapshot:1:fail "$ANCHORE_ADMIN" cron run \
		--config "$DEPLOY/anchore-admin.yaml"
	[ "$status" -eq 0 ]
	[ "$(state .outcome)" = unchanged ]
	expect 0 snapshot verify
}
