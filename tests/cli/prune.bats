#!/usr/bin/env bats
# Retention: which snapshots of a month stay under which rules, and the reasons given; what is no snapshot of this
# deployment; databases that a restore put aside.
load lib
load prune

setup_file() { server_start; migrations_make; month_make; }
teardown_file() { server_stop; }
setup() { month_setup; }
teardown() {
	session_close
	databases_drop
}

# json EXPRESSION: of the object in $output, called o.
json() { python3 -c 'import json, sys; o = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"; }

@test "no rule: nothing is dropped, and it says why" {
	before=$(store_digest)
	expect 0 snapshot prune
	says "no rule is set, so no snapshot is dropped" "keep .* no rule is set"
	expect 0 snapshot prune --keep-last 0 --yes
	says "no rule is set, so no snapshot is dropped"
	diff <(echo "$before") <(store_digest)
}

@test "days, weeks, months: a dry run says what stays and why, and changes nothing" {
	before=$(store_digest)
	expect 0 snapshot prune --dry-run --keep-daily 5 --keep-weekly 3 --keep-monthly 2
	[ "$(reason 11-27)" = "keep the newest one; the newest one of version 0.0.7; the last of 2026-11-27; the last of week 2026-W48; the last of month 2026-11" ]
	[ "$(reason 11-23)" = "keep the last of 2026-11-23" ]
	[ "$(reason 11-22)" = "keep the last of week 2026-W47" ]
	[ "$(reason 11-21)" = "drop before the last 5 days; week 2026-W47 has a later one; month 2026-11 has a later one" ]
	[ "$(reason 11-17)" = "keep upgrade of 2026-11-17 depends on it; the newest one of version 0.0.6" ]
	[ "$(reason 11-15)" = "keep the last of week 2026-W46" ]
	[ "$(reason 10-31)" = "keep the last of month 2026-10" ]
	says "database versions in use: 0\.0\.7, 0\.0\.6" "would drop 21 snapshots \(.*B\); nothing was changed"
	diff <(echo "$before") <(store_digest)
}

@test "nights of a half-upgraded database do not drive out the snapshot that leads back" {
	sql anchore "ALTER TABLE catalog_image RENAME \"userId\" TO owner"
	local day
	for day in 28 29; do
		at "2026-11-$day"
		expect 0 backup --quiet
	done
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-29)" = "keep the newest one; the newest one of version 0.0.7; one of the last 2" ]
	[ "$(reason 11-27)" = "keep the newest one with the schema of version 0.0.7" ]
	[ "$(reason 11-26)" = "drop not among the last 2" ]
}

@test "what stays is there, verifies and leads back; a second prune drops nothing; the journal tells" {
	expect 0 snapshot prune --yes --keep-daily 5 --keep-weekly 3 --keep-monthly 2
	says "dropped 21 snapshots \(.*B\); 9 files stay"
	[ "$(days)" = "11-27 11-26 11-25 11-24 11-23 11-22 11-17 11-15 10-31 " ]
	store_is_clean
	expect 0 snapshot verify latest oldest latest:0.0.6
	expect 0 snapshot prune --yes --keep-daily 5 --keep-weekly 3 --keep-monthly 2
	says "nothing to drop: 9 files stay"
	expect 0 db history
	says "snapshot prune +- +done" "dropped snapshot [0-9a-f]{32}"
	[ "$(grep -c "dropped snapshot" <<<"$output")" = 21 ]
	expect 0 db history --json
	[ "$(json '[len(e["dropped"]) for e in o["entries"] if e["command"] == "snapshot prune"]')" = "[21]" ]
	unset ANCHORE_ADMIN_NOW
	expect 0 downgrade --to 0.0.6 --by snapshot --yes
	[ "$(db_version)" = 0.0.6 ]
}

@test "one object with --json: of a dry run, and of what was done" {
	expect 0 snapshot prune --dry-run --json --keep-last 3
	[ "$(json '(o["dry_run"], o["done"], o["dropped"], o["kept"], len(o["snapshots"]), o["rules"]["last"], o["in_use"])')" = \
		"(True, False, 26, 4, 30, 3, ['0.0.7', '0.0.6'])" ]
	[ "$(json 'o["snapshots"][0]["reasons"]')" = "['the newest one', 'the newest one of version 0.0.7', 'one of the last 3']" ]
	[ "$(json 'sum(s["size"] for s in o["snapshots"] if not s["keep"]) == o["freed"] > 0')" = True ]
	expect 0 snapshot prune --yes --json --keep-last 3
	[ "$(json '(o["dry_run"], o["done"], o["dropped"], o["kept"], o["dropped_databases"])')" = "(False, True, 26, 4, [])" ]
	[ "$(days)" = "11-27 11-26 11-25 11-17 " ]
}

