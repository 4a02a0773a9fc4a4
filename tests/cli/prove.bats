#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2153 # bats runs each test in a shell of its own; lib and cycle share names
# snapshot verify --restore: a snapshot is restored into a scratch database, compared, and that is recorded; and the
# setting upgrade_require that asks for it.
load lib
load cycle

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() {
	tool_end
	session_close
	[ ! -e "$BATS_TEST_TMPDIR/services" ] || supervisor_stop
	databases_drop
}

databases() { sql postgres "SELECT datname FROM pg_database ORDER BY 1"; }

# one FIELD...: of the newest snapshot as `snapshot list --json` shows it, one a line.
one() {
	tool snapshot list --json | python3 -c 'import json,sys
one = json.load(sys.stdin)["snapshots"][0]
for path in sys.argv[1:]:
    value = one
    for key in path.split("."):
        value = value[key] if value is not None else None
    print(json.dumps(value))' "$@"
}

@test "a snapshot is proven, which is recorded; nothing is left and the database is as it was" {
	expect 0 backup
	before=$(database_digest)
	names=$(databases)
	[ "$(one proven verification proof | tr '\n' ' ')" = "false null null " ]
	ANCHORE_ADMIN_NOW=1893456000 expect 0 snapshot verify --restore
	says "is proven: .* rows in .* tables, restored on PostgreSQL [0-9.]+, compared and dropped in"
	[ "$(databases)" = "$names" ]
	diff <(echo "$before") <(database_digest)
	[ "$(one proven proof.at proof.failed verification.at verification.failed | tr '\n' ' ')" = \
		'true "2030-01-01T00:00:00Z" false "2030-01-01T00:00:00Z" false ' ]
	[ "$(one proof.server)" = "\"$(sql postgres "SELECT split_part(current_setting('server_version'), ' ', 1)")\"" ]
	expect 0 snapshot list
	says "whole, proven 2030-01-01T00:00:00Z"
	expect 0 snapshot show latest
	says "^proven +2030-01-01T00:00:00Z on PostgreSQL [0-9.]+, "
	expect 0 snapshot pin latest
	[ "$(one proven pinned | tr '\n' ' ')" = "true true " ]
	expect 0 db history
	says "snapshot verify"
}

@test "verify by digest records its time, too, and takes no lock" {
	expect 0 backup
	exec 8>>"$STORE/lock"
	flock 8
	ANCHORE_ADMIN_NOW=1893456000 expect 0 snapshot verify --json
	flock -u 8
	[ "$(one verification.at verification.failed proven | tr '\n' ' ')" = '"2030-01-01T00:00:00Z" false false ' ]
	python3 -c 'import json,sys
[one] = json.load(sys.stdin)["verified"]
assert one["verification"]["at"] == "2030-01-01T00:00:00Z" and one["verification"]["seconds"] >= 0, one' <<<"$output"
	expect 0 snapshot list
	says "whole, verified 2030-01-01T00:00:00Z"
}

@test "--restore while another run holds the lock: 4" {
	expect 0 backup
	exec 8>>"$STORE/lock"
	flock 8
	expect 4 snapshot verify --restore
	one_error
	[ "$(one proof)" = null ]
}

@test "a damaged archive: 6, before the server is asked, and a record; a later success takes its place" {
	expect 0 backup
	archive=$(newest_snapshot)
	for member in data/ schema.pgdump RESTORE.txt; do
		cp "$archive" "$BATS_TEST_TMPDIR/good"
		damage "$archive" "$member"
		names=$(databases)
		expect 6 snapshot verify --restore
		one_error
		[ "$(databases)" = "$names" ]
		[ "$(one proven proof.failed verification.failed | tr '\n' ' ')" = "false true true " ]
		expect 0 snapshot list
		says "found damaged .*$member"
		cp "$BATS_TEST_TMPDIR/good" "$archive"
		expect 0 snapshot verify --restore
		[ "$(one proven proof.failed proof.message | tr '\n' ' ')" = "true false null " ]
		damage "$archive" "$member"
		expect 6 snapshot verify
		[ "$(one proven proof.failed verification.failed | tr '\n' ' ')" = "false false true " ]
		cp "$BATS_TEST_TMPDIR/good" "$archive"
		rm -f "$archive.state"
	done
}

