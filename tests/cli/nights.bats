#!/usr/bin/env bats
# Hundreds of nights of the scheduled job: by the injected clock, and some fired by the real cron.

load lib

setup_file() {
	server_start
	migrations_make
}

teardown_file() {
	server_stop
}

setup() {
	deployment_make
	export ANCHORE_ADMIN_ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ANCHORE_ADMIN_ROOT/etc/cron.d" "$STORE"
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
	timeout 600 unshare -m --propagation private sh -c \
		'mount -t tmpfs -o size=8m,mode=700 tmpfs "$STORE" && exec python3 "$0/tests/cli/nights.py"' "$SRCDIR"
}