@test "nobody to ask: refused; declined: refused; yes on a terminal" {
	before=$(store_digest)
	expect 3 snapshot prune --keep-last 3
	one_error
	talks "no terminal" "hint: .*--dry-run"
	run bash -c "cd '$DEPLOY' && echo n | timeout 60 script -qec \"'$ANCHORE_ADMIN' snapshot prune --keep-last 3\" /dev/null"
	[ "$status" -eq 3 ]
	[[ $output == *"Drop 26 snapshots ("*")? (y/N)"* ]]
	diff <(echo "$before") <(store_digest)
	run bash -c "cd '$DEPLOY' && echo y | timeout 60 script -qec \"'$ANCHORE_ADMIN' snapshot prune --keep-last 3\" /dev/null"
	[ "$status" -eq 0 ]
	[ "$(days)" = "11-27 11-26 11-25 11-17 " ]
}

@test "rules from the settings file, the environment, and both overridden" {
	printf 'keep:\n  last: 2\n  weekly: 2\n' >>"$DEPLOY/anchore-admin.yaml"
	expect 0 snapshot prune --dry-run --json
	[ "$(json '(o["rules"]["last"], o["rules"]["weekly"], o["kept"])')" = "(2, 2, 4)" ]
	ANCHORE_ADMIN_KEEP_WEEKLY=0 expect 0 snapshot prune --dry-run --json --keep-last 4
	[ "$(json '(o["rules"]["last"], o["rules"]["weekly"], o["kept"])')" = "(4, 0, 5)" ]
	expect 0 snapshot prune --dry-run --json --keep-last 0 --keep-weekly 0 --keep-within 36h
	[ "$(json '(o["rules"]["within_seconds"], o["kept"])')" = "(129600, 3)" ]
}

@test "rules that are none: wrong usage, and nothing is dropped" {
	before=$(store_digest)
	for rule in --keep-last=-1 --keep-daily=x --keep-daily= --keep-within=soon --keep-within=-3d --keep-yearly=1000000 --dry-run=sql; do
		expect 2 snapshot prune --yes "$rule"
		one_error
	done
	expect 2 snapshot prune --yes latest
	diff <(echo "$before") <(store_digest)
}

@test "pinned ones stay, unpinned ones go" {
	expect 0 snapshot pin "$(archive_of 11-02)"
	expect 0 snapshot prune --yes --keep-last 2
	[ "$(days)" = "11-27 11-26 11-17 11-02 " ]
	expect 0 snapshot unpin "$(archive_of 11-02)"
	expect 0 snapshot prune --yes --keep-last 2
	[ "$(days)" = "11-27 11-26 11-17 " ]
	store_is_clean
}

@test "of each version in use the newest proven one stays; what failed takes nobody's place and stays" {
	noted 11-20 proven
	noted 11-19 proven
	noted 11-05 proven
	noted 11-27 verified true
	noted 11-26 proven true
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-27)" = "keep found damaged on 2026-11-27: look at it, then remove it by hand" ]
	[ "$(reason 11-26)" = "keep could not be restored on 2026-11-27: look at it, then remove it by hand" ]
	[ "$(reason 11-25)" = "keep the newest one; the newest one of version 0.0.7; one of the last 2" ]
	[ "$(reason 11-20)" = "keep the newest proven one of version 0.0.7" ]
	[ "$(reason 11-05)" = "keep the newest proven one of version 0.0.6" ]
	expect 0 snapshot prune --yes --keep-last 2
	[ "$(days)" = "11-27 11-26 11-25 11-24 11-20 11-17 11-05 " ]
}

@test "damaged, cut, foreign, later and other deployments' files: named, left alone, not counted" {
	truncate -s 5000 "$(archive_of 11-27)"
	: >"$(archive_of 11-26)"
	echo "not a tar" >"$STORE/notes.tar"
	cp "$(archive_of 11-01)" "$STORE/anchore-0.0.6-20261127T170000Z.tar"
	mkdir "$STORE/folder.tar"
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(grep -c "^keep.*damaged: look at it, then remove it by hand (anchore-" <<<"$output")" = 2 ]
	says "^keep.*not a snapshot \(notes\.tar\)" "^keep.*(folder\.tar)"
	[ "$(reason 11-25)" = "keep the newest one; the newest one of version 0.0.7; one of the last 2" ]
	[ "$(grep -c "a second file of the same snapshot" <<<"$output")" = 1 ]
	expect 0 snapshot prune --yes --keep-last 2
	[ "$(days)" = "11-27 11-26 11-25 11-24 11-17 " ]
	[ -f "$STORE/notes.tar" ] && [ -d "$STORE/folder.tar" ]
}

