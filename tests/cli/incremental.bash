# Common to the files that test incremental backups.
# shellcheck shell=bash disable=SC2154,SC2034 # bats sets status, output, stderr

setup() {
	# Many small ranges in little data.
	export ANCHORE_ADMIN_CHUNK=32768
	deployment_make
	sql anchore "CREATE TABLE big (id int, pad text); ALTER TABLE big OWNER TO engine"
	sql anchore "INSERT INTO big SELECT i, repeat('x', 200) || i FROM generate_series(1, 2000) i"
	sql anchore "CHECKPOINT"
}
teardown() { session_close; databases_drop; }

manifest() { tar -xOf "$1" manifest.json; }

# The digests of all tables, as a snapshot has them.
digests() {
	python3 - "$1" <<-'PYTHON'
		import json, sys, tarfile
		archive = tarfile.open(sys.argv[1])
		s, m = (json.load(archive.extractfile(n)) for n in ("snapshot.json", "manifest.json"))
		for a, b in zip(s["tables"], m["tables"]):
		    print(a["schema"], a["name"], b["rows"], b["bytes"], b["digest"])
	PYTHON
}

# counts TABLE: "TAKEN READ" chunks of it in the newest snapshot.
counts() {
	python3 - "$(newest_snapshot)" "$1" <<-'PYTHON'
		import json, re, sys, tarfile
		m = json.load(tarfile.open(sys.argv[1]).extractfile("manifest.json"))
		chunks = [c for c in m["members"] if re.match("data/[0-9]+-" + sys.argv[2] + "/", c["name"])]
		taken = sum(c.get("reused", False) for c in chunks)
		print(taken, len(chunks) - taken)
	PYTHON
}

# An incremental snapshot, which a full one of the same rows confirms.
incremental() {
	expect 0 backup --incremental
	local said=$stderr answer=$output
	INCREMENTAL=$(newest_snapshot)
	expect 0 snapshot verify "$INCREMENTAL"
	expect 0 backup --store "$DEPLOY/full"
	local full
	# shellcheck disable=SC2012 # names of ours
	full=$(ls -t "$DEPLOY"/full/*.tar | head -n 1)
	[ "$(digests "$full" | wc -l)" -ge 36 ]
	diff <(digests "$INCREMENTAL") <(digests "$full")
	stderr=$said
	output=$answer
}

# all_taken TABLE / all_read TABLE / some_read TABLE, of the newest snapshot.
all_taken() { contains "$(counts "$1")" '^[1-9][0-9]* 0$'; }
all_read() { contains "$(counts "$1")" '^0 [1-9][0-9]*$'; }
some_read() { contains "$(counts "$1")" '^[1-9][0-9]* [1-9][0-9]*$'; }

# Moves xmax, so that every range has to be looked at; on disk at once, or the next snapshot would wait for that.
elsewhere() { sql postgres "SELECT txid_current()" >/dev/null; sql postgres CHECKPOINT; }

# The tables that were locked to be read or looked at.
locked() { grep -c '^backup-locked$' "$BATS_TEST_TMPDIR/steps" || true; }
