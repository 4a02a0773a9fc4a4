#!/usr/bin/env bats
# A password never shows: not in ps, not in output, not in journal, log or archive.
load lib

SECRET=s3cr3tw0rd

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	sql postgres "CREATE ROLE guarded LOGIN CREATEDB PASSWORD '$SECRET' IN ROLE secretive" 2>/dev/null || true
	sql anchore "REASSIGN OWNED BY engine TO guarded"
	sql postgres "ALTER DATABASE anchore OWNER TO guarded"
	sed -i "s|^database:.*|database: postgresql+pg8000://guarded:$SECRET@/anchore?host=$SOCKET|" "$DEPLOY/anchore-admin.yaml"
}
teardown() {
	# shellcheck disable=SC2015 # either may be gone
	[ -z "${WATCH:-}" ] || { kill "$WATCH" && wait "$WATCH"; } 2>/dev/null || true
	databases_drop
}

# Reads every process's arguments and environment, again and again, and notes those that hold the word.
watch_start() {
	python3 - "$SECRET" "$BATS_TEST_TMPDIR/seen" <<-'PYTHON' 3>&- &
		import os, sys, time
		secret, out = sys.argv[1].encode(), sys.argv[2]
		me = os.getpid()
		with open(out, "ab", 0) as seen:
		    while True:
		        for pid in filter(str.isdigit, os.listdir("/proc")):
		            if int(pid) in (me, os.getppid()):
		                continue
		            try:
		                with open(f"/proc/{pid}/cmdline", "rb") as f:
		                    text = f.read()
		            except OSError:
		                continue
		            if secret in text:
		                seen.write(b"argv " + text.replace(b"\0", b" ") + b"\n")
		        time.sleep(0.001)
	PYTHON
	WATCH=$!
}

@test "in the whole cycle" {
	watch_start
	for command in "backup --verbose" "upgrade --dry-run" "upgrade --yes --verbose" "db status" "db history" "system status" \
		"backup" "downgrade --to 0.0.6 --yes" "restore latest --yes --verbose" "restore --undo --yes" "snapshot show latest"; do
		# shellcheck disable=SC2086 # several words
		expect 0 $command
		# Not by says_not, whose grep would show the word to the watch.
		[[ $output$stderr != *"$SECRET"* ]]
	done
	# What the test itself may not show: nothing of the tool's.
	run grep -v 'python3 - ' "$BATS_TEST_TMPDIR/seen"
	[ -z "$output" ] || echo "$output" >&2
	[ -z "$output" ]
	run grep -rl "$SECRET" "$STORE"
	[ -z "$output" ]
	[ "$(sql anchore "SELECT count(*) FROM anchore_admin.journal j WHERE j::text LIKE '%$SECRET%'")" = 0 ]
	[ "$(sql postgres "SELECT count(*) FROM pg_stat_activity a WHERE a::text LIKE '%$SECRET%' AND pid <> pg_backend_pid()")" = 0 ]
	run grep "$SECRET" "$SERVER/log"
	[ -z "$output" ]
}

@test "in errors: a URL that cannot be read, a server that is away, a failing statement" {
	for database in "postgresql+pg8000://guarded:$SECRET@/anchore?host=$SOCKET&port=1" \
		"postgresql://guarded:$SECRET@[broken/anchore" "host=$SOCKET password=$SECRET nonsense" \
		"mysql://guarded:$SECRET@/anchore" "password='$SECRET"; do
		sed -i "s|^database:.*|database: \"$database\"|" "$DEPLOY/anchore-admin.yaml"
		run --separate-stderr tool backup --verbose
		[ "$status" -ne 0 ]
		says_not "$SECRET"
		run --separate-stderr tool db status --json
		[ "$status" -ne 0 ]
		says_not "$SECRET"
	done
}

@test "on a command line of the operator's own it is at least not repeated" {
	expect 0 backup --verbose --database "postgresql://guarded:$SECRET@/anchore?host=${SOCKET//\//%2F}"
	says_not "$SECRET"
	run grep -rl "$SECRET" "$STORE"
	[ -z "$output" ]
}

@test "files that the tool makes are private" {
	expect 0 backup
	run find "$STORE" -type f -perm /077
	[ -z "$output" ]
}
