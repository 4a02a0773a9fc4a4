#!/usr/bin/env bats
# The db commands, and the engine's own manual procedure by its own words.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	URL="postgresql+pg8000://engine@/anchore?host=$SOCKET"
}
teardown() { session_close; databases_drop; }

@test "db status: version, size, snapshots, whether an upgrade is needed" {
	expect 0 db status
	says "0\.0\.6" "0\.2\.1"
	expect 10 db status --exit-code
	expect 0 backup
	expect 0 db status
	says "$(basename "$(newest_snapshot)" .tar)|fresh|snapshot"
	expect 0 upgrade --yes
	expect 0 db status --exit-code
	says "0\.0\.7"
	expect 0 db status --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
}

@test "db check: equal, or the differences" {
	expect 0 db check
	sql anchore "ALTER TABLE users DROP COLUMN email; ALTER TABLE users ADD COLUMN surplus text; DROP INDEX ix_image_package_distronamespace"
	run --separate-stderr tool db check
	[ "$status" -ne 0 ]
	contains "$output$stderr" email surplus "image_packages"
}

@test "db check: names of constraints and the order of columns do not matter" {
	sql anchore "ALTER TABLE users RENAME CONSTRAINT users_pkey TO other_name"
	sql anchore "ALTER TABLE users DROP COLUMN email; ALTER TABLE users ADD COLUMN email varchar"
	expect 0 db check
}

@test "the manual procedure: says first what is needed, refuses without a yes" {
	expect 0 backup
	expect 3 db --db-connect "$URL" upgrade
	contains "$output$stderr" "0\.0\.6" "0\.0\.7" "--dontask|--yes"
	[ "$(db_version)" = 0.0.6 ]
}

@test "the manual procedure: y goes on, with progress per statement" {
	expect 0 backup
	run bash -c "cd '$DEPLOY' && echo y | timeout 60 script -qec \"'$ANCHORE_ADMIN' db --db-connect '$URL' upgrade\" /dev/null"
	[ "$status" -eq 0 ] || echo "$output" >&2
	[ "$status" -eq 0 ]
	[[ $output == *"(y/N)"* ]]
	[[ $output == *catalog_image* ]]
	[ "$(db_version)" = 0.0.7 ]
}

@test "the manual procedure: declined exits 3, not 0" {
	expect 0 backup
	run bash -c "cd '$DEPLOY' && echo n | timeout 60 script -qec \"'$ANCHORE_ADMIN' db --db-connect '$URL' upgrade\" /dev/null"
	[ "$status" -eq 3 ]
	[ "$(db_version)" = 0.0.6 ]
}

@test "the manual procedure: --dontask, with the options on either side" {
	expect 0 backup
	expect 0 db --db-connect "$URL" upgrade --dontask
	[ "$(db_version)" = 0.0.7 ]
	expect 0 db --db-connect "$URL" upgrade --dontask
	contains "$output$stderr" "0\.0\.7"
	database_make anchore
	expect 0 backup
	expect 0 db upgrade --dontask --db-connect "$URL"
	[ "$(db_version)" = 0.0.7 ]
}

@test "the manual procedure is guarded too" {
	expect 3 db --db-connect "$URL" upgrade --dontask
	talks snapshot "anchore-admin backup"
	[ "$(db_version)" = 0.0.6 ]
}

@test "db history: what, when, by whom, from which snapshot and commit" {
	expect 0 backup
	expect 0 upgrade --yes
	expect 0 db history
	says "upgrade" "0\.0\.6" "0\.0\.7" "$(id -un)" "$(git -C "$MIGRATIONS" rev-parse --short=7 HEAD)"
}

@test "db history: a refused and a failed run are there too, and a killed one" {
	expect 3 upgrade --yes
	expect 0 backup
	ANCHORE_ADMIN_FAULT="$FIRST_STATEMENT_STEP:1:kill" run tool upgrade --yes
	[ "$status" -eq 137 ]
	expect 0 db history
	says "upgrade"
	expect 0 upgrade --yes
	expect 0 db history
	[ "$(grep -c upgrade <<<"$output")" -ge 2 ]
}

