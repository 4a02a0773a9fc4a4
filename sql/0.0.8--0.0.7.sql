-- Downgrade of an Anchore Engine database from version 0.0.8 to 0.0.7.
--
-- Keeps every row that 0.0.7 has a place for, rows written under 0.0.8 included. Packages that came from image_npms
-- and image_gems go back; an npm or gem that 0.0.8 found becomes a row there. Every account becomes a user of its name,
-- with the password of the account's user of that name.
-- Loses of packages that differ only in their path all but one; the matches of npms and gems with vulnerabilities,
-- for these are no packages in 0.0.7; and users, tokens and states of accounts that 0.0.7 has no place for. Every row
-- that goes is counted, and the first 20 are named. A user gets the times of the account. What image_npms and
-- image_gems have no column for is lost of npms and gems, their times included; an upgrade gives them new ones.
--
-- loses: table policy_engine_evaluation_cache
-- loses: column catalog_image.parentDigest
-- loses: rows accounts where FALSE
-- loses: column accounts.state
-- recomputes: column accounts.state as (CASE WHEN state = 'enabled' THEN 'enabled' ELSE 'disabled' END)::account_states
-- loses: column accounts.type
-- recomputes: column accounts.type as (CASE name WHEN 'admin' THEN 'admin' WHEN 'anchore-system' THEN 'service' ELSE 'user' END)::account_types
-- loses: rows account_users where username IS DISTINCT FROM account_name
-- loses: column account_users.created_at
-- recomputes: column account_users.created_at as (SELECT a.created_at FROM accounts AS a WHERE a.name = account_users.account_name)
-- loses: column account_users.last_updated
-- recomputes: column account_users.last_updated as (SELECT a.last_updated FROM accounts AS a WHERE a.name = account_users.account_name)
-- loses: column user_access_credentials.created_at
-- recomputes: column user_access_credentials.created_at as (SELECT a.created_at FROM account_users AS u JOIN accounts AS a ON a.name = u.account_name WHERE u.username = user_access_credentials.username)
-- loses: rows user_access_credentials where type <> 'password' OR username NOT IN (SELECT username FROM account_users WHERE username = account_name)
-- loses: column users.password where "userId" IN (SELECT name FROM accounts)
-- loses: rows image_packages where ctid = ANY (ARRAY(SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY image_id, image_user_id, name, version, pkg_type, arch ORDER BY pkg_path <> 'pkgdb', pkg_path COLLATE "C") AS place FROM image_packages WHERE pkg_type NOT IN ('npm', 'gem') OR arch <> 'N/A') AS numbered WHERE place > 1))
-- loses: column image_packages.metadata_json
-- loses: column image_packages.pkg_path
-- recomputes: column image_packages.pkg_path as CASE WHEN pkg_type IN ('npm', 'gem') AND arch = 'N/A' THEN pkg_path ELSE 'pkgdb' END
-- loses: column image_packages.pkg_path_hash
-- recomputes: column image_packages.pkg_path_hash as CASE WHEN pkg_type IN ('npm', 'gem') AND arch = 'N/A' THEN pkg_path_hash END
-- loses: column image_packages.size where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND size IS NOT NULL
-- loses: column image_packages.release where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND release <> ''
-- loses: column image_packages.fullversion where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND fullversion <> version
-- loses: column image_packages.distro_name where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND distro_name <> pkg_type
-- loses: column image_packages.distro_version where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND distro_version <> 'N/A'
-- loses: column image_packages.like_distro where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND like_distro <> pkg_type
-- loses: column image_packages.normalized_src_pkg where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND normalized_src_pkg <> name
-- loses: column image_packages.src_pkg where pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL) AND length(src_pkg) > 255
-- loses: rows image_package_vulnerabilities where pkg_path <> 'pkgdb' AND (pkg_type IN ('npm', 'gem') AND pkg_arch = 'N/A' OR EXISTS (SELECT 1 FROM image_package_vulnerabilities AS v WHERE (v.pkg_user_id, v.pkg_image_id, v.pkg_name, v.pkg_version, v.pkg_type, v.pkg_arch, v.vulnerability_id) = (image_package_vulnerabilities.pkg_user_id, image_package_vulnerabilities.pkg_image_id, image_package_vulnerabilities.pkg_name, image_package_vulnerabilities.pkg_version, image_package_vulnerabilities.pkg_type, image_package_vulnerabilities.pkg_arch, image_package_vulnerabilities.vulnerability_id) AND (v.pkg_path = 'pkgdb' OR v.pkg_path COLLATE "C" < image_package_vulnerabilities.pkg_path COLLATE "C"))) OR pkg_path = 'pkgdb' AND pkg_type IN ('npm', 'gem') AND pkg_arch = 'N/A' AND EXISTS (SELECT 1 FROM image_packages AS p WHERE (p.image_id, p.image_user_id, p.name, p.version, p.pkg_type, p.arch, p.pkg_path) = (image_package_vulnerabilities.pkg_image_id, image_package_vulnerabilities.pkg_user_id, image_package_vulnerabilities.pkg_name, image_package_vulnerabilities.pkg_version, image_package_vulnerabilities.pkg_type, image_package_vulnerabilities.pkg_arch, image_package_vulnerabilities.pkg_path) AND p.pkg_path_hash IS NOT NULL)
-- loses: column image_package_vulnerabilities.pkg_path
-- recomputes: column image_package_vulnerabilities.pkg_path as CASE WHEN pkg_type IN ('npm', 'gem') AND pkg_arch = 'N/A' THEN pkg_path ELSE 'pkgdb' END
-- loses: rows image_package_db_entries where pkg_path <> 'pkgdb' AND (pkg_type IN ('npm', 'gem') AND pkg_arch = 'N/A' OR EXISTS (SELECT 1 FROM image_package_db_entries AS e WHERE (e.image_id, e.image_user_id, e.pkg_name, e.pkg_version, e.pkg_type, e.pkg_arch, e.file_path) = (image_package_db_entries.image_id, image_package_db_entries.image_user_id, image_package_db_entries.pkg_name, image_package_db_entries.pkg_version, image_package_db_entries.pkg_type, image_package_db_entries.pkg_arch, image_package_db_entries.file_path) AND (e.pkg_path = 'pkgdb' OR e.pkg_path COLLATE "C" < image_package_db_entries.pkg_path COLLATE "C"))) OR pkg_path = 'pkgdb' AND pkg_type IN ('npm', 'gem') AND pkg_arch = 'N/A' AND EXISTS (SELECT 1 FROM image_packages AS p WHERE (p.image_id, p.image_user_id, p.name, p.version, p.pkg_type, p.arch, p.pkg_path) = (image_package_db_entries.image_id, image_package_db_entries.image_user_id, image_package_db_entries.pkg_name, image_package_db_entries.pkg_version, image_package_db_entries.pkg_type, image_package_db_entries.pkg_arch, image_package_db_entries.pkg_path) AND p.pkg_path_hash IS NOT NULL)
-- loses: column image_package_db_entries.pkg_path
-- recomputes: column image_package_db_entries.pkg_path as CASE WHEN pkg_type IN ('npm', 'gem') AND pkg_arch = 'N/A' THEN pkg_path ELSE 'pkgdb' END

