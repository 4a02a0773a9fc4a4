#!/usr/bin/env bats
# Every command with --json prints one object, whose first member is the number of its schema; failures do, too.

load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

setup() {
	deployment_make
	root_make
}

# one_object: stdout is one object, nothing else, and begins with its schema.
one_object() {
	if ! jq -es 'length == 1 and (.[0] | type == "object" and (keys_unsorted | .[0] == "schema") and .schema == 1)' \
		<<<"$output" >/dev/null; then
		show "not one object of schema 1: $*"
		return 1
	fi
}

# answers STATUS ARGUMENTS...
answers() {
	local want=$1
	shift
	expect "$want" "$@" --json
	one_object "$@"
	TRIED+=("$*")
}

@test "every command" {
	local name tried found
	TRIED=()
	answers 0 backup
	answers 0 backup --scheduled
	answers 0 cron run
	answers 0 cron install
	answers 0 cron status
	answers 0 cron remove
	answers 0 snapshot list
	answers 0 snapshot show latest
	answers 0 snapshot verify
	answers 0 snapshot pin latest
	answers 0 snapshot unpin latest
	answers 0 snapshot prune --dry-run
	answers 0 graph show
	answers 0 graph path 0.0.6 0.0.7
	answers 0 db status
	answers 0 db check
	answers 0 db history
	answers 0 upgrade --dry-run
	answers 0 db upgrade --dry-run
	answers 0 upgrade --yes
	answers 0 upgrade --yes
	answers 0 backup
	answers 0 downgrade --to 0.0.6 --dry-run
	answers 0 downgrade --to 0.0.6 --by edges --yes
	answers 0 restore latest --dry-run
	answers 0 restore latest --yes
	answers 0 restore --undo --yes
	# Without services there is little to say, but that is an answer.
	run --separate-stderr tool system status --json
	one_object system status
	run --separate-stderr tool system wait --timeout 1s --json
	one_object system wait
	TRIED+=("system status" "system wait")
	for name in start stop restart status logs list; do
		run --separate-stderr tool service $name --json
		one_object service $name
		TRIED+=("service $name")
	done
	answers 0 graph lint --database "host=$SOCKET user=postgres dbname=postgres"
	answers 0 completion bash
	run --separate-stderr timeout 60 "$ANCHORE_ADMIN" init "$BATS_TEST_TMPDIR/new" --database "$DB" --json
	one_object init
	TRIED+=(init)
	run --separate-stderr tool doctor --json
	one_object doctor
	TRIED+=(doctor)
	# Nothing that the program knows was forgotten.
	while read -r name; do
		found=
		for tried in "${TRIED[@]}"; do
			[[ $tried == "$name"* ]] && found=yes
		done
		[ -n "$found" ] || { echo "not tried: $name" >&2; return 1; }
	done < <(sed -n '/command_table\[\] = {/,/^};/s/^\t{"\([a-z ]*\)".*/\1/p' "$SRCDIR/src/command/command.c")
}

@test "failures of every kind" {
	answers 2 nosuchcommand
	answers 2 backup --nosuchoption
	answers 2 snapshot show nosuchsnapshot
	answers 3 upgrade
	answers 2 cron install --at nonsense
	expect 5 db status --json --database "host=/nowhere dbname=x"
	one_object
	jq -e '.error.code == "UNREACHABLE" and .error.exit_status == 5 and .error.message and .error.hint' <<<"$output"
	expect 5 cron run --json --database "host=/nowhere dbname=x"
	one_object
	# Not told a second time, but answered.
	expect 5 cron run --json --database "host=/nowhere dbname=x"
	one_object
	[ -z "$stderr" ]
}
