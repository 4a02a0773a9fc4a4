#!/usr/bin/env bats
# The scheduled job where things are not as they should be: changes that are hard to see, damage, jobs that hang or meet.

# shellcheck disable=SC2030,SC2031,SC2154 # a test is a function; bats sets stderr
load lib
load cron

setup_file() {
	server_start
	migrations_make
}

teardown_file() {
	server_stop
}

setup() { cron_setup; }

@test "what no digest of rows covers is a change, too" {
	expect 0 cron run
	sql "$NAME" "SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO engine; CREATE TYPE pair AS (a int);
		CREATE ROLE reader; GRANT reader TO engine"
	night
	expect 0 cron run
	[ "$(snapshots)" -eq 2 ]
	local change count=2
	for change in "GRANT SELECT ON LARGE OBJECT 4711 TO reader" "ALTER LARGE OBJECT 4711 OWNER TO reader" \
		"COMMENT ON LARGE OBJECT 4711 IS 'one'" \
		"ALTER TYPE pair ADD ATTRIBUTE b text" "CREATE CAST (pair AS anchore) WITH INOUT" \
		"CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple)" "CREATE COLLATION other FROM \"C\"" \
		"CREATE FOREIGN DATA WRAPPER nobody" "COMMENT ON TABLE anchore IS 'three'" "SELECT lo_put(4711, 0, 'x')" \
		"ALTER TABLE anchore OWNER TO reader" "COMMENT ON DATABASE \"$NAME\" IS 'four'" \
		"ALTER DATABASE \"$NAME\" SET work_mem = '8MB'" "CREATE SEQUENCE counter; ALTER SEQUENCE counter OWNER TO engine" "SELECT nextval('counter')"; do
		sql "$NAME" "$change" >/dev/null
		night
		expect 0 cron run
		count=$((count + 1))
		[ "$(snapshots)" -eq "$count" ] || { show "not seen: $change"; return 1; }
	done
	sql postgres "CREATE TABLE noise (x int); DROP TABLE noise"
	night
	expect 0 cron run
	[ "$(snapshots)" -eq "$count" ]
}

@test "a new snapshot does not go again because a damaged one held the same" {
	for part in data/ schema.pgdump; do
		rm -rf "$STORE"
		night
		expect 0 cron run
		first=$(newest_snapshot)
		damage "$first" "$part"
		sql postgres "CREATE TABLE noise (x int); DROP TABLE noise"
		sql postgres CHECKPOINT
		night
		fails 6 'failed \(verify\)' "${first##*/} is damaged" 'hint: '
		[ "$(snapshots)" -eq 2 ]
		[ "$(state .outcome)" = failed ]
		rm "$first"
		expect 0 snapshot verify latest
		# The proof is the new one's from now on.
		night
		expect 0 cron run
		[ "$(snapshots)" -eq 1 ]
	done
}

@test "a snapshot that could not be restored is no reason to take none" {
	expect 0 cron run
	printf '{"pinned": false, "proven": {"at": "2023-11-14T22:20:00Z", "failed": true, "message": "the rows differ"}}' \
		>"$(newest_snapshot).state"
	night
	expect 0 cron run
	[ "$(snapshots)" -eq 2 ]
	sql postgres "CREATE TABLE noise (x int); DROP TABLE noise"
	night
	expect 0 cron run
	[ "$(snapshots)" -eq 2 ]
}

@test "one that hangs is told, once, by those that give way to it" {
	tool_stopped backup-snapshot cron run --config "$DEPLOY/anchore-admin.yaml"
	night
	fails 4 'began at 2023-11-14T22:13:20Z still runs' "process $TOOL" 'hint: '
	night
	fails_silently 4
	tool_go
	[ "$status" -eq 0 ]
}

# It waits for a lock, or is over.
waits_or_ended() {
	grep -q -- "-> FLOCK .* $1 " /proc/locks || [ ! -e "/proc/$1" ] ||
		[ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = Z ]
}

@test "one that gives way takes nothing from the record of the one that ends meanwhile" {
	tool_stopped backup-snapshot cron run --config "$DEPLOY/anchore-admin.yaml"
	local first=$TOOL
	# It has read the record and is about to write it.
	tool_stopped file-rename cron run --config "$DEPLOY/anchore-admin.yaml"
	local second=$TOOL
	kill -CONT "$first"
	eventually waits_or_ended "$first"
	kill -CONT "$second"
	wait "$first"
	wait "$second" || [ $? -eq 4 ]
	[ "$(state .outcome)" = "done" ]
	[ "$(state .begun)" = null ]
	[ "$(state .skipped)" != null ]
}

