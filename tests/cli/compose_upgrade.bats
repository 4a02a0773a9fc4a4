#!/usr/bin/env bats
# upgrade and downgrade from end to end on a real Docker engine and a real registry: a compose project of the engine's
# five services (stand-ins that register in the database and refuse another version than their own) over a PostgreSQL
# that is a container, too.
load lib
load docker
load cycle

setup_file() {
	docker_start
	server_start
	migrations_make
	server_down -m fast
	service_images
}
teardown_file() {
	docker_stop
	rm -rf "$SERVER"
}
setup() {
	upgrade_project
	database_make anchore
}
teardown() {
	tool_end
	inside docker stop -t 30 "$(ids db)" >/dev/null
	project_end
}

# The images hold links to what the machine has under /usr, which the compose file mounts.
service_images() {
	local run='ENTRYPOINT ["/reference-service"]' folder=$DOCKER/service
	local check='HEALTHCHECK --interval=2s --timeout=10s --start-period=20s --retries=3 CMD ["/usr/bin/bash", "-c",
		"exec 3<>/dev/tcp/127.0.0.1/8228 && printf \"GET /health HTTP/1.0\\r\\n\\r\\n\" >&3 && head -n 1 <&3 | grep -q 200"]'
	check=$(tr -d '\n\t' <<<"$check")
	[ -x "$REFERENCE_SERVICE" ] || lacking "the stand-in for the engine's services is not built"
	mkdir -p "$folder/etc" "$folder/tmp" "$folder/usr"
	ln -s usr/bin usr/lib usr/lib64 usr/sbin "$folder"
	tar -C "$folder" -c . | inside docker import - machine:1 >/dev/null
	cp "$REFERENCE_SERVICE" "$folder"
	image_make "$folder" 0.2.1 "$run" "$check" "ENV REFERENCE_RELEASE=0.2.1 REFERENCE_NEEDS=0.0.6"
	image_make "$folder" 0.2.4 "$run" "$check" "ENV REFERENCE_RELEASE=0.2.4 REFERENCE_NEEDS=0.0.7"
	image_make "$folder" 0.2.3 "$run" "$check" "ENV REFERENCE_RELEASE=0.2.3 REFERENCE_NEEDS=0.0.7 REFERENCE_UNHEALTHY=1"
}

# A service of the engine in the compose file: NAME IMAGE-AS-WRITTEN [MORE-LINE].
engine_service() {
	printf '  %s:\n    <<: *run\n    image: %s\n    command: [--name, %s, --host, %s, --listen, "0.0.0.0:8228"]\n' \
		"$1" "$2" "$1" "$1"
	[ -z "${3:-}" ] || printf '    %s\n' "$3"
}

upgrade_project() {
	DEPLOY=$BATS_TEST_TMPDIR/engine
	FILE=$DEPLOY/docker-compose.yaml
	STORE=$DEPLOY/snapshots
	DB="host=$SOCKET dbname=anchore user=engine"
	NAME=anchore
	export DEPLOY FILE STORE DB NAME
	mkdir -p "$DEPLOY"
	{
		cat <<-YAML
			# The engine, with its database.
			version: "2.4"
			x-run: &run
			  volumes: ["/usr:/usr:ro", "/etc/ld.so.cache:/etc/ld.so.cache:ro", "$SERVER:$SERVER"]
			  environment: {REFERENCE_DATABASE: "$DB", REFERENCE_HEARTBEAT: "0.5"}
			  stop_grace_period: 5s
			services:
			  db:
			    image: machine:1
			    user: "$(id -u postgres):$(id -g postgres)"
			    command: ["$PGBIN/postgres", "-D", "$SERVER/data"]
			    volumes: ["/usr:/usr:ro", "/etc/ld.so.cache:/etc/ld.so.cache:ro", "$SERVER:$SERVER"]
		YAML
		engine_service analyzer "\"$ENGINE_IMAGE:v0.2.1\" # three" "scale: 3"
		engine_service catalog "$ENGINE_IMAGE:v0.2.1" "depends_on: [db]"
		engine_service apiext "'$ENGINE_IMAGE:v0.2.1'"
		engine_service policy_engine "$ENGINE_IMAGE:v0.2.1"
		engine_service simplequeue "$ENGINE_IMAGE:v0.2.1   # the last"
	} >"$FILE"
	# Each analyzer registers by its own host.
	sed -i '/--name, analyzer/s/--host, analyzer, //' "$FILE"
	cat >"$DEPLOY/anchore-admin.yaml" <<-YAML
		database: "$DB"
		store: snapshots
		migrations: $MIGRATIONS
		compose_file: docker-compose.yaml
	YAML
	cp "$FILE" "$BATS_TEST_TMPDIR/before.yaml"
	rm -f "$SERVER/data/postmaster.pid"
	compose up -d db
	eventually psql -XqAt -d postgres -c 'SELECT 1'
}

