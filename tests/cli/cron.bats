#!/usr/bin/env bats
# The scheduled job: cron run, install, status, remove.

load lib

setup_file() {
	server_start
	migrations_make
}

teardown_file() {
	server_stop
}

setup() {
	deployment_make
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT/etc/cron.d"
	export ROOT ANCHORE_ADMIN_ROOT=$ROOT
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

@test "a snapshot where something has changed, none where nothing has, and not a word" {
	expect 0 cron run
	silent
	[ "$(snapshots)" -eq 1 ]
	[ "$(state .outcome)" = done ]
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
	[ "$(state .outcome)" = done ]
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

# told / untold PATTERN: this run says it, or says nothing.
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
	expect 4 cron run
	silent
	[ "$(state .skipped)" != null ]
	tool_go
	[ "$status" -eq 0 ]
	[ "$(state .skipped)" != null ]
	[ "$(state .outcome)" = done ]
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
	# In the middle of a chunk: its size and its headers stay.
	python3 - "$first" <<-'PY'
		import sys, tarfile
		with tarfile.open(sys.argv[1]) as tar:
		    member = max((m for m in tar.getmembers() if m.name.endswith(".zst")), key=lambda m: m.size)
		with open(sys.argv[1], "r+b") as file:
		    file.seek(member.offset_data + member.size // 2)
		    byte = file.read(1)
		    file.seek(member.offset_data + member.size // 2)
		    file.write(bytes([byte[0] ^ 1]))
	PY
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
	! grep -q failing_since "$file"
	local success=$ANCHORE_ADMIN_NOW
	sed -i 's/dbname=anchore/dbname=gone/; s/engine: 0.2.1/engine: 0.2.4/' "$DEPLOY/anchore-admin.yaml"
	night 3
	expect 5 cron run
	contains "$(cat "$file")" '^anchore_admin_backup_exit_code 5$' '^anchore_admin_backup_missed_total 2$' \
		"^anchore_admin_backup_last_success_timestamp_seconds $success$" '^anchore_admin_upgrade_needed 1$' \
		"^anchore_admin_backup_failing_since_timestamp_seconds $ANCHORE_ADMIN_NOW$"
	# Each sample has its HELP and TYPE before it, and every name stands in one place.
	python3 - "$file" <<-'PY'
		import re, sys
		typed, seen, last = set(), set(), None
		for line in open(sys.argv[1]):
		    if line.startswith("# TYPE"):
		        typed.add(line.split()[2])
		    elif not line.startswith("#"):
		        name = re.match(r"([a-z_]+)(\{.*\})? [-0-9.e+]+$", line).group(1)
		        assert name in typed, line
		        assert name == last or name not in seen, line
		        seen.add(name)
		        last = name
		assert len(seen) >= 10
	PY
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

# ---- install, status, remove ----

@test "cron install writes one file, again the same, and cron remove takes away only what it made" {
	local file=$ROOT/etc/cron.d/anchore-admin-backup-deployment
	expect 0 cron install --at '5 4 * * mon'
	says "wrote $file"
	[ "$(stat -c %a "$file")" = 644 ]
	grep -qx "5 4 \* \* mon root $ANCHORE_ADMIN cron run --config $DEPLOY/anchore-admin.yaml" "$file"
	expect 0 cron status --json
	jq -e '.installed.kind == "cron" and .installed.at == "5 4 * * mon" and .next == "2023-11-20T04:05:00Z"' <<<"$output"
	expect 0 cron install
	grep -q '^17 3 \* \* \* root' "$file"
	[ "$(ls "$ROOT/etc/cron.d")" = anchore-admin-backup-deployment ]
	# What an operator changed in the line counts.
	sed -i 's/^17 3/18 3/' "$file"
	expect 0 cron status
	says 'at +18 3 \* \* \*'
	echo '0 0 * * * root true' >"$ROOT/etc/cron.d/other"
	expect 0 cron remove
	[ "$(ls "$ROOT/etc/cron.d")" = other ]
	expect 0 cron remove
	says 'nothing is installed'
	expect 0 cron status
	says 'installed +no'
}

@test "another's file of that name is left alone" {
	local file=$ROOT/etc/cron.d/anchore-admin-backup-deployment
	echo '# mine' >"$file"
	expect 0 cron install
	[ "$(cat "$file")" = '# mine' ]
	[ -f "$file-2" ]
	expect 0 cron remove
	[ "$(ls "$ROOT/etc/cron.d")" = anchore-admin-backup-deployment ]
}

@test "names that a shell, cron and systemd would misread arrive as they are" {
	local odd="$BATS_TEST_TMPDIR/it's 100% \$HOME"
	mkdir "$odd"
	cp "$DEPLOY/anchore-admin.yaml" "$odd/anchore-admin.yaml"
	expect 0 cron install --config "$odd/anchore-admin.yaml"
	local file line
	file=$(find "$ROOT/etc/cron.d" -type f)
	[[ ${file##*/} != *[!a-zA-Z0-9_-]* ]]
	line=$(tail -n 1 "$file" | cut -d ' ' -f 7-)
	# As cron does: an unescaped percent sign ends the command, an escaped one is one.
	[[ $line != *[!\\]%* ]]
	run sh -c "printf '%s\n' ${line//\\%/%}"
	[ "${lines[4]}" = "$odd/anchore-admin.yaml" ]
	command -v systemd-analyze >/dev/null || return 0
	mkdir -p "$ROOT/etc/systemd/system"
	expect 0 cron install --systemd --config "$odd/anchore-admin.yaml"
	run timeout 60 systemd-analyze verify --man=no "$ROOT"/etc/systemd/system/*.timer "$ROOT"/etc/systemd/system/*.service
	[ -z "$(grep "$ROOT\|^anchore-admin" <<<"$output")" ]
}

@test "a systemd timer takes the place of the cron file, and the other way round" {
	mkdir -p "$ROOT/etc/systemd/system" "$ROOT/run/systemd/system" "$ROOT/bin"
	printf '#!/bin/sh\necho "$@" >>%s/calls\n' "$ROOT" >"$ROOT/bin/systemctl"
	chmod 755 "$ROOT/bin/systemctl"
	PATH=$ROOT/bin:$PATH
	expect 0 cron install
	expect 0 cron install --systemd --at '30 2 * * 1-5'
	[ -z "$(ls "$ROOT/etc/cron.d")" ]
	local unit=$ROOT/etc/systemd/system/anchore-admin-backup-deployment
	grep -qx 'OnCalendar=Mon,Tue,Wed,Thu,Fri \*-\*-\* 02:30' "$unit.timer"
	grep -qx 'Persistent=true' "$unit.timer"
	grep -q "^ExecStart=$ANCHORE_ADMIN cron run --config $DEPLOY" "$unit.service"
	[ "$(cat "$ROOT/calls")" = "daemon-reload
enable --now anchore-admin-backup-deployment.timer" ]
	expect 0 cron status --json
	jq -e '.installed.kind == "systemd" and .installed.at == "30 2 * * 1-5"' <<<"$output"
	if command -v systemd-analyze >/dev/null; then
		timeout 60 systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$unit.timer")"
	fi
	expect 0 cron install
	[ -z "$(ls "$ROOT/etc/systemd/system")" ]
	grep -qx 'disable --now anchore-admin-backup-deployment.timer' "$ROOT/calls"
}

@test "bad times, no settings file, no root, no folder: said, and nothing is written" {
	local at
	for at in '61 3 * * *' '17 3 * *' 'x 3 * * *' '0 0 31 2 *' '@daily' '' '5-1 * * * *' '3/2 * * * *'; do
		expect 2 cron install --at "$at"
		one_error
	done
	expect 2 cron install --systemd --at '0 4 13 * fri'
	talks either 'without `--systemd`'
	[ -z "$(ls "$ROOT/etc/cron.d")" ]
	expect 1 cron install --systemd
	one_error
	run --separate-stderr timeout 20 env -C / "$ANCHORE_ADMIN" cron install --store "$STORE"
	[ "$status" -eq 2 ]
	talks 'settings file'
	if [ "$(id -u)" -eq 0 ]; then
		cp "$ANCHORE_ADMIN" "$SERVER/tool"
		printf 'store: /nowhere\n' >"$SERVER/anchore-admin.yaml"
		run --separate-stderr as_postgres env -u ANCHORE_ADMIN_ROOT "$SERVER/tool" cron install \
			--config "$SERVER/anchore-admin.yaml"
		[ "$status" -eq 3 ]
		talks 'only root' sudo
	fi
	rmdir "$ROOT/etc/cron.d"
	expect 1 cron install
	talks 'package cron' systemd
}

@test "what contrib holds is what cron install writes" {
	mkdir -p "$BATS_TEST_TMPDIR/etc/anchore-admin"
	cp "$DEPLOY/anchore-admin.yaml" "$BATS_TEST_TMPDIR/etc/anchore-admin"
	local file
	for file in cron.d/anchore-admin-backup systemd/anchore-admin-backup.timer systemd/anchore-admin-backup.service; do
		expect 0 cron install --dry-run --json --config "$BATS_TEST_TMPDIR/etc/anchore-admin/anchore-admin.yaml" \
			$([ "${file%%/*}" = cron.d ] || echo --systemd)
		jq -j --arg name "${file#*/}" '.files[] | select(.path | endswith("/" + $name)) | .text' <<<"$output" |
			sed "s|$ANCHORE_ADMIN|/usr/local/bin/anchore-admin|; s|$BATS_TEST_TMPDIR/etc|/etc|" |
			diff "$SRCDIR/contrib/$file" -
	done
	[ -z "$(ls "$ROOT/etc/cron.d")" ]
}
