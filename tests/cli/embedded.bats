#!/usr/bin/env bats
# The embedded deployment: a PostgreSQL of its own, never root's, never on a port.
load lib

setup_file() { migrations_make; }
setup() {
	[ -n "$PGBIN" ] || lacking "no PostgreSQL server is installed"
	unset "${!PGH@}" PGUSER
	# A data folder that postgres can search, a socket path that is short.
	BASE=$(mktemp -d /tmp/aa-emb.XXXXXX)
	chmod 755 "$BASE"
	DEPLOY=$BASE/here
	mkdir "$BASE/data" "$BASE/run"
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres: "$BASE/data" "$BASE/run"
	fi
}

teardown() {
	if [ -e "$DEPLOY/run/control" ]; then
		tool service stop >/dev/null 2>&1 || true
	fi
	if [ -f "$BASE/data/here/postmaster.pid" ]; then
		as_postgres timeout 60 "$PGBIN/pg_ctl" -D "$BASE/data/here" -m immediate -w stop >/dev/null || true
	fi
	rm -rf "$BASE"
}

make_deployment() {
	run --separate-stderr timeout 120 "$ANCHORE_ADMIN" init "$DEPLOY" --embedded --engine 0.2.1 --migrations "$MIGRATIONS" \
		--embedded-data "$BASE/data/here" --embedded-socket "$BASE/run/here" "$@"
	[ "$status" -eq 0 ] || show "init: exit status $status"
	[ "$status" -eq 0 ]
}

@test "init makes it; commands start it; service stop stops it" {
	make_deployment --no-database
	grep -q embedded "$DEPLOY/anchore-admin.yaml"
	[ "$(stat -c %a "$DEPLOY/passfile")" = 600 ]
	expect 0 service status
	expect 0 service stop
	[ ! -f "$BASE/data/here/postmaster.pid" ]
	expect 0 service stop
	expect 0 service start
	[ -f "$BASE/data/here/postmaster.pid" ]
	pid=$(head -n 1 "$BASE/data/here/postmaster.pid")
	if [ "$(id -u)" -eq 0 ]; then
		[ "$(stat -c %U "/proc/$pid")" = postgres ]
	fi
	[ -S "$BASE/run/here/.s.PGSQL.5432" ] || [ -n "$(find "$BASE/run/here" -name '.s.PGSQL.*')" ]
	# No port: nothing of the server's listens on TCP.
	run psql -XqAt -h "$BASE/run/here" -U anchore -d postgres -w -c 'SELECT 1'
	[ "$status" -ne 0 ]
	expect 0 service stop
}

@test "the shipped snapshot, restored into it, goes through the whole cycle" {
	archive=$(find "$SRCDIR/snapshots" -name '*-0.0.6-*.tar' | sort | tail -n 1)
	[ -n "$archive" ]
	make_deployment --no-database
	expect 0 snapshot verify "$archive"
	expect 0 restore "$archive" --yes
	expect 0 system status
	says "Engine DB Version: 0\.0\.6" "Engine Code Version: 0\.2\.1"
	expect 3 upgrade --yes
	expect 0 backup
	expect 0 service stop
	expect 0 upgrade --yes
	expect 0 backup
	expect 0 downgrade --to 0.2.1 --yes
	expect 0 db check
	expect 0 service stop
	says_not password
}

@test "a folder that is in use is refused" {
	make_deployment --no-database
	run --separate-stderr timeout 60 "$ANCHORE_ADMIN" init "$DEPLOY" --embedded
	[ "$status" -ne 0 ]
	one_error
}

@test "with services: the server is there before they start, and goes after they have stopped" {
	make_deployment
	# The service writes whether the server is there when it starts, and when it is told to stop.
	cat >"$BASE/look" <<-SH
		#!/bin/sh
		there() { [ -S "$BASE/run/here/.s.PGSQL.5433" ] && echo there || echo away; }
		echo "start \$(there)"
		trap 'echo "stop \$(there)"; exit 0' TERM
		while :; do sleep 0.05; done
	SH
	chmod 755 "$BASE/look"
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		status_listen: "off"
		services:
		  - name: catalog
		    argv: [$BASE/look]
	YAML
	expect 0 service stop
	expect 0 service start --detach --wait
	talks "embedded server here: started"
	says "catalog +up"
	eventually grep -q '^start there' "$DEPLOY/log/catalog.log"
	expect 0 service status
	says "embedded server here: running" "catalog +up"
	expect 0 service status --json
	grep -q '"embedded"' <<<"$output"
	# One service alone does not take the server with it.
	expect 0 service stop catalog
	[ -f "$BASE/data/here/postmaster.pid" ]
	expect 0 service start catalog
	expect 0 service stop
	[ ! -f "$BASE/data/here/postmaster.pid" ]
	[ "$(tail -n 1 "$DEPLOY/log/catalog.log")" = 'stop there' ]
	expect 0 service status
	says "embedded server here: stopped" "catalog +stopped"
}
