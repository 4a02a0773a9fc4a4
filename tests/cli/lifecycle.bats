#!/usr/bin/env bats
# The whole cycle on a real engine's database.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { session_close; databases_drop; }

@test "an upgrade without a snapshot is refused and the command to type is named" {
	before=$(database_digest)
	expect 3 upgrade --yes
	talks "snapshot" "^hint: .*anchore-admin backup"
	[ "$(db_version)" = 0.0.6 ]
	[ "$(database_digest)" = "$before" ]
}

@test "backup, then upgrade: schema and rows are what the engine's own upgrade leaves" {
	expect 0 backup
	expect 0 upgrade --yes
	run oracle catalog "$DB" "$ORACLE/catalogs/0.0.7.json" --allow-table eventlog
	[ "$status" -eq 0 ] || show "$output"
	[ "$status" -eq 0 ]
	run oracle rows "$DB" "$ROWS/after"
	[ "$status" -eq 0 ] || show "$output"
	[ "$status" -eq 0 ]
	[ "$(sql anchore "SELECT service_version, db_version, created_at, record_state_key FROM anchore")" = "0.2.4|0.0.7|1500000000|active" ]
	[ "$(sql anchore "SELECT abs(last_updated - extract(epoch FROM now())) < 120 FROM anchore")" = t ]
	expect 0 db check
}

@test "a database as PostgreSQL 11 and earlier named its keys upgrades the same" {
	sql postgres "DROP DATABASE anchore"
	sql postgres "CREATE DATABASE anchore OWNER engine"
	oracle build "$DB" "$ORACLE/catalogs/0.0.6.json" --old-names
	psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$DB" -f "$ROWS/before.sql"
	[ "$(sql anchore "SELECT count(*) FROM pg_constraint WHERE conname = 'image_packages_image_id_fkey'")" = 1 ]
	expect 0 db check
	expect 0 backup
	expect 0 upgrade --yes
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.7.json" --allow-table eventlog
	oracle rows "$DB" "$ROWS/after"
}

@test "downgrade gives back schema and rows, digest by digest" {
	before=$(database_digest)
	expect 0 backup
	expect 0 upgrade --yes
	[ "$(database_digest)" != "$before" ]
	expect 0 backup
	expect 0 downgrade --to 0.2.1 --yes
	[ "$(db_version)" = 0.0.6 ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.6.json"
	after=$(database_digest)
	diff <(echo "$before" | grep -v '^anchore ') <(echo "$after" | grep -v '^anchore ')
	[ "$(sql anchore "SELECT service_version, db_version FROM anchore")" = "0.2.1|0.0.6" ]
	expect 0 db check
}

@test "restore latest:0.0.6 gives the same again, and --undo brings 0.0.7 back" {
	before=$(database_digest)
	expect 0 backup
	expect 0 upgrade --yes
	upgraded=$(database_digest)
	expect 0 restore latest:0.0.6 --yes
	[ "$(db_version)" = 0.0.6 ]
	diff <(echo "$before") <(database_digest)
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.6.json"
	expect 0 restore --undo --yes
	[ "$(db_version)" = 0.0.7 ]
	diff <(echo "$upgraded") <(database_digest)
	expect 0 db check
}

@test "up, down, up again" {
	expect 0 backup
	expect 0 upgrade --yes
	expect 0 backup
	expect 0 downgrade --to 0.0.6 --yes
	expect 0 backup
	expect 0 upgrade --to 0.0.7 --yes
	[ "$(db_version)" = 0.0.7 ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.7.json" --allow-table eventlog
	oracle rows "$DB" "$ROWS/after"
}

@test "an upgrade where nothing is due says so and exits 0" {
	expect 0 upgrade --to 0.0.6 --yes
	says "0\.0\.6"
	[ "$(db_version)" = 0.0.6 ]
}

@test "db history tells what was done, and survives upgrade, restore and undo" {
	expect 0 backup
	expect 0 upgrade --yes
	expect 0 restore latest:0.0.6 --yes
	expect 0 restore --undo --yes
	expect 0 db history
	says backup upgrade restore
	expect 0 db history --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
	[ "$(sql anchore "SELECT count(*) FROM anchore_admin.journal WHERE command LIKE 'upgrade%'")" -ge 1 ]
	[ "$(sql anchore "SELECT count(*) FROM anchore_admin.journal WHERE command LIKE 'restore%'")" -ge 2 ]
}
