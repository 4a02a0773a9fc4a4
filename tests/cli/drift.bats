#!/usr/bin/env bats
# db check: what differs, what of it matters, and what leads out of it.
load lib

setup_file() { server_start; WHOLE_GRAPH=all migrations_make; }
teardown_file() { server_stop; }
setup() { deployment_make; }
teardown() { databases_drop; }

# version_make V: database anchore as a new one of version V.
version_make() {
	sql postgres "DROP DATABASE anchore WITH (FORCE)"
	sql postgres "CREATE DATABASE anchore OWNER engine TEMPLATE template0 ENCODING 'UTF8'"
	timeout 60 "$PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$DB" -f "$SRCDIR/sql/$1.sql"
	sql anchore "INSERT INTO anchore (service_version, db_version) VALUES ('0.0.0', '$1')"
}

# The script that db check printed last; with_losses: what it leaves to the operator, too.
script() { sed -n '/^BEGIN;$/,/^COMMIT;$/p' <<<"$output"; }
with_losses() { sed -E 's/^-- ((ALTER|DROP) .*;)$/\1/'; }
run_script() { timeout 60 "$PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$DB" -f -; }
# Rows of every table; where a sequence stands is no row.
rows() { oracle digest "$DB" | grep -v ^sequence | cut -d' ' -f1-2; }

json() { python3 -c "import json, sys; j = json.load(sys.stdin); $1" <<<"$output"; }

@test "every difference has its class: blocks, history, harmless" {
	version_make 0.0.7
	sql anchore "ALTER TABLE users ALTER COLUMN active TYPE text; CREATE VIEW mine AS SELECT 1 AS a; DROP INDEX ix_resource_id"
	expect 3 db check
	says "^These differences block an upgrade:" "^  column users.active is text, not boolean" "^These are harmless history" \
		"^  no-resource-index: Created by release 0.2.2, which made no index on events\(resource_id\)\.$" \
		"^    table events lacks index btree \(resource_id\)" "^These are harmless, and left alone:" "^  extra view mine"
	talks '^anchore-admin: database "anchore" is not what version 0\.0\.7 has: 1 difference$' \
		"^hint: repair it with the SQL above, or go back to a good state with .anchore-admin restore latest:0\.0\.7"
	expect 3 db check --json
	json 'c = {d["what"]: (d["class"], d["shape"]) for d in j["differences"]}
assert c == {"column users.active is text, not boolean": ("blocks", None), "extra view mine": ("harmless", None),
	"table events lacks index btree (resource_id)": ("history", "no-resource-index")}, c
assert [s["name"] for s in j["shapes"]] == ["no-resource-index"] and j["half_upgraded"] is None
assert len(j["repair"]) == 2 and [s["destroys"] for s in j["repair"]] == [False, True], j["repair"]'
}

@test "history alone passes, and the SQL that settles it does" {
	version_make 0.0.14
	sql anchore "ALTER TABLE feed_groups ALTER COLUMN feed_name TYPE varchar(64)"
	expect 3 db check
	sql anchore "ALTER TABLE feed_groups ALTER COLUMN feed_name TYPE varchar; DROP INDEX ix_resource_id;
		ALTER TABLE image_package_vulnerabilities DROP CONSTRAINT image_package_vulnerabilities_pkey, ADD PRIMARY KEY (pkg_user_id,
			pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, vulnerability_id, pkg_path)"
	expect 0 db check
	says "shape: key-order, no-resource-index" "ADD PRIMARY KEY" "CREATE INDEX ix_resource_id"
	script | run_script
	expect 0 db check
	says "shape: fresh"
	says_not BEGIN
}

@test "the SQL repairs, keeps rows and names, and leaves to the operator what may lose data" {
	sql anchore "ALTER TABLE users DROP COLUMN email, ADD COLUMN surplus text DEFAULT 'x';
		ALTER TABLE image_packages DROP CONSTRAINT image_packages_pkey CASCADE; DROP SEQUENCE \"queue_queueId_seq\" CASCADE;
		ALTER TABLE images ALTER COLUMN size TYPE numeric, ADD CHECK (id <> E'a\\\\b'); DROP INDEX ix_image_package_distronamespace;
		CREATE INDEX spare ON images (size); ALTER TYPE image_states ADD VALUE 'lost'"
	before=$(rows)
	expect 3 db check
	says "^-- this would lose the values of column users.surplus$" "^-- ALTER TABLE users DROP COLUMN surplus;$" \
		"^CREATE INDEX ix_image_package_distronamespace ON" "^-- column users.email is made empty: only a restore brings its values back$"
	script | run_script
	expect 3 db check
	talks ": 2 differences"
	script | with_losses | run_script
	expect 0 db check
	[ "$(rows)" = "$before" ]
	[ "$(sql anchore 'SELECT coalesce(max("queueId"), 0) + 1 FROM queue')" = "$(sql anchore "SELECT nextval('\"queue_queueId_seq\"')")" ]
	[ "$(sql anchore "SELECT count(*) FROM pg_constraint WHERE conname = 'image_packages_image_id_image_user_id_fkey'")" = 1 ]
}

