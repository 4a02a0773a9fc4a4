#!/usr/bin/env bats
# What happens to a backup and a restore besides what is planned: other sessions, odd tables, too little of everything.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() {
	sql postgres "ALTER ROLE engine CONNECTION LIMIT -1"
	session_close
	databases_drop
}

# owned DATABASE SQL: runs it as the engine's role.
owned() { sql "$1" "SET ROLE engine; $2"; }

# Rows of every table, as one line each: name, count, sum of their hashes.
contents() {
	local table
	for table in $(sql "$1" "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"); do
		echo "$table $(sql "$1" "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM public.$table t")"
	done
}

# The database comes back from a backup and a restore as it is.
assert_round() {
	expect 0 backup --jobs 2
	expect 0 snapshot verify latest
	expect 0 restore latest --into copy --yes --jobs 2
	diff <(contents anchore) <(contents copy)
}

nothing_is_left() {
	[ -z "$(find "$STORE" -name '.tmp-*' -o -name '*.tar')" ]
}

@test "--jobs wants a number from 1 to 64" {
	for jobs in 0 500 -1 x; do
		expect 2 backup --jobs="$jobs"
		talks "--jobs wants a whole number from 1 to 64, not '$jobs'"
	done
}

@test "a role of three connections: a backup and a restore go on with one worker, and say so" {
	sql postgres "ALTER ROLE engine CONNECTION LIMIT 3"
	expect 0 backup --jobs 4
	[ "$stderr" = "warning: the server allows only 2 of 5 connections: going on with 1" ]
	# As many as there are workers, and none for pg_dump.
	expect 0 backup --jobs 2
	[ "$stderr" = "warning: the server allows only 2 of 3 connections: going on with 1" ]
	expect 0 backup --jobs 1
	[ -z "$stderr" ]
	expect 0 restore latest --into copy --yes --jobs 4 --deep
	[ "$stderr" = "warning: the server allows only 1 of 4 connections: going on with 1" ]
	diff <(contents anchore) <(contents copy)
}

