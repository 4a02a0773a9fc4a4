#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2153 # bats runs each test in a shell of its own; lib and cycle share names
# An operator's own programs around backup, restore, upgrade and downgrade.

load lib
load cycle

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

setup() {
	deployment_make
	CALLS=$BATS_TEST_TMPDIR/calls
	export CALLS
}

teardown() {
	tool_end
	[ -z "${SUPERVISOR:-}" ] || supervisor_stop
	databases_drop
}

# hook PHASE-COMMAND NAME [STATUS]: notes what it was told, and ends with the status.
hook() {
	local file=$DEPLOY/hooks/$1.d/$2
	mkdir -p "${file%/*}"
	cat >"$file" <<-SH
		#!/bin/sh
		echo "\$ANCHORE_ADMIN_HOOK $2 status=\$ANCHORE_ADMIN_HOOK_STATUS from=\$ANCHORE_ADMIN_HOOK_FROM to=\$ANCHORE_ADMIN_HOOK_TO snapshot=\$ANCHORE_ADMIN_HOOK_SNAPSHOT" >>"$CALLS"
		env >"$CALLS.env.\$ANCHORE_ADMIN_HOOK"
		echo "words of $2"
		exit ${3:-0}
	SH
	chmod 755 "$file"
}

called() {
	if ! diff <(printf '%s\n' "$@") <(cut -d ' ' -f 1,2 "$CALLS" 2>/dev/null); then
		show "other hooks ran"
		return 1
	fi
}

@test "before and after a backup, in byte order, with what they need to know and no password" {
	hook pre-backup 20-b
	hook pre-backup 10-a
	hook post-backup z
	# None of these has a name that counts, or can run.
	hook pre-backup 10-a.bak
	hook pre-backup 10-a~
	hook pre-backup .hidden
	hook pre-backup plain
	chmod 644 "$DEPLOY/hooks/pre-backup.d/plain"
	mkdir "$DEPLOY/hooks/pre-backup.d/folder"
	PGPASSWORD=verysecret ANCHORE_ADMIN_DATABASE="$DB password=verysecret" expect 0 backup
	called 'pre-backup 10-a' 'pre-backup 20-b' 'post-backup z'
	talks 'words of 10-a' 'words of z'
	local id
	id=$(tool snapshot list --json | jq -r '.snapshots[0].id')
	grep -qx "post-backup z status=0 from=0.0.6 to= snapshot=$id" "$CALLS"
	grep -qx 'pre-backup 10-a status= from= to= snapshot=' "$CALLS"
	contains "$(cat "$CALLS.env.post-backup")" '^ANCHORE_ADMIN_HOOK_COMMAND=backup$' \
		'^ANCHORE_ADMIN_HOOK_RUN=[0-9a-f]{16}$' '^ANCHORE_ADMIN_HOOK_DATABASE=anchore$' '^ANCHORE_ADMIN_HOOK_ERROR=$' \
		"^ANCHORE_ADMIN_CONFIG=$DEPLOY/anchore-admin.yaml$" "^ANCHORE_ADMIN_STORE=$STORE$"
	run ! grep -r verysecret "$CALLS".env.*
	expect 0 backup --quiet
	[ -z "$stderr" ]
}

@test "63 stops it, anything else is a warning, and what comes after sees how it ended" {
	hook pre-backup 10-a 1
	hook pre-backup 20-b
	hook post-backup z 1
	expect 0 backup
	talks 'warning: the hook .*/10-a: .*status 1' 'warning: the hook .*/z'
	called 'pre-backup 10-a' 'pre-backup 20-b' 'post-backup z'
	: >"$CALLS"
	hook pre-backup 10-a 63
	local before
	before=$(find "$STORE" -name '*.tar' | wc -l)
	expect 3 backup
	talks 'stopped by the hook .*/10-a' 'hint: '
	called 'pre-backup 10-a' 'post-backup z'
	grep -q 'status=3' "$CALLS"
	contains "$(cat "$CALLS.env.post-backup")" '^ANCHORE_ADMIN_HOOK_ERROR=stopped by the hook'
	[ "$(find "$STORE" -name '*.tar' | wc -l)" -eq "$before" ]
	# 63 afterwards stops nothing.
	hook pre-backup 10-a
	hook post-backup z 63
	expect 0 backup
}

@test "what comes after runs after a failure and after a signal, too" {
	hook post-backup z
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	expect 5 backup
	grep -q '^post-backup z status=5' "$CALLS"
	: >"$CALLS"
	sed -i 's/dbname=gone/dbname=anchore/' "$DEPLOY/anchore-admin.yaml"
	ANCHORE_ADMIN_FAULT=backup-snapshot:1:term expect 143 backup
	grep -q '^post-backup z status=143' "$CALLS"
}

