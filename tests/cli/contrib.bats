#!/usr/bin/env bats
# What an operator copies from contrib/: units for systemd, the container, the compose project.

load lib

teardown() {
	if [ -n "${SERVICE:-}" ]; then
		kill -KILL "$SERVICE" 2>/dev/null || true
	fi
	server_stop
}

# The unit as it would be once the program is installed.
unit() {
	sed "s|/usr/local/bin/anchore-admin|$ANCHORE_ADMIN|" "$SRCDIR/contrib/systemd/$1" >"$BATS_TEST_TMPDIR/$1"
	echo "$BATS_TEST_TMPDIR/$1"
}

@test "systemd has nothing to say about the units" {
	command -v systemd-analyze >/dev/null || lacking "systemd-analyze is not installed"
	local units=()
	for name in anchore-admin.service anchore-admin-backup.service anchore-admin-backup.timer; do
		units+=("$(unit $name)")
	done
	run timeout 60 systemd-analyze verify --man=no "${units[@]}"
	# What the machine's own units say is not about ours.
	output=$(grep "$BATS_TEST_TMPDIR\|^anchore-admin" <<<"$output" || true)
	if [ "$status" -ne 0 ] || [ -n "$output" ]; then
		show "status $status"
		return 1
	fi
}

@test "the unit's options are the program's" {
	local line
	line=$(sed -n 's|^ExecStart=/usr/local/bin/anchore-admin ||p' "$SRCDIR/contrib/systemd/anchore-admin.service")
	[ -n "$line" ]
	# shellcheck disable=SC2086
	run --separate-stderr timeout 20 "$ANCHORE_ADMIN" $line --help
	[ "$status" -eq 0 ]
	contains "$output" 'Usage: anchore-admin service start'
}

compose() {
	(cd "$BATS_TEST_TMPDIR" && timeout 60 docker-compose "$@")
}

@test "docker-compose takes the project, and starts anchore-admin only when it is asked for" {
	command -v docker-compose >/dev/null || lacking "docker-compose is not installed"
	cp "$SRCDIR/contrib/docker/docker-compose.yaml" "$BATS_TEST_TMPDIR"
	run compose config
	[ "$status" -ne 0 ]
	contains "$output" 'ANCHORE_DB_PASSWORD'
	echo 'ANCHORE_DB_PASSWORD=secret' >"$BATS_TEST_TMPDIR/.env"
	run compose config
	[ "$status" -eq 0 ]
	contains "$(sed -n '/^  anchore-admin:/,/^  anchore-db:/p' <<<"$output")" 'profiles:' '- admin'
	run compose --profile admin config
	[ "$status" -eq 0 ]
	contains "$output" 'image: docker.io/anchore/anchore-engine:v0.2.4' "working_dir: $BATS_TEST_TMPDIR" \
		"$BATS_TEST_TMPDIR:$BATS_TEST_TMPDIR"
}

# The engine's health check as docker would run it, on another port: check PORT
check() {
	local command
	# shellcheck disable=SC2016 # Python's own
	command=$(python3 - "$SRCDIR/contrib/docker/docker-compose.yaml" "$1" <<-'PYTHON'
		import json, re, sys
		text = re.search(r"test: (\[.*?\])\n", open(sys.argv[1]).read(), re.S).group(1)
		command = json.loads(re.sub(r"\n\s+", " ", text))
		assert command[:3] == ["CMD", "bash", "-c"]
		print(command[3].replace("$$", "$").replace("8228", sys.argv[2]))
	PYTHON
	)
	timeout 10 bash -c "$command" 2>/dev/null
}

# serves OPTION...: a stand-in without a database; PORT is where it listens.
serves() {
	"$REFERENCE_SERVICE" --name apiext --release 0.2.4 --needs 0.0.7 "$@" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	SERVICE=$!
	eventually grep -q 'listens on' "$BATS_TEST_TMPDIR/log"
	PORT=$(sed -n 's/.* listens on .*://p' "$BATS_TEST_TMPDIR/log")
}

