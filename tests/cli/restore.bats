#!/usr/bin/env bats
# Restore: beside, check, swap, keep the old.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { session_close; databases_drop; }

kept() { sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore\_before\_%' ORDER BY 1"; }

# What a database carries besides its rows.
properties() {
	sql postgres "SELECT pg_get_userbyid(datdba), datacl, datconnlimit, encoding, datcollate, datctype, shobj_description(oid, 'pg_database')
		FROM pg_database WHERE datname = '$1'"
	sql postgres "SELECT coalesce((SELECT rolname FROM pg_roles WHERE oid = setrole), '-'), setconfig FROM pg_db_role_setting
		JOIN pg_database d ON d.oid = setdatabase WHERE datname = '$1' ORDER BY 1, 2"
}

@test "the rows of the snapshot are back, what was there is kept" {
	expect 0 backup
	before=$(database_digest)
	sql anchore "DELETE FROM image_package_vulnerabilities; UPDATE users SET email = 'x'"
	changed=$(database_digest)
	expect 0 restore latest --yes
	diff <(echo "$before") <(database_digest)
	[ "$(kept | wc -l)" = 1 ]
	diff <(echo "$changed") <(database_digest "$(kept)")
	expect 0 db status
	says "$(kept)"
	expect 0 db check
}

@test "--undo swaps back, and again" {
	expect 0 backup
	before=$(database_digest)
	sql anchore "UPDATE users SET email = 'x'"
	changed=$(database_digest)
	expect 0 restore latest --yes
	expect 0 restore --undo --yes
	diff <(echo "$changed") <(database_digest)
	[ "$(kept | wc -l)" = 1 ]
	diff <(echo "$before") <(database_digest "$(kept)")
}

@test "--undo without a kept database says so" {
	expect 3 restore --undo --yes
	one_error
}

@test "owner, privileges, comment, connection limit and settings are carried over" {
	sql postgres "CREATE ROLE reader NOLOGIN" || true
	sql postgres "ALTER DATABASE anchore SET work_mem = '7MB'"
	sql postgres "ALTER ROLE engine IN DATABASE anchore SET statement_timeout = '70s'"
	sql postgres "COMMENT ON DATABASE anchore IS 'the engine''s'"
	sql postgres "ALTER DATABASE anchore CONNECTION LIMIT 77"
	sql postgres "REVOKE TEMPORARY ON DATABASE anchore FROM PUBLIC; GRANT CONNECT ON DATABASE anchore TO reader"
	sql anchore "GRANT SELECT ON users TO reader; COMMENT ON TABLE users IS 'people'"
	expect 0 backup --database "host=$SOCKET dbname=anchore user=postgres"
	before=$(properties anchore)
	expect 0 restore latest --yes --database "host=$SOCKET dbname=anchore user=postgres"
	diff <(echo "$before") <(properties anchore)
	[ "$(sql anchore "SELECT has_table_privilege('reader', 'users', 'SELECT')")" = t ]
	[ "$(sql anchore "SELECT obj_description('users'::regclass)")" = people ]
	[ "$(sql anchore "SELECT tableowner FROM pg_tables WHERE tablename = 'users'")" = engine ]
	expect 0 restore --undo --yes --database "host=$SOCKET dbname=anchore user=postgres"
	diff <(echo "$before") <(properties anchore)
}

@test "into a database that does not exist yet, whatever deployment it is of" {
	expect 0 backup
	before=$(database_digest)
	sql postgres "DROP DATABASE anchore"
	expect 0 restore latest --yes
	diff <(echo "$before") <(database_digest)
	[ "$(sql postgres "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'anchore'")" = engine ]
	[ -z "$(kept)" ]
}

@test "--into restores beside and swaps nothing" {
	expect 0 backup
	before=$(database_digest)
	sql anchore "UPDATE users SET email = 'x'"
	expect 0 restore latest --into copy --yes
	diff <(echo "$before") <(database_digest copy)
	[ "$(sql anchore "SELECT DISTINCT email FROM users")" = x ]
	[ -z "$(kept)" ]
	expect 3 restore latest --into copy --yes
	one_error
	[ "$(db_version copy)" = 0.0.6 ]
}

@test "--deep reads everything back" {
	expect 0 backup
	expect 0 restore latest --deep --yes
	contains "$output$stderr" "digest|read back|equal|compared"
}

@test "--deep finds a row that is not what was loaded" {
	sql anchore "CREATE TABLE large AS SELECT g, md5(g::text) AS h FROM generate_series(1, 20000) g; ALTER TABLE large OWNER TO engine"
	expect 0 backup
	before=$(database_digest)
	tool_stopped restore-read-back restore latest --deep --yes --jobs 1
	incoming=$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore\_%' ORDER BY 1")
	sql "$incoming" "UPDATE large SET h = 'x' WHERE g = 10000"
	tool_go
	[ "$status" -eq 1 ]
	talks "large" "hint:.*snapshot verify"
	diff <(echo "$before") <(database_digest)
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore\_%'")" ]
}

@test "--dry-run says what would happen, with sizes, and changes nothing" {
	expect 0 backup
	before=$(sql postgres "SELECT oid, datname FROM pg_database ORDER BY 1")
	expect 0 restore latest --dry-run
	says "[0-9] ?([KMG]i?)?B" "_before_|kept"
	[ "$(sql postgres "SELECT oid, datname FROM pg_database ORDER BY 1")" = "$before" ]
}

@test "it asks, and without a terminal and --yes refuses" {
	expect 0 backup
	before=$(sql postgres "SELECT oid, datname FROM pg_database ORDER BY 1")
	expect 3 restore latest
	one_error
	[ "$(sql postgres "SELECT oid, datname FROM pg_database ORDER BY 1")" = "$before" ]
}

@test "sessions on the database are named in the refusal" {
	expect 0 backup
	before=$(database_digest)
	session_open anchore engine-service
	session_run "SELECT 1;"
	expect 3 restore latest --yes
	talks "engine-service" "$(sql postgres "SELECT pid FROM pg_stat_activity WHERE application_name = 'engine-service'")"
	session_close
	diff <(echo "$before") <(database_digest)
	[ -z "$(kept)" ]
	expect 0 restore latest --yes
}

@test "another deployment's snapshot needs --foreign over a database that exists" {
	expect 0 backup --store "$DEPLOY/elsewhere"
	archive=$(ls "$DEPLOY"/elsewhere/*.tar)
	expect 0 backup
	before=$(sql postgres "SELECT oid FROM pg_database WHERE datname = 'anchore'")
	expect 3 restore "$archive" --yes
	talks "foreign|another deployment" "--foreign"
	[ "$(sql postgres "SELECT oid FROM pg_database WHERE datname = 'anchore'")" = "$before" ]
	expect 0 restore "$archive" --yes --foreign
	expect 0 restore "$archive" --yes --into elsewhere
}

@test "a role without CREATEDB is refused first" {
	sql postgres "CREATE ROLE plain LOGIN" || true
	sql postgres "ALTER DATABASE anchore OWNER TO plain"
	sql anchore "REASSIGN OWNED BY engine TO plain"
	expect 0 backup --database "host=$SOCKET dbname=anchore user=plain"
	expect 3 restore latest --yes --database "host=$SOCKET dbname=anchore user=plain"
	talks "createdb|may not create"
	one_error
	[ -z "$(kept)" ]
	sql postgres "ALTER DATABASE anchore OWNER TO engine"
}

@test "a role that owned things and is gone: named, and --no-owner goes on" {
	sql postgres "CREATE ROLE leaver NOLOGIN"
	sql anchore "ALTER TABLE eventlog OWNER TO leaver; GRANT SELECT ON eventlog TO engine"
	expect 0 backup --database "host=$SOCKET dbname=anchore user=postgres"
	sql anchore "ALTER TABLE eventlog OWNER TO engine; DROP OWNED BY leaver"
	sql postgres "DROP ROLE leaver"
	run --separate-stderr tool restore latest --yes --database "host=$SOCKET dbname=anchore user=postgres"
	[ "$status" -ne 0 ]
	talks leaver "--no-owner"
	[ -z "$(kept)" ]
	expect 0 restore latest --yes --no-owner --database "host=$SOCKET dbname=anchore user=postgres"
	expect 0 db check --database "host=$SOCKET dbname=anchore user=postgres"
}

@test "the copy that was restored counts as fresh for its snapshot" {
	expect 0 backup
	expect 0 restore latest --yes
	expect 0 upgrade --dry-run
	expect 0 upgrade --yes
	[ "$(db_version)" = 0.0.7 ]
}

@test "a left-over copy of a killed run is dropped by the next" {
	expect 0 backup
	ANCHORE_ADMIN_FAULT="$RESTORE_LOAD_STEP:1:kill" run --separate-stderr tool restore latest --yes
	[ "$status" -eq 137 ]
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', 't006')")" = 2 ]
	expect 0 restore latest --yes
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', 't006')")" = 2 ]
	[ "$(kept | wc -l)" = 1 ]
}

@test "a long name is cut to what PostgreSQL takes" {
	long=engine_database_with_a_name_of_just_sixty_three_bytes_012345678
	[ ${#long} -eq 63 ]
	deployment_make "$long"
	expect 0 backup
	expect 0 restore latest --yes
	[ "$(db_version "$long")" = 0.0.6 ]
	expect 0 restore --undo --yes
	[ "$(db_version "$long")" = 0.0.6 ]
}

@test "SIGINT and SIGTERM at every step: the old database or the new, nothing half there" {
	expect 0 backup
	before=$(database_digest)
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 restore latest --yes
	steps=$(wc -l <"$BATS_TEST_TMPDIR/steps")
	for ((n = 1; n <= steps; n += (steps / 10) + 1)); do
		signal=int want=130
		[ $((n % 2)) -eq 0 ] || signal=term want=143
		ANCHORE_ADMIN_FAULT="*:$n:$signal" run --separate-stderr tool restore latest --yes
		if [ "$status" -ne 0 ] && [ "$status" -ne $want ]; then
			show "step $n: exit status $status"
			return 1
		fi
		diff <(echo "$before") <(database_digest)
		left=$(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE 'anchore%' AND datname NOT LIKE 'anchore\_before\_%'")
		if [ "$left" != anchore ]; then
			show "step $n left $left"
			return 1
		fi
	done
}

@test "the server is killed while a restore runs: the old database, and the next run works" {
	expect 0 backup
	sql anchore "UPDATE users SET email = 'kept'"
	tool_stopped "$RESTORE_LOAD_STEP" restore latest --yes
	server_down -m immediate
	tool_go
	[ "$status" -ne 0 ]
	[ "$status" -lt 128 ]
	server_up
	[ "$(sql anchore "SELECT DISTINCT email FROM users")" = kept ]
	expect 0 restore latest --yes
	[ "$(sql anchore "SELECT count(*) FROM users WHERE email = 'kept'")" = 0 ]
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore%'")" = 2 ]
}

# ---- the order of a restore ------------------------------------------------------------------------

# Two tables that are large enough for keys of their own schedule, with foreign keys in a circle, to oneself, to a
# unique index, one that is not validated, and what else comes after the rows.
heavy_make() {
	sql "$1" "
		SET client_min_messages = error; SET SESSION AUTHORIZATION engine;
		CREATE TABLE public.heavy_a (id int PRIMARY KEY, other int, up int, code text, pad text);
		CREATE TABLE public.heavy_b (id int PRIMARY KEY, a int, code text, pad text);
		INSERT INTO public.heavy_a SELECT g, g, nullif(g / 2, 0), 'code ' || g, repeat('x', 100) FROM generate_series(1, 90000) g;
		INSERT INTO public.heavy_b SELECT g, g, 'code ' || g, repeat('y', 100) FROM generate_series(1, 90000) g;
		CREATE UNIQUE INDEX heavy_a_code ON public.heavy_a (code);
		CREATE INDEX \"heavy; -- Name: index\" ON public.heavy_a ((pad || '
--
-- PostgreSQL database dump complete
--

; x'));
		CREATE INDEX heavy_b_pad ON public.heavy_b (pad, a);
		CREATE STATISTICS public.heavy_st ON code, pad FROM public.heavy_b;
		ALTER TABLE public.heavy_a ADD FOREIGN KEY (other) REFERENCES public.heavy_b, ADD FOREIGN KEY (up) REFERENCES public.heavy_a;
		ALTER TABLE public.heavy_b ADD FOREIGN KEY (a) REFERENCES public.heavy_a, ADD FOREIGN KEY (code) REFERENCES public.heavy_a (code);
		CREATE TABLE public.loose (a int);
		INSERT INTO public.loose VALUES (-1);
		ALTER TABLE public.loose ADD CONSTRAINT loose_a FOREIGN KEY (a) REFERENCES public.heavy_a NOT VALID;
		COMMENT ON CONSTRAINT heavy_b_pkey ON public.heavy_b IS 'the key';
		CREATE TABLE public.parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES FROM (0) TO (10);
		CREATE TABLE public.to_parted (id int REFERENCES public.parted);
		INSERT INTO public.parted VALUES (1); INSERT INTO public.to_parted VALUES (1);
		CREATE FUNCTION public.shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
		CREATE TRIGGER shouts BEFORE INSERT ON public.loose FOR EACH ROW EXECUTE FUNCTION public.shout();
		CREATE MATERIALIZED VIEW public.seen AS SELECT count(*) FROM public.heavy_a;"
}

# Everything that is restored after the rows, as the catalogs know it.
after_the_rows() {
	sql "$1" "SELECT 'con', conrelid::regclass, conname, contype, convalidated, condeferrable, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint')
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conrelid::regclass::text COLLATE \"C\", conname::text COLLATE \"C\""
	sql "$1" "SELECT 'idx', indexrelid::regclass, indisvalid, indisready, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indrelid
		WHERE relnamespace = 'public'::regnamespace ORDER BY indexrelid::regclass::text COLLATE \"C\""
	sql "$1" "SELECT 'trg', tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname"
	sql "$1" "SELECT 'ri', count(*), count(DISTINCT tgenabled) FROM pg_trigger WHERE tgisinternal"
	sql "$1" "SELECT 'sta', stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext ORDER BY 2; SELECT * FROM public.seen"
}

@test "keys, foreign keys and what else comes after the rows are as they were: a superuser" {
	heavy_make anchore
	expect 0 backup
	before=$(after_the_rows anchore)
	grep -q "^con|loose|loose_a|f|f|" <<<"$before"
	expect 0 restore latest --into copy --yes --verbose --database "host=$SOCKET dbname=anchore user=postgres"
	diff <(echo "$before") <(after_the_rows copy)
	talks "of [0-9]+ entries of the archive [1-9][0-9]* before the rows, [1-9][0-9]* beside them, [1-9][0-9]* after"
	[ "$(sql copy "SELECT count(*) FROM pg_statistic WHERE starelid = 'heavy_a'::regclass")" -ge 5 ]
	[ "$(sql copy "SELECT count(*) FROM pg_statistic_ext_data")" = 1 ]
	# What the foreign keys forbid is still forbidden, and they hold.
	run ! sql copy "INSERT INTO public.heavy_b VALUES (0, 0, 'none', '')"
	sql copy "ALTER TABLE heavy_b ADD CONSTRAINT again FOREIGN KEY (a) REFERENCES heavy_a"
}

@test "keys, foreign keys and what else comes after the rows are as they were: a plain role" {
	heavy_make anchore
	expect 0 backup
	before=$(after_the_rows anchore)
	expect 0 restore latest --into copy --yes --verbose
	diff <(echo "$before") <(after_the_rows copy)
	talks "foreign keys are checked after the rows" " 0 before the rows, [1-9][0-9]* beside them"
}

@test "a role that is no superuser does not get rows past a foreign key" {
	heavy_make anchore
	sql anchore "SET session_replication_role = replica; UPDATE public.heavy_b SET a = 0 WHERE id = 7"
	expect 0 backup
	expect 1 restore latest --into copy --yes
	talks "heavy_b_a_fkey"
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname ~ 'incoming|copy'")" ]
}

@test "a list of contents that is not understood: pg_restore's own order" {
	heavy_make anchore
	sql anchore 'CREATE SCHEMA "a b"; CREATE SCHEMA a; CREATE TABLE "a b".c (); CREATE TABLE a."b c" ()'
	expect 0 backup --database "host=$SOCKET dbname=anchore user=postgres"
	before=$(after_the_rows anchore)
	expect 0 restore latest --into copy --yes --verbose --database "host=$SOCKET dbname=anchore user=postgres"
	diff <(echo "$before") <(after_the_rows copy)
	talks "in pg_restore's order: .*a b c"
}

@test "a server with room for few connections" {
	heavy_make anchore
	expect 0 backup
	# One to make databases, one to the new one, one to fill it.
	sql postgres "ALTER ROLE engine CONNECTION LIMIT 3"
	run --separate-stderr tool restore latest --into copy --yes --jobs 4
	sql postgres "ALTER ROLE engine CONNECTION LIMIT -1"
	[ "$status" -eq 0 ] || show "exit status $status"
	[ "$status" -eq 0 ]
	talks "the server allows only 1 of 4 connections: going on with 1"
	[ "$(grep -c "the server allows only" <<<"$stderr")" = 1 ]
	diff <(after_the_rows anchore) <(after_the_rows copy)
}

@test "a session that is killed while rows are loaded or keys are built leaves nothing" {
	heavy_make anchore
	expect 0 backup
	for step in restore-chunk restore-build; do
		tool_stopped "$step" restore latest --into copy --yes --jobs 2
		sql postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname LIKE '%incoming%'"
		tool_go
		[ "$status" -ne 0 ]
		[ "$status" -lt 128 ]
		[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname ~ 'incoming|copy'")" ]
		[ -z "$(find "$STORE" -name '.tmp-*')" ]
	done
	expect 0 restore latest --into copy --yes --jobs 2
}

@test "SIGINT while keys are built leaves nothing" {
	heavy_make anchore
	expect 0 backup
	ANCHORE_ADMIN_FAULT="restore-build:2:int" run --separate-stderr tool restore latest --into copy --yes --jobs 2
	[ "$status" -eq 130 ]
	[ -z "$(sql postgres "SELECT datname FROM pg_database WHERE datname ~ 'incoming|copy'")" ]
}
