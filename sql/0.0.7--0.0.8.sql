-- Upgrade of an Anchore Engine database from version 0.0.7 to 0.0.8.
--
-- New: tables accounts, account_users and user_access_credentials, filled from users; table
-- policy_engine_evaluation_cache, empty; column catalog_image."parentDigest", empty. A package is known by its
-- path as well: column pkg_path in three tables, 'pkgdb' in all old rows, part of their primary keys and of the two
-- foreign keys between them. Each npm and each gem becomes a package, too.
-- Kept: everything else. The rows of image_npms and image_gems stay; one that cannot become a package is reported.
-- Lost: what accounts have no place for. Table users itself stays, empty, as the engine leaves it.
--
-- destroys: column users.acls: accounts have no access lists; the users that have one are named
-- destroys: column users.created_at: the accounts get the time of the upgrade, as the engine gives them
-- destroys: column users.last_updated: the accounts get the time of the upgrade, as the engine gives them
-- destroys: column users.record_state_key: accounts have no such column; a downgrade writes 'active'
-- destroys: column users.record_state_val: accounts have no such column
-- destroys: column users.active: where it is NULL the account is disabled, which a downgrade makes FALSE

CREATE TYPE account_states AS ENUM ('enabled', 'disabled', 'deleting');

CREATE TYPE account_types AS ENUM ('user', 'admin', 'service', 'external');

CREATE TYPE user_access_credential_types AS ENUM ('password', 'token');

CREATE TABLE accounts (
    name         varchar NOT NULL,
    state        account_states,
    type         account_types NOT NULL,
    email        varchar,
    created_at   integer,
    last_updated integer,
    PRIMARY KEY (name)
);

CREATE TABLE account_users (
    username     varchar NOT NULL,
    account_name varchar,
    created_at   integer,
    last_updated integer,
    PRIMARY KEY (username),
    FOREIGN KEY (account_name) REFERENCES accounts(name)
);
CREATE INDEX ix_account_users_account_name ON account_users (account_name);

CREATE TABLE user_access_credentials (
    username   varchar NOT NULL,
    type       user_access_credential_types NOT NULL,
    value      varchar NOT NULL,
    created_at integer,
    PRIMARY KEY (username, type),
    FOREIGN KEY (username) REFERENCES account_users(username)
);

CREATE TABLE policy_engine_evaluation_cache (
    user_id       varchar NOT NULL,
    image_id      varchar NOT NULL,
    eval_tag      varchar NOT NULL,
    bundle_id     varchar NOT NULL,
    bundle_digest varchar NOT NULL,
    result        text NOT NULL,
    created_at    timestamp NOT NULL,
    last_modified timestamp NOT NULL,
    PRIMARY KEY (user_id, image_id, eval_tag, bundle_id, bundle_digest)
);

ALTER TABLE catalog_image ADD COLUMN "parentDigest" varchar;

INSERT INTO accounts (name, state, type, email, created_at, last_updated)
SELECT "userId", (CASE WHEN active THEN 'enabled' ELSE 'disabled' END)::account_states,
    (CASE "userId" WHEN 'admin' THEN 'admin' WHEN 'anchore-system' THEN 'service' ELSE 'user' END)::account_types,
    email, extract(epoch FROM now())::integer, extract(epoch FROM now())::integer
FROM users;

INSERT INTO account_users (username, account_name, created_at, last_updated)
SELECT name, name, created_at, last_updated FROM accounts;

INSERT INTO user_access_credentials (username, type, value, created_at)
SELECT "userId", 'password', password, extract(epoch FROM now())::integer FROM users WHERE password IS NOT NULL;

-- Names the users that have an access list.
DO $$
DECLARE
    n    bigint := (SELECT count(*) FROM users WHERE acls <> '');
    keys text := (SELECT string_agg("userId", '; ') FROM (
        SELECT "userId" FROM users WHERE acls <> '' ORDER BY "userId" COLLATE "C" LIMIT 20) AS first_ones);
