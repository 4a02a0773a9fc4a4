#!/usr/bin/env bats
# What is in the store: good snapshots, damaged ones, other people's files.
load lib

setup_file() { server_start; migrations_make; }
teardown_file() { server_stop; }
setup() {
	deployment_make
	expect 0 backup
	ARCHIVE=$(newest_snapshot)
}
teardown() { databases_drop; }

# Repacks the archive after a change in its unpacked folder: repack FOLDER FILE, members in the given order.
repack() {
	tar --format=pax --owner=0 --group=0 -C "$1" -cf "$2" --no-recursion -T "$1.order"
}

unpack() {
	mkdir -p "$1"
	tar -tf "$ARCHIVE" >"$1.order"
	tar -C "$1" -xf "$ARCHIVE"
}

# refuses FILE WORD...: nothing is restored from it, whatever asks.
refuses() {
	local file=$1 before
	shift
	before=$(database_digest)
	run --separate-stderr tool snapshot verify "$file"
	[ "$status" -eq 6 ] || show "verify: exit status $status"
	[ "$status" -eq 6 ]
	talks "$@"
	run --separate-stderr tool restore "$file" --yes
	[ "$status" -eq 6 ] || show "restore: exit status $status"
	[ "$status" -eq 6 ]
	talks "$@"
	[ "$(database_digest)" = "$before" ]
	[ "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'anchore%'")" = 1 ]
}

@test "list: newest first" {
	sleep 1.1
	expect 0 backup
	expect 0 snapshot list
	newest=$(basename "$(newest_snapshot)" .tar)
	oldest=$(basename "$ARCHIVE" .tar)
	expect 0 snapshot list --json
	python3 - "$newest" "$oldest" <<-PYTHON
		import json, sys
		text = '''$output'''
		json.loads(text)
		assert text.index(sys.argv[1]) < text.index(sys.argv[2]), text
	PYTHON
}

@test "list: an empty and a missing store are no failure" {
	expect 0 snapshot list --store "$DEPLOY/none"
	mkdir "$DEPLOY/empty"
	expect 0 snapshot list --store "$DEPLOY/empty"
}

@test "show: what it holds" {
	expect 0 snapshot show latest
	says "0\.0\.6" "0\.2\.1" "catalog_image" "rows"
	expect 0 snapshot show latest --json
	python3 -c 'import json,sys; json.load(sys.stdin)' <<<"$output"
}

@test "verify: latest, and all" {
	expect 0 snapshot verify latest
	expect 0 snapshot verify
}

@test "names: id, unique prefix, path, file name, latest, latest:VERSION, oldest" {
	expect 0 snapshot show latest --json
	id=$(python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])' <<<"$output")
	expect 0 snapshot show "$id"
	expect 0 snapshot show "${id:0:8}"
	expect 0 snapshot show "$ARCHIVE"
	expect 0 snapshot show "$(basename "$ARCHIVE")"
	expect 0 snapshot show latest:0.0.6
	expect 0 snapshot show oldest
	expect 2 snapshot show latest:0.0.7
	one_error
	expect 2 snapshot show feedfacefeedface
	one_error
}

@test "pin and unpin" {
	expect 0 snapshot pin latest
	expect 0 snapshot list
	says pinned
	expect 0 snapshot pin latest
	expect 0 snapshot unpin latest
	expect 0 snapshot list
	says_not pinned
	expect 0 snapshot verify latest
}

@test "truncated: at the end, in the middle, to nothing" {
	cp "$ARCHIVE" "$BATS_TEST_TMPDIR/whole.tar"
	size=$(stat -c %s "$ARCHIVE")
	for keep in $((size - 2048)) $((size / 2)) 600 100; do
		head -c "$keep" "$BATS_TEST_TMPDIR/whole.tar" >"$ARCHIVE"
		refuses "$ARCHIVE" "."
		expect 0 snapshot list
		says corrupt
	done
}

@test "empty: a file of 0 bytes" {
	: >"$ARCHIVE"
	refuses "$ARCHIVE" "."
	expect 0 snapshot list
	says corrupt
	expect 2 snapshot show latest
}

