#!/usr/bin/env bats
# Hundreds of nights of the scheduled job: by the injected clock, and some fired by the real cron.

load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }

setup() {
	deployment_make
	root_make
	mkdir -p "$STORE"
	# Few tables, so that a night is short.
	sql "$NAME" "SET client_min_messages = error; DO \$\$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
		AND tablename NOT IN ('anchore', 'policy_bundle') LOOP EXECUTE format('DROP TABLE %I CASCADE', t); END LOOP; END \$\$"
}

# A mount namespace of its own, with the store on a small file system of its own.
needs_mounts() {
	unshare -m --propagation private true 2>/dev/null || lacking "no mount namespace can be made"
}

@test "400 nights: the right snapshots stay, each failure is told once, the metrics are right, all verifies" {
	needs_mounts
	cat >>"$DEPLOY/anchore-admin.yaml" <<-YAML
		metrics_file: nights.prom
		keep: {last: 3, daily: 10, weekly: 6, monthly: 12}
	YAML
	expect 0 cron install
	# shellcheck disable=SC2016 # it is the inner shell that expands it
	timeout 2000 unshare -m --propagation private sh -c \
		'mount -t tmpfs -o size=8m,mode=700 tmpfs "$STORE" && exec python3 "$0/tests/cli/nights.py"' "$SRCDIR"
}

@test "ten nights fired by the real cron, a minute standing for a night" {
	[ "$(id -u)" -eq 0 ] || lacking "cron needs root"
	command -v cron faketime >/dev/null || lacking "cron or faketime is not installed"
	needs_mounts
	expect 0 cron install --at '* * * * *'
	cat >"$BATS_TEST_TMPDIR/inside" <<-'SH'
		set -eu
		mount --bind "$ANCHORE_ADMIN_ROOT/etc/cron.d" /etc/cron.d
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /var/spool/cron
		mkdir -p /var/spool/cron/crontabs
		[ ! -e /etc/crontab ] || mount --bind /dev/null /etc/crontab
		exec faketime -f '@2025-01-01 03:16:58 x20' cron -f
	SH
	TZ=UTC unshare -m --propagation private sh "$BATS_TEST_TMPDIR/inside" >"$BATS_TEST_TMPDIR/cron.log" 2>&1 3>&- &
	local daemon=$! nights=0 seen='' last tries=0
	while [ "$nights" -lt 10 ] && [ $tries -lt 2400 ]; do
		last=$(jq -r 'select(.begun == null) | .last' "$STORE/scheduled.json" 2>/dev/null) || last=
		if [ -n "$last" ] && [ "$last" != "$seen" ]; then
			seen=$last
			nights=$((nights + 1))
			case $nights in
			3 | 7) sql "$NAME" "UPDATE anchore SET last_updated = coalesce(last_updated, 0) + 1" ;;
			esac
		fi
		sleep 0.05
		tries=$((tries + 1))
	done
	kill "$daemon"
	wait "$daemon" || true
	cat "$BATS_TEST_TMPDIR/cron.log"
	[ "$nights" -eq 10 ]
	# The one that was under way ends.
	eventually flock -n "$STORE/scheduled.lock" true
	[ "$(find "$STORE" -name '[!.]*.tar' | wc -l)" -eq 3 ]
	[ "$(jq -r .failures "$STORE/scheduled.json")" -eq 0 ]
	[ "$(jq -r .outcome "$STORE/scheduled.json")" = unchanged ]
	expect 0 snapshot verify
}