BEGIN
    IF n > 0 THEN
        RAISE WARNING '% user(s) had an access list, for which accounts have no place: %', n,
            keys || CASE WHEN n > 20 THEN format('; and %s more', n - 20) ELSE '' END;
    END IF;
END $$;

DELETE FROM users;

-- Drops the keys that are about to change. Without CASCADE: a foreign key that an operator has led to image_packages
-- stops the upgrade. The key from image_packages to images is made anew because a check of all rows at once takes a
-- fraction of the time that a check of each package inserted below would take.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT conrelid::regclass AS "table", conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('image_package_db_entries'::regclass,
                'image_package_vulnerabilities'::regclass) AND confrelid = 'image_packages'::regclass
            OR contype = 'f' AND conrelid = 'image_packages'::regclass AND confrelid = 'images'::regclass
            OR contype = 'p' AND conrelid IN ('image_package_db_entries'::regclass,
                'image_package_vulnerabilities'::regclass, 'image_packages'::regclass)
        ORDER BY contype, 1, 2
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key."table", key.conname);
    END LOOP;
END $$;

-- The default fills the old rows, from PostgreSQL 11 on without writing them; it goes again below.
ALTER TABLE image_package_db_entries
    ADD COLUMN pkg_path varchar(512) NOT NULL DEFAULT 'pkgdb',
    ADD CONSTRAINT image_package_db_entries_pkey
        PRIMARY KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, file_path);

ALTER TABLE image_package_vulnerabilities
    ADD COLUMN pkg_path varchar(512) NOT NULL DEFAULT 'pkgdb',
    ADD CONSTRAINT image_package_vulnerabilities_pkey PRIMARY KEY
        (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id);

ALTER TABLE image_packages
    ADD COLUMN pkg_path varchar(512) NOT NULL DEFAULT 'pkgdb',
    ADD COLUMN pkg_path_hash varchar(80),
    ADD COLUMN metadata_json text;

-- The same two functions are in 0.0.8--0.0.7.sql: change both.
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

-- The statistics do not know yet what is new from here on. The planner would take it for a few rows and look for a
-- partner of every single one of them, also where a foreign key is checked below.
SET LOCAL enable_nestloop = off;

-- What is found, with the reason why it cannot become a package. Of several that would be the same package the
-- first one becomes it. An index entry has room for some 2700 bytes. OFFSET 0 lets each list be read only once.
CREATE TEMPORARY TABLE found AS
SELECT pkg_type, image_id, image_user_id, path_hash, path, name, version, license, origin,
    CASE WHEN problem IS NULL AND row_number() OVER (
            PARTITION BY image_id, image_user_id, path, name, version, pkg_type
            ORDER BY problem IS NOT NULL, path_hash COLLATE "C") > 1
        THEN 'another row has the same name, version and path' ELSE problem END AS problem
FROM (
    SELECT pkg_type, image_id, image_user_id, path_hash, path, name, version, license, origin,
        CASE WHEN name IS NULL THEN 'name is NULL'
            WHEN path IS NULL THEN 'path is NULL'
            WHEN version IS NULL AND NOT versions THEN 'versions_json is no list'
            WHEN version IS NULL THEN 'the first version is null'
            WHEN license IS NULL THEN 'licenses_json is no list'
            WHEN origin IS NULL THEN 'origins_json is no list'
            WHEN length(version) > 128 THEN 'the version is longer than 128'
            WHEN length(license) > 1024 THEN 'the licenses are longer than 1024'
            WHEN length(origin) > 512 THEN 'the origins are longer than 512'
            WHEN octet_length(image_id) + octet_length(image_user_id) + octet_length(name) + octet_length(version)
                + octet_length(path) > 2600 THEN 'name, version and path are too long for an index' END AS problem
    FROM (
        SELECT pkg_type, image_id, image_user_id, path_hash, path, name, versions IS NOT NULL AS versions,
            CASE WHEN versions = '{}' THEN 'N/A' ELSE versions[1] END AS version,
            array_to_string(licenses, ' ') AS license, array_to_string(origins, ' ') AS origin
        FROM (
            SELECT 'npm' AS pkg_type, image_id, image_user_id, path_hash, path, name,
                pg_temp.list(versions_json) AS versions, pg_temp.list(licenses_json) AS licenses,
                pg_temp.list(origins_json) AS origins
            FROM image_npms
            UNION ALL
            SELECT 'gem', image_id, image_user_id, path_hash, path, name,
                pg_temp.list(versions_json), pg_temp.list(licenses_json), pg_temp.list(origins_json)
            FROM image_gems
            OFFSET 0
        ) AS listed
    ) AS joined
) AS tried;