@test "pg_dump that finds no connection free waits a moment, whichever limit it is" {
	mkdir "$DEPLOY/bin"
	ln -s "$PGBIN"/* "$DEPLOY/bin/"
	rm "$DEPLOY/bin/pg_dump"
	cat >"$DEPLOY/bin/pg_dump" <<-PROGRAM
		#!/bin/bash
		case \$* in *--version*) exec "$PGBIN/pg_dump" "\$@" ;; esac
		read -r line <"$DEPLOY/said" && sed -i 1d "$DEPLOY/said" && echo "pg_dump: error: connection failed: FATAL:  \$line" >&2 && exit 1
		exec "$PGBIN/pg_dump" "\$@"
	PROGRAM
	chmod +x "$DEPLOY/bin/pg_dump"
	printf '%s\n' 'sorry, too many clients already' 'too many connections for role "engine"' \
		'remaining connection slots are reserved for non-replication superuser connections' >"$DEPLOY/said"
	expect 0 backup --pg-bindir "$DEPLOY/bin"
	yes 'sorry, too many clients already' | head -n 50 >"$DEPLOY/said"
	expect 1 backup --pg-bindir "$DEPLOY/bin"
	talks "too many clients" "hint: allow the role three connections, and see that the server has them"
}

@test "a role of fewer connections: refused, with how many it takes" {
	sql postgres "ALTER ROLE engine CONNECTION LIMIT 2"
	expect 1 backup
	talks "too many connections" "hint: allow the role three connections"
	nothing_is_left
	sql postgres "ALTER ROLE engine CONNECTION LIMIT 1"
	expect 5 backup
	nothing_is_left
}

@test "a table that is dropped while a backup runs" {
	tool_stopped "$BACKUP_READ_STEP" backup --jobs 1
	sql anchore "DROP TABLE eventlog"
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	[ "$(members_of_newest | grep -c eventlog)" = 0 ]
	expect 0 snapshot verify latest
}

members_of_newest() { tar -tf "$(newest_snapshot)"; }

@test "a table that grows while a backup runs: the rows that it had" {
	owned anchore "CREATE TABLE grows AS SELECT g, repeat('x', 500) FROM generate_series(1, 2000) g"
	ANCHORE_ADMIN_CHUNK=100000 tool_stopped "$BACKUP_READ_STEP" backup --jobs 2
	owned anchore "INSERT INTO grows SELECT g, repeat('y', 500) FROM generate_series(1, 20000) g"
	tool_go
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	expect 0 restore latest --into copy --yes
	[ "$(sql copy "SELECT count(*) FROM grows")" = 2000 ]
}

@test "a session that is killed while a backup runs: it fails, and nothing is left" {
	owned anchore "CREATE TABLE many AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g"
	# The workers' sessions, then with them the one that holds the snapshot.
	for which in "xact_start > (SELECT min(xact_start) FROM pg_stat_activity WHERE application_name LIKE 'anchore-admin%')" "true"; do
		ANCHORE_ADMIN_CHUNK=100000 tool_stopped backup-locked backup --jobs 3
		sql postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'anchore' AND application_name LIKE 'anchore-admin%' AND $which"
		tool_go
		# Whether the tool or pg_dump notices first is chance.
		[ "$status" -eq 5 ] || [ "$status" -eq 1 ] || show "$which: exit status $status"
		[ "$status" -eq 5 ] || [ "$status" -eq 1 ]
		talks "connection|snapshot"
		nothing_is_left
	done
	expect 0 backup
}

@test "pg_dump's session is killed: the backup fails, and nothing is left" {
	mkdir "$DEPLOY/bin"
	ln -s "$PGBIN"/* "$DEPLOY/bin/"
	rm "$DEPLOY/bin/pg_dump"
	cat >"$DEPLOY/bin/pg_dump" <<-PROGRAM
		#!/bin/bash
		case \$* in *--version*) exec "$PGBIN/pg_dump" "\$@" ;; esac
		"$PGBIN/psql" -XqAtc "SELECT pg_terminate_backend(pg_backend_pid())"
	PROGRAM
	chmod +x "$DEPLOY/bin/pg_dump"
	expect 1 backup --pg-bindir "$DEPLOY/bin"
	talks "pg_dump failed"
	nothing_is_left
}

@test "the disk is full after some chunks: exit 9, and nothing is left" {
	[ "$(id -u)" -eq 0 ] || lacking "mounting a small file system takes root"
	owned anchore "CREATE TABLE noise AS SELECT g, (SELECT string_agg(md5((g * 100 + i)::text), '') FROM generate_series(1, 100) i) FROM generate_series(1, 3000) g"
	mkdir -p "$STORE"
	run unshare -m bash -c "mount -t tmpfs -o size=3m none '$STORE' && cd '$DEPLOY' &&
		ANCHORE_ADMIN_CHUNK=300000 timeout 60 '$ANCHORE_ADMIN' backup --jobs 2; echo status=\$?; ls -A '$STORE' | sed 's/^/left: /'"
	[[ $output == *status=9* && $output == *"hint: "* ]] || show "expected 9"
	[[ $output == *status=9* && $output == *"hint: "* ]]
	[ "$(grep -cE '^left: (\.tmp-|.*\.tar)' <<<"$output")" = 0 ]
}

@test "SIGINT in the middle of a large table: exit 130 soon, and nothing is left" {
	owned anchore "CREATE TABLE many AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g"
	ANCHORE_ADMIN_CHUNK=100000 ANCHORE_ADMIN_FAULT="backup-locked:20:int" run --separate-stderr tool backup --jobs 2
	[ "$status" -eq 130 ] || show "exit status $status"
	[ "$status" -eq 130 ]
	nothing_is_left
	expect 0 backup
}

@test "values and rows about as long as the buffers that they go through" {
	owned anchore "CREATE TABLE edges AS SELECT n, repeat('v', n) AS v, repeat('w', 7) AS w FROM unnest(ARRAY[0, 1, 16382, 16383, 16384, 16385, 32767, 32768, 65535, 65536, 65537, 131060, 131063, 131064, 131065, 131066, 131067, 131068, 131069, 131070, 131071, 131072, 131073, 262143, 262144, 262145, 1048577]) n"
	owned anchore "INSERT INTO edges SELECT i, repeat(E'\\\\\t\n\r', i), NULL FROM generate_series(1, 9000, 300) i"
	owned anchore "CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES"
	owned anchore "CREATE TABLE blanks AS SELECT ''::text AS a, NULL::text AS b, ''::text AS c FROM generate_series(1, 5000)"
	assert_round
}

@test "a row of 60 MB between small ones" {
	owned anchore "CREATE TABLE long_row (id int, v text)"
	owned anchore "INSERT INTO long_row VALUES (1, 'x'), (2, repeat(md5('x'), 1900000)), (3, 'y')"
	assert_round
}

@test "a table of 1,600 columns, with rows and without" {
	owned anchore "DO \$\$ BEGIN EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg(format('c%s int', i), ', ') || ')' FROM generate_series(1, 1600) i); END \$\$"
	owned anchore "INSERT INTO wide (c1, c800, c1600) SELECT i, i * 2, NULL FROM generate_series(1, 200) i"
	owned anchore "DO \$\$ BEGIN EXECUTE (SELECT 'CREATE TABLE wide_empty (' || string_agg(format('c%s int', i), ', ') || ')' FROM generate_series(1, 1600) i); END \$\$"
	assert_round
}

@test "many ranges of many tables by many workers" {
	for i in 1 2 3; do
		owned anchore "CREATE TABLE large_$i AS SELECT g, md5(g::text) AS h, repeat(chr(65 + g % 26), g % 700) AS v FROM generate_series(1, 8000) g"
	done
	ANCHORE_ADMIN_CHUNK=200000 expect 0 backup --jobs 8
	[ "$(members_of_newest | grep -c large_2)" -gt 10 ]
	expect 0 restore latest --into copy --yes --jobs 8 --deep
	diff <(contents anchore) <(contents copy)
}

@test "one flipped bit anywhere in an archive is found, and not built on" {
	owned anchore "CREATE TABLE large AS SELECT g, md5(g::text) AS h FROM generate_series(1, 20000) g"
	ANCHORE_ADMIN_CHUNK=100000 expect 0 backup
	local archive size
	archive=$(newest_snapshot)
	size=$(stat -c %s "$archive")
	cp "$archive" "$DEPLOY/whole"
	for part in 3 11 37 50 73 90 99; do
		cp "$DEPLOY/whole" "$archive"
		python3 - "$archive" $((size * part / 100)) <<-'FLIP'
			import sys
			with open(sys.argv[1], "r+b") as file:
			    file.seek(int(sys.argv[2]))
			    byte = file.read(1)[0]
			    file.seek(int(sys.argv[2]))
			    file.write(bytes([byte ^ 16]))
		FLIP
		expect 6 snapshot verify "$archive"
		expect 6 restore "$archive" --into copy --yes
		ANCHORE_ADMIN_CHUNK=100000 expect 0 backup --incremental
		expect 0 snapshot verify latest
		rm "$(newest_snapshot)"
	done
}

@test "--compress: every level is read back, and what is none is refused" {
	for level in 1 3 19; do
		expect 0 backup --compress "zstd:$level"
		expect 0 snapshot verify latest
	done
	expect 2 backup --compress 3
	talks "--compress wants zstd:1 to zstd:19, not '3'"
	echo "compress: zstd:99" >>"$DEPLOY/anchore-admin.yaml"
	expect 2 backup
	talks "compress wants zstd:1 to zstd:19, not 'zstd:99'"
}
