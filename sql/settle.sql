-- Brings what older upgrades of the engine, and older servers, left behind into line with a new database of the same
-- version: runs once before the first edge of every upgrade and downgrade, at whatever version the database is. Does
-- nothing to a database that is as a new one.
--
-- Each statement looks for what it mends, not for a version: eventlog is right at 0.0.6 and a leftover at 0.0.7.
-- Rows are kept. What cannot be brought into line is said by a WARNING and stays, as harmless history.

-- Renames foreign keys of several columns as new servers do. PostgreSQL 11 and earlier named them after the first
-- column alone.
DO $$
DECLARE
    misnamed record;
BEGIN
    FOR misnamed IN
        SELECT t.relname, c.conname, wanted.name
        FROM (VALUES
            ('feed_data_cpe_vulnerabilities', 'vulnerability_id',
             'feed_data_cpe_vulnerabilities_vulnerability_id_namespace_n_fkey'),
            ('feed_data_cpev2_vulnerabilities', 'vulnerability_id',
             'feed_data_cpev2_vulnerabiliti_vulnerability_id_namespace_n_fkey'),
            ('feed_data_vulndb_cpes', 'vulnerability_id',
             'feed_data_vulndb_cpes_vulnerability_id_namespace_name_fkey'),
            ('feed_data_vulnerabilities_fixed_artifacts', 'vulnerability_id',
             'feed_data_vulnerabilities_fix_vulnerability_id_namespace_n_fkey'),
            ('feed_data_vulnerabilities_vulnerable_artifacts', 'vulnerability_id',
             'feed_data_vulnerabilities_vul_vulnerability_id_namespace_n_fkey'),
            ('image_analysis_artifacts', 'image_id', 'image_analysis_artifacts_image_id_image_user_id_fkey'),
            ('image_cpes', 'image_id', 'image_cpes_image_id_image_user_id_fkey'),
            ('image_fs_analysis_dump', 'image_id', 'image_fs_analysis_dump_image_id_image_user_id_fkey'),
            ('image_gems', 'image_id', 'image_gems_image_id_image_user_id_fkey'),
            ('image_npms', 'image_id', 'image_npms_image_id_image_user_id_fkey'),
            ('image_package_db_entries', 'image_id',
             'image_package_db_entries_image_id_image_user_id_pkg_name_p_fkey'),
            ('image_package_vulnerabilities', 'pkg_image_id',
             'image_package_vulnerabilities_pkg_image_id_pkg_user_id_pkg_fkey'),
            ('image_package_vulnerabilities', 'vulnerability_id',
             'image_package_vulnerabilities_vulnerability_id_vulnerabili_fkey'),
            ('image_packages', 'image_id', 'image_packages_image_id_image_user_id_fkey')
        ) AS wanted (home, first_column, name)
        JOIN pg_class t ON t.relname = wanted.home AND t.relnamespace = 'public'::regnamespace
        JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' AND cardinality(c.conkey) > 1
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] AND a.attname = wanted.first_column
        WHERE c.conname <> wanted.name
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.conname = wanted.name)
    LOOP
        EXECUTE format('ALTER TABLE %I RENAME CONSTRAINT %I TO %I',
            misnamed.relname, misnamed.conname, misnamed.name);
    END LOOP;
END
$$;

-- Drops table eventlog if it is empty. It has no use since 0.0.7, where table events takes its place. With rows, or
-- with something of the operator's on it, it stays.
DO $$
DECLARE
    rows_left bigint;
BEGIN
    IF to_regclass('eventlog') IS NULL OR to_regclass('events') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE 'SELECT count(*) FROM eventlog' INTO rows_left;
    IF rows_left > 0 THEN
        RAISE WARNING 'table eventlog has no use since 0.0.7 and stays with its % row(s)', rows_left;
        RETURN;
    END IF;
    EXECUTE 'DROP TABLE eventlog';
EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE WARNING 'table eventlog is empty and has no use since 0.0.7, but stays, for something depends on it';
END
$$;

-- Makes the index on events(resource_id) if it is missing. Release 0.2.2 made none.
DO $$
BEGIN
    IF to_regclass('events') IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
        WHERE x.indrelid = to_regclass('events') AND x.indnatts = 1 AND x.indpred IS NULL
          AND a.attname = 'resource_id')
    THEN
        EXECUTE 'CREATE INDEX ix_resource_id ON events (resource_id)';
    END IF;
END
$$;

-- Puts the key of image_package_vulnerabilities in order. The engine's upgrade to 0.0.8 puts pkg_path last in it.
DO $$
DECLARE
    key_name name;
