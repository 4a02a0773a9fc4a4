-- Downgrade of an Anchore Engine database from version 0.0.14 to 0.0.13.
--
-- Keeps every row of every table that 0.0.13 knows, rows written under 0.0.14 included, unless a text is longer than
-- 0.0.13 allows: where it is part of a key the row goes, with the rows that refer to it, for they hold the same text;
-- elsewhere it is shortened. All of these are counted and named.
-- oauth2_clients.client_metadata is no loss: it becomes the old columns, and where they cannot hold all of it, its
-- whole text is kept in i18n_metadata, and the row is named.
-- Loses the rows of the two tables that 0.0.13 does not know, and five columns.
--
-- loses: table image_import_content
-- loses: table image_imports
-- loses: column catalog_archive_transition_rules.exclude_selector_registry
-- loses: column catalog_archive_transition_rules.exclude_selector_repository
-- loses: column catalog_archive_transition_rules.exclude_selector_tag
-- loses: column catalog_archive_transition_rules.exclude_expiration_days
-- loses: column catalog_archive_transition_rules.max_images_per_account
-- loses: rows image_package_db_entries where length(image_id) > 80 OR length(image_user_id) > 64 OR length(pkg_name) > 255 OR length(pkg_version) > 128 OR length(pkg_type) > 32 OR length(pkg_arch) > 16 OR length(pkg_path) > 512 OR length(file_path) > 512
-- loses: column image_package_db_entries.digest where length(digest) > 74
-- loses: column image_package_db_entries.digest_algorithm where length(digest_algorithm) > 8
-- loses: rows image_package_vulnerabilities where length(pkg_user_id) > 64 OR length(pkg_image_id) > 80 OR length(pkg_name) > 255 OR length(pkg_version) > 128 OR length(pkg_type) > 32 OR length(pkg_arch) > 16 OR length(pkg_path) > 512 OR length(vulnerability_id) > 128 OR length(vulnerability_namespace_name) > 64
-- loses: rows image_packages where length(image_id) > 80 OR length(image_user_id) > 64 OR length(name) > 255 OR length(version) > 128 OR length(pkg_type) > 32 OR length(arch) > 16 OR length(pkg_path) > 512
-- loses: column image_packages.pkg_path_hash where length(pkg_path_hash) > 80
-- loses: column image_packages.distro_name where length(distro_name) > 64
-- loses: column image_packages.distro_version where length(distro_version) > 64
-- loses: column image_packages.like_distro where length(like_distro) > 64
-- loses: column image_packages.fullversion where length(fullversion) > 128
-- loses: column image_packages.release where length(release) > 128
-- loses: column image_packages.src_pkg where length(src_pkg) > 383
-- loses: column image_packages.normalized_src_pkg where length(normalized_src_pkg) > 383
-- loses: column image_packages.license where length(license) > 1024
-- loses: rows image_analysis_artifacts where length(image_id) > 80 OR length(image_user_id) > 64 OR length(analyzer_id) > 128 OR length(analyzer_artifact) > 128 OR length(analyzer_type) > 128 OR length(artifact_key) > 256
-- loses: rows image_cpes where length(image_user_id) > 64 OR length(image_id) > 80 OR length(pkg_type) > 32 OR length(pkg_path) > 512 OR length(cpetype) > 255 OR length(vendor) > 255 OR length(name) > 255 OR length(version) > 128 OR length(update) > 128 OR length(meta) > 255
-- loses: rows image_fs_analysis_dump where length(image_id) > 80 OR length(image_user_id) > 64
-- loses: column image_fs_analysis_dump.compressed_content_hash where length(compressed_content_hash) > 74
-- loses: column image_fs_analysis_dump.compression_algorithm where length(compression_algorithm) > 32
-- loses: rows image_gems where length(image_user_id) > 64 OR length(image_id) > 80 OR length(path_hash) > 80
-- loses: column image_gems.path where length(path) > 512
-- loses: column image_gems.name where length(name) > 255
-- loses: column image_gems.source_pkg where length(source_pkg) > 255
-- loses: column image_gems.latest where length(latest) > 128
-- loses: rows image_npms where length(image_user_id) > 64 OR length(image_id) > 80 OR length(path_hash) > 80
-- loses: column image_npms.path where length(path) > 512
-- loses: column image_npms.name where length(name) > 255
-- loses: column image_npms.source_pkg where length(source_pkg) > 255
-- loses: column image_npms.latest where length(latest) > 128
-- loses: rows images where length(id) > 80 OR length(user_id) > 64
-- loses: column images.digest where length(digest) > 74
-- loses: column images.distro_name where length(distro_name) > 64
-- loses: column images.distro_version where length(distro_version) > 64
-- loses: column images.like_distro where length(like_distro) > 64
-- loses: column images.dockerfile_mode where length(dockerfile_mode) > 16
-- loses: rows feed_data_cpe_vulnerabilities where length(feed_name) > 64 OR length(namespace_name) > 64 OR length(vulnerability_id) > 128 OR length(cpetype) > 255 OR length(vendor) > 255 OR length(name) > 255 OR length(version) > 128 OR length(update) > 128 OR length(meta) > 255
-- loses: column feed_data_cpe_vulnerabilities.link where length(link) > 1024
-- loses: rows feed_data_nvd_vulnerabilities where length(name) > 128 OR length(namespace_name) > 64
-- loses: rows feed_data_vulnerabilities_fixed_artifacts where length(vulnerability_id) > 128 OR length(namespace_name) > 64 OR length(name) > 255 OR length(version) > 128
-- loses: column feed_data_vulnerabilities_fixed_artifacts.version_format where length(version_format) > 32
-- loses: column feed_data_vulnerabilities_fixed_artifacts.epochless_version where length(epochless_version) > 128
-- loses: rows feed_data_vulnerabilities_vulnerable_artifacts where length(vulnerability_id) > 128 OR length(namespace_name) > 64 OR length(name) > 255 OR length(version) > 128
-- loses: column feed_data_vulnerabilities_vulnerable_artifacts.version_format where length(version_format) > 32
-- loses: column feed_data_vulnerabilities_vulnerable_artifacts.epochless_version where length(epochless_version) > 128
-- loses: rows feed_data_vulnerabilities where length(id) > 128 OR length(namespace_name) > 64
-- loses: column feed_data_vulnerabilities.link where length(link) > 1024
-- loses: column feed_data_vulnerabilities.cvss2_vectors where length(cvss2_vectors) > 256
-- loses: rows feed_data_gem_packages where length(name) > 255
-- loses: column feed_data_gem_packages.latest where length(latest) > 128
-- loses: rows feed_data_npm_packages where length(name) > 255
-- loses: column feed_data_npm_packages.sourcepkg where length(sourcepkg) > 255
-- loses: column feed_data_npm_packages.latest where length(latest) > 255
-- loses: rows feed_group_data where length(feed) > 64 OR length("group") > 64 OR length(id) > 128
-- loses: rows feed_groups where length(name) > 64 OR length(feed_name) > 64
-- loses: column feed_groups.description where length(description) > 512
-- loses: rows feeds where length(name) > 64
-- loses: column feeds.description where length(description) > 512
-- loses: rows distro_mappings where length(from_distro) > 64
-- loses: column distro_mappings.to_distro where length(to_distro) > 64
-- loses: column distro_mappings.flavor where length(flavor) > 64