@test "a column that may hold no NULL is closed when it was filled" {
	sql anchore "ALTER TABLE registries DROP COLUMN registry CASCADE"
	expect 3 db check
	run ! run_script < <(script)
	expect 3 db check
	fill="UPDATE registries SET registry = md5(registries::text);"
	script | sed "s/^-- this stops if table registries has rows.*/$fill/" | run_script
	expect 0 db check
}

@test "an index that was left invalid is built again" {
	sql anchore "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_image_package_distronamespace'::regclass"
	expect 3 db check
	says "^REINDEX INDEX ix_image_package_distronamespace;"
	script | run_script
	expect 0 db check
}

@test "any damage is repaired" {
	for case in 0.0.2:1:9 0.0.6:2:6 0.0.8:3:12 0.0.11:4:15 0.0.16:5:20; do
		IFS=: read -r version seed count <<<"$case"
		if [ "$version" = 0.0.6 ]; then database_make anchore; else version_make "$version"; fi
		damage=$(timeout 120 python3 "$ORACLE/damage.py" "$DB" "$seed" "$count")
		before=$(rows)
		expect 3 db check
		script | run_script || { show "$case: $damage"; false; }
		run --separate-stderr tool db check
		script | with_losses | run_script
		run --separate-stderr tool db check
		[ "$status" -eq 0 ] || show "$case: $damage"
		says "shape: fresh"
		[ -z "$(comm -23 <(sort <<<"$before") <(rows | sort))" ]
	done
}

# half_make CATALOG: anchore as the engine's own upgrade left it.
half_make() {
	sql postgres "DROP DATABASE anchore WITH (FORCE)"
	sql postgres "CREATE DATABASE anchore OWNER engine TEMPLATE template0 ENCODING 'UTF8'"
	oracle build "$DB" "$ORACLE/catalogs/failed/$1.json"
}

@test "a half-finished upgrade is called that, and the snapshot to go back to is named" {
	for case in "0.0.2 0.0.2-by-1.1.0 0\.0\.3 to 0\.0\.15" "0.0.7 0.0.7-by-1.1.0 0\.0\.8 to 0\.0\.15" \
		"0.0.7 0.0.7-by-0.3.1-on-pg15 0\.0\.8" "0.0.12 0.0.12-hung-by-1.1.0 0\.0\.13 to 0\.0\.15"; do
		read -r version catalog parts <<<"$case"
		rm -rf "$STORE"
		half_make "$catalog"
		expect 3 db check
		talks "half-finished upgrade from version ${version//./\\.}: it has parts of $parts, and the engine's own upgrade stopped on the way \([0-9]+ differences\)$" \
			"^hint: the store has no snapshot of version ${version//./\\.} to go back to"
		says_not BEGIN

		version_make "$version"
		expect 0 backup
		good=$(basename "$(newest_snapshot)" .tar)
		id=$(tool snapshot list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["snapshots"][0]["id"][:12])')
		half_make "$catalog"
		sleep 1
		expect 0 backup
		[ "$(basename "$(newest_snapshot)" .tar)" != "$good" ]
		expect 3 db check
		talks "^hint: go back to the newest snapshot from before it with .anchore-admin restore $id"
		expect 3 db check --json
		json "assert j['half_upgraded']['snapshot'].startswith('$id') and j['repair'] == []"
		expect 0 db status
		says "Schema: +a half-finished upgrade from version"
		expect 3 upgrade --yes --to 0.0.16
		contains "$output$stderr" "the database is a half-finished upgrade from version ${version//./\\.}: it has parts of $parts" "anchore-admin restore $id"
		says_not "no longer what snapshot"
		expect 0 restore "$id" --yes
		expect 0 db check
	done
}

@test "an operator's own index or wider column, as a later version has it, is no half-finished upgrade" {
	version_make 0.0.11
	sql anchore "CREATE INDEX own ON events (type); ALTER TABLE image_packages ALTER COLUMN origin TYPE varchar(512)"
	expect 3 db check
	says "table events has an extra index btree \(type\), as version 0\.0\.12 has it" "^DROP INDEX own;"
	says_not "half-finished"
}
