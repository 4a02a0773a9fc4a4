#!/usr/bin/env bats
# Incremental backups that are killed, interrupted, find the disk full, or an earlier archive that is no longer what it
# was: the new snapshot is whole and right or there is none, and the earlier one is left as it is.
# shellcheck disable=SC2030,SC2031 # a test is a function
load lib
load incremental

setup_file() {
	server_start
	migrations_make
	few_tables_make
}
teardown_file() { server_stop; }

# Few tables, so that a backup is short.
few_tables_make() {
	sql postgres "CREATE DATABASE few OWNER engine TEMPLATE t006"
	sql few "SET client_min_messages = error; DO \$\$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
		AND tablename NOT IN ('anchore', 'policy_bundle') LOOP EXECUTE format('DROP TABLE %I CASCADE', t); END LOOP; END \$\$"
	sql few "CREATE TABLE big (id int, pad text); ALTER TABLE big OWNER TO engine; INSERT INTO big SELECT i, repeat('x', 200) || i FROM generate_series(1, 600) i"
	sql postgres "UPDATE pg_database SET datistemplate = true WHERE datname = 'few'"
}

setup() {
	export ANCHORE_ADMIN_CHUNK=32768
	deployment_make
	database_make anchore few
}
teardown() { databases_drop; }

# A snapshot to build on, and a change, of which the digests of a full snapshot are in $BATS_TEST_TMPDIR/want.
base_make() {
	expect 0 backup
	BASE=$(newest_snapshot)
	sha256sum "$BASE" >"$BATS_TEST_TMPDIR/base.sum"
	sql anchore "UPDATE big SET pad = 'new' WHERE id = 150"
	sql postgres CHECKPOINT
	expect 0 backup --store "$DEPLOY/full"
	digests "$(echo "$DEPLOY"/full/*.tar)" >"$BATS_TEST_TMPDIR/want"
	cp -a "$STORE" "$DEPLOY/first"
}

base_again() {
	rm -rf "$STORE"
	cp -a "$DEPLOY/first" "$STORE"
}

base_is_untouched() { sha256sum --quiet -c "$BATS_TEST_TMPDIR/base.sum"; }

# The newest snapshot is whole, and holds what a full one of the same rows did.
assert_right() {
	expect 0 snapshot verify latest
	diff "$BATS_TEST_TMPDIR/want" <(digests "$(newest_snapshot)")
}

only_the_base_is_left() {
	if [ "$(find "$STORE" -name '.tmp-*' -o -name '*.tar')" != "$BASE" ]; then
		show "$1: left $(ls -A "$STORE")"
		return 1
	fi
	base_is_untouched
}

# Each step's first time, of the members also one in the middle and the last.
first_steps() {
	awk '!seen[$1]++ { print NR } $1 == "backup-member" { last = NR; if (++members == 6) print NR } END { print last }' "$BATS_TEST_TMPDIR/steps" |
		sort -nu
}

@test "kill -9 at every step: nothing half is listed, the earlier snapshot is as it was, and the next ones are right" {
	base_make
	steps_of backup --incremental
	for step in backup-snapshot backup-earlier backup-create backup-schema backup-member backup-table backup-locked \
		backup-last backup-manifest backup-sync backup-verify backup-rename backup-done; do
		grep -qx "$step" "$BATS_TEST_TMPDIR/steps"
	done
	for n in $(first_steps); do
		base_again
		ANCHORE_ADMIN_FAULT="*:$n:kill" run --separate-stderr tool backup --incremental
		if [ "$status" -ne 137 ]; then
			show "step $n ($(sed -n "${n}p" "$BATS_TEST_TMPDIR/steps")): exit status $status"
			return 1
		fi
		base_is_untouched
		expect 0 snapshot verify
		expect 0 backup --incremental
		assert_right
		[ -z "$(find "$STORE" -name '.tmp-*')" ]
		# The database knows nothing of it: a few times are enough.
		if [ $((n % 4)) -eq 0 ]; then
			expect 0 backup
			assert_right
		fi
	done
}

