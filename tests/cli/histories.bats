#!/usr/bin/env bats
# Incremental backups over crashes and restarts, and over random histories.
load lib
load incremental

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

@test "a restart is not built over" {
	expect 0 backup
	server_down -m fast
	server_up
	incremental
	contains "$stderr" "the server was restarted since; reading everything"
	all_read big
}

@test "a crash is not built over" {
	expect 0 backup
	server_down -m immediate
	server_up
	incremental
	contains "$stderr" "the server was restarted since"
	all_read big
}

# The postmaster goes on after one of its processes died, with the same start time.
crash_within() {
	local tries=0
	as_postgres "$PGBIN/pg_ctl" kill KILL "$(sql postgres "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'")"
	sleep 0.2
	until sql postgres "SELECT 1" >/dev/null 2>&1; do
		sleep 0.1
		tries=$((tries + 1))
		[ $tries -lt 200 ]
	done
}

@test "a crash that the postmaster survives loses nothing that was on disk" {
	expect 0 backup
	crash_within
	sql anchore "INSERT INTO big VALUES (0, 'after the crash')"
	incremental
	says "taken from snapshot"
	some_read big
}

@test "a crash that takes back what the snapshot saw (asynchronous commit)" {
	sql postgres "ALTER SYSTEM SET wal_writer_delay = '10s'"
	sql postgres "SELECT pg_reload_conf()"
	sleep 0.3
	sql anchore "SET synchronous_commit = off; DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'lost')"
	expect 0 backup
	crash_within
	sql anchore "SET synchronous_commit = off; DELETE FROM big WHERE id = 2000; INSERT INTO big VALUES (-2000, 'other')"
	sql postgres "ALTER SYSTEM RESET wal_writer_delay"
	sql postgres "SELECT pg_reload_conf()"
	incremental
	contains "$stderr" "not all that it saw was on the server's disk"
}

# As many rows as before, in the last range.
LATE="DELETE FROM big WHERE ctid = (SELECT max(ctid) FROM big); INSERT INTO big VALUES (7, 'late');"

# One of the things that may happen to the tables, at random.
something() {
	local a=$((RANDOM % 2000)) b=$((RANDOM % 40 + 1))
	case $((RANDOM % 20)) in
	0) sql anchore "INSERT INTO big SELECT $a + i, repeat('n', $((RANDOM % 300))) FROM generate_series(1, $b) i" ;;
	1) sql anchore "UPDATE big SET pad = pad || '$b' WHERE id BETWEEN $a AND $a + $b" ;;
	2) sql anchore "DELETE FROM big WHERE id BETWEEN $a AND $a + $b" ;;
	3) sql anchore "BEGIN; $LATE COMMIT" ;;
	4) sql anchore "BEGIN; DELETE FROM big WHERE id > $a; ROLLBACK" ;;
	5) sql anchore "VACUUM big" ;;
	6) sql anchore "VACUUM (FREEZE) big" ;;
	7) sql anchore "VACUUM FULL big" ;;
	8) sql anchore "CLUSTER big USING big_i" ;;
	9) sql anchore "TRUNCATE second; INSERT INTO second SELECT i, 'again' FROM generate_series(1, 200) i" ;;
	10) sql anchore "UPDATE second SET pad = 's$b' WHERE id % 10 = 3" ;;
	11 | 12 | 13) sql anchore "ALTER TABLE second DROP IF EXISTS extra; ALTER TABLE second ADD extra int DEFAULT $a" ;;
	14 | 15 | 16) if [ -n "${TXN:-}" ]; then
		session_run "SAVEPOINT s; $LATE"
	else
		session_run "BEGIN; SELECT txid_current(); $LATE"
		TXN=1
	fi ;;
	17 | 18 | 19) [ -z "${TXN:-}" ] || {
		session_run "$( ((RANDOM % 4)) && echo COMMIT || echo ROLLBACK);"
		TXN=
	} ;;
	esac
}

disaster() {
	TXN=
	session_close
	case $((RANDOM % 3)) in
	0) crash_within ;;
	1) server_down -m fast && server_up ;;
	2) server_down -m immediate && server_up ;;
	esac
	session_open anchore
	session_run "SET lock_timeout = '200ms'; SET deadlock_timeout = '50ms';"
}

@test "random histories: an incremental snapshot is what a full one is" {
	sql anchore "CREATE INDEX big_i ON big (id); CREATE TABLE second (id int, pad text); ALTER TABLE second OWNER TO engine"
	sql anchore "INSERT INTO second SELECT i, 'second' FROM generate_series(1, 500) i"
	sql anchore "ALTER ROLE postgres SET lock_timeout = '200ms'"
	seeds=${HISTORY_SEEDS:-3 11 22} taken_of_all=0 read_of_all=0
	for seed in $seeds; do
		RANDOM=$seed
		TXN=
		session_open anchore
		expect 0 backup
		for round in 1 2 3 4 5 6 7 8 9 10; do
			((RANDOM % 12)) || disaster
			((RANDOM % 2)) || elsewhere
			for _ in $(seq $((RANDOM % 4))); do
				# A lock that the open transaction holds is no failure.
				something 2>/dev/null || true
			done
			echo "seed $seed, round $round" >&2
			incremental
			read -r taken read <<<"$(counts big)"
			taken_of_all=$((taken_of_all + taken)) read_of_all=$((read_of_all + read))
		done
		session_close
	done
	sql anchore "ALTER ROLE postgres RESET lock_timeout"
	# They are of both kinds.
	echo "taken $taken_of_all, read $read_of_all" >&2
	[ $taken_of_all -gt 20 ]
	[ $read_of_all -gt 10 ]
}
