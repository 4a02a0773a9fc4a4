#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2153 # bats runs each test in a shell of its own
# doctor: looks at all that a deployment stands on, says what to fix and the command for it, and changes nothing.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	# Where the job would be installed; the machine's own is nobody's business.
	export ANCHORE_ADMIN_ROOT=$BATS_TEST_TMPDIR/root
}
teardown() {
	session_close
	if [ -n "${EMBEDDED:-}" ]; then
		if [ -e "$EMBEDDED/data/here/postmaster.pid" ]; then
			as_postgres timeout 60 "$PGBIN/pg_ctl" -D "$EMBEDDED/data/here" -m immediate -w stop >/dev/null || true
		fi
		rm -rf "$EMBEDDED"
		export PGHOST=$SERVER PGUSER=postgres
	fi
	databases_drop
}

# found LEVEL CHECK WORDS [REMEDY]: the last run has this finding.
found() {
	if ! grep -Eqi -- "^$1 +$2 +.*$3" <<<"$output"; then
		show "no such finding: $*"
		return 1
	fi
	[ $# -lt 4 ] || says "^ +[0-9]+  $2: .*$4"
}

# Everything that this may see, as it is: whoever only looks leaves it so.
state_of_all() {
	(
		cd "$BATS_TEST_TMPDIR" && find . -mindepth 1 ! -path './tool.*' ! -name 'separate-*' -printf '%p %m %u %s %T@\n' | sort
		find . -type f ! -path './tool.*' ! -name 'separate-*' -exec sha256sum {} + | sort
	)
	sql postgres "SELECT datname, datdba, shobj_description(oid, 'pg_database') FROM pg_database ORDER BY 1"
	sql postgres "SELECT pg_snapshot_xmax(pg_current_snapshot())"
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname = 'anchore'")" ] || database_digest
}

@test "a deployment that is well: 0, and nothing is changed" {
	expect 0 backup
	expect 0 snapshot verify --restore
	mkdir -p "$DEPLOY/hooks/post-backup.d"
	printf '#!/bin/sh\n' >"$DEPLOY/hooks/post-backup.d/tell"
	chmod 755 "$DEPLOY/hooks/post-backup.d/tell"
	before=$(state_of_all)
	expect 0 doctor
	diff <(echo "$before") <(state_of_all)
	found ok settings "anchore-admin.yaml is understood"
	found ok migrations "all as committed"
	found ok database "\"anchore\" answers on PostgreSQL"
	found ok tools "pg_dump and pg_restore are of version .*fits the server"
	found ok version "at version 0\.0\.6"
	found ok catalog "is what version 0\.0\.6 has"
	found ok rights "\"engine\" may back up, upgrade and restore"
	found ok store "whole as far as the manifests say"
	found ok room "free in the store"
	found ok clock "agree"
	found ok snapshots "the newest, [0-9a-f]{12}, is"
	found ok snapshots "was proven .* ago"
	found ok leftovers "no database of an earlier restore"
	found note schedule "no scheduled job is installed" "anchore-admin cron install"
	found ok hooks "1 hook in"
	says_not problem
	expect 0 doctor --quiet
}

@test "--json is one documented object" {
	expect 0 backup
	expect 0 doctor --json
	python3 -c 'import json,sys
answer = json.load(sys.stdin)
assert set(answer) == {"schema", "at", "healthy", "problems", "notes", "checks"}, answer
assert answer["healthy"] is True and answer["problems"] == 0, answer
assert answer["notes"] == sum(c["level"] == "note" for c in answer["checks"]) > 0, answer
for check in answer["checks"]:
    assert set(check) == {"check", "level", "sentence", "remedy"}, check
    assert check["level"] in ("ok", "note", "problem"), check' <<<"$output"
	chmod 755 "$STORE"
	expect 1 doctor --json
	python3 -c 'import json,sys
answer = json.load(sys.stdin)
assert answer["healthy"] is False and answer["problems"] == 1, answer
[problem] = [c for c in answer["checks"] if c["level"] == "problem"]
assert problem["check"] == "store" and "chmod 700" in problem["remedy"], problem' <<<"$output"
}

