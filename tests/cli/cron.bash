# Common to the .bats files about the scheduled job: its nights by the injected clock, and what it said and recorded.
# shellcheck shell=bash disable=SC2034,SC2154 # what lib.bash sets, and what the tests read

cron_setup() {
	deployment_make
	root_make
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
	find "$STORE" -name '[!.]*.tar' | wc -l
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

# fails STATUS PATTERN...: the run fails and says it in one message; fails_silently STATUS: it says nothing.
fails() {
	local want=$1
	shift
	expect "$want" cron run
	talks "$@"
	[ "$(grep -c '^anchore-admin: ' <<<"$stderr")" -eq 1 ]
	[ -z "$output" ]
}
fails_silently() {
	expect "$1" cron run
	silent
}