-- Without CASCADE: what an operator has built on these tables stops the downgrade instead of vanishing.
DROP TABLE image_import_content, image_imports;

DROP TYPE importstate;

ALTER TABLE catalog_archive_transition_rules
    DROP COLUMN exclude_selector_registry, DROP COLUMN exclude_selector_repository,
    DROP COLUMN exclude_selector_tag, DROP COLUMN exclude_expiration_days, DROP COLUMN max_images_per_account;

-- The foreign keys among the tables below. PostgreSQL would check one twice, with each of its two tables; so they
-- go now and come back at the end, as they were, each checked once.
CREATE TEMPORARY TABLE foreign_keys AS
SELECT conrelid::regclass AS owner, conname AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f' AND ARRAY[conrelid, confrelid] <@ ARRAY[
    'image_package_db_entries', 'image_package_vulnerabilities', 'image_packages', 'image_analysis_artifacts',
    'image_cpes', 'image_fs_analysis_dump', 'image_gems', 'image_npms', 'images', 'feed_data_cpe_vulnerabilities',
    'feed_data_nvd_vulnerabilities', 'feed_data_vulnerabilities_fixed_artifacts',
    'feed_data_vulnerabilities_vulnerable_artifacts', 'feed_data_vulnerabilities', 'feed_data_gem_packages',
    'feed_data_npm_packages', 'feed_group_data', 'feed_groups', 'feeds', 'distro_mappings']::regclass[]::oid[];