@test "a store that is another deployment's, or does not say whose: nothing is dropped" {
	before=$(store_digest | grep -v store.json)
	mv "$STORE/store.json" "$DEPLOY/mine.json"
	expect 0 snapshot prune --yes --keep-last 1
	says "nothing to drop: 30 files stay" "of another deployment, for the store does not say which one is its own"
	sed 's/: "..../: "ffff/' "$DEPLOY/mine.json" >"$STORE/store.json"
	expect 0 snapshot prune --yes --keep-last 1
	says "nothing to drop: 30 files stay" "keep .* of another deployment$"
	diff <(echo "$before") <(store_digest | grep -v store.json)
	echo "no JSON" >"$STORE/store.json"
	expect 1 snapshot prune --yes --keep-last 1
	one_error
	[ "$(find "$STORE" -name '*.tar' | wc -l)" = 30 ]
}

@test "an empty and a missing store are no failure" {
	mkdir "$DEPLOY/empty"
	for folder in "$DEPLOY/empty" "$DEPLOY/none"; do
		expect 0 snapshot prune --yes --keep-last 1 --store "$folder"
		says "no snapshots in"
		expect 0 snapshot prune --dry-run --json --keep-last 1 --store "$folder"
		[ "$(json '(o["kept"], o["dropped"], o["snapshots"])')" = "(0, 0, [])" ]
	done
	[ ! -e "$DEPLOY/none" ]
}

@test "the database is down: the journal beside the snapshots says what is needed" {
	server_down -m immediate
	run --separate-stderr tool snapshot prune --yes --keep-last 2
	server_up
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	talks "warning: going by the journal beside the snapshots, for the database cannot be asked"
	[ "$(reason 11-17)" = "keep upgrade of 2026-11-17 depends on it; the newest one of version 0.0.6" ]
	[ "$(days)" = "11-27 11-26 11-17 " ]
}

@test "the release that the settings name needs a version: its snapshots stay within reach" {
	sed -i '/"command":"upgrade"/d; /"command": "upgrade"/d' "$STORE/journal.jsonl"
	sql anchore "DROP SCHEMA anchore_admin CASCADE"
	expect 0 snapshot prune --dry-run --keep-last 2
	says "database versions in use: 0\.0\.7, 0\.0\.6" # engine: 0.2.1
	expect 0 snapshot prune --dry-run --keep-last 2 --engine 0.2.4
	says "database versions in use: 0\.0\.7$"
	[[ $(reason 11-17) == "drop not among the last 2" ]]
	expect 0 snapshot prune --dry-run --keep-last 2 --engine 9.9.9
	talks "warning: it is not known which database version release 9\.9\.9 needs"
	expect 2 snapshot prune --yes --keep-last 2 --migrations "$DEPLOY/nowhere"
	one_error
	[ "$(find "$STORE" -name '*.tar' | wc -l)" = 30 ]
}

# engine_images TAG...: a compose file with a service of the engine for each, on a machine where no Docker answers.
engine_images() {
	local tag count=0
	{
		echo "services:"
		for tag in "$@"; do
			count=$((count + 1))
			printf '  engine%d:\n    image: docker.io/anchore/anchore-engine:%s\n' "$count" "$tag"
		done
		printf '  anchore-db:\n    image: "postgres:9"\n'
	} >"$DEPLOY/docker-compose.yaml"
	grep -q compose_file "$DEPLOY/anchore-admin.yaml" ||
		printf 'compose_file: docker-compose.yaml\ndocker_socket: none.sock\n' >>"$DEPLOY/anchore-admin.yaml"
}