@test "a program or a folder that others may write is not run" {
	hook pre-backup mine
	hook pre-backup open
	chmod o+w "$DEPLOY/hooks/pre-backup.d/open"
	expect 0 backup
	called 'pre-backup mine'
	talks 'warning: .*open.*everyone may write' 'chmod o-w'
	: >"$CALLS"
	chmod o+w "$DEPLOY/hooks/pre-backup.d"
	expect 0 backup
	[ ! -s "$CALLS" ]
	talks 'warning: .*pre-backup.d.*everyone may write'
	chmod o-w "$DEPLOY/hooks/pre-backup.d" "$DEPLOY/hooks/pre-backup.d/open"
	[ "$(id -u)" -eq 0 ] || return 0
	chown postgres "$DEPLOY/hooks/pre-backup.d/open"
	expect 0 backup
	called 'pre-backup mine'
	talks 'chown root'
}

# Who adopts it may take its time to bury it.
is_dead() {
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 0
	[ "$state" = Z ]
}

@test "one that does not end is ended, with all that it started" {
	mkdir -p "$DEPLOY/hooks/pre-backup.d"
	printf '#!/bin/sh\nsleep 1000 &\necho $! >%s\nwait\n' "$CALLS" >"$DEPLOY/hooks/pre-backup.d/slow"
	chmod 755 "$DEPLOY/hooks/pre-backup.d/slow"
	ANCHORE_ADMIN_SPEED=3600 expect 0 backup
	talks 'warning: .*slow was ended'
	eventually is_dead "$(cat "$CALLS")"
}

@test "one that leaves a process behind is not waited for" {
	mkdir -p "$DEPLOY/hooks/pre-backup.d"
	printf '#!/bin/sh\nsleep 1000 &\necho $! >%s\n' "$CALLS" >"$DEPLOY/hooks/pre-backup.d/daemon"
	chmod 755 "$DEPLOY/hooks/pre-backup.d/daemon"
	LIMIT=60 expect 0 backup
	kill "$(cat "$CALLS")"
}

@test "around upgrade, downgrade and restore, when they are to happen and not with --dry-run" {
	local command
	for command in backup upgrade downgrade restore; do
		hook pre-$command p
		hook post-$command q
	done
	expect 0 backup
	: >"$CALLS"
	expect 0 upgrade --dry-run
	expect 3 upgrade
	[ ! -s "$CALLS" ]
	expect 0 upgrade --yes
	called 'pre-upgrade p' 'post-upgrade q'
	grep -q '^post-upgrade q status=0 from=0.0.6 to=0.0.7 snapshot=[0-9a-f]' "$CALLS"
	: >"$CALLS"
	expect 0 downgrade --to 0.0.6 --by snapshot --yes
	called 'pre-downgrade p' 'post-downgrade q'
	grep -q '^post-downgrade q status=0 from=0.0.7 to=0.0.6 ' "$CALLS"
	: >"$CALLS"
	expect 0 restore latest --dry-run
	[ ! -s "$CALLS" ]
	expect 0 restore latest --yes
	called 'pre-restore p' 'post-restore q'
	: >"$CALLS"
	hook pre-restore p 63
	local before
	before=$(sql postgres "SELECT oid FROM pg_database WHERE datname = 'anchore'")
	expect 3 restore --undo --yes
	called 'pre-restore p' 'post-restore q'
	[ "$(sql postgres "SELECT oid FROM pg_database WHERE datname = 'anchore'")" = "$before" ]
	: >"$CALLS"
	hook pre-upgrade p 63
	expect 0 backup
	expect 3 upgrade --yes
	[ "$(db_version)" = 0.0.6 ]
}

@test "the scheduled job runs them when it takes a snapshot, and keeps quiet about them" {
	hook pre-backup p
	hook post-backup q
	expect 0 cron run
	[ -z "$output$stderr" ]
	called 'pre-backup p' 'post-backup q'
	# Where the server had not written its log by then, the next one still has to read.
	sql postgres CHECKPOINT
	expect 0 cron run
	: >"$CALLS"
	expect 0 cron run
	[ ! -s "$CALLS" ]
}

@test "in the scheduled job they run when the database cannot be reached, too" {
	hook pre-backup p
	hook post-backup q
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	expect 5 cron run
	called 'pre-backup p' 'post-backup q'
	grep -q '^post-backup q status=5' "$CALLS"
	: >"$CALLS"
	hook pre-backup p 63
	expect 3 cron run
	called 'pre-backup p' 'post-backup q'
}

@test "one that prints without end does not fill the memory, and its last words are shown" {
	mkdir -p "$DEPLOY/hooks/pre-backup.d"
	printf '#!/bin/sh\nhead -c 500000000 /dev/zero | tr "\\0" "\\n"\necho last words\n' >"$DEPLOY/hooks/pre-backup.d/much"
	chmod 755 "$DEPLOY/hooks/pre-backup.d/much"
	(ulimit -d 300000 && cd "$DEPLOY" && timeout 60 "$ANCHORE_ADMIN" backup >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err")
	grep -qx 'last words' "$BATS_TEST_TMPDIR/err"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/err")" -lt 1000000 ]
}

