# A Docker engine and a registry of the tests' own, for the .bats files that need real containers: in mount and network
# namespaces of their own, so that nothing of them is seen outside and nothing is left afterwards.
#
# setup_file calls docker_start, teardown_file docker_stop. In between: inside COMMAND runs it in the namespaces, where
# Docker's socket is at its usual place and the registry on 127.0.0.1:5000.
# shellcheck shell=bash disable=SC2154 # bats sets status, output, stderr

docker_needs() {
	local part
	[ "$(id -u)" -eq 0 ] || lacking "a Docker engine needs root"
	for part in dockerd docker-compose docker-registry docker gcc unshare nsenter ip iptables; do
		PATH=$DOCKER_PATH command -v "$part" >/dev/null || lacking "$part is not installed"
	done
	unshare -mn --propagation private true 2>/dev/null || lacking "no namespaces can be made here"
}

# Debian's own programs, whatever else the machine has.
DOCKER_PATH=/usr/sbin:/usr/bin:/sbin:/bin

docker_start() {
	docker_needs
	DOCKER=$(mktemp -d /tmp/aa-docker.XXXXXX)
	chmod 755 "$DOCKER"
	export DOCKER
	unset "${!DOCKER_@}" "${!COMPOSE_@}"
	export DOCKER_PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC
	docker_daemon overlay2 || docker_daemon vfs || {
		tail -n 30 "$DOCKER/dockerd.log" >&2
		lacking "no Docker engine starts here"
	}
	docker_registry
}

# docker_daemon STORAGE: the process that enters the namespaces becomes the daemon, so that its id stands for both.
docker_daemon() {
	local tries=0
	rm -rf "$DOCKER/data" "$DOCKER/exec"
	# shellcheck disable=SC2016 # the inner shell expands
	PATH=$DOCKER_PATH setsid unshare -mn --propagation private bash -c '
		ip link set lo up && mount -t tmpfs tmpfs /run &&
		exec dockerd --storage-driver "$1" --data-root "$2/data" --exec-root "$2/exec" -p "$2/pid" \
			-H unix:///run/docker.sock' - "$1" "$DOCKER" >>"$DOCKER/dockerd.log" 2>&1 3>&- &
	DOCKER_PID=$!
	export DOCKER_PID
	until inside docker version >/dev/null 2>&1; do
		if ! kill -0 "$DOCKER_PID" 2>/dev/null || [ $tries -ge 300 ]; then
			process_end "$DOCKER_PID"
			return 1
		fi
		sleep 0.1
		tries=$((tries + 1))
	done
}

docker_registry() {
	local tries=0
	cat >"$DOCKER/registry.yml" <<-YAML
		version: 0.1
		storage: {filesystem: {rootdirectory: $DOCKER/registry}}
		http: {addr: "127.0.0.1:5000"}
	YAML
	PATH=$DOCKER_PATH nsenter -t "$DOCKER_PID" -m -n -- docker-registry serve "$DOCKER/registry.yml" \
		>"$DOCKER/registry.log" 2>&1 3>&- &
	REGISTRY_PID=$!
	export REGISTRY_PID
	until inside bash -c 'exec 9<>/dev/tcp/127.0.0.1/5000' 2>/dev/null; do
		if ! kill -0 "$REGISTRY_PID" 2>/dev/null || [ $tries -ge 300 ]; then
			cat "$DOCKER/registry.log" >&2
			return 1
		fi
		sleep 0.1
		tries=$((tries + 1))
	done
}

# Runs a command in the namespaces and in this folder, with Debian's programs. nsenter becomes the command.
inside() {
	PATH=$DOCKER_PATH nsenter -t "$DOCKER_PID" -m -n "--wd=$PWD" -- "$@"
}

# Ended, be it that nobody has asked for its status yet.
ended() {
	[ ! -e "/proc/$1" ] || [ "$(sed 's/.*) //;s/ .*//' "/proc/$1/stat")" = Z ]
}

# process_end PID: SIGTERM, SIGKILL after half a minute.
process_end() {
	local tries=0
	kill "$1" 2>/dev/null || return 0
	until ended "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || kill -KILL "$1"
		sleep 0.1
	done
	wait "$1" 2>/dev/null || true
}

