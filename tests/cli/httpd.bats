#!/usr/bin/env bats
# What the supervisor answers over HTTP: the exchange of the engine's own client, a page, metrics; and who abuses it.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	echo foobar >"$DEPLOY/password"
	chmod 600 "$DEPLOY/password"
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		status_listen: 127.0.0.1:0
		status_password_file: password
		services:
		  - name: catalog
		    argv: [sleep, "1000"]
		  - name: analyzer
		    argv: [sleep, "1000"]
	YAML
}
teardown() { supervisor_end; databases_drop; }

# supervise [ARGUMENTS…]: the supervisor in the background; URL is where it answers.
supervise() {
	(cd "$DEPLOY" && exec "$ANCHORE_ADMIN" service start "$@") </dev/null >"$BATS_TEST_TMPDIR/supervisor.out" \
		2>"$BATS_TEST_TMPDIR/supervisor.err" 3>&- &
	SUPERVISOR=$!
	wait_until supervisor_shows
	URL=$(sed -n 's/^how the services are is told on \(.*\)\/$/\1/p' "$BATS_TEST_TMPDIR/supervisor.err")
	URL=${URL/0.0.0.0/127.0.0.1}
}

supervisor_shows() {
	if ! kill -0 "$SUPERVISOR"; then
		cat "$BATS_TEST_TMPDIR/supervisor.err" >&2
		return 2
	fi
	grep -q '^how the services are is told on' "$BATS_TEST_TMPDIR/supervisor.err" || return 1
}

supervisor_end() {
	if [ -n "${SUPERVISOR:-}" ]; then
		kill "$SUPERVISOR" 2>/dev/null || true
		wait "$SUPERVISOR" 2>/dev/null || true
		SUPERVISOR=
	fi
}

# wait_until COMMAND…: until it succeeds, a minute at most; its status 2 says that it never will.
wait_until() {
	local tries=0 rc
	until "$@" >/dev/null; do
		rc=$?
		tries=$((tries + 1))
		[ $rc -ne 2 ] && [ $tries -lt 600 ] || return 1
		sleep 0.1
	done
}

client() { timeout 60 python3 "$SRCDIR/tests/cli/status-client.py" "$URL/v1" "$@"; }
client_says() { client admin foobar | grep -Eq -- "$1"; }
get() { timeout 60 curl -sS --noproxy '*' "$@"; }
code() { get -o /dev/null -w '%{http_code}' "$@"; }