@test "the job of another deployment in the same store is waited for" {
	sed "s/dbname=anchore/dbname=second/" "$DEPLOY/anchore-admin.yaml" >"$DEPLOY/second.yaml"
	database_make second
	expect 0 cron run
	tool_stopped backup-snapshot cron run --config "$DEPLOY/second.yaml"
	(tool cron run --verbose) >"$BATS_TEST_TMPDIR/waits" 2>&1 3>&- &
	local waits=$!
	eventually grep -q waiting "$BATS_TEST_TMPDIR/waits"
	tool_go
	[ "$status" -eq 0 ]
	wait "$waits" || { cat "$BATS_TEST_TMPDIR/waits"; return 1; }
	[ "$(snapshots)" -eq 2 ]
}

@test "damage is a failure also where it cannot be recorded" {
	expect 0 cron run
	damage "$(newest_snapshot)" data/
	night
	ANCHORE_ADMIN_FAULT=prove-record:1:space expect 6 cron run
	talks 'failed \(verify\)' damaged 'not recorded'
	[ ! -e "$(newest_snapshot).state" ]
}

@test "one more damaged snapshot is told while the first still lies there" {
	expect 0 cron run
	damage "$(newest_snapshot)" data/
	night
	fails 6 'failed \(verify\)' damaged
	night
	fails_silently 6
	damage "$(newest_snapshot)" data/
	night
	fails 6 'is damaged: .*; also damaged: anchore-0.0.6-'
	night
	fails_silently 6
}

@test "killed while the metrics are written: no second file that an exporter would read" {
	echo "metrics_file: anchore.prom" >>"$DEPLOY/anchore-admin.yaml"
	expect 0 cron run
	night
	ANCHORE_ADMIN_FAULT=file-publish:1:kill expect 137 cron run
	[ "$(find "$DEPLOY" -maxdepth 1 -name '*.prom')" = "$DEPLOY/anchore.prom" ]
	grep -q "^anchore_admin_backup_last_attempt_timestamp_seconds $NIGHT$" "$DEPLOY/anchore.prom"
}

@test "a store that cannot be written: what, why and since when, and the metrics know" {
	echo "metrics_file: anchore.prom" >>"$DEPLOY/anchore-admin.yaml"
	expect 0 cron run
	# In the place of a read-only file system: a file that cannot be opened for writing, by root either.
	rm "$STORE/scheduled.lock"
	mkdir "$STORE/scheduled.lock"
	night
	fails 1 'failed \(lock\): cannot open the lock' 'failing since 2023-11-15' '\(1 run\), last success: 2023-11-14' 'hint: '
	contains "$(cat "$DEPLOY/anchore.prom")" '^anchore_admin_backup_exit_code 1$' '^anchore_admin_backup_failures 1$' \
		"^anchore_admin_backup_last_success_timestamp_seconds $NIGHT$"
	rmdir "$STORE/scheduled.lock"
	rm "$STORE/scheduled.json"
	mkdir "$STORE/scheduled.json"
	night
	expect 1 cron run
	talks 'failed \(record\): cannot write .*/scheduled.json' 'failing since 2023-11-16' '\(1 run\)'
	contains "$(cat "$DEPLOY/anchore.prom")" '^anchore_admin_backup_exit_code 1$'
	[ "$(snapshots)" -eq 1 ]
}

@test "a hook that fails in other words every night is told once, and with a failure around it not at all" {
	mkdir -p "$DEPLOY/hooks/post-backup.d"
	# shellcheck disable=SC2016 # the hook expands it
	printf '#!/bin/sh\ndate +%%N\necho "it failed at $(date +%%N)" >&2\nexit 3\n' >"$DEPLOY/hooks/post-backup.d/off"
	chmod 755 "$DEPLOY/hooks/post-backup.d/off"
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	expect 5 cron run
	talks 'failed \(backup\)' 'off: off failed with exit status 3: it failed at'
	[ "$(grep -c '' <<<"$stderr")" -eq 3 ]
	night
	fails_silently 5
	sed -i 's/dbname=gone/dbname=anchore/' "$DEPLOY/anchore-admin.yaml"
	night
	expect 0 cron run
	[ "$(grep -c '' <<<"$stderr")" -eq 1 ]
	talks 'works again'
	change
	night
	expect 0 cron run
	silent
}

@test "a warning that comes while a failure goes on is told when that is over" {
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	fails 5 'failed \(backup\)'
	echo "metrics_file: nowhere/anchore.prom" >>"$DEPLOY/anchore-admin.yaml"
	night
	fails_silently 5
	sed -i 's/dbname=gone/dbname=anchore/' "$DEPLOY/anchore-admin.yaml"
	night
	expect 0 cron run
	talks 'works again' 'metrics are not written'
	night
	expect 0 cron run
	silent
}
