#!/usr/bin/env bats
# The scheduled job: what cron run does, and what it says.

# shellcheck disable=SC2030,SC2031,SC2154 # a test is a function; bats sets stderr
load lib
load cron

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

setup() { cron_setup; }

@test "a snapshot where something has changed, none where nothing has, and not a word" {
	expect 0 cron run
	silent
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .outcome)" = "done" ]
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
	[ "$(state .outcome)" = "done" ]
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

@test "a failure is told when it begins and when it becomes another, and so is its end" {
	expect 0 cron run
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	night
	fails 5 'scheduled job failed \(backup\)' gone 'failing since' 'last success: 2023-11-14' 'hint: ' 'cron status'
	night
	fails_silently 5
	[ "$(state .failures)" -eq 2 ]
	[ "$(state .exit_status)" -eq 5 ]
	expect 1 cron status
	says 'last success +2023-11-14' 'failed, exit status 5'
	talks 'gone' 'failing since 2023-11-15'
	expect 1 cron status --json
	jq -e '.schema == 1 and .attempt.exit_status == 5 and (.problems | length) == 1' <<<"$output"
	sed -i 's/dbname=gone/dbname=postgres/' "$DEPLOY/anchore-admin.yaml"
	night
	fails 3 'scheduled job failed' 'failing since 2023-11-15' '3 runs'
	sed -i 's/dbname=postgres/dbname=anchore/' "$DEPLOY/anchore-admin.yaml"
	night
	expect 0 cron run
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	talks 'works again; it had failed since 2023-11-15'
	night
	expect 0 cron run
	silent
	expect 0 cron status
}

@test "a night that was missed is told once, by the next run and by cron status" {
	expect 0 cron install --at '13 22 * * *'
	expect 0 cron run
	night 4
	expect 1 cron status
	talks '3 runs did not happen' 2023-11-14
	expect 0 cron run
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	talks '3 runs of the scheduled job did not happen' 2023-11-14
	expect 0 cron status
	says 'missed runs +3$'
	night
	expect 0 cron run
	silent
}

@test "a run that was killed is told by the next, and leaves the store as it was" {
	expect 0 cron run
	change
	night
	run --separate-stderr env ANCHORE_ADMIN_FAULT=backup-rename:1:kill "$ANCHORE_ADMIN" cron run \
		--config "$DEPLOY/anchore-admin.yaml"
	[ "$status" -eq 137 ]
	[ "$(snapshots)" -eq 1 ]
	# Nor does it count as running until then.
	expect 1 cron status
	says_not 'running since'
	talks 'began at 2023-11-15.* was ended before it was done' 'cron run'
	expect 1 doctor
	says 'problem +schedule +.*began at 2023-11-15.* was ended before it was done'
	night
	expect 0 cron run
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	talks 'began at 2023-11-15.* was ended before it was done'
	[ "$(snapshots)" -eq 2 ]
	night
	expect 0 cron run
	silent
}

@test "killed between the two archives that hold the same, both are right" {
	expect 0 cron run
	sql postgres "CREATE TABLE noise (x int); DROP TABLE noise"
	night
	run --separate-stderr env ANCHORE_ADMIN_FAULT=unchanged-drop:1:kill "$ANCHORE_ADMIN" cron run \
		--config "$DEPLOY/anchore-admin.yaml"
	[ "$status" -eq 137 ]
	[ "$(snapshots)" -eq 2 ]
	expect 0 snapshot verify latest
	night
	expect 0 cron run
	[ "$(state .outcome)" = unchanged ]
	[ "$(snapshots)" -eq 2 ]
}

@test "never two at once: the second gives way without a word; for another run it waits" {
	tool_stopped backup-snapshot cron run --config "$DEPLOY/anchore-admin.yaml"
	expect 0 cron status
	says 'running since'
	expect 4 cron run
	silent
	[ "$(state .skipped)" != null ]
	tool_go
	[ "$status" -eq 0 ]
	[ "$(state .skipped)" != null ]
	[ "$(state .outcome)" = "done" ]
	change
	tool_stopped backup-snapshot backup
	(tool cron run --verbose) >"$BATS_TEST_TMPDIR/second" 2>&1 3>&- &
	local second=$!
	eventually grep -q waiting "$BATS_TEST_TMPDIR/second"
	tool_go
	[ "$status" -eq 0 ]
	wait "$second" || { cat "$BATS_TEST_TMPDIR/second"; return 1; }
	grep -q unchanged "$BATS_TEST_TMPDIR/second"
}

@test "an hour is enough to wait for another run" {
	tool_stopped backup-snapshot backup
	ANCHORE_ADMIN_SPEED=3600 fails 4 'scheduled job failed \(lock\)' 'another run'
	tool_go
	[ "$status" -eq 0 ]
}

@test "a damaged snapshot is found in its turn, told once, and no longer built on" {
	expect 0 cron run
	local first
	first=$(newest_snapshot)
	damage "$first" data/
	night
	fails 6 'failed \(verify\)' damaged 'hint: '
	# It is no proof of anything any more: a new one is taken, and the old one still is in the way.
	night
	fails_silently 6
	[ "$(snapshots)" -eq 2 ]
	night
	fails_silently 6
	[ "$(snapshots)" -eq 2 ]
	expect 0 snapshot verify latest
	rm "$first"
	night
	expect 0 cron run
	talks 'works again'
}