-- Drops the foreign keys for a while.
DO $$
DECLARE
    k record;
BEGIN
    FOR k IN SELECT * FROM pg_temp.foreign_keys LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.owner, k.name);
    END LOOP;
END $$;

-- Gives the columns of a table their limits again: one ALTER TABLE, one rewrite. keys: columns that are part of a key,
-- others: columns that can be shortened; each with its limit.
CREATE FUNCTION pg_temp.narrow(owner regclass, keys json, others json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    too_long constant text := 'length(%1$I) > %2$s';
    reason   constant text := 'CASE WHEN length(%1$I) > %2$s THEN format(%3$L, length(%1$I)) END';
    phrase   constant text := '%s: %%s characters, %s fit';
    named    constant text := 'SELECT string_agg(row_name, ''; '') FROM (SELECT concat_ws(''/'', %s) || '' ('' || '
        'concat_ws('', '', %s) || '')'' AS row_name FROM %s WHERE %s LIMIT 20) AS first_ones';
    row_name text := (SELECT string_agg(format('left(%I, 80)', key), ', ') FROM json_object_keys(keys) AS key);
    unfit    text := (SELECT string_agg(format(too_long, key, value), ' OR ') FROM json_each_text(keys));
    cut      text := (SELECT coalesce(string_agg(format(too_long, key, value), ' OR '), 'false')
        FROM json_each_text(others));
    n_unfit  bigint;
    n_cut    bigint;
    names    text;
BEGIN
    EXECUTE format('SELECT count(*) FILTER (WHERE %1$s), count(*) FILTER (WHERE (%2$s) AND (%1$s) IS NOT TRUE) FROM %3$s',
        unfit, cut, owner) INTO n_unfit, n_cut;
    IF n_unfit > 0 THEN
        EXECUTE format(named, row_name, (SELECT string_agg(format(reason, key, value, format(phrase, key, value)), ', ')
            FROM json_each_text(keys)), owner, unfit) INTO names;
        RAISE WARNING '% row(s) of % have a key that is too long for 0.0.13 and are deleted: %', n_unfit, owner,
            names || CASE WHEN n_unfit > 20 THEN format('; and %s more', n_unfit - 20) ELSE '' END;
        EXECUTE format('DELETE FROM %s WHERE %s', owner, unfit);
    END IF;
    IF n_cut > 0 THEN
        EXECUTE format(named, row_name, (SELECT string_agg(format(reason, key, value, format(phrase, key, value)), ', ')
            FROM json_each_text(others)), owner, cut) INTO names;
        RAISE WARNING '% row(s) of % have texts that are too long for 0.0.13 and are shortened: %', n_cut, owner,
            names || CASE WHEN n_cut > 20 THEN format('; and %s more', n_cut - 20) ELSE '' END;
    END IF;
    EXECUTE format('ALTER TABLE %s %s', owner, (SELECT string_agg(
        format('ALTER COLUMN %1$I TYPE varchar(%2$s) USING left(%1$I, %2$s)', key, value), ', ')
        FROM (SELECT * FROM json_each_text(keys) UNION ALL SELECT * FROM json_each_text(others)) AS columns));
END $$;

SELECT pg_temp.narrow('image_package_db_entries',
    '{"image_id": 80, "image_user_id": 64, "pkg_name": 255, "pkg_version": 128, "pkg_type": 32, "pkg_arch": 16,
     "pkg_path": 512, "file_path": 512}',
    '{"digest": 74, "digest_algorithm": 8}');
SELECT pg_temp.narrow('image_package_vulnerabilities',
    '{"pkg_user_id": 64, "pkg_image_id": 80, "pkg_name": 255, "pkg_version": 128, "pkg_type": 32, "pkg_arch": 16,
     "pkg_path": 512, "vulnerability_id": 128, "vulnerability_namespace_name": 64}',
    '{}');
SELECT pg_temp.narrow('image_packages',
    '{"image_id": 80, "image_user_id": 64, "name": 255, "version": 128, "pkg_type": 32, "arch": 16, "pkg_path": 512}',
    '{"pkg_path_hash": 80, "distro_name": 64, "distro_version": 64, "like_distro": 64, "fullversion": 128,
     "release": 128, "src_pkg": 383, "normalized_src_pkg": 383, "license": 1024}');