@test "no settings, no database, no store: whatever can be looked at is" {
	DEPLOY=$BATS_TEST_TMPDIR/empty
	mkdir "$DEPLOY"
	unset PGHOST PGUSER
	expect 1 doctor
	found note settings "there is no settings file" "anchore-admin init DIR"
	found problem database "no database is named" "database"
	found problem store "no folder for snapshots" "store"
	found ok tools "pg_dump"
	[ -z "$(ls -A "$DEPLOY")" ]
	talks "^anchore-admin: [0-9]+ problems, the first: " "^hint: "
}

@test "a settings file with a mistake, one that others may write, one that holds a password" {
	expect 0 backup
	cp "$DEPLOY/anchore-admin.yaml" "$BATS_TEST_TMPDIR/good"
	echo "stor: x" >>"$DEPLOY/anchore-admin.yaml"
	expect 1 doctor
	found problem settings "unknown key .stor." "did you mean .store."
	# What stands before the mistake counts, so the rest is looked at.
	found ok catalog "0\.0\.6"
	echo "{" >"$DEPLOY/anchore-admin.yaml"
	expect 1 doctor
	found problem settings "anchore-admin.yaml"
	cp "$BATS_TEST_TMPDIR/good" "$DEPLOY/anchore-admin.yaml"
	chmod 666 "$DEPLOY/anchore-admin.yaml"
	expect 1 doctor
	found problem settings "can be written by others" "chmod go-w"
	chmod 644 "$DEPLOY/anchore-admin.yaml"
	sed -i "s/user=engine/user=engine password=secret-word/" "$DEPLOY/anchore-admin.yaml"
	expect 1 doctor
	found problem settings "holds a password" "chmod 600"
	says_not secret-word
	expect 1 doctor --config "$DEPLOY/missing.yaml"
	found problem settings "missing.yaml"
}

@test "a database that is not there, not an engine's, of no version, of another schema" {
	expect 0 backup
	expect 1 doctor --database "host=$BATS_TEST_TMPDIR dbname=anchore user=engine"
	found problem database "cannot connect"
	found note database "its schema, rights, the server's clock and room,.* were not looked at"
	found ok store "whole"
	found ok snapshots "the newest"
	expect 1 doctor --database "host=$SOCKET dbname=missing user=engine"
	found problem database "missing"
	database_make void template0
	expect 1 doctor --database "host=$SOCKET dbname=void user=engine"
	found problem version "is empty" "database"
	sql anchore "ALTER TABLE users DROP COLUMN email"
	expect 1 doctor
	found problem catalog "1 difference, the first: .*email" "anchore-admin db check"
	sql anchore "DELETE FROM anchore"
	expect 1 doctor
	found problem version "table anchore is empty" "anchore-admin restore latest"
}

@test "rights that are missing" {
	sql postgres "DROP ROLE IF EXISTS weak"
	sql postgres "CREATE ROLE weak LOGIN; GRANT pg_read_all_data TO weak"
	sql postgres "REVOKE TEMPORARY ON DATABASE anchore FROM PUBLIC"
	expect 0 backup
	expect 1 doctor --database "host=$SOCKET dbname=anchore user=weak"
	found problem rights "may not create databases" "ALTER ROLE \"weak\" CREATEDB"
	found problem rights "does not own [0-9]+ relations"
	sql postgres "ALTER ROLE engine SET default_transaction_read_only = on"
	expect 1 doctor
	found problem rights "default_transaction_read_only is set to on" "RESET default_transaction_read_only"
	sql postgres "ALTER ROLE engine RESET default_transaction_read_only"
}

@test "clients that are too old, or missing" {
	expect 0 backup
	expect 1 doctor --pg-bindir "$BATS_TEST_TMPDIR"
	found problem tools "pg_dump" "install|pg-bindir|bin"
	found ok catalog "0\.0\.6"
}