# The engine runs, all seven containers of it.
engine_up() {
	compose up -d
	eventually all_healthy
}

all_healthy() {
	[ "$(inside docker ps --filter health=healthy --format '{{.ID}}' | wc -l)" -eq 7 ]
}

# at VERSION RELEASE: database, compose file, containers and services say the same, and nothing is held.
at() {
	[ "$(db_version)" = "$1" ]
	[ "$(grep -c "$ENGINE_IMAGE:v$2" "$FILE")" -eq 5 ]
	no_hold
	[ "$(containers | grep -c "running v$2\$")" -eq 7 ]
	[ "$(containers | grep -vc "running v$2\$")" -eq 1 ]
	[ "$(releases_running)" = "$2" ]
	expect 0 system wait
	expect 0 system status --exit-code
	says "Engine DB Version: $1" "Engine Code Version: $2"
	[ "$(grep -c "^Instance .*: up for " <<<"$output")" -eq 7 ]
	[ "$(grep -c '^Instance .* of analyzer: up for ' <<<"$output")" -eq 3 ]
}

database_id() { inside docker inspect -f '{{.Id}} {{.State.StartedAt}}' "$(ids db)"; }

@test "upgrade goes through down, re-pin, pull, up; downgrade comes back" {
	engine_up
	at 0.0.6 0.2.1
	before=$(database_id)
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
	[ "$(database_id)" = "$before" ]
	# Byte for byte, but for the tags.
	cmp <(sed "s/engine:v0\.2\.1/engine:v0.2.4/" "$BATS_TEST_TMPDIR/before.yaml") "$FILE"
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE".before-*
	compose ps >"$BATS_TEST_TMPDIR/ps"
	[ "$(grep -c 'Up (healthy)' "$BATS_TEST_TMPDIR/ps")" -eq 7 ]
	expect 0 downgrade --to 0.2.1 --yes
	at 0.0.6 0.2.1
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
	[ "$(database_id)" = "$before" ]
}

@test "the dry run says what it would do, and pulls and stops nothing" {
	inside docker rmi -f "$ENGINE_IMAGE:v0.2.4" >/dev/null 2>&1 || true
	engine_up
	expect 0 upgrade --dry-run --to 0.2.4
	says "stop" "analyzer" "pin release 0\.2\.4 in docker-compose.yaml line [0-9]+, where 0\.2\.1" "start catalog"
	at 0.0.6 0.2.1
	[ -z "$(inside docker images -q "$ENGINE_IMAGE:v0.2.4")" ]
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
}

@test "what was stopped stays stopped, scales are kept" {
	engine_up
	compose stop apiext
	compose up -d --no-deps --scale analyzer=2 analyzer
	expect 0 upgrade --to 0.2.4 --yes
	[ "$(containers | grep -c 'analyzer running v0.2.4')" -eq 2 ]
	[ "$(containers | grep -c 'apiext exited')" -eq 1 ]
	[ "$(containers | grep -c 'running v0.2.4')" -eq 5 ]
	no_hold
	# Started later it is of the new release.
	expect 0 service start apiext --wait
	[ "$(containers | grep -c 'apiext running v0.2.4')" -eq 1 ]
}

