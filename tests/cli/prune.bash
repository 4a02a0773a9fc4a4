# Common to the .bats files about retention: thirty nights by the injected clock, once per file. The database
# is of 0.0.6 for twenty nights, is upgraded on the twentieth, and is of 0.0.7 for the ten that follow.
# shellcheck shell=bash disable=SC2034,SC2154 # what lib.bash sets, and what the tests read

# In the place of the clock: noon, or at the given hour, of a day.
at() {
	ANCHORE_ADMIN_NOW=$(date -u -d "$1 ${2:-12:00}" +%s)
	export ANCHORE_ADMIN_NOW
}

month_make() {
	local day
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR/first deployment_make
	for day in $(seq 0 29); do
		at "2026-10-29 + $day days"
		tool backup --quiet
		if [ "$day" = 19 ]; then
			tool upgrade --yes --quiet
		fi
	done >/dev/null
	export MONTH=$BATS_FILE_TMPDIR/first/deployment/snapshots
	[ "$(find "$MONTH" -name '*.tar' | wc -l)" = 30 ]
	sql postgres "CREATE DATABASE month TEMPLATE anchore OWNER engine IS_TEMPLATE true"
	unset ANCHORE_ADMIN_NOW
}

month_setup() {
	deployment_make
	database_make anchore month
	cp -a "$MONTH" "$STORE"
	at 2026-11-27 18:00
}

# The archives that are there, as month and day: "11-27 11-26 …".
days() {
	find "$STORE" -type f -name 'anchore-*.tar' -printf '%f\n' | sed 's/.*-2026\(..\)\(..\)T.*/\1-\2/' | sort -r | tr '\n' ' '
}

archive_of() {
	find "$STORE" -name "*-2026${1/-/}T*.tar"
}

# Nothing half there: no hidden file, no sidecar without its archive, and what is there verifies.
store_is_clean() {
	local state
	[ -z "$(find "$STORE" -name '.tmp-*')" ]
	for state in "$STORE"/*.state; do
		[ ! -e "$state" ] || [ -e "${state%.state}" ] || { echo "$state has no archive" >&2; return 1; }
	done
}

# Everything in the store but the lock, to see that nothing changed.
store_digest() {
	(cd "$STORE" && find . -type f ! -name lock -exec sha256sum {} + | sort -k 2)
}

# Sets what `snapshot verify --restore` and `snapshot verify` write beside an archive: noted DAY KIND [FAILED].
noted() {
	python3 - "$(archive_of "$1").state" "$2" "${3:-false}" <<-'PYTHON'
		import json, os, sys
		path, kind, failed = sys.argv[1:]
		state = json.load(open(path)) if os.path.exists(path) else {"pinned": False, "copies": []}
		state[kind] = {"at": "2026-11-27T13:00:00Z", "failed": failed == "true", "seconds": 1.0, "server": "15.6", "message": None}
		json.dump(state, open(path, "w"))
	PYTHON
}

# reason DAY: why that snapshot is kept or dropped, from the table in $output.
reason() {
	sed -n "s/^\(keep\|drop\)  *[0-9a-f-]*  *2026-$1T[^ ]*  *[0-9.]*  *[0-9.]* [kMG]*B  */\1 /p" <<<"$output"
}