@test "clocks: the server's against ours, and what is newest against now" {
	expect 0 backup
	ANCHORE_ADMIN_NOW=$(($(date +%s) - 3600)) expect 1 doctor
	found problem clock "ahead of this machine"
	found problem clock "snapshot [0-9a-f]{12} is from .* in the future" "timedatectl"
	ANCHORE_ADMIN_NOW=$(($(date +%s) + 3600)) expect 1 doctor
	found problem clock "behind this machine"
}

@test "a store with what does not belong there, and one that is at work" {
	expect 0 backup
	archive=$(newest_snapshot)
	head -c 20000 "$archive" >"$STORE/anchore-0.0.6-20200101T000000Z.tar"
	echo hello >"$STORE/mine.tar"
	echo x >"$STORE/.tmp-1"
	expect 1 doctor
	found problem store "damaged files: anchore-0\.0\.6-20200101T000000Z\.tar: " "snapshot list"
	found note store "no snapshots: mine\.tar"
	found note store "a run that was killed left \.tmp-1"
	rm "$STORE/anchore-0.0.6-20200101T000000Z.tar" "$STORE/mine.tar" "$STORE/.tmp-1"
	exec 8>>"$STORE/lock"
	flock 8
	expect 0 doctor
	found note store "process [0-9]+ works on the deployment"
	flock -u 8
	expect 0 doctor --store "$BATS_TEST_TMPDIR/none" || [ "$status" -eq 1 ]
	found note store "there is no folder .*none yet"
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
	touch "$BATS_TEST_TMPDIR/file"
	expect 1 doctor --store "$BATS_TEST_TMPDIR/file"
	found problem store "is no folder|file"
}

@test "snapshots: none, old, damaged, not restored, proven asked for" {
	expect 1 doctor
	found problem snapshots "none of this deployment" "anchore-admin backup"
	expect 0 backup
	expect 0 doctor
	found note snapshots "none is proven" "snapshot verify --restore"
	expect 1 doctor --upgrade-require proven
	found problem snapshots "none is proven" "snapshot verify --restore"
	sql anchore "UPDATE users SET email = 'x'"
	ANCHORE_ADMIN_NOW=$(($(date +%s) + 864000)) expect 1 doctor
	found problem snapshots "the newest, .*old; whether anything was written since" "anchore-admin backup"
	damage "$(newest_snapshot)" data/
	expect 6 snapshot verify
	expect 1 doctor
	found problem snapshots "found damaged when they were read: [0-9a-f]{12}" "anchore-admin backup"
}

@test "SQL files that are not as committed, or not there" {
	expect 0 backup
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/repo"
	echo "-- more" >>"$BATS_TEST_TMPDIR/repo/sql/0.0.6--0.0.7.sql"
	expect 1 doctor --migrations "$BATS_TEST_TMPDIR/repo/sql"
	found problem migrations "0\.0\.6--0\.0\.7\.sql" "git"
	expect 1 doctor --migrations "$BATS_TEST_TMPDIR/nowhere"
	found problem migrations "nowhere"
	found ok store "whole"
}

@test "databases that a restore kept, or that a killed one left" {
	expect 0 backup
	expect 0 restore latest --yes
	expect 0 doctor
	found note leftovers "1 database of earlier restores, .* is kept"
	ANCHORE_ADMIN_FAULT=restore-check:1:kill run tool snapshot verify --restore
	[ "$status" -eq 137 ]
	left=$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore\_incoming\_%'")
	[ -n "$left" ]
	eventually test "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = '$left'")" = 0
	expect 0 doctor
	found note leftovers "database $left is what a restore that was killed left"
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname = '$left'")" = 1 ]
}