SELECT pg_temp.narrow('image_analysis_artifacts',
    '{"image_id": 80, "image_user_id": 64, "analyzer_id": 128, "analyzer_artifact": 128, "analyzer_type": 128,
     "artifact_key": 256}',
    '{}');
SELECT pg_temp.narrow('image_cpes',
    '{"image_user_id": 64, "image_id": 80, "pkg_type": 32, "pkg_path": 512, "cpetype": 255, "vendor": 255,
     "name": 255, "version": 128, "update": 128, "meta": 255}',
    '{}');
SELECT pg_temp.narrow('image_fs_analysis_dump',
    '{"image_id": 80, "image_user_id": 64}',
    '{"compressed_content_hash": 74, "compression_algorithm": 32}');
SELECT pg_temp.narrow('image_gems',
    '{"image_user_id": 64, "image_id": 80, "path_hash": 80}',
    '{"path": 512, "name": 255, "source_pkg": 255, "latest": 128}');
SELECT pg_temp.narrow('image_npms',
    '{"image_user_id": 64, "image_id": 80, "path_hash": 80}',
    '{"path": 512, "name": 255, "source_pkg": 255, "latest": 128}');
SELECT pg_temp.narrow('images',
    '{"id": 80, "user_id": 64}',
    '{"digest": 74, "distro_name": 64, "distro_version": 64, "like_distro": 64, "dockerfile_mode": 16}');
SELECT pg_temp.narrow('feed_data_cpe_vulnerabilities',
    '{"feed_name": 64, "namespace_name": 64, "vulnerability_id": 128, "cpetype": 255, "vendor": 255, "name": 255,
     "version": 128, "update": 128, "meta": 255}',
    '{"link": 1024}');
SELECT pg_temp.narrow('feed_data_nvd_vulnerabilities', '{"name": 128, "namespace_name": 64}', '{}');
SELECT pg_temp.narrow('feed_data_vulnerabilities_fixed_artifacts',
    '{"vulnerability_id": 128, "namespace_name": 64, "name": 255, "version": 128}',
    '{"version_format": 32, "epochless_version": 128}');
SELECT pg_temp.narrow('feed_data_vulnerabilities_vulnerable_artifacts',
    '{"vulnerability_id": 128, "namespace_name": 64, "name": 255, "version": 128}',
    '{"version_format": 32, "epochless_version": 128}');
SELECT pg_temp.narrow('feed_data_vulnerabilities',
    '{"id": 128, "namespace_name": 64}',
    '{"link": 1024, "cvss2_vectors": 256}');
SELECT pg_temp.narrow('feed_data_gem_packages', '{"name": 255}', '{"latest": 128}');
SELECT pg_temp.narrow('feed_data_npm_packages', '{"name": 255}', '{"sourcepkg": 255, "latest": 255}');
SELECT pg_temp.narrow('feed_group_data', '{"feed": 64, "group": 64, "id": 128}', '{}');
SELECT pg_temp.narrow('feed_groups', '{"name": 64, "feed_name": 64}', '{"description": 512}');
SELECT pg_temp.narrow('feeds', '{"name": 64}', '{"description": 512}');
SELECT pg_temp.narrow('distro_mappings', '{"from_distro": 64}', '{"to_distro": 64, "flavor": 64}');

DROP FUNCTION pg_temp.narrow(regclass, json, json);

-- Adds the foreign keys again.
DO $$
DECLARE
    k record;
BEGIN
    FOR k IN SELECT * FROM pg_temp.foreign_keys LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.owner, k.name, k.definition);
    END LOOP;
END $$;

DROP TABLE pg_temp.foreign_keys;

ALTER TABLE oauth2_clients RENAME COLUMN client_id_issued_at TO issued_at;

ALTER TABLE oauth2_clients RENAME COLUMN client_secret_expires_at TO expires_at;

ALTER TABLE oauth2_clients
    ADD COLUMN redirect_uri text, ADD COLUMN token_endpoint_auth_method varchar(48), ADD COLUMN grant_type text,
    ADD COLUMN response_type text, ADD COLUMN scope text, ADD COLUMN client_name varchar(100),
    ADD COLUMN client_uri text, ADD COLUMN logo_uri text, ADD COLUMN contact text, ADD COLUMN tos_uri text,
    ADD COLUMN policy_uri text, ADD COLUMN jwks_uri text, ADD COLUMN jwks_text text, ADD COLUMN i18n_metadata text,
    ADD COLUMN software_id varchar(36), ADD COLUMN software_version varchar(48);

