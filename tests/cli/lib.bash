# Common to the .bats files: a private PostgreSQL server per file (socket only, owned by postgres when
# root runs the tests, fsync off), database templates that a test copies in a tenth of a second, and a
# deployment folder per test.
#
# From the environment: SRCDIR, the top of the source tree; ANCHORE_ADMIN, the test build of the tool; beside it the
# stand-in for the engine's services, REFERENCE_SERVICE.
#
# A file's setup_file calls server_start, its teardown_file server_stop; setup calls deployment_make.
# shellcheck shell=bash disable=SC2154 # bats sets status, output, stderr

bats_require_minimum_version 1.5.0

SRCDIR=${SRCDIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
: "${ANCHORE_ADMIN:?the test build of the tool, tests/anchore-admin}"
REFERENCE_SERVICE=${REFERENCE_SERVICE:-${ANCHORE_ADMIN%/tests/*}/contrib/reference-service/reference-service}
PGBIN=${PGBIN:-$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)}
ORACLE=$SRCDIR/tests/oracle
# Steps of the tool at which tests stop it (see base/fault.h): a table is about to be read; the guard is
# through and no statement ran yet; a copy is being loaded.
export BACKUP_READ_STEP=backup-table FIRST_STATEMENT_STEP=upgrade-before-transaction RESTORE_LOAD_STEP=restore-chunk
ROWS=$ORACLE/rows-0.0.6-to-0.0.7

# A test that lacks a part is skipped, but never where everything has to be there.
lacking() {
	if [ "${CI:-}" = true ]; then
		echo "$1" >&2
		return 1
	fi
	skip "$1"
}

# eventually COMMAND...: waits until it succeeds, at most half a minute.
eventually() {
	local tries=0
	until "$@"; do
		sleep 0.05
		tries=$((tries + 1))
		if [ $tries -ge 600 ]; then
			echo "never came true: $*" >&2
			return 1
		fi
	done
}

as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u postgres -- env -C / "$@"
	else
		"$@"
	fi
}

# ---- the server -----------------------------------------------------------------------------------

server_start() {
	if [ -z "$PGBIN" ] || [ ! -x "$PGBIN/initdb" ]; then
		lacking "no PostgreSQL server is installed"
	fi
	unset "${!PG@}" "${!ANCHORE_ADMIN_@}"
	PGBIN=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
	SERVER=$(mktemp -d /tmp/aa-cli.XXXXXX)
	chmod 755 "$SERVER"
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres: "$SERVER"
	fi
	export PGBIN SERVER SOCKET=$SERVER PGHOST=$SERVER PGUSER=postgres
	export LC_ALL=C.UTF-8 TZ=UTC PGAPPNAME=psql
	# Where nothing else writes the end of the log, a backup need not wait long to know.
	export ANCHORE_ADMIN_DURABLE=1
	server_data
	server_up
}

# The data folder, a copy of the one that the first file of tests makes and leaves beside the tool: that takes seconds, and
# the copy a tenth of one. Its name says what it was made by and of.
server_data() {
	local kept made
	made=$({ "$PGBIN/postgres" --version; id -u; cat "$SRCDIR/tests/cli/lib.bash" "$ORACLE"/*.py "$ORACLE/catalogs/0.0.6.json" \
		"$ROWS/before.sql"; } | sha256sum)
	kept=${ANCHORE_ADMIN%/*}/server-${made:0:16}
	(
		flock 9
		if [ ! -d "$kept" ]; then
			rm -rf "$kept.part"
			server_make
			cp -a "$SERVER/data" "$kept.part"
			mv "$kept.part" "$kept"
		fi
	) 9>"${ANCHORE_ADMIN%/*}/server.lock"
	[ -d "$SERVER/data" ] || cp -a "$kept" "$SERVER/data"
	echo "unix_socket_directories = '$SERVER'" >>"$SERVER/data/postgresql.conf"
}

server_make() {
	as_postgres timeout 60 "$PGBIN/initdb" -D "$SERVER/data" -U postgres -E UTF8 --locale=C.UTF-8 \
		--no-sync --auth=trust >"$SERVER/initdb.log" 2>&1
	# Roles called secret_* have to give a password, the others do not.
	{
		echo "local all +secretive scram-sha-256"
		echo "local all all trust"
	} >"$SERVER/data/pg_hba.conf"
	cat >>"$SERVER/data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$SERVER'
		fsync = off
		max_prepared_transactions = 4
		autovacuum = off
		log_min_messages = fatal
		shared_buffers = 32MB
	CONF
	server_up
	sql postgres "CREATE ROLE secretive NOLOGIN; CREATE ROLE engine LOGIN CREATEDB;"
	template_make
	server_down -m fast
}

server_up() {
	as_postgres timeout 60 "$PGBIN/pg_ctl" -D "$SERVER/data" -l "$SERVER/log" -w start >/dev/null
}

# With -m immediate for a crash.
server_down() {
	as_postgres timeout 60 "$PGBIN/pg_ctl" -D "$SERVER/data" -w "$@" stop >/dev/null
}

server_stop() {
	if [ -n "${SERVER:-}" ] && [ -d "$SERVER" ]; then
		server_down -m immediate || true
		rm -rf "$SERVER"
	fi
}

# sql DATABASE STATEMENTS: as the superuser, unaligned, without a header. Not by Debian's psql, which is a Perl program
# that starts this one.
sql() {
	timeout 60 "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

# Templates: t006, a 0.0.6 engine database with rows; t007 the same of 0.0.7, without rows.
template_make() {
	sql postgres "CREATE DATABASE t006 OWNER engine TEMPLATE template0 ENCODING 'UTF8'"
	oracle build "dbname=t006 user=engine" "$ORACLE/catalogs/0.0.6.json"
	timeout 60 "$PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "dbname=t006 user=engine" -f "$ROWS/before.sql"
	sql t006 "VACUUM (ANALYZE)"
}

oracle() {
	timeout 120 python3 "$ORACLE/oracle.py" "$@"
}

# database_make NAME [TEMPLATE]: a fresh copy; replaces one that is there.
database_make() {
	# A backup waits until the log is on disk, and nothing else here would write it.
	timeout 60 "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d postgres -c "SET client_min_messages = error" \
		-c "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)" \
		-c "CREATE DATABASE \"$1\" OWNER engine TEMPLATE ${2:-t006}" -c CHECKPOINT
}

databases_drop() {
	timeout 60 "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "host=$SERVER user=postgres dbname=postgres" <<-'SQL'
		SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
		WHERE NOT datistemplate AND datname NOT IN ('postgres', 't006') \gexec
	SQL
}

# ---- the deployment -------------------------------------------------------------------------------

# The SQL files as an operator has them: in a git work tree, committed. Once per file of tests. Only the part of the
# graph that most tests are about, so that its newest version is 0.0.7; `WHOLE_GRAPH=all migrations_make` copies all of it.
migrations_make() {
	export MIGRATIONS=$BATS_FILE_TMPDIR/repo/sql
	local file all=${WHOLE_GRAPH:-}
	mkdir -p "$MIGRATIONS"
	for file in "$SRCDIR"/sql/*; do
		case $all${file##*/} in
		all*) cp "$file" "$MIGRATIONS" ;;
		0.0.[67].* | 0.0.6--0.0.7.* | 0.0.7--0.0.6.* | [!0-9]*) cp "$file" "$MIGRATIONS" ;;
		esac
	done
	chmod -R u+w "$BATS_FILE_TMPDIR/repo"
	(
		cd "$BATS_FILE_TMPDIR/repo" || exit 1
		export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
		git init -q
		git config user.name test
		git config user.email test@localhost
		git add -A
		git commit -qm "The SQL files"
	)
}