BEGIN
    SELECT c.conname INTO key_name
    FROM pg_constraint c
    WHERE c.conrelid = to_regclass('image_package_vulnerabilities') AND c.contype = 'p'
      AND (SELECT a.attname FROM pg_attribute a
           WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[cardinality(c.conkey)]) = 'pkg_path';
    IF key_name IS NOT NULL THEN
        EXECUTE format('ALTER TABLE image_package_vulnerabilities DROP CONSTRAINT %I,
            ADD CONSTRAINT image_package_vulnerabilities_pkey PRIMARY KEY (pkg_user_id, pkg_image_id, pkg_name,
                pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id)', key_name);
    END IF;
END
$$;

-- Takes limits of lengths away that 0.0.14 does not have. The engine's upgrade to it forgets these columns. One ALTER
-- TABLE for each table; nothing is rewritten. PostgreSQL cannot alter a column under a foreign key that has an enum as
-- well ("could not find cast"): that one goes meanwhile, and is checked when it comes back.
DO $$
DECLARE
    forgotten record;
    bounded   oid[];
    key_name  name;
BEGIN
    IF to_regclass('image_imports') IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(DISTINCT a.attrelid) INTO bounded
    FROM pg_attribute a
    WHERE a.attrelid IN ('feed_data_cpe_vulnerabilities'::regclass, 'feed_data_nvd_vulnerabilities'::regclass,
                         'feed_data_vulnerabilities'::regclass, 'feed_groups'::regclass)
      AND a.atttypid = 'varchar'::regtype AND a.atttypmod <> -1;
    SELECT c.conname INTO key_name
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.conrelid = 'feed_data_cpe_vulnerabilities'::regclass
      AND c.confrelid = 'feed_data_nvd_vulnerabilities'::regclass
      AND (c.conrelid = ANY (bounded) OR c.confrelid = ANY (bounded));
    IF key_name IS NOT NULL THEN
        EXECUTE format('ALTER TABLE feed_data_cpe_vulnerabilities DROP CONSTRAINT %I', key_name);
    END IF;
    FOR forgotten IN
        SELECT a.attrelid::regclass AS home,
            string_agg(format('ALTER COLUMN %I TYPE varchar', a.attname), ', ') AS changes
        FROM pg_attribute a
        WHERE a.attrelid = ANY (bounded) AND a.atttypid = 'varchar'::regtype AND a.atttypmod <> -1
        GROUP BY a.attrelid
    LOOP
        EXECUTE format('ALTER TABLE %s %s', forgotten.home, forgotten.changes);
    END LOOP;
    IF key_name IS NOT NULL THEN
        ALTER TABLE feed_data_cpe_vulnerabilities
            ADD CONSTRAINT feed_data_cpe_vulnerabilities_vulnerability_id_namespace_n_fkey
            FOREIGN KEY (vulnerability_id, namespace_name, severity)
            REFERENCES feed_data_nvd_vulnerabilities(name, namespace_name, severity);
    END IF;
END
$$;

-- Drops leftover columns of oauth2_clients. The engine's upgrade to 0.0.14 leaves three of them and lets two others,
-- client_id_issued_at and client_secret_expires_at, be NULL, which becomes 0. What the three hold goes to
-- client_metadata, as 0.0.13--0.0.14.sql puts it there; where that says something else, it counts, and the other value
-- is named.
DO $$
DECLARE
    client      record;
    known       jsonb;
    other       jsonb;
    broken      bigint := 0;
    broken_keys text := '';
    others      bigint := 0;
    other_keys  text := '';
BEGIN
    IF (SELECT count(*) FROM pg_attribute a
        WHERE a.attrelid = to_regclass('oauth2_clients') AND NOT a.attisdropped
          AND a.attname IN ('client_metadata', 'redirect_uri', 'client_name', 'client_uri')) < 4
    THEN
        RETURN;
    END IF;
    FOR client IN
        SELECT c.id, c.client_metadata, jsonb_strip_nulls(jsonb_build_object(
            'redirect_uris', CASE WHEN c.redirect_uri IS NOT NULL THEN to_jsonb(string_to_array(regexp_replace(
                regexp_replace(c.redirect_uri, E'\r\n?', E'\n', 'g'), E'\n$', ''), E'\n')) END,
            'redirect_uri', CASE WHEN c.redirect_uri ~ E'\r|\n$' THEN c.redirect_uri END,
            'client_name', c.client_name, 'client_uri', c.client_uri)) AS leftover
        FROM oauth2_clients c
        WHERE coalesce(c.redirect_uri, c.client_name, c.client_uri) IS NOT NULL
    LOOP
        BEGIN
            known := coalesce(nullif(client.client_metadata, ''), '{}')::jsonb;
        EXCEPTION WHEN data_exception OR program_limit_exceeded OR feature_not_supported THEN
            known := NULL;
        END;
        IF jsonb_typeof(known) IS DISTINCT FROM 'object' THEN
            broken := broken + 1;
            IF broken <= 20 THEN
                broken_keys := concat_ws('; ', nullif(broken_keys, ''), client.id);
            END IF;
            CONTINUE;
        END IF;
        other := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(client.leftover) WHERE known -> key <> value);
        IF other IS NOT NULL THEN
            others := others + 1;
            IF others <= 20 THEN
                other_keys := concat_ws('; ', nullif(other_keys, ''),
                    format('%s (%s)', client.id, left(other::text, 1000)));
            END IF;
        END IF;
        UPDATE oauth2_clients SET client_metadata = (client.leftover || known)::text
        WHERE id = client.id AND client.leftover || known <> known;
    END LOOP;
    IF broken > 0 THEN
        RAISE WARNING '% row(s) of oauth2_clients have a client_metadata that is no JSON object, '
            'so that redirect_uri, client_name and client_uri stay: id %', broken, broken_keys
            || CASE WHEN broken > 20 THEN format(' and %s more', broken - 20) ELSE '' END;
        RETURN;
    END IF;
    IF others > 0 THEN
        RAISE WARNING '% row(s) of oauth2_clients had a redirect_uri, client_name or client_uri other than '
            'client_metadata says, which counts: %', others, other_keys
            || CASE WHEN others > 20 THEN format(' and %s more', others - 20) ELSE '' END;
    END IF;
    UPDATE oauth2_clients
    SET client_id_issued_at = coalesce(client_id_issued_at, 0),
        client_secret_expires_at = coalesce(client_secret_expires_at, 0)
    WHERE client_id_issued_at IS NULL OR client_secret_expires_at IS NULL;
    ALTER TABLE oauth2_clients
        DROP COLUMN redirect_uri, DROP COLUMN client_name, DROP COLUMN client_uri,
        ALTER COLUMN client_id_issued_at SET NOT NULL, ALTER COLUMN client_secret_expires_at SET NOT NULL;
END
$$;
