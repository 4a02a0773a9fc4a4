#!/usr/bin/env bats
# contrib/bench works: one edge, a hundredth of the rows, no figures are judged.

load lib.bash

# Its server belongs to postgres, who may not enter the folders of bats.
setup() {
	FOLDER=$(mktemp -d /tmp/aa-cli.XXXXXX)
	chmod 755 "$FOLDER"
}

teardown() {
	rm -rf "$FOLDER"
}

bench() {
	TMPDIR=$FOLDER timeout 120 "$SRCDIR/contrib/bench" "$@"
}

@test "contrib/bench edges times an edge and leaves nothing behind" {
	run --separate-stderr bench edges -f 0.01 -n 1 -c fsync=off --json 0.0.5--0.0.6
	[ "$status" -eq 0 ] || show "exit status $status"
	python3 -c 'import json, sys; [e] = json.load(sys.stdin)["edges"]; assert e["upgrade_median"] > 0 < e["ratio_median"]' <<<"$output"
	rmdir "$FOLDER" # which it does if it is empty
}

@test "contrib/bench says what is missing" {
	run --separate-stderr bench edges 0.0.6--0.0.99
	[ "$status" -eq 1 ]
	talks "no rows for 0\.0\.6--0\.0\.99" "0\.0\.7--0\.0\.8"
	ANCHORE_ADMIN=$BATS_TEST_TMPDIR/none run --separate-stderr bench edges
	[ "$status" -eq 1 ]
	talks "ANCHORE_ADMIN names no program"
	run --separate-stderr bench nonsense
	[ "$status" -eq 2 ]
}