@test "the engine's health check tells well from ill, and from gone" {
	server_start
	sql postgres "CREATE TABLE anchore (db_version text); INSERT INTO anchore VALUES ('0.0.7');
		CREATE TABLE services (hostid text, servicename text, type text, version text, base_url text,
			short_description text, status bool, status_message text, heartbeat int, created_at int, last_updated int,
			PRIMARY KEY (hostid, servicename))"
	serves --database dbname=postgres
	eventually check "$PORT"
	kill -TERM "$SERVICE"
	wait "$SERVICE"
	run check "$PORT"
	[ "$status" -ne 0 ]
	serves --database dbname=postgres --unhealthy
	eventually grep -q registered "$BATS_TEST_TMPDIR/log"
	run check "$PORT"
	[ "$status" -ne 0 ]
	kill -TERM "$SERVICE"
	wait "$SERVICE"
}

@test "the settings in the compose project are the program's" {
	local name value
	mkdir "$BATS_TEST_TMPDIR/config"
	cat >"$BATS_TEST_TMPDIR/config/config.yaml" <<-'YAML'
		credentials:
		  database:
		    db_connect: "postgresql+pg8000://postgres:secret@127.0.0.1:1/postgres"
	YAML
	local settings=()
	while read -r name value; do
		# shellcheck disable=SC2016 # as it stands in the file
		settings+=("$name=${value/'${PWD:?}'/$BATS_TEST_TMPDIR}")
	done < <(sed -nE 's/^ *(ANCHORE_ADMIN_[A-Z_]+): (.*)/\1 \2/p' "$SRCDIR/contrib/docker/docker-compose.yaml")
	[ ${#settings[@]} -ge 5 ]
	timeout 20 "$ANCHORE_ADMIN" --help --verbose >"$BATS_TEST_TMPDIR/help"
	for name in "${settings[@]%%=*}"; do
		grep -q "\[${name}[];]" "$BATS_TEST_TMPDIR/help"
	done
	# It asks the database that the engine's file names.
	run --separate-stderr timeout 20 env -C "$BATS_TEST_TMPDIR" "${settings[@]}" "$ANCHORE_ADMIN" db status \
		--migrations "$SRCDIR/sql"
	[ "$status" -eq 5 ]
	contains "$stderr" '127.0.0.1'
	says_not secret
}

# The packages that the Dockerfile's last stage installs.
image_packages() {
	# shellcheck disable=SC2016
	sed -n '/^FROM/h; /^FROM/!H; ${x; p}' "$SRCDIR/contrib/docker/Dockerfile" | sed -nE 's/^\t([a-z0-9.+-]+) \\$/\1/p'
}

@test "the image has every library that the program is linked with" {
	command -v objdump >/dev/null && command -v dpkg >/dev/null || lacking "objdump or dpkg is not installed"
	local library path package count=0
	while read -r library; do
		path=$(ldd "$ANCHORE_ADMIN" | awk -v name="$library" '$1 == name { print $3 }')
		package=$(dpkg -S "$(realpath "$path")" 2>/dev/null | head -n 1 | cut -d: -f1) || true
		# The C library is not listed under the name that it is found by.
		if [ "$library" = libc.so.6 ] || [[ $library == ld-linux* ]]; then
			continue
		fi
		image_packages | grep -qx "$package" || {
			echo "$library is of ${package:-no package}, which the image does not have" >&2
			return 1
		}
		count=$((count + 1))
	done < <(objdump -p "$ANCHORE_ADMIN" | awk '$1 == "NEEDED" { print $2 }')
	[ $count -gt 5 ]
	image_packages | grep -qx postgresql-client-15
}

@test "the image is built from all that make install needs" {
	command -v autoreconf >/dev/null || lacking "autoreconf is not installed"
	local source=$BATS_TEST_TMPDIR/source line words
	mkdir "$source"
	while read -r line; do
		read -ra words <<<"$line"
		(cd "$SRCDIR" && cp -r --no-preserve=mode "${words[@]:0:${#words[@]}-1}" "$source")
	done < <(sed -n '/^FROM.* AS build/,/^FROM [^ ]*$/s/^COPY //p' "$SRCDIR/contrib/docker/Dockerfile")
	cd "$source"
	run timeout 300 bash -c 'autoreconf -fi && ./configure -q && make -n install'
	if [ "$status" -ne 0 ]; then
		output=$(tail -n 20 <<<"$output")
		show "it cannot be built"
		return 1
	fi
}