@test "hooks and metrics" {
	expect 0 backup
	mkdir -p "$DEPLOY/hooks/pre-backup.d"
	printf '#!/bin/sh\n' >"$DEPLOY/hooks/pre-backup.d/open"
	chmod 777 "$DEPLOY/hooks/pre-backup.d/open"
	expect 1 doctor
	found problem hooks "others may change .*/pre-backup\.d/open" "chmod o-w"
	# What looks like a hook and never runs.
	chmod 755 "$DEPLOY/hooks/pre-backup.d/open"
	printf '#!/bin/sh\n' | tee "$DEPLOY/hooks/pre-backup.d/tell.sh" >"$DEPLOY/hooks/pre-backup.d/plain"
	chmod 755 "$DEPLOY/hooks/pre-backup.d/tell.sh"
	mkdir "$DEPLOY/hooks/pre-backups.d"
	expect 0 doctor
	found note hooks "tell\.sh has other characters .*never run"
	found note hooks "plain is not executable, so it is never run" "chmod \+x"
	found note hooks "pre-backups\.d is of no command"
	found ok hooks "1 hook in"
	rm -r "$DEPLOY/hooks"
	expect 1 doctor --hooks-dir "$BATS_TEST_TMPDIR/nowhere"
	found problem hooks "there is no folder"
	expect 1 doctor --metrics-file "$BATS_TEST_TMPDIR/nowhere/a.prom"
	found problem metrics "may not write|nowhere" "mkdir -p"
	expect 1 doctor --metrics-file "$BATS_TEST_TMPDIR/a.txt"
	found problem metrics "does not end in \.prom"
	expect 0 doctor --metrics-file "$BATS_TEST_TMPDIR/a.prom"
	found ok metrics "can be written"
	[ ! -e "$BATS_TEST_TMPDIR/a.prom" ]
}

@test "the scheduled job: failing, and missed" {
	expect 0 backup
	now=$(date +%s)
	ANCHORE_ADMIN_FAULT=backup-verify:1:fail run --separate-stderr tool cron run
	sql anchore "UPDATE users SET email = 'x'"
	ANCHORE_ADMIN_FAULT=backup-verify:1:fail run --separate-stderr tool cron run
	[ "$status" -ne 0 ]
	expect 1 doctor
	found problem schedule "the scheduled job fails, .*: .*fault backup-verify"
	expect 0 cron run
	expect 0 doctor
	found ok schedule "the scheduled job runs"
	mkdir -p "$ANCHORE_ADMIN_ROOT/etc/cron.d"
	if [ "$(id -u)" -eq 0 ]; then
		expect 0 cron install
		expect 0 doctor
		found ok schedule "/etc/cron\.d/[^ ]+ succeeded"
		ANCHORE_ADMIN_NOW=$((now + 864000)) expect 1 doctor
		found problem schedule "was due [0-9]+ times since it last ran" "cron run"
	fi
}

@test "the job of another deployment is not this one's" {
	expect 0 backup
	mkdir -p "$ANCHORE_ADMIN_ROOT/etc/cron.d" "$BATS_TEST_TMPDIR/other"
	cp "$DEPLOY/anchore-admin.yaml" "$BATS_TEST_TMPDIR/other"
	expect 0 cron install --config "$BATS_TEST_TMPDIR/other/anchore-admin.yaml"
	expect 0 doctor
	found note schedule "no scheduled job is installed" "anchore-admin cron install"
	# Nor one that was written by hand; without a settings file in it, it may be.
	echo '1 1 * * * root anchore-admin backup --config /srv/x/anchore-admin.yaml' >"$ANCHORE_ADMIN_ROOT/etc/cron.d/hand"
	expect 0 doctor
	found note schedule "no scheduled job is installed"
	echo "1 1 * * * root cd $DEPLOY && anchore-admin backup" >"$ANCHORE_ADMIN_ROOT/etc/cron.d/hand"
	expect 0 doctor
	found note schedule "/hand has not run yet"
}