@test "db history in a database that has none" {
	expect 0 db history
}

@test "graph show, path and lint" {
	expect 0 graph show
	says '^o 0\.0\.7 +engine 0\.2\.2-0\.2\.4' '^\|  \^ changes +catalog_image, catalog_image_docker' '^\|  v loses +tables? events'
	expect 0 graph show --dot
	says "digraph" '"0\.0\.7" -> "0\.0\.6" .*color=red.*loses tables? events'
	expect 0 graph show --json
	python3 -c 'import json, sys; [e] = [e for e in json.load(sys.stdin)["edges"] if e["file"] == "0.0.6--0.0.7.sql"]
assert e["changes"] == ["catalog_image", "catalog_image_docker"] and e["rewrites"] == e["loses"] == e["destroys"] == [], e' <<<"$output"
	expect 0 graph path 0.2.1 0.2.4
	says "0\.0\.6--0\.0\.7\.sql"
	expect 0 graph path 0.0.7 0.0.6
	says "0\.0\.7--0\.0\.6\.sql"
	expect 2 graph path 0.0.6 9.9.9
	one_error
	expect 0 graph lint
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', 't006', 'anchore')")" = 0 ]
}

@test "graph show draws a graph with a hole, and says that it has one" {
	cp -r "$MIGRATIONS" "$BATS_TEST_TMPDIR/graph"
	rm "$BATS_TEST_TMPDIR"/graph/0.0.6--0.0.7.*
	expect 2 graph show --migrations "$BATS_TEST_TMPDIR/graph"
	says '\^ missing +there is no 0\.0\.6--0\.0\.7\.sql' '^o 0\.0\.7'
	talks "not in order"
}

@test "graph lint finds what is wrong with a graph" {
	cp -r "$MIGRATIONS" "$BATS_TEST_TMPDIR/graph"
	cd "$BATS_TEST_TMPDIR/graph"
	lint() { run --separate-stderr tool graph lint --migrations "$BATS_TEST_TMPDIR/graph"; }
	cp 0.0.6--0.0.7.sql good
	printf '\nCOMMIT;\n' >>0.0.6--0.0.7.sql
	lint
	[ "$status" -ne 0 ]
	contains "$output$stderr" "commit|transaction"
	cp good 0.0.6--0.0.7.sql
	printf '\nALTER TABLE users ADD COLUMN x integer;\n' >>0.0.6--0.0.7.sql
	lint
	[ "$status" -ne 0 ]
	contains "$output$stderr" "users"
	cp good 0.0.6--0.0.7.sql
	echo "SELECT 1;" >0.0.7--0.0.9.sql
	lint
	[ "$status" -ne 0 ]
	contains "$output$stderr" "0\.0\.9"
	rm 0.0.7--0.0.9.sql
	sed -i '1d' 0.0.6--0.0.7.locks
	lint
	[ "$status" -ne 0 ]
	contains "$output$stderr" "locks"
}

@test "graph lint notes which tables a statement writes anew, and where it builds an index" {
	cp -r "$MIGRATIONS" "$BATS_TEST_TMPDIR/graph"
	cd "$BATS_TEST_TMPDIR/graph"
	cat >>0.0.6--0.0.7.sql <<-SQL
		ALTER TABLE users ALTER COLUMN created_at TYPE bigint;
		CREATE INDEX ON queue (data);
		CREATE INDEX ON events (message);
		UPDATE users SET created_at = 1;
	SQL
	run --separate-stderr tool graph lint --write --migrations "$BATS_TEST_TMPDIR/graph"
	run tail -n 4 0.0.6--0.0.7.locks
	[ "$(cut -f 2 <<<"${lines[0]}")" = "AccessExclusiveLock users, ShareLock users, Rewrite users" ]
	[ "$(cut -f 2 <<<"${lines[1]}")" = "ShareLock queue, Index queue" ]
	[[ "${lines[2]}" != *events* ]]
	[ "$(cut -f 2 <<<"${lines[3]}")" = "RowExclusiveLock users" ]
}