-- Nothing reads table users in 0.0.8. Who has left a row of an account's name there gets the account's values.
INSERT INTO users ("userId", created_at, last_updated, record_state_key, password, email, active)
SELECT a.name, a.created_at, a.last_updated, 'active', c.value, a.email, a.state = 'enabled'
FROM accounts AS a
    LEFT JOIN account_users AS u ON u.username = a.name AND u.account_name = a.name
    LEFT JOIN user_access_credentials AS c ON c.username = u.username AND c.type = 'password'
ON CONFLICT ("userId") DO UPDATE
SET password = excluded.password, email = excluded.email, active = excluded.active;

-- What a warning says after the first 20 keys.
CREATE FUNCTION pg_temp.more(n bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN n > 20 THEN format('; and %s more', n - 20) ELSE '' END
$$;

-- Names what 0.0.7 has no place for.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    WITH named AS (
        SELECT format('%s (account %s)', username, coalesce(account_name, 'unknown')) AS key FROM account_users
        WHERE username IS DISTINCT FROM account_name)
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM named ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM named;
    IF n > 0 THEN
        RAISE WARNING '% user(s) are gone, for their accounts have another name: %', n, keys || pg_temp.more(n);
    END IF;
    WITH named AS (SELECT username AS key FROM user_access_credentials WHERE type <> 'password')
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM named ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM named;
    IF n > 0 THEN
        RAISE WARNING '% token(s) are gone, of these users: %', n, keys || pg_temp.more(n);
    END IF;
    WITH named AS (
        SELECT format('%s (%s)', name, concat_ws(', ', CASE WHEN state = 'deleting' THEN state END,
            CASE WHEN type::text <> usual THEN type END)) AS key
        FROM accounts, LATERAL (SELECT CASE name WHEN 'admin' THEN 'admin' WHEN 'anchore-system' THEN 'service'
            ELSE 'user' END AS usual) AS u
        WHERE state = 'deleting' OR type::text <> usual)
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM named ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM named;
    IF n > 0 THEN
        RAISE WARNING '% account(s) lose a state or type: %', n, keys || pg_temp.more(n);
    END IF;
    WITH named AS (
        SELECT name AS key FROM accounts
        WHERE name IN (SELECT account_name FROM account_users)
            AND name NOT IN (SELECT username FROM account_users WHERE username = account_name))
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM named ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM named;
    IF n > 0 THEN
        RAISE WARNING '% account(s) have no password now, for no user of theirs has their name: %', n,
            keys || pg_temp.more(n);
    END IF;
END $$;

DROP TABLE user_access_credentials, account_users, accounts, policy_engine_evaluation_cache;

DROP TYPE account_states, account_types, user_access_credential_types;

ALTER TABLE catalog_image DROP COLUMN "parentDigest";

-- The statistics do not know what is new below, and little of what an upgrade has just made. The planner would take it
-- for a few rows and look for a partner of every single one of them, also where a foreign key is checked.
SET LOCAL enable_nestloop = off;

-- Deletes what belongs to npms and gems in two tables. And what the old primary keys cannot tell from another row: of
-- several rows the one with path 'pkgdb' stays, or the one with the first path. Done while the keys of 0.0.8 are there
-- to find them.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    WITH gone AS (
        DELETE FROM image_package_vulnerabilities AS x
        WHERE x.pkg_path <> 'pkgdb' AND (x.pkg_type IN ('npm', 'gem') AND x.pkg_arch = 'N/A'
                OR EXISTS (SELECT 1 FROM image_package_vulnerabilities AS y
                    WHERE (y.pkg_user_id, y.pkg_image_id, y.pkg_name, y.pkg_version, y.pkg_type, y.pkg_arch, y.vulnerability_id)
                        = (x.pkg_user_id, x.pkg_image_id, x.pkg_name, x.pkg_version, x.pkg_type, x.pkg_arch, x.vulnerability_id)
                        AND (y.pkg_path = 'pkgdb' OR y.pkg_path COLLATE "C" < x.pkg_path COLLATE "C")))
            OR x.pkg_path = 'pkgdb' AND x.pkg_type IN ('npm', 'gem') AND x.pkg_arch = 'N/A'
                AND EXISTS (SELECT 1 FROM image_packages AS p
                    WHERE (p.image_user_id, p.image_id, p.name, p.version, p.pkg_type, p.arch, p.pkg_path)
                        = (x.pkg_user_id, x.pkg_image_id, x.pkg_name, x.pkg_version, x.pkg_type, x.pkg_arch,
                            x.pkg_path) AND p.pkg_path_hash IS NOT NULL)
        RETURNING format('%s/%s/%s/%s/%s/%s', pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_path,
            vulnerability_id) AS key
    )
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM gone ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM gone;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of image_package_vulnerabilities are gone with the paths of their packages: %',
            n, keys || pg_temp.more(n);
    END IF;
    WITH gone AS (
        DELETE FROM image_package_db_entries AS x
        WHERE x.pkg_path <> 'pkgdb' AND (x.pkg_type IN ('npm', 'gem') AND x.pkg_arch = 'N/A'
                OR EXISTS (SELECT 1 FROM image_package_db_entries AS y
                    WHERE (y.image_user_id, y.image_id, y.pkg_name, y.pkg_version, y.pkg_type, y.pkg_arch, y.file_path)
                        = (x.image_user_id, x.image_id, x.pkg_name, x.pkg_version, x.pkg_type, x.pkg_arch, x.file_path)
                        AND (y.pkg_path = 'pkgdb' OR y.pkg_path COLLATE "C" < x.pkg_path COLLATE "C")))
            OR x.pkg_path = 'pkgdb' AND x.pkg_type IN ('npm', 'gem') AND x.pkg_arch = 'N/A'
                AND EXISTS (SELECT 1 FROM image_packages AS p
                    WHERE (p.image_user_id, p.image_id, p.name, p.version, p.pkg_type, p.arch, p.pkg_path)
                        = (x.image_user_id, x.image_id, x.pkg_name, x.pkg_version, x.pkg_type, x.pkg_arch,
                            x.pkg_path) AND p.pkg_path_hash IS NOT NULL)
        RETURNING format('%s/%s/%s/%s/%s/%s', image_user_id, image_id, pkg_name, pkg_version, pkg_path,
            file_path) AS key
    )
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM gone ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM gone;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of image_package_db_entries are gone with the paths of their packages: %',
            n, keys || pg_temp.more(n);
    END IF;
END $$;

-- Drops the foreign keys that are about to change. Without CASCADE: one that an operator has led to image_packages
-- stops the downgrade.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT conrelid::regclass AS "table", conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('image_package_db_entries'::regclass,
                'image_package_vulnerabilities'::regclass) AND confrelid = 'image_packages'::regclass
        ORDER BY 1, 2
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key."table", key.conname);
    END LOOP;
