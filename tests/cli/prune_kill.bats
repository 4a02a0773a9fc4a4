#!/usr/bin/env bats
# A prune that is killed, fails, or finds the disk full or read-only: what is listed is whole, and the next run ends it.
load lib
load prune

setup_file() { server_start; migrations_make; month_make; }
teardown_file() { server_stop; }
setup() {
	month_setup
	# Six of them are enough here, two with a sidecar, of which one stays.
	find "$STORE" -name '*.tar' | grep -Ev '202611(27|26|25|20|19|17)T' | xargs rm
	noted 11-20 verified
	noted 11-19 verified
}
teardown() { databases_drop; }

RULE=(snapshot prune --yes --keep-last 2)
KEPT="11-27 11-26 11-20 11-17 "

listed_is_whole() {
	run --separate-stderr tool snapshot list
	[ "$status" -eq 0 ]
	says_not corrupt foreign
	[ -n "$(archive_of 11-27)" ] && [ -n "$(archive_of 11-26)" ] && [ -n "$(archive_of 11-17)" ]
}

@test "kill -9 at every step: what is listed is whole, the next run leaves nothing half there" {
	cp -a "$STORE" "$DEPLOY/first"
	ANCHORE_ADMIN_FAULT_LOG=$DEPLOY/steps expect 0 "${RULE[@]}"
	[ "$(days)" = "$KEPT" ]
	for step in journal-started prune-rename prune-sync prune-state prune-remove journal-ended; do
		grep -qx "$step" "$DEPLOY/steps"
	done
	for n in $(seq "$(wc -l <"$DEPLOY/steps")"); do
		rm -rf "$STORE"
		cp -a "$DEPLOY/first" "$STORE"
		ANCHORE_ADMIN_FAULT="*:$n:kill" run --separate-stderr tool "${RULE[@]}"
		if [ "$status" -ne 137 ]; then
			show "step $n: exit status $status"
			return 1
		fi
		listed_is_whole
		expect 0 "${RULE[@]}"
		[ "$(days)" = "$KEPT" ]
		store_is_clean
	done
}

@test "a step that fails: the failure is told and journaled, what is listed is whole, the next run ends it" {
	cp -a "$STORE" "$DEPLOY/first"
	for step in journal-started prune-rename prune-sync prune-state prune-remove; do
		rm -rf "$STORE"
		cp -a "$DEPLOY/first" "$STORE"
		ANCHORE_ADMIN_FAULT="$step:1:fail" expect 1 "${RULE[@]}"
		talks "fault $step"
		listed_is_whole
		if [ "$step" != journal-started ]; then
			grep -q '"outcome": *"failed"' "$STORE/journal.jsonl"
		fi
		expect 0 "${RULE[@]}"
		[ "$(days)" = "$KEPT" ]
		store_is_clean
	done
}

@test "killed with the archive hidden: whichever command takes the lock next removes the rest" {
	ANCHORE_ADMIN_FAULT=prune-state:1:kill run --separate-stderr tool "${RULE[@]}"
	[ "$status" -eq 137 ]
	[ -n "$(find "$STORE" -name '.tmp-drop-*')" ]
	expect 0 snapshot pin latest
	store_is_clean
	[ "$(days)" = "11-27 11-26 11-20 11-19 11-17 " ]
}

@test "killed with the archive hidden, and a new one of its name: that one keeps its sidecar" {
	ANCHORE_ADMIN_FAULT=prune-state:2:kill run --separate-stderr tool "${RULE[@]}"
	[ "$status" -eq 137 ]
	hidden=$(find "$STORE" -name '.tmp-drop-*20261119T*')
	[ -n "$hidden" ]
	name=${hidden##*.tmp-drop-}
	[ -e "$STORE/$name.state" ]
	cp "$hidden" "$STORE/$name"
	expect 0 snapshot pin latest
	[ -z "$(find "$STORE" -name '.tmp-*')" ]
	[ -e "$STORE/$name.state" ]
}

@test "SIGTERM between two snapshots: it stops there, and nothing is half there" {
	ANCHORE_ADMIN_FAULT=prune-remove:1:term run --separate-stderr tool "${RULE[@]}"
	[ "$status" -eq 143 ]
	store_is_clean
	[ "$(days)" = "11-27 11-26 11-20 11-19 11-17 " ]
}

# inside SIZE OPTIONS COMMAND: the command, with the store on a file system of its own.
inside() {
	[ "$(id -u)" -eq 0 ] || lacking "mounting a file system takes root"
	mv "$STORE" "$DEPLOY/first"
	mkdir "$STORE"
	run timeout 120 unshare -m bash -c "mount -t tmpfs -o size=$1 none '$STORE' && cp -a '$DEPLOY/first/.' '$STORE' && cd '$DEPLOY' &&
		$2; '$ANCHORE_ADMIN' ${RULE[*]} </dev/null; echo status=\$?; ls -A '$STORE'; tail -n 1 '$STORE/journal.jsonl'"
}

# Neither the lock's process id nor the journal's line fits: the last page of the journal is full, too.
@test "the disk is full to the last byte: room is made, and the journal written once there is some" {
	: >"$STORE/lock"
	python3 - "$STORE/journal.jsonl" <<-'PYTHON'
		import os, sys
		with open(sys.argv[1], "a") as file:
		    file.write("\n" * (-os.path.getsize(sys.argv[1]) % 65536))
	PYTHON
	inside 8m "cat /dev/zero >'$STORE/filler' 2>/dev/null"
	[[ $output == *"has to wait until there is room"* && $output == *"dropped 2 snapshots"* && $output == *status=0* ]] || show "expected 0"
	[[ $output == *"has to wait until there is room"* && $output == *"dropped 2 snapshots"* && $output == *status=0* ]]
	[[ $output != *20261125* && $output != *.tmp-* ]]
	[[ $output == *'"dropped"'*'"outcome":'*'"done"'* ]]
}

@test "a read-only store: exit 1 with a hint, and a dry run still tells" {
	inside 8m "mount -o remount,ro '$STORE'; '$ANCHORE_ADMIN' snapshot prune --dry-run --keep-last 2"
	[[ $output == *"would drop 2 snapshots"* && $output == *status=1* && $output == *hint:* ]] || show "expected 1"
	[[ $output == *"would drop 2 snapshots"* && $output == *status=1* && $output == *hint:* ]]
	[[ $output == *20261125* ]]
}

@test "killed while a database that was put aside is dropped: the next run drops it" {
	at 2026-12-01
	expect 0 restore latest --yes
	at 2026-12-02
	expect 0 backup --quiet
	at 2026-12-20
	ANCHORE_ADMIN_FAULT=prune-database:1:kill run --separate-stderr tool snapshot prune --yes --keep-databases 10d
	[ "$status" -eq 137 ]
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore_before_%'")" = 1 ]
	expect 0 snapshot prune --yes --keep-databases 10d
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore_before_%'")" = 0 ]
}
