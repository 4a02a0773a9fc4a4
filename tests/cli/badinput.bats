#!/usr/bin/env bats
# Bad input: one clear sentence, a hint, the right exit status, nothing changed.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	before=$(sql postgres "SELECT oid, datname FROM pg_database ORDER BY 1")
}
teardown() {
	session_close
	databases_drop
}

# rejected STATUS COMMAND WORDS...: for each command that touches the database.
rejected() {
	local want=$1 words=("${@:2}") command
	for command in "backup" "upgrade --yes" "db check" "system status"; do
		# shellcheck disable=SC2086 # several words
		run --separate-stderr tool $command
		if [ "$status" -ne "$want" ]; then
			show "$command: exit status $status, expected $want"
			return 1
		fi
		one_error
		talks "${words[@]}"
	done
	[ -z "$(find "$STORE" -name '*.tar' 2>/dev/null)" ]
	[ "$(sql postgres "SELECT oid, datname FROM pg_database ORDER BY 1")" = "$before" ]
}

elsewhere() { sed -i "s|^database:.*|database: \"$1\"|" "$DEPLOY/anchore-admin.yaml"; }

@test "no server there" {
	elsewhere "host=$SOCKET port=1 dbname=anchore user=engine"
	rejected 5 "connect|reach"
	elsewhere "host=127.0.0.1 port=1 dbname=anchore user=engine"
	rejected 5 "connect|reach"
}

@test "no such host" {
	elsewhere "host=no-such-host.invalid dbname=anchore user=engine connect_timeout=5"
	rejected 5 "no-such-host"
}

@test "no such database" {
	elsewhere "host=$SOCKET dbname=nowhere user=engine"
	rejected 5 "nowhere"
}

@test "wrong password, which is never echoed" {
	sql postgres "CREATE ROLE guarded LOGIN PASSWORD 'right' IN ROLE secretive" || true
	elsewhere "host=$SOCKET dbname=anchore user=guarded password=wr0ngw0rd"
	rejected 5 "password|authentication"
	says_not "wr0ngw0rd"
	elsewhere "postgresql+pg8000://guarded:wr0ngw0rd@/anchore?host=$SOCKET"
	rejected 5 "password|authentication"
	says_not "wr0ngw0rd"
}

# Usage, before any server is asked; or no server where libpq's own defaults lead.
@test "no database named at all" {
	sed -i '/^database:/d' "$DEPLOY/anchore-admin.yaml"
	run --separate-stderr env -u PGHOST -u PGUSER -u PGDATABASE -C "$DEPLOY" timeout 60 "$ANCHORE_ADMIN" backup
	[ "$status" -eq 2 ] || [ "$status" -eq 5 ]
	one_error
	talks "--database|database"
}

@test "not an engine's database: no table anchore" {
	sql anchore "DROP TABLE anchore"
	run --separate-stderr tool upgrade --yes
	[ "$status" -eq 3 ] || [ "$status" -eq 1 ] || [ "$status" -eq 2 ]
	talks "anchore" "table"
	one_error
	run --separate-stderr tool db check
	[ "$status" -ne 0 ]
	one_error
}

@test "an empty database" {
	sql postgres "CREATE DATABASE void OWNER engine TEMPLATE template0"
	elsewhere "host=$SOCKET dbname=void user=engine"
	run --separate-stderr tool upgrade --yes
	[ "$status" -eq 3 ] || [ "$status" -eq 1 ] || [ "$status" -eq 2 ]
	one_error
	[ "$(sql void "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")" = 0 ]
}

@test "two rows in the table anchore" {
	sql anchore "INSERT INTO anchore (service_version, db_version) VALUES ('0.2.4', '0.0.7')"
	for command in "upgrade --yes" "downgrade --to 0.0.6 --yes" "db check"; do
		# shellcheck disable=SC2086
		run --separate-stderr tool $command
		[ "$status" -ne 0 ]
		talks "2|two" "rows|row"
		one_error
	done
	[ "$(sql anchore "SELECT count(*) FROM anchore")" = 2 ]
}

@test "no row in the table anchore: refused, with the versions that the schema fits" {
	sql anchore "DELETE FROM anchore"
	run --separate-stderr tool upgrade --yes
	[ "$status" -ne 0 ]
	talks "empty" "0\.0\.6"
	one_error
	[ "$(sql anchore "SELECT count(*) FROM anchore")" = 0 ]
}

@test "a version that cannot be read" {
	for version in abc 0.0.x "" "0.0.6'; --"; do
		sql anchore "UPDATE anchore SET db_version = \$v\$$version\$v\$"
		run --separate-stderr tool upgrade --yes
		[ "$status" -ne 0 ]
		[ "$status" -lt 5 ]
		one_error
	done
}

@test "a version newer than the graph" {
	sql anchore "UPDATE anchore SET db_version = '0.0.99'"
	run --separate-stderr tool upgrade --yes
	[ "$status" -ne 0 ]
	talks "0\.0\.99"
	one_error
	[ "$(db_version)" = 0.0.99 ]
}

@test "a version that has no edges (0.0.5)" {
	sql anchore "UPDATE anchore SET db_version = '0.0.5'"
	run --separate-stderr tool upgrade --yes
	[ "$status" -ne 0 ]
	talks "0\.0\.5"
}

@test "a migrations folder that is none" {
	expect 2 graph show --migrations "$DEPLOY/none"
	one_error
	mkdir "$DEPLOY/bare"
	run --separate-stderr tool upgrade --dry-run --migrations "$DEPLOY/bare"
	[ "$status" -ne 0 ]
	one_error
}

@test "a snapshot that is not there" {
	expect 2 restore nothing-like-this --yes
	one_error
	expect 2 restore "$DEPLOY/nothing.tar" --yes
	one_error
	expect 2 restore latest --yes
	one_error
	expect 2 restore --yes
	one_error
}

@test "a folder or a device for a snapshot" {
	for file in "$DEPLOY" /dev/null; do
		expect 1 restore "$file" --yes
		talks "plain file"
		one_error
	done
}

@test "a role that may not read the engine's tables" {
	sql postgres "CREATE ROLE stranger LOGIN" || true
	for command in backup "upgrade --dry-run" "db check" "system status"; do
		# shellcheck disable=SC2086 # words on purpose
		expect 3 $command --database "host=$SOCKET dbname=anchore user=stranger"
		talks "stranger may not read" "hint: .*owns them"
	done
}