@test "SIGINT and SIGTERM at every step: exit 130 or 143, nothing is left but the earlier snapshot" {
	base_make
	steps_of backup --incremental
	for n in $(first_steps | awk 'NR % 2'); do
		base_again
		signal=int want=130
		[ $((n % 2)) -eq 0 ] || signal=term want=143
		ANCHORE_ADMIN_FAULT="*:$n:$signal" run --separate-stderr tool backup --incremental
		if [ "$status" -eq 0 ]; then
			assert_right
		elif [ "$status" -eq $want ]; then
			only_the_base_is_left "step $n"
			says_not "cannot be built on"
		else
			show "step $n: exit status $status"
			return 1
		fi
	done
}

# The terminal's Ctrl-C reaches pg_dump as well, which may be gone before we look.
@test "Ctrl-C: exit 130 though pg_dump got it, too" {
	base_make
	mkdir "$DEPLOY/bin"
	ln -s "$PGBIN"/* "$DEPLOY/bin/"
	rm "$DEPLOY/bin/pg_dump"
	cat >"$DEPLOY/bin/pg_dump" <<-PROGRAM
		#!/bin/bash
		case \$* in *--version*) exec "$PGBIN/pg_dump" "\$@" ;; esac
		echo \$\$ >"$DEPLOY/dumping"
		exec sleep 60
	PROGRAM
	chmod +x "$DEPLOY/bin/pg_dump"
	setsid "$ANCHORE_ADMIN" backup --incremental --config "$DEPLOY/anchore-admin.yaml" --pg-bindir "$DEPLOY/bin" \
		</dev/null >"$DEPLOY/out" 2>&1 3>&- &
	eventually test -s "$DEPLOY/dumping"
	kill -INT -- -$!
	status=0
	wait $! || status=$?
	[ "$status" -eq 130 ]
	only_the_base_is_left "Ctrl-C"
}

@test "the disk is full in the middle, the earlier snapshot on it: exit 9, one sentence, and once there is room it goes" {
	[ "$(id -u)" -eq 0 ] || lacking "mounting a small file system takes root"
	base_make
	sql anchore "INSERT INTO big SELECT g, (SELECT string_agg(md5((g * 100 + i)::text), '') FROM generate_series(1, 100) i) FROM generate_series(1000, 4000) g"
	expect 0 backup --store "$DEPLOY/full"
	# shellcheck disable=SC2012 # names of ours
	digests "$(ls -t "$DEPLOY"/full/*.tar | head -n 1)" >"$BATS_TEST_TMPDIR/want"
	cat >"$BATS_TEST_TMPDIR/inside" <<-'SH'
		mount -t tmpfs -o size=3m none "$STORE" && cp -a "$DEPLOY/first/." "$STORE" && cd "$DEPLOY"
		"$ANCHORE_ADMIN" backup --incremental --jobs 2 2>err </dev/null
		echo "status=$? lines=$(grep -c . err) $(cat err)"
		sha256sum --quiet -c "$BATS_TEST_TMPDIR/base.sum" && find "$STORE" -name '.tmp-*' -o -name '*.tar' | sed 's/^/left: /'
		mount -o remount,size=40m "$STORE"
		"$ANCHORE_ADMIN" backup --incremental </dev/null && "$ANCHORE_ADMIN" snapshot verify </dev/null && cp "$(ls -t "$STORE"/*.tar | head -n 1)" "$DEPLOY/after.tar"
	SH
	run timeout 60 unshare -m bash "$BATS_TEST_TMPDIR/inside"
	contains "$output" "status=9 lines=2 .*no space left" "^hint: " "^left: $BASE$" "taken from snapshot"
	[ "$(grep -c '^left: ' <<<"$output")" = 1 ]
	diff "$BATS_TEST_TMPDIR/want" <(digests "$DEPLOY/after.tar")
}

# while_it_runs STEP COMMAND: an incremental backup, at the step of which the command is run.
while_it_runs() {
	tool_stopped "$1" backup --incremental --jobs 1
	eval "$2"
	tool_go
	if [ "$status" -ne 0 ]; then
		show "$2 at $1: exit status $status"
		return 1
	fi
	[ ! -e "$BASE" ] || mv "$BASE" "$DEPLOY/was"
	expect 0 snapshot verify
	diff "$BATS_TEST_TMPDIR/want" <(digests "$(newest_snapshot)")
}

@test "the earlier archive is cut, overwritten, replaced or removed while it is read: what is there is right" {
	# Whole, of other rows of the same size.
	expect 0 backup --store "$DEPLOY/other"
	other=$(echo "$DEPLOY"/other/*.tar)
	sql anchore "TRUNCATE big; INSERT INTO big SELECT i, repeat('y', 200) || i FROM generate_series(1, 600) i"
	base_make
	for step in backup-earlier "$BACKUP_READ_STEP"; do
		for change in "truncate -s 30000 $BASE" "cp $other $BASE" "cp --remove-destination $other $BASE" "rm $BASE"; do
			base_again
			while_it_runs "$step" "$change"
		done
	done
}

# A range of which more is stored than is kept in memory is read twice.
@test "the earlier archive is cut between two looks at a range of many long values: exit 6, and nothing is left" {
	sql anchore "CREATE TABLE long (id int, doc text); ALTER TABLE long OWNER TO engine; ALTER TABLE long ALTER doc SET STORAGE EXTERNAL"
	sql anchore "INSERT INTO long SELECT g, (SELECT string_agg(md5((g * 10000 + i)::text), '') FROM generate_series(1, 1500) i) FROM generate_series(1, 40) g"
	base_make
	expect 0 backup --incremental
	assert_right
	all_taken long
	base_again
	tool_stopped backup-earlier-again backup --incremental --jobs 1
	cp "$BASE" "$DEPLOY/whole"
	truncate -s 30000 "$BASE"
	tool_go
	[ "$status" -eq 6 ] || show "exit status $status"
	[ "$status" -eq 6 ]
	talks "changed while it was read: " "^hint: "
	cp "$DEPLOY/whole" "$BASE"
	only_the_base_is_left
}

@test "what stands in the earlier archive's place and cannot be read is passed over" {
	base_make
	for change in "truncate -s 30000 $BASE" "rm $BASE; mkdir $BASE" "rm $BASE; ln -s nowhere $BASE" "rm $BASE; mkfifo $BASE"; do
		base_again
		eval "$change"
		expect 0 backup --incremental
		talks "there is no snapshot to build on; reading everything"
		diff "$BATS_TEST_TMPDIR/want" <(digests "$(newest_snapshot)")
	done
}

@test "nothing is pruned while an incremental backup runs" {
	base_make
	tool_stopped "$BACKUP_READ_STEP" backup --incremental --jobs 1
	expect 4 snapshot prune --yes --keep-last 1
	tool_go
	[ "$status" -eq 0 ]
	base_is_untouched
	assert_right
}

@test "a table that is dropped while an incremental backup runs" {
	sql anchore "CREATE TABLE few (id int); ALTER TABLE few OWNER TO engine; INSERT INTO few VALUES (1)"
	base_make
	tool_stopped "$BACKUP_READ_STEP" backup --incremental --jobs 1
	sql anchore "DROP TABLE few"
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	talks "changed while it was read: starting again"
	expect 0 snapshot verify latest
	diff <(grep -v "^public few " "$BATS_TEST_TMPDIR/want") <(digests "$(newest_snapshot)")
}

@test "a session that is killed: it fails, and nothing is left but the earlier snapshot" {
	base_make
	for which in "xact_start > (SELECT min(xact_start) FROM pg_stat_activity WHERE application_name LIKE 'anchore-admin%')" "true"; do
		tool_stopped backup-locked backup --incremental --jobs 3
		sql postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'anchore' AND application_name LIKE 'anchore-admin%' AND $which"
		tool_go
		[ "$status" -eq 5 ] || [ "$status" -eq 1 ] || show "$which: exit status $status"
		[ "$status" -eq 5 ] || [ "$status" -eq 1 ]
		talks "connection|snapshot"
		only_the_base_is_left "$which"
	done
	expect 0 backup --incremental
	assert_right
}