@test "a copy that differs is a failed proof, although every digest is right" {
	expect 0 backup
	tool_stopped restore-check snapshot verify --restore
	scratch=$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore\_incoming\_%'")
	sql "$scratch" "ALTER TABLE users ADD COLUMN surplus text"
	tool_go
	[ "$status" -eq 1 ]
	talks "differs from the snapshot in its schema" "^hint: "
	[ "$(one proven proof.failed verification | tr '\n' ' ')" = "false true null " ]
	expect 0 snapshot list
	says "not proven .*differs"
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
	expect 0 snapshot verify --restore
	[ "$(one proven)" = true ]
}

@test "a snapshot whose schema is not its version's is whole, but not proven" {
	sql anchore "ALTER TABLE users DROP COLUMN email"
	expect 0 backup
	expect 0 snapshot verify
	expect 1 snapshot verify --restore
	talks "is whole, but its schema is not that of version 0\.0\.6: 1 difference, the first: .*email" "anchore-admin db check"
	[ "$(one proven proof.failed verification.failed | tr '\n' ' ')" = "false true false " ]
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
}

@test "the deployment's database is neither locked nor connected to while it runs" {
	expect 0 backup
	tool_stopped restore-chunk snapshot verify --restore
	[ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'anchore'")" = 0 ]
	[ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'anchore\_incoming\_%'")" -ge 1 ]
	sql anchore "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE NOWAIT; UPDATE users SET email = 'x'; COMMIT"
	tool_go
	[ "$status" -eq 0 ]
	# What was restored is the snapshot's, whatever the database is by now.
	[ "$(one proven)" = true ]
	[ "$(sql anchore "SELECT count(*) FROM users WHERE email = 'x'")" = "$(sql anchore "SELECT count(*) FROM users")" ]
}

@test "it needs no database of the deployment, and drives no service" {
	expect 0 backup
	sql postgres "DROP DATABASE anchore"
	expect 0 snapshot verify --restore
	[ "$(one proven)" = true ]
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore%'")" = 0 ]
}

@test "a role that may not create databases is told so; nothing is recorded" {
	sql postgres "CREATE ROLE weak LOGIN" || true
	expect 0 backup
	expect 3 snapshot verify --restore --database "host=$SOCKET dbname=anchore user=weak"
	talks "weak may not create databases" "ALTER ROLE .*weak.* CREATEDB"
	[ "$(one proof)" = null ]
}

@test "too few connections: it goes on with one worker, or says how many it takes" {
	sql postgres "DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CREATEDB CONNECTION LIMIT 3; GRANT engine TO few"
	expect 0 backup
	expect 0 snapshot verify --restore --jobs 4 --database "host=$SOCKET dbname=anchore user=few"
	sql postgres "ALTER ROLE few CONNECTION LIMIT 1"
	run --separate-stderr tool snapshot verify --restore --database "host=$SOCKET dbname=anchore user=few"
	[ "$status" -eq 5 ] || [ "$status" -eq 3 ]
	talks "too many connections" "^hint: "
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
	[ "$(one proof.failed)" = false ]
}

@test "server unreachable: 5, and nothing is recorded" {
	expect 0 backup
	expect 5 snapshot verify --restore --database "host=$BATS_TEST_TMPDIR dbname=anchore user=engine"
	one_error
	[ "$(one proof)" = null ]
}

@test "no space on the server: 9, nothing is left, nothing is recorded" {
	expect 0 backup
	ANCHORE_ADMIN_FAULT=restore-chunk:2:space expect 9 snapshot verify --restore
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
	[ "$(one proof)" = null ]
}