@test "hooks-dir names another folder; one that is not there is said" {
	hook pre-backup p
	mv "$DEPLOY/hooks" "$DEPLOY/mine"
	expect 0 backup
	[ ! -s "$CALLS" ]
	echo "hooks_dir: mine" >>"$DEPLOY/anchore-admin.yaml"
	expect 0 backup
	called 'pre-backup p'
	expect 0 backup --hooks-dir "$DEPLOY/nowhere"
	talks 'there is no .*/nowhere'
}

# told WORDS...: the hooks that ran since the last time, and what each was told besides the snapshot, a line each.
told() {
	if ! diff <(printf '%s\n' "$@") <(sed 's/ [pq] / /; s/ snapshot=.*//' "$CALLS" 2>/dev/null); then
		show "other hooks ran, or were told something else"
		return 1
	fi
	: >"$CALLS"
}

@test "around a downgrade by SQL: once each, with the versions and the snapshot; 63 before it changes nothing" {
	local before id
	expect 0 backup
	expect 0 upgrade --yes
	expect 0 backup
	id=$(tool snapshot list --json | jq -r '.snapshots[0].id')
	hook pre-downgrade p 63
	hook post-downgrade q
	before=$(database_digest; sql anchore "SELECT count(*) FROM anchore_admin.journal"; cat "$DEPLOY/anchore-admin.yaml")
	expect 3 downgrade --to 0.0.6 --by edges --yes
	talks 'stopped by the hook .*pre-downgrade.d/p' 'hint: .*anchore-admin downgrade'
	told 'pre-downgrade status= from=0.0.7 to=0.0.6' 'post-downgrade status=3 from=0.0.7 to=0.0.6'
	diff <(echo "$before") <(database_digest; sql anchore "SELECT count(*) FROM anchore_admin.journal"
		cat "$DEPLOY/anchore-admin.yaml")
	hook pre-downgrade p
	ANCHORE_ADMIN_FAULT=upgrade-before-commit:1:fail expect 1 downgrade --to 0.0.6 --by edges --yes
	told 'pre-downgrade status= from=0.0.7 to=0.0.6' 'post-downgrade status=1 from=0.0.7 to=0.0.6'
	expect 0 downgrade --to 0.0.6 --by edges --yes
	[ "$(sed 's/.* snapshot=//' "$CALLS" | sort -u)" = "$id" ]
	contains "$(cat "$CALLS.env.post-downgrade")" '^ANCHORE_ADMIN_HOOK_COMMAND=downgrade$' '^ANCHORE_ADMIN_HOOK_ERROR=$'
	told 'pre-downgrade status= from=0.0.7 to=0.0.6' 'post-downgrade status=0 from=0.0.7 to=0.0.6'
	[ "$(db_version)" = 0.0.6 ]
	expect 0 downgrade --to 0.0.6 --yes
	[ ! -s "$CALLS" ]
}

@test "around a killed upgrade and the run that settles it; the snapshot that the run takes is told afterwards" {
	local command running
	services_make
	supervisor_start
	for command in backup upgrade downgrade; do
		hook pre-$command p
		hook post-$command q
	done
	ANCHORE_ADMIN_FAULT=cycle-repin:1:kill expect 137 upgrade --to 0.2.4 --yes
	told 'pre-upgrade status= from=0.0.6 to=0.0.7'
	hook pre-upgrade p 63
	expect 3 upgrade --to 0.2.4 --yes
	told 'pre-upgrade status= from=0.0.7 to=0.0.7' 'post-upgrade status=3 from=0.0.7 to=0.0.7'
	states_are stopped stopped stopped
	[ "$(engine_pinned)" = 0.2.1 ]
	hook pre-upgrade p
	expect 0 upgrade --to 0.2.4 --yes
	told 'pre-upgrade status= from=0.0.7 to=0.0.7' 'post-upgrade status=0 from=0.0.7 to=0.0.7'
	at 0.0.7 0.2.4
	expect 0 upgrade --to 0.2.4 --yes
	[ ! -s "$CALLS" ]
	# Nothing is stopped where a hook forbids it.
	running=$(processes)
	hook pre-downgrade p 63
	expect 3 downgrade --to 0.2.1 --by edges --yes
	[ "$(processes)" = "$running" ]
	at 0.0.7 0.2.4
	: >"$CALLS"
	hook pre-downgrade p
	expect 0 downgrade --to 0.2.1 --by edges --yes
	at 0.0.6 0.2.1
	grep -qx "pre-downgrade p .* snapshot=" "$CALLS"
	grep -qx "post-downgrade q .* snapshot=$(tool snapshot list --json | jq -r '.snapshots[0].id')" "$CALLS"
	told 'pre-downgrade status= from=0.0.7 to=0.0.6' 'post-downgrade status=0 from=0.0.7 to=0.0.6'
}