@test "a tag that the registry does not have: nothing is stopped, nothing is changed" {
	engine_up
	before=$(ids catalog)$(inside docker inspect -f '{{.State.StartedAt}}' "$(ids catalog)")
	expect 3 upgrade --to 0.2.2 --yes
	one_error
	talks "$ENGINE_IMAGE:v0\.2\.2 cannot be pulled" "not found|unknown"
	[ "$(ids catalog)$(inside docker inspect -f '{{.State.StartedAt}}' "$(ids catalog)")" = "$before" ]
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
	at 0.0.6 0.2.1
}

@test "the migration fails: the old release runs again on the unchanged database" {
	engine_up
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/broken"
	echo 'ALTER TABLE no_such_table ADD COLUMN x integer;' >>"$BATS_TEST_TMPDIR/broken/sql/0.0.6--0.0.7.sql"
	git -C "$BATS_TEST_TMPDIR/broken" -c user.name=t -c user.email=t@t commit -qam broken
	expect 1 upgrade --to 0.2.4 --yes --migrations "$BATS_TEST_TMPDIR/broken/sql"
	talks "release 0\.2\.1 was started again"
	eventually all_healthy
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
	at 0.0.6 0.2.1
}

@test "a release that does not become healthy: the command that goes back does; --auto-rollback by itself" {
	engine_up
	expect 8 upgrade --to 0.2.3 --yes --timeout 5s
	one_error
	talks 'downgrade --to 0\.2\.1'
	[ "$(db_version)" = 0.0.7 ]
	expect 0 downgrade --to 0.2.1 --yes
	at 0.0.6 0.2.1
	expect 8 upgrade --to 0.2.3 --yes --timeout 5s --auto-rollback
	at 0.0.6 0.2.1
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
}

@test "killed while the services are down: they stay down until the next run, or a start that finds all settled" {
	engine_up
	ANCHORE_ADMIN_FAULT=cycle-held:1:kill expect 137 upgrade --to 0.2.4 --yes
	[ "$(containers | grep -c running)" -eq 1 ]
	expect 0 service status
	says 'Held by the run .*upgrade'
	expect 0 service start
	talks 'fit'
	at 0.0.6 0.2.1
	# Now with the database at the new version, and the file still at the old release.
	ANCHORE_ADMIN_FAULT=cycle-repin:1:kill expect 137 upgrade --to 0.2.4 --yes
	[ "$(db_version)" = 0.0.7 ]
	expect 3 service start
	one_error
	[ "$(containers | grep -c running)" -eq 1 ]
	cmp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
}

@test "deployment_git: the edit is committed with what it was for; uncommitted changes are refused first" {
	engine_up
	echo 'deployment_git: true' >>"$DEPLOY/anchore-admin.yaml"
	expect 3 upgrade --to 0.2.4 --yes
	one_error
	talks 'git init'
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	git -C "$DEPLOY" init -q
	git -C "$DEPLOY" add docker-compose.yaml
	git -C "$DEPLOY" -c user.name=t -c user.email=t@t commit -qm first
	echo '# mine' >>"$FILE"
	expect 3 upgrade --to 0.2.4 --yes
	talks 'docker-compose.yaml is not as committed'
	at 0.0.6 0.2.1
	git -C "$DEPLOY" checkout -q docker-compose.yaml
	expect 0 upgrade --to 0.2.4 --yes
	at 0.0.7 0.2.4
	[ -z "$(git -C "$DEPLOY" status --porcelain -- docker-compose.yaml)" ]
	git -C "$DEPLOY" log -1 --format=%B | grep -q 'Pin the engine to 0.2.4'
	git -C "$DEPLOY" log -1 --format=%B | grep -Eq '0\.0\.6.*0\.0\.7.*snapshot'
	[ "$(git -C "$DEPLOY" show --stat --format= HEAD | grep -c '|')" -eq 1 ]
}

