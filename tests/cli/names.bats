#!/usr/bin/env bats
# Databases with names that are trouble: the engine's stock one is called postgres, the one that everybody else
# works from; and a name may hold anything.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
teardown() {
	local name
	while read -r name; do
		sql template1 "DROP DATABASE \"${name//\"/\"\"}\" WITH (FORCE)"
	done < <(sql template1 "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', 't006')")
}

# The cycle on the database NAME, which the deployment is of.
cycle() {
	before=$(database_digest)
	expect 0 backup
	expect 0 upgrade --yes
	[ "$(db_version)" = 0.0.7 ]
	upgraded=$(database_digest)
	expect 0 restore latest:0.0.6 --yes
	diff <(echo "$before") <(database_digest)
	expect 0 restore --undo --yes
	diff <(echo "$upgraded") <(database_digest)
	expect 0 backup
	expect 0 downgrade --to 0.2.1 --yes
	[ "$(db_version)" = 0.0.6 ]
	expect 0 db check
}

@test "the whole cycle on a database called postgres" {
	sql template1 "DROP DATABASE postgres WITH (FORCE)"
	sql template1 "CREATE DATABASE postgres OWNER engine TEMPLATE t006"
	deployment_make postgres
	cycle
	[ "$(sql template1 "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'postgres'")" = engine ]
}

@test "the whole cycle on a database whose name holds quotes, a space, a percent sign, a slash" {
	odd="o'dd \"name\" %s/x"
	sql template1 "CREATE DATABASE \"${odd//\"/\"\"}\" OWNER engine TEMPLATE t006"
	DEPLOY=$BATS_TEST_TMPDIR/deployment
	STORE=$DEPLOY/snapshots
	# shellcheck disable=SC2089 # a connection string has quotes of its own
	NAME="dbname='o\\'dd \"name\" %s/x'"
	# shellcheck disable=SC2090
	export DEPLOY STORE NAME
	mkdir "$DEPLOY"
	printf 'store: snapshots\nmigrations: %s\nengine: 0.2.1\n' "$MIGRATIONS" >"$DEPLOY/anchore-admin.yaml"
	export ANCHORE_ADMIN_DATABASE="host=$SOCKET user=engine $NAME"
	expect 0 backup
	ls "$STORE"/*.tar
	expect 0 upgrade --yes
	[ "$(db_version)" = 0.0.7 ]
	expect 0 restore latest:0.0.6 --yes
	[ "$(db_version)" = 0.0.6 ]
	expect 0 restore --undo --yes
	[ "$(db_version)" = 0.0.7 ]
	expect 0 backup
	expect 0 downgrade --to 0.2.1 --yes
	[ "$(db_version)" = 0.0.6 ]
	expect 0 snapshot verify
}