@test "interrupted: 130 or 143, nothing is left, nothing is recorded" {
	expect 0 backup
	for step in prove-restore restore-create restore-chunk restore-check; do
		ANCHORE_ADMIN_FAULT=$step:1:term expect 143 snapshot verify --restore
		[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
		[ "$(one proof)" = null ]
	done
	[ -z "$(find "$STORE" -name '.tmp-*')" ]
}

@test "killed at every step: the next one drops what is left" {
	expect 0 backup
	before=$(database_digest)
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 snapshot verify --restore
	grep -qx restore-create "$BATS_TEST_TMPDIR/steps"
	rm "$(newest_snapshot).state"
	left=0
	# The first and the last time of each step.
	while read -r n; do
		ANCHORE_ADMIN_FAULT="*:$n:kill" run --separate-stderr tool snapshot verify --restore
		[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || show "step $n: $status"
		[ "$status" -eq 137 ] || [ "$status" -eq 0 ]
		left=$((left + $(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore\_incoming\_%'")))
		expect 0 snapshot verify
	done < <(awk '{ if (!($1 in first)) first[$1] = NR; last[$1] = NR }
		END { for (n in first) { print first[n]; print last[n] } }' "$BATS_TEST_TMPDIR/steps" | sort -nu)
	[ "$left" -gt 0 ]
	expect 0 snapshot verify --restore
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
	[ -z "$(find "$STORE" -name '.tmp-*')" ]
	[ "$(one proven)" = true ]
	diff <(echo "$before") <(database_digest)
}

@test "several are proven one after the other; one that is damaged does not keep the others from it" {
	expect 0 backup
	first=$(newest_snapshot)
	sql anchore "UPDATE users SET email = 'x'"
	ANCHORE_ADMIN_NOW=$(($(date +%s) + 60)) expect 0 backup
	damage "$first" data/
	expect 6 snapshot verify --restore oldest latest
	[ "$(one proven)" = true ]
	tool snapshot show oldest --json | grep -q '"proven": false'
}

# ---- what an upgrade requires ----

@test "upgrade_require: proven refuses a snapshot that was never restored, with the remedy" {
	expect 0 backup
	expect 0 upgrade --dry-run
	echo "upgrade: {require: proven}" >>"$DEPLOY/anchore-admin.yaml"
	expect 3 upgrade --yes
	talks "was never restored, and the setting upgrade_require wants a proven one" \
		"hint: .*anchore-admin snapshot verify --restore [0-9a-f]{12}"
	[ "$(db_version)" = 0.0.6 ]
	expect 0 upgrade --dry-run --upgrade-require verified
	expect 0 snapshot verify --restore
	# What a proof writes beside the database moves its server's transactions: the rows are read again.
	expect 0 upgrade --dry-run
	says "proven: yes" "fresh: yes, every row was read again"
	expect 0 upgrade --yes
	[ "$(db_version)" = 0.0.7 ]
}

@test "upgrade_require: proven takes no proof that failed" {
	expect 0 backup
	python3 - "$(newest_snapshot).state" <<-'PYTHON'
		import json, sys
		json.dump({"pinned": False, "copies": [], "proven": {"at": "2026-01-01T00:00:00Z", "failed": True, "seconds": 1,
		    "message": "the rows differ"}}, open(sys.argv[1], "w"))
	PYTHON
	expect 3 upgrade --yes --upgrade-require proven
	talks "was not proven when it was tried: the rows differ"
}

@test "a value that is none is a wrong setting" {
	expect 0 backup
	expect 2 upgrade --yes --upgrade-require best
	talks "upgrade-require.*best" "hint: write .fresh., .verified. or .proven."
	ANCHORE_ADMIN_UPGRADE_REQUIRE=Proven expect 2 upgrade --dry-run
	[ "$(db_version)" = 0.0.6 ]
}

@test "an upgrade that drives the services proves the snapshot that it takes before it migrates" {
	touch "$BATS_TEST_TMPDIR/services"
	services_make
	supervisor_start
	echo "upgrade_require: proven" >>"$DEPLOY/anchore-admin.yaml"
	expect 0 upgrade --dry-run --to 0.2.4
	says "restore the snapshot into a scratch database, compare every row, drop it" \
		"proven: not yet; it is restored into a scratch database and compared first"
	expect 0 upgrade --to 0.2.4 --yes
	[ "$(db_version)" = 0.0.7 ]
	[ "$(one proven)" = true ]
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
	expect 0 downgrade --to 0.2.1 --dry-run --by edges
	says "compare every row, drop it; the last time that took"
}

@test "a proof that fails in the middle of an upgrade: nothing was changed, the services run again" {
	touch "$BATS_TEST_TMPDIR/services"
	services_make
	supervisor_start
	ANCHORE_ADMIN_FAULT=restore-check:1:fail expect 1 upgrade --to 0.2.4 --yes --upgrade-require proven
	talks "nothing was changed, and release 0\.2\.1 was started again"
	[ "$(db_version)" = 0.0.6 ]
	[ "$(one proven proof.failed | tr '\n' ' ')" = "false true " ]
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '%incoming%'")" ]
}

# ---- in turn ----

# night DAY [STATUS]: the scheduled job of that day; turn: the days on which what it has read in full was taken.
night() {
	ANCHORE_ADMIN_NOW=$(date -u -d "2026-01-$1" +%s) expect "${2:-0}" cron run
	turn=$(tool snapshot list --json | jq -r --arg at "2026-01-$1T00:00:00Z" \
		'[.snapshots[] | select(.verification.at == $at) | .created[8:10]] | join(" ")')
}
nights() { for day in "$@"; do night "$day"; turns="${turns:-}$turn "; done; }
taken() { for day in "$@"; do ANCHORE_ADMIN_NOW=$(date -u -d "2026-01-$day" +%s) expect 0 backup; done; }

@test "the scheduled job reads them all in turn, the one first that was not looked at for the longest time" {
	taken 01 02 03
	nights 11 12 13 14 15
	[ "$turns" = "01 02 03 01 02 " ]
	# A proof is a look, too; one of a clock that was wrong costs no turn.
	ANCHORE_ADMIN_NOW=$(date -u -d 2026-01-16 +%s) expect 0 snapshot verify --restore latest
	ANCHORE_ADMIN_NOW=$(date -u -d 2031-01-01 +%s) expect 0 snapshot verify oldest
	turns=
	nights 17 18 19 20 21
	[ "$turns" = "01 02 03 01 02 " ]
}

@test "no turn for what is damaged, cut, no snapshot, half written or dropped; where there is none, no failure" {
	taken 01 02 03 04
	damage "$(find "$STORE" -name '*-20260101T*.tar')" data/
	truncate -s 5000 "$STORE"/*-20260102T*.tar
	echo "no snapshot" >"$STORE/notes.tar"
	expect 6 snapshot verify oldest
	ANCHORE_ADMIN_FAULT=backup-rename:1:kill run tool backup
	[ -n "$(find "$STORE" -name '.tmp-*')" ]
	night 11 6
	[ "$turn" = 03 ]
	night 12 6
	[ "$turn" = 04 ]
	# It would be the third one's again, but retention comes first.
	rm "$STORE"/*-2026010[12]T*.tar*
	ANCHORE_ADMIN_KEEP_LAST=1 night 13
	[ "$turn" = 04 ]
	rm "$STORE"/*.tar*
	sed -i 's/dbname=anchore/dbname=gone/' "$DEPLOY/anchore-admin.yaml"
	night 14 5
	[ "$turn" = "" ]
	says_not verif damaged
}