@test "bit-flipped: anywhere" {
	cp "$ARCHIVE" "$BATS_TEST_TMPDIR/whole.tar"
	# One bit of the content of each kind of member.
	python3 - "$BATS_TEST_TMPDIR/whole.tar" >"$BATS_TEST_TMPDIR/offsets" <<-'PYTHON'
		import sys, tarfile
		with tarfile.open(sys.argv[1]) as tar:
		    members = [m for m in tar if m.isfile() and m.size]
		    data = [m for m in members if m.name.startswith("data/")]
		    for m in [m for m in members if not m.name.startswith("data/")] + data[:2] + data[-1:]:
		        print(m.offset_data + m.size // 2, m.name)
	PYTHON
	[ "$(wc -l <"$BATS_TEST_TMPDIR/offsets")" -ge 7 ]
	while read -r offset name; do
		cp "$BATS_TEST_TMPDIR/whole.tar" "$ARCHIVE"
		python3 - "$ARCHIVE" "$offset" <<-'PYTHON'
			import sys
			with open(sys.argv[1], "r+b") as file:
			    file.seek(int(sys.argv[2]))
			    byte = file.read(1)[0]
			    file.seek(int(sys.argv[2]))
			    file.write(bytes([byte ^ 4]))
		PYTHON
		echo "# flipped a bit of $name" >&2
		refuses "$ARCHIVE" "."
	done <"$BATS_TEST_TMPDIR/offsets"
}

# It is read first of all, and the restore asks the server for the roles that it names.
@test "bit-flipped: the name of a role" {
	local offset
	offset=$(grep -abo '"owner [^"]*"' "$ARCHIVE" | head -1 | sed 's/:\(.*\)"$/ \1/' |
		awk '{ print $1 + length($0) - length($1) - 2 }')
	printf '!' | dd of="$ARCHIVE" bs=1 seek="$offset" conv=notrunc status=none
	refuses "$ARCHIVE" "snapshot.json is damaged"
	expect 0 snapshot list
	says corrupt
}

@test "foreign: not one of ours, listed as such and never counted" {
	echo hello >"$BATS_TEST_TMPDIR/hello"
	tar -C "$BATS_TEST_TMPDIR" -cf "$STORE/photos.tar" hello
	head -c 5000 /dev/urandom >"$STORE/noise.tar"
	expect 0 snapshot list
	says "photos" "noise" "foreign"
	expect 0 snapshot show latest
	expect 0 snapshot show latest --json
	expect 6 restore "$STORE/photos.tar" --yes
	one_error
}

@test "future format: refused by its number" {
	unpack "$BATS_TEST_TMPDIR/x"
	sed -i 's/"format": *1/"format": 2/' "$BATS_TEST_TMPDIR/x/snapshot.json"
	grep -q '"format": 2' "$BATS_TEST_TMPDIR/x/snapshot.json"
	repack "$BATS_TEST_TMPDIR/x" "$ARCHIVE"
	expect 0 snapshot list
	says "format|later|future"
	expect 6 restore "$ARCHIVE" --yes
	talks "format" "2|later|newer"
	expect 6 snapshot verify "$ARCHIVE"
}

@test "path-traversing members are refused and write nothing" {
	unpack "$BATS_TEST_TMPDIR/x"
	for name in ../evil /tmp/aa-evil data/../../evil; do
		cp "$ARCHIVE" "$BATS_TEST_TMPDIR/evil.tar"
		python3 - "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/evil.tar" "$name" <<-'PYTHON'
			import io, sys, tarfile
			folder, path, evil = sys.argv[1:]
			names = [line.strip() for line in open(folder + ".order")]
			with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
			    for name in names[:-1]:
			        tar.add(folder + "/" + name, name, recursive=False)
			    info = tarfile.TarInfo(evil)
			    info.size = 4
			    tar.addfile(info, io.BytesIO(b"evil"))
			    tar.add(folder + "/" + names[-1], names[-1], recursive=False)
		PYTHON
		refuses "$BATS_TEST_TMPDIR/evil.tar" "evil|member|unexpected"
		[ ! -e /tmp/aa-evil ]
		[ -z "$(find "$BATS_TEST_TMPDIR" "$STORE" -name evil)" ]
	done
}

@test "a member that the manifest does not know, or one that is missing, is found" {
	unpack "$BATS_TEST_TMPDIR/x"
	grep -v 'catalog_image/' "$BATS_TEST_TMPDIR/x.order" >"$BATS_TEST_TMPDIR/y.order"
	cp -r "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/y"
	repack "$BATS_TEST_TMPDIR/y" "$BATS_TEST_TMPDIR/less.tar"
	refuses "$BATS_TEST_TMPDIR/less.tar" "catalog_image|member|missing"
}

@test "a chunk whose rows are not as many as its name says is found" {
	unpack "$BATS_TEST_TMPDIR/x"
	chunk=$(grep 'catalog_image/' "$BATS_TEST_TMPDIR/x.order")
	renamed=${chunk/.4.zst/.3.zst}
	mv "$BATS_TEST_TMPDIR/x/$chunk" "$BATS_TEST_TMPDIR/x/$renamed"
	sed -i "s|$chunk|$renamed|" "$BATS_TEST_TMPDIR/x.order" "$BATS_TEST_TMPDIR/x/SHA256SUMS" "$BATS_TEST_TMPDIR/x/manifest.json"
	sums=$(sha256sum <"$BATS_TEST_TMPDIR/x/SHA256SUMS" | cut -d' ' -f1)
	old=$(tar -xOf "$ARCHIVE" SHA256SUMS | sha256sum | cut -d' ' -f1)
	sed -i "s/$old/$sums/" "$BATS_TEST_TMPDIR/x/manifest.json"
	repack "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/forged.tar"
	refuses "$BATS_TEST_TMPDIR/forged.tar" "."
}