@test "metrics are whole, readable, and there after a failure too; a folder that lacks is one warning" {
	echo "metrics_file: textfiles/anchore.prom" >>"$DEPLOY/anchore-admin.yaml"
	expect 0 cron run
	talks 'metrics are not written' 'textfiles' 'mkdir'
	night
	expect 0 cron run
	silent
	mkdir "$DEPLOY/textfiles"
	night
	expect 0 cron run
	silent
	local file=$DEPLOY/textfiles/anchore.prom
	[ "$(stat -c %a "$file")" = 644 ]
	contains "$(cat "$file")" '^anchore_admin_backup_exit_code 0$' \
		"^anchore_admin_backup_last_success_timestamp_seconds $ANCHORE_ADMIN_NOW$" \
		"^anchore_admin_backup_last_snapshot_timestamp_seconds $NIGHT$" \
		'^anchore_admin_snapshots\{db_version="0.0.6"\} 1$' '^anchore_admin_upgrade_needed 0$' \
		'^anchore_admin_info\{db_version="0.0.6",code_version="0.2.1",tool_version="' \
		'^anchore_admin_backup_missed_total 0$' '^anchore_admin_backup_unchanged 1$'
	run ! grep -q failing_since "$file"
	local success=$ANCHORE_ADMIN_NOW
	sed -i 's/dbname=anchore/dbname=gone/; s/engine: 0.2.1/engine: 0.2.4/' "$DEPLOY/anchore-admin.yaml"
	night 3
	expect 5 cron run
	contains "$(cat "$file")" '^anchore_admin_backup_exit_code 5$' '^anchore_admin_backup_missed_total 2$' \
		"^anchore_admin_backup_last_success_timestamp_seconds $success$" '^anchore_admin_upgrade_needed 1$' \
		"^anchore_admin_backup_failing_since_timestamp_seconds $ANCHORE_ADMIN_NOW$"
	python3 "$SRCDIR/tests/cli/prometheus.py" <"$file" >"$BATS_TEST_TMPDIR/series"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/series")" -ge 10 ]
}

@test "a part that fails after the snapshot was made does not take it away" {
	run --separate-stderr env ANCHORE_ADMIN_FAULT=nightly-part:3:fail "$ANCHORE_ADMIN" cron run \
		--config "$DEPLOY/anchore-admin.yaml"
	[ "$status" -eq 1 ]
	talks 'failed \(verify\)'
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .snapshot_at)" != null ]
	[ "$(state .success)" = null ]
}

@test "a damaged record keeps nobody from taking a snapshot" {
	mkdir -p "$STORE"
	echo '{' >"$STORE/scheduled.json"
	expect 0 cron run
	talks 'not known' scheduled.json
	[ "$(snapshots)" -eq 1 ]
	night
	expect 0 cron run
	silent
}

@test "schedule_jitter: a random wait before anything is done, and none where somebody watches" {
	echo 'schedule_jitter: 20000d' >>"$DEPLOY/anchore-admin.yaml"
	(cd "$DEPLOY" && exec "$ANCHORE_ADMIN" cron run) </dev/null >"$BATS_TEST_TMPDIR/waits" 2>&1 3>&- &
	local waits=$! rc=0
	# In its time another one does all of it: the wait holds no lock.
	expect 0 cron run --schedule-jitter 0
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .skipped)" = null ]
	change
	night
	if command -v script >/dev/null; then
		timeout 60 script -qec "'$ANCHORE_ADMIN' cron run --config '$DEPLOY/anchore-admin.yaml'" /dev/null </dev/null
		[ "$(snapshots)" -eq 2 ]
		change
	fi
	night
	ANCHORE_ADMIN_SPEED=2000000000 expect 0 cron run
	silent
	[ "$(state .last)" = 2023-11-16T22:13:20Z ]
	kill -0 "$waits"
	kill -TERM "$waits"
	wait "$waits" || rc=$?
	[ "$rc" -eq 143 ]
	[ "$(state .last)" = 2023-11-16T22:13:20Z ]
	echo 'schedule_jitter: soon' >>"$DEPLOY/anchore-admin.yaml"
	sed -i '/20000d/d' "$DEPLOY/anchore-admin.yaml"
	expect 2 cron run
	talks 'schedule_jitter wants a time'
}

@test "a link that another user put into the folder of metrics leads nowhere" {
	mkdir "$DEPLOY/textfiles"
	echo "metrics_file: textfiles/anchore.prom" >>"$DEPLOY/anchore-admin.yaml"
	echo precious >"$BATS_TEST_TMPDIR/victim"
	chmod 600 "$BATS_TEST_TMPDIR/victim"
	ln -s "$BATS_TEST_TMPDIR/victim" "$DEPLOY/textfiles/.tmp-anchore.prom"
	expect 0 cron run
	silent
	[ "$(cat "$BATS_TEST_TMPDIR/victim")" = precious ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/victim")" = 600 ]
	[ -f "$DEPLOY/textfiles/anchore.prom" ]
}