-- All packages that are there have the path 'pkgdb'.
UPDATE found SET problem = 'there is a package of the same name, version and path'
FROM image_packages AS p
WHERE problem IS NULL AND found.path = 'pkgdb' AND p.image_id = found.image_id
    AND p.image_user_id = found.image_user_id AND p.name = found.name AND p.version = found.version
    AND p.pkg_type = found.pkg_type AND p.arch = 'N/A';

INSERT INTO image_packages (image_id, image_user_id, name, version, pkg_type, arch, pkg_path, pkg_path_hash,
    distro_name, distro_version, like_distro, fullversion, release, origin, src_pkg, normalized_src_pkg, license,
    created_at, updated_at)
SELECT image_id, image_user_id, name, version, pkg_type, 'N/A', path, path_hash, pkg_type, 'N/A', pkg_type, version,
    '', origin, name, name, license, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
FROM found WHERE problem IS NULL;

-- Names the npms and gems that could not become packages.
DO $$
DECLARE
    bad  record;
    keys text;
BEGIN
    FOR bad IN
        SELECT pkg_type, count(*) AS n FROM found WHERE problem IS NOT NULL GROUP BY pkg_type ORDER BY pkg_type
    LOOP
        SELECT string_agg(key, '; ') INTO keys FROM (
            SELECT format('%s/%s/%s (%s)', image_user_id, image_id, path_hash, problem) AS key
            FROM found WHERE problem IS NOT NULL AND pkg_type = bad.pkg_type
            ORDER BY image_user_id COLLATE "C", image_id COLLATE "C", path_hash COLLATE "C" LIMIT 20) AS first_ones;
        RAISE WARNING '% row(s) of image_%s could not become packages and stay where they are: %', bad.n,
            bad.pkg_type, keys || CASE WHEN bad.n > 20 THEN format('; and %s more', bad.n - 20) ELSE '' END;
    END LOOP;
END $$;

DROP TABLE found;

DROP FUNCTION pg_temp.list(text);

DROP FUNCTION pg_temp.json_list(text);

ALTER TABLE image_packages
    ALTER COLUMN pkg_path DROP DEFAULT,
    ADD CONSTRAINT image_packages_pkey
        PRIMARY KEY (image_id, image_user_id, name, version, pkg_type, arch, pkg_path),
    ADD CONSTRAINT image_packages_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id) REFERENCES images(id, user_id);

ALTER TABLE image_package_vulnerabilities
    ALTER COLUMN pkg_path DROP DEFAULT,
    ADD CONSTRAINT image_package_vulnerabilities_pkg_image_id_pkg_user_id_pkg_fkey
        FOREIGN KEY (pkg_image_id, pkg_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch, pkg_path);

ALTER TABLE image_package_db_entries
    ALTER COLUMN pkg_path DROP DEFAULT,
    ADD CONSTRAINT image_package_db_entries_image_id_image_user_id_pkg_name_p_fkey
        FOREIGN KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch, pkg_path);

SET LOCAL enable_nestloop TO DEFAULT;