-- What the upgrade makes of the old columns: the way back starts from it, and it tells whether the way back is whole.
-- The four functions from as_json to as_metadata are the same in 0.0.13--0.0.14.sql: change both.
CREATE FUNCTION pg_temp.as_json(value text) RETURNS json LANGUAGE plpgsql STRICT AS $$
BEGIN
    RETURN json_build_array(value::json) -> 0;
EXCEPTION WHEN others THEN
    RETURN NULL;
END $$;

CREATE FUNCTION pg_temp.as_lines(value text) RETURNS json LANGUAGE sql AS $$
    SELECT to_json(string_to_array(
        regexp_replace(replace(replace(value, E'\r\n', E'\n'), E'\r', E'\n'), E'\n$', ''), E'\n'))
$$;

CREATE FUNCTION pg_temp.as_list(value text) RETURNS json LANGUAGE sql AS $$
    SELECT CASE WHEN json_typeof(pg_temp.as_json(value)) = 'array' THEN pg_temp.as_json(value)
        ELSE pg_temp.as_lines(value) END
$$;

CREATE FUNCTION pg_temp.as_metadata(c oauth2_clients) RETURNS json LANGUAGE sql AS $$
    SELECT json_object_agg(key, value ORDER BY n) FROM (VALUES
        (1, 'redirect_uris', pg_temp.as_lines(c.redirect_uri)),
        (2, 'token_endpoint_auth_method', to_json(c.token_endpoint_auth_method)),
        (3, 'grant_types', pg_temp.as_lines(nullif(c.grant_type, ''))),
        (4, 'response_types', pg_temp.as_lines(nullif(c.response_type, ''))),
        (5, 'scope', to_json(nullif(c.scope, ''))),
        (6, 'client_name', to_json(c.client_name)),
        (7, 'client_uri', to_json(c.client_uri)),
        (8, 'logo_uri', to_json(c.logo_uri)),
        (9, 'contacts', pg_temp.as_list(c.contact)),
        (10, 'tos_uri', to_json(c.tos_uri)),
        (11, 'policy_uri', to_json(c.policy_uri)),
        (12, 'jwks_uri', to_json(c.jwks_uri)),
        (13, 'jwks', pg_temp.as_json(c.jwks_text)),
        (14, 'software_id', to_json(c.software_id)),
        (15, 'software_version', to_json(c.software_version)),
        (16, 'i18n_metadata', to_json(c.i18n_metadata)),
        (17, 'redirect_uri', CASE WHEN c.redirect_uri ~ E'\r|\n$' THEN to_json(c.redirect_uri) END),
        (18, 'grant_type', CASE WHEN c.grant_type ~ E'\r|\n$' THEN to_json(c.grant_type) END),
        (19, 'response_type', CASE WHEN c.response_type ~ E'\r|\n$' THEN to_json(c.response_type) END),
        (20, 'contact', CASE WHEN pg_temp.as_list(c.contact)::text <> c.contact THEN to_json(c.contact) END),
        (21, 'jwks_text', CASE WHEN pg_temp.as_json(c.jwks_text)::text IS DISTINCT FROM c.jwks_text
            THEN to_json(c.jwks_text) END)) AS metadata(n, key, value)
    WHERE value IS NOT NULL
$$;

-- NULL unless the text is a JSON object whose keys can be read.
CREATE FUNCTION pg_temp.as_object(value text) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM json_object_keys(value::json);
    RETURN pg_temp.as_json(value);
EXCEPTION WHEN others THEN
    RETURN NULL;
END $$;

-- A string of the metadata; NULL if it is none, is too long, or is no text (\u0000).
CREATE FUNCTION pg_temp.string_of(m json, key text, most integer DEFAULT 2147483647) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN json_typeof(m -> key) = 'string' AND length(m ->> key) <= most THEN m ->> key END;
EXCEPTION WHEN others THEN
    RETURN NULL;
END $$;

