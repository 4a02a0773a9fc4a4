#!/usr/bin/env bats
# Where settings come from, and what is wrong with them.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { databases_drop; }

settings() { cat >"$DEPLOY/anchore-admin.yaml"; }

@test "option, then environment, then file" {
	database_make other
	sql other "UPDATE anchore SET db_version = '0.0.7', service_version = '0.2.4'"
	expect 0 system status
	says "DB Version: 0\.0\.6"
	ANCHORE_ADMIN_DATABASE="host=$SOCKET dbname=other user=engine" expect 0 system status
	says "DB Version: 0\.0\.7"
	ANCHORE_ADMIN_DATABASE="host=$SOCKET dbname=other user=engine" \
		expect 0 system status --database "host=$SOCKET dbname=anchore user=engine"
	says "DB Version: 0\.0\.6"
}

@test "--config, ANCHORE_ADMIN_CONFIG, and no file at all" {
	mv "$DEPLOY/anchore-admin.yaml" "$DEPLOY/other.yaml"
	expect 0 system status --config "$DEPLOY/other.yaml"
	ANCHORE_ADMIN_CONFIG=$DEPLOY/other.yaml expect 0 system status
	expect 0 backup --database "$DB" --store "$STORE"
	expect 2 system status --config "$DEPLOY/none.yaml"
	one_error
}

@test "PG* variables" {
	settings <<<"migrations: $MIGRATIONS"
	PGHOST=$SOCKET PGDATABASE=anchore PGUSER=engine expect 0 system status --engine 0.2.1
	says "DB Version: 0\.0\.6"
}

@test "a libpq URI and SQLAlchemy URLs" {
	for scheme in postgresql postgres postgresql+pg8000 postgresql+psycopg2; do
		expect 0 system status --database "$scheme://engine@/anchore?host=${SOCKET//\//%2F}"
		says "DB Version: 0\.0\.6"
	done
}

@test "a percent-encoded password" {
	sql postgres "CREATE ROLE coded LOGIN PASSWORD 'p@ss:w/rd%' IN ROLE secretive" || true
	sql anchore "GRANT engine TO coded"
	expect 0 system status --database "postgresql+pg8000://coded:p%40ss%3Aw%2Frd%25@/anchore?host=$SOCKET"
	expect 5 system status --database "postgresql+pg8000://coded:p%40ss@/anchore?host=$SOCKET"
	says_not "p@ss" "p%40ss"
}

@test "the engine's own config.yaml, with variables from the environment" {
	cat >"$DEPLOY/config.yaml" <<-YAML
		service_dir: /config
		credentials:
		  database:
		    db_connect: "postgresql+pg8000://\${ANCHORE_DB_USER}@/\${ANCHORE_DB_NAME}?host=$SOCKET"
		    db_connect_args:
		      timeout: 120
		      ssl: false
	YAML
	settings <<-YAML
		engine_config: config.yaml
		store: snapshots
		engine: 0.2.1
		migrations: $MIGRATIONS
	YAML
	ANCHORE_DB_USER=engine ANCHORE_DB_NAME=anchore expect 0 system status
	says "DB Version: 0\.0\.6"
	expect 2 system status
	one_error
	talks "ANCHORE_DB_"
}

@test "relative paths are relative to the file" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	run --separate-stderr bash -c "cd '$BATS_TEST_TMPDIR/elsewhere' && timeout 60 '$ANCHORE_ADMIN' backup --config '$DEPLOY/anchore-admin.yaml'"
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	ls "$STORE"/*.tar
}

@test "an unknown key: the line and the nearest known key" {
	settings <<-YAML
		store: snapshots
		lock_timout: 3
	YAML
	expect 2 backup
	talks "line 2" "lock_timout" "lock_timeout"
	one_error
}

@test "a wrong type, a number out of range, a key twice, no map, broken YAML" {
	settings <<<"jobs: many"
	expect 2 backup
	talks "line 1" jobs
	settings <<<"jobs: 1000"
	expect 2 backup
	talks jobs "64"
	settings <<<"store: [a, b]"
	expect 2 backup
	talks store
	printf 'store: a\nstore: b\n' | settings
	expect 2 backup
	talks "line 2" "twice|again|duplicate"
	settings <<<"- store"
	expect 2 backup
	printf 'store: "a\n' | settings
	expect 2 backup
	talks "anchore-admin.yaml"
	: | settings
	expect 0 backup --database "$DB" --store "$STORE"
}

@test "wrong options: unknown, ambiguous, without their value, too many arguments, unknown command" {
	expect 2 backup --no-such-option
	talks "no-such-option"
	one_error
	expect 2 backup --store
	expect 2 backup surplus
	expect 2 no-such-command
	expect 2 bakcup
	talks "backup"
	expect 2 snapshot
	expect 2 upgrade --undo
	expect 2 backup --jobs 0
	expect 2 backup --jobs x
	expect 2 backup --yes=perhaps
	ANCHORE_ADMIN_JOBS=none expect 2 backup
	talks ANCHORE_ADMIN_JOBS
}

@test "help and version" {
	expect 0 --version
	says "^anchore-admin [0-9]"
	expect 0 --help
	says backup restore upgrade downgrade snapshot graph "db" init
	expect 0 backup --help
	says "--store"
	expect 0 help backup
	expect 2
}

@test "a failing stdout is an error" {
	run bash -c "cd '$DEPLOY' && timeout 60 '$ANCHORE_ADMIN' --help >/dev/full"
	[ "$status" -ne 0 ]
	run bash -c "cd '$DEPLOY' && timeout 60 '$ANCHORE_ADMIN' db status >/dev/full"
	[ "$status" -ne 0 ]
}

@test "init writes a settings file that the tool takes, and never over another" {
	expect 0 init "$DEPLOY/new" --engine 0.2.1 --migrations "$MIGRATIONS"
	[ -f "$DEPLOY/new/anchore-admin.yaml" ]
	grep -q '^ *#' "$DEPLOY/new/anchore-admin.yaml"
	expect 0 system status --config "$DEPLOY/new/anchore-admin.yaml" --database "$DB"
	sum=$(sha256sum "$DEPLOY/new/anchore-admin.yaml")
	run --separate-stderr tool init "$DEPLOY/new"
	[ "$status" -ne 0 ]
	one_error
	[ "$(sha256sum "$DEPLOY/new/anchore-admin.yaml")" = "$sum" ]
}