# deployment_make [DATABASE]: a database at 0.0.6 and a settings file. DB is its connection string.
deployment_make() {
	local name=${1:-anchore}
	[ -d "${MIGRATIONS:-}" ] || migrations_make
	DEPLOY=$BATS_TEST_TMPDIR/deployment
	STORE=$DEPLOY/snapshots
	DB="host=$SOCKET dbname=$name user=engine"
	NAME=$name
	export DEPLOY STORE DB NAME
	mkdir -p "$DEPLOY"
	[ "$name" = postgres ] || database_make "$name"
	cat >"$DEPLOY/anchore-admin.yaml" <<-YAML
		database: "$DB"
		store: snapshots
		migrations: $MIGRATIONS
		engine: 0.2.1
	YAML
}

# root_make: a folder in the place of /, for what cron install writes.
root_make() {
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT/etc/cron.d"
	export ROOT ANCHORE_ADMIN_ROOT=$ROOT
}

# The tool, as an operator runs it in the deployment's folder.
tool() {
	(cd "$DEPLOY" && timeout "${LIMIT:-300}" "$ANCHORE_ADMIN" "$@" </dev/null)
}

# expect STATUS ARGUMENTS...: runs the tool; $output is stdout, $stderr the talk.
expect() {
	local want=$1
	shift
	run --separate-stderr tool "$@"
	if [ "$status" -ne "$want" ]; then
		show "exit status $status, expected $want: anchore-admin $*"
		return 1
	fi
}

show() {
	printf '%s\n--- stdout\n%s\n--- stderr\n%s\n' "$1" "$output" "$stderr" >&2
}

# says / talks / hints WORDS...: every pattern (extended, any case) occurs in stdout / stderr / a hint.
says() { contains "$output" "$@"; }
talks() { contains "$stderr" "$@"; }
contains() {
	local text=$1 word
	shift
	for word in "$@"; do
		if ! grep -Eqi -- "$word" <<<"$text"; then
			show "nothing matches: $word"
			return 1
		fi
	done
}
says_not() {
	local word
	for word in "$@"; do
		if grep -Eqi -- "$word" <<<"$output"$'\n'"$stderr"; then
			show "this matches and should not: $word"
			return 1
		fi
	done
}