END $$;

-- Deletes packages that differ only in their path, but for one. By position, for a join of image_packages with itself
-- may take the wrong index and read all images for each row.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    WITH gone AS (
        DELETE FROM image_packages
        WHERE ctid = ANY (ARRAY(
            SELECT ctid
            FROM (
                SELECT ctid, row_number() OVER (PARTITION BY image_id, image_user_id, name, version, pkg_type, arch
                    ORDER BY pkg_path <> 'pkgdb', pkg_path COLLATE "C") AS place
                FROM image_packages WHERE pkg_type NOT IN ('npm', 'gem') OR arch <> 'N/A'
            ) AS numbered
            WHERE place > 1))
        RETURNING format('%s/%s/%s/%s/%s', image_user_id, image_id, name, version, pkg_path) AS key
    )
    SELECT count(*), (SELECT string_agg(key, '; ')
        FROM (SELECT key FROM gone ORDER BY key COLLATE "C" LIMIT 20) AS first_ones) INTO n, keys FROM gone;
    IF n > 0 THEN
        RAISE WARNING '% package(s) are gone that differ from another one only in their path: %', n,
            keys || pg_temp.more(n);
    END IF;
END $$;

-- The same two functions are in 0.0.7--0.0.8.sql: change both.
--
-- The elements of a JSON list as texts. NULL and null are an empty list, a single text or number is a list of one.
-- Of elements, null is NULL and what is nested is its JSON text. NULL if the value is no JSON, an object or holds
-- \u0000, which no text of PostgreSQL can.
CREATE FUNCTION pg_temp.json_list(value text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE coalesce(json_typeof(value::json), 'null')
        WHEN 'array' THEN ARRAY(SELECT json_array_elements_text(value::json))
        WHEN 'null' THEN '{}'
        WHEN 'object' THEN NULL
        ELSE ARRAY[value::json #>> '{}'] END;
EXCEPTION WHEN data_exception OR program_limit_exceeded OR feature_not_supported THEN
    RETURN NULL;
END $$;

-- The same. Most lists have one plain text, which needs no parser and no subtransaction. PostgreSQL puts a function
-- of this form into the query that calls it.
CREATE FUNCTION pg_temp.list(value text) RETURNS text[] LANGUAGE sql AS $$
    SELECT CASE WHEN value ~ '^\["[^"\\[:cntrl:]]*"\]$' THEN ARRAY[substr(value, 3, length(value) - 4)]
        ELSE pg_temp.json_list(value) END
$$;

-- The packages that the upgrade makes of image_npms and image_gems. OFFSET 0 lets each list be read only once.
CREATE TEMPORARY TABLE known AS
SELECT pkg_type, image_id, image_user_id, path_hash, path, name,
    CASE WHEN versions = '{}' THEN 'N/A' ELSE versions[1] END AS version
FROM (
    SELECT 'npm' AS pkg_type, image_id, image_user_id, path_hash, path, name, pg_temp.list(versions_json) AS versions
    FROM image_npms
    UNION ALL
    SELECT 'gem', image_id, image_user_id, path_hash, path, name, pg_temp.list(versions_json)
    FROM image_gems
    OFFSET 0
) AS listed;

-- The npms and gems that 0.0.8 found. The hash of the path is the key of the old tables: where it is taken, or where
-- there is none, another hash stands for it.
CREATE TEMPORARY TABLE found AS
SELECT pkg_type, image_id, image_user_id, name, pkg_path, src_pkg,
    CASE WHEN place > 1 OR EXISTS (SELECT 1 FROM known AS k WHERE k.pkg_type = n.pkg_type AND k.image_id = n.image_id
            AND k.image_user_id = n.image_user_id AND k.path_hash = n.hash)
        THEN md5(format('%L %L %L', name, version, pkg_path)) ELSE hash END AS path_hash,
    CASE WHEN version = 'N/A' THEN '[]' ELSE to_json(ARRAY[version])::text END AS versions_json,
    CASE WHEN license <> '' THEN to_json(ARRAY[license])::text ELSE '[]' END AS licenses_json,
    CASE WHEN origin <> '' THEN to_json(ARRAY[origin])::text ELSE '[]' END AS origins_json
FROM (
    SELECT p.*, hash, row_number() OVER (PARTITION BY image_id, image_user_id, hash, pkg_type
        ORDER BY name COLLATE "C", version COLLATE "C", pkg_path COLLATE "C") AS place
    FROM image_packages AS p, LATERAL (SELECT coalesce(pkg_path_hash, md5(pkg_path)) AS hash) AS h
    WHERE pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM known AS k WHERE k.image_id = p.image_id AND k.image_user_id = p.image_user_id
            AND k.name = p.name AND k.version = p.version AND k.pkg_type = p.pkg_type AND k.path = p.pkg_path)
) AS n;

INSERT INTO image_npms (image_user_id, image_id, path_hash, path, name, origins_json, source_pkg, licenses_json,
    versions_json)
SELECT image_user_id, image_id, path_hash, pkg_path, name, origins_json,
    CASE WHEN length(src_pkg) <= 255 THEN src_pkg END, licenses_json, versions_json
FROM found WHERE pkg_type = 'npm';

INSERT INTO image_gems (image_user_id, image_id, path_hash, path, name, origins_json, source_pkg, licenses_json,
    versions_json)
SELECT image_user_id, image_id, path_hash, pkg_path, name, origins_json,
    CASE WHEN length(src_pkg) <= 255 THEN src_pkg END, licenses_json, versions_json
FROM found WHERE pkg_type = 'gem';

DELETE FROM image_packages
WHERE pkg_type IN ('npm', 'gem') AND arch = 'N/A' AND (pkg_path <> 'pkgdb' OR pkg_path_hash IS NOT NULL);

DROP TABLE known, found;

DROP FUNCTION pg_temp.more(bigint);

DROP FUNCTION pg_temp.list(text);

DROP FUNCTION pg_temp.json_list(text);

-- The primary keys go with the column.
ALTER TABLE image_packages
    DROP COLUMN pkg_path,
    DROP COLUMN pkg_path_hash,
    DROP COLUMN metadata_json,
    ADD CONSTRAINT image_packages_pkey PRIMARY KEY (image_id, image_user_id, name, version, pkg_type, arch);

ALTER TABLE image_package_vulnerabilities
    DROP COLUMN pkg_path,
    ADD CONSTRAINT image_package_vulnerabilities_pkey
        PRIMARY KEY (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, vulnerability_id),
    ADD CONSTRAINT image_package_vulnerabilities_pkg_image_id_pkg_user_id_pkg_fkey
        FOREIGN KEY (pkg_image_id, pkg_user_id, pkg_name, pkg_version, pkg_type, pkg_arch)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch);

ALTER TABLE image_package_db_entries
    DROP COLUMN pkg_path,
    ADD CONSTRAINT image_package_db_entries_pkey
        PRIMARY KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, file_path),
    ADD CONSTRAINT image_package_db_entries_image_id_image_user_id_pkg_name_p_fkey
        FOREIGN KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch);

SET LOCAL enable_nestloop TO DEFAULT;
