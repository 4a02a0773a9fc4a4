#!/usr/bin/env bats
# contrib/bench works: few rows, one round, no figures are judged.

load lib.bash

# Its server belongs to postgres, who may not enter the folders of bats.
setup() {
	FOLDER=$(mktemp -d /tmp/aa-cli.XXXXXX)
	chmod 755 "$FOLDER"
}

teardown() {
	rm -rf "$FOLDER" "$FOLDER.tool" "$FOLDER.tool.pid"
}

bench() {
	TMPDIR=$FOLDER timeout 300 "$SRCDIR/contrib/bench" "$@"
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
	run --separate-stderr bench edges engine
	[ "$status" -eq 1 ]
	talks "no rows for engine"
	run --separate-stderr bench snapshots -f 1e6
	[ "$status" -eq 1 ]
	talks "GB free and about .* GB are needed"
	local bad
	for bad in nonsense "snapshots -f 0" "snapshots -f inf" "snapshots -n x" "snapshots -j 0" "snapshots -U nobody" \
		"snapshots -c fsync" "snapshots 0.0.7--0.0.8" "growth -f 1," "edges -j 2"; do
		# shellcheck disable=SC2086 # several words
		run --separate-stderr bench $bad
		[ "$status" -eq 2 ] || show "$bad: exit status $status"
		[ "$status" -eq 2 ]
	done
}

# A tool that has --incremental, or that refuses it, whichever the real one does: both have to be served.
tool_that() {
	if [ "$1" = has ] && "$ANCHORE_ADMIN" backup --help | grep -q -- --incremental; then
		return
	fi
	cat >"$FOLDER.tool" <<-TOOL
		#!/bin/bash
		words=()
		for word in "\$@"; do
			if [ "\$word" != --incremental ]; then
				words+=("\$word")
			elif [ "$1" = refuses ]; then
				echo "anchore-admin: unknown option --incremental" >&2
				exit 2
			fi
		done
		exec "$ANCHORE_ADMIN" "\${words[@]}"
	TOOL
	chmod 755 "$FOLDER.tool"
	export ANCHORE_ADMIN=$FOLDER.tool
}

@test "contrib/bench snapshots sets backup and restore beside the peers, and proves the restored rows" {
	tool_that refuses
	run --separate-stderr bench snapshots -f 0.001 -n 1 -c fsync=off --json
	[ "$status" -eq 0 ] || show "exit status $status"
	python3 - "$output" <<-'PY'
		import json, sys
		a = json.loads(sys.argv[1])
		m = a["machine"]
		assert m["cores"] and m["memory"] and m["cpu"] and m["date"] and m["tool_version"], m
		assert (m["runs"], m["jobs"], m["role"], a["scale"]) == (1, 2, "postgres", 0.001), m
		assert m["settings"] == ["shared_buffers=256MB", "autovacuum=off", "fsync=off"], m
		assert a["data"]["rows"] > 10000 and a["data"]["text_bytes"] > a["data"]["largest_row"] > 100000, a["data"]
		measures = {"wall", "client_cpu", "server_cpu", "rss", "bytes"}
		p = a["participants"]
		assert set(p) - {"pgcopydb"} == {"backup", "dump_directory", "dump_zstd", "restore", "pg_restore", "first",
		                                 "second_same", "second_added"}, set(p)
		for name, one in p.items():
		    if name.startswith("second"):
		        assert one == {"runs": [None], "median": None}, one
		    else:
		        assert set(one["median"]) == measures and min(one["median"].values()) > 0, (name, one)
		t = {row["name"]: row for row in a["targets"]}
		limits = {"backup_beside_directory": 0.65, "backup_beside_zstd": 0.5, "archive_beside_zstd": 0.55,
		          "restore_beside_pg_restore": 0.7, "added_beside_first": 0.6, "same_beside_first": 0.05,
		          "backup_memory": 256e6 + 3 * a["data"]["largest_row"],
		          "restore_memory": 256e6 + 3 * a["data"]["largest_row"]}
		assert {name: row["limit"] for name, row in t.items()} == limits, t
		for name, row in t.items():
		    if name in ("added_beside_first", "same_beside_first"):
		        assert row["value"] is None and row["missed"] is None, row
		    else:
		        assert row["missed"] == (row["value"] > row["limit"]), row
		wall = {name: p[name]["median"]["wall"] for name in ("backup", "dump_zstd")}
		assert abs(t["backup_beside_zstd"]["value"] - wall["backup"] / wall["dump_zstd"]) < 1e-9, t
		assert a["equal"] is True and a["incremental_equal"] is None, a
	PY
	rmdir "$FOLDER"
}

@test "contrib/bench snapshots measures the second snapshot where the tool takes one" {
	tool_that has
	run --separate-stderr bench snapshots -f 0.001 -n 1 -c fsync=off -U engine
	[ "$status" -eq 0 ] || show "exit status $status"
	says "by role engine" \
		"^the second, nothing changed +[0-9.]+ s" \
		"^the second, 1 % of images added +[0-9.]+ s" \
		"^the second, nothing changed beside the first: wall +[0-9.]+ +<= 0\.05" \
		"^the snapshot restored equals its database, every table: true$" \
		"^the incremental snapshot restored equals its database, every table: true$"
	rmdir "$FOLDER"
}

@test "contrib/bench growth sets scales beside the first" {
	run --separate-stderr bench growth -f 0.001,0.002 -n 1 -c fsync=off --json
	[ "$status" -eq 0 ] || show "exit status $status"
	python3 - "$output" <<-'PY'
		import json, sys
		first, second = json.loads(sys.argv[1])["scales"]
		assert (first["scale"], second["scale"]) == (0.001, 0.002)
		assert first["wall_relative"] == first["cpu_relative"] == 1 and first["missed"] is False, first
		per_byte = [one["median"]["wall"] / one["median"]["text_bytes"] for one in (first, second)]
		assert abs(second["wall_relative"] - per_byte[1] / per_byte[0]) < 1e-9, second
	PY
	rmdir "$FOLDER"
}

@test "contrib/bench ends what it started when a signal ends it" {
	cat >"$FOLDER.tool" <<-TOOL
		#!/bin/bash
		[ "\$1" = --version ] && exec "$ANCHORE_ADMIN" --version
		echo \$\$ >"$FOLDER.tool.pid"
		sleep 100
	TOOL
	chmod 755 "$FOLDER.tool"
	local pid sleeper
	TMPDIR=$FOLDER ANCHORE_ADMIN=$FOLDER.tool "$SRCDIR/contrib/bench" snapshots -f 0.001 -c fsync=off 3>&- &
	pid=$!
	until [ -s "$FOLDER.tool.pid" ]; do
		kill -0 "$pid" # which fails if it ended
		sleep 0.1
	done
	sleeper=$(cat "$FOLDER.tool.pid")
	kill -0 "$sleeper"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	if kill -0 "$sleeper" 2>/dev/null; then
		kill -KILL -- "-$sleeper"
		show "the tool was left running"
		return 1
	fi
	rmdir "$FOLDER"
}
