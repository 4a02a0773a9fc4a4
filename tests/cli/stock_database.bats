#!/usr/bin/env bats
# The engine's stock database is called postgres, the one that everybody else works from.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	sql template1 "DROP DATABASE postgres WITH (FORCE)"
	sql template1 "CREATE DATABASE postgres OWNER engine TEMPLATE t006"
	deployment_make postgres
}
teardown() {
	local name
	while read -r name; do
		sql template1 "DROP DATABASE \"$name\" WITH (FORCE)"
	done < <(sql template1 "SELECT datname FROM pg_database WHERE datname LIKE 'postgres\_%'")
}

@test "the whole cycle on a database called postgres" {
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
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.6.json"
	[ "$(sql template1 "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'postgres'")" = engine ]
}
