#!/usr/bin/env bats
# kill -9 at every step of every changing command: the database is at the old or the new version and passes
# db check, nothing is half there, and the next run works without any clean-up by hand.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { databases_drop; }

killed() {
	local n=$1
	shift
	ANCHORE_ADMIN_FAULT="*:$n:kill" run --separate-stderr tool "$@"
	if [ "$status" -ne 137 ] && [ "$status" -ne 0 ]; then
		show "step $n ($(sed -n "${n}p" "$BATS_TEST_TMPDIR/steps")): exit status $status"
		return 1
	fi
}

# The state after a kill: whole.
whole() {
	local version
	version=$(db_version) || return 1
	[ "$version" = 0.0.6 ] || [ "$version" = 0.0.7 ]
	run --separate-stderr tool db check
	if [ "$status" -ne 0 ]; then
		show "after a kill at step $1 ($(sed -n "${1}p" "$BATS_TEST_TMPDIR/steps")): db check exits $status"
		return 1
	fi
}

databases_left() {
	sql postgres "SELECT count(*) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', 't006')"
}

@test "backup" {
	steps_of backup
	for n in $(visits); do
		rm -rf "$STORE"
		killed "$n" backup
		run --separate-stderr tool snapshot list
		[ "$status" -eq 0 ]
		says_not corrupt
		whole "$n"
		expect 0 backup
		expect 0 snapshot verify
		[ -z "$(find "$STORE" -name '.tmp-*')" ]
	done
}

@test "upgrade" {
	expect 0 backup
	steps_of upgrade --yes
	for n in $(visits); do
		database_make anchore
		expect 0 backup
		killed "$n" upgrade --yes
		whole "$n"
		expect 0 upgrade --yes
		[ "$(db_version)" = 0.0.7 ]
		oracle rows "$DB" "$ROWS/after"
	done
}

@test "downgrade" {
	expect 0 backup
	expect 0 upgrade --yes
	expect 0 backup
	steps_of downgrade --to 0.0.6 --yes
	for n in $(visits); do
		database_make anchore
		expect 0 backup
		expect 0 upgrade --yes
		expect 0 backup
		killed "$n" downgrade --to 0.0.6 --yes
		whole "$n"
		expect 0 downgrade --to 0.0.6 --yes
		[ "$(db_version)" = 0.0.6 ]
	done
}

@test "restore" {
	before=$(database_digest)
	expect 0 backup
	steps_of restore latest --yes
	for n in $(visits); do
		databases_drop
		database_make anchore
		sql anchore "UPDATE users SET email = 'changed'"
		killed "$n" restore latest --yes
		if [ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname = 'anchore'")" != 1 ]; then
			echo "after a kill at step $n there is no database anchore" >&2
			return 1
		fi
		whole "$n"
		expect 0 restore latest --yes
		diff <(echo "$before") <(database_digest)
		[ "$(databases_left)" -le 3 ]
	done
}

@test "restore --undo" {
	expect 0 backup
	expect 0 restore latest --yes
	sql anchore "UPDATE users SET email = 'restored'"
	steps_of restore --undo --yes
	for n in $(visits); do
		databases_drop
		database_make anchore
		expect 0 backup
		expect 0 restore latest --yes
		killed "$n" restore --undo --yes
		whole "$n"
		[ "$(databases_left)" = 2 ]
		expect 0 restore --undo --yes
		whole "$n"
	done
}

@test "init" {
	expect 0 init "$DEPLOY/new"
	ANCHORE_ADMIN_FAULT="*:1:kill" run tool init "$DEPLOY/new2"
	rm -rf "$DEPLOY/new2"
	expect 0 init "$DEPLOY/new2"
}
