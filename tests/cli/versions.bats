#!/usr/bin/env bats
# The whole graph, as an operator meets it. What it does to rows is tests/matrix's.
load lib

setup_file() { server_start; WHOLE_GRAPH=all migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	version_make 0.0.7
}
teardown() { databases_drop; }

# version_make V: database anchore as a new one of version V with the rows that its next edge is tested with.
version_make() {
	local rows
	sql postgres "DROP DATABASE anchore WITH (FORCE)"
	sql postgres "CREATE DATABASE anchore OWNER engine TEMPLATE template0 ENCODING 'UTF8'"
	rows=$(echo "$ORACLE"/rows-"$1"-to-*/before.sql)
	oracle build "$DB" "$ORACLE/catalogs/$1.json"
	timeout 60 "$PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$DB" -f "$rows"
	sql postgres CHECKPOINT
}

json() { python3 -c "import json, sys; j = json.load(sys.stdin); $1" <<<"$output"; }

@test "before it is asked it is said what no way back gives again; what could not be kept is in the answer" {
	expect 0 backup
	expect 0 upgrade --to 0.3.0 --dry-run
	says "no downgrade by SQL will give back" "column users\.acls: "
	expect 0 upgrade --to 0.3.0 --yes
	talks "no downgrade by SQL will give this back" "column users\.acls: " \
		"warning: 0\.0\.7--0\.0\.8\.sql: 4 user\(s\) had an access list"
	says "to look at" "4 user\(s\) had an access list, .*admin"
	[ "$(db_version)" = 0.0.8 ]
	version_make 0.0.7
	expect 0 upgrade --to 0.3.0 --yes --json --no-snapshot=test
	json 'assert any("access list" in w for w in j["warnings"]) and any("users.acls" in d for d in j["destroyed"])'
}

@test "where the upgrade destroyed something there are two ways back, and with --yes one of them is typed" {
	expect 0 backup
	expect 0 upgrade --to 0.3.0 --yes
	sql anchore "UPDATE accounts SET email = 'since the upgrade' WHERE name = 'user1'"
	expect 0 backup
	expect 0 downgrade --to 0.2.4 --dry-run
	says "by snapshot" "--by edges.*keeps what was written since" "column users\.acls: "
	expect 3 downgrade --to 0.2.4 --yes
	talks "two ways lead back" "^hint: .*--by snapshot. or .--by edges"
	[ "$(db_version)" = 0.0.8 ]

	expect 0 downgrade --to 0.2.4 --by edges --yes
	talks "this is not given back" "column users\.acls: "
	[ "$(db_version)" = 0.0.7 ]
	[ "$(sql anchore "SELECT email, acls FROM users WHERE \"userId\" = 'user1'")" = "since the upgrade|" ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.7.json" --names

	expect 0 backup
	expect 0 upgrade --to 0.3.0 --yes
	expect 0 downgrade --to 0.2.4 --by snapshot --yes
	[ "$(db_version)" = 0.0.7 ]
	[ "$(sql anchore "SELECT email FROM users WHERE \"userId\" = 'user1'")" = "since the upgrade" ]
}

@test "--by that means nothing is refused" {
	for by in sql "" EDGES; do
		expect 2 downgrade --to 0.2.1 --by "$by" --yes
		one_error
	done
	expect 2 downgrade --to 0.2.1 --by snapshot --no-snapshot=why --yes
	talks "contradict"
	expect 2 upgrade --to 0.3.0 --by edges
	one_error
}

@test "without the right to temporary tables it is refused before anything runs" {
	sql anchore "REVOKE TEMPORARY ON DATABASE anchore FROM PUBLIC; ALTER DATABASE anchore OWNER TO postgres"
	sql anchore "GRANT CREATE ON DATABASE anchore TO engine; GRANT CREATE ON SCHEMA public TO engine"
	expect 0 backup
	for user in engine postgres; do
		expect 3 upgrade --to 0.3.0 --yes --database "host=$SOCKET dbname=anchore user=$user"
		talks "role \"engine\", as which the SQL files run, may make no temporary tables" \
			"^hint: .*GRANT TEMPORARY ON DATABASE"
	done
	[ "$(db_version)" = 0.0.7 ]
}

@test "a view of the operator's on a column that changes stops the upgrade, and the hint says what to do" {
	version_make 0.0.8
	sql anchore "CREATE VIEW mine AS SELECT image_id, origin FROM image_packages"
	expect 0 backup
	before=$(database_digest)
	expect 1 upgrade --to 0.3.2 --yes
	talks "0\.0\.8--0\.0\.9\.sql" "view" "^hint: nothing was changed; .*drop it, run the command again"
	[ "$(database_digest)" = "$before" ]
	sql anchore "DROP VIEW mine"
	expect 0 backup
	expect 0 upgrade --to 0.3.2 --yes
	[ "$(db_version)" = 0.0.9 ]
}

@test "a table that inherits from the engine's is no harmless extra" {
	sql anchore "SET ROLE engine; CREATE TABLE users_archive () INHERITS (users)"
	sql anchore "INSERT INTO users_archive (\"userId\") VALUES ('gone')"
	expect 3 db check
	says "block an upgrade:" "extra table users_archive"
	expect 0 backup
	expect 3 upgrade --to 0.3.0 --yes
	[ "$(sql anchore "SELECT count(*) FROM users_archive")" = 1 ]
}

@test "a second index like the engine's is the operator's, and stays" {
	sql anchore "CREATE INDEX mine ON events (resource_id)"
	expect 0 db check
	says "harmless"
	expect 0 upgrade --to 1.1.0 --yes --no-snapshot=test
	[ "$(sql anchore "SELECT count(*) FROM pg_class WHERE relname IN ('mine', 'ix_resource_id')")" = 2 ]
}

@test "all the way up from the oldest version, and down again" {
	version_make 0.0.2
	sql anchore "DELETE FROM eventlog"
	expect 0 backup
	before=$(sql anchore "SELECT count(*) FROM images")
	expect 0 upgrade --to 1.1.0 --yes
	[ "$(db_version)" = 0.0.16 ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.16.json" --names
	expect 0 db check
	expect 0 backup
	expect 0 downgrade --to 0.1.3 --by edges --yes
	[ "$(db_version)" = 0.0.2 ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.2.json" --names
	[ "$(sql anchore "SELECT count(*) FROM images")" = "$before" ]
}

@test "what client_metadata contradicts in columns that the engine's upgrade left is named, not dropped in silence" {
	sql postgres "DROP DATABASE anchore WITH (FORCE)"
	sql postgres "CREATE DATABASE anchore OWNER engine TEMPLATE template0 ENCODING 'UTF8'"
	oracle build "$DB" 0.0.14 --shape upgraded
	sql anchore "INSERT INTO oauth2_clients (client_id, client_name, client_uri, client_metadata) VALUES
		('a', 'old name', 'http://kept', '{\"client_name\": \"new name\"}'), ('b', 'same', NULL, '{\"client_name\": \"same\"}')"
	expect 0 upgrade --to 0.10.0 --yes --no-snapshot=test
	talks "warning: settle\.sql: 1 row\(s\) of oauth2_clients had .* other than client_metadata says, .*1 .*old name"
	says "to look at" "old name"
	[ "$(sql anchore "SELECT client_metadata::json->>'client_name', client_metadata::json->>'client_uri' FROM oauth2_clients WHERE client_id = 'a'")" = "new name|http://kept" ]
	oracle catalog "$DB" "$ORACLE/catalogs/0.0.15.json" --names --allow-table eventlog
}