-- A list of the metadata as lines, or the text that is kept beside it while that still says the same.
CREATE FUNCTION pg_temp.lines_of(m json, list_key text, text_key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE
        WHEN pg_temp.as_lines(pg_temp.string_of(m, text_key))::text = (m -> list_key)::text
            THEN pg_temp.string_of(m, text_key)
        WHEN json_typeof(m -> list_key) = 'array' THEN (
            SELECT coalesce(string_agg(line, E'\n' ORDER BY n), '')
            FROM json_array_elements_text(m -> list_key) WITH ORDINALITY AS list(line, n))
        END;
EXCEPTION WHEN others THEN
    RETURN NULL;
END $$;

-- Whether two metadata say the same, whatever their spacing and order.
CREATE FUNCTION pg_temp.same(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce(a = b OR a::jsonb = b::jsonb AND
        (SELECT count(*) FROM json_object_keys(a::json)) = (SELECT count(*) FROM json_object_keys(b::json)), false);
EXCEPTION WHEN others THEN
    RETURN false;
END $$;

UPDATE oauth2_clients AS c SET
    redirect_uri = pg_temp.lines_of(m, 'redirect_uris', 'redirect_uri'),
    token_endpoint_auth_method = pg_temp.string_of(m, 'token_endpoint_auth_method', 48),
    grant_type = coalesce(pg_temp.lines_of(m, 'grant_types', 'grant_type'), ''),
    response_type = coalesce(pg_temp.lines_of(m, 'response_types', 'response_type'), ''),
    scope = coalesce(pg_temp.string_of(m, 'scope'), ''),
    client_name = pg_temp.string_of(m, 'client_name', 100),
    client_uri = pg_temp.string_of(m, 'client_uri'),
    logo_uri = pg_temp.string_of(m, 'logo_uri'),
    contact = CASE WHEN pg_temp.as_list(pg_temp.string_of(m, 'contact'))::text = (m -> 'contacts')::text
        THEN pg_temp.string_of(m, 'contact') ELSE (m -> 'contacts')::text END,
    tos_uri = pg_temp.string_of(m, 'tos_uri'),
    policy_uri = pg_temp.string_of(m, 'policy_uri'),
    jwks_uri = pg_temp.string_of(m, 'jwks_uri'),
    jwks_text = CASE WHEN pg_temp.as_json(pg_temp.string_of(m, 'jwks_text'))::text IS NOT DISTINCT FROM
        (m -> 'jwks')::text THEN pg_temp.string_of(m, 'jwks_text') ELSE (m -> 'jwks')::text END,
    i18n_metadata = pg_temp.string_of(m, 'i18n_metadata'),
    software_id = pg_temp.string_of(m, 'software_id', 36),
    software_version = pg_temp.string_of(m, 'software_version', 48)
FROM (SELECT id AS row_id, pg_temp.as_object(client_metadata) AS m FROM oauth2_clients) AS known
WHERE c.id = row_id;

-- Keeps client_metadata that the old columns cannot hold.
DO $$
DECLARE
    n     bigint;
    names text;
BEGIN
    WITH kept AS (
        UPDATE oauth2_clients AS c SET i18n_metadata = client_metadata
        WHERE client_metadata IS NOT NULL AND NOT pg_temp.same(client_metadata, pg_temp.as_metadata(c)::text)
        RETURNING id, format('%s (client_id %s)', id, client_id) AS name)
    SELECT count(*), string_agg(name, '; ' ORDER BY id) FILTER (WHERE place <= 20) INTO n, names
    FROM (SELECT id, name, row_number() OVER (ORDER BY id) AS place FROM kept) AS placed;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of oauth2_clients have client_metadata that the columns of 0.0.13 cannot hold; the whole of it is kept in i18n_metadata: %',
            n, names || CASE WHEN n > 20 THEN format('; and %s more', n - 20) ELSE '' END;
    END IF;
END $$;

DROP FUNCTION pg_temp.same(text, text);
DROP FUNCTION pg_temp.lines_of(json, text, text);
DROP FUNCTION pg_temp.string_of(json, text, integer);
DROP FUNCTION pg_temp.as_object(text);
DROP FUNCTION pg_temp.as_metadata(oauth2_clients);
DROP FUNCTION pg_temp.as_list(text);
DROP FUNCTION pg_temp.as_lines(text);
DROP FUNCTION pg_temp.as_json(text);

ALTER TABLE oauth2_clients
    ALTER COLUMN grant_type SET NOT NULL, ALTER COLUMN response_type SET NOT NULL, ALTER COLUMN scope SET NOT NULL,
    DROP COLUMN client_metadata;