@test "the engine's client has its answer" {
	supervise
	wait_until client_says "^Engine DB Version: 0.0.6$"
	wait_until client_says "^Service analyzer .*: up$"
	run client admin foobar
	[ "$status" -eq 0 ]
	grep -Eq '^Service catalog \(.+, .+\): up$' <<<"$output"
	[ "$(tail -n 3 <<<"$output")" = "
Engine DB Version: 0.0.6
Engine Code Version: 0.2.1" ]
	# As it asks where its URL has no /v1.
	run timeout 60 python3 "$SRCDIR/tests/cli/status-client.py" "$URL" admin foobar
	[ "$(tail -n 1 <<<"$output")" = "Engine Code Version: 0.2.1" ]
}

@test "a stopped service is down" {
	supervise
	wait_until client_says "^Service analyzer .*: up$"
	expect 0 service stop analyzer
	run client admin foobar
	grep -Eq '^Service analyzer \(.*\): down \(stopped\)$' <<<"$output"
	grep -Eq '^Service catalog \(.*\): up$' <<<"$output"
}

@test "a wrong password" {
	supervise
	for pair in "admin wrong" "admin foobarr" "root foobar" "admin "; do
		# shellcheck disable=SC2086 # two words
		run client ${pair% *} "${pair#* }"
		[ "$status" -eq 1 ]
		grep -q "HTTP status 401" <<<"$output"
		run ! grep -q "foobar" <<<"$output"
	done
	[ "$(code "$URL/v1/status")" = 401 ]
	get -i "$URL/v1/status" | grep -qi '^WWW-Authenticate: Basic realm='
	[ "$(code "$URL/health")$(code "$URL/v1")$(code "$URL/")$(code "$URL/metrics")" = 200200200200 ]
	[ "$(code "$URL/nothing")" = 404 ]
}

@test "without a password nobody is let in, and the answer says what to set" {
	sed -i '/status_password_file/d' "$DEPLOY/anchore-admin.yaml"
	supervise
	run client admin foobar
	[ "$status" -eq 1 ]
	grep -q "HTTP status 401" <<<"$output"
	grep -q '"message": ".*status_password_file' <<<"$output"
}

@test "the password of the engine's config.yaml; a file that others may read is said" {
	sed -i '/status_password_file/d' "$DEPLOY/anchore-admin.yaml"
	echo "credentials: {users: {admin: {password: 'tiger'}}, database: {db_connect: 'postgresql://x/y'}}" >"$DEPLOY/config.yaml"
	echo "engine_config: config.yaml" >>"$DEPLOY/anchore-admin.yaml"
	supervise
	run client admin tiger
	[ "$status" -eq 0 ]
	supervisor_end
	echo "status_password_file: password" >>"$DEPLOY/anchore-admin.yaml"
	chmod 644 "$DEPLOY/password"
	supervise
	grep -q "^warning: .*password can be read by every user" "$BATS_TEST_TMPDIR/supervisor.err"
	run client admin tiger
	[ "$status" -eq 1 ]
	run client admin foobar
	[ "$status" -eq 0 ]
}

@test "settings that cannot be: no password beyond this machine, no address, an empty password file" {
	expect 2 service start --status-listen 0.0.0.0:0 --status-password-file /dev/null
	talks "is not one line with a password"
	sed -i '/status_password_file/d' "$DEPLOY/anchore-admin.yaml"
	expect 2 service start --status-listen 0.0.0.0:0
	one_error
	talks "no password is set" "^hint: .*status-password-file"
	expect 2 service start --status-listen somewhere
	one_error
}

@test "beyond this machine the page wants the password, too" {
	supervise --status-listen 0.0.0.0:0
	[ "$(code "$URL/")$(code "$URL/metrics")$(code "$URL/health")" = 401401200 ]
	[ "$(code -u admin:foobar "$URL/")$(code -u admin:foobar "$URL/metrics")" = 200200 ]
}

@test "a port that is taken" {
	supervise
	expect 1 service start --run-dir "$BATS_TEST_TMPDIR/other" --log-dir "$BATS_TEST_TMPDIR/other" \
		--status-listen "${URL#http://}"
	one_error
	talks "port ${URL##*:} is taken" "^hint: .*--status-listen"
	[ "$(code "$URL/health")" = 200 ]
}

@test "the page and the metrics" {
	expect 0 backup
	supervise
	wait_until client_says "^Engine DB Version: 0.0.6$"
	has_snapshot() { get "$URL/metrics" | grep -q '^anchore_admin_snapshots{db_version="0.0.6"} 1$'; }
	wait_until has_snapshot
	get "$URL/metrics" >"$BATS_TEST_TMPDIR/metrics"
	grep -q '^anchore_admin_service_up{service="catalog",instance="catalog"} 1$' "$BATS_TEST_TMPDIR/metrics"
	grep -q '^anchore_admin_info{db_version="0.0.6",code_version="0.2.1"} 1$' "$BATS_TEST_TMPDIR/metrics"
	grep -q '^anchore_admin_held 0$' "$BATS_TEST_TMPDIR/metrics"
	get -i "$URL/" >"$BATS_TEST_TMPDIR/page"
	grep -qi "^Content-Security-Policy: default-src 'none'" "$BATS_TEST_TMPDIR/page"
	grep -q '<strong>catalog</strong>' "$BATS_TEST_TMPDIR/page"
	grep -q '<dd>0.0.6</dd>' "$BATS_TEST_TMPDIR/page"
	run ! grep -Eq 'foobar|tiger|dbname=' "$BATS_TEST_TMPDIR/page"
}

# The series of /metrics, and of the file that the scheduled job leaves, but for the one that says what wrote it.
served() { get "$URL/metrics" | python3 "$SRCDIR/tests/cli/prometheus.py"; }
filed() { python3 "$SRCDIR/tests/cli/prometheus.py" <"$DEPLOY/nights.prom" | grep -v '^anchore_admin_info{'; }
serves_the_file() { [ -z "$(comm -23 <(filed) <(served))" ]; }
serves() { served | grep -xF "anchore_admin_$1" >/dev/null; }

@test "the metrics have what the scheduled job's file has, and whether an upgrade is needed now" {
	local now
	now=$(date +%s)
	echo "metrics_file: nights.prom" >>"$DEPLOY/anchore-admin.yaml"
	ANCHORE_ADMIN_NOW=$((now - 7200)) expect 0 cron run
	# It looks twice a second.
	ANCHORE_ADMIN_SPEED=120 supervise
	wait_until serves_the_file
	wait_until serves "upgrade_needed 0"
	ANCHORE_ADMIN_NOW=$((now - 5400)) expect 0 snapshot verify --restore
	sql anchore "UPDATE users SET email = 'x'"
	ANCHORE_ADMIN_NOW=$((now - 3600)) expect 0 cron run
	wait_until serves_the_file
	for one in "backup_last_success_timestamp_seconds $((now - 3600))" 'snapshots{db_version="0.0.6"} 2' \
		"backup_bytes $(stat -c %s "$(newest_snapshot)")" "snapshot_proven_timestamp_seconds $((now - 5400))"; do
		serves "$one"
	done
	# What is known to be damaged is no snapshot to go back to.
	damage "$(newest_snapshot)" data/
	expect 6 snapshot verify latest
	sql anchore "UPDATE users SET email = 'y'"
	ANCHORE_ADMIN_NOW=$((now - 1800)) expect 6 cron run
	wait_until serves_the_file
	serves 'snapshots_damaged 1'
	serves "backup_failing_since_timestamp_seconds $((now - 1800))"
	# The job's record is of the version that it saw.
	sed -i 's/^engine: .*/engine: 0.2.4/' "$DEPLOY/anchore-admin.yaml"
	wait_until serves "upgrade_needed 1"
	expect 0 upgrade --to 0.2.4 --yes
	wait_until serves "upgrade_needed 0"
}

@test "a connection that trickles is cut after ten seconds, and holds up nobody" {
	supervise
	timeout 60 python3 - "${URL##*:}" <<'PYTHON'
import socket, sys, time
port = int(sys.argv[1])
slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
for s in slow:
    s.settimeout(0.1)
    s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX: ")
def is_cut(s):
    try:
        s.sendall(b"x")
        return s.recv(4096) == b""
    except socket.timeout:
        return False
    except OSError:
        return True
def ask():
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(5)
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
end = time.monotonic() + 45
while slow and time.monotonic() < end:
    ask()
    slow = [s for s in slow if not is_cut(s)]
assert not slow, f"{len(slow)} are still there"
PYTHON
}

@test "noise, and a thousand requests at once" {
	supervise
	local descriptors
	descriptors=$(find "/proc/$SUPERVISOR/fd" -type l | wc -l)
	timeout 120 python3 - "${URL##*:}" <<'PYTHON'
import os, random, resource, select, socket, sys
port = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
random.seed(7)
for size in (1, 10, 1000, 100000):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.settimeout(20)
            try:
                s.sendall(random.randbytes(size) + b"\r\n\r\n")
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
            except OSError:
                pass
request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
waiting, poll = {}, select.poll()
for _ in range(1000):
    s = socket.create_connection(("127.0.0.1", port), timeout=60)
    s.sendall(request)
    waiting[s.fileno()] = [s, b""]
    poll.register(s, select.POLLIN)
good = 0
while waiting:
    for fd, _ in poll.poll(60000) or sys.exit(f"{len(waiting)} have no answer"):
        got = waiting[fd][0].recv(65536)
        waiting[fd][1] += got
        if not got:
            good += waiting[fd][1].startswith(b"HTTP/1.1 200 ") and b"anchore_admin_held 0" in waiting[fd][1]
            poll.unregister(fd)
            waiting.pop(fd)[0].close()
assert good == 1000, good
PYTHON
	# A few more or less, for it may be asking for versions or snapshots now or then.
	none_left() { [ "$(find "/proc/$SUPERVISOR/fd" -type l | wc -l)" -le $((descriptors + 5)) ]; }
	wait_until none_left
	[ "$(code "$URL/health")" = 200 ]
}

@test "before, during and after an upgrade" {
	supervise
	wait_until client_says "^Service analyzer .*: up$"
	wait_until client_says "^Engine DB Version: 0.0.6$"
	expect 0 backup
	tool_stopped "$FIRST_STATEMENT_STEP" upgrade --to 0.2.4 --yes
	run client admin foobar
	[ "$status" -eq 0 ]
	[ "$(grep -Ec '^Service (catalog|analyzer) \(.+\): down \(upgrade: .+\)$' <<<"$output")" -eq 2 ]
	[ "$(tail -n 2 <<<"$output")" = "Engine DB Version: 0.0.6
Engine Code Version: 0.2.1" ]
	[ "$(get -u admin:foobar "$URL/v1/status" | python3 -c 'import json, sys
status = json.load(sys.stdin)
print(status["up"], status["busy"], status["detail"]["for"])')" = "False True upgrade" ]
	get "$URL/metrics" | grep -q '^anchore_admin_held 1$'
	get "$URL/" | grep -q '<h1 class="run">upgrade is in progress</h1>'
	expect 0 system status
	says "^The services are held for upgrade for .*, by run [0-9a-f]+\.$" "^upgrade: " "^Instance catalog: stopped for "
	[ "$(tail -n 2 <<<"$output")" = "Engine DB Version: 0.0.6
Engine Code Version: 0.2.1" ]
	tool_go
	[ "$status" -eq 0 ]
	wait_until client_says "^Engine Code Version: 0.2.4$"
	wait_until client_says "^Engine DB Version: 0.0.7$"
	run client admin foobar
	[ "$(grep -Ec '^Service (catalog|analyzer) \(.+\): up$' <<<"$output")" -eq 2 ]
	expect 0 system status --exit-code
}

@test "an upgrade that was killed is called interrupted until another one has settled the database" {
	supervise
	wait_until client_says "^Service analyzer .*: up$"
	expect 0 backup
	tool_stopped "$FIRST_STATEMENT_STEP" upgrade --to 0.2.4 --yes
	kill -KILL "$TOOL"
	wait "$TOOL" 2>/dev/null || true
	wait_until client_says "^Service catalog .*: down \(upgrade: .* \(interrupted\)\)$"
	get "$URL/" | grep -q '<h1 class="bad">upgrade was interrupted</h1>'
	get "$URL/metrics" | grep -q '^anchore_admin_held_interrupted 1$'
	expect 10 system status --exit-code
	says "^That run is gone: settle the database by .anchore-admin upgrade. or"
	talks "the services are held for upgrade, which was interrupted"
	expect 0 upgrade --to 0.2.4 --yes
	wait_until client_says "^Engine DB Version: 0.0.7$"
	wait_until client_says "^Service catalog .*: up$"
	get "$URL/metrics" | grep -q '^anchore_admin_held_interrupted 0$'
}