@test "a release that a compose file names is in use, Docker or not: its newest proven snapshot stays" {
	sed -i '/"command":"upgrade"/d; /"command": "upgrade"/d' "$STORE/journal.jsonl"
	sql anchore "DROP SCHEMA anchore_admin CASCADE"
	sed -i 's/^engine: .*/engine: 0.2.4/' "$DEPLOY/anchore-admin.yaml"
	noted 11-05 proven
	local day='drop not among the last 2' kept='keep the newest proven one of version 0.0.6'
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-05)" = "$day" ]
	# The compose file comes before the setting.
	engine_images v0.2.1
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-05)" = "$kept" ]
	says_not warning
	# One service was moved to the next release, another not yet.
	engine_images v0.2.4 v0.2.1
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-05)" = "$kept" ]
	# As compose reads it: variables, and the file that it takes by itself.
	engine_images "\${TAG}"
	echo "TAG=v0.2.1" >"$DEPLOY/.env"
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-05)" = "$kept" ]
	engine_images v0.2.4
	expect 0 snapshot prune --dry-run --keep-last 2
	[ "$(reason 11-05)" = "$day" ]
	echo "services: {engine1: {image: 'docker.io/anchore/anchore-engine:v0.2.1'}}" >"$DEPLOY/docker-compose.override.yaml"
	expect 0 snapshot prune --yes --keep-last 2
	[ "$(days)" = "11-27 11-26 11-17 11-05 " ]
	# What names no release is said, and the setting counts.
	rm "$DEPLOY/docker-compose.override.yaml"
	engine_images latest
	expect 0 snapshot prune --yes --keep-last 2
	talks "warning: which release the services are pinned to is not known"
	[ "$(days)" = "11-27 11-26 " ]
}

@test "a clock that is wrong drops nothing that is right" {
	at 2031-01-01
	expect 0 backup --quiet
	at 2026-11-27 18:00
	expect 0 snapshot prune --yes --keep-last 1 --keep-within 1d
	says "its time is yet to come: look at the clock"
	[ -n "$(find "$STORE" -name '*-20310101T*.tar')" ]
	[ -n "$(archive_of 11-27)" ] && [ -n "$(archive_of 11-26)" ] && [ -z "$(archive_of 11-25)" ]
	at 1999-01-01
	expect 0 snapshot prune --yes --keep-last 1
	says "nothing to drop: 4 files stay"
}

@test "another run holds the store: a prune has to wait, a dry run has not" {
	tool_stopped "$BACKUP_READ_STEP" backup --jobs 1
	expect 4 snapshot prune --yes --keep-last 1
	one_error
	expect 0 snapshot prune --dry-run --keep-last 1
	says "would drop 28 snapshots"
	tool_go
	[ "$status" -eq 0 ]
}

# ---- databases ----

# Two restores, of the 1st and of the 20th of December.
put_aside() {
	at 2026-12-01
	expect 0 restore "$(archive_of 11-27)" --yes
	at 2026-12-20
	expect 0 restore "$(archive_of 11-26)" --yes
	at 2026-12-31
}

databases() { sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore%' ORDER BY 1" | tr '\n' ' '; }

@test "databases that a restore put aside: none is dropped unless asked for" {
	put_aside
	expect 0 snapshot prune --yes --keep-last 1
	says "keep  anchore_before_20261220T120000Z, .*: keep_databases is not set"
	[ "$(databases)" = "anchore anchore_before_20261201T120000Z anchore_before_20261220T120000Z " ]
}

@test "databases that a restore put aside: the older one goes, the way back of the last restore waits for a snapshot" {
	put_aside
	before=$(find "$STORE" -name '*.tar' | wc -l)
	expect 3 snapshot prune --keep-databases 10d
	expect 0 snapshot prune --dry-run --keep-databases 10d
	says "drop  anchore_before_20261201T120000Z, .*: older than 10 days" "would drop 1 database put aside by a restore"
	says "keep  anchore_before_20261220T120000Z, .*: no snapshot was taken since"
	expect 0 snapshot prune --yes --keep-databases 10d
	says "dropped 1 database put aside by a restore"
	[ "$(databases)" = "anchore anchore_before_20261220T120000Z " ]
	expect 0 restore --undo --yes
	expect 0 restore "$(archive_of 11-26)" --yes
	at 2026-12-31 13:00
	expect 0 backup --quiet
	at 2027-01-31
	expect 0 snapshot prune --yes --json --keep-databases 10d
	[ "$(json 'len(o["dropped_databases"])')" = 2 ]
	[ "$(databases)" = "anchore " ]
	[ "$(find "$STORE" -name '*.tar' | wc -l)" = $((before + 1)) ]
	expect 0 db history
	says "dropped database anchore_before_20261201T120000Z"
}

@test "a database that somebody works in stays, with a warning; others of the server are not looked at" {
	put_aside
	sql postgres 'CREATE DATABASE "anchore_before_20200101T000000Z"'
	session_open anchore_before_20261201T120000Z
	session_run "SELECT 1"
	expect 0 snapshot prune --yes --keep-databases 10d
	talks "warning: database \"anchore_before_20261201T120000Z\", which a restore put aside, stays: "
	says "dropped nothing"
	session_close
	[ "$(databases)" = "anchore anchore_before_20200101T000000Z anchore_before_20261201T120000Z anchore_before_20261220T120000Z " ]
}