@test "latest, digests, variables, anchors, an override file: refused with the remedy, and nothing is stopped" {
	engine_up
	sed -i "s/$(sed 's/[/]/\\&/g' <<<"'$ENGINE_IMAGE:v0.2.1'")/$(sed 's/[/]/\\&/g' <<<"'$ENGINE_IMAGE:latest'")/" "$FILE"
	expect 3 upgrade --to 0.2.4 --yes --engine 0.2.1
	one_error
	talks 'image of apiext' 'names no release' 'hint: .*--pin'
	sed "s|'$ENGINE_IMAGE:v0.2.1'|$ENGINE_IMAGE@sha256:0a|" "$BATS_TEST_TMPDIR/before.yaml" >"$FILE"
	expect 3 upgrade --to 0.2.4 --yes --engine 0.2.1
	talks 'digest' 'hint: .*--pin'
	sed "s|'$ENGINE_IMAGE:v0.2.1'|$ENGINE_IMAGE:v\${TAG}|" "$BATS_TEST_TMPDIR/before.yaml" >"$FILE"
	echo 'TAG=0.2.1' >"$DEPLOY/.env"
	expect 3 upgrade --to 0.2.4 --yes
	talks 'variable TAG' 'hint: '
	sed "s|^x-run: &run|&\n  image: $ENGINE_IMAGE:v0.2.1|; /^ *image: '/d" "$BATS_TEST_TMPDIR/before.yaml" >"$FILE"
	expect 3 upgrade --to 0.2.4 --yes
	talks 'anchor' 'hint: '
	cp "$BATS_TEST_TMPDIR/before.yaml" "$FILE"
	printf 'version: "2.4"\nservices:\n  catalog:\n    image: %s:v0.2.1\n' "$ENGINE_IMAGE" >"$DEPLOY/docker-compose.override.yaml"
	expect 3 upgrade --to 0.2.4 --yes
	talks 'override' 'hint: '
	rm "$DEPLOY/docker-compose.override.yaml"
	[ "$(containers | grep -c 'running v0.2.1')" -eq 7 ]
	at 0.0.6 0.2.1
}

@test "--pin writes a tag where there was none" {
	inside docker pull -q "$ENGINE_IMAGE:v0.2.1" >/dev/null
	inside docker tag "$ENGINE_IMAGE:v0.2.1" "$ENGINE_IMAGE:latest"
	sed -i "s|$ENGINE_IMAGE:v0.2.1|$ENGINE_IMAGE:latest|" "$FILE"
	cp "$FILE" "$BATS_TEST_TMPDIR/before.yaml"
	engine_up
	expect 0 upgrade --to 0.2.4 --yes --pin --engine 0.2.1
	cmp <(sed "s/engine:latest/engine:v0.2.4/" "$BATS_TEST_TMPDIR/before.yaml") "$FILE"
	at 0.0.7 0.2.4
}

@test "a project that Docker does not know is refused" {
	engine_up
	expect 3 upgrade --to 0.2.4 --yes --compose-project other
	one_error
	talks 'no container of the compose project other' '--compose-project'
	at 0.0.6 0.2.1
}

@test "a run that finds the services held by another that lives leaves them so" {
	compose up -d
	expect 0 service stop
	mkdir -p "$DEPLOY/run"
	cat >"$DEPLOY/run/held.json" <<-JSON
		{"run": "other", "for": "upgrade", "since": "2018-01-01T00:00:00Z", "pid": $$,
		 "born": $(sed 's/.*) //' "/proc/$$/stat" | cut -d " " -f 20), "ran": ["catalog"]}
	JSON
	cp "$DEPLOY/run/held.json" "$BATS_TEST_TMPDIR/held.json"
	expect 4 upgrade --to 0.2.4 --yes
	talks "the run other .* holds the services"
	cmp "$BATS_TEST_TMPDIR/held.json" "$DEPLOY/run/held.json"
	[ "$(containers | grep -c "running v")" -eq 0 ]
}