docker_stop() {
	[ -z "${REGISTRY_PID:-}" ] || process_end "$REGISTRY_PID"
	[ -z "${DOCKER_PID:-}" ] || process_end "$DOCKER_PID"
	if [ -n "${DOCKER:-}" ] && [ -d "$DOCKER" ]; then
		rm -rf "$DOCKER"
	fi
}

# ---- images ---------------------------------------------------------------------------------------

ENGINE_IMAGE=localhost:5000/anchore/anchore-engine

# image_make FOLDER RELEASE CHANGE...: the folder as the engine's image of that release, in the registry only.
image_make() {
	local folder=$1 name=$ENGINE_IMAGE:v$2 change changes=()
	shift 2
	for change in "$@"; do
		changes+=(-c "$change")
	done
	tar -C "$folder" -c . | inside docker import "${changes[@]}" - "$name" >/dev/null
	inside docker push -q "$name" >/dev/null
	inside docker rmi "$name" >/dev/null
}

# small_images: of the program in docker.d, in several moods; and a neighbour's.
small_images() {
	local check='HEALTHCHECK --interval=500ms --timeout=5s --retries=2 CMD ["/engine", "check"]'
	local run='ENTRYPOINT ["/engine"]'
	mkdir "$DOCKER/root"
	gcc -static -Os -o "$DOCKER/root/engine" "$SRCDIR/tests/cli/docker.d/engine.c"
	image_make "$DOCKER/root" 0.2.1 "$run" "ENV RELEASE=0.2.1"
	image_make "$DOCKER/root" 0.2.2 "$run" "ENV RELEASE=0.2.2 MODE=sick" "$check"
	tar -C "$DOCKER/root" -c . | inside docker import -c "$run" - neighbour:1 >/dev/null
}

# ---- a compose project ------------------------------------------------------------------------------

# project_make [RELEASE]: the engine's five services, the analyzer three times, and a neighbour that is none of them, in
# DEPLOY; not started. The name of the folder is the project's.
project_make() {
	DEPLOY=$BATS_TEST_TMPDIR/engine
	FILE=$DEPLOY/docker-compose.yaml
	export DEPLOY FILE
	mkdir -p "$DEPLOY"
	project_file "${1:-0.2.1}" >"$FILE"
	cat >"$DEPLOY/anchore-admin.yaml" <<-YAML
		compose_file: docker-compose.yaml
		store: snapshots
	YAML
}

project_file() {
	local image=localhost:5000/anchore/anchore-engine:v$1
	cat <<-YAML
		# The engine.  Two spaces above all.
		version: "2.4"
		services:
		  analyzer:
		    image: "$image"   # three of them
		    command: [analyzer]
		    depends_on: [catalog, simplequeue]
		    scale: 3
		    stop_grace_period: 2s
		  apiext: {image: $image, command: [apiext], depends_on: [catalog], stop_grace_period: 2s}
		  policy_engine:
		    command: ["policy_engine"]
		    image:   '$image'
		    stop_grace_period: 2s
		  simplequeue:
		    image: $image
		    command: [simplequeue]
		    stop_grace_period: 2s
		  catalog:
		    image: $image
		    command: [catalog]
		    depends_on: [neighbour]
		    stop_grace_period: 2s
		  neighbour:
		    image: neighbour:1
		    command: [neighbour]
	YAML
}

compose() {
	(cd "$DEPLOY" && inside timeout 120 docker-compose "$@" </dev/null 2>&1)
}

project_end() {
	local label=label=com.docker.compose.project=engine
	inside docker ps -aq --filter "$label" | inside xargs -r docker rm -f -v >/dev/null
	inside docker network ls -q --filter "$label" | inside xargs -r docker network rm >/dev/null
}

# "service state image" of every container of the project, sorted.
containers() {
	inside docker ps -a --filter "label=com.docker.compose.project=${1:-engine}" \
		--format '{{.Label "com.docker.compose.service"}} {{.State}} {{.Image}}' |
		sed 's/ [^ ]*anchore-engine:/ /' | sort
}

# The ids of the containers of a service.
ids() {
	inside docker ps -aq --no-trunc --filter label=com.docker.compose.project=engine \
		--filter "label=com.docker.compose.service=$1" | sort
}

# The tool in the namespaces, in the deployment's folder; expect of lib.bash runs it.
tool() {
	(cd "$DEPLOY" && inside timeout "${LIMIT:-300}" "$ANCHORE_ADMIN" "$@" </dev/null)
}
