#!/usr/bin/env bats
# What starts the scheduled job: cron install, status, remove.

load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

setup() {
	deployment_make
	root_make
	NIGHT=1700000000
	export ANCHORE_ADMIN_NOW=$NIGHT
}

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
	run ! grep "$ROOT\|^anchore-admin" <<<"$output"
}

# A systemctl that notes what it is asked, and links what it enables.
systemctl_make() {
	local wants=$ROOT/etc/systemd/system/timers.target.wants
	mkdir -p "$ROOT/etc/systemd/system" "$ROOT/run/systemd/system" "$ROOT/bin"
	cat >"$ROOT/bin/systemctl" <<-SH
		#!/bin/sh
		echo "\$@" >>$ROOT/calls
		mkdir -p $wants
		case \$1 in
		enable) ln -sf "../\$3" "$wants/\$3" ;;
		disable) rm -f "$wants/\$3" ;;
		esac
	SH
	chmod 755 "$ROOT/bin/systemctl"
	PATH=$ROOT/bin:$PATH
}

@test "a systemd timer takes the place of the cron file, and the other way round" {
	mkdir -p "$ROOT/etc/systemd/system" "$ROOT/run/systemd/system" "$ROOT/bin"
	systemctl_make
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
	[ -z "$(find "$ROOT/etc/systemd/system" ! -type d)" ]
	grep -qx 'disable --now anchore-admin-backup-deployment.timer' "$ROOT/calls"
}

@test "bad times, no settings file, no root, no folder: said, and nothing is written" {
	local at
	for at in '61 3 * * *' '17 3 * *' 'x 3 * * *' '0 0 31 2 *' '@daily' '' '5-1 * * * *' '3/2 * * * *'; do
		expect 2 cron install --at "$at"
		one_error
	done
	expect 2 cron install --systemd --at '0 4 13 * fri'
	talks either 'without .--systemd'
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
	local file kind
	for file in cron.d/anchore-admin-backup systemd/anchore-admin-backup.timer systemd/anchore-admin-backup.service; do
		kind=()
		[ "${file%%/*}" = cron.d ] || kind=(--systemd)
		expect 0 cron install --dry-run --json --config "$BATS_TEST_TMPDIR/etc/anchore-admin/anchore-admin.yaml" \
			"${kind[@]}"
		jq -j --arg name "${file#*/}" '.files[] | select(.path | endswith("/" + $name)) | .text' <<<"$output" |
			sed "s|$ANCHORE_ADMIN|/usr/local/bin/anchore-admin|; s|$BATS_TEST_TMPDIR/etc|/etc|" |
			diff "$SRCDIR/contrib/$file" -
	done
	[ -z "$(ls "$ROOT/etc/cron.d")" ]
}

@test "installed, and nothing ever starts it: that is noticed, whatever was installed again since" {
	local file=$ROOT/etc/cron.d/anchore-admin-backup-deployment
	expect 0 cron install
	touch -d "@$NIGHT" "$file"
	ANCHORE_ADMIN_NOW=$((NIGHT + 3600))
	expect 0 cron status
	ANCHORE_ADMIN_NOW=$((NIGHT + 5 * 86400))
	expect 1 cron status
	talks '5 runs did not happen' 'has never run, and is installed since 2023-11-14' 'systemctl status cron'
	expect 0 cron install
	expect 1 cron status
	expect 1 doctor
	says 'problem +schedule +.*was due 5 times since it was installed, and has never run' 'systemctl status cron'
	expect 0 cron run
	expect 0 cron status
}

@test "a job is found by its line, whatever others' files came and went and however the path is written" {
	local file=$ROOT/etc/cron.d/anchore-admin-backup-deployment
	echo '# mine' >"$file"
	expect 0 cron install
	rm "$file"
	expect 0 cron status
	says "installed +$file-2$"
	expect 0 cron install --config "$DEPLOY/../deployment/./anchore-admin.yaml" --at '5 5 * * *'
	[ "$(ls "$ROOT/etc/cron.d")" = anchore-admin-backup-deployment-2 ]
	grep -q -- "--config $DEPLOY/anchore-admin.yaml$" "$file-2"
	ln -s deployment "$BATS_TEST_TMPDIR/link"
	expect 0 cron status --config "$BATS_TEST_TMPDIR/link/anchore-admin.yaml"
	says "installed +$file-2$" '5 5 '
	expect 0 cron remove --config ./anchore-admin.yaml
	[ -z "$(ls "$ROOT/etc/cron.d")" ]
	# A link that leads nowhere is somebody's, too.
	ln -s "$ROOT/nowhere" "$file"
	expect 0 cron install
	[ -L "$file" ]
	[ -f "$file-2" ]
}

@test "another's service of that name is neither written over nor taken away" {
	systemctl_make
	local unit=$ROOT/etc/systemd/system/anchore-admin-backup-deployment
	echo '# mine' >"$unit.service"
	expect 0 cron install --systemd
	[ "$(cat "$unit.service")" = '# mine' ]
	[ -f "$unit-2.timer" ]
	expect 0 cron remove
	[ "$(cat "$unit.service")" = '# mine' ]
	rm "$unit.service"
	expect 0 cron install --systemd
	echo '# mine' >"$unit.service"
	expect 3 cron install --systemd --at '0 1 * * *'
	one_error
	expect 0 cron remove
	[ "$(cat "$unit.service")" = '# mine' ]
	[ ! -e "$unit.timer" ]
}

@test "a timer that is not enabled, and one whose times were changed by hand" {
	systemctl_make
	local unit=$ROOT/etc/systemd/system/anchore-admin-backup-deployment
	expect 0 cron install --systemd
	expect 0 cron status
	says 'at +17 3 '
	sed -i 's/^OnCalendar=.*/OnCalendar=hourly/' "$unit.timer"
	expect 0 cron status
	says 'at +not to be read'
	expect 0 cron install --systemd
	mkdir "$unit.timer.d"
	expect 0 cron status
	says 'at +not to be read'
	rmdir "$unit.timer.d"
	rm "$ROOT/etc/systemd/system/timers.target.wants/anchore-admin-backup-deployment.timer"
	expect 1 cron status
	talks 'is not enabled' 'systemctl enable --now anchore-admin-backup-deployment.timer'
	expect 1 doctor
	says 'problem +schedule +.*is not enabled' 'systemctl enable --now anchore-admin-backup-deployment.timer'
	# Where systemd does not run, as in an image that is being built, nobody is told that all is well.
	expect 0 cron remove
	rmdir "$ROOT/run/systemd/system"
	expect 0 cron install --systemd
	talks 'not enabled' 'systemctl enable'
}

@test "what the job would not see is refused: it reads the settings file alone" {
	expect 2 cron install --keep-daily 7
	one_error
	talks 'keep-daily' 'set .keep_daily. in that file'
	ANCHORE_ADMIN_STORE=$BATS_TEST_TMPDIR/other expect 2 cron install
	one_error
	talks 'unset ANCHORE_ADMIN_STORE'
	[ -z "$(ls "$ROOT/etc/cron.d")" ]
	expect 0 cron install --at $' 5\t4  * * * '
	expect 0 cron status
	says 'at +5 4 \* \* \*$'
}