# One error line and one hint, as every failure has.
one_error() {
	contains "$stderr" '^(anchore-admin: )?(error: )?[^:]'
	if [ "$(grep -c '^hint: ' <<<"$stderr")" -lt 1 ]; then
		show "no hint"
		return 1
	fi
}

db_version() {
	sql "${1:-$NAME}" "SELECT db_version FROM anchore"
}

# The state of the world that a refusal must not change.
database_digest() {
	oracle digest "host=$SOCKET user=postgres dbname=${1:-$NAME}"
}

newest_snapshot() {
	# shellcheck disable=SC2012 # names of ours
	ls -t "$STORE"/*.tar | head -n 1
}

# damage ARCHIVE MEMBER-PATTERN: another byte in the middle of the member; sizes and headers stay.
damage() {
	python3 - "$1" "$2" <<-'PYTHON'
		import re, sys, tarfile
		with tarfile.open(sys.argv[1]) as archive:
		    member = next(m for m in archive if re.search(sys.argv[2], m.name) and m.size)
		    at = member.offset_data + member.size // 2
		with open(sys.argv[1], "r+b") as file:
		    file.seek(at)
		    byte = file.read(1)[0]
		    file.seek(at)
		    file.write(bytes([byte ^ 0x55]))
	PYTHON
}

# A psql session that stays connected: session_open DATABASE, session_run STATEMENT, session_close.
session_open() {
	local dir=$BATS_TEST_TMPDIR
	mkfifo "$dir/session.in"
	PGAPPNAME=${2-} "$PGBIN/psql" -XqAt -d "$1" <"$dir/session.in" >"$dir/session.out" 2>&1 3>&- &
	SESSION=$!
	exec 7>"$dir/session.in"
}

session_run() {
	local mark=done.$RANDOM$RANDOM tries=0
	printf '%s\n\\echo %s\n' "$1" "$mark" >&7
	until grep -q "$mark" "$BATS_TEST_TMPDIR/session.out"; do
		sleep 0.02
		tries=$((tries + 1))
		[ $tries -lt 500 ] || return 1
	done
}

session_close() {
	if [ -n "${SESSION:-}" ]; then
		exec 7>&-
		wait "$SESSION" 2>/dev/null || true
		rm -f "$BATS_TEST_TMPDIR/session.in"
		SESSION=
	fi
}

# tool_stopped STEP ARGUMENTS...: starts the tool in the background with a stop at the step and waits for it to
# stand there. tool_go: lets it go on and waits; $status, $output and $stderr as after run.
tool_stopped() {
	local step=$1 tries=0
	shift
	(
		cd "$DEPLOY" && exec env "ANCHORE_ADMIN_FAULT=$step:1:stop" "$ANCHORE_ADMIN" "$@"
	) </dev/null >"$BATS_TEST_TMPDIR/tool.out" 2>"$BATS_TEST_TMPDIR/tool.err" 3>&- &
	TOOL=$!
	until [ "$(sed 's/.*) //;s/ .*//' "/proc/$TOOL/stat" 2>/dev/null)" = T ]; do
		if ! kill -0 "$TOOL" 2>/dev/null || [ $tries -ge 1500 ]; then
			cat "$BATS_TEST_TMPDIR/tool.err" >&2
			echo "the tool never stopped at $step" >&2
			return 1
		fi
		sleep 0.02
		tries=$((tries + 1))
	done
}

tool_go() {
	kill -CONT "$TOOL"
	status=0
	wait "$TOOL" || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/tool.out")
	stderr=$(cat "$BATS_TEST_TMPDIR/tool.err")
}

# steps_of ARGUMENTS...: how many steps a whole run of the tool has, in $STEPS, and which, in $BATS_TEST_TMPDIR/steps.
steps_of() {
	rm -f "$BATS_TEST_TMPDIR/steps"
	ANCHORE_ADMIN_FAULT_LOG=$BATS_TEST_TMPDIR/steps expect 0 "$@"
	STEPS=$(wc -l <"$BATS_TEST_TMPDIR/steps")
	[ "$STEPS" -ge 4 ]
}

# Which of the steps to visit: each name's first and last, so that long loops cost little. With ANCHORE_TEST_ALL
# set, all of them.
visits() {
	if [ -n "${ANCHORE_TEST_ALL:-}" ]; then
		seq "$STEPS"
	else
		awk '{ if (!($1 in first)) first[$1] = NR; last[$1] = NR }
			END { for (n in first) { print first[n]; print last[n] } }' "$BATS_TEST_TMPDIR/steps" | sort -nu
	fi
}
