#!/usr/bin/env bats
# Incremental backups: a table that is no longer the same, whatever its rows are, is read.
load lib
load incremental

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

@test "rewritten, truncated, or filled again with the same rows" {
	for statement in "VACUUM FULL big" "CLUSTER big USING big_i" "TRUNCATE big; INSERT INTO big SELECT i, 'z' FROM generate_series(1, 2000) i" \
		"ALTER TABLE big ALTER id TYPE bigint"; do
		sql anchore "CREATE INDEX IF NOT EXISTS big_i ON big (id)"
		expect 0 backup
		sql anchore "$statement"
		incremental
		all_read big
		all_taken catalog_image
	done
}

@test "a column that is added with a default, and one dropped and added again" {
	expect 0 backup
	sql anchore "ALTER TABLE big ADD extra text DEFAULT 'a'"
	incremental
	all_read big
	sql anchore "ALTER TABLE big DROP extra; ALTER TABLE big ADD extra text DEFAULT 'b'"
	incremental
	all_read big
	sql anchore "ALTER TABLE big RENAME extra TO more"
	incremental
	all_read big
}

@test "a type that changes without a rewrite" {
	sql anchore "CREATE TABLE typed (v varchar(10)); ALTER TABLE typed OWNER TO engine; INSERT INTO typed VALUES ('a')"
	expect 0 backup
	sql anchore "ALTER TABLE typed ALTER v TYPE text"
	incremental
	all_read typed
}

@test "an enum whose label is renamed, in columns, arrays and domains" {
	sql anchore "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN moods AS mood[]"
	sql anchore "CREATE TABLE felt (m mood); CREATE TABLE many (m moods); ALTER TABLE felt OWNER TO engine; ALTER TABLE many OWNER TO engine"
	sql anchore "INSERT INTO felt VALUES ('sad'); INSERT INTO many VALUES ('{sad,glad}')"
	expect 0 backup
	elsewhere
	incremental
	all_taken felt
	all_taken many
	sql anchore "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"
	incremental
	all_read felt
	all_read many
	all_taken big
}

@test "types whose text depends on something else are always read" {
	sql anchore "CREATE TYPE pair AS (a int, b regclass); CREATE TABLE other ()"
	sql anchore "CREATE TABLE t1 (r regclass); CREATE TABLE t2 (p pair); CREATE TABLE t3 (r regclass[]); CREATE TABLE t4 (a aclitem)"
	sql anchore "INSERT INTO t1 VALUES ('other'); INSERT INTO t2 VALUES ((1, 'other')); INSERT INTO t3 VALUES ('{other}')"
	sql anchore "INSERT INTO t4 VALUES ('engine=r/postgres')"
	sql anchore "ALTER TABLE t1 OWNER TO engine; ALTER TABLE t2 OWNER TO engine; ALTER TABLE t3 OWNER TO engine; ALTER TABLE t4 OWNER TO engine; ALTER TABLE other OWNER TO engine"
	expect 0 backup
	sql anchore "ALTER TABLE other RENAME TO another"
	incremental
	for table in t1 t2 t3 t4; do
		all_read $table
	done
}

@test "types that are made of the system's own are not" {
	sql anchore "CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE TABLE fine (a small, b small[], c int4range, d jsonb, e timestamptz, f numeric[], g bytea, h inet, i interval, j oid)"
	sql anchore "ALTER TABLE fine OWNER TO engine; INSERT INTO fine VALUES (1, '{2}', '[1,2]', '{}', now(), '{1.10}', 'x', '::1', '1 day', 7)"
	expect 0 backup
	elsewhere
	incremental
	all_taken fine
}

@test "an unlogged table is always read" {
	sql anchore "CREATE UNLOGGED TABLE loose (a int); ALTER TABLE loose OWNER TO engine; INSERT INTO loose VALUES (1)"
	expect 0 backup
	incremental
	all_read loose
	all_taken big
}

@test "a table of another access method than heap is always read" {
	sql anchore "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler"
	sql anchore "CREATE TABLE stored (a int) USING other; ALTER TABLE stored OWNER TO engine; INSERT INTO stored VALUES (1)"
	expect 0 backup
	incremental
	all_read stored
	all_taken big
}

@test "tables that are renamed, exchanged, dropped and made again" {
	sql anchore "CREATE TABLE twin (LIKE big); INSERT INTO twin SELECT id, 'twin' FROM big; ALTER TABLE twin OWNER TO engine"
	expect 0 backup
	sql anchore "ALTER TABLE twin RENAME TO x; ALTER TABLE big RENAME TO twin; ALTER TABLE x RENAME TO big"
	incremental
	all_read big
	all_read twin
	sql anchore "DROP TABLE twin; CREATE TABLE twin (LIKE big); INSERT INTO twin SELECT * FROM big; ALTER TABLE twin OWNER TO engine"
	incremental
	all_read twin
	all_taken big
	sql anchore "DROP TABLE twin"
	incremental
	all_taken big
}

@test "partitions and children are tables of their own" {
	sql anchore "CREATE TABLE parted (a int, b text) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF parted FOR VALUES FROM (10) TO (20)"
	sql anchore "CREATE TABLE child () INHERITS (big); INSERT INTO child VALUES (1, 'c'); INSERT INTO parted VALUES (1, 'x'), (11, 'y')"
	sql anchore "ALTER TABLE parted OWNER TO engine; ALTER TABLE p1 OWNER TO engine; ALTER TABLE p2 OWNER TO engine; ALTER TABLE child OWNER TO engine"
	expect 0 backup
	sql anchore "UPDATE parted SET a = 12 WHERE a = 1; INSERT INTO parted VALUES (2, 'z'); UPDATE child SET pad = 'd'"
	incremental
	all_read p1
	all_read p2
	all_read child
	all_taken big
}