@test "a store of another user, one without store.json, and the command that mends it" {
	expect 0 backup
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres "$STORE"
		expect 1 doctor
		found problem store "belongs to another user" "chown -R"
		chown root "$STORE"
	fi
	cp "$STORE/store.json" "$BATS_TEST_TMPDIR/kept.json"
	rm "$STORE/store.json"
	expect 1 doctor
	found problem store "store\.json is gone" "echo"
	bash -c "$(grep -o 'echo [^`]*store\.json' <<<"$output")"
	diff <(jq -r .deployment "$BATS_TEST_TMPDIR/kept.json") <(jq -r .deployment "$STORE/store.json")
	expect 0 doctor
	found ok snapshots "the newest"
}

# on_disk OPTIONS ARGUMENTS...: the tool, with a small file system of its own on the folder DISK.
on_disk() {
	# shellcheck disable=SC2016 # the inner shell expands
	run --separate-stderr timeout 60 unshare -m --propagation private sh -c 'options=$1 && shift &&
		mount -t tmpfs -o "size=1m,mode=700" tmpfs "$DISK" && mount -o "remount,$options" "$DISK" &&
		cd "$DEPLOY" && exec "$ANCHORE_ADMIN" "$@"' - "$@" </dev/null
}

@test "the store's and the log folder's disk: full, and read-only" {
	unshare -m --propagation private true 2>/dev/null || lacking "no mount namespace can be made"
	expect 0 backup
	export DISK="$BATS_TEST_TMPDIR/a disk"
	mkdir "$DISK"
	# Also where no snapshot tells how much is needed.
	on_disk rw doctor --store "$DISK"
	[ "$status" -eq 1 ]
	found problem room "free in the store" "df -h '.*/a disk'"
	on_disk ro doctor --store "$DISK"
	found problem store "the file system of .*/a disk is read-only" "remount,rw"
	expect 0 doctor
	says_not '^[a-z]+ +logs'
	mkdir "$DEPLOY/log"
	expect 0 doctor
	found ok logs "are free for logs in .*/log"
	on_disk rw doctor --log-dir "$DISK"
	[ "$status" -eq 1 ]
	found problem logs "are free for logs in .*/a disk" "df -h '.*/a disk'"
	on_disk ro doctor --log-dir "$DISK"
	found problem logs "the file system of .*/a disk is read-only" "remount,rw"
}

@test "a log folder that is not this user's to write" {
	[ "$(id -u)" -eq 0 ] || lacking "another user is needed"
	expect 0 backup
	mkdir -m 755 "$SERVER/foreign-log" "$SERVER/foreign"
	cp "$ANCHORE_ADMIN" "$SERVER/foreign/tool"
	cp -r "$DEPLOY/anchore-admin.yaml" "$SERVER/foreign"
	run --separate-stderr as_postgres timeout 60 "$SERVER/foreign/tool" doctor --log-dir "$SERVER/foreign-log" \
		--config "$SERVER/foreign/anchore-admin.yaml"
	[ "$status" -eq 1 ]
	found problem logs "this user may not write to .*/foreign-log" "ls -ld"
	rm -r "$SERVER/foreign-log" "$SERVER/foreign"
}

@test "an embedded server that does not run is not started by looking" {
	EMBEDDED=$(mktemp -d /tmp/aa-doctor.XXXXXX)
	chmod 755 "$EMBEDDED"
	mkdir "$EMBEDDED/data" "$EMBEDDED/run"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$EMBEDDED/data" "$EMBEDDED/run"
	unset PGHOST PGUSER
	expect 0 init "$EMBEDDED/here" --embedded --engine 0.2.1 --migrations "$MIGRATIONS" \
		--embedded-data "$EMBEDDED/data/here" --embedded-socket "$EMBEDDED/run/here"
	DEPLOY=$EMBEDDED/here
	expect 0 doctor || [ "$status" -eq 1 ]
	found ok database "answers on PostgreSQL"
	expect 0 service stop
	expect 1 doctor
	found problem database "the embedded server .* does not run" "anchore-admin service start"
	[ ! -e "$EMBEDDED/data/here/postmaster.pid" ]
}
